//! Plain loops in double precision: the definition of the op.

use super::Mask;

/// x `[n]` -> y `[n]`.
pub fn dropout(x: &[f64], mask: Mask) -> Vec<f64> {
    x.iter().enumerate().map(|(i, &v)| if mask.keeps(i as u64) { v * mask.scale } else { 0.0 }).collect()
}
