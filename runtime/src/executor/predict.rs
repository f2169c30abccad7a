//! `Predict`: the most probable claims that are not there.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use hashbrown::HashSet;
use hypergraphql_framework::store::Block;
use hypergraphql_query::algebra::{TermPattern, Variable};
use hypergraphql_query::graph::{Claim, Node, Op};
use oxrdf::{BlankNode, Term};

use super::similar::score_id;
use super::table::{Column, Table, UNBOUND};
use super::task::Task;
use crate::engine::QueryError;
use crate::learned::{Here, Links, Question};

/// Scores that a model gives at once, about.
const SCORES: usize = 1 << 24;

/// Questions of a batch, at most.
const QUESTIONS: usize = 1024;

/// Subject and object of a claim, as ids; 0 where the claim names it.
type Pair = (u32, u32);

/// Runs the operator on its inputs: the values of what is there, then those that are looked at, if there is such an input.
pub(crate) fn predict(task: &Task<'_, '_>, node: &Node, inputs: Vec<Table>) -> Result<Table, QueryError> {
    let Op::Predict { claim, k, score, node: edge, among } = &node.op else { return Err(task.plan("it is no Predict")) };
    let links = task.session.learned.links().ok_or_else(|| task.plan("there is no model that it could ask"))?;
    let here = links.here(task)?;
    let mut inputs = inputs.into_iter();
    let known = inputs.next().ok_or_else(|| task.plan("an input is missing"))?;
    let among = if *among { inputs.next() } else { None };
    let search = Search::new(task, links, &here, claim, &known, among.as_ref())?;
    let k = usize::try_from(*k).unwrap_or(usize::MAX);
    let best = if claim.variables().next().is_none() && known.rows > 0 { vec![] } else { search.best(k)? };
    let column = |variable: &Variable| -> Result<Column, QueryError> {
        if Some(variable) == score.as_ref() {
            return Ok(best.iter().map(|found| score_id(task, found.score)).collect::<Result<Vec<u32>, _>>()?.into());
        }
        if Some(variable) == edge.as_ref() {
            return Ok(best.iter().map(|found| edge_id(task, claim, found.pair)).collect::<Result<Vec<u32>, _>>()?.into());
        }
        let is = |place: &TermPattern| matches!(place, TermPattern::Variable(other) if other == variable);
        let id = |found: &Found| if is(&claim.subject) { found.pair.0 } else { found.pair.1 };
        Ok(best.iter().map(id).collect::<Vec<u32>>().into())
    };
    let variables: Vec<Variable> = node.schema.iter().map(|column| column.variable.clone()).collect();
    let columns = variables.iter().map(column).collect::<Result<_, _>>()?;
    Ok(Table { variables, columns, weight: None, rows: best.len() })
}

/// A claim that was found: the better the greater.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Found {
    score: f32,
    pair: Pair,
}

impl Eq for Found {}

impl Ord for Found {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then_with(|| other.pair.cmp(&self.pair))
    }
}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One of the two places of a claim.
enum Place {
    /// An entity.
    Given(u32),
    /// To be found.
    Open,
}

/// What is asked of the model, and which answers count.
struct Search<'a, 's> {
    task: &'a Task<'a, 's>,
    links: &'a Links,
    here: &'a Here,
    relation: u32,
    qualifiers: Vec<(u32, u32)>,
    subject: Place,
    object: Place,
    known: HashSet<Pair>,
    /// Pairs that are looked at; a place that the pattern does not bind is 0.
    among: Option<Among>,
}

/// What is looked at, of which places.
struct Among {
    binds: [bool; 2],
    pairs: HashSet<Pair>,
    subjects: Vec<u32>,
}

impl<'a, 's> Search<'a, 's> {
    fn new(
        task: &'a Task<'a, 's>,
        links: &'a Links,
        here: &'a Here,
        claim: &Claim,
        known: &Table,
        among: Option<&Table>,
    ) -> Result<Self, QueryError> {
        let place = |place: &TermPattern| match place {
            TermPattern::Variable(_) => Ok(Place::Open),
            TermPattern::Term(term) => links.entity(task, here, term).map(Place::Given),
            TermPattern::Triple(_) => Err(task.plan("a triple term with variables is no member of a claim")),
        };
        let (_, known) = pairs(task, claim, known)?;
        let among = match among {
            None => None,
            Some(table) => {
                let (binds, pairs) = pairs(task, claim, table)?;
                let mut subjects: Vec<u32> = pairs.iter().filter_map(|pair| here.entities.get(&pair.0).copied()).collect();
                subjects.sort_unstable();
                subjects.dedup();
                Some(Among { binds, pairs, subjects })
            }
        };
        // What the query can get wrong most easily is said first.
        let relation = links.relation(task, here, &claim.relation)?;
        let (subject, object) = (place(&claim.subject)?, place(&claim.object)?);
        let qualifier = |(role, player): &(Term, Term)| Ok((links.relation(task, here, role)?, links.entity(task, here, player)?));
        let qualifiers = claim.qualifiers.iter().map(qualifier).collect::<Result<_, QueryError>>()?;
        Ok(Self { task, links, here, relation, qualifiers, subject, object, known, among })
    }

    /// The k best, best first.
    fn best(&self, k: usize) -> Result<Vec<Found>, QueryError> {
        let entities = self.here.ids.len();
        let (of_subject, given) = match (&self.subject, &self.object) {
            (Place::Open, Place::Given(object)) => (true, vec![*object]),
            (Place::Given(subject), _) => (false, vec![*subject]),
            (Place::Open, Place::Open) => (false, self.subjects()),
        };
        let mut best: BinaryHeap<std::cmp::Reverse<Found>> = BinaryHeap::new();
        let batch = (SCORES / entities.max(1)).clamp(1, QUESTIONS);
        for given in given.chunks(batch) {
            self.task.check()?;
            self.task.room((given.len() * entities) as u64, 8)?;
            let question = |&entity: &u32| Question { entity, relation: self.relation, of_subject, qualifiers: &self.qualifiers };
            let questions: Vec<Question<'_>> = given.iter().map(question).collect();
            let scores = self.links.model.probabilities(&questions).map_err(|source| self.task.model(source))?;
            if scores.len() != given.len() * entities {
                let what = format!("the model gave {} scores, expected {} x {entities}", scores.len(), given.len());
                return Err(self.task.model(what.into()));
            }
            for (given, scores) in given.iter().zip(scores.chunks_exact(entities.max(1))) {
                self.task.check()?;
                for (answer, &score) in (0u32..).zip(scores) {
                    if score.is_nan() || best.len() == k && best.peek().is_some_and(|worst| score < worst.0.score) {
                        continue;
                    }
                    let Some(pair) = self.pair(*given, answer, of_subject) else { continue };
                    best.push(std::cmp::Reverse(Found { score, pair }));
                    if best.len() > k {
                        best.pop();
                    }
                }
            }
            self.task.room(best.len() as u64, size_of::<Found>() as u64)?;
        }
        Ok(best.into_sorted_vec().into_iter().map(|found| found.0).collect())
    }

    /// The subjects that are tried where both are open.
    fn subjects(&self) -> Vec<u32> {
        let known = |entity: &u32| self.here.ids[*entity as usize] != 0 && self.is_node(self.here.ids[*entity as usize]);
        match &self.among {
            Some(Among { binds: [true, _], subjects, .. }) => subjects.iter().copied().filter(known).collect(),
            _ => self.links.model.subjects(self.relation).into_iter().filter(known).collect(),
        }
    }

    /// A literal is no subject.
    fn is_node(&self, id: u32) -> bool {
        matches!(self.task.space().block(id), Some(Block::Blank | Block::Iri))
    }

    /// What an answer claims, if that counts.
    fn pair(&self, given: u32, answer: u32, of_subject: bool) -> Option<Pair> {
        let (subject, object) = if of_subject { (answer, given) } else { (given, answer) };
        let id = |place: &Place, entity: u32| match place {
            Place::Given(named) if *named == entity => Some(0),
            Place::Given(_) => None,
            Place::Open => Some(self.here.ids[entity as usize]).filter(|id| *id != 0),
        };
        let pair = (id(&self.subject, subject)?, id(&self.object, object)?);
        let is_legal = pair.0 == 0 || !of_subject || self.is_node(pair.0);
        let is_looked_at = self.among.as_ref().is_none_or(|among| {
            let [of_subject, of_object] = among.binds;
            among.pairs.contains(&(if of_subject { pair.0 } else { 0 }, if of_object { pair.1 } else { 0 }))
        });
        (is_legal && is_looked_at && !self.known.contains(&pair)).then_some(pair)
    }
}

/// The values of the open places of a claim in a table, and which of them it has.
fn pairs(task: &Task<'_, '_>, claim: &Claim, table: &Table) -> Result<([bool; 2], HashSet<Pair>), QueryError> {
    task.room(table.rows as u64, 10)?;
    let columns = [&claim.subject, &claim.object].map(|place| match place {
        TermPattern::Variable(variable) => table.column(variable),
        _ => None,
    });
    let value = |column: Option<&Column>, row: usize| column.map_or(0, |column| column[row]);
    let pairs = (0..table.rows).map(|row| (value(columns[0], row), value(columns[1], row)));
    Ok((columns.map(|column| column.is_some()), pairs.filter(|pair| pair.0 != UNBOUND && pair.1 != UNBOUND).collect()))
}

/// The id of the blank node that a claimed hyperedge has: the same for the same claim.
fn edge_id(task: &Task<'_, '_>, claim: &Claim, pair: Pair) -> Result<u32, QueryError> {
    let mut hash = Fnv::default();
    hash.add(&claim.relation.to_string());
    for (place, id) in [(&claim.subject, pair.0), (&claim.object, pair.1)] {
        match place {
            TermPattern::Term(term) => hash.add(&term.to_string()),
            _ => hash.add(&task.session.terms.term(id).map(|term| term.to_string()).unwrap_or_default()),
        }
    }
    let mut qualifiers: Vec<String> = claim.qualifiers.iter().map(|(role, player)| format!("{role} {player}")).collect();
    qualifiers.sort_unstable();
    qualifiers.iter().for_each(|qualifier| hash.add(qualifier));
    let mut label = format!("predicted{:032x}", hash.0);
    // A label of the store is another node.
    while task.space().id(&BlankNode::new_unchecked(label.as_str())).is_some() {
        label.push('x');
    }
    task.intern(&BlankNode::new_unchecked(label).into())
}

/// FNV-1a of 128 bits.
struct Fnv(u128);

impl Default for Fnv {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Fnv {
    /// Adds a text and its end.
    fn add(&mut self, text: &str) {
        for byte in text.bytes().chain([0]) {
            self.0 = (self.0 ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
}
