//! A plain loop: the definition of the op.

/// x `[n]`, y `[m]` -> z `[n + m]`.
pub fn concat(x: &[u32], y: &[u32]) -> Vec<u32> {
    x.iter().chain(y).copied().collect()
}
