//! Plain loops in double precision: the definition of the op.

/// x `[I, F]`, index `[I]` -> y `[N, F]`.
pub fn scatter_add(index: &[u32], n: usize, x: &[f64], width: usize) -> Vec<f64> {
    let mut y = vec![0.0; n * width];
    for (i, &r) in index.iter().enumerate() {
        for f in 0..width {
            y[r as usize * width + f] += x[i * width + f];
        }
    }
    y
}
