//! HyperQL, the query language: text becomes syntax, syntax becomes algebra, algebra becomes a graph of tensor operators. A pure compiler: it knows
//! no device, no store and no runtime.

pub mod syntax;
pub mod translate;

pub mod algebra;
pub mod graph;

pub use syntax::{ParseOptions, SyntaxError};
pub use translate::{parse_query, parse_update};
