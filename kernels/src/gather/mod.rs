//! `gather`: rows of a matrix by index.
//!
//! ```text
//! y_i = x_(index_i)
//! ```
//!
//! The index is a pattern `[I, N]` with exactly one entry per row ([`index_pattern`]), so that its transpose, the sorted segments of
//! `scatter_add`, is at hand for the gradient. x `[N, F]`, y `[I, F]`. Moves 2·I·F elements and I indices. Deterministic.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

use crate::csr::CsrPair;
use crate::error::KernelError;

/// The pattern of an index over `n` rows.
///
/// # Errors
/// An index `>= n`.
pub fn index_pattern(index: Vec<u32>, n: usize) -> Result<CsrPair, KernelError> {
    if index.len() >= u32::MAX as usize {
        return Err(KernelError::TooLarge { what: "indices", got: index.len(), limit: u32::MAX as usize - 1 });
    }
    CsrPair::new((0..=index.len() as u32).collect(), index, n, None)
}

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "x [N, F], index [I], y [I, F]";
