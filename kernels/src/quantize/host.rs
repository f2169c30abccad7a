//! CPU form: rows in parallel; the largest magnitude as an integer, in which NaN and infinities stand above all numbers.

use super::{LARGEST, ROUNDER, SMALLEST};
use crate::element::{Acc, Element};
use crate::rows::{Sink, fill, fill_two};
use crate::schedule::even;

/// The bits of |x|.
const MAGNITUDE: u32 = 0x7fff_ffff;

/// x `[rows, F]` -> q `[rows, F]` and scale `[rows]`.
pub fn quantize<E: Element>(x: &[E], rows: usize) -> (Vec<i8>, Vec<f32>) {
    let width = x.len() / rows.max(1);
    let (q, scales, _) = fill_two(
        &even(rows, width * (size_of::<E>() + 1) + 4),
        |r| r * width,
        |r| r,
        #[inline(always)]
        |block, q: &mut Sink<i8>, scales: &mut Sink<f32>| {
            for r in block {
                let row = &x[r * width..(r + 1) * width];
                let largest = f32::from_bits(row.iter().fold(0, |m, &x| m.max(single(x).to_bits() & MAGNITUDE)));
                let (scale, factor) = match largest {
                    _ if !largest.is_finite() => (f32::NAN, None),
                    _ if largest < SMALLEST => (0.0, None),
                    _ => (largest / LARGEST, Some(LARGEST / largest)),
                };
                scales.copy(&[scale]);
                match factor {
                    Some(factor) => q.extend(width, |f| (single(row[f]) * factor + ROUNDER).to_bits() as i8),
                    None => q.extend(width, |_| 0),
                }
            }
        },
    );
    (q, scales)
}

/// q `[rows, F]`, scale `[rows]` -> x' `[rows, F]`.
pub fn dequantize<E: Element>(q: &[i8], scales: &[f32]) -> Vec<E> {
    let width = q.len() / scales.len().max(1);
    fill(
        &even(scales.len(), width * (size_of::<E>() + 1) + 4),
        |r| r * width,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            for r in block {
                let (row, scale) = (&q[r * width..(r + 1) * width], scales[r]);
                sink.extend(width, |f| E::from_acc(E::Acc::from_f64(f64::from(f32::from(row[f]) * scale))));
            }
        },
    )
}

#[inline(always)]
fn single<E: Element>(x: E) -> f32 {
    x.to_acc().to_f64() as f32
}
