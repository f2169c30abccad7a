//! The statements that are known, by predicate, and which of them are new to whom.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use hypergraphql_framework::store::Id;

use super::pairs::{Pairs, difference, sort};

/// Who asserted statements: nobody's rule.
const NOBODY: usize = usize::MAX;

/// The statements of a graph from which a closure is made.
pub(crate) trait Asserted: Sync {
    /// The predicates of its statements, each once.
    fn predicates(&self) -> Vec<Id>;

    /// Subject and object of each statement of a predicate as [`super::pairs::pack`] writes them, ascending, each once.
    fn pairs(&self, predicate: Id) -> Vec<u64>;
}

/// Statements that rules made, by predicate.
#[derive(Debug, Default)]
pub(crate) struct Derived {
    relations: Vec<(Id, Vec<u64>)>,
    last: usize,
}

impl Derived {
    /// Adds a statement; repeated ones may be added.
    #[inline]
    pub(crate) fn push(&mut self, predicate: Id, pair: u64) {
        if self.relations.get(self.last).is_none_or(|(known, _)| *known != predicate) {
            self.last = self.relations.iter().position(|(known, _)| *known == predicate).unwrap_or_else(|| {
                self.relations.push((predicate, vec![]));
                self.relations.len() - 1
            });
        }
        let pairs = &mut self.relations[self.last].1;
        // Rules that leave a variable of their body out make the same again and again.
        if pairs.last() != Some(&pair) {
            pairs.push(pair);
        }
    }

    /// All of a predicate at once.
    pub(crate) fn extend(&mut self, predicate: Id, pairs: Vec<u64>) {
        match self.relations.iter_mut().find(|(known, _)| *known == predicate) {
            Some((_, known)) => known.extend(pairs),
            None => self.relations.push((predicate, pairs)),
        }
    }

    /// Those of another, too.
    pub(crate) fn append(&mut self, other: Self) {
        other.relations.into_iter().for_each(|(predicate, pairs)| self.extend(predicate, pairs));
    }

    /// How many statements there are, repeated ones included.
    pub(crate) fn len(&self) -> usize {
        self.relations.iter().map(|(_, pairs)| pairs.len()).sum()
    }

    /// Keeps the statements of which this is true of predicate and subject.
    pub(crate) fn retain(&mut self, keep: impl Fn(Id, Id) -> bool) {
        self.relations.iter_mut().for_each(|(predicate, pairs)| pairs.retain(|pair| keep(*predicate, (pair >> 32) as Id)));
    }

    /// The pairs of each predicate.
    pub(crate) fn relations(&self) -> &[(Id, Vec<u64>)] {
        &self.relations
    }
}

/// Pairs that came at one time.
struct Batch {
    time: u64,
    producer: usize,
    pairs: Arc<Pairs>,
}

/// The statements of one predicate.
#[derive(Default)]
struct Relation {
    all: Arc<Pairs>,
    batches: Vec<Batch>,
}

/// What is new to a step: what came after a time, except from one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Since {
    pub(crate) time: u64,
    pub(crate) except: Option<usize>,
}

/// The statements that are known.
pub(crate) struct Facts<'a> {
    asserted: &'a dyn Asserted,
    relations: BTreeMap<Id, Relation>,
    time: u64,
}

impl<'a> Facts<'a> {
    /// None yet; they are taken from the graph by predicate.
    pub(crate) fn new(asserted: &'a dyn Asserted) -> Self {
        Self { asserted, relations: BTreeMap::new(), time: 0 }
    }

    /// The graph.
    pub(crate) fn asserted(&self) -> &'a dyn Asserted {
        self.asserted
    }

    /// The time of the newest statement.
    pub(crate) fn time(&self) -> u64 {
        self.time
    }

    /// Takes the statements of a predicate from the graph, if they are not yet there.
    pub(crate) fn load(&mut self, predicate: Id) {
        if let Entry::Vacant(entry) = self.relations.entry(predicate) {
            entry.insert(Relation::default());
            let pairs = self.asserted.pairs(predicate);
            self.insert(predicate, pairs, NOBODY);
        }
    }

    /// Predicates that were loaded, ascending.
    pub(crate) fn predicates(&self) -> impl Iterator<Item = Id> + '_ {
        self.relations.keys().copied()
    }

    /// The pairs of a predicate.
    pub(crate) fn pairs(&self, predicate: Id) -> Option<&Pairs> {
        self.relations.get(&predicate).map(|relation| &*relation.all)
    }

    /// The same, to keep.
    pub(crate) fn shared(&self, predicate: Id) -> Arc<Pairs> {
        self.relations.get(&predicate).map(|relation| Arc::clone(&relation.all)).unwrap_or_default()
    }

    /// Forgets the statements of a predicate.
    pub(crate) fn remove(&mut self, predicate: Id) {
        self.relations.remove(&predicate);
    }

    /// Whether there are statements of a predicate.
    pub(crate) fn has(&self, predicate: Id) -> bool {
        self.pairs(predicate).is_some_and(|pairs| !pairs.is_empty())
    }

    /// The pairs of a predicate that are new, in parts.
    pub(crate) fn new_pairs(&self, predicate: Id, since: Since) -> impl Iterator<Item = &Pairs> {
        let batches = self.relations.get(&predicate).map_or(&[][..], |relation| &relation.batches);
        let from = batches.partition_point(|batch| batch.time <= since.time);
        batches[from..].iter().filter(move |batch| Some(batch.producer) != since.except).map(|batch| &*batch.pairs)
    }

    /// Whether any predicate has something new.
    pub(crate) fn any_new(&self, since: Since) -> bool {
        self.relations.keys().any(|predicate| self.new_pairs(*predicate, since).next().is_some())
    }

    /// Adds what a step made; how many statements are new.
    pub(crate) fn add(&mut self, derived: Derived, producer: usize) -> usize {
        let mut new = 0;
        for (predicate, mut pairs) in derived.relations {
            self.load(predicate);
            sort(&mut pairs);
            let pairs = difference(pairs, self.relations[&predicate].all.all());
            new += pairs.len();
            self.insert(predicate, pairs, producer);
        }
        new
    }

    /// Leaves a set of pairs under the id of no predicate.
    pub(crate) fn put(&mut self, hidden: Id, pairs: Arc<Pairs>) {
        self.time += 1;
        let batches = vec![Batch { time: self.time, producer: NOBODY, pairs: Arc::clone(&pairs) }];
        self.relations.insert(hidden, Relation { all: pairs, batches });
    }

    /// What came up to a time will be asked for as new no more.
    pub(crate) fn forget(&mut self, time: u64) {
        self.relations.values_mut().for_each(|relation| relation.batches.retain(|batch| batch.time > time));
    }

    fn insert(&mut self, predicate: Id, pairs: Vec<u64>, producer: usize) {
        if pairs.is_empty() {
            return;
        }
        self.time += 1;
        let relation = self.relations.entry(predicate).or_default();
        let pairs = Arc::new(Pairs::from_sorted(pairs));
        relation.all = if relation.all.is_empty() { Arc::clone(&pairs) } else { Arc::new(relation.all.with(pairs.all())) };
        relation.batches.push(Batch { time: self.time, producer, pairs });
    }
}
