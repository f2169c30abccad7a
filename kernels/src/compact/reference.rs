//! A plain loop: the definition of the op.

/// x, flag `[n]` -> y `[t]`.
pub fn compact(x: &[u32], flag: &[u32]) -> Vec<u32> {
    x.iter().zip(flag).filter(|(_, flag)| **flag != 0).map(|(x, _)| *x).collect()
}
