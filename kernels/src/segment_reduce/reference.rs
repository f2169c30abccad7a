//! Plain loops: the definition of the op.

use super::Fold;

/// ptr `[s + 1]`, x `[n]` -> y `[s]`.
pub fn segment_reduce(ptr: &[u32], x: &[u32], fold: Fold) -> Vec<u32> {
    ptr.windows(2).map(|p| x[p[0] as usize..p[1] as usize].iter().fold(fold.start(), |a, &b| fold.both(a, b))).collect()
}
