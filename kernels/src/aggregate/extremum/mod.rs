//! Gradients of max and min on devices: the winning entry of every output is found again, then both gradients are masked sums.

pub(crate) mod cube;
pub mod launch;
