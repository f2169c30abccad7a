//! `set_attention`: attention of S seeds over the members of each segment, multi-head: the pooling of AllSetTransformer, without any
//! `[nnz, Hd, C]`.
//!
//! ```text
//! s_(v,s,h)   = leaky_relu( scale · ⟨Q_(s,h), K_(v,h)⟩, slope )
//! p_(v,e,s,h) = softmax of s over the members v of e
//! O_(e,s,h)   = Σ_{v in e} p_(v,e,s,h) V_(v,h)
//! ```
//!
//! | array | shape | |
//! |---|---|---|
//! | Q | `[S, Hd·C]` | seeds, heads side by side |
//! | K, V | `[members, Hd·C]` | keys and values of the inputs of `direction` (nodes for `ToCols`) |
//! | O | `[segments, S, Hd·C]` | the outputs of `direction` (hyperedges for `ToCols`) |
//! | N | `[segments, 2, S·Hd]` | the largest score m, then 1 / Σ exp(s − m), for the backward pass; f32 (f64 for f64) |
//!
//! A score is of a member alone, whatever its segments, so that members·S·Hd products make all of them. A segment without members gives 0.
//! The pattern's constant values are not read. Moves (nnz + segments·S)·Hd·C elements and nnz indices; memory
//! O((members + segments)·S·Hd·C). Sums in f32 (f64 for f64). Deterministic.
//!
//! Backward (dO given), p made again from N, with G_(v,s,h) = Σ_{e of v} p dO_(e,s,h) over the transposed pattern and
//! T_(e,s,h) = ⟨dO_(e,s,h), O_(e,s,h)⟩: dV_(v,h) = Σ_s G_(v,s,h);
//! dz_(v,s,h) = scale · leaky'(s) (⟨G_(v,s,h), V_(v,h)⟩ − Σ_{e of v} p T_(e,s,h)); dK_(v,h) = Σ_s dz Q_(s,h); dQ_(s,h) = Σ_v dz K_(v,h).
//! No product per incidence is needed.
//!
//! Chien et al., "You are AllSet: A Multiset Function Framework for Hypergraph Neural Networks", 2022, arXiv:2106.13264 (one seed, scale 1,
//! slope 0.2); Lee et al., "Set Transformer", 2019, arXiv:1810.00825 (scale 1/√C, no leaky ReLU: slope 1).

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

pub use crate::flash_attention::Wanted;

use crate::csr::Direction;
use crate::error::{KernelError, check_len};

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "Q [S, Hd·C], K and V [members, Hd·C], O [segments, S, Hd·C]";

/// Sizes and options of one attention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SetAttentionConfig {
    /// The segments are its outputs, the members its inputs.
    pub direction: Direction,
    /// S
    pub seeds: usize,
    /// Hd
    pub heads: usize,
    /// C, features of a head.
    pub head_width: usize,
    /// Factor of the products.
    pub scale: f64,
    /// Slope of the leaky ReLU of the scores below 0; 1 leaves them as they are.
    pub slope: f64,
}

impl SetAttentionConfig {
    /// Hd·C
    pub fn width(&self) -> usize {
        self.heads * self.head_width
    }

    /// Scores of a member: S·Hd.
    pub fn parts(&self) -> usize {
        self.seeds * self.heads
    }

    /// Checks the options and the lengths of the arrays.
    ///
    /// # Errors
    /// No seeds or heads, a scale that is no finite number, a slope that is negative or none, lengths other than the contract's.
    pub fn check(&self, members: usize, q: usize, k: usize, v: usize) -> Result<(), KernelError> {
        self.check_options()?;
        for (argument, got, rows) in [("Q", q, self.seeds), ("K", k, members), ("V", v, members)] {
            check_len("set_attention", CONTRACT, argument, got, rows * self.width())?;
        }
        Ok(())
    }

    /// Checks that the heads divide `width` features.
    ///
    /// # Errors
    /// Names both.
    pub fn check_heads(&self, width: usize) -> Result<(), KernelError> {
        if self.width() == width {
            return Ok(());
        }
        let got = format!("{} for {width} features", self.heads);
        Err(KernelError::Option { op: "set_attention", argument: "heads", got, expected: "a number that divides the features" })
    }

    /// Checks the options.
    ///
    /// # Errors
    /// No seeds or heads, a scale that is no finite number, a slope that is negative or none.
    pub fn check_options(&self) -> Result<(), KernelError> {
        let option = |argument, got: String, expected| Err(KernelError::Option { op: "set_attention", argument, got, expected });
        for (argument, got) in [("seeds", self.seeds), ("heads", self.heads)] {
            if got == 0 {
                return option(argument, got.to_string(), "at least 1");
            }
        }
        if !self.scale.is_finite() {
            return option("scale", self.scale.to_string(), "a finite number");
        }
        // A negative slope would make the sign of a score say nothing of that of its product.
        if !(self.slope >= 0.0 && self.slope.is_finite()) {
            return option("slope", self.slope.to_string(), "a finite number, at least 0");
        }
        Ok(())
    }
}
