//! CPU form: keys go to buckets by their highest bits that differ, and each bucket, which fits the caches, is sorted from its lowest bits up.

use std::ops::Range;

use bytemuck::Pod;
use rayon::prelude::*;

use crate::rows::Scattered;
use crate::schedule::even_of;

/// Bits that are sorted by at once.
const DIGIT: u32 = 8;
const BINS: usize = 1 << DIGIT;

/// Bytes that are sorted within the second-level cache, what helps included.
const IN_CACHE: usize = 1 << 20;

/// Keys whose places are found at once, when many threads make buckets.
const BLOCK: usize = 1 << 16;

/// Fewer keys are sorted by insertion.
const FEW: usize = 32;

/// A key of 32 or 64 bits.
pub trait Key: Pod + Ord + Send + Sync {
    /// The key as a number.
    fn bits(self) -> u64;
}

impl Key for u32 {
    #[inline(always)]
    fn bits(self) -> u64 {
        u64::from(self)
    }
}

impl Key for u64 {
    #[inline(always)]
    fn bits(self) -> u64 {
        self
    }
}

/// The keys in ascending order.
pub fn sort<K: Key>(mut keys: Vec<K>) -> Vec<K> {
    sort_parts::<K, ()>(&mut keys, &mut []);
    keys
}

/// Keys and payload of one length, in ascending order of the keys; equal keys stay in order.
///
/// # Panics
/// On unequal lengths.
pub fn sort_by_key<K: Key>(mut keys: Vec<K>, mut payload: Vec<u32>) -> (Vec<K>, Vec<u32>) {
    assert_eq!(keys.len(), payload.len(), "sort: keys and payload of unequal lengths");
    sort_parts(&mut keys, &mut payload);
    (keys, payload)
}

/// What travels with a key: an index, or nothing, whose arrays are empty.
trait Payload: Pod + Send + Sync {
    const SOME: bool;
}

impl Payload for u32 {
    const SOME: bool = true;
}

impl Payload for () {
    const SOME: bool = false;
}

fn sort_parts<K: Key, P: Payload>(keys: &mut [K], payload: &mut [P]) {
    let Some(first) = keys.first().map(|k| k.bits()) else { return };
    let differ = |keys: &[K]| keys.iter().fold(0, |d, k| d | (k.bits() ^ first));
    let differ = if keys.len() <= BLOCK { differ(keys) } else { keys.par_chunks(BLOCK).map(differ).reduce(|| 0, |a, b| a | b) };
    let mut keys_too: Vec<K> = bytemuck::zeroed_vec(keys.len());
    let mut payload_too: Vec<P> = bytemuck::zeroed_vec(payload.len());
    let from = Pairs { keys, payload };
    sort_pairs(from, Pairs { keys: &mut keys_too, payload: &mut payload_too }, u64::BITS - differ.leading_zeros(), false);
}

/// Keys with their payload, which is empty where there is none.
struct Pairs<'a, K, P> {
    keys: &'a mut [K],
    payload: &'a mut [P],
}

impl<'a, K: Key, P: Payload> Pairs<'a, K, P> {
    fn len(&self) -> usize {
        self.keys.len()
    }

    fn split(self, n: usize) -> (Self, Self) {
        let (keys, more_keys) = self.keys.split_at_mut(n);
        let (payload, more_payload) = self.payload.split_at_mut(if P::SOME { n } else { 0 });
        (Self { keys, payload }, Self { keys: more_keys, payload: more_payload })
    }

    fn copy_from(&mut self, from: &Pairs<K, P>) {
        self.keys.copy_from_slice(from.keys);
        self.payload.copy_from_slice(from.payload);
    }

    fn again(&mut self) -> Pairs<'_, K, P> {
        Pairs { keys: self.keys, payload: self.payload }
    }
}

/// Sorts `a` by its lowest `bits` bits with the help of `b`; the result lies in `b` if `over`, else in `a`.
fn sort_pairs<K: Key, P: Payload>(mut a: Pairs<K, P>, mut b: Pairs<K, P>, bits: u32, over: bool) {
    let n = a.len();
    if bits == 0 || n <= FEW {
        insert(&mut a);
        if over {
            b.copy_from(&a);
        }
    } else if 2 * n * (size_of::<K>() + size_of::<P>()) <= IN_CACHE {
        in_cache(a, b, bits, over);
    } else {
        let shift = bits.saturating_sub(DIGIT);
        let ends = to_buckets(a.again(), b.again(), shift);
        // Bucket by bucket: what was `a` helps, what was `b` holds the keys.
        let mut buckets = Vec::with_capacity(BINS);
        let mut start = 0;
        for end in ends {
            let (own_a, rest_a) = a.split(end - start);
            let (own_b, rest_b) = b.split(end - start);
            (a, b, start) = (rest_a, rest_b, end);
            if own_a.len() > 0 {
                buckets.push((own_b, own_a));
            }
        }
        buckets.into_par_iter().with_max_len(1).for_each(|(from, help)| sort_pairs(from, help, shift, !over));
    }
}

#[inline(always)]
fn digit<K: Key>(key: K, shift: u32) -> usize {
    (key.bits() >> shift) as usize & (BINS - 1)
}

fn insert<K: Key, P: Payload>(a: &mut Pairs<K, P>) {
    for i in 1..a.len() {
        let mut at = i;
        while at > 0 && a.keys[at - 1] > a.keys[at] {
            a.keys.swap(at - 1, at);
            if P::SOME {
                a.payload.swap(at - 1, at);
            }
            at -= 1;
        }
    }
}

/// From the lowest digit up, from one array to the other and back.
fn in_cache<K: Key, P: Payload>(a: Pairs<K, P>, b: Pairs<K, P>, bits: u32, over: bool) {
    let digits = bits.div_ceil(DIGIT) as usize;
    let mut all = [[0u32; BINS]; size_of::<u64>()];
    for &key in &*a.keys {
        for (d, counts) in all[..digits].iter_mut().enumerate() {
            counts[digit(key, d as u32 * DIGIT)] += 1;
        }
    }
    let (mut from, mut to, mut moved) = (a, b, false);
    for (d, counts) in all[..digits].iter_mut().enumerate() {
        if counts.contains(&(from.len() as u32)) {
            continue;
        }
        let shift = d as u32 * DIGIT;
        let mut start = 0;
        for count in counts.iter_mut() {
            start += std::mem::replace(count, start);
        }
        for (i, &key) in from.keys.iter().enumerate() {
            let place = &mut counts[digit(key, shift)];
            to.keys[*place as usize] = key;
            if P::SOME {
                to.payload[*place as usize] = from.payload[i];
            }
            *place += 1;
        }
        (from, to, moved) = (to, from, !moved);
    }
    if moved != over {
        to.copy_from(&from);
    }
}

/// Moves `a` to `b` by the digit at `shift`; gives the end of each bucket. Blocks find the places of their keys in parallel.
fn to_buckets<K: Key, P: Payload>(a: Pairs<K, P>, b: Pairs<K, P>, shift: u32) -> Vec<usize> {
    let (keys, payload): (&[K], &[P]) = (a.keys, a.payload);
    let blocks: Vec<Range<usize>> = even_of(keys.len(), BLOCK);
    let count = |block: &Range<usize>| {
        let mut counts = Box::new([0usize; BINS]);
        for &key in &keys[block.clone()] {
            counts[digit(key, shift)] += 1;
        }
        counts
    };
    let mut places: Vec<Box<[usize; BINS]>> = blocks.par_iter().map(count).collect();
    let mut start = 0;
    let mut ends = Vec::with_capacity(BINS);
    for bin in 0..BINS {
        for place in &mut places {
            start += std::mem::replace(&mut place[bin], start);
        }
        ends.push(start);
    }
    let (to_keys, to_payload) = (Scattered::over(b.keys), Scattered::over(b.payload));
    blocks.into_par_iter().zip(places).for_each(|(block, mut places)| {
        let payload = &payload[if P::SOME { block.clone() } else { 0..0 }];
        for (i, &key) in keys[block].iter().enumerate() {
            let place = &mut places[digit(key, shift)];
            to_keys.set(*place, key);
            if P::SOME {
                to_payload.set(*place, payload[i]);
            }
            *place += 1;
        }
    });
    ends
}
