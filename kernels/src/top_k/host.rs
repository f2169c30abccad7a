//! CPU form: the k best of each block in parallel, then the k best of those.

use rayon::prelude::*;

/// Keys of a block, at least.
const BLOCK: usize = 1 << 16;

/// keys `[n]` -> positions `[min(k, n)]`.
pub fn top_k(keys: &[u32], k: usize) -> Vec<u32> {
    if k == 0 {
        return vec![];
    }
    let block = BLOCK.max(k.saturating_mul(4));
    let best = |(b, keys): (usize, &[u32])| {
        let first = b * block;
        // Descending keys, then ascending positions, as one number in ascending order.
        let ranks = keys.iter().enumerate().map(|(i, &key)| u64::from(!key) << 32 | (first + i) as u64);
        least(ranks.collect(), k)
    };
    let candidates: Vec<u64> = match keys.len() <= block {
        true => best((0, keys)),
        false => keys.par_chunks(block).enumerate().flat_map_iter(best).collect(),
    };
    let mut ranks = least(candidates, k);
    ranks.par_sort_unstable();
    ranks.into_iter().map(|rank| rank as u32).collect()
}

/// The k least, in no order.
fn least(mut ranks: Vec<u64>, k: usize) -> Vec<u64> {
    if k < ranks.len() {
        ranks.select_nth_unstable(k);
        ranks.truncate(k);
    }
    ranks
}
