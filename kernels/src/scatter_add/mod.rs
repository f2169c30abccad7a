//! `scatter_add`: sums rows into the rows that an index names, the transpose of `gather`.
//!
//! ```text
//! y_n = Σ_{i : index_i = n} x_i
//! ```
//!
//! x `[I, F]`, y `[N, F]`, index as in `gather`. The default sums each output row over its sorted segment and is deterministic; the atomic
//! variant ([`Scatter::Atomic`]) adds in whatever order the device runs, in f32, on devices that have f32 atomic addition. The host has one form only,
//! the segments, which satisfies both. Moves I·F + N·F elements and I indices.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

/// How rows that meet are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scatter {
    /// By sorted segments, in a fixed order.
    #[default]
    Deterministic,
    /// By atomic additions, in any order.
    Atomic,
}

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "x [I, F], index [I], y [N, F]";
