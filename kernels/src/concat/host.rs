//! CPU form: two copies.

/// x `[n]`, y `[m]` -> z `[n + m]`.
pub fn concat(x: &[u32], y: &[u32]) -> Vec<u32> {
    [x, y].concat()
}
