//! `hypergraph_attention`: scores, segment softmax and both passes in one, multi-head, without any `[nnz, Hd, F]`.
//!
//! ```text
//! s_(v,e,h) = leaky_relu( a_(v,h) + b_(e,h), slope )
//! p_(v,e,h) = softmax of s over the members v of e (normalise = ToCols) or over the hyperedges e of v (ToRows),
//!             times the pattern's constant value of (v,e) where it has values
//! Y_(e,h)   = t_e · Σ_{v in e} p_(v,e,h) x_(v,h)            [cols, Hd, C]
//! O_(v,h)   = u_v · Σ_{e of v} p_(v,e,h) Y_(e,h)            [rows, Hd, C]
//! ```
//!
//! x `[rows, Hd·C]` (head-major), a `[rows, Hd]`, b `[cols, Hd]`, t `[cols]`, u `[rows]` (Bai et al. 2019, arXiv:1901.08150: t = W B^-1, u = D^-1).
//! Forward saves Y and the normaliser N of each segment: the largest score m of each head, then Σ exp(s − m) of each as its logarithm (host)
//! or its inverse (devices, whose compilers may reorder sums). The coefficients are recomputed from N wherever needed: p = exp(s − m) / Σ.
//! Kept apart, not as L = m + ln Σ, whose rounding would be that of m.
//!
//! Backward (dO given), with G_e = Σ_v p u_v dO_v and dX_v = Σ_e p t_e G_e:
//!
//! ```text
//! dp_(v,e)·value = value · ( u_v ⟨dO_v, Y_e⟩ + t_e ⟨x_v, G_e⟩ )
//! T = Σ_segment p dp = 2 ⟨Y_e, G_e⟩  (ToCols)   or   ⟨dO_v, O_v⟩ + ⟨x_v, dX_v⟩  (ToRows)
//! ds = softmax · (value · dp − T);  da_v, db_e = sums of ds · leaky' over rows and columns
//! ```
//!
//! The host takes T from the products of features, which it reads anyway; a device sums softmax · value · dp, in f32.
//!
//! Moves 2·nnz·F elements forward, 3·nnz·F backward; memory O((rows + cols)·F + nnz·Hd). Deterministic.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

use crate::csr::Direction;

/// Sizes and options of one attention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AttentionConfig {
    /// Hd, number of heads.
    pub heads: usize,
    /// C, features per head.
    pub head_width: usize,
    /// Negative slope of the leaky ReLU.
    pub slope: f64,
    /// `ToCols`: softmax over the members of each hyperedge (PyG's node mode); `ToRows`: over the hyperedges of each node (edge mode).
    pub normalise: Direction,
}

/// Shapes, as the error messages print them.
pub const CONTRACT: &str =
    "x [rows, Hd*C], a [rows, Hd], b [cols, Hd], u [rows], t [cols], O [rows, Hd*C], Y [cols, Hd*C], N [rows or cols, 2*Hd]";
