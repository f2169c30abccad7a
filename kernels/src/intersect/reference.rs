//! Plain loops: the definition of the op.

/// a `[n]`, b `[m]` -> the positions of what both have, in a and in b.
pub fn intersect(a: &[u32], b: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let of = |x: u32| b.iter().position(|&y| y == x);
    a.iter().enumerate().filter_map(|(i, &x)| of(x).map(|j| (i as u32, j as u32))).unzip()
}
