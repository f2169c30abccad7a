//! Weighted sums of the rows that a sparse row names: the loop that every pass shares.

use std::ops::Range;

use crate::csr::View;
use crate::element::{Acc, Element};
use crate::lanes::{add, scale};
use crate::schedule::Hubs;
use crate::simd::{ahead, dispatch, prefetch};

/// Bytes of sums that a block of rows may hold: they stay in the first-level cache until they are finished.
const SUM_BYTES: usize = 16 << 10;

/// y_r = s_r Σ_{k in row r} w_(k,h) · x_col(k) per head h, for the features of head h; divided by the entries of the row for a mean.
pub(crate) struct RowSum<'a, E: Element, W> {
    view: View<'a>,
    x: &'a [E],
    width: usize,
    heads: usize,
    /// s `[rows]`, or all 1.
    scale: Option<&'a [E::Acc]>,
    mean: bool,
    /// `weigh(rows, entries, w)` writes w `[entries, heads]` of entries that lie in `rows`; `None` says that all weigh 1.
    weigh: Option<W>,
    hubs: Hubs<Vec<E::Acc>>,
}

impl<'a, E: Element, W: Fn(Range<usize>, Range<usize>, &mut [E::Acc]) + Sync> RowSum<'a, E, W> {
    /// Over x `[cols, width]`; sums the pieces of hub rows at once.
    pub(crate) fn new(view: View<'a>, x: &'a [E], width: usize, heads: usize, scale: Option<&'a [E::Acc]>, weigh: Option<W>) -> Self {
        let mut pass = Self { view, x, width, heads, scale, mean: false, weigh, hubs: Hubs::none() };
        pass.hubs = Hubs::new(&view, |row, entries| {
            let (mut acc, mut weights) = (vec![E::Acc::ZERO; width], Vec::new());
            let w = pass.weights(row..row + 1, entries.clone(), &mut weights);
            sum_row(&view, x, entries, &mut acc, heads, w);
            acc
        });
        pass
    }

    /// The mean of each row's terms in place of their sum.
    pub(crate) fn mean(self) -> Self {
        Self { mean: true, ..self }
    }

    /// acc `[rows, width]` = y of `rows`; `weights` is scratch.
    pub(crate) fn rows(&self, rows: Range<usize>, acc: &mut [E::Acc], weights: &mut Vec<E::Acc>) {
        let (mut start, mut rest) = (rows.start, acc);
        for (hub, parts) in self.hubs.within(rows.clone()) {
            let (before, hub_and_after) = rest.split_at_mut((hub - start) * self.width);
            self.short_rows(start..hub, before, weights);
            let (sum, after) = hub_and_after.split_at_mut(self.width);
            sum.fill(E::Acc::ZERO);
            parts.iter().for_each(|part| add(sum, part));
            scale(sum, factor(self.scale.map(|s| s[hub]), self.mean, self.view.range(hub).len()));
            (start, rest) = (hub + 1, after);
        }
        self.short_rows(start..rows.end, rest, weights);
    }

    /// Rows of which none is a hub.
    fn short_rows(&self, rows: Range<usize>, acc: &mut [E::Acc], weights: &mut Vec<E::Acc>) {
        let entries = self.view.ptr[rows.start] as usize..self.view.ptr[rows.end] as usize;
        let w = self.weights(rows.clone(), entries, weights);
        sum_rows(&self.view, self.x, rows, acc, self.heads, self.scale, self.mean, w);
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

/// acc `[rows, width]` = s_r Σ_k w_(k,h) x_col(k) over the entries of each row; w `[entries of the rows, heads]`, or all 1.
///
/// Dispatches by itself, once per block of rows, so that its unrolled loops exist once per type and not in every pass that uses them.
#[inline(never)]
pub(crate) fn sum_rows<E: Element>(
    view: &View,
    x: &[E],
    rows: Range<usize>,
    acc: &mut [E::Acc],
    heads: usize,
    scale: Option<&[E::Acc]>,
    mean: bool,
    w: Option<&[E::Acc]>,
) {
    let width = acc.len() / rows.len().max(1);
    let first = view.ptr[rows.start] as usize;
    let ends = &view.ptr[rows.start..=rows.end];
    let scale = scale.map(|s| &s[rows]);
    dispatch(
        #[inline(always)]
        || {
            let block = Block { col: view.col, x, width, ahead: ahead(width * size_of::<E>()), ends, scale, mean };
            match w {
                None => block.sum(acc, 1, |_, _| E::Acc::ONE),
                Some(w) => block.sum(acc, heads, |k, h| w[(k - first) * heads + h]),
            }
        },
    );
}

/// acc `[width]` = Σ_k w_(k,h) x_col(k) over `entries` of one row; w `[entries, heads]`, or all 1.
#[inline(never)]
pub(crate) fn sum_row<E: Element>(view: &View, x: &[E], entries: Range<usize>, acc: &mut [E::Acc], heads: usize, w: Option<&[E::Acc]>) {
    let (width, first) = (acc.len(), entries.start);
    let ends = [entries.start as u32, entries.end as u32];
    dispatch(
        #[inline(always)]
        || {
            let block = Block { col: view.col, x, width, ahead: ahead(width * size_of::<E>()), ends: &ends, scale: None, mean: false };
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
    ahead: usize,
    ends: &'a [u32],
    scale: Option<&'a [E::Acc]>,
    mean: bool,
}

/// What the sum of a row of `entries` is multiplied by; 1 for an empty row.
#[inline(always)]
fn factor<A: Acc>(scale: Option<A>, mean: bool, entries: usize) -> A {
    let s = scale.unwrap_or(A::ONE);
    if mean { s * A::from_f64(1.0 / entries.max(1) as f64) } else { s }
}

impl<E: Element> Block<'_, E> {
    /// Per head, all rows for as many columns as the widest registers' worth that a head fills, then for the next ones.
    #[inline(always)]
    fn sum(&self, acc: &mut [E::Acc], heads: usize, w: impl Fn(usize, usize) -> E::Acc + Copy) {
        let c = self.width / heads.max(1);
        for h in 0..heads {
            let (columns, w) = (h * c..(h + 1) * c, |k: usize| w(k, h));
            match c {
                0 => {}
                1 => self.every::<1>(acc, columns, w),
                2..4 => self.every::<2>(acc, columns, w),
                4..8 => self.every::<4>(acc, columns, w),
                8..16 => self.every::<8>(acc, columns, w),
                16..32 => self.every::<16>(acc, columns, w),
                32..64 => self.every::<32>(acc, columns, w),
                64..128 => self.every::<64>(acc, columns, w),
                _ => self.every::<128>(acc, columns, w),
            }
        }
    }

    /// L of at least L columns at a time; what is left at the end is summed with columns before it, a second time, as a whole register
    /// costs less than the entries for each of its parts.
    #[inline(always)]
    fn every<const L: usize>(&self, acc: &mut [E::Acc], columns: Range<usize>, w: impl Fn(usize) -> E::Acc + Copy) {
        for at in columns.clone().step_by(L) {
            self.columns::<L>(acc, at.min(columns.end - L), w);
        }
    }

    /// L columns from `at`, in registers.
    #[inline(always)]
    fn columns<const L: usize>(&self, acc: &mut [E::Acc], at: usize, w: impl Fn(usize) -> E::Acc + Copy) {
        for (i, ends) in self.ends.windows(2).enumerate() {
            let mut sums = [E::Acc::ZERO; L];
            for k in ends[0] as usize..ends[1] as usize {
                let row: &[E; L] = self.row(k, at, L).try_into().expect("the slice has L elements");
                let w = w(k);
                for l in 0..L {
                    sums[l] += w * row[l].to_acc();
                }
            }
            let s = self.factor(i);
            let start = i * self.width + at;
            for (y, sum) in acc[start..start + L].iter_mut().zip(sums) {
                *y = s * sum;
            }
        }
    }

    #[inline(always)]
    fn factor(&self, i: usize) -> E::Acc {
        factor(self.scale.map(|s| s[i]), self.mean, (self.ends[i + 1] - self.ends[i]) as usize)
    }

    /// `n` columns from `at` of the row that entry `k` names; fetches those of the entry `ahead` of it, whichever row it belongs to.
    #[inline(always)]
    fn row(&self, k: usize, at: usize, n: usize) -> &[E] {
        if let Some(&c) = self.col.get(k + self.ahead) {
            prefetch(self.x, c as usize * self.width + at, n);
        }
        let start = self.col[k] as usize * self.width + at;
        &self.x[start..start + n]
    }
}

/// Prefetches the row of x `[cols, width]` that the entry [`ahead`] of entry `k` names, whichever row of the view it belongs to.
#[inline(always)]
pub(crate) fn fetch<E>(view: &View, x: &[E], width: usize, k: usize) {
    if let Some(&c) = view.col.get(k + ahead(width * size_of::<E>())) {
        prefetch(x, c as usize * width, width);
    }
}
