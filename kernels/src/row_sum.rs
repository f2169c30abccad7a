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
        let Some(weigh) = &self.weigh else {
            return sum_rows(&self.view, self.x, entries, acc, self.heads, None);
        };
        let n = entries.len() * self.heads;
        if weights.len() < n {
            weights.resize(n, E::Acc::ONE);
        }
        weigh(row, entries.clone(), &mut weights[..n]);
        sum_rows(&self.view, self.x, entries, acc, self.heads, Some(&weights[..n]));
    }
}

/// acc += Σ_k w_(k,h) x_col(k) over `entries`; w [entries, heads], or all 1.
///
/// Dispatches by itself, once per row, so that its unrolled loops exist once per type and not in every pass that uses them.
#[inline(never)]
pub(crate) fn sum_rows<E: Element>(view: &View, x: &[E], entries: Range<usize>, acc: &mut [E::Acc], heads: usize, w: Option<&[E::Acc]>) {
    dispatch(
        #[inline(always)]
        || match w {
            None => sum_rows_of_heads(view, x, entries, acc, 1, |_, _| E::Acc::ONE),
            Some(w) => {
                let first = entries.start;
                sum_rows_of_heads(
                    view,
                    x,
                    entries,
                    acc,
                    heads,
                    #[inline(always)]
                    |k, h| w[(k - first) * heads + h],
                );
            }
        },
    );
}

#[inline(always)]
fn sum_rows_of_heads<E: Element>(
    view: &View,
    x: &[E],
    entries: Range<usize>,
    acc: &mut [E::Acc],
    heads: usize,
    w: impl Fn(usize, usize) -> E::Acc + Copy,
) {
    let width = acc.len();
    let c = width / heads.max(1);
    if c == 0 {
        return;
    }
    for (h, acc) in acc.chunks_exact_mut(c).enumerate() {
        let w = |k: usize| w(k, h);
        let mut part = Part { view, x, width, at: h * c, entries: entries.clone() };
        let mut rest = acc;
        rest = part.chunks::<128>(rest, w);
        rest = part.chunks::<64>(rest, w);
        rest = part.chunks::<32>(rest, w);
        rest = part.chunks::<16>(rest, w);
        rest = part.chunks::<8>(rest, w);
        part.tail(rest, w);
    }
}

/// Some columns of the rows that a sparse row names.
struct Part<'a, E> {
    view: &'a View<'a>,
    x: &'a [E],
    width: usize,
    /// The first column.
    at: usize,
    entries: Range<usize>,
}

impl<E: Element> Part<'_, E> {
    /// Sums L columns at a time, in registers, and returns the rest of `acc`.
    #[inline(always)]
    fn chunks<'b, const L: usize>(&mut self, acc: &'b mut [E::Acc], w: impl Fn(usize) -> E::Acc + Copy) -> &'b mut [E::Acc] {
        let (chunks, rest) = acc.as_chunks_mut::<L>();
        for acc in chunks {
            let mut sums = *acc;
            for k in self.entries.clone() {
                let row: &[E; L] = self.row(k, L).try_into().expect("the slice has L elements");
                let w = w(k);
                for l in 0..L {
                    sums[l] += w * row[l].to_acc();
                }
            }
            *acc = sums;
            self.at += L;
        }
        rest
    }

    /// The last columns, four entries per load and store of the sums.
    #[inline(always)]
    fn tail(&self, acc: &mut [E::Acc], w: impl Fn(usize) -> E::Acc + Copy) {
        let n = acc.len();
        if n == 0 {
            return;
        }
        let mut k = self.entries.start;
        while k + 4 <= self.entries.end {
            add4(acc, [k, k + 1, k + 2, k + 3].map(|k| self.row(k, n)), [k, k + 1, k + 2, k + 3].map(w));
            k += 4;
        }
        for k in k..self.entries.end {
            add1(acc, self.row(k, n), w(k));
        }
    }

    /// `n` columns of the row that entry `k` names; fetches those of the entry [`AHEAD`], whichever row of the view it belongs to.
    #[inline(always)]
    fn row(&self, k: usize, n: usize) -> &[E] {
        if let Some(&c) = self.view.col.get(k + AHEAD) {
            let start = c as usize * self.width + self.at;
            prefetch(&self.x[start..start + n]);
        }
        let start = self.view.col[k] as usize * self.width + self.at;
        &self.x[start..start + n]
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
