//! A plain count: the definition of the op.

use super::Side;

/// x `[n]`, needles `[m]` -> y `[m]`.
pub fn search_sorted(x: &[u32], needles: &[u32], side: Side) -> Vec<u32> {
    let before = |needle: u32| x.iter().filter(|&&x| if side == Side::Left { x < needle } else { x <= needle }).count();
    needles.iter().map(|&needle| before(needle) as u32).collect()
}
