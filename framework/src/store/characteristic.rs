//! Characteristic sets: which predicates subjects have together.
//!
//! Neumann and Moerkotte, "Characteristic Sets: Accurate Cardinality Estimation for RDF Queries with Multiple Joins", ICDE 2011. The most frequent sets are
//! kept one by one; the subjects of all others are counted together, by predicate, as if their predicates did not depend on each other.

use std::ops::Range;

use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

use super::Id;
use super::statements::{Order, Position, Statements};

/// Sets that are kept, at most.
pub const MOST_SETS: usize = 4096;

/// Predicates in them, at most, counted in each set.
const MOST_ENTRIES: usize = 1 << 16;

/// Statements that are gone through at once. What is counted must not depend on the number of threads.
const PART: usize = 1 << 18;

/// Subjects that have the same predicates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CharacteristicSet {
    pub(super) subjects: u64,
    pub(super) predicates: Vec<SetPredicate>,
}

/// A predicate of the subjects of a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetPredicate {
    /// The predicate.
    pub predicate: Id,
    /// Those of the subjects that have it: all, but in [`CharacteristicSets::rest`].
    pub subjects: u64,
    /// Their statements with it.
    pub rows: u64,
}

/// An atom of a star: a subject's statements of one predicate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StarAtom {
    /// The predicate.
    pub predicate: Id,
    /// Of an atom whose object is a constant: the share of the predicate's statements that have it.
    pub share: Option<f64>,
}

/// The characteristic sets of all subjects.
#[derive(Clone, Debug, Default)]
pub struct CharacteristicSets {
    sets: Vec<CharacteristicSet>,
    rest: CharacteristicSet,
    /// For each predicate the sets that hold it, and its statements in all of them and the rest.
    of: HashMap<Id, (Vec<u32>, u64)>,
}

impl PartialEq for CharacteristicSets {
    fn eq(&self, other: &Self) -> bool {
        self.sets == other.sets && self.rest == other.rest
    }
}

impl Eq for CharacteristicSets {}

impl CharacteristicSet {
    /// How many subjects there are.
    pub fn subjects(&self) -> u64 {
        self.subjects
    }

    /// Their predicates, ascending.
    pub fn predicates(&self) -> &[SetPredicate] {
        &self.predicates
    }

    fn predicate(&self, predicate: Id) -> Option<&SetPredicate> {
        let at = self.predicates.binary_search_by_key(&predicate, |of| of.predicate).ok()?;
        self.predicates.get(at)
    }

    /// Matches of a star: `subjects · Π (subjects with p / subjects) · (statements of p / subjects with p)`. Of an atom with a constant object, the last factor
    /// is the share of its subjects that have the object.
    fn star(&self, atoms: &[StarAtom]) -> f64 {
        let all = self.subjects as f64;
        atoms.iter().fold(all, |rows, atom| match self.predicate(atom.predicate) {
            Some(of) if of.subjects > 0 => {
                let each = of.rows as f64 / of.subjects as f64;
                rows * (of.subjects as f64 / all.max(1.0)) * atom.share.map_or(each, |share| (each * share).min(1.0))
            }
            _ => 0.0,
        })
    }
}

impl CharacteristicSets {
    /// Counts in two passes over the statements by subject: how often each set is there, then the statements of those that are kept.
    pub(super) fn of(statements: &Statements) -> Self {
        let rows = statements.rows(Order::Spo, &[]);
        let columns = [rows.column(Position::Subject), rows.column(Position::Predicate)];
        let parts = parts(columns[0]);
        let kept = most_frequent(parts.par_iter().map(|part| frequencies(columns, part.clone())).collect());
        let counted: Vec<Counted> = parts.par_iter().map(|part| Counted::of(columns, part.clone(), &kept)).collect();
        let mut all = Counted::default();
        counted.into_iter().for_each(|part| all.add(part));
        let mut sets: Vec<CharacteristicSet> = all.sets.into_values().collect();
        sets.sort_unstable_by(|a, b| b.subjects.cmp(&a.subjects).then_with(|| names(a).cmp(names(b))));
        let mut predicates: Vec<SetPredicate> = all.rest.into_values().collect();
        predicates.sort_unstable_by_key(|of| of.predicate);
        Self::new(sets, CharacteristicSet { subjects: all.rest_subjects, predicates })
    }

    fn new(sets: Vec<CharacteristicSet>, rest: CharacteristicSet) -> Self {
        let mut of: HashMap<Id, (Vec<u32>, u64)> = HashMap::new();
        for (place, set) in (0..).zip(&sets) {
            for predicate in &set.predicates {
                let (places, rows) = of.entry(predicate.predicate).or_default();
                places.push(place);
                *rows = rows.saturating_add(predicate.rows);
            }
        }
        for predicate in &rest.predicates {
            let (_, rows) = of.entry(predicate.predicate).or_default();
            *rows = rows.saturating_add(predicate.rows);
        }
        Self { sets, rest, of }
    }

    /// The sets that are kept, the most frequent first.
    pub fn sets(&self) -> &[CharacteristicSet] {
        &self.sets
    }

    /// The subjects of all other sets together.
    pub fn rest(&self) -> &CharacteristicSet {
        &self.rest
    }

    /// Statements of a predicate when the sets were counted.
    pub(super) fn rows(&self, predicate: Id) -> u64 {
        self.of.get(&predicate).map_or(0, |(_, rows)| *rows)
    }

    /// Matches of a star: the sum over all sets that hold its predicates.
    pub(super) fn star(&self, atoms: &[StarAtom]) -> f64 {
        let fewest =
            atoms.iter().map(|atom| self.of.get(&atom.predicate).map_or(&[][..], |(places, _)| places)).min_by_key(|places| places.len());
        let sets = fewest.unwrap_or_default().iter().filter_map(|place| self.sets.get(*place as usize));
        sets.map(|set| set.star(atoms)).sum::<f64>() + self.rest.star(atoms)
    }

    /// As numbers: how many sets, each as its subjects, how many predicates, and these with their statements; then the rest, whose predicates have their
    /// subjects, too.
    pub(super) fn encode(&self) -> Vec<u64> {
        let mut numbers = vec![self.sets.len() as u64];
        for set in &self.sets {
            numbers.extend([set.subjects, set.predicates.len() as u64]);
            numbers.extend(set.predicates.iter().flat_map(|of| [u64::from(of.predicate), of.rows]));
        }
        numbers.extend([self.rest.subjects, self.rest.predicates.len() as u64]);
        numbers.extend(self.rest.predicates.iter().flat_map(|of| [u64::from(of.predicate), of.subjects, of.rows]));
        numbers
    }

    /// What [`Self::encode`] made; none of other numbers.
    pub(super) fn decode(numbers: &[u64]) -> Option<Self> {
        let (count, mut left) = numbers.split_first()?;
        let mut sets = Vec::new();
        for _ in 0..*count {
            let (set, behind) = decode_set::<2>(left)?;
            sets.push(set);
            left = behind;
        }
        let (rest, left) = decode_set::<3>(left)?;
        left.is_empty().then(|| Self::new(sets, rest))
    }
}

/// A set whose predicates take so many numbers each, and what follows it.
fn decode_set<const WIDTH: usize>(numbers: &[u64]) -> Option<(CharacteristicSet, &[u64])> {
    let ([subjects, count], left) = numbers.split_first_chunk::<2>()?;
    let (entries, left) = left.split_at_checked(usize::try_from(*count).ok()?.checked_mul(WIDTH)?)?;
    let predicates = entries.chunks_exact(WIDTH).map(|entry| {
        let with = if WIDTH == 3 { entry[1] } else { *subjects };
        Some(SetPredicate { predicate: Id::try_from(entry[0]).ok()?, subjects: with, rows: entry[WIDTH - 1] })
    });
    let predicates = predicates.collect::<Option<Vec<_>>>()?;
    let ascending = predicates.windows(2).all(|pair| pair[0].predicate < pair[1].predicate);
    ascending.then_some((CharacteristicSet { subjects: *subjects, predicates }, left))
}

fn names(set: &CharacteristicSet) -> impl Iterator<Item = Id> + '_ {
    set.predicates.iter().map(|of| of.predicate)
}

/// Ranges of about [`PART`] rows, all rows of a subject in one of them.
fn parts(subjects: &[Id]) -> Vec<Range<usize>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    while start < subjects.len() {
        let last = subjects[(start + PART).min(subjects.len()) - 1];
        let end = start + subjects[start..].partition_point(|subject| *subject <= last).max(1);
        parts.push(start..end);
        start = end;
    }
    parts
}

/// Calls a function with the predicates of each subject and how many statements it has of each.
fn each_subject([subjects, predicates]: [&[Id]; 2], part: Range<usize>, mut with: impl FnMut(&[(Id, u64)])) {
    let (mut at, mut set) = (part.start, Vec::new());
    for run in subjects[part].chunk_by(PartialEq::eq) {
        set.clear();
        set.extend(predicates[at..at + run.len()].chunk_by(PartialEq::eq).map(|run| (run[0], run.len() as u64)));
        at += run.len();
        with(&set);
    }
}

/// A hash that is the same in every process.
fn hash(set: &[(Id, u64)]) -> u64 {
    set.iter().fold(set.len() as u64, |hash, (predicate, _)| {
        let mixed = (hash.rotate_left(23) ^ u64::from(*predicate)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ mixed >> 29
    })
}

/// By the hash of a set: its subjects, and how many predicates it has.
type Frequencies = HashMap<u64, (u64, usize)>;

fn frequencies(columns: [&[Id]; 2], part: Range<usize>) -> Frequencies {
    let mut found = Frequencies::new();
    each_subject(columns, part, |set| found.entry(hash(set)).or_insert((0, set.len())).0 += 1);
    found
}

/// The hashes of the most frequent sets, as many as may be kept.
fn most_frequent(parts: Vec<Frequencies>) -> HashSet<u64> {
    let mut all = Frequencies::new();
    for (hash, (subjects, length)) in parts.into_iter().flatten() {
        all.entry(hash).or_insert((0, length)).0 += subjects;
    }
    let mut all: Vec<_> = all.into_iter().map(|(hash, (subjects, length))| (std::cmp::Reverse(subjects), hash, length)).collect();
    all.sort_unstable();
    let mut entries = 0;
    let fits = |(_, _, length): &&(_, _, usize)| {
        let fits = entries + length <= MOST_ENTRIES;
        entries += if fits { *length } else { 0 };
        fits
    };
    all.iter().filter(fits).take(MOST_SETS).map(|(_, hash, _)| *hash).collect()
}

/// What was counted of some subjects.
#[derive(Default)]
struct Counted {
    sets: HashMap<u64, CharacteristicSet>,
    rest_subjects: u64,
    rest: HashMap<Id, SetPredicate>,
}

impl Counted {
    fn of(columns: [&[Id]; 2], part: Range<usize>, kept: &HashSet<u64>) -> Self {
        let mut counted = Self::default();
        each_subject(columns, part, |set| {
            let hash = hash(set);
            let known = kept.contains(&hash) && counted.count(hash, 1, set.iter().copied());
            if !known {
                counted.rest_subjects += 1;
                set.iter().for_each(|(predicate, rows)| counted.count_rest(*predicate, 1, *rows));
            }
        });
        counted
    }

    /// Counts subjects of a set; whether it is the set of this hash, of which there is one only.
    fn count(&mut self, hash: u64, subjects: u64, predicates: impl ExactSizeIterator<Item = (Id, u64)> + Clone) -> bool {
        let new = |(predicate, _)| SetPredicate { predicate, subjects: 0, rows: 0 };
        let empty = || CharacteristicSet { subjects: 0, predicates: predicates.clone().map(new).collect() };
        let set = self.sets.entry(hash).or_insert_with(empty);
        let same = set.predicates.len() == predicates.len() && names(set).eq(predicates.clone().map(|(predicate, _)| predicate));
        if same {
            set.subjects += subjects;
            for (of, (_, rows)) in set.predicates.iter_mut().zip(predicates) {
                of.subjects += subjects;
                of.rows += rows;
            }
        }
        same
    }

    fn count_rest(&mut self, predicate: Id, subjects: u64, rows: u64) {
        let of = self.rest.entry(predicate).or_insert(SetPredicate { predicate, ..SetPredicate::default() });
        of.subjects += subjects;
        of.rows += rows;
    }

    fn add(&mut self, part: Self) {
        for (hash, set) in part.sets {
            if !self.count(hash, set.subjects, set.predicates.iter().map(|of| (of.predicate, of.rows))) {
                self.rest_subjects += set.subjects;
                set.predicates.iter().for_each(|of| self.count_rest(of.predicate, of.subjects, of.rows));
            }
        }
        self.rest_subjects += part.rest_subjects;
        part.rest.into_values().for_each(|of| self.count_rest(of.predicate, of.subjects, of.rows));
    }
}
