//! `SIMILAR` and `PREDICT`: what is asked of a model, and the patterns beside it.

use std::cell::Cell;

use oxrdf::Term;

use crate::algebra::{Expression, Hyperedge, Pattern, Predict, Similar, TermPattern, TextPlace, TriplePattern, Variable};
use crate::graph::{Claim, Column, NodeId, Op};
use crate::lower::build::{Builder, Draft, filled};
use crate::lower::flatten::Element;
use crate::lower::{CompileError, Context, Want};
use crate::scope::Variables;
use crate::vocabulary::hq;

/// What is wrong with a pattern, and how to mend it.
type Wrong = (String, &'static str);

const FORMS: &str = "write PREDICT { :subject :relation ?object }, or PREDICT { HYPEREDGE ?he { hq:relation :relation ; hq:subject :subject ; hq:object ?object ; :role :player } }";

/// That models can be asked for all of a pattern.
pub(super) fn check(pattern: &Pattern) -> Result<(), CompileError> {
    let mut wrong = None;
    pattern.visit(&mut |part| {
        let found = match part {
            Pattern::Predict(predict) => check_predict(predict).map_err(|why| error(predict.at, why)),
            Pattern::Similar(similar) => check_similar(similar).map_err(|why| error(similar.at, why)),
            _ => Ok(()),
        };
        let inside = part.expressions().into_iter().try_for_each(check_in);
        wrong = wrong.take().or(found.and(inside).err());
    });
    wrong.map_or(Ok(()), Err)
}

fn check_in(expression: &Expression) -> Result<(), CompileError> {
    let mut found = Ok(());
    expression.visit(&mut |part| {
        if let (Expression::Exists(pattern), Ok(())) = (part, &found) {
            found = check(pattern);
        }
    });
    found
}

fn error(at: TextPlace, (message, hint): Wrong) -> CompileError {
    CompileError::Learned { message, hint: hint.to_owned(), at }
}

fn check_similar(similar: &Similar) -> Result<(), Wrong> {
    match &similar.among {
        Some(among) if !among.in_scope().contains(&similar.variable) => Err((
            format!("AMONG does not bind {}, of which it is to say what is looked at", similar.variable),
            "name the variable in its group",
        )),
        _ => Ok(()),
    }
}

fn check_predict(predict: &Predict) -> Result<(), Wrong> {
    let (claim, _) = claim(&predict.candidate)?;
    match &predict.among {
        Some(among) if claim.variables().all(|variable| !among.in_scope().contains(variable)) => {
            Err(("AMONG binds neither the subject nor the object of PREDICT".to_owned(), "name one of their variables in its group"))
        }
        _ => Ok(()),
    }
}

/// What a candidate claims, and the variable of its hyperedge.
fn claim(candidate: &Pattern) -> Result<(Claim, Option<&Variable>), Wrong> {
    match candidate {
        Pattern::Bgp(triples) => match &triples[..] {
            [TriplePattern { subject, predicate, object }] => {
                let claim = Claim { relation: relation(predicate)?, subject: subject.clone(), object: object.clone(), qualifiers: vec![] };
                Ok((checked(claim)?, None))
            }
            _ => Err(("PREDICT takes one triple or one HYPEREDGE".to_owned(), FORMS)),
        },
        Pattern::Hyperedge(edge) => of_hyperedge(edge),
        _ => Err(("PREDICT takes one triple or one HYPEREDGE".to_owned(), FORMS)),
    }
}

fn of_hyperedge(edge: &Hyperedge) -> Result<(Claim, Option<&Variable>), Wrong> {
    let TermPattern::Variable(node) = &edge.node else {
        return Err((
            format!("PREDICT finds hyperedges that are not there, {} is one", edge.node),
            "write a variable, or nothing, after HYPEREDGE",
        ));
    };
    if edge.distinct_players {
        return Err(("PREDICT does not know DISTINCT PLAYERS".to_owned(), "leave it out, and compare the players in a FILTER"));
    }
    let (mut known, mut qualifiers) = ([None, None, None], vec![]);
    for (role, player) in &edge.incidences {
        let TermPattern::Term(role) = role else {
            return Err((
                format!("PREDICT knows no role {role}"),
                "name each role by its IRI; only hq:subject and hq:object may have variables as players",
            ));
        };
        let main = [hq::RELATION, hq::SUBJECT, hq::OBJECT].into_iter().position(|name| *role == Term::from(name.into_owned()));
        match (main, player) {
            (Some(place), player) if known[place].is_none() => known[place] = Some(player.clone()),
            (Some(_), _) => return Err((format!("PREDICT takes {role} once"), FORMS)),
            (None, player) => qualifiers.push((role, player)),
        }
    }
    let [Some(relation_of), Some(subject), Some(object)] = known else {
        let message = "models know hyperedges by hq:relation, hq:subject and hq:object, of which PREDICT lacks some".to_owned();
        return Err((message, FORMS));
    };
    let named = |(role, player): (&Term, &TermPattern)| match player {
        TermPattern::Term(player) => Ok((role.clone(), player.clone())),
        player => {
            let message = format!("PREDICT finds subjects and objects, not the player {player} of {role}");
            Err((message, "name the player, or leave its role out"))
        }
    };
    let qualifiers = qualifiers.into_iter().map(named).collect::<Result<_, Wrong>>()?;
    let claim = checked(Claim { relation: relation(&relation_of)?, subject, object, qualifiers })?;
    if claim.variables().any(|variable| variable == node) {
        return Err((format!("{node} stands for the hyperedge and for one of its players"), "take another name for one of them"));
    }
    Ok((claim, Some(node)))
}

fn relation(place: &TermPattern) -> Result<Term, Wrong> {
    match place {
        TermPattern::Term(term @ Term::NamedNode(_)) => Ok(term.clone()),
        other => Err((format!("the relation of PREDICT is an IRI, not {other}"), "name the relation; a parameter can be one")),
    }
}

fn checked(claim: Claim) -> Result<Claim, Wrong> {
    if let Some(place) = [&claim.subject, &claim.object].into_iter().find(|place| matches!(place, TermPattern::Triple(_))) {
        return Err((format!("PREDICT knows no triple terms such as {place}"), "name an entity, or write a variable"));
    }
    match (&claim.subject, &claim.object) {
        (TermPattern::Variable(subject), TermPattern::Variable(object)) if subject == object => {
            Err((format!("{subject} is subject and object of PREDICT"), "take two variables and compare them in a FILTER"))
        }
        _ => Ok(claim),
    }
}

impl Builder<'_> {
    /// The nodes near a constant, or near the values that a node of rows has of a variable.
    pub(super) fn similar(&mut self, rows: Option<NodeId>, similar: &Similar, context: &Context) -> NodeId {
        let Similar { variable, to, k, score, among, .. } = similar;
        let among = among.as_ref().map(|pattern| self.values_of(pattern, &Variables::from([variable.clone()]), context));
        let (mut schema, sorted_by, count) = match rows {
            Some(rows) => (self.node(rows).schema.clone(), self.node(rows).sorted_by.clone(), self.node(rows).rows),
            None => (vec![], vec![], 1.0),
        };
        for new in std::iter::once(variable).chain(score) {
            match schema.iter_mut().find(|column| column.variable == *new) {
                // What is found fills it in.
                Some(column) => column.optional = false,
                None => schema.push(filled(new.clone())),
            }
        }
        let op = Op::Similar { variable: variable.clone(), to: to.clone(), k: *k, score: score.clone(), among: among.is_some() };
        let inputs = rows.into_iter().chain(among).collect();
        self.push(Draft { op, inputs, schema, sorted_by, weighted: false, rows: count * *k as f64 })
    }

    /// The most probable of what is not there.
    pub(super) fn predict(&mut self, predict: &Predict, context: &Context, want: &Want) -> NodeId {
        let (claim, node) = claim(&predict.candidate).expect("it was checked before: this is a bug");
        let unknown: Variables = claim.variables().cloned().collect();
        let known = self.values_of(&predict.candidate, &unknown, context);
        let among = predict.among.as_ref().map(|pattern| self.values_of(pattern, &unknown, context));
        let node = node.filter(|node| want.needed.contains(node)).cloned();
        let schema: Vec<Column> = claim.variables().chain(&predict.score).chain(&node).cloned().map(filled).collect();
        let op = Op::Predict { claim, k: predict.k, score: predict.score.clone(), node, among: among.is_some() };
        let inputs = std::iter::once(known).chain(among).collect();
        self.push(Draft { op, inputs, schema, sorted_by: vec![], weighted: false, rows: predict.k as f64 })
    }

    /// The distinct values that a pattern gives to those of these variables that it binds.
    fn values_of(&mut self, pattern: &Pattern, variables: &Variables, context: &Context) -> NodeId {
        let wanted: Variables = variables.intersection(&pattern.in_scope()).cloned().collect();
        let context = Context { periods: false, ..context.clone() };
        let node = self.lower(pattern, &context, &Want::set(wanted.clone()), None);
        self.distinct(node, &wanted.into_iter().collect::<Vec<_>>())
    }

    /// Takes note of nodes to look at that depend on the instant of a row, which are looked at for all rows together.
    pub(super) fn refuse_instants(&self, similar: &Similar, context: &Context) {
        if similar.among.as_ref().is_some_and(|among| self.instant_of(among, context).is_some()) {
            let message = format!("AMONG of a SIMILAR to {} does not know the instant that TEMPORAL finds", similar.to);
            first(&self.unbound, error(similar.at, (message, "put SIMILAR into a group around the one with TEMPORAL")));
        }
    }

    /// Takes note of what is to be near a variable that nothing binds.
    pub(super) fn refuse_unbound(&self, elements: &[Element]) {
        let Some(similar) = elements.iter().find_map(similar_of) else { return };
        let message = format!("SIMILAR is to find what is like {}, which nothing else in its group binds", similar.to);
        let hint = "bind the variable in the same group, or name a node, a \"text\" or a parameter";
        first(&self.unbound, error(similar.at, (message, hint)));
    }
}

/// Elements that nothing but what is found connects with the variable that it is like wait, too: else they would be joined with all its values.
pub(super) fn after_similar(elements: &mut Vec<Element>, waiting: &mut Vec<Element>) {
    let found: Vec<(Variable, Variables)> =
        waiting.iter().filter_map(|element| Some((similar_of(element)?.variable.clone(), element.reads()))).collect();
    for (variable, to) in found {
        let mut connected = Variables::from([variable]);
        loop {
            let near = |element: &&Element| !element.variables().is_disjoint(&connected);
            let all: Variables = elements.iter().filter(near).flat_map(Element::variables).chain(connected.clone()).collect();
            if all.len() == connected.len() {
                break;
            }
            connected = all;
        }
        if connected.is_disjoint(&to) {
            waiting.extend(elements.extract_if(.., |element| !element.variables().is_disjoint(&connected)));
        }
    }
}

fn similar_of(element: &Element) -> Option<&Similar> {
    match element {
        Element::Similar(similar, _) => Some(similar),
        _ => None,
    }
}

/// Keeps the first of several.
fn first(place: &Cell<Option<CompileError>>, error: CompileError) {
    place.set(place.take().or(Some(error)));
}
