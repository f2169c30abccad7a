//! A stable sort: the definition of the op.

/// keys `[n]` -> positions `[min(k, n)]`.
pub fn top_k(keys: &[u32], k: usize) -> Vec<u32> {
    let mut positions: Vec<u32> = (0..keys.len() as u32).collect();
    positions.sort_by_key(|&i| std::cmp::Reverse(keys[i as usize]));
    positions.truncate(k);
    positions
}
