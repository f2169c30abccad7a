//! Why an expression has no value. In SPARQL this is no failure: a filter drops the row, a variable stays unbound.

use std::sync::Arc;

use thiserror::Error;

/// Why an expression has no value for a row.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EvalError {
    /// A variable has no value.
    #[error("a variable of the expression is unbound")]
    Unbound,
    /// An argument is of the wrong kind.
    #[error("{operation} expects {expected}, got {found}")]
    Type {
        /// Function or operator.
        operation: &'static str,
        /// What it takes.
        expected: &'static str,
        /// Kind of the argument.
        found: &'static str,
    },
    /// Two values of which it is not known whether they are equal, or which is less.
    #[error("{left} and {right} are not comparable")]
    Incomparable {
        /// Kind of the left one.
        left: &'static str,
        /// Kind of the right one.
        right: &'static str,
    },
    /// An argument of the right kind has a value that the function does not take.
    #[error("{operation} expects {expected}")]
    Argument {
        /// Function or operator.
        operation: &'static str,
        /// What it takes.
        expected: &'static str,
    },
    /// Division of an integer or decimal by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// The result is outside of the range of its datatype.
    #[error("{operation}: the result is out of range")]
    Overflow {
        /// Function or operator.
        operation: &'static str,
    },
    /// The result would be a string of more bytes than [`MAX_STRING`](super::MAX_STRING).
    #[error("{operation}: the result is longer than {} MiB", super::MAX_STRING >> 20)]
    TooLong {
        /// Function.
        operation: &'static str,
    },
    /// A regular expression that is malformed, too large or uses back-references.
    #[error("regular expression: {0}")]
    Regex(Arc<str>),
    /// A cast of a value that its target type cannot hold.
    #[error("{found} cannot be cast to {target}")]
    Cast {
        /// Name of the datatype.
        target: &'static str,
        /// Kind of the argument.
        found: &'static str,
    },
    /// No function has this IRI.
    #[error("unknown function <{0}>")]
    UnknownFunction(Arc<str>),
    /// A wrong number of arguments.
    #[error("{operation} expects {expected} arguments, got {found}")]
    Arity {
        /// Function.
        operation: &'static str,
        /// How many it takes.
        expected: &'static str,
        /// How many there are.
        found: usize,
    },
    /// `EXISTS`, which has to be a variable by the time an expression is compiled.
    #[error("EXISTS has no value outside of a query; lower the pattern to a variable first")]
    Exists,
    /// An expression that is nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    #[error("the expression or triple term is nested deeper than {}", super::MAX_DEPTH)]
    TooDeep,
}
