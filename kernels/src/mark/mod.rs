//! `mark`: flags, 1 where a test holds and 0 where it does not; `compact` keeps what is marked.
//!
//! ```text
//! flag_i = [x_i = z_i]   [x_i < z_i]   [x_i ≠ 0 ∧ z_i ≠ 0]   [x_i ≠ 0 ∨ z_i ≠ 0]      (pairs, by Test)
//! flag_i = [low <= x_i < high]                                                       (within)
//! flag_i = [i = 0 ∨ x_i ≠ x_(i−1)]                                                   (firsts: where runs begin)
//! ```
//!
//! x, z and flag `[n]`. Moves 3·n indices, without z 2·n. Deterministic. No gradient.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

/// What is asked of two elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Test {
    /// The same.
    Equal,
    /// The first is less.
    Less,
    /// Neither is 0.
    Both,
    /// Not both are 0.
    Either,
}

impl Test {
    /// All, for tests.
    pub const ALL: [Self; 4] = [Self::Equal, Self::Less, Self::Both, Self::Either];

    /// Whether it holds.
    #[inline(always)]
    pub const fn holds(self, x: u32, z: u32) -> bool {
        match self {
            Self::Equal => x == z,
            Self::Less => x < z,
            Self::Both => x != 0 && z != 0,
            Self::Either => x != 0 || z != 0,
        }
    }
}

/// Shapes, as the error messages print them.
pub const CONTRACT: &str = "x [n], z [n], flag [n]";
