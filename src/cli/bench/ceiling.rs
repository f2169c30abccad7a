//! What the hardware gives, by code that is not ours: a copy and a gather of random rows, in GB/s of bytes read and written.

use std::cell::RefCell;

use burn::tensor::{Int, Tensor, TensorData};
use hypergraphql_ops::HyperBackend;
use hypergraphql_runtime::DeviceKind;
use rayon::prelude::*;

use super::clock::Clock;
use super::inputs::{Inputs, Size};
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
    /// By all threads of the CPU, or by Burn's kernels on a device, over a matrix of the size of X.
    pub(super) fn measure<B: HyperBackend>(i: &Inputs<B>, clock: &Clock<B>, kind: DeviceKind) -> Result<Self, CliError> {
        let Size { n, d, .. } = i.size;
        let moved = (2 * n * d * i.dtype.bytes()) as f64;
        let speed = |bytes: f64, ms: f64| bytes / ms / 1e6;
        let (copy, gather) = if kind == DeviceKind::Cpu { on_host(i, clock)? } else { on_device(i, clock)? };
        Ok(Self { copy: speed(moved, copy), gather: speed(moved + (4 * n) as f64, gather) })
    }
}

/// Milliseconds of both, into memory that is there already.
fn on_host<B: HyperBackend>(i: &Inputs<B>, clock: &Clock<B>) -> Result<(f64, f64), CliError> {
    let row = i.size.d * i.dtype.bytes();
    let from: Vec<u8> = (0..i.size.n * row).map(|k| k as u8).collect();
    let to = RefCell::new(vec![0_u8; from.len()]);
    let copy = || {
        to.borrow_mut().par_chunks_mut(CHUNK).zip(from.par_chunks(CHUNK)).for_each(|(to, from)| to.copy_from_slice(from));
        Ok(())
    };
    let rows = (CHUNK / row).max(1);
    let gather = || {
        to.borrow_mut().par_chunks_mut(rows * row).zip(i.scattered.par_chunks(rows)).for_each(|(to, index)| {
            for (to, &k) in to.chunks_exact_mut(row).zip(index) {
                to.copy_from_slice(&from[k as usize * row..(k as usize + 1) * row]);
            }
        });
        Ok(())
    };
    Ok((clock.time(&copy)?.median, clock.time(&gather)?.median))
}

fn on_device<B: HyperBackend>(i: &Inputs<B>, clock: &Clock<B>) -> Result<(f64, f64), CliError> {
    let index: Vec<i32> = i.scattered.iter().map(|&k| k as i32).collect();
    let index = Tensor::<B, 1, Int>::from_data(TensorData::new(index, [i.size.n]), &i.x.device());
    let copy = || {
        drop(i.x.clone().mul_scalar(1.0));
        Ok(())
    };
    let gather = || {
        drop(i.x.clone().select(0, index.clone()));
        Ok(())
    };
    Ok((clock.time(&copy)?.median, clock.time(&gather)?.median))
}
