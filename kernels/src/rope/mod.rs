//! `rope`: rotary position embedding. Turns the pairs of features (f, f + D/2) of each row by angles that grow with its place.
//!
//! ```text
//! y_(t,f)       = x_(t,f) cos θ_(t,f) − x_(t,f+D/2) sin θ_(t,f)
//! y_(t,f+D/2)   = x_(t,f+D/2) cos θ_(t,f) + x_(t,f) sin θ_(t,f)         f < D/2,  θ_(t,f) = (start + t) · ω_f
//! ```
//!
//! | array | shape | |
//! |---|---|---|
//! | x | `[O, T, D]` | O batches times heads, T neighbouring places, D even |
//! | angles | `[P, D]` | per place cos θ of the D/2 pairs, then sin θ; f32 on devices |
//! | y | `[O, T, D]` | output |
//!
//! Halves are paired, as in the files of Hugging Face; the paper pairs neighbours, which is the same with the features in another order.
//! The angles are made once, in f64. Moves 2·O·T·D elements and T·D angles; in f32 (f64 for f64). Deterministic.
//!
//! Backward: turns dy by the opposite angles.
//!
//! Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", 2021, arXiv:2104.09864.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

use crate::error::{KernelError, check_len};

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "x [O, T, D] with D even, angles [P, D] with start + T <= P, y [O, T, D]";

/// Sizes and options of one rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// T, rows that follow one another.
    pub places: usize,
    /// D
    pub width: usize,
    /// Place of the first row.
    pub start: usize,
    /// By the opposite angles.
    pub back: bool,
}

impl Turn {
    /// Checks the options and the lengths of the arrays.
    ///
    /// # Errors
    /// A width that is odd, places past the end of the angles, lengths other than the contract's.
    pub fn check(&self, x: usize, angles: usize) -> Result<(), KernelError> {
        if !self.width.is_multiple_of(2) {
            return Err(KernelError::Option { op: "rope", argument: "width", got: self.width.to_string(), expected: "an even number" });
        }
        let matrix = self.places * self.width;
        check_len("rope", CONTRACT, "x", x, x.checked_div(matrix).unwrap_or(0) * matrix)?;
        let known = angles / self.width.max(1);
        check_len("rope", CONTRACT, "angles", angles, known * self.width)?;
        if matrix > 0 && self.start.saturating_add(self.places) > known {
            let got = format!("{} and {} rows, with angles for {known} places", self.start, self.places);
            return Err(KernelError::Option { op: "rope", argument: "start", got, expected: "start + rows <= places" });
        }
        Ok(())
    }
}

/// angles `[places, 2 · frequencies]`: cos and sin of place · ω_f.
pub fn angles(frequencies: &[f64], places: usize) -> Vec<f64> {
    let mut angles = Vec::with_capacity(2 * frequencies.len() * places);
    for t in 0..places {
        angles.extend(frequencies.iter().map(|w| (t as f64 * w).cos()));
        angles.extend(frequencies.iter().map(|w| (t as f64 * w).sin()));
    }
    angles
}
