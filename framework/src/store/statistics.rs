//! Counts for the planner.

use std::sync::Arc;

use super::Id;
use super::characteristic::{CharacteristicSets, StarAtom};
use super::delta::Delta;
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
    /// Of the base, which changes leave as they are; none of files that were written before there were any.
    sets: Option<Arc<CharacteristicSets>>,
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
            sets: Some(Arc::new(CharacteristicSets::of(statements))),
        }
    }

    /// With these characteristic sets.
    pub(super) fn with_sets(self, sets: Option<CharacteristicSets>) -> Self {
        Self { sets: sets.map(Arc::new), ..self }
    }

    /// Whether these are the counts of statements; the sets count where there are any.
    pub(super) fn are_those_of(&self, statements: &Statements) -> bool {
        let mut expected = Self::of(statements);
        expected.sets = expected.sets.filter(|_| self.sets.is_some());
        *self == expected
    }

    /// Counts as numbers, without the sets.
    pub(super) fn encode(&self) -> Vec<u64> {
        let predicates = self.predicates.iter().flat_map(|p| [u64::from(p.predicate), p.rows, p.subjects, p.objects]);
        [self.rows, self.subjects, self.objects].into_iter().chain(predicates).collect()
    }

    /// What [`Statistics::encode`] made; none of other numbers.
    pub(super) fn decode(numbers: &[u64]) -> Option<Self> {
        let ([rows, subjects, objects], rest) = numbers.split_first_chunk::<3>()?;
        let predicate = |entry: &[u64]| {
            let predicate = Id::try_from(entry[0]).ok()?;
            Some(PredicateStatistics { predicate, rows: entry[1], subjects: entry[2], objects: entry[3] })
        };
        let predicates = rest.chunks_exact(4).map(predicate).collect::<Option<_>>()?;
        (rest.len() % 4 == 0).then_some(Self { predicates, rows: *rows, subjects: *subjects, objects: *objects, sets: None })
    }

    /// With the rows of changes counted in; distinct subjects and objects of predicates that had statements before stay estimates, and so do the sets.
    pub(super) fn changed(&self, delta: &Delta) -> Self {
        let mut changed = self.clone();
        for run in delta.inserted.rows(Order::Pso, &[]).chunk_by(|a, b| a[1] == b[1]) {
            let (predicate, rows) = (run[0][1], run.len() as u64);
            match changed.predicates.binary_search_by_key(&predicate, |p| p.predicate) {
                Ok(at) => changed.predicates[at].rows += rows,
                Err(at) => {
                    let subjects = run.chunk_by(|a, b| a[0] == b[0]).count() as u64;
                    let objects = delta.inserted.rows(Order::Pos, &[predicate]).chunk_by(|a, b| a[2] == b[2]).count() as u64;
                    changed.predicates.insert(at, PredicateStatistics { predicate, rows, subjects, objects });
                }
            }
        }
        for run in delta.deleted.rows(Order::Pso, &[]).chunk_by(|a, b| a[1] == b[1]) {
            if let Ok(at) = changed.predicates.binary_search_by_key(&run[0][1], |p| p.predicate) {
                let p = &mut changed.predicates[at];
                p.rows = p.rows.saturating_sub(run.len() as u64);
                p.subjects = p.subjects.min(p.rows);
                p.objects = p.objects.min(p.rows);
            }
        }
        changed.predicates.retain(|p| p.rows > 0);
        changed.rows = (self.rows + delta.inserted.all().len() as u64).saturating_sub(delta.deleted.all().len() as u64);
        changed
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

    /// Which predicates subjects have together, as of the last load or compaction; none of a file of an earlier version.
    pub fn characteristic_sets(&self) -> Option<&CharacteristicSets> {
        self.sets.as_deref()
    }

    /// How many matches a star (atoms of one subject) is likely to have: Σ over characteristic sets with all of its predicates of
    /// `subjects · Π statements of p / subjects`, times the shares of constant objects, and times how much each predicate has grown by changes. None where no sets
    /// are known, or changes have made one of the predicates half as frequent or twice.
    pub fn star(&self, atoms: &[StarAtom]) -> Option<f64> {
        let sets = self.sets.as_deref()?;
        let growth = |atom: &StarAtom| {
            let (then, now) = (sets.rows(atom.predicate), self.predicate(atom.predicate).map_or(0, |of| of.rows));
            let growth = if then == now { 1.0 } else { now as f64 / then as f64 };
            (0.5..=2.0).contains(&growth).then_some(growth)
        };
        let growth = atoms.iter().map(growth).product::<Option<f64>>()?;
        Some(sets.star(atoms) * growth)
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
