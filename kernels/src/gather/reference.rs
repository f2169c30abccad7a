//! Plain loops in double precision: the definition of the op.

/// x `[N, F]`, index `[I]` -> y `[I, F]`.
pub fn gather(index: &[u32], x: &[f64], width: usize) -> Vec<f64> {
    index.iter().flat_map(|&i| x[i as usize * width..(i as usize + 1) * width].to_vec()).collect()
}
