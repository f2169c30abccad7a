//! Plain loops: the definition of the op.

/// low, high `[n]` -> (row `[T]`, position `[T]`).
pub fn extend(low: &[u32], high: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let all = low.iter().zip(high).enumerate().flat_map(|(i, (&low, &high))| (low..high).map(move |p| (i as u32, p)));
    all.unzip()
}
