//! Triples, and the terms and paths in them.

use oxrdf::{NamedNode, Term};

use super::Span;

/// A variable.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Without `?`.
    pub name: String,
    /// Where.
    pub span: Span,
}

/// A term, variable or blank node of a pattern.
#[derive(Clone, Debug)]
pub enum Node {
    /// A variable.
    Variable(Variable),
    /// An IRI or literal.
    Term(Term, Span),
    /// A blank node.
    Blank(BlankNode),
    /// A triple term.
    Triple(Box<Triple>),
}

/// A blank node.
#[derive(Clone, Debug)]
pub struct BlankNode {
    /// `_:label`, or a number for one without.
    pub label: BlankLabel,
    /// Where.
    pub span: Span,
}

/// How a blank node is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BlankLabel {
    /// `_:label`.
    Named(String),
    /// `[]`, a list, a reifier.
    Anonymous(u32),
}

/// A triple.
#[derive(Clone, Debug)]
pub struct Triple {
    /// Subject.
    pub subject: Node,
    /// Predicate or path.
    pub verb: Verb,
    /// Object.
    pub object: Node,
    /// Where.
    pub span: Span,
}

/// What stands between subject and object.
#[derive(Clone, Debug)]
pub enum Verb {
    /// An IRI or a variable.
    Node(Node),
    /// A path that is more than an IRI.
    Path(Path),
}

/// A property path.
#[derive(Clone, Debug)]
pub struct Path {
    /// Which.
    pub kind: PathKind,
    /// Where.
    pub span: Span,
}

/// The kinds of paths.
#[derive(Clone, Debug)]
pub enum PathKind {
    /// An IRI.
    Predicate(NamedNode),
    /// `^`.
    Inverse(Box<Path>),
    /// `/`.
    Sequence(Vec<Path>),
    /// `|`.
    Alternative(Vec<Path>),
    /// `*`, `+`, `?`.
    Repeat(Box<Path>, Repeat),
    /// `!(…)`; true: inverse.
    Negated(Vec<(NamedNode, bool)>),
}

/// How often a path is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// `*`.
    ZeroOrMore,
    /// `+`.
    OneOrMore,
    /// `?`.
    ZeroOrOne,
}

impl Node {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Variable(variable) => variable.span,
            Self::Term(_, span) => *span,
            Self::Blank(blank) => blank.span,
            Self::Triple(triple) => triple.span,
        }
    }
}
