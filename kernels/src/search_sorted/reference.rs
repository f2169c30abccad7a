//! A plain count: the definition of the op.

use super::Side;

/// x `[n]`, needles `[m]` -> y `[m]`.
pub fn search_sorted(x: &[u32], needles: &[u32], side: Side) -> Vec<u32> {
    let before = |needle: u32| x.iter().filter(|&&x| if side == Side::Left { x < needle } else { x <= needle }).count();
    needles.iter().map(|&needle| before(needle) as u32).collect()
}

/// x `[n]`, low, high, needles `[m]` -> y, end `[m]`.
pub fn search_ranges(x: &[u32], low: &[u32], high: &[u32], needles: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let within = |i: usize, holds: &dyn Fn(u32) -> bool| low[i] + (low[i]..high[i]).filter(|&j| holds(x[j as usize])).count() as u32;
    let places = |right: bool| (0..needles.len()).map(|i| within(i, &|x| x < needles[i] || (right && x == needles[i]))).collect();
    (places(false), places(true))
}
