//! `concat`: one array after another.
//!
//! x `[n]`, y `[m]`, z `[n + m]`. Moves 2·(n + m) indices. Deterministic. No gradient.

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;
