//! The hyperedges of a space in ids: what is read before anything is numbered.

use hashbrown::HashSet;
use oxrdf::NamedNodeRef;
use oxrdf::vocab::rdf;

use super::{DatasetOptions, Hyperedges};
use crate::hypergraph::build::check_size;
use crate::store::block::Block;
use crate::store::{AtomSpace, Id, Order, Position};
use crate::{Error, Result};

/// Stands for `hq:subject` and `hq:object` where the space has no such terms; no term has these ids.
pub(super) const SUBJECT: Id = Id::MAX - 1;
pub(super) const OBJECT: Id = Id::MAX;

const HQ: &str = "https://hypergraphql.org/ns#";

/// What a hyperedge was made of.
#[derive(Clone, Copy)]
pub(super) enum Source {
    Node(Id),
    Statement([Id; 3]),
}

/// Hyperedges with players.
pub(super) struct Parts<'a> {
    space: &'a AtomSpace,
    options: &'a DatasetOptions,
    vocabulary: Vocabulary,
    pub(super) sources: Vec<Source>,
    /// (hyperedge, relation).
    pub(super) relations: Vec<(u32, Id)>,
    pub(super) weights: Vec<f64>,
    /// Where the players of each hyperedge begin; one more for the end.
    pub(super) ptr: Vec<u32>,
    /// (player, role), ascending and distinct in each hyperedge.
    pub(super) players: Vec<(Id, Id)>,
    pub(super) left_out: LeftOut,
}

/// Statements and hyperedges that are in no data set.
#[derive(Default)]
pub(super) struct LeftOut {
    literals: u64,
    annotations: u64,
    without_players: u64,
    others: u64,
    pub(super) classes: u64,
}

/// Ids of the terms that mean something here; 0 where the space lacks one.
struct Vocabulary {
    of_type: Id,
    hyperedge: Id,
    reifies: Id,
    relation: Id,
    weight: Id,
    subject: Id,
    object: Id,
    labels: Id,
    /// Valid time and truth value.
    annotations: [Id; 4],
}

impl Vocabulary {
    fn new(space: &AtomSpace, options: &DatasetOptions) -> Result<Self> {
        let hq = |local: &str| space.id(NamedNodeRef::new_unchecked(&format!("{HQ}{local}"))).unwrap_or(0);
        let labels = match &options.labels {
            None => 0,
            Some(labels) => {
                let id = space.id(labels).filter(|id| !space.rows(Order::Pso, &[*id]).is_empty());
                id.ok_or_else(|| Error::invalid("the predicate of the labels", "one that has statements", labels.to_string()))?
            }
        };
        let or = |id: Id, instead: Id| if id == 0 { instead } else { id };
        Ok(Self {
            of_type: space.id(rdf::TYPE).unwrap_or(0),
            hyperedge: hq("Hyperedge"),
            reifies: space.id(NamedNodeRef::new_unchecked("http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies")).unwrap_or(0),
            relation: hq("relation"),
            weight: hq("weight"),
            subject: or(hq("subject"), SUBJECT),
            object: or(hq("object"), OBJECT),
            labels,
            annotations: ["validFrom", "validTo", "strength", "confidence"].map(hq),
        })
    }
}

impl<'a> Parts<'a> {
    pub(super) fn read(space: &'a AtomSpace, options: &'a DatasetOptions) -> Result<Self> {
        let (vocabulary, ptr) = (Vocabulary::new(space, options)?, vec![0]);
        let (sources, relations, weights, players) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut parts = Self { space, options, vocabulary, sources, relations, weights, ptr, players, left_out: LeftOut::default() };
        let hyperedges = parts.subjects(&[parts.vocabulary.of_type, parts.vocabulary.hyperedge]);
        if options.hyperedges == Hyperedges::Triples {
            parts.read_statements(&hyperedges)?;
        } else {
            let mut all: Vec<Id> = hyperedges.iter().copied().collect();
            all.sort_unstable();
            all.into_iter().try_for_each(|node| parts.read_node(node))?;
            if options.hyperedges == Hyperedges::All {
                parts.read_statements(&hyperedges)?;
            } else {
                parts.count_others(&hyperedges);
            }
        }
        // What is damaged read as nothing.
        space.health()?;
        Ok(parts)
    }

    /// The class of a node, if it has one.
    pub(super) fn class(&mut self, node: Id) -> Option<Id> {
        let rows = self.space.rows(Order::Spo, &[node, self.vocabulary.labels]);
        let objects = rows.column(Position::Object);
        let first = *objects.first()?;
        self.left_out.classes += objects.chunk_by(PartialEq::eq).count() as u64 - 1;
        Some(first)
    }

    /// Subjects of the statements that begin with these ids in [`Order::Pos`], none of them 0.
    fn subjects(&self, prefix: &[Id]) -> HashSet<Id> {
        if prefix.contains(&0) {
            return HashSet::new();
        }
        self.space.rows(Order::Pos, prefix).column(Position::Subject).iter().copied().collect()
    }

    fn read_node(&mut self, node: Id) -> Result<()> {
        let (space, rows) = (self.space, self.space.rows(Order::Spo, &[node]));
        let (predicates, objects) = (rows.column(Position::Predicate), rows.column(Position::Object));
        let (hyperedge, start) = (self.sources.len() as u32, self.players.len());
        let (mut weight, mut relations, mut before) = (None, Vec::new(), None);
        for (&predicate, &object) in predicates.iter().zip(objects) {
            // The same statement in another graph.
            if before.replace((predicate, object)) == Some((predicate, object)) {
                continue;
            }
            let of = &self.vocabulary;
            if predicate == of.of_type || predicate == of.labels {
            } else if predicate == of.reifies || of.annotations.contains(&predicate) {
                self.left_out.annotations += 1;
            } else if predicate == of.relation {
                relations.push((hyperedge, object));
            } else if predicate == of.weight {
                let value = space.number(object).map(crate::store::Number::to_f64).filter(|weight| weight.is_finite() && *weight >= 0.0);
                let shown = || space.term(object).map(|term| term.to_string()).unwrap_or_default();
                let what = || format!("hq:weight of {}", space.term(node).map(|term| term.to_string()).unwrap_or_default());
                let value = value.ok_or_else(|| Error::invalid(what(), "a number >= 0", shown()))?;
                if weight.replace(value).is_some() {
                    return Err(Error::invalid(what(), "one value", "two"));
                }
            } else if self.options.literals || is_node(space, object) {
                self.players.push((object, predicate));
            } else {
                self.left_out.literals += 1;
            }
        }
        if self.players.len() == start {
            self.left_out.without_players += 1;
            return Ok(());
        }
        self.relations.extend(relations);
        self.finish(Source::Node(node), weight.unwrap_or(1.0))
    }

    /// Each statement that is about no hyperedge and no reifier.
    fn read_statements(&mut self, hyperedges: &HashSet<Id>) -> Result<()> {
        let reifiers = self.subjects(&[self.vocabulary.reifies]);
        let rows = self.space.rows(Order::Spo, &[]);
        let mut before = [0; 3];
        for [subject, predicate, object, _] in (0..rows.len()).map(|at| rows.row(at)) {
            let statement = [subject, predicate, object];
            if std::mem::replace(&mut before, statement) == statement || predicate == self.vocabulary.labels {
            } else if hyperedges.contains(&subject) {
                self.left_out.others += u64::from(self.options.hyperedges == Hyperedges::Triples);
            } else if reifiers.contains(&subject) {
                self.left_out.annotations += 1;
            } else if self.options.literals || is_node(self.space, object) {
                self.relations.push((self.sources.len() as u32, predicate));
                self.players.extend([(subject, self.vocabulary.subject), (object, self.vocabulary.object)]);
                self.finish(Source::Statement(statement), 1.0)?;
            } else {
                self.left_out.literals += 1;
            }
        }
        Ok(())
    }

    fn count_others(&mut self, hyperedges: &HashSet<Id>) {
        let rows = self.space.rows(Order::Spo, &[]);
        let (subjects, predicates) = (rows.column(Position::Subject), rows.column(Position::Predicate));
        let labels = self.vocabulary.labels;
        let others = subjects.iter().zip(predicates).filter(|(subject, predicate)| !hyperedges.contains(*subject) && **predicate != labels);
        self.left_out.others += others.count() as u64;
    }

    /// Ends a hyperedge, whose players are the last.
    fn finish(&mut self, source: Source, weight: f64) -> Result<()> {
        let start = self.ptr.last().map_or(0, |start| *start as usize);
        self.players[start..].sort_unstable();
        check_size("incidences", self.players.len())?;
        self.ptr.push(self.players.len() as u32);
        self.sources.push(source);
        self.weights.push(weight);
        Ok(())
    }
}

/// Whether a term is an IRI or a blank node.
fn is_node(space: &AtomSpace, id: Id) -> bool {
    matches!(space.block(id), Some(Block::Blank | Block::Iri))
}

impl LeftOut {
    /// Says what it is, if it is anything.
    pub(super) fn warn(&self, name: &str) {
        let counts = [
            (self.literals, "incidences and statements with literals"),
            (self.annotations, "annotations"),
            (self.without_players, "hyperedges without players"),
            (self.others, "statements that are no hyperedges or incidences"),
            (self.classes, "further classes of a node"),
        ];
        let parts: Vec<_> = counts.iter().filter(|count| count.0 > 0).map(|(count, what)| format!("{what}: {count}")).collect();
        if !parts.is_empty() {
            tracing::warn!("{name}: left out of the data set: {}", parts.join("; "));
        }
    }
}
