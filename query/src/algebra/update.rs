//! The algebra of an update: operations on quads, one after the other.

use oxrdf::NamedNode;
use serde::{Deserialize, Serialize};

use super::{Dataset, Pattern, TermPattern, TriplePattern};

/// A sequence of update operations, each with its own effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Update {
    /// In order.
    pub operations: Vec<Operation>,
    /// Base IRI, for `IRI()`.
    pub base: Option<String>,
}

/// A quad pattern of an update; without a graph: the default graph.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct QuadPattern {
    /// The triple.
    pub triple: TriplePattern,
    /// Its graph, an IRI or a variable.
    pub graph: Option<TermPattern>,
}

/// One operation of an [`Update`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Operation {
    /// `INSERT DATA`; blank nodes are terms here, fresh in the store.
    InsertData(Vec<QuadPattern>),
    /// `DELETE DATA`.
    DeleteData(Vec<QuadPattern>),
    /// `DELETE { } INSERT { } USING … WHERE { }`, `DELETE WHERE`.
    DeleteInsert {
        /// Deleted first.
        delete: Vec<QuadPattern>,
        /// Then inserted; hidden variables are fresh blank nodes per solution.
        insert: Vec<QuadPattern>,
        /// `USING`; `WITH` is written into the quads and this.
        using: Option<Dataset>,
        /// Whose solutions.
        pattern: Box<Pattern>,
    },
    /// `LOAD`.
    Load {
        /// Where from: an IRI, or a relative one where the text has no base.
        source: String,
        /// Where to; `None`: the default graph.
        graph: Option<NamedNode>,
        /// A failure is none.
        silent: bool,
    },
    /// `CLEAR`.
    Clear(GraphTarget, bool),
    /// `DROP`, with `SILENT`.
    Drop(GraphTarget, bool),
    /// `CREATE`, with `SILENT`.
    Create(NamedNode, bool),
    /// `ADD`, `COPY` and `MOVE` from a graph to a graph (`None`: the default graph), with `SILENT`.
    Transfer(Transfer, Option<NamedNode>, Option<NamedNode>, bool),
}

/// Which graphs an operation is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GraphTarget {
    /// `GRAPH <…>`.
    Graph(NamedNode),
    /// `DEFAULT`.
    Default,
    /// `NAMED`.
    Named,
    /// `ALL`.
    All,
}

/// How an operation takes triples from graph to graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transfer {
    /// `ADD`: keeps both.
    Add,
    /// `COPY`: replaces the second.
    Copy,
    /// `MOVE`: replaces the second and drops the first.
    Move,
}
