//! Stable sort of rows by one column of ids.

use super::Id;

const BITS: u32 = 11;
const BUCKETS: usize = 1 << BITS;

/// Sorts rows by a column whose values are at most `max`, keeping the order of rows of equal value; least significant digit first.
pub(super) fn sort_by_column<const N: usize>(rows: &mut Vec<[Id; N]>, scratch: &mut Vec<[Id; N]>, column: usize, max: Id) {
    scratch.resize(rows.len(), [0; N]);
    let mut shift = 0;
    while shift < u32::BITS && max >> shift != 0 {
        let digit = |row: &[Id; N]| (row[column] >> shift) as usize & (BUCKETS - 1);
        let mut places = [0usize; BUCKETS];
        rows.iter().for_each(|row| places[digit(row)] += 1);
        // One value in all rows: nothing to move.
        if places.contains(&rows.len()) {
            shift += BITS;
            continue;
        }
        let mut start = 0;
        for place in &mut places {
            start += std::mem::replace(place, start);
        }
        for row in rows.iter() {
            let place = &mut places[digit(row)];
            scratch[*place] = *row;
            *place += 1;
        }
        std::mem::swap(rows, scratch);
        shift += BITS;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stable_and_sorted() {
        let value = |i: u32| i.wrapping_mul(2_654_435_761) % 5_000_003;
        let rows: Vec<[Id; 2]> = (0..10_007).map(|i| [value(i % 4001), i]).collect();
        let mut expected = rows.clone();
        expected.sort_by_key(|row| row[0]);
        let (mut sorted, mut scratch) = (rows, Vec::new());
        sort_by_column(&mut sorted, &mut scratch, 0, 5_000_003);
        assert_eq!(sorted, expected);
    }

    #[test]
    fn none_and_largest() {
        let (mut rows, mut scratch) = (Vec::<[Id; 1]>::new(), Vec::new());
        sort_by_column(&mut rows, &mut scratch, 0, Id::MAX);
        assert!(rows.is_empty());
        let mut rows = vec![[Id::MAX], [0], [Id::MAX - 1]];
        sort_by_column(&mut rows, &mut scratch, 0, Id::MAX);
        assert_eq!(rows, [[0], [Id::MAX - 1], [Id::MAX]]);
    }
}
