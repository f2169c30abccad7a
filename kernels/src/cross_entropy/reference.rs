//! Plain loops in double precision: the definition of the op.

use super::NO_TARGET;

/// m and Σ exp(x − m) of a row.
fn statistics(x: &[f64]) -> (f64, f64) {
    let m = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (m, x.iter().map(|x| (x - m).exp()).sum())
}

/// x `[T, V]`, targets `[T]` -> y `[T]`.
pub fn cross_entropy(x: &[f64], targets: &[u32]) -> Vec<f64> {
    let classes = x.len() / targets.len().max(1);
    let row = |(t, &target): (usize, &u32)| {
        if target == NO_TARGET {
            return 0.0;
        }
        let x = &x[t * classes..(t + 1) * classes];
        let (m, sum) = statistics(x);
        m + sum.ln() - x[target as usize]
    };
    targets.iter().enumerate().map(row).collect()
}

/// dy `[T]` -> dx `[T, V]`.
pub fn cross_entropy_backward(x: &[f64], targets: &[u32], dy: &[f64]) -> Vec<f64> {
    let classes = x.len() / targets.len().max(1);
    let mut dx = vec![0.0; x.len()];
    for (t, &target) in targets.iter().enumerate().filter(|t| *t.1 != NO_TARGET) {
        let row = &x[t * classes..(t + 1) * classes];
        let (m, sum) = statistics(row);
        for v in 0..classes {
            let p = (row[v] - m).exp() / sum;
            dx[t * classes + v] = dy[t] * (p - if v == target as usize { 1.0 } else { 0.0 });
        }
    }
    dx
}
