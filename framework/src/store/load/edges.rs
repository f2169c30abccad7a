//! What hyperedges of files are in a space: nodes, or statements that stand for themselves.

use hashbrown::HashSet;
use oxrdf::{NamedOrBlankNode, Term, Triple};

use super::names::{Names, is_relative};
use crate::Name;

/// A hyperedge.
pub(super) enum Edge {
    Node(NamedOrBlankNode),
    /// Named `<<( s p o )>>`.
    Statement(Box<Triple>),
}

/// Tells the names of hyperedges from those of nodes, which are apart in files and one in a space.
pub(super) struct EdgeNames<'a> {
    nodes: HashSet<&'a Name>,
    edges: HashSet<&'a Name>,
}

impl<'a> EdgeNames<'a> {
    pub(super) fn new(nodes: impl Iterator<Item = &'a Name>, edges: impl Iterator<Item = &'a Name>) -> Self {
        Self { nodes: nodes.collect(), edges: edges.collect() }
    }

    /// The hyperedge of a name. One that is also a node's gets `hyperedge-` before it, unless it is a term and means the same node.
    ///
    /// # Errors
    /// What was expected, when the name can be no hyperedge's.
    pub(super) fn edge(&self, names: &Names<'_>, name: &Name) -> Result<Edge, String> {
        let mut text = plain(name);
        if is_relative(&text) && self.nodes.contains(name) {
            text.insert_str(0, "hyperedge-");
            while [&self.nodes, &self.edges].iter().any(|taken| taken.contains(&Name::Text(text.clone()))) {
                text.insert_str(0, "hyperedge-");
            }
        }
        match names.term(&text)? {
            Term::Triple(triple) => Ok(Edge::Statement(triple)),
            other => NamedOrBlankNode::try_from(other).map(Edge::Node).map_err(|_| "an IRI, a blank node or a triple term".to_owned()),
        }
    }
}

/// A name of a file as one of a table.
pub(super) fn plain(name: &Name) -> String {
    match name {
        Name::Number(number) => number.to_string(),
        Name::Text(text) => text.clone(),
    }
}
