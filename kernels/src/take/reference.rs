//! A plain loop: the definition of the op.

use super::NONE;

/// x `[n]`, index `[m]` -> y `[m]`.
pub fn take(x: &[u32], index: &[u32]) -> Vec<u32> {
    index.iter().map(|&i| x.get(i as usize).copied().unwrap_or(NONE)).collect()
}
