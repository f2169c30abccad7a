//! Inference: the closure of a graph under a regime, by semi-naive evaluation on sorted arrays of ids.

mod asserted;
mod cache;
mod closure;
mod error;
mod evaluate;
mod facts;
mod fixpoint;
mod need;
mod pairs;
mod prepare;
mod recent;
mod regimes;
mod rule;
mod solution;
mod terms;
mod timed;
mod transitive;
mod whole;

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

pub use error::InferError;

pub(crate) use cache::{ActiveGraph, ClosureCache};
pub(crate) use prepare::{Closures, Context, prepare};
pub(crate) use timed::{Closed, Time, Times};
pub(crate) use whole::{Graph, Whole, closure_of};
