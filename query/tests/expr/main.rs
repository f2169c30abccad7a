//! Tests of `query::expr`: values of expressions, the order of values, aggregates.

#![allow(clippy::unwrap_used, reason = "helpers of tests stop at the first surprise too")]

mod aggregates;
mod expressions;
mod limits;
mod order;
mod query;
