//! The syntax of what a trained model answers.

use super::{Group, Hyperedge, Node, Span, Triple, Variable};

/// `SIMILAR(?x, to, k) AS ?score AMONG { … }`.
#[derive(Clone, Debug)]
pub struct Similar {
    /// What is found.
    pub variable: Variable,
    /// A node, a text (a string literal) or a variable that has a node.
    pub to: Node,
    /// How many are found.
    pub k: u64,
    /// The name of how similar each is.
    pub score: Option<Variable>,
    /// What they are found among.
    pub among: Option<Group>,
    /// Where.
    pub span: Span,
}

/// `PREDICT { … LIMIT k } AS ?score AMONG { … }`.
#[derive(Clone, Debug)]
pub struct Predict {
    /// What is predicted.
    pub candidate: Candidate,
    /// How many are found.
    pub k: u64,
    /// The name of how probable each is.
    pub score: Option<Variable>,
    /// What its variables are found among.
    pub among: Option<Group>,
    /// Where.
    pub span: Span,
}

/// What is predicted.
#[derive(Clone, Debug)]
pub enum Candidate {
    /// `HYPEREDGE`.
    Hyperedge(Hyperedge),
    /// A triple.
    Triple(Triple),
}
