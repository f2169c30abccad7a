//! CPU form: keys go to buckets by their highest bits that differ, and each bucket, which fits the caches, is sorted from its lowest bits up.

use std::ops::Range;

use bytemuck::Pod;
use rayon::prelude::*;

use crate::rows::{Scattered, Sink, fill};
use crate::schedule::{even, even_of};

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
pub fn sort<K: Key>(keys: &[K]) -> Vec<K> {
    sort_parts::<K, ()>(keys, &[]).0
}

/// Keys and payload of one length, in ascending order of the keys; equal keys stay in order.
///
/// # Panics
/// On unequal lengths.
pub fn sort_by_key<K: Key>(keys: &[K], payload: &[u32]) -> (Vec<K>, Vec<u32>) {
    assert_eq!(keys.len(), payload.len(), "sort: keys and payload of unequal lengths");
    sort_parts(keys, payload)
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

fn sort_parts<K: Key, P: Payload>(keys: &[K], payload: &[P]) -> (Vec<K>, Vec<P>) {
    let Some(first) = keys.first().map(|k| k.bits()) else { return (vec![], vec![]) };
    let differ = |keys: &[K]| keys.iter().fold(0, |d, k| d | (k.bits() ^ first));
    let differ = if keys.len() <= BLOCK { differ(keys) } else { keys.par_chunks(BLOCK).map(differ).reduce(|| 0, |a, b| a | b) };
    let bits = u64::BITS - differ.leading_zeros();
    if bits == 0 || fits::<K, P>(keys.len()) {
        let (mut keys, mut payload) = (keys.to_vec(), payload.to_vec());
        sort_alone(Pairs { keys: &mut keys, payload: &mut payload }, bits);
        return (keys, payload);
    }
    let (mut to_keys, mut to_payload): (Vec<K>, Vec<P>) = (zeros(keys.len()), zeros(payload.len()));
    let mut rest = Pairs { keys: &mut to_keys, payload: &mut to_payload };
    let shift = bits.saturating_sub(DIGIT);
    let ends = to_buckets(keys, payload, rest.again(), shift);
    let mut buckets = Vec::with_capacity(BINS);
    let mut start = 0;
    for end in ends {
        let (bucket, others) = rest.split(end - start);
        buckets.push(bucket);
        (rest, start) = (others, end);
    }
    buckets.into_par_iter().with_max_len(1).for_each(|bucket| sort_alone(bucket, shift));
    (to_keys, to_payload)
}

/// Whether n records and what helps to sort them stay in the cache.
fn fits<K, P>(n: usize) -> bool {
    2 * n * (size_of::<K>() + size_of::<P>()) <= IN_CACHE
}

/// Zeros, written by all threads where they are many.
fn zeros<T: Pod + Send + Sync>(n: usize) -> Vec<T> {
    fill(&even(n, size_of::<T>()), |i| i, |block, sink: &mut Sink<T>| sink.extend(block.len(), |_| T::zeroed()))
}

/// Sorts by the lowest `bits` bits, in place, with help of its own.
fn sort_alone<K: Key, P: Payload>(mut a: Pairs<K, P>, bits: u32) {
    if bits == 0 || a.len() <= FEW {
        return insert(&mut a);
    }
    let (mut keys, mut payload): (Vec<K>, Vec<P>) = (bytemuck::zeroed_vec(a.len()), bytemuck::zeroed_vec(a.payload.len()));
    sort_pairs(a, Pairs { keys: &mut keys, payload: &mut payload }, bits, false);
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
    } else if fits::<K, P>(n) {
        in_cache(a, b, bits, over);
    } else {
        let shift = bits.saturating_sub(DIGIT);
        let ends = to_buckets(a.keys, a.payload, b.again(), shift);
        // Bucket by bucket: what was `a` helps, what was `b` holds the keys.
        let mut buckets = Vec::with_capacity(BINS);
        let mut start = 0;
        for end in ends {
            let (own_a, rest_a) = a.split(end - start);
            let (own_b, rest_b) = b.split(end - start);
            (a, b, start) = (rest_a, rest_b, end);
            if !own_a.keys.is_empty() {
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

/// Copies the records to `b` by the digit at `shift`; gives the end of each bucket. Blocks find the places of their keys in parallel.
fn to_buckets<K: Key, P: Payload>(keys: &[K], payload: &[P], b: Pairs<K, P>, shift: u32) -> Vec<usize> {
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
