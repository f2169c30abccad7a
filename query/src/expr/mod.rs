//! Expressions and aggregates on RDF values, without a store: SPARQL 1.1 sections 17 and 18.5.1 and what SPARQL 1.2 adds. [`Value`] is a decoded term,
//! [`Program`] a compiled expression, [`Accumulator`] an aggregate.

mod aggregate;
mod arithmetic;
mod boolean;
mod compare;
mod compile;
mod context;
mod datatype;
mod duration;
mod error;
mod functions;
mod loose;
mod number;
mod order;
mod parse;
mod program;
mod term;
mod value;

pub use aggregate::Accumulator;
pub use boolean::effective_boolean;
pub use compare::{compare, equal};
pub use compile::constant;
pub use context::{Annotations, Context, Row, Values};
pub use error::EvalError;
pub use order::{compare_order_by, compare_values};
pub use program::Program;
pub use value::{LangString, Other, TripleTerm, Value, Written};

/// Levels of nesting that an expression or a triple term made by a function may have.
pub const MAX_DEPTH: usize = 512;

/// Bytes that a string made by a function may have.
pub const MAX_STRING: usize = 64 << 20;
