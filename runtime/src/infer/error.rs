//! The error of inference.

use std::error::Error;

/// What can go wrong while a closure is made.
#[derive(Debug, thiserror::Error)]
pub enum InferError {
    /// The statements contradict each other.
    #[error("the graph is inconsistent: rule {rule} of {regime} finds {}; remove or correct one of these statements", statements.join(" and "))]
    Inconsistent {
        /// The regime.
        regime: &'static str,
        /// The rule, by its name in the specification.
        rule: String,
        /// The statements that it matches, in N-Triples.
        statements: Vec<String>,
    },
    /// A rule of the store that cannot be applied.
    #[error("the rule {rule} of the store cannot be applied: {why}")]
    Rule {
        /// Its node.
        rule: String,
        /// What was expected and found.
        why: String,
    },
    /// More different terms than there are ids.
    #[error("the closure has more new terms than there are ids: {limit} are left beside the store's")]
    TooManyTerms {
        /// How many new terms there may be.
        limit: u32,
    },
    /// The query that asked for the closure was stopped, for this reason.
    #[error(transparent)]
    Stopped(Box<dyn Error + Send + Sync>),
}
