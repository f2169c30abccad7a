//! HIF, the Hypergraph Interchange Format that HyperNetX, XGI and SimpleHypergraphs share
//! (<https://github.com/pszufe/HIF-standard>).
//!
//! Ids may be integers or strings and are kept as names. Listed ids count in the order of their list, the others ascending
//! after them when all are integers, else as they appear. A node that `nodes` does not list is a mistake; `edges` may list
//! only some. Directed networks are refused, for a [`crate::Hypergraph`] has no directions. Attributes are read only as this
//! crate writes them: where `metadata.hypergraphql` stands, `attrs.class`, `attrs.features` (dense) and `attrs.columns` with
//! `attrs.values` (sparse; all 1 where left out); where `metadata.hypergraphql.relations` lists names, `attrs.relation` of hyperedges and `attrs.role` of
//! incidences, a name or several. What else a file holds is left out, with a warning that counts it.

mod document;
mod extra;
mod left_out;
mod read;
mod relations;
mod write;

pub(super) use read::read;
pub(super) use write::write;
