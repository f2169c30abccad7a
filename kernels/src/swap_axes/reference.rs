//! Plain loops in double precision: the definition of the op.

/// x `[S, A, B, D]` -> y `[S, B, A, D]`.
pub fn swap_axes(x: &[f64], [outer, first, second, width]: [usize; 4]) -> Vec<f64> {
    let mut y = Vec::with_capacity(x.len());
    for s in 0..outer {
        for b in 0..second {
            for a in 0..first {
                for d in 0..width {
                    y.push(x[((s * first + a) * second + b) * width + d]);
                }
            }
        }
    }
    y
}
