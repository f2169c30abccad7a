//! Statements that were derived from those of a space, with its ids.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::statements::Permutation;
use super::{Adjacency, Array, Id, Order, Position, Rows, radix};

/// Statements in memory that are asked as those of an [`super::AtomSpace`] are. Orders are made when they are first asked for.
pub struct DerivedStatements {
    orders: [OnceLock<Permutation>; 4],
    len: usize,
    adjacency: Mutex<HashMap<(Order, Id), Option<Arc<Adjacency>>>>,
}

impl DerivedStatements {
    /// Of the columns predicate, subject and object, whose rows ascend and differ.
    ///
    /// # Panics
    /// When the columns differ in length.
    pub fn new(columns: [Vec<Id>; 3]) -> Self {
        Self::of_columns(columns.into())
    }

    /// Of the columns predicate, subject, object and graph, whose rows ascend and differ.
    ///
    /// # Panics
    /// When the columns differ in length.
    pub fn with_graphs(columns: [Vec<Id>; 4]) -> Self {
        Self::of_columns(columns.into())
    }

    fn of_columns(columns: Vec<Vec<Id>>) -> Self {
        let len = columns[0].len();
        assert!(columns.iter().all(|column| column.len() == len), "columns have one length");
        let first = Permutation::of(columns.into_iter().map(|column| Arc::new(Array::from(column))).collect());
        let orders = [OnceLock::new(), OnceLock::from(first), OnceLock::new(), OnceLock::new()];
        Self { orders, len, adjacency: Mutex::default() }
    }

    /// How many statements there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The statements that begin with these ids (up to 3) in an order, sorted.
    pub fn rows(&self, order: Order, prefix: &[Id]) -> Rows<'_> {
        self.permutation(order).rows(order, prefix)
    }

    /// As [`super::AtomSpace::adjacency`].
    pub fn adjacency(&self, order: Order, predicate: Id) -> Option<Arc<Adjacency>> {
        if !matches!(order, Order::Pso | Order::Pos) {
            return None;
        }
        let cache = || self.adjacency.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cache().get(&(order, predicate)) {
            return known.clone();
        }
        let rows = self.rows(order, &[predicate]);
        let built = Adjacency::new(rows.column(order.positions()[1])).map(Arc::new);
        cache().entry((order, predicate)).or_insert(built).clone()
    }

    fn permutation(&self, order: Order) -> &Permutation {
        self.orders[order as usize].get_or_init(|| {
            let pso = self.orders[Order::Pso as usize].get().expect("it is made with the statements: this is a bug");
            let rows = pso.rows(Order::Pso, &[]);
            match rows.column(Position::Graph).is_empty() {
                true => sorted::<3>(&rows, order),
                false => sorted::<4>(&rows, order),
            }
        })
    }
}

impl fmt::Debug for DerivedStatements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DerivedStatements").field("statements", &self.len).finish()
    }
}

/// Rows by predicate, subject, object, sorted stably by the columns in which another order differs.
fn sorted<const N: usize>(rows: &Rows<'_>, order: Order) -> Permutation {
    let mut quads: Vec<[Id; N]> = (0..rows.len())
        .map(|at| {
            let row = rows.row(at);
            std::array::from_fn(|place| row[place])
        })
        .collect();
    let max = quads.iter().flat_map(|row| row.iter().copied().take(3)).max().unwrap_or(0);
    let mut scratch = Vec::new();
    let by: &[Position] = match order {
        Order::Pso => &[],
        Order::Spo => &[Position::Subject],
        Order::Osp => &[Position::Subject, Position::Object],
        Order::Pos => &[Position::Object, Position::Predicate],
    };
    by.iter().for_each(|position| radix::sort_by_column(&mut quads, &mut scratch, *position as usize, max));
    Permutation::new(&quads, order)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row of a pseudo-random set, as [`DerivedStatements`] with and without graphs.
    fn rows() -> Vec<[Id; 4]> {
        let mut rows: Vec<[Id; 4]> = (0..997u32).map(|i| [i * 7919 % 13 + 1, i * 31 % 5 + 1, i * 101 % 17 + 1, i % 3]).collect();
        rows.sort_unstable_by_key(|[s, p, o, g]| [*p, *s, *o, *g]);
        rows.dedup();
        rows
    }

    #[test]
    fn every_order_is_that_of_a_sort() {
        let rows = rows();
        let column = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<Id>>();
        let derived = DerivedStatements::with_graphs([column(1), column(0), column(2), column(3)]);
        assert_eq!(derived.len(), rows.len());
        for order in Order::ALL {
            let mut expected = rows.clone();
            let [a, b, c] = order.positions();
            expected.sort_unstable_by_key(|row| [row[a as usize], row[b as usize], row[c as usize], row[3]]);
            let found = derived.rows(order, &[]);
            assert_eq!((0..found.len()).map(|at| found.row(at)).collect::<Vec<_>>(), expected, "{order:?}");
            let first = expected[expected.len() / 2][a as usize];
            let count = expected.iter().filter(|row| row[a as usize] == first).count();
            assert_eq!(derived.rows(order, &[first]).len(), count, "{order:?}");
        }
    }

    #[test]
    fn neighbours_are_found_without_graphs_too() {
        let mut rows = rows();
        rows.dedup_by_key(|row| [row[0], row[1], row[2]]);
        let column = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<Id>>();
        let derived = DerivedStatements::new([column(1), column(0), column(2)]);
        let all = derived.rows(Order::Pos, &[3]);
        let range = derived.adjacency(Order::Pos, 3).expect("the ids are dense").range(5);
        assert_eq!(range.len(), rows.iter().filter(|row| row[1] == 3 && row[2] == 5).count());
        assert!(range.clone().all(|at| all.column(Position::Object)[at] == 5));
        assert!(derived.rows(Order::Osp, &[]).column(Position::Graph).is_empty());
        assert!(derived.adjacency(Order::Spo, 3).is_none());
    }
}
