//! The sparse patterns of the suite: odd, unequal sizes; gaps, single rows, hubs, nothing at all.

use std::sync::Arc;

use hypergraphql_kernels::{CsrPair, Direction};

use super::numbers::{abs, numbers};

/// A pattern and what to run on it.
pub(super) struct Pattern {
    pub(super) name: &'static str,
    /// Feature widths.
    pub(super) widths: &'static [usize],
    /// (heads, features per head).
    pub(super) heads: &'static [(usize, usize)],
    ptr: Vec<u32>,
    col: Vec<u32>,
    cols: usize,
}

/// A pattern with its constants, and with their absolute values.
#[derive(Clone)]
pub(super) struct Valued {
    pub(super) pair: Arc<CsrPair>,
    pub(super) abs: Arc<CsrPair>,
}

impl Pattern {
    fn new(
        name: &'static str,
        widths: &'static [usize],
        heads: &'static [(usize, usize)],
        cols: usize,
        rows: usize,
        row: impl Fn(usize) -> Vec<u32>,
    ) -> Self {
        let (mut ptr, mut col) = (vec![0], Vec::new());
        for r in 0..rows {
            col.extend(row(r));
            ptr.push(col.len() as u32);
        }
        Self { name, widths, heads, ptr, col, cols }
    }

    pub(super) fn rows(&self) -> usize {
        self.ptr.len() - 1
    }

    pub(super) fn cols(&self) -> usize {
        self.cols
    }

    pub(super) fn nnz(&self) -> usize {
        self.col.len()
    }

    /// The number of outputs of a pass.
    pub(super) fn outputs(&self, direction: Direction) -> usize {
        match direction {
            Direction::ToRows => self.rows(),
            Direction::ToCols => self.cols(),
        }
    }

    /// The longest row or column.
    pub(super) fn longest(&self) -> usize {
        let pair = self.valued(None).pair;
        let longest = |d| (0..pair.outputs(d)).map(|r| pair.view(d).range(r).len()).max();
        longest(Direction::ToRows).max(longest(Direction::ToCols)).unwrap_or(0)
    }

    /// Constants of 8 significant bits and either sign.
    pub(super) fn constants(&self) -> Vec<f64> {
        super::numbers::coarse(&numbers(self.nnz(), 91))
    }

    pub(super) fn valued(&self, values: Option<Vec<f64>>) -> Valued {
        let build = |values| {
            let pair = CsrPair::new(self.ptr.clone(), self.col.clone(), self.cols, values);
            Arc::new(pair.expect("the suite's patterns are sound; this is a bug"))
        };
        let magnitudes = values.as_deref().map(abs);
        Valued { pair: build(values), abs: build(magnitudes) }
    }
}

/// Blocks of 32 × 32, most of whose places are entries, and a few entries beside them.
pub(super) fn blocky() -> Pattern {
    let entry =
        |r: usize, c: usize| (r / 32 + c / 32).is_multiple_of(3) && (r * 5 + c * 3) % 7 > 1 || (r * 31 + c * 17).is_multiple_of(211);
    Pattern::new("blocky", &[3, 70], &[], 139, 101, |r| (0..139).filter(|&c| entry(r, c)).map(|c| c as u32).collect())
}

/// All patterns.
pub(super) fn patterns() -> Vec<Pattern> {
    let spread = |r: usize, n: usize, cols: usize| -> Vec<u32> {
        let mut members: Vec<u32> = (0..n).map(|k| ((r * 31 + k * (k + 7) + r * k) % cols) as u32).collect();
        members.sort_unstable();
        members.dedup();
        members
    };
    vec![
        Pattern::new("plain", &[1, 3, 7, 8, 33, 128], &[(1, 7), (3, 5), (1, 128), (3, 11)], 23, 37, |r| spread(r, 2 + r % 9, 23)),
        Pattern::new("gaps", &[5, 64], &[(3, 3)], 29, 41, |r| {
            if r % 3 == 0 { vec![] } else { spread(r, 4, 29).into_iter().filter(|c| c % 4 != 1).collect() }
        }),
        Pattern::new("one_row", &[9], &[(1, 9), (3, 4)], 19, 1, |_| (0..19).step_by(2).collect()),
        Pattern::new("one_column", &[6], &[(3, 2)], 1, 17, |r| if r % 5 == 0 { vec![] } else { vec![0] }),
        Pattern::new("long", &[3, 33], &[(1, 33), (3, 1)], 997, 53, |r| (0..997).skip(r % 5).step_by(5).map(|c| c as u32).collect()),
        Pattern::new("hub", &[2, 33], &[(3, 7)], 5021, 5003, |r| match r {
            2 => (0..5000).collect(),
            _ if r % 1000 == 999 => vec![],
            _ => vec![3, 4 + (r * 7 % 5000) as u32],
        }),
        Pattern::new("no_entries", &[4], &[(3, 2)], 7, 13, |_| vec![]),
        Pattern::new("no_rows", &[4], &[(1, 3)], 5, 0, |_| vec![]),
        Pattern::new("no_features", &[0], &[(3, 0)], 11, 6, |r| spread(r, 3, 11)),
    ]
}
