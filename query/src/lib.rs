//! HyperQL, the query language: text becomes syntax, syntax becomes algebra, algebra becomes a graph of tensor operators. A pure compiler: it knows
//! no device, no store and no runtime.

pub mod algebra;
pub mod expr;
pub mod graph;
