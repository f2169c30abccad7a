//! Rows that are equal in some columns, found by all threads: each makes the rows of a morsel different from each other, and then, of a part of all hashes,
//! the rows of all morsels. What comes out does not depend on who came first.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};
use rayon::prelude::*;

use super::index::key;
use super::task::{MORSEL, Task};
use crate::engine::QueryError;

/// Parts of all hashes.
const PARTS: usize = 32;

/// An array with a place for each key is used where the span of keys is at most so many times the rows.
const DENSITY: usize = 4;

/// Sets of equal rows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Equal {
    /// The first row of each, ascending.
    pub(crate) first: Vec<u32>,
    /// Of each row the place of its set in `first`; empty where nobody asked.
    pub(crate) numbers: Vec<u32>,
}

/// Whether so many rows are worth the threads that there are.
pub(crate) fn in_parallel(rows: usize) -> bool {
    rows >= 4 * MORSEL && rayon::current_num_threads() > 1
}

/// The sets of equal rows, with their numbers for each row if they are wanted.
pub(crate) fn equal(task: &Task<'_, '_>, columns: &[&[u32]], rows: usize, numbered: bool) -> Result<Equal, QueryError> {
    if let [column] = columns {
        // The value of no value goes below all others.
        let of = |id: &u32| id.wrapping_add(1);
        let (least, most) = rayon::join(|| column.par_iter().map(of).min(), || column.par_iter().map(of).max());
        let (least, most) = (least.unwrap_or(0), most.unwrap_or(0));
        let span = (most - least) as usize + 1;
        if span <= DENSITY * rows {
            return dense(task, column, least, span, numbered);
        }
    }
    hashed(task, columns, rows, numbered)
}

/// Rows that are the first of their set.
struct Firsts {
    bits: Vec<AtomicU64>,
    /// How many of them are before each word of bits.
    before: Vec<u32>,
}

impl Firsts {
    fn new(task: &Task<'_, '_>, rows: usize) -> Result<Self, QueryError> {
        let words = rows.div_ceil(64);
        task.room(words as u64, 12)?;
        Ok(Self { bits: (0..words).into_par_iter().map(|_| AtomicU64::new(0)).collect(), before: vec![] })
    }

    fn set(&self, row: u32) {
        self.bits[row as usize / 64].fetch_or(1 << (row % 64), Ordering::Relaxed);
    }

    /// All of them, once all are set.
    fn rows(&mut self, task: &Task<'_, '_>) -> Result<Vec<u32>, QueryError> {
        let mut count = 0;
        self.before = Vec::with_capacity(self.bits.len());
        for word in &mut self.bits {
            self.before.push(count);
            count += word.get_mut().count_ones();
        }
        task.room(u64::from(count), 8)?;
        let bits = &self.bits;
        let pieces = task.morsels(bits.len(), MORSEL / 64, |range| {
            let mut rows: Vec<u32> = vec![];
            for word in range {
                let mut left = bits[word].load(Ordering::Relaxed);
                while left != 0 {
                    rows.push(word as u32 * 64 + left.trailing_zeros());
                    left &= left - 1;
                }
            }
            Ok(rows)
        })?;
        Ok(pieces.concat())
    }

    /// The place of one of them among all.
    fn number(&self, row: u32) -> u32 {
        let word = row as usize / 64;
        self.before[word] + (self.bits[word].load(Ordering::Relaxed) & ((1 << (row % 64)) - 1)).count_ones()
    }
}

/// Keys that are close to each other, by an array of the first row of each.
fn dense(task: &Task<'_, '_>, column: &[u32], least: u32, span: usize, numbered: bool) -> Result<Equal, QueryError> {
    task.room(span as u64, 4)?;
    let place = |id: u32| (id.wrapping_add(1) - least) as usize;
    let first: Vec<AtomicU32> = (0..span).into_par_iter().map(|_| AtomicU32::new(u32::MAX)).collect();
    task.morsels(column.len(), MORSEL, |range| {
        for row in range {
            let first = &first[place(column[row])];
            // Seldom true, so that a key that all threads meet is not written by all of them.
            if first.load(Ordering::Relaxed) > row as u32 {
                first.fetch_min(row as u32, Ordering::Relaxed);
            }
        }
        Ok(())
    })?;
    let mut firsts = Firsts::new(task, column.len())?;
    first.par_iter().map(|first| first.load(Ordering::Relaxed)).filter(|&row| row != u32::MAX).for_each(|row| firsts.set(row));
    let rows = firsts.rows(task)?;
    if !numbered {
        return Ok(Equal { first: rows, numbers: vec![] });
    }
    let number = |first: &AtomicU32| match first.load(Ordering::Relaxed) {
        u32::MAX => {}
        row => first.store(firsts.number(row), Ordering::Relaxed),
    };
    first.par_iter().for_each(number);
    task.check()?;
    task.room(column.len() as u64, 4)?;
    let numbers = column.par_iter().map(|&id| first[place(id)].load(Ordering::Relaxed)).collect();
    Ok(Equal { first: rows, numbers })
}

/// The different rows of a morsel.
struct Morsel {
    first: Vec<u32>,
    /// Of each row the place of its like in `first`, if numbers are wanted.
    numbers: Vec<u32>,
    /// Places in `first` by part of the hashes.
    parts: [Vec<u32>; PARTS],
}

fn hashed(task: &Task<'_, '_>, columns: &[&[u32]], rows: usize, numbered: bool) -> Result<Equal, QueryError> {
    let hasher = DefaultHashBuilder::default();
    let hash = |row: u32| hasher.hash_one(key(columns, &hasher, row as usize));
    let same = |a: u32, b: u32| columns.iter().all(|column| column[a as usize] == column[b as usize]);
    let held = AtomicU64::new(0);
    let hold = |bytes: usize| task.room(held.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64, 1);
    let morsels = task.morsels(rows, MORSEL, |range| {
        let (mut first, mut numbers, mut parts): (Vec<u32>, Vec<u32>, _) = (vec![], vec![], [const { Vec::new() }; PARTS]);
        let mut seen: HashTable<u32> = HashTable::new();
        for row in range.start as u32..range.end as u32 {
            let own = hash(row);
            let number = match seen.entry(own, |&at| same(row, first[at as usize]), |&at| hash(first[at as usize])) {
                Entry::Occupied(entry) => *entry.get(),
                Entry::Vacant(entry) => {
                    let at = first.len() as u32;
                    entry.insert(at);
                    first.push(row);
                    parts[(own >> 40) as usize % PARTS].push(at);
                    at
                }
            };
            if numbered {
                numbers.push(number);
            }
        }
        hold(4 * numbers.len() + 8 * first.len())?;
        Ok(Morsel { first, numbers, parts })
    })?;
    let mut firsts = Firsts::new(task, rows)?;
    // Of each part and morsel the first rows of all that are like its own.
    let across = task.morsels(PARTS, 1, |part| {
        let mut seen: HashTable<u32> = HashTable::new();
        let mut all = vec![];
        for morsel in &morsels {
            task.check()?;
            let mut like: Vec<u32> = vec![];
            for &at in &morsel.parts[part.start] {
                let row = morsel.first[at as usize];
                let first = match seen.entry(hash(row), |&other| same(row, other), |&other| hash(other)) {
                    Entry::Occupied(entry) => *entry.get(),
                    Entry::Vacant(entry) => {
                        entry.insert(row);
                        firsts.set(row);
                        row
                    }
                };
                if numbered {
                    like.push(first);
                }
            }
            hold(4 * like.len())?;
            all.push(like);
        }
        hold(5 * seen.capacity())?;
        Ok(all)
    })?;
    let first = firsts.rows(task)?;
    if !numbered {
        return Ok(Equal { first, numbers: vec![] });
    }
    hold(4 * rows)?;
    let pieces = task.morsels(morsels.len(), 1, |range| {
        let morsel = &morsels[range.start];
        let mut global = vec![0; morsel.first.len()];
        for (part, across) in morsel.parts.iter().zip(&across) {
            part.iter().zip(&across[range.start]).for_each(|(&at, &row)| global[at as usize] = firsts.number(row));
        }
        Ok(morsel.numbers.iter().map(|&number| global[number as usize]).collect::<Vec<u32>>())
    })?;
    Ok(Equal { first, numbers: pieces.concat() })
}

#[cfg(test)]
mod tests {
    use hashbrown::HashMap;
    use hypergraphql_framework::store::AtomSpace;
    use hypergraphql_query::expr::Context;
    use oxsdatatypes::DateTime;
    use proptest::prelude::*;

    use super::super::dataset::Graphs;
    use super::super::{Limits, Scope, Session};
    use super::*;
    use crate::infer::Closures;

    /// By the plainest loop.
    fn expected(columns: &[&[u32]], rows: usize) -> Equal {
        let (mut known, mut first, mut numbers): (HashMap<Vec<u32>, u32>, Vec<u32>, Vec<u32>) = (HashMap::new(), vec![], vec![]);
        for row in 0..rows {
            let key = columns.iter().map(|column| column[row]).collect();
            let number = *known.entry(key).or_insert_with(|| {
                first.push(row as u32);
                first.len() as u32 - 1
            });
            numbers.push(number);
        }
        Equal { first, numbers }
    }

    fn agrees(columns: &[&[u32]], rows: usize) {
        let space = AtomSpace::from_quads([]).unwrap();
        let limits = Limits::new(None, None, None);
        let session = Session::new(&space, Graphs::new(&space, None), Closures::default(), limits, Context::new(DateTime::MIN, 0)).unwrap();
        let scope = Scope::default();
        let task = Task { session: &session, operator: "a test", scope: &scope, first_solution: 0 };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let wanted = expected(columns, rows);
        for numbered in [true, false] {
            let numbers = if numbered { wanted.numbers.clone() } else { vec![] };
            let wanted = Equal { first: wanted.first.clone(), numbers };
            assert_eq!(pool.install(|| equal(&task, columns, rows, numbered)).unwrap(), wanted);
            assert_eq!(pool.install(|| hashed(&task, columns, rows, numbered)).unwrap(), wanted);
        }
    }

    #[test]
    fn odd_shapes() {
        agrees(&[&[]], 0);
        agrees(&[&[7]], 1);
        agrees(&[&[u32::MAX, 0, u32::MAX, u32::MAX - 1]], 4);
        agrees(&[&[1, 1], &[2, 2], &[3, 4]], 2);
    }

    #[test]
    fn rows_of_many_morsels() {
        let rows = 3 * MORSEL + 17;
        let column = |factor: usize, values: usize| (0..rows).map(|row| (row * factor % values) as u32).collect::<Vec<u32>>();
        let one = vec![5; rows];
        let (few, many) = (column(7, 12), column(7_919, 150_001));
        let far: Vec<u32> = many.iter().map(|id| id * 20_000).collect();
        agrees(&[&one], rows);
        agrees(&[&few], rows);
        agrees(&[&many], rows);
        agrees(&[&far], rows);
        agrees(&[&few, &many], rows);
        agrees(&[&few, &one, &far], rows);
    }

    proptest! {
        #[test]
        fn any_rows(rows in proptest::collection::vec((0u32..4, any::<u32>(), 0u32..3), 0..300), shift in 0u32..32) {
            let a: Vec<u32> = rows.iter().map(|row| row.0.wrapping_sub(1)).collect();
            let b: Vec<u32> = rows.iter().map(|row| row.1 >> shift).collect();
            let c: Vec<u32> = rows.iter().map(|row| row.2).collect();
            agrees(&[&b], rows.len());
            agrees(&[&a, &b], rows.len());
            agrees(&[&a, &b, &c], rows.len());
        }
    }
}
