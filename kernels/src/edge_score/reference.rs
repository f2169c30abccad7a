//! Plain loops in double precision: the definition of the op.

use crate::csr::View;

/// leaky_relu(z, slope); 0 counts as negative, as in PyTorch.
pub fn leaky_relu(z: f64, slope: f64) -> f64 {
    if z > 0.0 { z } else { slope * z }
}

/// d leaky_relu / dz.
pub fn leaky_slope(z: f64, slope: f64) -> f64 {
    if z > 0.0 { 1.0 } else { slope }
}

/// a `[rows, Hd]`, b `[cols, Hd]` -> s `[nnz, Hd]` in row-major order of the matrix.
pub fn edge_score(view: &View, a: &[f64], b: &[f64], heads: usize, slope: f64) -> Vec<f64> {
    let mut s = vec![0.0; view.nnz() * heads];
    for r in 0..view.rows() {
        for k in view.range(r) {
            for h in 0..heads {
                let z = a[r * heads + h] + b[view.col[k] as usize * heads + h];
                s[view.position(k) * heads + h] = leaky_relu(z, slope);
            }
        }
    }
    s
}

/// ds `[nnz, Hd]` -> (da `[rows, Hd]`, db `[cols, Hd]`).
pub fn edge_score_backward(view: &View, a: &[f64], b: &[f64], heads: usize, slope: f64, ds: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut da, mut db) = (vec![0.0; a.len()], vec![0.0; b.len()]);
    for r in 0..view.rows() {
        for k in view.range(r) {
            for h in 0..heads {
                let (i, j) = (r * heads + h, view.col[k] as usize * heads + h);
                let u = ds[view.position(k) * heads + h] * leaky_slope(a[i] + b[j], slope);
                da[i] += u;
                db[j] += u;
            }
        }
    }
    (da, db)
}
