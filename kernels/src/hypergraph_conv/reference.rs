//! Plain loops in double precision: the definition of the op.

use super::Scales;
use crate::aggregate::reference::aggregate;
use crate::aggregate::{Fold, Reduce, Weights};
use crate::csr::{CsrPair, Direction};

/// Dense product a `[m, k]` · b `[k, n]`.
pub fn matmul(a: &[f64], b: &[f64], m: usize, k: usize, n: usize) -> Vec<f64> {
    let mut y = vec![0.0; m * n];
    for i in 0..m {
        for j in 0..n {
            y[i * n + j] = (0..k).map(|l| a[i * k + l] * b[l * n + j]).sum();
        }
    }
    y
}

fn transpose(a: &[f64], m: usize, n: usize) -> Vec<f64> {
    (0..n * m).map(|i| a[(i % m) * n + i / m]).collect()
}

/// S_out H S_mid H^T S_in X for X `[rows, width]`.
pub fn smooth(pair: &CsrPair, scales: Scales<&[f64]>, x: &[f64], width: usize) -> Vec<f64> {
    let first = Fold { input_scale: scales.input, output_scale: scales.middle, bias: None };
    let e = aggregate(&pair.view(Direction::ToCols), Reduce::Sum, x, width, Weights::Values, first);
    let second = Fold { output_scale: scales.output, ..Fold::default() };
    aggregate(&pair.view(Direction::ToRows), Reduce::Sum, &e, width, Weights::Values, second)
}

/// Bias `[O]` with its optional row scale c `[rows]`.
pub type Bias<'a> = Option<(&'a [f64], Option<&'a [f64]>)>;

/// Y `[rows, O]`; theta `[F, O]`.
pub fn hypergraph_conv(
    pair: &CsrPair,
    scales: Scales<&[f64]>,
    x: &[f64],
    f: usize,
    theta: Option<(&[f64], usize)>,
    bias: Bias,
) -> Vec<f64> {
    let (xt, o) = match theta {
        Some((t, o)) => (matmul(x, t, pair.rows(), f, o), o),
        None => (x.to_vec(), f),
    };
    let mut y = smooth(pair, scales, &xt, o);
    if let Some((b, c)) = bias {
        for r in 0..pair.rows() {
            for j in 0..o {
                y[r * o + j] += b[j] * c.map_or(1.0, |c| c[r]);
            }
        }
    }
    y
}

/// dY `[rows, O]` -> (dX `[rows, F]`, dΘ `[F, O]` (empty without Θ), dbias `[O]`); `c` is the scale of the bias.
pub fn hypergraph_conv_backward(
    pair: &CsrPair,
    scales: Scales<&[f64]>,
    x: &[f64],
    f: usize,
    theta: Option<(&[f64], usize)>,
    c: Option<&[f64]>,
    dy: &[f64],
) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (n, o) = (pair.rows(), theta.map_or(f, |t| t.1));
    let g = smooth(pair, scales.transposed(), dy, o);
    let (dx, dtheta) = match theta {
        Some((t, o)) => (matmul(&g, &transpose(t, f, o), n, o, f), matmul(&transpose(x, n, f), &g, f, n, o)),
        None => (g, vec![]),
    };
    let dbias = (0..o).map(|j| (0..n).map(|r| c.map_or(1.0, |c| c[r]) * dy[r * o + j]).sum()).collect();
    (dx, dtheta, dbias)
}
