//! Patterns that a trained model answers.

use serde::{Deserialize, Serialize};

use super::{Pattern, TermPattern, TextPlace, Variable};

/// How many nodes or hyperedges are found where the query does not say it.
pub const DEFAULT_NEAREST: u64 = 10;

/// How many can be asked for.
pub const MOST_NEAREST: u64 = 100_000;

/// `SIMILAR(?x, to, k) AS ?score AMONG { … }`: the k nodes whose embeddings are nearest to that of a node or a text, with the cosine of the angle between them. The node
/// itself is not among them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Similar {
    /// What is found.
    pub variable: Variable,
    /// An IRI; a string, which is a text; a variable: the nearest of each value that the rest of the group gives it.
    pub to: TermPattern,
    /// How many are found, of each value of a variable.
    pub k: u64,
    /// The cosine.
    pub score: Option<Variable>,
    /// Only what this pattern binds the variable to is looked at; its other variables are not seen outside.
    pub among: Option<Pattern>,
    /// Where it stands.
    #[serde(skip)]
    pub at: TextPlace,
}

/// `PREDICT { candidate LIMIT k } AS ?score AMONG { … }`: the k candidates that a model finds most probable, of those that are not there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Predict {
    /// A [`Pattern::Hyperedge`] or a [`Pattern::Bgp`] of one triple; its solutions are what is there already.
    pub candidate: Pattern,
    /// How many are found.
    pub k: u64,
    /// The probability.
    pub score: Option<Variable>,
    /// Only what this pattern binds variables of the candidate to is looked at; its other variables are not seen outside.
    pub among: Option<Pattern>,
    /// Where it stands.
    #[serde(skip)]
    pub at: TextPlace,
}
