//! CPU form: the shorter set is looked up in the longer one, in parallel blocks.

use crate::compact::host::kept;
use crate::search_sorted::{Side, host::search_sorted};

/// a `[n]`, b `[m]`, both strictly ascending -> the positions of what both have, in a and in b.
pub fn intersect(a: &[u32], b: &[u32]) -> (Vec<u32>, Vec<u32>) {
    if a.len() > b.len() {
        let (of_b, of_a) = intersect(b, a);
        return (of_a, of_b);
    }
    let place = search_sorted(b, a, Side::Left);
    let common = |i: usize| b.get(place[i] as usize) == Some(&a[i]);
    (kept(a.len(), common, |i| i as u32), kept(a.len(), common, |i| place[i]))
}
