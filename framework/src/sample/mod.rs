//! Mini-batches of big hypergraphs: neighbours of some nodes, clusters of nodes, batches made ahead, and hyperedges that are none.
//!
//! Every draw is a function of (seed, epoch, batch): it does not depend on threads, nor on which batches were drawn before.

mod batch;
mod clusters;
mod fanout;
mod negatives;
mod neighbours;
mod partition;
mod prefetch;

pub use batch::Batch;
pub use clusters::ClusterSampler;
pub use fanout::{Fanout, Hop, Limit};
pub use negatives::{NegativeKind, NegativeSampler};
pub use neighbours::{NeighbourSampler, shuffled};
pub use partition::Partition;
pub use prefetch::{Prefetch, PrefetchOptions};

#[cfg(test)]
mod properties;
