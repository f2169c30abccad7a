//! A plain loop: the definition of the op.

/// x `[n]` ascending -> (y `[t]`, ptr `[t + 1]`).
pub fn distinct(x: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let (mut y, mut ptr) = (vec![], vec![]);
    for (i, &x) in x.iter().enumerate() {
        if y.last() != Some(&x) {
            y.push(x);
            ptr.push(i as u32);
        }
    }
    ptr.push(x.len() as u32);
    (y, ptr)
}
