//! CPU form: each block of sums is multiplied by Θ while it is in the cache; the gradients take Θ's products the same way.

use std::ops::Range;

use super::{Scales, ThetaSide, backward_side, choose_side};
use crate::aggregate::Weights;
use crate::aggregate::host::{scales, weigher};
use crate::csr::{CsrPair, Direction, View};
use crate::dense::{Matrix, block_rows, pass, pass_times, product, times, widened};
use crate::element::{Acc, Element};
use crate::lanes::{add, add1};
use crate::row_sum::RowSum;
use crate::rows::{Sink, fill_two};
use crate::schedule::{by_entries_at_most, even_of};

/// Gradients, as far as they were wanted.
#[derive(Debug, Clone)]
pub struct Gradients<E> {
    /// `[rows, F]`
    pub x: Option<Vec<E>>,
    /// `[F, O]`
    pub theta: Option<Vec<E>>,
    /// `[O]`
    pub bias: Option<Vec<E>>,
}

/// Which gradients are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// dX
    pub x: bool,
    /// dΘ
    pub theta: bool,
    /// dbias
    pub bias: bool,
}

/// The three scales in the type of sums.
struct Diagonals<A> {
    input: Option<Vec<A>>,
    middle: Option<Vec<A>>,
    output: Option<Vec<A>>,
}

impl<A> Diagonals<A> {
    fn new<E: Element<Acc = A>>(s: Scales<&[f64]>) -> Self {
        Self { input: s.input.map(scales::<E>), middle: s.middle.map(scales::<E>), output: s.output.map(scales::<E>) }
    }
}

/// s_r Σ_k h_k·t_col(k)·x_col(k) per row of `view`, for t = `input` and s = `output`.
fn sums<'a, E: Element>(
    view: View<'a>,
    x: &'a [E],
    width: usize,
    input: Option<&'a [E::Acc]>,
    output: Option<&'a [E::Acc]>,
) -> RowSum<'a, E, impl Fn(Range<usize>, Range<usize>, &mut [E::Acc]) + Sync + 'a> {
    RowSum::new(view, x, width, 1, output, weigher::<E>(view, Weights::Values, input))
}

/// Y `[rows, O]`; theta (`[F, O]`, O), bias (`[O]`, c `[rows]`).
pub fn hypergraph_conv<E: Element>(
    pair: &CsrPair,
    scales_: Scales<&[f64]>,
    x: &[E],
    f: usize,
    theta: Option<(&[E], usize)>,
    bias: Option<(&[E], Option<&[f64]>)>,
) -> Vec<E> {
    let d = Diagonals::new::<E>(scales_);
    let (mut wide_bias, mut wide_theta) = (Vec::new(), Vec::new());
    let bias = bias.map(|(b, c)| (widened(b, &mut wide_bias), c.map(scales::<E>)));
    let bias = bias.as_ref().map(|(b, c)| (*b, c.as_deref()));
    let (up, down) = (pair.view(Direction::ToCols), pair.view(Direction::ToRows));
    let (input, middle, output) = (d.input.as_deref(), d.middle.as_deref(), d.output.as_deref());
    let Some((theta, o)) = theta else {
        let e = pass(up.ptr, &sums(up, x, f, input, middle), f, None);
        return pass(down.ptr, &sums(down, &e, f, None, output), f, bias);
    };
    let theta = Matrix::new(widened(theta, &mut wide_theta), f, o);
    match choose_side(pair.rows(), pair.cols(), pair.nnz(), f, o) {
        ThetaSide::Input => {
            let xt = times(x, pair.rows(), theta);
            let e = pass(up.ptr, &sums(up, &xt, o, input, middle), o, None);
            pass(down.ptr, &sums(down, &e, o, None, output), o, bias)
        }
        ThetaSide::Middle => {
            let e = pass_times(up.ptr, &sums(up, x, f, input, middle), theta, None);
            pass(down.ptr, &sums(down, &e, o, None, output), o, bias)
        }
        ThetaSide::Output => {
            let e = pass(up.ptr, &sums(up, x, f, input, middle), f, None);
            pass_times(down.ptr, &sums(down, &e, f, None, output), theta, bias)
        }
    }
}

/// dY `[rows, O]` -> the wanted gradients; `c` is the scale of the bias.
pub fn hypergraph_conv_backward<E: Element>(
    pair: &CsrPair,
    scales_: Scales<&[f64]>,
    x: &[E],
    f: usize,
    theta: Option<(&[E], usize)>,
    c: Option<&[f64]>,
    dy: &[E],
    wanted: Wanted,
) -> Gradients<E> {
    let d = Diagonals::new::<E>(scales_);
    let o = theta.map_or(f, |t| t.1);
    let bias = wanted.bias.then(|| column_sums(dy, pair.rows(), o, c.map(scales::<E>).as_deref()));
    let (dx, dtheta) = match theta {
        None if !wanted.x => (None, None),
        Some(_) if !wanted.x && !wanted.theta => (None, None),
        None => (Some(smooth_transposed(pair, &d, dy, o)), None),
        Some((t, o)) => {
            let mut wide = Vec::new();
            let job = Job { pair, d: &d, x, theta: Matrix::new(widened(t, &mut wide), f, o), f, o, dy, wanted };
            let products = usize::from(wanted.x) + usize::from(wanted.theta);
            match backward_side(pair.rows(), pair.cols(), pair.nnz(), f, o, products) {
                ThetaSide::Middle => job.middle(),
                ThetaSide::Input | ThetaSide::Output => job.rows(),
            }
        }
    };
    Gradients { x: dx, theta: dtheta, bias }
}

/// S_in H S_mid H^T S_out dY
fn smooth_transposed<E: Element>(pair: &CsrPair, d: &Diagonals<E::Acc>, dy: &[E], o: usize) -> Vec<E> {
    let (up, down) = (pair.view(Direction::ToCols), pair.view(Direction::ToRows));
    let p = pass(up.ptr, &sums(up, dy, o, d.output.as_deref(), d.middle.as_deref()), o, None);
    pass(down.ptr, &sums(down, &p, o, None, d.input.as_deref()), o, None)
}

/// Σ_r c_r dy_r over fixed chunks of rows, added in order.
pub(crate) fn column_sums<E: Element>(dy: &[E], rows: usize, o: usize, c: Option<&[E::Acc]>) -> Vec<E> {
    let blocks = even_of(rows, rows.div_ceil(64).max(512));
    let nothing = |_| 0;
    let (_, _, parts) = fill_two(
        &blocks,
        nothing,
        nothing,
        #[inline(always)]
        |block, _: &mut Sink<()>, _: &mut Sink<()>| {
            let mut acc = vec![E::Acc::ZERO; o];
            for r in block {
                add1(&mut acc, &dy[r * o..(r + 1) * o], c.map_or(E::Acc::ONE, |c| c[r]));
            }
            acc
        },
    );
    in_order(parts, o).into_iter().map(E::from_acc).collect()
}

/// The sum of partial sums `[len]`, first to last.
pub(crate) fn in_order<A: Acc>(parts: Vec<Vec<A>>, len: usize) -> Vec<A> {
    let mut total = vec![A::ZERO; len];
    for part in &parts {
        add(&mut total, part);
    }
    total
}

/// Bounds of the private sums of dΘ: few enough that they stay within 32 MiB, and never dependent on the number of threads.
fn partials<E: Element>(f: usize, o: usize) -> usize {
    ((32 << 20) / (f * o * size_of::<E::Acc>()).max(1)).clamp(8, 64)
}

/// x^T g `[F, O]` for x `[rows, F]`, g `[rows, O]`, over fixed chunks of rows, added in order.
pub(crate) fn transposed_product<E: Element>(x: &[E], g: &[E], rows: usize, f: usize, o: usize) -> Vec<E> {
    let step = block_rows::<E::Acc>(f.max(o));
    let blocks = even_of(rows, rows.div_ceil(partials::<E>(f, o)).max(step));
    let nothing = |_| 0;
    let (_, _, parts) = fill_two(
        &blocks,
        nothing,
        nothing,
        #[inline(always)]
        |block, _: &mut Sink<()>, _: &mut Sink<()>| {
            let (mut sum, mut wide_x, mut wide_g) = (vec![E::Acc::ZERO; f * o], Vec::new(), Vec::new());
            for start in block.clone().step_by(step) {
                let end = block.end.min(start + step);
                let x = Matrix::new(widened(&x[start * f..end * f], &mut wide_x), end - start, f);
                let g = Matrix::new(widened(&g[start * o..end * o], &mut wide_g), end - start, o);
                product(&mut sum, x.t(), g, true);
            }
            sum
        },
    );
    in_order(parts, f * o).into_iter().map(E::from_acc).collect()
}

/// A backward pass with a weight.
struct Job<'a, E: Element> {
    pair: &'a CsrPair,
    d: &'a Diagonals<E::Acc>,
    x: &'a [E],
    theta: Matrix<'a, E::Acc>,
    f: usize,
    o: usize,
    dy: &'a [E],
    wanted: Wanted,
}

impl<E: Element> Job<'_, E> {
    fn theta_from(&self, parts: Vec<Vec<E::Acc>>) -> Option<Vec<E>> {
        self.wanted.theta.then(|| in_order(parts, self.f * self.o).into_iter().map(E::from_acc).collect())
    }

    fn blocks(&self, ptr: &[u32], entry_bytes: usize) -> Vec<Range<usize>> {
        let limit = if self.wanted.theta { partials::<E>(self.f, self.o) } else { usize::MAX };
        by_entries_at_most(ptr, entry_bytes, self.f * self.o / 4, limit)
    }

    /// With E = H^T S_in X and P = S_mid H^T S_out dY per block of hyperedges: dΘ = E^T P, Q = P Θ^T; then dX = S_in H Q.
    fn middle(&self) -> (Option<Vec<E>>, Option<Vec<E>>) {
        let (f, o, wanted) = (self.f, self.o, self.wanted);
        let (up, down) = (self.pair.view(Direction::ToCols), self.pair.view(Direction::ToRows));
        let p_sums = sums(up, self.dy, o, self.d.output.as_deref(), self.d.middle.as_deref());
        let none = View { ptr: &[0], col: &[], values: None, canonical: None, cols: up.cols };
        let e_sums = sums(if wanted.theta { up } else { none }, self.x, f, self.d.input.as_deref(), None);
        let blocks = self.blocks(up.ptr, p_sums.entry_bytes() + e_sums.entry_bytes());
        let step = block_rows::<E::Acc>(f.max(o));
        let q_len = |r: usize| if wanted.x { r * f } else { 0 };
        let (q, _, parts) = fill_two(
            &blocks,
            q_len,
            |_| 0,
            #[inline(always)]
            |block, sink: &mut Sink<E>, _: &mut Sink<()>| {
                let mut dtheta = vec![E::Acc::ZERO; if wanted.theta { f * o } else { 0 }];
                let (mut p, mut weights, mut scratch) = (vec![E::Acc::ZERO; step * o], Vec::new(), Vec::new());
                let mut e = vec![E::Acc::ZERO; if wanted.theta { step * f } else { 0 }];
                for start in block.clone().step_by(step) {
                    let n = step.min(block.end - start);
                    p_sums.rows(start..start + n, &mut p[..n * o], &mut weights);
                    let p = Matrix::new(&p[..n * o], n, o);
                    if wanted.theta {
                        e_sums.rows(start..start + n, &mut e[..n * f], &mut weights);
                        product(&mut dtheta, Matrix::new(&e[..n * f], n, f).t(), p, true);
                    }
                    if wanted.x {
                        sink.sums(n * f, &mut scratch, |q| product(q, p, self.theta.t(), false));
                    }
                }
                dtheta
            },
        );
        let dx = wanted.x.then(|| pass(down.ptr, &sums(down, &q, f, None, self.d.input.as_deref()), f, None));
        (dx, self.theta_from(parts))
    }

    /// With G = S_in H S_mid H^T S_out dY per block of nodes: dX = G Θ^T, dΘ = X^T G.
    fn rows(&self) -> (Option<Vec<E>>, Option<Vec<E>>) {
        let (f, o, wanted) = (self.f, self.o, self.wanted);
        let (up, down) = (self.pair.view(Direction::ToCols), self.pair.view(Direction::ToRows));
        let p = pass(up.ptr, &sums(up, self.dy, o, self.d.output.as_deref(), self.d.middle.as_deref()), o, None);
        let g_sums = sums(down, &p, o, None, self.d.input.as_deref());
        let blocks = self.blocks(down.ptr, g_sums.entry_bytes());
        let step = block_rows::<E::Acc>(f.max(o));
        let dx_len = |r: usize| if wanted.x { r * f } else { 0 };
        let (dx, _, parts) = fill_two(
            &blocks,
            dx_len,
            |_| 0,
            #[inline(always)]
            |block, sink: &mut Sink<E>, _: &mut Sink<()>| {
                let mut dtheta = vec![E::Acc::ZERO; if wanted.theta { f * o } else { 0 }];
                let (mut g, mut weights, mut wide, mut scratch) = (vec![E::Acc::ZERO; step * o], Vec::new(), Vec::new(), Vec::new());
                for start in block.clone().step_by(step) {
                    let n = step.min(block.end - start);
                    g_sums.rows(start..start + n, &mut g[..n * o], &mut weights);
                    let g = Matrix::new(&g[..n * o], n, o);
                    if wanted.theta {
                        let x = widened(&self.x[start * f..(start + n) * f], &mut wide);
                        product(&mut dtheta, Matrix::new(x, n, f).t(), g, true);
                    }
                    if wanted.x {
                        sink.sums(n * f, &mut scratch, |dx| product(dx, g, self.theta.t(), false));
                    }
                }
                dtheta
            },
        );
        (wanted.x.then_some(dx), self.theta_from(parts))
    }
}
