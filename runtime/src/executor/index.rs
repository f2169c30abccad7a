//! Rows by the values of some columns, all of which are bound.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashMap};
use rayon::prelude::*;

use super::equal::in_parallel;
use super::pairs::Rows;
use super::table::Table;
use super::task::{MORSEL, Task};
use crate::engine::QueryError;

/// Offsets are an array where the span of keys is at most so many times the rows.
const DENSITY: usize = 8;

/// Rows of a table, found by their values in some columns.
pub(crate) struct Index<'a> {
    columns: Vec<&'a [u32]>,
    hasher: DefaultHashBuilder,
    /// Rows, those of one key together.
    rows: Vec<u32>,
    places: Places,
}

/// Where the rows of a key are.
enum Places {
    /// All rows: there are no columns.
    All,
    /// Of key `first + i`, from `offsets[i]` to `offsets[i + 1]`.
    Dense { first: u32, offsets: Vec<u32> },
    /// From and to, in one table for each thread that made them.
    Sparse(Vec<HashMap<u64, (u32, u32)>>),
}

/// Keys of rows that are looked up.
pub(crate) struct Keys<'a> {
    columns: Vec<&'a [u32]>,
}

impl<'a> Index<'a> {
    /// Of some rows of a table.
    pub(crate) fn new(task: &Task<'_, '_>, table: &'a Table, rows: &Rows, on: &[usize]) -> Result<Self, QueryError> {
        task.check()?;
        task.room(rows.len() as u64, 28)?;
        let columns: Vec<&[u32]> = on.iter().map(|&column| &*table.columns[column]).collect();
        let hasher = DefaultHashBuilder::default();
        let all: Vec<u32> = (0..rows.len()).into_par_iter().with_min_len(MORSEL).map(|at| rows.get(at) as u32).collect();
        let (rows, places) = match &columns[..] {
            [] => (all, Places::All),
            [column] => {
                let keys: Vec<u32> = all.par_iter().with_min_len(MORSEL).map(|&row| column[row as usize]).collect();
                let (least, most) = (keys.iter().min().copied().unwrap_or(0), keys.iter().max().copied().unwrap_or(0));
                match (most - least) as usize <= DENSITY * keys.len() + 1024 {
                    true => dense(&keys, all, least, most),
                    false => sparse(task, &keys.into_iter().map(u64::from).collect::<Vec<_>>(), all)?,
                }
            }
            _ => {
                let keys = all.par_iter().with_min_len(MORSEL).map(|&row| key(&columns, &hasher, row as usize));
                sparse(task, &keys.collect::<Vec<u64>>(), all)?
            }
        };
        task.check()?;
        Ok(Self { columns, hasher, rows, places })
    }

    /// Rows of another table, to be looked up.
    pub(crate) fn keys<'b>(&self, table: &'b Table, on: &[usize]) -> Keys<'b> {
        Keys { columns: on.iter().map(|&column| &*table.columns[column]).collect() }
    }

    /// The rows whose key is, or has the hash of, that of a row.
    #[inline]
    fn hits(&self, keys: &Keys<'_>, row: usize) -> &[u32] {
        let range = match &self.places {
            Places::All => return &self.rows,
            Places::Dense { first, offsets } => {
                let at = keys.columns[0][row].wrapping_sub(*first) as usize;
                if at + 1 < offsets.len() { offsets[at]..offsets[at + 1] } else { 0..0 }
            }
            Places::Sparse(tables) => {
                let key = key(&keys.columns, &self.hasher, row);
                tables[table_of(key, tables.len())].get(&key).map_or(0..0, |&(from, to)| from..to)
            }
        };
        &self.rows[range.start as usize..range.end as usize]
    }

    /// Whether keys of more than two columns, of which there are only hashes, really agree.
    #[inline]
    fn agrees(&self, keys: &Keys<'_>, row: usize, hit: u32) -> bool {
        self.columns.len() <= 2 || self.columns.iter().zip(&keys.columns).all(|(own, other)| own[hit as usize] == other[row])
    }

    /// At most so many rows match.
    #[inline]
    pub(crate) fn candidates(&self, keys: &Keys<'_>, row: usize) -> usize {
        self.hits(keys, row).len()
    }

    /// Adds the rows that match.
    #[inline]
    pub(crate) fn matches(&self, keys: &Keys<'_>, row: usize, to: &mut Vec<u32>) {
        to.extend(self.hits(keys, row).iter().filter(|&&hit| self.agrees(keys, row, hit)));
    }

    /// Whether a row matches.
    #[inline]
    pub(crate) fn has(&self, keys: &Keys<'_>, row: usize) -> bool {
        self.hits(keys, row).iter().any(|&hit| self.agrees(keys, row, hit))
    }
}

/// One or two values as a number, more as their hash.
#[inline]
pub(crate) fn key(columns: &[&[u32]], hasher: &DefaultHashBuilder, row: usize) -> u64 {
    match columns {
        [] => 0,
        [one] => u64::from(one[row]),
        [high, low] => u64::from(high[row]) << 32 | u64::from(low[row]),
        _ => {
            let mut state = hasher.build_hasher();
            columns.iter().for_each(|column| state.write_u32(column[row]));
            state.finish()
        }
    }
}

fn dense(keys: &[u32], rows: Vec<u32>, first: u32, last: u32) -> (Vec<u32>, Places) {
    let mut offsets = vec![0u32; (last - first) as usize + 2];
    let mut count = |keys: &[u32]| {
        keys.iter().for_each(|&key| offsets[(key - first) as usize + 1] += 1);
        for at in 1..offsets.len() {
            offsets[at] += offsets[at - 1];
        }
    };
    if keys.is_sorted() {
        count(keys);
        return (rows, Places::Dense { first, offsets });
    }
    if in_parallel(rows.len()) {
        let (keys, rows) = hypergraphql_kernels::sort::host::sort_by_key(keys, &rows);
        // In order they are counted as they lie.
        count(&keys);
        return (rows, Places::Dense { first, offsets });
    }
    count(keys);
    let (mut places, mut sorted) = (offsets.clone(), vec![0; rows.len()]);
    for (&key, &row) in keys.iter().zip(&rows) {
        let place = &mut places[(key - first) as usize];
        sorted[*place as usize] = row;
        *place += 1;
    }
    (sorted, Places::Dense { first, offsets })
}

fn sparse(task: &Task<'_, '_>, keys: &[u64], rows: Vec<u32>) -> Result<(Vec<u32>, Places), QueryError> {
    let sorted;
    let (keys, rows) = match keys.is_sorted() {
        true => (keys, rows),
        false => {
            sorted = hypergraphql_kernels::sort::host::sort_by_key(keys, &rows);
            (&sorted.0[..], sorted.1)
        }
    };
    // Each thread goes through all keys and takes its own.
    let tables = if in_parallel(rows.len()) { rayon::current_num_threads() } else { 1 };
    let tables = task.morsels(tables, 1, |table| {
        let mut places = HashMap::new();
        let mut start = 0;
        for run in keys.chunk_by(PartialEq::eq) {
            let end = start + run.len() as u32;
            if table_of(run[0], tables) == table.start {
                places.insert(run[0], (start, end));
            }
            start = end;
        }
        Ok(places)
    })?;
    Ok((rows, Places::Sparse(tables)))
}

/// Which of so many tables a key is in.
#[inline]
fn table_of(key: u64, tables: usize) -> usize {
    match tables {
        1 => 0,
        _ => ((key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize * tables) >> 32,
    }
}

#[cfg(test)]
mod tests {
    use hypergraphql_framework::store::AtomSpace;
    use hypergraphql_query::algebra::Variable;
    use hypergraphql_query::expr::Context;
    use oxsdatatypes::DateTime;

    use super::super::dataset::Graphs;
    use super::super::{Limits, Scope, Session};
    use super::*;
    use crate::infer::Closures;

    /// A column of close ids, one of ids far apart with one that no other row has, and one of three ids.
    fn table(rows: usize) -> Table {
        let column = |factor: usize, values: usize| (0..rows).map(|row| (row * factor % values) as u32).collect::<Vec<u32>>();
        let mut far: Vec<u32> = column(7, 90_001).iter().map(|id| id * 40_000).collect();
        far[rows / 2] = 1;
        let columns = [column(7_919, 50_021), far, column(1, 3)];
        Table { variables: ["a", "b", "c"].map(Variable::new).to_vec(), columns: columns.map(Into::into).to_vec(), weight: None, rows }
    }

    #[test]
    fn rows_of_a_key_are_found_by_any_number_of_threads() {
        let space = AtomSpace::from_quads([]).unwrap();
        let limits = Limits::new(None, None, None);
        let session = Session::new(&space, Graphs::new(&space, None), Closures::default(), limits, Context::new(DateTime::MIN, 0)).unwrap();
        let scope = Scope::default();
        let task = Task { session: &session, operator: "a test", scope: &scope, first_solution: 0 };
        for (rows, threads) in [(5, 3), (4 * MORSEL + 11, 1), (4 * MORSEL + 11, 3)] {
            let table = table(rows);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            for on in [&[0][..], &[1], &[0, 2], &[1, 0], &[0, 1, 2]] {
                let value = |row: usize| on.iter().map(|&column| table.columns[column][row]).collect::<Vec<u32>>();
                let mut expected: HashMap<Vec<u32>, Vec<u32>> = HashMap::new();
                (0..rows).for_each(|row| expected.entry(value(row)).or_default().push(row as u32));
                let index = pool.install(|| Index::new(&task, &table, &Rows::All(rows), on)).unwrap();
                let keys = index.keys(&table, on);
                for row in (0..rows).step_by(97).chain([rows / 2]) {
                    let mut found = vec![];
                    index.matches(&keys, row, &mut found);
                    assert_eq!(found, expected[&value(row)], "row {row} on {on:?} by {threads} threads");
                    assert!(index.has(&keys, row) && index.candidates(&keys, row) >= found.len());
                }
            }
        }
    }
}
