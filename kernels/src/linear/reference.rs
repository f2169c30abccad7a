//! Plain loops in double precision: the definition of the op.

/// x `[N, I]`, w `[O, I]` -> y `[N, O]`.
pub fn linear(x: &[f64], w: &[f64], [rows, inputs, outputs]: [usize; 3]) -> Vec<f64> {
    let mut y = Vec::with_capacity(rows * outputs);
    for n in 0..rows {
        for o in 0..outputs {
            y.push((0..inputs).map(|k| x[n * inputs + k] * w[o * inputs + k]).sum());
        }
    }
    y
}
