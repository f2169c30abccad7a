//! Between the statements of a space and a data set, which networks learn from.
//!
//! | space | data set |
//! |---|---|
//! | the players of incidences | nodes, ascending by term |
//! | a node of type `hq:Hyperedge`; a statement `s p o` | a hyperedge; its name is the term, `<<( s p o )>>` |
//! | the predicate of an incidence; `hq:subject` and `hq:object` of a statement | the role of an incidence |
//! | `hq:relation`; the predicate of a statement | the relation of a hyperedge |
//! | `hq:weight` of a hyperedge, a number | its weight |
//! | the object of a predicate that is named | the class of a node |
//!
//! A name is an IRI as it stands where it begins with `http://`, `https://` or `urn:`, else a term of N-Triples; on the way back other names are
//! appended to a namespace. Statements of all graphs count, the same in several graphs once.

mod from_space;
mod parts;

use std::fmt;
use std::str::FromStr;

use oxrdf::NamedNode;

use super::AtomSpace;
use crate::{Dataset, Error, Result};

/// What the hyperedges of a data set are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hyperedges {
    /// The nodes of type `hq:Hyperedge`.
    #[default]
    Nodes,
    /// The statements that are not about such a node or a reifier, as hyperedges of their subject and object.
    Triples,
    /// Both.
    All,
}

impl Hyperedges {
    /// All choices.
    pub const ALL: [Self; 3] = [Self::Nodes, Self::Triples, Self::All];

    /// The name used on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nodes => "nodes",
            Self::Triples => "triples",
            Self::All => "all",
        }
    }
}

impl fmt::Display for Hyperedges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Hyperedges {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|h| h.name() == s);
        known.ok_or_else(|| Error::invalid("hyperedges", "nodes, triples or all", format!("{s:?}")))
    }
}

/// What of a space goes into a data set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DatasetOptions {
    /// What the hyperedges are.
    pub hyperedges: Hyperedges,
    /// Whether literals are nodes; if not, incidences with them are left out.
    pub literals: bool,
    /// The predicate whose objects are the classes of nodes; its statements are no hyperedges and no incidences.
    pub labels: Option<NamedNode>,
}

impl AtomSpace {
    /// The data set of the space's hyperedges, with relations, roles and names. Warns of what is left out, with counts: literals, annotations,
    /// hyperedges without players, other statements, further classes of a node.
    ///
    /// # Errors
    /// When there are no hyperedges, none of them has players, a weight is no number >= 0, no statement has the predicate of the labels, or there are more nodes, hyperedges
    /// or incidences than 32 bits count.
    pub fn dataset(&self, name: &str, options: &DatasetOptions) -> Result<Dataset> {
        from_space::dataset(self, name, options)
    }

    /// The space of a data set: hyperedges with their roles and relations, and classes as `hq:class`; a hyperedge without roles has `hq:member`s.
    /// Names are appended to the namespace (none: `http://example.org/`) unless they are terms; a hyperedge whose name is also that of a node then
    /// gets `hyperedge-` before it. Warns of what is left out: features, splits, weights of incidences and nodes, nodes without statements.
    ///
    /// # Errors
    /// When a name cannot be a term in its place.
    pub fn from_dataset(dataset: &Dataset, namespace: Option<&str>) -> Result<Self> {
        super::load::space_of(dataset, namespace)
    }
}
