//! The statements of a store's graphs, as closures take them.

use hypergraphql_framework::store::{AtomSpace, Id, Instant, Order, PeriodSet, Periods, Position, Rows};

use super::facts::Asserted;
use super::pairs::pack;

/// The merge of some graphs of a store.
pub(crate) struct Merge<'s> {
    space: &'s AtomSpace,
    /// Ascending; 0 is the default graph.
    graphs: Vec<Id>,
    /// Only statements that hold then.
    when: Option<(&'s Periods, When)>,
}

/// Which statements hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Those without a valid time.
    Timeless,
    /// Those before every bound of a period.
    First,
    /// Those at an instant.
    At(Instant),
}

impl When {
    fn allows(self, valid: Option<PeriodSet>) -> bool {
        match (self, valid) {
            (_, None) => true,
            (Self::Timeless, Some(_)) => false,
            (Self::First, Some(set)) => set.periods().first().is_some_and(|period| period.from.is_none()),
            (Self::At(instant), Some(set)) => set.contains(instant),
        }
    }
}

impl<'s> Merge<'s> {
    /// Of these graphs; 0 is the default graph.
    pub(crate) fn new(space: &'s AtomSpace, mut graphs: Vec<Id>) -> Self {
        graphs.sort_unstable();
        Self { space, graphs, when: None }
    }

    /// Those of the statements that hold then, and all timeless ones.
    pub(crate) fn then(self, periods: &'s Periods, when: When) -> Self {
        Self { when: Some((periods, when)), ..self }
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
        let when = self.when.filter(|(periods, _)| periods.concern(predicate));
        if !self.space.has_named_graphs() && when.is_none() {
            return if self.graphs.first() == Some(&0) { all.collect() } else { vec![] };
        }
        let holds = |at: usize| when.is_none_or(|(periods, when)| when.allows(periods.statement(rows.row(at))));
        let mut pairs: Vec<u64> = all.enumerate().filter(|(at, _)| self.has(&rows, *at) && holds(*at)).map(|(_, pair)| pair).collect();
        pairs.dedup();
        pairs
    }
}
