//! CPU form: the log-sum-exp of each segment first (it reads only a and b), then passes whose coefficients are made from it row by row.

use std::ops::Range;

use super::AttentionConfig;
use crate::aggregate::host::scales;
use crate::csr::{CsrPair, Direction, View};
use crate::dense::{Finish, pass, to_acc};
use crate::element::{Acc, Element};
use crate::lanes::{add, dot, dot_by};
use crate::row_sum::{RowSum, fetch, sum_rows};
use crate::rows::{Sink, fill, fill_two};
use crate::schedule::{Hubs, PIECE, by_entries, even};
use crate::simd::dispatch;

/// Inputs of the op.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a, E> {
    /// [rows, Hd·C]
    pub x: &'a [E],
    /// [rows, Hd]
    pub a: &'a [E],
    /// [cols, Hd]
    pub b: &'a [E],
    /// u [rows]
    pub row_scale: Option<&'a [f64]>,
    /// t [cols]
    pub col_scale: Option<&'a [f64]>,
}

/// Results of the forward pass.
#[derive(Debug, Clone)]
pub struct Output<E: Element> {
    /// O [rows, Hd·C]
    pub out: Vec<E>,
    /// Y [cols, Hd·C]
    pub edge: Vec<E>,
    /// L [rows or cols, Hd]
    pub lse: Vec<E::Acc>,
}

/// What the backward pass reads of the forward pass.
#[derive(Debug, Clone, Copy)]
pub struct Saved<'a, E: Element> {
    /// O [rows, Hd·C]
    pub out: &'a [E],
    /// Y [cols, Hd·C]
    pub edge: &'a [E],
    /// L [rows or cols, Hd]
    pub lse: &'a [E::Acc],
}

/// The scores of one direction: the rows of `view` have logits `own`, its columns `other`, and one of the two has the segments.
#[derive(Clone, Copy)]
struct Scores<'a, A> {
    view: View<'a>,
    own: &'a [A],
    other: &'a [A],
    lse: &'a [A],
    segments_are_rows: bool,
    heads: usize,
    slope: A,
}

impl<A: Acc> Scores<'_, A> {
    /// out [entries, heads] = a + b
    #[inline(always)]
    fn logits(&self, row: usize, entries: Range<usize>, out: &mut [A]) {
        let heads = self.heads;
        let own = &self.own[row * heads..(row + 1) * heads];
        for (out, &c) in out.chunks_exact_mut(heads).zip(&self.view.col[entries]) {
            let other = &self.other[c as usize * heads..(c as usize + 1) * heads];
            for ((o, &a), &b) in out.iter_mut().zip(own).zip(other) {
                *o = a + b;
            }
        }
    }

    #[inline(always)]
    fn leaky(&self, z: A) -> A {
        if z > A::ZERO { z } else { self.slope * z }
    }

    /// out [entries, heads]: logits -> softmax, exp(leaky(z) − L)
    #[inline(always)]
    fn softmax_of_logits(&self, row: usize, entries: Range<usize>, out: &mut [A]) {
        let heads = self.heads;
        if self.segments_are_rows {
            let lse = &self.lse[row * heads..(row + 1) * heads];
            for out in out.chunks_exact_mut(heads) {
                for (o, &l) in out.iter_mut().zip(lse) {
                    *o = self.leaky(*o) - l;
                }
            }
        } else {
            for (out, &c) in out.chunks_exact_mut(heads).zip(&self.view.col[entries]) {
                let lse = &self.lse[c as usize * heads..(c as usize + 1) * heads];
                for (o, &l) in out.iter_mut().zip(lse) {
                    *o = self.leaky(*o) - l;
                }
            }
        }
        for o in out {
            *o = o.exp();
        }
    }

    /// out [entries, heads] *= constant value · factor of the column
    #[inline(always)]
    fn apply(&self, entries: Range<usize>, column: Option<&[A]>, out: &mut [A]) {
        if let Some(values) = self.view.values {
            for (out, &v) in out.chunks_exact_mut(self.heads).zip(&values[entries.clone()]) {
                crate::lanes::scale(out, A::from_f64(v));
            }
        }
        if let Some(column) = column {
            for (out, &c) in out.chunks_exact_mut(self.heads).zip(&self.view.col[entries]) {
                crate::lanes::scale(out, column[c as usize]);
            }
        }
    }

    /// out [entries, heads] = p · factor of the column
    #[inline(never)]
    fn coefficients(&self, row: usize, entries: Range<usize>, column: Option<&[A]>, out: &mut [A]) {
        dispatch(
            #[inline(always)]
            || {
                self.logits(row, entries.clone(), out);
                self.softmax_of_logits(row, entries.clone(), out);
                self.apply(entries, column, out);
            },
        );
    }

    /// logit, softmax and p · factor of the column, each [entries, heads]
    #[inline(never)]
    fn all(&self, row: usize, entries: Range<usize>, column: Option<&[A]>, logit: &mut [A], softmax: &mut [A], weight: &mut [A]) {
        dispatch(
            #[inline(always)]
            || {
                self.logits(row, entries.clone(), logit);
                softmax.copy_from_slice(logit);
                self.softmax_of_logits(row, entries.clone(), softmax);
                weight.copy_from_slice(softmax);
                self.apply(entries, column, weight);
            },
        );
    }
}

/// Everything in the type of sums, and the scores of both directions.
struct Prepared<A> {
    a: Vec<A>,
    b: Vec<A>,
    u: Option<Vec<A>>,
    t: Option<Vec<A>>,
}

impl<A: Acc> Prepared<A> {
    fn new<E: Element<Acc = A>>(i: &Inputs<E>) -> Self {
        Self { a: to_acc(i.a), b: to_acc(i.b), u: i.row_scale.map(scales::<E>), t: i.col_scale.map(scales::<E>) }
    }

    fn scores<'a>(&'a self, pair: &'a CsrPair, direction: Direction, config: AttentionConfig, lse: &'a [A]) -> Scores<'a, A> {
        let (own, other) = match direction {
            Direction::ToCols => (&self.b, &self.a),
            Direction::ToRows => (&self.a, &self.b),
        };
        Scores {
            view: pair.view(direction),
            own,
            other,
            lse,
            segments_are_rows: config.normalise == direction,
            heads: config.heads,
            slope: A::from_f64(config.slope),
        }
    }
}

/// L [segments, heads]: max + ln Σ exp(s − max), −∞ for a segment without entries.
fn log_sum_exp<A: Acc>(s: &Scores<A>) -> Vec<A> {
    let heads = s.heads;
    let blocks = by_entries(s.view.ptr, heads * 8 * size_of::<A>(), heads * size_of::<A>());
    fill(
        &blocks,
        |r| r * heads,
        #[inline(always)]
        |block, sink: &mut Sink<A>| {
            let (mut z, mut max, mut sum) = (Vec::new(), vec![A::ZERO; heads], vec![A::ZERO; heads]);
            for r in block {
                let entries = s.view.range(r);
                let n = entries.len() * heads;
                z.resize(n.max(z.len()), A::ZERO);
                let z = &mut z[..n];
                s.logits(r, entries, z);
                max.fill(A::NEG_INFINITY);
                for z in z.chunks_exact_mut(heads) {
                    for (z, m) in z.iter_mut().zip(&mut max) {
                        *z = s.leaky(*z);
                        *m = if *z > *m { *z } else { *m };
                    }
                }
                for z in z.chunks_exact_mut(heads) {
                    for (z, &m) in z.iter_mut().zip(&max) {
                        *z = *z - m;
                    }
                }
                z.iter_mut().for_each(|z| *z = z.exp());
                sum.fill(A::ZERO);
                z.chunks_exact(heads).for_each(|z| add(&mut sum, z));
                sink.extend(heads, |h| max[h] + sum[h].ln());
            }
        },
    )
}

/// row scale · Σ_k p_k · column factor · x_col(k)
fn weighted_pass<E: Element>(s: &Scores<E::Acc>, x: &[E], width: usize, row: Option<&[E::Acc]>, column: Option<&[E::Acc]>) -> Vec<E> {
    let sums = RowSum::new(
        s.view,
        x,
        width,
        s.heads,
        Some(|r: usize, entries: Range<usize>, w: &mut [E::Acc]| s.coefficients(r, entries, column, w)),
    );
    pass(s.view.ptr, &sums, width, &Finish { scale: row, bias: None })
}

/// The forward pass.
pub fn hypergraph_attention<E: Element>(pair: &CsrPair, config: AttentionConfig, i: Inputs<E>) -> Output<E> {
    let width = config.heads * config.head_width;
    let p = Prepared::new(&i);
    if config.heads == 0 {
        return Output { out: vec![], edge: vec![], lse: vec![] };
    }
    let lse = log_sum_exp(&p.scores(pair, config.normalise, config, &[]));
    let edge = weighted_pass(&p.scores(pair, Direction::ToCols, config, &lse), i.x, width, p.t.as_deref(), None);
    let out = weighted_pass(&p.scores(pair, Direction::ToRows, config, &lse), &edge, width, p.u.as_deref(), None);
    Output { out, edge, lse }
}

/// dO [rows, Hd·C] -> (dx [rows, Hd·C], da [rows, Hd], db [cols, Hd]).
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
    let g = weighted_pass(&p.scores(pair, Direction::ToCols, config, saved.lse), dout, width, None, p.u.as_deref());
    let s = p.scores(pair, Direction::ToRows, config, saved.lse);
    let edge_totals = (!s.segments_are_rows).then(|| twice_head_dots(saved.edge, &g, pair.cols(), config));
    let back = Backward { s, p: &p, config, edge_totals, x: i.x, edge: saved.edge, out: saved.out, g: &g, dout };
    let (dx, dz) = back.nodes();
    let rows = pair.view(Direction::ToRows);
    (dx, entry_sums(&rows, &dz, heads), entry_sums(&pair.view(Direction::ToCols), &dz, heads))
}

/// 2 ⟨y, g⟩ per row and head, [rows, Hd].
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

/// Sums per row of `view` of an array [nnz, heads] in row-major order of the matrix.
fn entry_sums<E: Element>(view: &View, dz: &[E::Acc], heads: usize) -> Vec<E> {
    let blocks = by_entries(view.ptr, heads * size_of::<E::Acc>() + 4, heads * size_of::<E>());
    fill(
        &blocks,
        |r| r * heads,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            let mut sum = vec![E::Acc::ZERO; heads];
            for r in block {
                sum.fill(E::Acc::ZERO);
                for k in view.range(r) {
                    let at = view.position(k) * heads;
                    add(&mut sum, &dz[at..at + heads]);
                }
                sink.round(&sum);
            }
        },
    )
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

/// Scratch of a row or a piece of one, each [entries, heads] but dx [Hd·C].
struct Piece<A> {
    softmax: Vec<A>,
    weight: Vec<A>,
    logit: Vec<A>,
    dp: Vec<A>,
    dx: Vec<A>,
}

impl<A: Acc> Piece<A> {
    fn new(width: usize) -> Self {
        Self { softmax: vec![], weight: vec![], logit: vec![], dp: vec![], dx: vec![A::ZERO; width] }
    }

    #[inline(always)]
    fn resize(&mut self, n: usize) {
        for v in [&mut self.softmax, &mut self.weight, &mut self.logit, &mut self.dp] {
            v.resize(n, A::ZERO);
        }
        self.dx.fill(A::ZERO);
    }
}

impl<E: Element> Backward<'_, E> {
    /// dx [rows, Hd·C] and the gradients of the logits, [nnz, Hd].
    fn nodes(&self) -> (Vec<E>, Vec<E::Acc>) {
        let view = self.s.view;
        let heads = self.config.heads;
        let width = heads * self.config.head_width;
        let hubs = Hubs::new(
            &view,
            #[inline(always)]
            |row, entries| {
                let mut piece = Piece::new(width);
                self.piece(row, entries, &mut piece);
                piece
            },
        );
        let blocks = by_entries(view.ptr, 2 * width * size_of::<E>() + heads * 32, 4 * width * size_of::<E>());
        let (dx, dz, _) = fill_two(
            &blocks,
            |r| r * width,
            |r| view.ptr[r] as usize * heads,
            #[inline(always)]
            |block, dx: &mut Sink<E>, dz: &mut Sink<E::Acc>| {
                let mut own = Piece::new(width);
                let mut sums = vec![E::Acc::ZERO; heads];
                for r in block {
                    let entries = view.range(r);
                    if entries.len() > PIECE {
                        let parts = hubs.of(r).unwrap_or_default();
                        own.dx.fill(E::Acc::ZERO);
                        parts.iter().for_each(|p| add(&mut own.dx, &p.dx));
                        self.segment_sums(r, &own.dx, &mut sums);
                        let mut start = entries.start;
                        for part in parts {
                            let n = part.dp.len() / heads;
                            self.logit_gradients(start..start + n, part, &sums, dz);
                            start += n;
                        }
                    } else {
                        self.piece(r, entries.clone(), &mut own);
                        self.segment_sums(r, &own.dx, &mut sums);
                        self.logit_gradients(entries, &own, &sums, dz);
                    }
                    dx.round(&own.dx);
                }
            },
        );
        (dx, dz)
    }

    /// dx = Σ p t_e G_e and dp = u ⟨dO, Y_e⟩ + t_e ⟨x, G_e⟩ for some entries of a node.
    #[inline(never)]
    fn piece(&self, row: usize, entries: Range<usize>, piece: &mut Piece<E::Acc>) {
        let (heads, c) = (self.config.heads, self.config.head_width);
        let width = heads * c;
        piece.resize(entries.len() * heads);
        let t = self.p.t.as_deref();
        self.s.all(row, entries.clone(), t, &mut piece.logit, &mut piece.softmax, &mut piece.weight);
        let u = self.p.u.as_ref().map_or(E::Acc::ONE, |u| u[row]);
        let (x, dout) = (&self.x[row * width..(row + 1) * width], &self.dout[row * width..(row + 1) * width]);
        let view = &self.s.view;
        dispatch(
            #[inline(always)]
            || {
                for (k, dp) in entries.clone().zip(piece.dp.chunks_exact_mut(heads)) {
                    fetch(view, self.edge, width, k..k + 1);
                    fetch(view, self.g, width, k..k + 1);
                    let e = view.col[k] as usize;
                    let t = t.map_or(E::Acc::ONE, |t| t[e]);
                    let (y, g) = (&self.edge[e * width..(e + 1) * width], &self.g[e * width..(e + 1) * width]);
                    for (h, dp) in dp.iter_mut().enumerate() {
                        let lanes = h * c..(h + 1) * c;
                        *dp = u * dot(&dout[lanes.clone()], &y[lanes.clone()]) + t * dot(&x[lanes.clone()], &g[lanes]);
                    }
                }
            },
        );
        sum_rows(view, self.g, entries, &mut piece.dx, heads, Some(&piece.weight));
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

    /// dz = softmax · (value · dp − T) · leaky'
    #[inline(always)]
    fn logit_gradients(&self, entries: Range<usize>, piece: &Piece<E::Acc>, sums: &[E::Acc], dz: &mut Sink<E::Acc>) {
        let heads = self.config.heads;
        for (i, k) in entries.enumerate() {
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
