//! HyperQL, the query language: text becomes syntax, syntax becomes algebra, algebra becomes a graph of tensor operators. A pure compiler: it knows
//! no device, no store and no runtime.

pub mod syntax;
pub mod translate;

pub mod algebra;
pub mod explain;
pub mod expr;
pub mod graph;
mod lower;
mod optimize;
pub mod parameters;
mod print;
mod scope;
pub mod statistics;
mod verify;
pub mod vocabulary;

pub use lower::{CompileError, CompileOptions, MOST_PATTERNS, compile};
pub use syntax::{ParseOptions, SyntaxError};
pub use translate::{parse_query, parse_update};
