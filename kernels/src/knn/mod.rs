//! `knn`: the k nearest items of each query, exact, by inner product or by squared Euclidean distance; the matrix of all scores never
//! reaches memory.
//!
//! ```text
//! s_(i,j) = ⟨q_i, x_j⟩      largest first
//! s_(i,j) = ‖q_i − x_j‖²    smallest first
//! ```
//!
//! | array | shape | |
//! |---|---|---|
//! | q | `[Q, D]` | queries |
//! | x | `[N, D]` | items |
//! | ids | `[Q, k]` | u32, the items of each query, best first; k <= N |
//! | s | `[Q, k]` | their scores, f32 (f64 for f64) |
//!
//! Of equal scores the earlier item comes first; NaN comes after every number. 2·Q·N·D operations (3· for distances on devices); reads the
//! items once per block of queries; memory O((Q + N)·D + Q·k) and, where a query's items are shared out, k candidates for each share. Sums in
//! f32 (f64 for f64). Deterministic. No gradient.
//!
//! On the CPU candidates are chosen by ⟨q − c, x − c⟩ − ‖x − c‖² / 2 with the first item for c, so that the distances are a matrix product;
//! [`SPARE`] more than k are kept, and their distances are then summed as written above. Where so many items lie nearer to each other than
//! the rounding of that product, one of them may stand for another.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

use std::cmp::Ordering;

use crate::error::{KernelError, check_len};

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "q [Q, D], x [N, D], ids and s [Q, k] with k <= N";

/// Candidates beyond k whose distances the CPU form sums again.
pub const SPARE: usize = 16;

/// What makes an item near.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// ⟨q, x⟩, largest first: cosine similarity where rows have the length 1.
    InnerProduct,
    /// ‖q − x‖², smallest first.
    SquaredL2,
}

impl Metric {
    /// Both.
    pub const ALL: [Self; 2] = [Self::InnerProduct, Self::SquaredL2];
}

/// Sizes and metric of one search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnnConfig {
    /// Q
    pub queries: usize,
    /// N
    pub items: usize,
    /// D
    pub width: usize,
    /// Items wanted of each query.
    pub k: usize,
    /// What makes an item near.
    pub metric: Metric,
}

impl KnnConfig {
    /// Checks the lengths of q and x, and k.
    ///
    /// # Errors
    /// Names the argument, the contract and what was found.
    pub fn check(&self, q: usize, x: usize) -> Result<(), KernelError> {
        self.check_k()?;
        check_len("knn", CONTRACT, "q", q, self.queries.saturating_mul(self.width))?;
        check_len("knn", CONTRACT, "x", x, self.items.saturating_mul(self.width))
    }

    /// Checks k and the number of items.
    pub(crate) fn check_k(&self) -> Result<(), KernelError> {
        if self.k > self.items {
            let got = format!("{} of {} items", self.k, self.items);
            return Err(KernelError::Option { op: "knn", argument: "k", got, expected: "at most as many as there are items" });
        }
        if self.items > u32::MAX as usize {
            return Err(KernelError::TooLarge { what: "items", got: self.items, limit: u32::MAX as usize });
        }
        Ok(())
    }
}

/// The order of (score, item) where the largest score is the best: NaN last, of equal ones the earlier item first.
#[inline(always)]
pub(crate) fn best_first<A: PartialOrd>(a: (A, u32), b: (A, u32)) -> Ordering {
    let is_nan = |x: &A| x.partial_cmp(x).is_none();
    let by_score = b.0.partial_cmp(&a.0).unwrap_or_else(|| is_nan(&a.0).cmp(&is_nan(&b.0)));
    by_score.then(a.1.cmp(&b.1))
}
