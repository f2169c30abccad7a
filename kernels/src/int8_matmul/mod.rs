//! `int8_matmul`: rows of floats, quantised on the way, times quantised rows; the products of integers are summed exactly.
//!
//! ```text
//! q, scale = quantize(x)
//! y_(t,o) = scale_t · w_scale_o · Σ_k q_(t,k) w_(o,k)      the sum in i32
//! ```
//!
//! | array | shape | |
//! |---|---|---|
//! | x | `[T, K]` | any float type; K <= [`MOST`] |
//! | w | `[O, K]` | i8 in ±127, with w_scale `[O]`, as of `quantize` |
//! | y | `[T, O]` | like x |
//!
//! The same sums on every device, but for a q that lies half way between two integers; then two roundings. A row of x or w that holds NaN
//! or an infinity makes its outputs NaN. 2·T·O·K operations; moves O·K bytes and T·(K + O)·s. Deterministic. No gradient.
//!
//! Dettmers et al., "LLM.int8(): 8-bit Matrix Multiplication for Transformers at Scale", 2022, arXiv:2208.07339 (without its outliers).

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

use crate::error::{KernelError, check_len};

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "x [T, K], w [O, K] with scale [O], y [T, O]";

/// The largest K: with more, 127² · K is no i32.
pub const MOST: usize = 1 << 17;

/// Checks the length of x `[T, K]`, of w `[O, K]`, and K.
///
/// # Errors
/// Names the argument, the contract and what was found.
pub fn check(rows: usize, width: usize, x: usize, outputs: usize, w: usize) -> Result<(), KernelError> {
    const OP: &str = "int8_matmul";
    if width > MOST {
        return Err(KernelError::Option {
            op: OP,
            argument: "K",
            got: width.to_string(),
            expected: "up to 131072, so that the sums are exact",
        });
    }
    check_len(OP, CONTRACT, "x", x, rows.saturating_mul(width))?;
    check_len(OP, CONTRACT, "w", w, outputs.saturating_mul(width))
}
