//! Updates.

use oxrdf::NamedNode;

use super::{DatasetClause, Group, Node, Triple};
use crate::algebra::{GraphTarget, Transfer};

/// An update.
#[derive(Clone, Debug)]
pub struct Update {
    /// In order.
    pub operations: Vec<Operation>,
    /// `BASE`, or that of the options.
    pub base: Option<String>,
}

/// A triple of an update with its graph.
#[derive(Clone, Debug)]
pub struct Quad {
    /// The triple.
    pub triple: Triple,
    /// `GRAPH`.
    pub graph: Option<Node>,
}

/// An operation of an update.
#[derive(Clone, Debug)]
pub enum Operation {
    /// `INSERT DATA`.
    InsertData(Vec<Quad>),
    /// `DELETE DATA`.
    DeleteData(Vec<Quad>),
    /// `DELETE WHERE`.
    DeleteWhere(Vec<Quad>),
    /// `WITH … DELETE … INSERT … USING … WHERE …`.
    Modify(Box<Modify>),
    /// `LOAD`.
    Load {
        /// Where from: an IRI, or a relative one where the text has no base.
        source: String,
        /// Where to.
        graph: Option<NamedNode>,
        /// `SILENT`.
        silent: bool,
    },
    /// `CLEAR`, with `SILENT`.
    Clear(GraphTarget, bool),
    /// `DROP`, with `SILENT`.
    Drop(GraphTarget, bool),
    /// `CREATE`, with `SILENT`.
    Create(NamedNode, bool),
    /// `ADD`, `COPY`, `MOVE`, with `SILENT`; `None` is `DEFAULT`.
    Transfer(Transfer, Option<NamedNode>, Option<NamedNode>, bool),
}

/// `WITH … DELETE … INSERT … USING … WHERE …`.
#[derive(Clone, Debug)]
pub struct Modify {
    /// `WITH`.
    pub with: Option<NamedNode>,
    /// `DELETE`.
    pub delete: Vec<Quad>,
    /// `INSERT`.
    pub insert: Vec<Quad>,
    /// `USING`.
    pub using: Vec<DatasetClause>,
    /// `WHERE`.
    pub pattern: Group,
}
