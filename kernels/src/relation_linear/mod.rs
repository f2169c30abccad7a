//! `relation_linear`: every row times the weight of its relation, a grouped matrix product.
//!
//! ```text
//! y_i = x_i · W[rel_i]
//! ```
//!
//! | array | shape | |
//! |---|---|---|
//! | x | `[rows, I]` | input rows, in any order |
//! | W | `[R, I, O]` | one weight per relation |
//! | rel | `[rows]` | relation of each row, given once as [`RelationRows`] |
//! | y | `[rows, O]` | output |
//!
//! Rows of one relation are multiplied together, tile by tile; where they are not side by side, the tiles are gathered on the way in and
//! scattered on the way out. 2·rows·I·O operations forward and twice as many backward; moves rows·(I + O) + R·I·O elements. Sums in f32 (f64
//! for f64). Deterministic: every sum runs in a fixed order, tensor cores or not.
//!
//! Backward (dy given): `dx_i = dy_i · W[rel_i]^T`; dW_r = Σ_{i: rel_i = r} x_i^T dy_i, by fixed chunks of rows that are added in order.
//!
//! Schlichtkrull et al., "Modeling Relational Data with Graph Convolutional Networks", 2018, arXiv:1703.06103.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;
mod rows;
#[cfg(feature = "cube")]
mod upload;

pub use rows::RelationRows;
#[cfg(feature = "cube")]
pub use upload::DeviceRelations;

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "x [rows, I], W [R, I, O], y [rows, O]";

/// Which units of a device multiply; the CPU has one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Products {
    /// Tensor cores where the device has them for the type.
    #[default]
    Auto,
    /// The units themselves.
    Simple,
    /// Tensor cores: products of 16 × 16 × 16 with sums in f32.
    TensorCores,
}

/// Which gradients the backward pass makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// dx
    pub x: bool,
    /// dW
    pub weight: bool,
}
