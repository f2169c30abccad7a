//! Rows that are equal in some columns, found by all threads: rows go to parts by the hash of their columns, so that equal ones meet in one part, which one
//! thread looks at in the order of rows. What comes out does not depend on who came first.

use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};
use rayon::prelude::*;

use super::index::key;
use super::task::{MORSEL, Task};
use crate::engine::QueryError;

/// Parts of all rows.
const PARTS: usize = 64;

/// An array with a place for each id is used where the span of ids is at most so many times the rows.
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
        // Numbers are looked up in an array of them, for which there are bits alone otherwise.
        if span <= if numbered { DENSITY } else { 16 * DENSITY } * rows {
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

/// One column whose ids are close to each other. Each thread marks what it meets in rows of its own; what an earlier thread has met is taken away.
fn dense(task: &Task<'_, '_>, column: &[u32], least: u32, span: usize, numbered: bool) -> Result<Equal, QueryError> {
    let threads = rayon::current_num_threads();
    let words = span.div_ceil(64);
    task.room((words * threads) as u64, 8)?;
    let place = |id: u32| (id.wrapping_add(1) - least) as usize;
    let met = task.morsels(column.len(), column.len().div_ceil(threads).max(1), |range| {
        let (mut bits, mut first) = (vec![0u64; words], vec![]);
        for row in range {
            if row % MORSEL == 0 {
                task.check()?;
                task.room(first.len() as u64, 4)?;
            }
            let (word, bit) = (place(column[row]) / 64, place(column[row]) % 64);
            if bits[word] >> bit & 1 == 0 {
                bits[word] |= 1 << bit;
                first.push(row as u32);
            }
        }
        Ok((bits, first))
    })?;
    let pieces = task.morsels(met.len(), 1, |piece| {
        let (earlier, first) = (&met[..piece.start], &met[piece.start].1);
        let is_new = |row: &u32| {
            let place = place(column[*row as usize]);
            earlier.iter().all(|(bits, _)| bits[place / 64] >> (place % 64) & 1 == 0)
        };
        Ok(first.iter().copied().filter(is_new).collect::<Vec<u32>>())
    })?;
    let first = pieces.concat();
    if !numbered {
        return Ok(Equal { first, numbers: vec![] });
    }
    task.room(span as u64 + column.len() as u64, 4)?;
    let mut number = vec![0; span];
    first.iter().zip(0..).for_each(|(&row, at)| number[place(column[row as usize])] = at);
    task.check()?;
    Ok(Equal { first, numbers: column.par_iter().with_min_len(MORSEL).map(|&id| number[place(id)]).collect() })
}

/// The rows of a morsel that are in one part.
#[derive(Default)]
struct Part {
    keys: Vec<u64>,
    rows: Vec<u32>,
}

fn hashed(task: &Task<'_, '_>, columns: &[&[u32]], rows: usize, numbered: bool) -> Result<Equal, QueryError> {
    let hasher = DefaultHashBuilder::default();
    task.room(rows as u64, if numbered { 20 } else { 12 })?;
    let morsels = task.morsels(rows, MORSEL, |range| {
        let mut parts: [Part; PARTS] = std::array::from_fn(|_| Part::default());
        for row in range {
            let key = key(columns, &hasher, row);
            let part = &mut parts[(key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % PARTS];
            part.keys.push(key);
            part.rows.push(row as u32);
        }
        Ok(parts)
    })?;
    // Keys of more than two columns are hashes.
    let same = |a: u32, b: u32| columns.len() <= 2 || columns.iter().all(|column| column[a as usize] == column[b as usize]);
    let held = AtomicU64::new(0);
    let mut firsts = Firsts::new(task, rows)?;
    // Of each part and morsel the first rows that are equal to its own.
    let equals = task.morsels(PARTS, 1, |part| {
        let mut seen: HashTable<(u64, u32)> = HashTable::new();
        let mut all = vec![];
        for morsel in &morsels {
            task.check()?;
            let Part { keys, rows } = &morsel[part.start];
            let mut equal: Vec<u32> = Vec::with_capacity(if numbered { rows.len() } else { 0 });
            for (&key, &row) in keys.iter().zip(rows) {
                let is_it = |&(other, first): &(u64, u32)| other == key && same(first, row);
                let first = match seen.entry(hasher.hash_one(key), is_it, |&(other, _)| hasher.hash_one(other)) {
                    Entry::Occupied(entry) => entry.get().1,
                    Entry::Vacant(entry) => {
                        entry.insert((key, row));
                        firsts.set(row);
                        row
                    }
                };
                if numbered {
                    equal.push(first);
                }
            }
            task.room(held.load(Ordering::Relaxed) + 17 * seen.capacity() as u64, 1)?;
            all.push(equal);
        }
        held.fetch_add(17 * seen.capacity() as u64, Ordering::Relaxed);
        Ok(all)
    })?;
    let first = firsts.rows(task)?;
    if !numbered {
        return Ok(Equal { first, numbers: vec![] });
    }
    let pieces = task.morsels(morsels.len(), 1, |range| {
        let (from, to) = (range.start * MORSEL, ((range.start + 1) * MORSEL).min(rows));
        let mut numbers = vec![0; to - from];
        for (part, equals) in morsels[range.start].iter().zip(&equals) {
            let pairs = part.rows.iter().zip(&equals[range.start]);
            pairs.for_each(|(&row, &first)| numbers[row as usize - from] = firsts.number(first));
        }
        Ok(numbers)
    })?;
    Ok(Equal { first, numbers: pieces.concat() })
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

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
        static POOL: LazyLock<rayon::ThreadPool> = LazyLock::new(|| rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap());
        let wanted = expected(columns, rows);
        for numbered in [true, false] {
            let numbers = if numbered { wanted.numbers.clone() } else { vec![] };
            let wanted = Equal { first: wanted.first.clone(), numbers };
            assert_eq!(POOL.install(|| equal(&task, columns, rows, numbered)).unwrap(), wanted);
            assert_eq!(POOL.install(|| hashed(&task, columns, rows, numbered)).unwrap(), wanted);
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
