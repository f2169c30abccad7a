//! `segment_reduce`: one number per segment.
//!
//! ```text
//! y_s = op of x_i over ptr_s <= i < ptr_(s+1)
//! ```
//!
//! Sums of flags and of other short numbers are differences of a scan, which no segment is too long for (`launch::segment_sums`).
//!
//! ptr `[s + 1]` ascending, x `[n]`, y `[s]`. Sums wrap at 2^32. Of nothing: the sum 0, the least 2^32 − 1, the largest 0. Moves n + 2·s indices. Deterministic. No gradient.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

/// What a segment becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fold {
    /// Σ x mod 2^32
    Sum,
    /// The least.
    Min,
    /// The largest.
    Max,
}

impl Fold {
    /// All, for tests.
    pub const ALL: [Self; 3] = [Self::Sum, Self::Min, Self::Max];

    /// Of nothing.
    pub const fn start(self) -> u32 {
        match self {
            Self::Sum | Self::Max => 0,
            Self::Min => u32::MAX,
        }
    }

    /// Of two.
    #[inline(always)]
    pub fn both(self, a: u32, b: u32) -> u32 {
        match self {
            Self::Sum => a.wrapping_add(b),
            Self::Min => a.min(b),
            Self::Max => a.max(b),
        }
    }
}

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "ptr [s + 1] from 0 to n, x [n], y [s]";
