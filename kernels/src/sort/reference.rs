//! The standard library's stable sort: the definition of the op.

/// keys `[n]`, payload `[n]` -> both in ascending order of the keys; equal keys stay in order.
pub fn sort<K: Copy + Ord>(keys: &[K], payload: &[u32]) -> (Vec<K>, Vec<u32>) {
    let mut pairs: Vec<(K, u32)> = keys.iter().copied().zip(payload.iter().copied()).collect();
    pairs.sort_by_key(|pair| pair.0);
    pairs.into_iter().unzip()
}
