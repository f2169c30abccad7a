//! CPU form: one pass over memory. A thread sums a block, which brings it into the caches, waits for the sum of all blocks before, passes
//! its own on, and writes the block's results.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::rows::{Sink, fill_in_order};
use crate::schedule::even_of;
use crate::simd::{dispatch, fence, prefetch, prefix_sums};

/// Items of a block: it stays in the second-level cache between its sum and its results.
const BLOCK: usize = 1 << 16;

/// Results that are made before they are written.
const PIECE: usize = 512;

/// x `[n]` -> y `[n + 1]`; sums wrap at 2^32.
pub fn scan(x: &[u32]) -> Vec<u32> {
    // One item more, whose result is the total.
    let blocks = even_of(x.len() + 1, BLOCK);
    let (next, done, before) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicU32::new(0));
    fill_in_order(&blocks, |sinks: &[Mutex<Sink<u32>>]| {
        let work = |_| {
            let mut b = next.fetch_add(1, Ordering::Relaxed);
            while let Some(block) = blocks.get(b) {
                let items = &x[block.start..block.end.min(x.len())];
                let sum = sum(items) as u32;
                // Blocks are taken in order, so that the one before is done or in the hands of a running thread.
                let mut turns = 0;
                while done.load(Ordering::Acquire) != b {
                    turns += 1;
                    if turns % 64 == 0 { std::thread::yield_now() } else { spin_loop() }
                }
                let mut y = before.load(Ordering::Relaxed);
                before.store(y.wrapping_add(sum), Ordering::Relaxed);
                done.store(b + 1, Ordering::Release);
                let mut sink = sinks[b].lock().unwrap_or_else(PoisonError::into_inner);
                // The next block comes to the cache while this one is written.
                let following = next.fetch_add(1, Ordering::Relaxed);
                let to_come = blocks.get(following).map_or(&[][..], |b| &x[b.start..b.end.min(x.len())]);
                let mut piece = [0u32; PIECE];
                for (i, items) in items.chunks(PIECE).enumerate() {
                    let at = (i * PIECE).min(to_come.len());
                    prefetch(to_come, at, PIECE.min(to_come.len() - at));
                    let piece = &mut piece[..items.len()];
                    y = prefix_sums(items, piece, y);
                    sink.copy(piece);
                }
                if block.len() > items.len() {
                    sink.copy(&[y]);
                }
                fence();
                b = following;
            }
        };
        if blocks.len() == 1 {
            work(0);
        } else {
            (0..rayon::current_num_threads()).into_par_iter().with_max_len(1).for_each(work);
        }
    })
}

/// Σ x
pub fn total(x: &[u32]) -> u64 {
    if x.len() <= BLOCK { sum(x) } else { x.par_chunks(BLOCK).map(sum).sum() }
}

fn sum(x: &[u32]) -> u64 {
    dispatch(
        #[inline(always)]
        || x.iter().map(|&x| u64::from(x)).sum(),
    )
}
