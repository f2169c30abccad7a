//! Plain loops: the definition of the op.

use std::ops::Range;

use super::Test;

/// x, z `[n]` -> flag `[n]`.
pub fn pairs(x: &[u32], z: &[u32], test: Test) -> Vec<u32> {
    (0..x.len()).map(|i| u32::from(test.holds(x[i], z[i]))).collect()
}

/// x `[n]` -> flag `[n]`.
pub fn within(x: &[u32], range: Range<u32>) -> Vec<u32> {
    x.iter().map(|x| u32::from(range.contains(x))).collect()
}

/// x `[n]` -> flag `[n]`.
pub fn firsts(x: &[u32]) -> Vec<u32> {
    (0..x.len()).map(|i| u32::from(i == 0 || x[i] != x[i - 1])).collect()
}
