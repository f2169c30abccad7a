//! HIF, the Hypergraph Interchange Format that HyperNetX, XGI and SimpleHypergraphs share
//! (<https://github.com/pszufe/HIF-standard>).
//!
//! Ids may be integers or strings and are kept as names. With a `nodes` or `edges` list the ids count in its order and
//! every incidence must keep to it; without one they count ascending when all are integers, else as they appear. Node weights
//! other than 1 and directed networks are refused, for a [`crate::Hypergraph`] has neither. Attributes are read only as this
//! crate writes them: where `metadata.hypergraphql` stands, `attrs.class`, `attrs.features` (dense) and `attrs.columns` with
//! `attrs.values` (sparse; all 1 where left out).

mod document;
mod extra;
mod read;
mod write;

pub(super) use read::read;
pub(super) use write::write;
