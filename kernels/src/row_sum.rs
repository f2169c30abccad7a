//! Weighted sums of the rows that a sparse row names: the loop that every pass shares.

use std::ops::Range;

use crate::csr::View;
use crate::element::{Acc, Element};
use crate::lanes::{add, add1, add4, scale};
use crate::schedule::Hubs;
use crate::simd::{dispatch, prefetch};

/// Entries between the one summed and the one whose row is fetched: some 4 KiB of flight at 128 f32 features.
const AHEAD: usize = 8;

/// Bytes of sums that a block of rows may hold: they stay in the first-level cache until they are finished.
const SUM_BYTES: usize = 16 << 10;

/// y_r = s_r Σ_{k in row r} w_(k,h) · x_col(k) per head h, for the features of head h.
pub(crate) struct RowSum<'a, E: Element, W> {
    view: View<'a>,
    x: &'a [E],
    width: usize,
    heads: usize,
    /// s [rows], or all 1.
    scale: Option<&'a [E::Acc]>,
    /// `weigh(rows, entries, w)` writes w [entries, heads] of entries that lie in `rows`; `None` says that all weigh 1.
    weigh: Option<W>,
    hubs: Hubs<Vec<E::Acc>>,
}

impl<'a, E: Element, W: Fn(Range<usize>, Range<usize>, &mut [E::Acc]) + Sync> RowSum<'a, E, W> {
    /// Over x [cols, width]; sums the pieces of hub rows at once.
    pub(crate) fn new(view: View<'a>, x: &'a [E], width: usize, heads: usize, scale: Option<&'a [E::Acc]>, weigh: Option<W>) -> Self {
        let mut pass = Self { view, x, width, heads, scale, weigh, hubs: Hubs::none() };
        pass.hubs = Hubs::new(&view, |row, entries| {
            let (mut acc, mut weights) = (vec![E::Acc::ZERO; width], Vec::new());
            let w = pass.weights(row..row + 1, entries.clone(), &mut weights);
            sum_row(&view, x, entries, &mut acc, heads, w);
            acc
        });
        pass
    }

    /// acc [rows, width] = y of `rows`; `weights` is scratch.
    pub(crate) fn rows(&self, rows: Range<usize>, acc: &mut [E::Acc], weights: &mut Vec<E::Acc>) {
        let (mut start, mut rest) = (rows.start, acc);
        for (hub, parts) in self.hubs.within(rows.clone()) {
            let (before, hub_and_after) = rest.split_at_mut((hub - start) * self.width);
            self.short_rows(start..hub, before, weights);
            let (sum, after) = hub_and_after.split_at_mut(self.width);
            sum.fill(E::Acc::ZERO);
            parts.iter().for_each(|part| add(sum, part));
            scale(sum, self.scale.map_or(E::Acc::ONE, |s| s[hub]));
            (start, rest) = (hub + 1, after);
        }
        self.short_rows(start..rows.end, rest, weights);
    }

    /// Rows of which none is a hub.
    fn short_rows(&self, rows: Range<usize>, acc: &mut [E::Acc], weights: &mut Vec<E::Acc>) {
        let entries = self.view.ptr[rows.start] as usize..self.view.ptr[rows.end] as usize;
        let w = self.weights(rows.clone(), entries, weights);
        sum_rows(&self.view, self.x, rows, acc, self.heads, self.scale, w);
    }

    fn weights<'w>(&self, rows: Range<usize>, entries: Range<usize>, scratch: &'w mut Vec<E::Acc>) -> Option<&'w [E::Acc]> {
        let weigh = self.weigh.as_ref()?;
        let n = entries.len() * self.heads;
        if scratch.len() < n {
            scratch.resize(n, E::Acc::ONE);
        }
        weigh(rows, entries, &mut scratch[..n]);
        Some(&scratch[..n])
    }

    /// Bytes that an entry moves.
    pub(crate) fn entry_bytes(&self) -> usize {
        self.width * size_of::<E>() + 4
    }

    /// Rows to sum at a time.
    pub(crate) fn step(&self) -> usize {
        (SUM_BYTES / (self.width * size_of::<E::Acc>()).max(1)).clamp(1, 64)
    }
}

/// acc [rows, width] = s_r Σ_k w_(k,h) x_col(k) over the entries of each row; w [entries of the rows, heads], or all 1.
///
/// Dispatches by itself, once per block of rows, so that its unrolled loops exist once per type and not in every pass that uses them.
#[inline(never)]
fn sum_rows<E: Element>(
    view: &View,
    x: &[E],
    rows: Range<usize>,
    acc: &mut [E::Acc],
    heads: usize,
    scale: Option<&[E::Acc]>,
    w: Option<&[E::Acc]>,
) {
    let width = acc.len() / rows.len().max(1);
    let first = view.ptr[rows.start] as usize;
    let ends = &view.ptr[rows.start..=rows.end];
    let scale = scale.map(|s| &s[rows]);
    dispatch(
        #[inline(always)]
        || {
            let block = Block { col: view.col, x, width, ends, scale };
            match w {
                None => block.sum(acc, 1, |_, _| E::Acc::ONE),
                Some(w) => block.sum(acc, heads, |k, h| w[(k - first) * heads + h]),
            }
        },
    );
}

/// acc [width] = Σ_k w_(k,h) x_col(k) over `entries` of one row; w [entries, heads], or all 1.
#[inline(never)]
pub(crate) fn sum_row<E: Element>(view: &View, x: &[E], entries: Range<usize>, acc: &mut [E::Acc], heads: usize, w: Option<&[E::Acc]>) {
    let (width, first) = (acc.len(), entries.start);
    let ends = [entries.start as u32, entries.end as u32];
    dispatch(
        #[inline(always)]
        || {
            let block = Block { col: view.col, x, width, ends: &ends, scale: None };
            match w {
                None => block.sum(acc, 1, |_, _| E::Acc::ONE),
                Some(w) => block.sum(acc, heads, |k, h| w[(k - first) * heads + h]),
            }
        },
    );
}

/// Rows to sum: the entries of row i are `ends[i]..ends[i + 1]`.
struct Block<'a, E: Element> {
    col: &'a [u32],
    x: &'a [E],
    width: usize,
    ends: &'a [u32],
    scale: Option<&'a [E::Acc]>,
}

impl<E: Element> Block<'_, E> {
    /// The columns of each head from the widest registers' worth to the narrowest; for each, all rows.
    #[inline(always)]
    fn sum(&self, acc: &mut [E::Acc], heads: usize, w: impl Fn(usize, usize) -> E::Acc + Copy) {
        let c = self.width / heads.max(1);
        for h in 0..heads {
            let w = |k: usize| w(k, h);
            let (mut at, end) = (h * c, (h + 1) * c);
            while at + 128 <= end {
                at = self.columns::<128>(acc, at, w);
            }
            if at + 64 <= end {
                at = self.columns::<64>(acc, at, w);
            }
            if at + 32 <= end {
                at = self.columns::<32>(acc, at, w);
            }
            if at + 16 <= end {
                at = self.columns::<16>(acc, at, w);
            }
            if at + 8 <= end {
                at = self.columns::<8>(acc, at, w);
            }
            if at < end {
                self.last_columns(acc, at..end, w);
            }
        }
    }

    /// L columns from `at`, in registers; returns the column after them.
    #[inline(always)]
    fn columns<const L: usize>(&self, acc: &mut [E::Acc], at: usize, w: impl Fn(usize) -> E::Acc + Copy) -> usize {
        for (i, ends) in self.ends.windows(2).enumerate() {
            let mut sums = [E::Acc::ZERO; L];
            for k in ends[0] as usize..ends[1] as usize {
                let row: &[E; L] = self.row(k, at, L).try_into().expect("the slice has L elements");
                let w = w(k);
                for l in 0..L {
                    sums[l] += w * row[l].to_acc();
                }
            }
            let s = self.scale.map_or(E::Acc::ONE, |s| s[i]);
            let start = i * self.width + at;
            for (y, sum) in acc[start..start + L].iter_mut().zip(sums) {
                *y = s * sum;
            }
        }
        at + L
    }

    /// The last columns, four entries per load and store of the sums.
    #[inline(always)]
    fn last_columns(&self, acc: &mut [E::Acc], columns: Range<usize>, w: impl Fn(usize) -> E::Acc + Copy) {
        let (at, n) = (columns.start, columns.len());
        for (i, ends) in self.ends.windows(2).enumerate() {
            let start = i * self.width + at;
            let acc = &mut acc[start..start + n];
            acc.fill(E::Acc::ZERO);
            let (mut k, end) = (ends[0] as usize, ends[1] as usize);
            while k + 4 <= end {
                add4(acc, [k, k + 1, k + 2, k + 3].map(|k| self.row(k, at, n)), [k, k + 1, k + 2, k + 3].map(w));
                k += 4;
            }
            for k in k..end {
                add1(acc, self.row(k, at, n), w(k));
            }
            if let Some(s) = self.scale {
                scale(acc, s[i]);
            }
        }
    }

    /// `n` columns from `at` of the row that entry `k` names; fetches those of the entry [`AHEAD`], whichever row it belongs to.
    #[inline(always)]
    fn row(&self, k: usize, at: usize, n: usize) -> &[E] {
        if let Some(&c) = self.col.get(k + AHEAD) {
            prefetch(self.x, c as usize * self.width + at, n);
        }
        let start = self.col[k] as usize * self.width + at;
        &self.x[start..start + n]
    }
}

/// Prefetches the rows [`AHEAD`] entries after `entries`, whichever row of the view they belong to.
#[inline(always)]
pub(crate) fn fetch<E>(view: &View, x: &[E], width: usize, entries: Range<usize>) {
    let end = view.col.len().min(entries.end + AHEAD);
    let start = end.min(entries.start + AHEAD);
    for &c in &view.col[start..end] {
        prefetch(x, c as usize * width, width);
    }
}
