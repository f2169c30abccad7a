//! `memory_attention`: token queries over the slots of a memory (hyperedges, as a rule), of which each query reads the few that answer it best,
//! or none: a null slot takes the weight of a question that the memory cannot answer.
//!
//! ```text
//! s_(i,m) = scale · ⟨q_i, k_m⟩ + bias          of slot m
//! s_(i,∅) = scale · ⟨q_i, n⟩                   of the null slot, whose value is 0
//! T_i     = the kept slots with the largest s_(i,·), of equal ones the earlier
//! A_i     = softmax of s_(i,·) over {∅} ∪ T_i
//! o_i     = Σ_(m ∈ T_i) A_(i,m) v_m
//! ```
//!
//! | array | shape | |
//! |---|---|---|
//! | q | `[B, H, T, D]` | queries |
//! | k, v | `[B, Hk, S, D]` | keys and values of the slots; head h reads h / (H / Hk) |
//! | n | `[Hk, D]` | key of the null slot |
//! | t | `[B, H, T, K]` | the kept slots of each query by falling score, K = min(top-k, S), u32 |
//! | A | `[B, H, T, K + 1]` | weights: of the null slot, then of the kept slots |
//! | o | `[B, H, T, D]` | output |
//!
//! Three steps, so that A is an output with a gradient of its own (losses on the null slot and copy heads read it): `select` finds t, by the
//! exact search of `knn`; `weights` makes A; `read` makes o. Of R = B·H·T queries: 2·R·S·D operations to select, memory O(R·K); the other steps
//! move R·K·D elements, and twice as many backward. Deterministic: the gradients of k and v sum the entries of each slot in ascending order of queries.
//!
//! Backward, t being constant (dA and dO given): ds = A (dA − ⟨A, dA⟩); dq_i = scale (ds_(i,∅) n + Σ ds_(i,m) k_m); dk_m = scale Σ_i ds_(i,m) q_i;
//! dn = scale Σ_i ds_(i,∅) q_i. dv_m = Σ_i A_(i,m) dO_i; dA_(i,m) = ⟨dO_i, v_m⟩, and 0 for the null slot.
//!
//! NaN in a query or key makes the weights of the queries that keep it NaN; a slot whose score is NaN is kept only where there are too few others.
//!
//! After Wang et al., "KBLaM: Knowledge Base augmented Language Model", ICLR 2025, with exact top-k and the null slot of our own.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

use crate::error::{KernelError, check_len};

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "q [B, H, T, D], k and v [B, Hk, S, D] with Hk dividing H, null [Hk, D], o [B, H, T, D]";

/// Sizes and options of one attention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemoryConfig {
    /// B
    pub batch: usize,
    /// H, heads of the queries.
    pub heads: usize,
    /// Hk, heads of the slots; divides H.
    pub kv_heads: usize,
    /// T
    pub queries: usize,
    /// S
    pub slots: usize,
    /// K, slots that a query keeps; at most S.
    pub kept: usize,
    /// D, features of a head.
    pub width: usize,
    /// Factor of the scores, 1 / √D as a rule.
    pub scale: f64,
    /// Added to the scores of slots, not to that of the null slot.
    pub bias: f64,
}

impl MemoryConfig {
    /// R, rows of q.
    pub fn query_rows(&self) -> usize {
        self.batch * self.heads * self.queries
    }

    /// Rows of k and of v.
    pub fn slot_rows(&self) -> usize {
        self.batch * self.kv_heads * self.slots
    }

    /// Entries of t.
    pub fn entries(&self) -> usize {
        self.query_rows() * self.kept
    }

    /// Rows of q that read the same head of slots; they follow one another.
    pub fn sharing(&self) -> usize {
        self.heads / self.kv_heads.max(1) * self.queries
    }

    /// The head of slots, over all batches, that row `r` of q reads.
    #[inline(always)]
    pub fn slot_head(&self, r: usize) -> usize {
        r / self.sharing()
    }

    /// Checks the options and the lengths of the arrays.
    ///
    /// # Errors
    /// Heads that do not divide, more kept slots than there are, a scale that is not positive, a bias that is not finite, lengths other than the contract's, more entries than
    /// 32-bit indices hold.
    pub fn check(&self, q: usize, k: usize, v: usize, null: usize) -> Result<(), KernelError> {
        const OP: &str = "memory_attention";
        let option = |argument, got: String, expected| Err(KernelError::Option { op: OP, argument, got, expected });
        if self.kv_heads == 0 || !self.heads.is_multiple_of(self.kv_heads) {
            return option("kv_heads", format!("{} for {} heads", self.kv_heads, self.heads), "a number that divides the heads");
        }
        if self.kept > self.slots {
            return option("kept", format!("{} of {} slots", self.kept, self.slots), "at most the number of slots");
        }
        if !(self.scale > 0.0 && self.scale.is_finite()) {
            return option("scale", self.scale.to_string(), "a positive number");
        }
        if !self.bias.is_finite() {
            return option("bias", self.bias.to_string(), "a finite number");
        }
        let rows = [("q", q, self.query_rows()), ("k", k, self.slot_rows()), ("v", v, self.slot_rows()), ("null", null, self.kv_heads)];
        for (argument, got, rows) in rows {
            check_len(OP, CONTRACT, argument, got, rows * self.width)?;
        }
        let (entries, limit) = (self.query_rows().saturating_mul(self.kept + 1), u32::MAX as usize);
        for (what, got) in [("weights of a memory attention", entries), ("elements of q", q), ("elements of k", k)] {
            if got > limit {
                return Err(KernelError::TooLarge { what, got, limit });
            }
        }
        Ok(())
    }
}

/// The entries of each slot, what the gradients of k and v sum over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotLists<I> {
    /// Where the entries of each slot start, `[B·Hk·S + 1]`.
    pub ptr: I,
    /// Places in t that name the slot, ascending, `[B·H·T·K]`.
    pub entries: I,
}

impl SlotLists<Vec<u32>> {
    /// The same lists, borrowed.
    pub fn as_slices(&self) -> SlotLists<&[u32]> {
        SlotLists { ptr: &self.ptr, entries: &self.entries }
    }
}
