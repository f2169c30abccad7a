//! Counts for the planner.

use super::Id;
use super::statements::{Order, Position, Statements};

/// What is known of the statements of one predicate, in all graphs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PredicateStatistics {
    /// The predicate.
    pub predicate: Id,
    /// Its statements.
    pub rows: u64,
    /// Their distinct subjects.
    pub subjects: u64,
    /// Their distinct objects.
    pub objects: u64,
}

/// Counts of an AtomSpace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    predicates: Vec<PredicateStatistics>,
    rows: u64,
    subjects: u64,
    objects: u64,
}

impl Statistics {
    pub(super) fn of(statements: &Statements) -> Self {
        let distinct = |order, position| runs(statements.rows(order, &[]).column(position)).count() as u64;
        let (pso, pos) = (statements.rows(Order::Pso, &[]), statements.rows(Order::Pos, &[]));
        let mut start = 0;
        let predicates = runs(pso.column(Position::Predicate))
            .map(|length| {
                let range = start..start + length;
                start += length;
                PredicateStatistics {
                    predicate: pso.column(Position::Predicate)[range.start],
                    rows: length as u64,
                    subjects: runs(&pso.column(Position::Subject)[range.clone()]).count() as u64,
                    objects: runs(&pos.column(Position::Object)[range]).count() as u64,
                }
            })
            .collect();
        Self {
            predicates,
            rows: statements.len() as u64,
            subjects: distinct(Order::Spo, Position::Subject),
            objects: distinct(Order::Osp, Position::Object),
        }
    }

    /// Statements.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Distinct subjects.
    pub fn subjects(&self) -> u64 {
        self.subjects
    }

    /// Distinct objects.
    pub fn objects(&self) -> u64 {
        self.objects
    }

    /// All predicates, ascending.
    pub fn predicates(&self) -> &[PredicateStatistics] {
        &self.predicates
    }

    /// What is known of this predicate; none if it has no statements.
    pub fn predicate(&self, predicate: Id) -> Option<&PredicateStatistics> {
        let at = self.predicates.binary_search_by_key(&predicate, |p| p.predicate).ok()?;
        self.predicates.get(at)
    }
}

/// Lengths of the runs of equal ids.
fn runs(column: &[Id]) -> impl Iterator<Item = usize> + '_ {
    column.chunk_by(PartialEq::eq).map(<[Id]>::len)
}
