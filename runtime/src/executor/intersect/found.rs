//! What is kept of the values that are found.

use std::ops::Range;

/// Takes what rows have.
pub(super) trait Found: Send {
    /// Those candidates of a row that pass; they are tested in order, by their place and value.
    fn take(&mut self, row: usize, candidates: &[u32], passes: impl FnMut(usize, u32) -> bool);
}

/// How many candidates pass.
#[inline]
fn count(candidates: &[u32], mut passes: impl FnMut(usize, u32) -> bool) -> u64 {
    candidates.iter().enumerate().map(|(at, &value)| u64::from(passes(at, value))).sum()
}

/// Pairs of a row and a value.
#[derive(Default)]
pub(super) struct Values {
    pub(super) rows: Vec<u32>,
    pub(super) values: Vec<u32>,
}

impl Found for Values {
    #[inline]
    fn take(&mut self, row: usize, candidates: &[u32], mut passes: impl FnMut(usize, u32) -> bool) {
        for (at, &value) in candidates.iter().enumerate() {
            if passes(at, value) {
                self.rows.push(row as u32);
                self.values.push(value);
            }
        }
    }
}

/// Values of each row of a block.
pub(super) struct Counts {
    first: usize,
    pub(super) counts: Vec<u64>,
}

impl Counts {
    /// Of these rows.
    pub(super) fn new(rows: Range<usize>) -> Self {
        Self { first: rows.start, counts: vec![0; rows.len()] }
    }
}

impl Found for Counts {
    #[inline]
    fn take(&mut self, row: usize, candidates: &[u32], passes: impl FnMut(usize, u32) -> bool) {
        self.counts[row - self.first] += count(candidates, passes);
    }
}

/// Values of all rows together, each row as often as its weight says.
pub(super) struct Sum<'a> {
    weight: Option<&'a [u64]>,
    /// `None`: more than there are numbers for.
    pub(super) sum: Option<u64>,
}

impl<'a> Sum<'a> {
    /// Of rows with these weights; `None`: each counts once.
    pub(super) fn new(weight: Option<&'a [u64]>) -> Self {
        Self { weight, sum: Some(0) }
    }
}

impl Found for Sum<'_> {
    #[inline]
    fn take(&mut self, row: usize, candidates: &[u32], passes: impl FnMut(usize, u32) -> bool) {
        let count = count(candidates, passes);
        let weighted = self.weight.map_or(Some(count), |weight| weight[row].checked_mul(count));
        self.sum = self.sum.and_then(|sum| sum.checked_add(weighted?));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_keeps_what_it_is_to_keep() {
        let even = |_: usize, value: u32| value.is_multiple_of(2);
        let mut values = Values::default();
        values.take(7, &[1, 2, 4], even);
        values.take(8, &[], even);
        values.take(9, &[6], even);
        assert_eq!((values.rows, values.values), (vec![7, 7, 9], vec![2, 4, 6]));
        let mut counts = Counts::new(7..10);
        counts.take(7, &[1, 2, 4], even);
        counts.take(9, &[6], even);
        assert_eq!(counts.counts, [2, 0, 1]);
        let weight = [3, u64::MAX];
        let mut sum = Sum::new(Some(&weight));
        sum.take(0, &[1, 2, 4], even);
        assert_eq!(sum.sum, Some(6));
        sum.take(1, &[1], even);
        assert_eq!(sum.sum, Some(6), "nothing passed");
        sum.take(1, &[2], even);
        sum.take(0, &[2], even);
        assert_eq!(sum.sum, None, "there is no such number, and none after it");
        let mut places = vec![];
        Sum::new(None).take(0, &[5, 6], |at, value| {
            places.push((at, value));
            true
        });
        assert_eq!(places, [(0, 5), (1, 6)]);
    }
}
