//! Sorts many terms by their bytes.

use rayon::prelude::*;

use super::Id;
use super::sharded::Terms;

/// Runs shorter than this are sorted by plain comparison, on one thread.
const SMALL: usize = 24;
/// Runs longer than this are sorted by several threads.
const LARGE: usize = 1 << 13;

/// Sorts ids by the bytes of their records: eight bytes at a time as one number, after the prefix that all have. IRIs share long prefixes, which plain
/// comparison would read again and again.
pub(super) fn by_bytes(terms: &Terms, ids: &mut [Id]) {
    let mut keyed: Vec<(u64, Id)> = ids.par_iter().map(|id| (0, *id)).collect();
    sort(terms, &mut keyed, 0);
    ids.par_iter_mut().zip(&keyed).for_each(|(to, (_, id))| *to = *id);
}

fn sort(terms: &Terms, run: &mut [(u64, Id)], depth: usize) {
    let bytes = |id: Id| terms.record(id).0;
    let plain = |run: &mut [(u64, Id)]| run.sort_unstable_by(|a, b| bytes(a.1)[depth..].cmp(&bytes(b.1)[depth..]));
    if run.len() < SMALL {
        return plain(run);
    }
    let first = &bytes(run[0].1)[depth..];
    let common = |(_, id): &(u64, Id)| first.iter().zip(&bytes(*id)[depth..]).take_while(|(a, b)| a == b).count();
    let shared = if run.len() > LARGE { run.par_iter().map(common).min() } else { run.iter().map(common).min() };
    let at = depth + shared.unwrap_or(0);
    let key = |item: &mut (u64, Id)| {
        let rest = bytes(item.1).get(at..).unwrap_or_default();
        item.0 = match rest.first_chunk() {
            Some(eight) => u64::from_be_bytes(*eight),
            None => {
                let mut padded = [0; 8];
                padded[..rest.len()].copy_from_slice(rest);
                u64::from_be_bytes(padded)
            }
        };
    };
    // Padding makes an end look like NUL bytes: a run that has an end inside is left to plain comparison.
    let next = |run: &mut [(u64, Id)]| match run.len() {
        1 => {}
        _ if run.iter().any(|(_, id)| bytes(*id).len() < at + 8) => plain(run),
        _ => sort(terms, run, at + 8),
    };
    if run.len() > LARGE {
        run.par_iter_mut().for_each(key);
        run.par_sort_unstable_by_key(|item| item.0);
        run.par_chunk_by_mut(|a, b| a.0 == b.0).for_each(next);
    } else {
        run.iter_mut().for_each(key);
        run.sort_unstable_by_key(|item| item.0);
        run.chunk_by_mut(|a, b| a.0 == b.0).for_each(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::interner::Interner;

    #[test]
    fn as_plain_comparison() {
        let mut interner = Interner::default();
        let mut seed = 1u64;
        let mut next = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for _ in 0..30_011 {
            let prefix = ["http://example.com/", "http://example.com/long/prefix/with/more", "\0", ""][next(4) as usize];
            let tail = (0..next(12)).map(|_| ['a', 'b', '\0', 'é'][next(4) as usize]).collect::<String>();
            let mut record = vec![1];
            record.extend_from_slice(format!("{prefix}{tail}").as_bytes());
            interner.intern_record(&record).unwrap();
        }
        let terms = Terms::from(interner);
        let mut ids: Vec<Id> = terms.ids().collect();
        by_bytes(&terms, &mut ids);
        assert!(ids.len() > 2 * LARGE, "{}", ids.len());
        assert!(ids.windows(2).all(|pair| terms.record(pair[0]).0 < terms.record(pair[1]).0));
    }
}
