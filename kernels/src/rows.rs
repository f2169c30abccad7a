//! Fresh output arrays, filled block by block in parallel without being zeroed first.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};

use bytemuck::Pod;
use rayon::prelude::*;

use crate::element::{Acc, Element};
use crate::simd::{dispatch, fence, prefetch, stream};

/// An output of so many bytes is gone from the caches before anyone reads it: its rows are written past them, which saves the read of
/// each line that is about to be overwritten.
const STREAM_BYTES: usize = 32 << 20;

/// Fewer bytes at a time would leave too many lines half written.
const STREAM_AT_ONCE: usize = 512;

/// The part of an output array that belongs to one block; written once, from front to back.
pub(crate) struct Sink<'a, T> {
    free: &'a mut [MaybeUninit<T>],
    streams: bool,
}

impl<'a, T: Copy> Sink<'a, T> {
    #[inline(always)]
    fn take(&mut self, n: usize) -> &'a mut [MaybeUninit<T>] {
        let (head, tail) = std::mem::take(&mut self.free).split_at_mut(n);
        self.free = tail;
        head
    }

    /// Appends f(0), …, f(n − 1).
    #[inline(always)]
    pub(crate) fn extend(&mut self, n: usize, f: impl Fn(usize) -> T) {
        for (i, slot) in self.take(n).iter_mut().enumerate() {
            slot.write(f(i));
        }
    }

    /// Appends what f makes of each element of a row and of its place: a loop without a check of bounds, which a vector loop can do without.
    #[inline(always)]
    pub(crate) fn map<S: Copy>(&mut self, row: &[S], f: impl Fn(usize, S) -> T) {
        for ((i, slot), &v) in self.take(row.len()).iter_mut().enumerate().zip(row) {
            slot.write(f(i, v));
        }
    }
}

impl<T: Pod> Sink<'_, T> {
    /// Appends `row`.
    #[inline(always)]
    pub(crate) fn copy(&mut self, row: &[T]) {
        let place = self.take(row.len());
        if self.streams && size_of_val(row) >= STREAM_AT_ONCE {
            stream(place, row);
        } else {
            place.write_copy_of_slice(row);
        }
    }
}

impl<E: Element> Sink<'_, E> {
    /// Appends the `n` sums that `f` writes over all of its argument: in place where sums are stored as they are, else through `scratch`.
    #[inline(always)]
    pub(crate) fn sums(&mut self, n: usize, scratch: &mut Vec<E::Acc>, f: impl FnOnce(&mut [E::Acc])) {
        if size_of::<E>() == size_of::<E::Acc>() && !self.streams {
            let place = self.take(n);
            place.fill(MaybeUninit::zeroed());
            // SAFETY: all of it was zeroed, and zeros are numbers.
            return f(bytemuck::cast_slice_mut(unsafe { place.assume_init_mut() }));
        }
        if scratch.len() < n {
            scratch.resize(n, E::Acc::ZERO);
        }
        f(&mut scratch[..n]);
        self.round(&scratch[..n]);
    }

    /// Appends `row`, rounded to the storage type.
    #[inline(always)]
    pub(crate) fn round(&mut self, row: &[E::Acc]) {
        if size_of::<E>() == size_of::<E::Acc>() {
            return self.copy(bytemuck::cast_slice(row));
        }
        for (slot, &v) in self.take(row.len()).iter_mut().zip(row) {
            slot.write(E::from_acc(v));
        }
    }
}

/// An array of at(end of the last block) elements; `body` writes the elements at(block.start)..at(block.end) of its block.
///
/// The blocks follow one another from 0. `body` runs under [`dispatch`]; a single block runs on the calling thread.
pub(crate) fn fill<T: Copy + Send>(
    blocks: &[Range<usize>],
    at: impl Fn(usize) -> usize,
    body: impl Fn(Range<usize>, &mut Sink<T>) + Sync,
) -> Vec<T> {
    fill_two(
        blocks,
        at,
        |_| 0,
        #[inline(always)]
        |block, sink, _: &mut Sink<()>| body(block, sink),
    )
    .0
}

/// Two arrays at once, and what `body` returns for each block.
pub(crate) fn fill_two<A: Copy + Send, B: Copy + Send, R: Send>(
    blocks: &[Range<usize>],
    at_a: impl Fn(usize) -> usize,
    at_b: impl Fn(usize) -> usize,
    body: impl Fn(Range<usize>, &mut Sink<A>, &mut Sink<B>) -> R + Sync,
) -> (Vec<A>, Vec<B>, Vec<R>) {
    let (mut a, mut b) = (uninit(blocks, &at_a), uninit(blocks, &at_b));
    let tasks: Vec<_> = blocks.iter().cloned().zip(split(&mut a, blocks, at_a)).zip(split(&mut b, blocks, at_b)).collect();
    let run = |((block, mut a), mut b): ((Range<usize>, Sink<A>), Sink<B>)| {
        let result = dispatch(
            #[inline(always)]
            || body(block, &mut a, &mut b),
        );
        if a.streams || b.streams {
            fence();
        }
        assert!(a.free.is_empty() && b.free.is_empty(), "a kernel left part of its output unwritten: this is a bug");
        result
    };
    let results =
        if tasks.len() <= 1 { tasks.into_iter().map(run).collect() } else { tasks.into_par_iter().with_max_len(1).map(run).collect() };
    // SAFETY: the sinks of the blocks cover both arrays, and `run` returned for each of them after checking that it was written in full.
    unsafe { (assume_init(a), assume_init(b), results) }
}

/// An array of as many elements as the last block ends at; `body` writes each block through the sink in its place, in what order and on
/// what thread it likes.
pub(crate) fn fill_in_order<T: Copy + Send>(blocks: &[Range<usize>], body: impl FnOnce(&[Mutex<Sink<T>>])) -> Vec<T> {
    let mut out = uninit(blocks, |i| i);
    let mut sinks: Vec<_> = split(&mut out, blocks, |i| i).into_iter().map(Mutex::new).collect();
    body(&sinks);
    let full = sinks.iter_mut().all(|sink| sink.get_mut().is_ok_and(|sink| sink.free.is_empty()));
    assert!(full, "a kernel left part of its output unwritten: this is a bug");
    // SAFETY: the sinks of the blocks cover the array, and each was written in full.
    unsafe { assume_init(out) }
}

/// An array of rows of `width` in which row order_i is the i-th that is written; `body` writes those of its block, one after another.
///
/// `order` names every row once; the blocks follow one another from 0.
pub(crate) fn fill_permuted<E: Element>(
    order: &[u32],
    width: usize,
    blocks: &[Range<usize>],
    body: impl Fn(Range<usize>, &mut RowSink<E>) + Sync,
) -> Vec<E> {
    let mut seen = vec![false; order.len()];
    let once = order.iter().all(|&row| !std::mem::replace(&mut seen[row as usize], true));
    assert!(once, "an order names a row twice: this is a bug");
    let end = blocks.iter().fold(0, |at, block| if block.start == at { block.end } else { usize::MAX });
    assert_eq!(end, order.len(), "the blocks of a kernel do not cover its output: this is a bug");
    let mut out = uninit(blocks, |rows| rows * width);
    let out_rows = Rows(out.as_mut_ptr());
    let run = |block: Range<usize>| {
        let mut sink = RowSink { out: &out_rows, order: &order[block.clone()], width };
        dispatch(
            #[inline(always)]
            || body(block, &mut sink),
        );
        assert!(sink.order.is_empty(), "a kernel left part of its output unwritten: this is a bug");
    };
    if blocks.len() <= 1 {
        blocks.iter().cloned().for_each(run);
    } else {
        blocks.par_iter().cloned().with_max_len(1).for_each(run);
    }
    // SAFETY: every row stands in the order of one sink, and `run` returned for each after checking that all of its rows were written.
    unsafe { assume_init(out) }
}

/// Where the rows of an array begin.
struct Rows<E>(*mut MaybeUninit<E>);

// SAFETY: the only access through the pointer is `RowSink::round`, whose rows no two sinks share.
unsafe impl<E: Send> Sync for Rows<E> {}

/// The rows of one block, wherever they are; each written once.
pub(crate) struct RowSink<'a, E> {
    out: &'a Rows<E>,
    order: &'a [u32],
    width: usize,
}

impl<E: Element> RowSink<'_, E> {
    /// Asks for the cache lines of the next `n` rows, ahead of their use.
    #[inline(always)]
    pub(crate) fn fetch(&self, n: usize) {
        for &row in &self.order[..n] {
            // SAFETY: as in `round`: a row in bounds that no other sink has.
            let place = unsafe { std::slice::from_raw_parts(self.out.0.add(row as usize * self.width), self.width) };
            prefetch(place, 0, self.width);
        }
    }

    /// Writes the next row, rounded to the storage type.
    #[inline(always)]
    pub(crate) fn round(&mut self, row: &[E::Acc]) {
        let (&at, rest) = self.order.split_first().expect("a kernel writes more rows than it has; this is a bug");
        self.order = rest;
        // SAFETY: `fill_permuted` checked that `at` is a row of the array, and that no other place of any sink names it, so that the slice is
        // in bounds and exclusive.
        let place = unsafe { std::slice::from_raw_parts_mut(self.out.0.add(at as usize * self.width), self.width) };
        assert_eq!(row.len(), place.len(), "a kernel writes a row of another length than its place: this is a bug");
        if size_of::<E>() == size_of::<E::Acc>() {
            place.write_copy_of_slice(bytemuck::cast_slice(row));
        } else {
            for (slot, &v) in place.iter_mut().zip(row) {
                slot.write(E::from_acc(v));
            }
        }
    }
}

fn uninit<T>(blocks: &[Range<usize>], at: impl Fn(usize) -> usize) -> Vec<MaybeUninit<T>> {
    let len = blocks.last().map_or(0, |b| at(b.end));
    let mut v = Vec::with_capacity(len);
    // SAFETY: `MaybeUninit` needs no initialisation and the capacity is `len`.
    unsafe { v.set_len(len) };
    v
}

fn split<'a, T>(mut rest: &'a mut [MaybeUninit<T>], blocks: &[Range<usize>], at: impl Fn(usize) -> usize) -> Vec<Sink<'a, T>> {
    let streams = size_of_val(rest) >= STREAM_BYTES;
    let mut sinks = Vec::with_capacity(blocks.len());
    for block in blocks {
        let (free, tail) = rest.split_at_mut(at(block.end) - at(block.start));
        sinks.push(Sink { free, streams });
        rest = tail;
    }
    assert!(rest.is_empty(), "the blocks of a kernel do not cover its output: this is a bug");
    sinks
}

/// # Safety
/// Every element was written.
unsafe fn assume_init<T>(v: Vec<MaybeUninit<T>>) -> Vec<T> {
    let mut v = std::mem::ManuallyDrop::new(v);
    // SAFETY: same layout, same allocation, length and capacity; the caller says that all is written.
    unsafe { Vec::from_raw_parts(v.as_mut_ptr().cast(), v.len(), v.capacity()) }
}

/// An array of zeros that `body` writes at scattered places, each from one block: the transposed order of entries.
pub(crate) fn scatter<E: Element>(len: usize, blocks: &[Range<usize>], body: impl Fn(Range<usize>, &Scattered<E>) + Sync) -> Vec<E> {
    let mut out: Vec<E> = bytemuck::zeroed_vec(len);
    let places = Scattered::over(&mut out);
    let run = |block: Range<usize>| {
        dispatch(
            #[inline(always)]
            || body(block, &places),
        );
    };
    if blocks.len() <= 1 {
        blocks.iter().cloned().for_each(run);
    } else {
        blocks.par_iter().cloned().with_max_len(1).for_each(run);
    }
    out
}

/// Places that many threads write, each its own.
pub(crate) struct Scattered<'a, E> {
    out: *mut E,
    len: usize,
    array: PhantomData<&'a mut [E]>,
}

// SAFETY: the only access through the pointer is `set`, which stores atomically.
unsafe impl<E: Pod> Sync for Scattered<'_, E> {}

impl<'a, E: Pod> Scattered<'a, E> {
    pub(crate) fn over(array: &'a mut [E]) -> Self {
        Self { out: array.as_mut_ptr(), len: array.len(), array: PhantomData }
    }

    /// out_i = v; a plain store on every CPU, yet defined even if a malformed pattern names a place twice.
    #[inline(always)]
    pub(crate) fn set(&self, i: usize, v: E) {
        assert!(i < self.len, "a kernel wrote outside its output: this is a bug");
        let bytes = bytemuck::bytes_of(&v);
        // SAFETY: i is in bounds, `out` is borrowed as long as `self` lives and is aligned for E, whose size and alignment are those of the
        // unsigned integer chosen; while blocks run every access is such an atomic store.
        unsafe {
            let place = self.out.add(i);
            match bytes.len() {
                2 => AtomicU16::from_ptr(place.cast()).store(bytemuck::pod_read_unaligned(bytes), Ordering::Relaxed),
                4 => AtomicU32::from_ptr(place.cast()).store(bytemuck::pod_read_unaligned(bytes), Ordering::Relaxed),
                _ => AtomicU64::from_ptr(place.cast()).store(bytemuck::pod_read_unaligned(bytes), Ordering::Relaxed),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_land_in_their_places() {
        let blocks = [0..3, 3..4, 4..9];
        let (a, b, r) = fill_two(
            &blocks,
            |r| r * 2,
            |r| r,
            |block, a: &mut Sink<u64>, b: &mut Sink<u8>| {
                for r in block.clone() {
                    a.copy(&[r as u64, 100]);
                    b.extend(1, |_| r as u8);
                }
                block.len()
            },
        );
        assert_eq!(a.iter().step_by(2).copied().collect::<Vec<_>>(), (0..9).collect::<Vec<u64>>());
        assert_eq!(b, (0..9).collect::<Vec<u8>>());
        assert_eq!(r, [3, 1, 5]);
        assert!(fill(&[], |r| r, |_, _: &mut Sink<f32>| ()).is_empty());
    }

    /// Blocks that start anywhere, each written in pieces above and below what is streamed at once.
    #[test]
    fn an_output_past_the_caches_is_written_whole() {
        let n = STREAM_BYTES / 4 + 1037;
        let blocks = crate::schedule::even_of(n, 100_003);
        let piece = |start: usize, end: usize| (start..end).map(|i| i as f32).collect::<Vec<_>>();
        let copied: Vec<f32> = fill(
            &blocks,
            |i| i,
            |block, sink: &mut Sink<f32>| {
                assert!(sink.streams);
                let middle = block.start + 7;
                sink.copy(&piece(block.start, middle));
                sink.copy(&piece(middle, block.end));
            },
        );
        let summed: Vec<f32> = fill(
            &blocks,
            |i| i,
            |block, sink: &mut Sink<f32>| sink.sums(block.len(), &mut Vec::new(), |y| y.copy_from_slice(&piece(block.start, block.end))),
        );
        for written in [copied, summed] {
            assert_eq!(written.len(), n);
            assert!(written.iter().enumerate().all(|(i, &v)| v == i as f32));
        }
    }

    #[test]
    #[should_panic(expected = "unwritten")]
    fn an_unwritten_element_is_noticed() {
        fill(&[Range { start: 0, end: 2 }], |r| r, |_, sink: &mut Sink<f32>| sink.copy(&[1.0]));
    }
}
