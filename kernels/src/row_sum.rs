//! Weighted sums of the rows that a sparse row names: the loop that every pass shares.

use std::ops::Range;

use crate::csr::View;
use crate::element::{Acc, Element};
use crate::lanes::{add, add1, add4};
use crate::schedule::{Hubs, PIECE};
use crate::simd::{dispatch, prefetch};

/// Entries between the one summed and the one whose row is fetched: some 4 KiB of flight at 128 f32 features.
const AHEAD: usize = 8;

/// y_r = Σ_{k in row r} w_(k,h) · x_col(k) per head h, for the features of head h.
pub(crate) struct RowSum<'a, E: Element, W> {
    view: View<'a>,
    x: &'a [E],
    width: usize,
    heads: usize,
    /// `weigh(row, entries, w)` writes w [entries, heads]; `None` says that all weigh 1.
    weigh: Option<W>,
    hubs: Hubs<Vec<E::Acc>>,
}

impl<'a, E: Element, W: Fn(usize, Range<usize>, &mut [E::Acc]) + Sync> RowSum<'a, E, W> {
    /// Over x [cols, width]; sums the pieces of hub rows at once.
    pub(crate) fn new(view: View<'a>, x: &'a [E], width: usize, heads: usize, weigh: Option<W>) -> Self {
        let mut pass = Self { view, x, width, heads, weigh, hubs: Hubs::new(&View { ptr: &[0], col: &[], ..view }, |_, _| vec![]) };
        let hubs = Hubs::new(&view, |row, entries| {
            let mut acc = vec![E::Acc::ZERO; width];
            pass.piece(row, entries, &mut acc, &mut Vec::new());
            acc
        });
        pass.hubs = hubs;
        pass
    }

    /// acc = y_row
    pub(crate) fn row(&self, row: usize, acc: &mut [E::Acc], weights: &mut Vec<E::Acc>) {
        acc.fill(E::Acc::ZERO);
        let entries = self.view.range(row);
        if entries.len() <= PIECE {
            self.piece(row, entries, acc, weights);
        } else {
            for part in self.hubs.of(row).unwrap_or_default() {
                add(acc, part);
            }
        }
    }

    /// Bytes that an entry moves.
    pub(crate) fn entry_bytes(&self) -> usize {
        self.width * size_of::<E>() + 4
    }

    fn piece(&self, row: usize, entries: Range<usize>, acc: &mut [E::Acc], weights: &mut Vec<E::Acc>) {
        let n = entries.len() * self.heads;
        if weights.len() < n {
            weights.resize(n, E::Acc::ONE);
        }
        match &self.weigh {
            Some(weigh) => weigh(row, entries.clone(), &mut weights[..n]),
            // The scratch may hold the weights of another sum.
            None => weights[..n].fill(E::Acc::ONE),
        }
        sum_rows(&self.view, self.x, entries, acc, self.heads, &weights[..n]);
    }
}

/// acc += Σ_k w_(k,h) x_col(k) over `entries`; w [entries, heads].
///
/// Dispatches by itself, once per row, so that its unrolled loops exist once per type and not in every pass that uses them.
#[inline(never)]
pub(crate) fn sum_rows<E: Element>(view: &View, x: &[E], entries: Range<usize>, acc: &mut [E::Acc], heads: usize, w: &[E::Acc]) {
    dispatch(
        #[inline(always)]
        || {
            if heads == 1 {
                sum_rows_of_heads(view, x, entries, acc, 1, w);
            } else {
                sum_rows_of_heads(view, x, entries, acc, heads, w);
            }
        },
    );
}

#[inline(always)]
fn sum_rows_of_heads<E: Element>(view: &View, x: &[E], entries: Range<usize>, acc: &mut [E::Acc], heads: usize, w: &[E::Acc]) {
    let width = acc.len();
    let c = width / heads.max(1);
    if c == 0 {
        return;
    }
    let row = |k: usize| {
        let start = view.col[k] as usize * width;
        &x[start..start + width]
    };
    let mut k = entries.start;
    while k + 4 <= entries.end {
        fetch(view, x, width, k..k + 4);
        let rows = [row(k), row(k + 1), row(k + 2), row(k + 3)];
        let at = (k - entries.start) * heads;
        for (h, part) in acc.chunks_exact_mut(c).enumerate() {
            let lanes = h * c..(h + 1) * c;
            let w = [w[at + h], w[at + heads + h], w[at + 2 * heads + h], w[at + 3 * heads + h]];
            add4(part, rows.map(|r| &r[lanes.clone()]), w);
        }
        k += 4;
    }
    fetch(view, x, width, k..entries.end);
    for k in k..entries.end {
        for (h, part) in acc.chunks_exact_mut(c).enumerate() {
            add1(part, &row(k)[h * c..(h + 1) * c], w[(k - entries.start) * heads + h]);
        }
    }
}

/// Prefetches the rows [`AHEAD`] entries after `entries`, whichever row of the view they belong to.
#[inline(always)]
pub(crate) fn fetch<E>(view: &View, x: &[E], width: usize, entries: Range<usize>) {
    let end = view.col.len().min(entries.end + AHEAD);
    let start = end.min(entries.start + AHEAD);
    for &c in &view.col[start..end] {
        let at = c as usize * width;
        prefetch(&x[at..at + width]);
    }
}
