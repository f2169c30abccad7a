//! The backward pass: coefficients are made again from the saved normalisers, row by row.

use std::ops::Range;

use super::scores::{Prepared, Scores};
use super::{Inputs, Saved, weighted_pass};
use crate::csr::{CsrPair, Direction, View};
use crate::element::{Acc, Element};
use crate::hypergraph_attention::AttentionConfig;
use crate::lanes::{add, dot, dot_by};
use crate::row_sum::{fetch, sum_row, sum_rows};
use crate::rows::{Sink, fill, fill_two};
use crate::schedule::{Hubs, PIECE, by_entries, even};
use crate::simd::dispatch;

/// Bytes of G that the entries of a batch of rows read twice: they stay in the caches between.
const BATCH_BYTES: usize = 64 << 10;

/// dO `[rows, Hd·C]` -> (dx `[rows, Hd·C]`, da `[rows, Hd]`, db `[cols, Hd]`).
pub fn hypergraph_attention_backward<E: Element>(
    pair: &CsrPair,
    config: AttentionConfig,
    i: Inputs<E>,
    saved: Saved<E>,
    dout: &[E],
) -> (Vec<E>, Vec<E>, Vec<E>) {
    let (heads, width) = (config.heads, config.heads * config.head_width);
    if heads == 0 {
        return (vec![], vec![], vec![]);
    }
    let p = Prepared::new(&i);
    let g = weighted_pass(&p.scores(pair, Direction::ToCols, config, saved.normaliser), dout, width, None, p.u.as_deref());
    let s = p.scores(pair, Direction::ToRows, config, saved.normaliser);
    let edge_totals = (!s.segments_are_rows).then(|| twice_head_dots(saved.edge, &g, pair.cols(), config));
    let back = Backward { s, p: &p, config, edge_totals, x: i.x, edge: saved.edge, out: saved.out, g: &g, dout };
    let (dx, dz) = back.nodes();
    let rows = pair.view(Direction::ToRows);
    (dx, entry_sums(&rows, &dz, heads), entry_sums(&pair.view(Direction::ToCols), &dz, heads))
}

/// 2 ⟨y, g⟩ per row and head, `[rows, Hd]`.
fn twice_head_dots<E: Element>(y: &[E], g: &[E], rows: usize, config: AttentionConfig) -> Vec<E::Acc> {
    let (heads, c) = (config.heads, config.head_width);
    let blocks = even(rows * heads, 2 * c * size_of::<E>() + size_of::<E::Acc>());
    let two = E::Acc::ONE + E::Acc::ONE;
    fill(
        &blocks,
        |i| i,
        #[inline(always)]
        |block, sink: &mut Sink<E::Acc>| {
            let start = block.start;
            sink.extend(block.len(), |i| {
                let lanes = (start + i) * c..(start + i + 1) * c;
                two * dot(&y[lanes.clone()], &g[lanes])
            });
        },
    )
}

/// Sums per row of `view` of an array `[nnz, heads]` in row-major order of the matrix.
fn entry_sums<E: Element>(view: &View, dz: &[E::Acc], heads: usize) -> Vec<E> {
    let hubs = Hubs::new(
        view,
        #[inline(always)]
        |_, entries| {
            let mut sum = vec![E::Acc::ZERO; heads];
            add_entries(view, dz, entries, &mut sum);
            sum
        },
    );
    let blocks = by_entries(view.ptr, heads * size_of::<E::Acc>() + 4, heads * size_of::<E>());
    fill(
        &blocks,
        |r| r * heads,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            let mut sum = vec![E::Acc::ZERO; heads];
            for r in block {
                sum.fill(E::Acc::ZERO);
                match hubs.of(r) {
                    Some(parts) => parts.iter().for_each(|part| add(&mut sum, part)),
                    None => add_entries(view, dz, view.range(r), &mut sum),
                }
                sink.round(&sum);
            }
        },
    )
}

/// sum `[heads]` += Σ dz over `entries`
#[inline(always)]
fn add_entries<A: Acc>(view: &View, dz: &[A], entries: Range<usize>, sum: &mut [A]) {
    for k in entries {
        let at = view.position(k) * sum.len();
        let own = &dz[at..at + sum.len()];
        add(sum, own);
    }
}

/// What the pass over the nodes reads.
struct Backward<'a, E: Element> {
    s: Scores<'a, E::Acc>,
    p: &'a Prepared<E::Acc>,
    config: AttentionConfig,
    /// T of every hyperedge and head, if segments are hyperedges.
    edge_totals: Option<Vec<E::Acc>>,
    x: &'a [E],
    edge: &'a [E],
    out: &'a [E],
    g: &'a [E],
    dout: &'a [E],
}

/// Scratch of some rows or a piece of one, each `[entries, heads]` but dx `[rows, Hd·C]`.
struct Piece<A> {
    softmax: Vec<A>,
    weight: Vec<A>,
    logit: Vec<A>,
    dp: Vec<A>,
    dx: Vec<A>,
}

impl<A: Acc> Piece<A> {
    fn new() -> Self {
        Self { softmax: vec![], weight: vec![], logit: vec![], dp: vec![], dx: vec![] }
    }

    #[inline(always)]
    fn resize(&mut self, n: usize, features: usize) {
        for v in [&mut self.softmax, &mut self.weight, &mut self.logit, &mut self.dp] {
            v.resize(n, A::ZERO);
        }
        self.dx.resize(features, A::ZERO);
    }
}

impl<E: Element> Backward<'_, E> {
    /// dx `[rows, Hd·C]` and the gradients of the logits, `[nnz, Hd]`.
    fn nodes(&self) -> (Vec<E>, Vec<E::Acc>) {
        let view = self.s.view;
        let heads = self.config.heads;
        let width = heads * self.config.head_width;
        let hubs = Hubs::new(
            &view,
            #[inline(always)]
            |row, entries| {
                let mut piece = Piece::new();
                self.piece(row..row + 1, entries, &mut piece);
                piece
            },
        );
        let batch = (BATCH_BYTES / (width * size_of::<E>()).max(1)).clamp(16, PIECE);
        let blocks = by_entries(view.ptr, 2 * width * size_of::<E>() + heads * 32, 4 * width * size_of::<E>());
        let (dx, dz, _) = fill_two(
            &blocks,
            |r| r * width,
            |r| view.ptr[r] as usize * heads,
            #[inline(always)]
            |block, dx: &mut Sink<E>, dz: &mut Sink<E::Acc>| {
                let (mut own, mut sums, mut hub) = (Piece::new(), vec![E::Acc::ZERO; heads], vec![E::Acc::ZERO; width]);
                let mut start = block.start;
                while start < block.end {
                    if let Some(parts) = hubs.of(start) {
                        hub.fill(E::Acc::ZERO);
                        parts.iter().for_each(|p| add(&mut hub, &p.dx));
                        self.segment_sums(start, &hub, &mut sums);
                        let mut from = view.range(start).start;
                        for part in parts {
                            let n = part.dp.len() / heads;
                            self.logit_gradients(from, part, 0..n, &sums, dz);
                            from += n;
                        }
                        dx.round(&hub);
                        start += 1;
                        continue;
                    }
                    let from = view.range(start).start;
                    let too_many = |r: &usize| view.range(*r).len() > PIECE || view.range(*r).end - from > batch;
                    let end = (start + 1..block.end).find(too_many).unwrap_or(block.end);
                    self.piece(start..end, from..view.range(end - 1).end, &mut own);
                    for row in start..end {
                        self.segment_sums(row, &own.dx[(row - start) * width..(row - start + 1) * width], &mut sums);
                        let entries = view.range(row);
                        self.logit_gradients(from, &own, entries.start - from..entries.end - from, &sums, dz);
                    }
                    dx.round(&own.dx);
                    start = end;
                }
            },
        );
        (dx, dz)
    }

    /// dx = Σ p t_e G_e and dp = u ⟨dO, Y_e⟩ + t_e ⟨x, G_e⟩ for the entries of some nodes, or some of those of one.
    #[inline(never)]
    fn piece(&self, rows: Range<usize>, entries: Range<usize>, piece: &mut Piece<E::Acc>) {
        let (heads, c) = (self.config.heads, self.config.head_width);
        let width = heads * c;
        piece.resize(entries.len() * heads, rows.len() * width);
        let t = self.p.t.as_deref();
        self.s.all(rows.clone(), entries.clone(), t, &mut piece.logit, &mut piece.softmax, &mut piece.weight);
        let view = &self.s.view;
        dispatch(
            #[inline(always)]
            || {
                let mut dp = piece.dp.chunks_exact_mut(heads);
                for row in rows.clone() {
                    let u = self.p.u.as_ref().map_or(E::Acc::ONE, |u| u[row]);
                    let (x, dout) = (&self.x[row * width..(row + 1) * width], &self.dout[row * width..(row + 1) * width]);
                    let own = view.range(row);
                    for (k, dp) in (own.start.max(entries.start)..own.end.min(entries.end)).zip(&mut dp) {
                        fetch(view, self.edge, width, k);
                        fetch(view, self.g, width, k);
                        let e = view.col[k] as usize;
                        let t = t.map_or(E::Acc::ONE, |t| t[e]);
                        let (y, g) = (&self.edge[e * width..(e + 1) * width], &self.g[e * width..(e + 1) * width]);
                        for (h, dp) in dp.iter_mut().enumerate() {
                            let lanes = h * c..(h + 1) * c;
                            *dp = u * dot(&dout[lanes.clone()], &y[lanes.clone()]) + t * dot(&x[lanes.clone()], &g[lanes]);
                        }
                    }
                }
            },
        );
        if rows.len() == 1 {
            sum_row(view, self.g, entries, &mut piece.dx, heads, Some(&piece.weight));
        } else {
            sum_rows(view, self.g, rows, &mut piece.dx, heads, None, false, Some(&piece.weight));
        }
    }

    /// T of the node's own segment, if segments are nodes: ⟨dO, O⟩ + ⟨x, dX⟩ per head.
    #[inline(always)]
    fn segment_sums(&self, row: usize, dx: &[E::Acc], sums: &mut [E::Acc]) {
        if !self.s.segments_are_rows {
            return;
        }
        let c = self.config.head_width;
        let start = row * dx.len();
        for (h, sum) in sums.iter_mut().enumerate() {
            let lanes = start + h * c..start + (h + 1) * c;
            *sum = dot(&self.dout[lanes.clone()], &self.out[lanes.clone()])
                + dot_by(&self.x[lanes], &dx[h * c..(h + 1) * c], |x, d| x.to_acc() * d);
        }
    }

    /// dz = softmax · (value · dp − T) · leaky' for the entries `own` of a piece that starts with entry `from`.
    #[inline(always)]
    fn logit_gradients(&self, from: usize, piece: &Piece<E::Acc>, own: Range<usize>, sums: &[E::Acc], dz: &mut Sink<E::Acc>) {
        let heads = self.config.heads;
        for i in own {
            let k = from + i;
            let value = E::Acc::from_f64(self.s.view.value(k));
            let e = self.s.view.col[k] as usize;
            let totals = self.edge_totals.as_ref().map_or(sums, |t| &t[e * heads..(e + 1) * heads]);
            dz.extend(heads, |h| {
                let at = i * heads + h;
                let slope = if piece.logit[at] > E::Acc::ZERO { E::Acc::ONE } else { self.s.slope };
                piece.softmax[at] * (value * piece.dp[at] - totals[h]) * slope
            });
        }
    }
}
