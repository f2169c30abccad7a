//! The statements, sorted four times.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::{Array, Id, Ids, radix};

/// A sort order of the statements; the graph comes last in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Order {
    /// Subject, predicate, object.
    Spo,
    /// Predicate, subject, object.
    Pso,
    /// Predicate, object, subject.
    Pos,
    /// Object, subject, predicate.
    Osp,
}

/// A place in a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are those of RDF")]
pub enum Position {
    Subject,
    Predicate,
    Object,
    Graph,
}

impl Order {
    /// All orders.
    pub const ALL: [Self; 4] = [Self::Spo, Self::Pso, Self::Pos, Self::Osp];

    /// Positions, most significant first.
    pub const fn positions(self) -> [Position; 3] {
        use Position::{Object, Predicate, Subject};
        match self {
            Self::Spo => [Subject, Predicate, Object],
            Self::Pso => [Predicate, Subject, Object],
            Self::Pos => [Predicate, Object, Subject],
            Self::Osp => [Object, Subject, Predicate],
        }
    }
}

/// All statements in one order.
#[derive(Clone)]
pub(super) struct Permutation {
    /// Columns in the order's own sequence, then the graph if there are named graphs.
    columns: Vec<Arc<Array<Id>>>,
}

/// The statements in all orders.
pub(super) struct Statements {
    orders: [Permutation; 4],
}

impl Statements {
    /// Sorts statements (subject, predicate, object, graph) of ids up to `max`, each kept once; `named`: some graph is not 0.
    pub(super) fn build(quads: Vec<[Id; 4]>, max: Id, named: bool) -> Self {
        let orders = if named {
            permutations(quads, max)
        } else {
            let triples = quads.par_iter().map(|[s, p, o, _]| [*s, *p, *o]).collect();
            drop(quads);
            permutations::<3>(triples, max)
        };
        Self { orders }
    }

    /// Of columns that are sorted already.
    pub(super) fn of(orders: [Permutation; 4]) -> Self {
        Self { orders }
    }

    pub(super) fn len(&self) -> usize {
        self.orders[0].columns[0].len()
    }

    pub(super) fn permutation(&self, order: Order) -> &Permutation {
        &self.orders[order as usize]
    }

    /// The statements that begin with a prefix; none where the file is damaged, which its health then says.
    pub(super) fn rows(&self, order: Order, prefix: &[Id]) -> Rows<'_> {
        self.permutation(order).rows(order, prefix)
    }
}

/// Each order is the one before it, sorted stably by one column more: spo by p is pso, spo by o is osp, osp by p is pos.
fn permutations<const N: usize>(mut rows: Vec<[Id; N]>, max: Id) -> [Permutation; 4] {
    let mut scratch = Vec::new();
    for column in (0..N).rev() {
        radix::sort_by_column(&mut rows, &mut scratch, column, max);
    }
    rows.dedup();
    drop(scratch);
    let by_predicate = |mut rows: Vec<[Id; N]>, order| {
        radix::sort_by_column(&mut rows, &mut Vec::new(), 1, max);
        Permutation::new(&rows, order)
    };
    let spo = Permutation::new(&rows, Order::Spo);
    let (pso, (pos, osp)) = rayon::join(
        || by_predicate(rows.clone(), Order::Pso),
        || {
            let mut rows = rows.clone();
            radix::sort_by_column(&mut rows, &mut Vec::new(), 2, max);
            let osp = Permutation::new(&rows, Order::Osp);
            (by_predicate(rows, Order::Pos), osp)
        },
    );
    [spo, pso, pos, osp]
}

impl Permutation {
    /// Of sorted rows.
    pub(super) fn new<const N: usize>(rows: &[[Id; N]], order: Order) -> Self {
        let column = |at: usize| Arc::new(Array::from(rows.par_iter().map(|row| row[at]).collect::<Vec<_>>()));
        let mut columns: Vec<_> = order.positions().map(|position| column(position as usize)).into();
        columns.extend((3..N).map(column));
        Self { columns }
    }

    /// Of columns that are sorted already.
    pub(super) fn of(columns: Vec<Arc<Array<Id>>>) -> Self {
        Self { columns }
    }

    pub(super) fn columns(&self) -> &[Arc<Array<Id>>] {
        &self.columns
    }

    /// The statements that begin with a prefix, as [`Statements::rows`].
    pub(super) fn rows(&self, order: Order, prefix: &[Id]) -> Rows<'_> {
        let range = self.range(prefix).filter(|range| self.verify(range)).unwrap_or(0..0);
        Rows { order, permutation: Cow::Borrowed(self), range }
    }

    /// The rows that begin with these ids; none where the file is damaged.
    fn range(&self, prefix: &[Id]) -> Option<Range<usize>> {
        let mut range = 0..self.columns[0].len();
        for (column, &id) in self.columns[..3].iter().zip(prefix) {
            let start = column.partition(range.clone(), |other| other < id)?;
            range = start..column.partition(start..range.end, |other| other <= id)?;
        }
        Some(range)
    }

    /// Whether the rows of a range are as they were written.
    fn verify(&self, range: &Range<usize>) -> bool {
        self.columns.iter().all(|column| column.slice(range.clone()).is_some())
    }
}

/// Statements that follow each other in an order.
#[derive(Clone)]
pub struct Rows<'a> {
    order: Order,
    permutation: Cow<'a, Permutation>,
    range: Range<usize>,
}

impl<'a> Rows<'a> {
    /// Rows of their own.
    pub(super) fn owned(order: Order, columns: Vec<Arc<Array<Id>>>) -> Self {
        let range = 0..columns[0].len();
        Self { order, permutation: Cow::Owned(Permutation::of(columns)), range }
    }

    /// With zeros as the graph column.
    pub(super) fn with_graphs(self, zeros: &Arc<Array<Id>>) -> Self {
        let mut columns = self.permutation.columns.clone();
        columns.push(Arc::clone(zeros));
        Self { permutation: Cow::Owned(Permutation::of(columns)), ..self }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// The order in which they are.
    pub fn order(&self) -> Order {
        self.order
    }

    /// The ids at a position; of [`Position::Graph`], empty if the space has no named graphs.
    pub fn column(&self, position: Position) -> &[Id] {
        self.array(position).map_or(&[], |array| &array.unverified()[self.range.clone()])
    }

    /// As [`Rows::column`], as a part that outlives the rows.
    pub fn shared(&self, position: Position) -> Ids {
        match self.array(position) {
            Some(array) => Ids::new(Arc::clone(array), self.range.clone()),
            None => Ids::new(Arc::new(Vec::new().into()), 0..0),
        }
    }

    /// A part of the rows.
    ///
    /// # Panics
    /// When the part does not lie within `0..len()`.
    pub fn slice(&self, part: Range<usize>) -> Rows<'a> {
        assert!(part.start <= part.end && part.end <= self.len(), "rows {part:?} of {}", self.len());
        let start = self.range.start;
        Self { range: start + part.start..start + part.end, ..self.clone() }
    }

    /// Subject, predicate, object and graph of a row.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row(&self, at: usize) -> [Id; 4] {
        let id = |position| self.column(position)[at];
        let graph = self.column(Position::Graph).get(at).copied().unwrap_or(0);
        [id(Position::Subject), id(Position::Predicate), id(Position::Object), graph]
    }

    fn array(&self, position: Position) -> Option<&Arc<Array<Id>>> {
        let at = self.order.positions().iter().position(|p| *p == position).unwrap_or(3);
        self.permutation.columns.get(at)
    }
}
