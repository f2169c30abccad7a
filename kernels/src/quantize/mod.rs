//! `quantize`: rows of floats as 8-bit integers with one scale per row, symmetric, and back.
//!
//! ```text
//! scale_r = max_f |x_(r,f)| / 127
//! q_(r,f) = x_(r,f) / scale_r, rounded to the nearest integer, ties to even
//! x'_(r,f) = scale_r · q_(r,f)
//! ```
//!
//! | array | shape | |
//! |---|---|---|
//! | x | `[rows, F]` | any float type; rounded to f32 first |
//! | q | `[rows, F]` | i8 in ±127; on devices `[rows, ceil(F / 4)]` words of four, the first in the lowest bits, filled up with 0 |
//! | scale | `[rows]` | f32 |
//! | x' | `[rows, F]` | any float type |
//!
//! |x' − x| <= scale / 2 but for rounding. A row of zeros, and one whose largest magnitude is below [`SMALLEST`], has scale 0 and q 0; a row
//! with NaN or an infinity has scale NaN and q 0, so that all that is computed from it is NaN. Devices may round a number that lies half
//! way between two integers, but for the rounding of a division, to either. Moves rows·F·(s + 1) bytes. Deterministic. No gradient.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "x [rows, F], q [rows, F], scale [rows]";

/// The largest q.
pub const LARGEST: f32 = 127.0;

/// Rows below this everywhere count as zeros: their scale would be no normal number.
pub const SMALLEST: f32 = LARGEST * f32::MIN_POSITIVE;

/// 1.5 · 2²³: what rounds a small number to an integer, which then stands in the lowest bits of the sum.
pub(crate) const ROUNDER: f32 = 12_582_912.0;

/// Integers of a word on a device.
#[cfg(feature = "cube")]
pub(crate) const PACKED: usize = 4;
