//! What the encoder passes messages along.

use hypergraphql_ops::{HyperBackend, Index};

use super::data::Connection;
use super::network::PairConfig;
use crate::error::Result;
use crate::pair_graph::{Loops, PairGraph};

/// Both ways of each connection, with its relation, on a device; a node also attends to itself.
#[derive(Debug, Clone)]
pub struct Messages<B: HyperBackend> {
    pub(super) graph: PairGraph<B>,
    /// `[given]`, relations and, in directed data, their inverses; none where there are no relations.
    pub(super) relations: Option<Index<B>>,
}

impl<B: HyperBackend> Messages<B> {
    /// Uploads the connections that the encoder may see. O(connections log connections + N).
    ///
    /// # Errors
    /// A node or relation that the network does not have, or what 32-bit indices or the device cannot hold.
    pub fn new<'a>(connections: impl IntoIterator<Item = &'a Connection>, config: &PairConfig, device: &B::Device) -> Result<Self> {
        let (mut pairs, mut relations) = (Vec::new(), Vec::new());
        let inverse = if config.directed { config.relations as u32 } else { 0 };
        for &Connection { source, target, relation } in connections {
            pairs.extend([(source, target), (target, source)]);
            relations.extend([relation, relation + inverse]);
        }
        let table = config.relation_rows();
        Ok(Self {
            graph: PairGraph::new(&pairs, config.nodes, Loops::Add, device)?,
            relations: (table > 0).then(|| Index::new(&relations, table, device)).transpose()?,
        })
    }
}
