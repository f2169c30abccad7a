//! Pairs that a rule made of late.

/// Bits of a place. As many pairs fit the second level of caches.
const BITS: u32 = 15;

/// The last pair made for each of some places, for rules that make the same pairs from many statements: most of them are dropped before they have to be
/// sorted. A pair that was dropped has been made before; one that was made before may be taken for new.
pub(super) struct Recent(Vec<u64>);

impl Recent {
    /// No pairs yet.
    pub(super) fn new() -> Self {
        Self(vec![0; 1 << BITS])
    }

    /// For which all pairs are new.
    pub(super) fn none() -> Self {
        Self(vec![])
    }

    /// Whether a pair is not known to have been made; no id is 0, so that a pair is not.
    #[inline]
    pub(super) fn is_new(&mut self, pair: u64) -> bool {
        let place = pair.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - BITS);
        self.0.get_mut(place as usize).is_none_or(|last| std::mem::replace(last, pair) != pair)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::pairs::pack;
    use super::*;

    #[test]
    fn only_pairs_that_were_made_are_dropped() {
        let (mut recent, mut made, mut dropped) = (Recent::new(), HashSet::new(), 0);
        for i in 0..200_000u32 {
            // Half of them from a few, half from more than there are places.
            let subjects = if i % 2 == 0 { 11 } else { 1_013 };
            let pair = pack(1 + i * 7_919 % subjects, 1 + i % 97);
            let is_new = recent.is_new(pair);
            assert!(is_new || made.contains(&pair), "{pair} was never made");
            dropped += u32::from(!is_new);
            made.insert(pair);
        }
        assert!(dropped > 50_000, "only {dropped} of 200,000 were dropped");
        assert!((0..3).all(|_| Recent::none().is_new(5)));
    }
}
