//! What the hardware gives, by code that is not ours: a copy and a gather of random rows, in GB/s of bytes read and written.

use std::cell::RefCell;

use burn::tensor::{Int, Tensor, TensorData};
use hypergraphql_ops::{DType, HyperBackend};
use hypergraphql_runtime::DeviceKind;
use rayon::prelude::*;

use super::clock::Clock;
use crate::cli::error::CliError;

/// Bytes that a thread copies at a time.
const CHUNK: usize = 1 << 18;

/// GB/s of moving the rows of X.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ceiling {
    pub(super) copy: f64,
    pub(super) gather: f64,
}

impl Ceiling {
    /// By all threads of the CPU (the faster of two ways to copy), or by Burn's kernels on a device, over a matrix of the size of `x`.
    pub(super) fn measure<B: HyperBackend>(
        x: &Tensor<B, 2>,
        scattered: &[u32],
        dtype: DType,
        clock: &Clock<B>,
        kind: DeviceKind,
    ) -> Result<Self, CliError> {
        let [n, d] = x.dims();
        let row = d * dtype.bytes();
        let moved = (2 * n * row) as f64;
        let speed = |bytes: f64, ms: f64| bytes / ms / 1e6;
        let (copy, gather) = if kind == DeviceKind::Cpu { on_host(n, row, scattered, clock)? } else { on_device(x, scattered, clock)? };
        Ok(Self { copy: speed(moved, copy), gather: speed(moved + (4 * n) as f64, gather) })
    }
}

/// Milliseconds of both, into memory that is there already.
fn on_host<B: HyperBackend>(n: usize, row: usize, scattered: &[u32], clock: &Clock<B>) -> Result<(f64, f64), CliError> {
    let from: Vec<u8> = (0..n * row).map(|k| k as u8).collect();
    let to = RefCell::new(vec![0_u8; from.len()]);
    let copy = || {
        to.borrow_mut().par_chunks_mut(CHUNK).zip(from.par_chunks(CHUNK)).for_each(|(to, from)| to.copy_from_slice(from));
        Ok(())
    };
    let past_caches = || {
        to.borrow_mut().par_chunks_mut(CHUNK).zip(from.par_chunks(CHUNK)).for_each(|(to, from)| copy_past_caches(to, from));
        Ok(())
    };
    let rows = (CHUNK / row).max(1);
    let gather = || {
        to.borrow_mut().par_chunks_mut(rows * row).zip(scattered.par_chunks(rows)).for_each(|(to, index)| {
            for (to, &k) in to.chunks_exact_mut(row).zip(index) {
                to.copy_from_slice(&from[k as usize * row..(k as usize + 1) * row]);
            }
        });
        Ok(())
    };
    let copy = clock.time(&copy)?.median.min(clock.time(&past_caches)?.median);
    Ok((copy, clock.time(&gather)?.median))
}

/// Copies without reading the lines that it overwrites, where the CPU can: a large copy is faster so, a small one slower.
fn copy_past_caches(to: &mut [u8], from: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_sfence, _mm_stream_si128};
        // SAFETY: any 16 bytes are a value of `__m128i`.
        let (head, middle, tail) = unsafe { to.align_to_mut::<__m128i>() };
        let (start, end) = (head.len(), from.len() - tail.len());
        head.copy_from_slice(&from[..start]);
        tail.copy_from_slice(&from[end..]);
        for (to, from) in middle.iter_mut().zip(from[start..end].as_chunks::<16>().0) {
            // SAFETY: `from` has 16 bytes; `to` is aligned and exclusive.
            unsafe { _mm_stream_si128(to, _mm_loadu_si128(from.as_ptr().cast())) };
        }
        // SAFETY: every x86-64 CPU has SSE.
        unsafe { _mm_sfence() };
    }
    #[cfg(not(target_arch = "x86_64"))]
    to.copy_from_slice(from);
}

fn on_device<B: HyperBackend>(x: &Tensor<B, 2>, scattered: &[u32], clock: &Clock<B>) -> Result<(f64, f64), CliError> {
    let index: Vec<i32> = scattered.iter().map(|&k| k as i32).collect();
    let index = Tensor::<B, 1, Int>::from_data(TensorData::new(index, [scattered.len()]), &x.device());
    let copy = || {
        drop(x.clone().mul_scalar(1.0));
        Ok(())
    };
    let gather = || {
        drop(x.clone().select(0, index.clone()));
        Ok(())
    };
    Ok((clock.time(&copy)?.median, clock.time(&gather)?.median))
}
