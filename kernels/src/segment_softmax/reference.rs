//! Plain loops in double precision: the definition of the op.

use crate::csr::View;

/// s `[nnz, Hd]` -> p `[nnz, Hd]`.
pub fn segment_softmax(view: &View, s: &[f64], heads: usize) -> Vec<f64> {
    let mut p = vec![0.0; s.len()];
    for r in 0..view.rows() {
        for h in 0..heads {
            let at = |k: usize| view.position(k) * heads + h;
            let max = view.range(r).map(|k| s[at(k)]).fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = view.range(r).map(|k| (s[at(k)] - max).exp()).sum();
            for k in view.range(r) {
                p[at(k)] = (s[at(k)] - max).exp() / sum;
            }
        }
    }
    p
}

/// p, dp `[nnz, Hd]` -> ds `[nnz, Hd]`.
pub fn segment_softmax_backward(view: &View, p: &[f64], dp: &[f64], heads: usize) -> Vec<f64> {
    let mut ds = vec![0.0; p.len()];
    for r in 0..view.rows() {
        for h in 0..heads {
            let at = |k: usize| view.position(k) * heads + h;
            let dot: f64 = view.range(r).map(|k| p[at(k)] * dp[at(k)]).sum();
            for k in view.range(r) {
                ds[at(k)] = p[at(k)] * (dp[at(k)] - dot);
            }
        }
    }
    ds
}
