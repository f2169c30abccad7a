//! A join group taken apart: atoms and paths that can be put in any order, conditions that can be asked anywhere, and the patterns that stand on their own.

use oxrdf::NamedNodeRef;
use oxrdf::vocab::rdf;

use crate::algebra::{Expression, Function, Hyperedge, Path, Pattern, Similar, TermPattern, TriplePattern, Variable};
use crate::graph::{Atom, GraphScope, Source, TextPattern};
use crate::lower::Context;
use crate::lower::build::Builder;
use crate::scope::Variables;
use crate::statistics::constant;
use crate::vocabulary::hq;

/// What columns of periods are called.
pub(super) const PERIOD: &str = "period";

/// The parts of a group; all are joined, then the conditions hold.
#[derive(Default)]
pub(super) struct Group<'p> {
    pub(super) elements: Vec<Element>,
    pub(super) parts: Vec<(Part<'p>, Context)>,
    pub(super) conditions: Vec<(Expression, Context)>,
}

/// A pattern on its own.
pub(super) enum Part<'p> {
    Pattern(&'p Pattern),
    /// `GRAPH ?g` around a pattern that is evaluated for each graph.
    EachGraph(&'p Variable, &'p Pattern),
    /// `GRAPH name {}`.
    Graphs(&'p TermPattern),
}

/// What has a place in the order of a group.
#[derive(Clone)]
pub(super) enum Element {
    Atom(Atom),
    Path {
        subject: TermPattern,
        path: Path,
        object: TermPattern,
        graph: GraphScope,
        source: Source,
        as_of: Option<Expression>,
    },
    /// The triple term that the variable stands for.
    Destructure(Variable, TriplePattern),
    /// The strings that a variable can be; the first step, or none.
    Text {
        variable: Variable,
        pattern: TextPattern,
        expected: f64,
    },
    /// What is near the values of a variable, which others bind.
    Similar(Box<Similar>, Context),
}

impl Element {
    /// Variables that have to be bound before, by the row or from outside.
    pub(super) fn reads(&self) -> Variables {
        match self {
            Self::Atom(Atom { as_of, .. }) | Self::Path { as_of, .. } => as_of.iter().flat_map(Expression::variables).collect(),
            Self::Destructure(variable, _) => Variables::from([variable.clone()]),
            Self::Text { .. } => Variables::new(),
            Self::Similar(similar, _) => {
                let mut of = Variables::new();
                similar.to.variables(&mut of);
                of
            }
        }
    }

    /// The variables that it binds, and those of its places.
    pub(super) fn variables(&self) -> Variables {
        let mut found = Variables::new();
        match self {
            Self::Atom(atom) => {
                atom.triple.variables(&mut found);
                if let GraphScope::Each(variable) = &atom.graph {
                    found.insert(variable.clone());
                }
                found.extend(atom.period.clone());
            }
            Self::Path { subject, object, graph, .. } => {
                subject.variables(&mut found);
                object.variables(&mut found);
                if let GraphScope::Each(variable) = graph {
                    found.insert(variable.clone());
                }
            }
            Self::Destructure(variable, triple) => {
                found.insert(variable.clone());
                triple.variables(&mut found);
            }
            Self::Text { variable, .. } => drop(found.insert(variable.clone())),
            Self::Similar(similar, _) => {
                found.insert(similar.variable.clone());
                found.extend(similar.score.clone());
                similar.to.variables(&mut found);
            }
        }
        found
    }
}

impl Builder<'_> {
    /// Takes the pattern apart. At the root of a group conditions may speak of all that the group binds; in a part of it only of what that part binds
    /// for certain, or the part stays whole.
    pub(super) fn flatten<'p>(&mut self, pattern: &'p Pattern, context: &Context, root: bool, into: &mut Group<'p>) {
        match pattern {
            Pattern::Bgp(triples) => triples.iter().for_each(|triple| self.atom(triple, context, into)),
            Pattern::Path { subject, path, object } => {
                let subject = self.flat_term(subject, into);
                let object = self.flat_term(object, into);
                let (graph, source, as_of) = (context.graph.clone(), context.source, context.as_of.clone());
                into.elements.push(Element::Path { subject, path: path.clone(), object, graph, source, as_of });
            }
            Pattern::Join(left, right) => {
                self.flatten(left, context, false, into);
                self.flatten(right, context, false, into);
            }
            Pattern::Filter { condition, inner } => {
                let bound = inner.certain();
                if root || condition.variables().is_subset(&bound) && !condition.has_exists() {
                    conjuncts(condition).for_each(|c| into.conditions.push((c.clone(), context.clone())));
                    self.flatten(inner, context, root, into);
                } else {
                    into.parts.push((Part::Pattern(pattern), context.clone()));
                }
            }
            Pattern::Graph { name, inner } => self.flatten_graph(name, inner, context, into),
            Pattern::Infer { regime, inner } => {
                let context = Context { source: Source::Closure(*regime), ..context.clone() };
                self.flatten(inner, &context, root, into);
            }
            Pattern::Hyperedge(edge) => self.hyperedge(edge, context, into),
            Pattern::Similar(similar) if matches!(similar.to, TermPattern::Variable(_)) => {
                self.refuse_instants(similar, context);
                into.elements.push(Element::Similar(similar.clone(), context.clone()));
            }
            other => into.parts.push((Part::Pattern(other), context.clone())),
        }
    }

    /// `node a hq:Hyperedge ; role player ; …`, whose role variables range over incidences.
    fn hyperedge(&mut self, edge: &Hyperedge, context: &Context, into: &mut Group<'_>) {
        let node = self.flat_term(&edge.node, into);
        let is_a = |class: NamedNodeRef<'_>| TriplePattern {
            subject: node.clone(),
            predicate: TermPattern::Term(rdf::TYPE.into_owned().into()),
            object: TermPattern::Term(class.into_owned().into()),
        };
        let is_hyperedge = self.atom_in(&Context { periods: false, ..context.clone() }, is_a(hq::HYPEREDGE), context.source);
        into.elements.push(Element::Atom(is_hyperedge));
        for (role, player) in &edge.incidences {
            let object = self.flat_term(player, into);
            let triple = TriplePattern { subject: node.clone(), predicate: role.clone(), object };
            // A role that the query names is matched like any predicate, in a closure, too.
            let source = if constant(role).is_some() { context.source } else { Source::Incidences };
            let atom = self.atom_in(context, triple, source);
            into.elements.push(Element::Atom(atom));
        }
        // Whether there are others is asked of the statements, not of their periods.
        let context = Context { periods: false, ..context.clone() };
        into.conditions.extend(conditions_of(edge).into_iter().map(|condition| (condition, context.clone())));
    }

    fn flatten_graph<'p>(&mut self, name: &'p TermPattern, inner: &'p Pattern, context: &Context, into: &mut Group<'p>) {
        if matches!(inner, Pattern::Bgp(triples) if triples.is_empty()) {
            into.parts.push((Part::Graphs(name), context.clone()));
            return;
        }
        match name {
            TermPattern::Variable(variable) if has_only_atoms(inner) => {
                let context = Context { graph: GraphScope::Each(variable.clone()), ..context.clone() };
                self.flatten(inner, &context, false, into);
            }
            TermPattern::Variable(variable) => into.parts.push((Part::EachGraph(variable, inner), context.clone())),
            TermPattern::Term(term) => {
                let context = Context { graph: GraphScope::Named(term.clone()), ..context.clone() };
                if !has_only_atoms(inner) {
                    // A graph that does not exist has no solutions, not even of patterns that match nothing.
                    into.parts.push((Part::Graphs(name), context.clone()));
                }
                self.flatten(inner, &context, false, into);
            }
            TermPattern::Triple(_) => unreachable!("the grammar allows no triple term as a graph: this is a bug"),
        }
    }

    fn atom_in(&mut self, context: &Context, triple: TriplePattern, source: Source) -> Atom {
        let (graph, as_of) = (context.graph.clone(), context.as_of.clone());
        let period = context.periods.then(|| self.fresh(PERIOD));
        Atom { triple, graph, source, conditions: vec![], as_of, period }
    }

    fn atom(&mut self, triple: &TriplePattern, context: &Context, into: &mut Group<'_>) {
        let subject = self.flat_term(&triple.subject, into);
        let object = self.flat_term(&triple.object, into);
        let triple = TriplePattern { subject, predicate: triple.predicate.clone(), object };
        let atom = self.atom_in(context, triple, context.source);
        into.elements.push(Element::Atom(atom));
    }

    /// A place without variables inside a triple term.
    fn flat_term(&mut self, place: &TermPattern, into: &mut Group<'_>) -> TermPattern {
        let TermPattern::Triple(triple) = place else { return place.clone() };
        let variable = self.fresh("triple");
        let subject = self.flat_term(&triple.subject, into);
        let object = self.flat_term(&triple.object, into);
        let triple = TriplePattern { subject, predicate: triple.predicate.clone(), object };
        into.elements.push(Element::Destructure(variable.clone(), triple));
        TermPattern::Variable(variable)
    }
}

/// The parts of a conjunction.
pub(super) fn conjuncts(condition: &Expression) -> Box<dyn Iterator<Item = &Expression> + '_> {
    match condition {
        Expression::And(parts) => Box::new(parts.iter().flat_map(conjuncts)),
        other => Box::new(std::iter::once(other)),
    }
}

/// What `EXACT` and `DISTINCT PLAYERS` ask.
fn conditions_of(edge: &Hyperedge) -> Vec<Expression> {
    let mut conditions = vec![];
    if edge.distinct_players {
        for (i, (_, one)) in edge.incidences.iter().enumerate() {
            conditions.extend(edge.incidences[..i].iter().map(|(_, other)| Expression::Not(Box::new(same(one, other)))));
        }
    }
    if edge.exact {
        let [role, player] = ["other-role", "other-player"].map(|name| TermPattern::Variable(Variable::new(format!(".{name}"))));
        let matched = edge.incidences.iter().map(|(r, p)| Expression::And(vec![same(&role, r), same(&player, p)])).collect();
        let any = Hyperedge { node: edge.node.clone(), incidences: vec![(role, player)], exact: false, distinct_players: false };
        let condition = Expression::Not(Box::new(Expression::Or(matched)));
        let another = Pattern::Filter { condition, inner: Box::new(Pattern::Hyperedge(any)) };
        conditions.push(Expression::Not(Box::new(Expression::Exists(Box::new(another)))));
    }
    conditions
}

fn same(a: &TermPattern, b: &TermPattern) -> Expression {
    Expression::Call(Function::SameTerm, vec![value(a), value(b)])
}

fn value(place: &TermPattern) -> Expression {
    match place {
        TermPattern::Variable(variable) => Expression::Variable(variable.clone()),
        TermPattern::Term(term) => Expression::Term(term.clone()),
        TermPattern::Triple(triple) => {
            Expression::Call(Function::Triple, [&triple.subject, &triple.predicate, &triple.object].map(value).to_vec())
        }
    }
}

/// Triple patterns and conditions on them: what can be matched in all graphs at once.
fn has_only_atoms(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Bgp(triples) => !triples.is_empty(),
        Pattern::Join(left, right) => has_only_atoms(left) && has_only_atoms(right),
        Pattern::Filter { condition, inner } => {
            !condition.has_exists() && condition.variables().is_subset(&inner.certain()) && has_only_atoms(inner)
        }
        Pattern::Infer { inner, .. } => has_only_atoms(inner),
        _ => false,
    }
}
