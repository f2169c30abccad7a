//! A plain loop: the definition of the op.

/// x `[n]` -> y `[n + 1]`.
pub fn scan(x: &[u32]) -> Vec<u32> {
    let mut y = vec![0u32];
    for &x in x {
        y.push(y[y.len() - 1].wrapping_add(x));
    }
    y
}
