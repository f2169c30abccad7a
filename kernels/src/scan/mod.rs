//! `scan`: sums of all that stands before, the pointers of counts.
//!
//! ```text
//! y_0 = 0,   y_(i+1) = y_i + x_i   (mod 2^32)
//! ```
//!
//! x `[n]`, y `[n + 1]`: y_i is where the items of i start, and y_n the total. Sums wrap at 2^32; `host::total` gives the exact one. Moves
//! 2·n indices (3·n on devices, which read x twice). Deterministic. No gradient.
//!
//! On the CPU blocks are summed as they come and wait for the sum of the one before; on devices blocks are summed, their sums scanned, and the
//! blocks scanned from there. Merrill and Garland, "Single-pass Parallel Prefix Scan with Decoupled Look-back", 2016.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;
