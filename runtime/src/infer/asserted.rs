//! The statements of a store's graphs, as closures take them.

use hypergraphql_framework::store::{AtomSpace, Id, Order, Position, Rows};

use super::facts::Asserted;
use super::pairs::pack;

/// The merge of some graphs of a store.
pub(crate) struct Merge<'s> {
    space: &'s AtomSpace,
    /// Ascending; 0 is the default graph.
    graphs: Vec<Id>,
}

impl<'s> Merge<'s> {
    /// Of these graphs; 0 is the default graph.
    pub(crate) fn new(space: &'s AtomSpace, mut graphs: Vec<Id>) -> Self {
        graphs.sort_unstable();
        Self { space, graphs }
    }

    fn has(&self, rows: &Rows<'_>, at: usize) -> bool {
        let graph = rows.column(Position::Graph).get(at).copied().unwrap_or(0);
        self.graphs.binary_search(&graph).is_ok()
    }
}

impl Asserted for Merge<'_> {
    fn predicates(&self) -> Vec<Id> {
        self.space.statistics().predicates().iter().map(|predicate| predicate.predicate).collect()
    }

    fn pairs(&self, predicate: Id) -> Vec<u64> {
        let rows = self.space.rows(Order::Pso, &[predicate]);
        let (subjects, objects) = (rows.column(Position::Subject), rows.column(Position::Object));
        let all = subjects.iter().zip(objects).map(|(&subject, &object)| pack(subject, object));
        if !self.space.has_named_graphs() {
            return if self.graphs.first() == Some(&0) { all.collect() } else { vec![] };
        }
        let mut pairs: Vec<u64> = all.enumerate().filter(|(at, _)| self.has(&rows, *at)).map(|(_, pair)| pair).collect();
        pairs.dedup();
        pairs
    }
}
