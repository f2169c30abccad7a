//! `flash_attention`: scaled dot-product attention over sequences of any length; the matrix of scores never reaches memory.
//!
//! ```text
//! s_(i,j) = scale · ⟨q_i, k_j⟩
//! p_(i,j) = softmax of s_(i,·) over the keys that query i sees
//! o_i     = Σ_j p_(i,j) v_j
//! ```
//!
//! | array | shape | |
//! |---|---|---|
//! | q | `[B, H, Tq, D]` | queries |
//! | k, v | `[B, Hk, Tk, D]` | keys and values; head h reads h / (H / Hk) (grouped queries) |
//! | o | `[B, H, Tq, D]` | output |
//! | N | `[B, H, Tq, 2]` | m and 1 / Σ exp(s − m) of each query, for the backward pass; f32 (f64 for f64) |
//!
//! Causal: query i sees the keys j <= i + Tk − Tq, so that the last query sees every key. This is the convention of decoding with a cache,
//! where the queries are the end of the sequence; with Tq = Tk it is the lower triangle. A query that sees no key has the output 0 and
//! passes no gradient.
//!
//! 4·B·H·Tq·Tk·D operations forward and 10· backward, half as many where causal; moves O((Tq + Tk)·D) elements per head and pass over a block;
//! memory O(Tq + Tk). Sums in f32 (f64 for f64). NaN or ∞ in an input makes what depends on it NaN, and may make the rest of its head so: a
//! hidden key has the weight 0, and 0 · NaN is NaN. Deterministic.
//!
//! Backward (dO given), with p made again from N: dv_j = Σ_i p_(i,j) dO_i; ds_(i,j) = p_(i,j) (⟨dO_i, v_j⟩ − ⟨dO_i, o_i⟩);
//! dq_i = scale Σ_j ds_(i,j) k_j; dk_j = scale Σ_i ds_(i,j) q_i.
//!
//! Dao, "FlashAttention-2: Faster Attention with Better Parallelism and Work Partitioning", 2023, arXiv:2307.08691.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

use crate::error::{KernelError, check_len};

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "q [B, H, Tq, D], k and v [B, Hk, Tk, D] with Hk dividing H, o [B, H, Tq, D]";

/// Sizes and options of one attention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlashConfig {
    /// B
    pub batch: usize,
    /// H, heads of the queries.
    pub heads: usize,
    /// Hk, heads of the keys and values; divides H.
    pub kv_heads: usize,
    /// Tq
    pub queries: usize,
    /// Tk
    pub keys: usize,
    /// D, features of a head.
    pub width: usize,
    /// Whether a query sees only the keys up to its own place, counted from the end.
    pub causal: bool,
    /// Factor of the scores, 1 / √D as a rule.
    pub scale: f64,
}

impl FlashConfig {
    /// How many keys query `i` sees: the first so many.
    #[inline(always)]
    pub fn visible(&self, i: usize) -> usize {
        if self.causal { (i + 1 + self.keys).saturating_sub(self.queries).min(self.keys) } else { self.keys }
    }

    /// The first query that sees key `j`.
    #[inline(always)]
    pub fn first_query(&self, j: usize) -> usize {
        if self.causal { (j + self.queries).saturating_sub(self.keys).min(self.queries) } else { 0 }
    }

    /// Rows of q.
    pub fn query_rows(&self) -> usize {
        self.batch * self.heads * self.queries
    }

    /// Rows of k and of v.
    pub fn key_rows(&self) -> usize {
        self.batch * self.kv_heads * self.keys
    }

    /// Query heads that share a head of keys.
    pub fn group(&self) -> usize {
        self.heads / self.kv_heads.max(1)
    }

    /// Checks the options and the lengths of the arrays.
    ///
    /// # Errors
    /// Heads that do not divide, a scale that is no finite number, lengths other than the contract's.
    pub fn check(&self, q: usize, k: usize, v: usize) -> Result<(), KernelError> {
        let option = |argument, got: String, expected| Err(KernelError::Option { op: "flash_attention", argument, got, expected });
        if self.kv_heads == 0 || !self.heads.is_multiple_of(self.kv_heads) {
            return option("kv_heads", format!("{} for {} heads", self.kv_heads, self.heads), "a number that divides the heads");
        }
        if !self.scale.is_finite() {
            return option("scale", self.scale.to_string(), "a finite number");
        }
        for (argument, got, rows) in [("q", q, self.query_rows()), ("k", k, self.key_rows()), ("v", v, self.key_rows())] {
            check_len("flash_attention", CONTRACT, argument, got, rows * self.width)?;
        }
        Ok(())
    }
}

/// Which gradients the backward pass makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// dq
    pub q: bool,
    /// dk
    pub k: bool,
    /// dv
    pub v: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_query_sees_is_what_sees_it() {
        for (queries, keys) in [(5, 5), (3, 7), (7, 3), (1, 4), (4, 0), (0, 4)] {
            for causal in [false, true] {
                let c = FlashConfig { batch: 1, heads: 1, kv_heads: 1, queries, keys, width: 1, causal, scale: 1.0 };
                for i in 0..queries {
                    for j in 0..keys {
                        assert_eq!(j < c.visible(i), i >= c.first_query(j), "{c:?} {i} {j}");
                        assert_eq!(j < c.visible(i), !causal || j as isize <= i as isize + keys as isize - queries as isize);
                    }
                }
            }
        }
    }
}
