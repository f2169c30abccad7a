//! What a training step reads: the whole hypergraph, or batches drawn from it.

use std::fmt;

use hypergraphql_framework::Hypergraph;
use hypergraphql_framework::sample::{Batch, ClusterSampler, Fanout, NeighbourSampler, Partition, shuffled};
use serde::{Deserialize, Serialize};

use crate::{ModelError, Result};

/// How the training nodes are dealt out to batches.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, tag = "kind")]
pub enum Batches {
    /// One step an epoch, on everything.
    #[default]
    Full,
    /// Training nodes with sampled surroundings ([`NeighbourSampler`]).
    Neighbours {
        /// Training nodes of a batch; the last one of an epoch may have fewer.
        size: usize,
        /// What each hop takes.
        fanout: Fanout,
    },
    /// Joined parts of a partition ([`ClusterSampler`]).
    Clusters {
        /// Parts that the nodes are divided into.
        parts: usize,
        /// Parts of a batch.
        per_batch: usize,
    },
}

impl Batches {
    /// Checks the domains.
    ///
    /// # Errors
    /// Names the option that is 0, or parts of a batch that are more than there are.
    pub fn check(&self) -> Result<()> {
        match *self {
            Self::Neighbours { size: 0, .. } => Err(ModelError::option("batch-size", 0, "at least 1")),
            Self::Clusters { parts: 0, .. } => Err(ModelError::option("clusters", 0, "at least 1")),
            Self::Clusters { parts, per_batch } if !(1..=parts).contains(&per_batch) => {
                Err(ModelError::option("clusters-per-batch", per_batch, format!("1 to {parts} (the clusters)")))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Batches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("full batches"),
            Self::Neighbours { size, fanout } => write!(f, "batches of {size} training nodes with fan-out {fanout}"),
            Self::Clusters { parts, per_batch } => write!(f, "batches of {per_batch} of {parts} clusters"),
        }
    }
}

/// Draws batches.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Neighbours { sampler: NeighbourSampler, size: usize, seeds: Vec<u32>, seed: u64 },
    Clusters(ClusterSampler),
}

/// A batch before it is drawn.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    /// Its training nodes: the first rows of the batch.
    pub(super) seeds: Vec<u32>,
    /// Of clusters.
    parts: Vec<u32>,
}

impl Source {
    /// For training on `seeds`; nothing for full batches.
    pub(super) fn new(batches: &Batches, h: &Hypergraph, seeds: Vec<u32>, seed: u64) -> Result<Option<Self>> {
        Ok(match batches {
            Batches::Full => None,
            Batches::Neighbours { size, fanout } => {
                let sampler = NeighbourSampler::new(h.clone(), fanout.clone(), seed);
                Some(Self::Neighbours { sampler, size: *size, seeds, seed })
            }
            Batches::Clusters { parts, per_batch } => {
                let partition = Partition::grow(h, *parts)?;
                tracing::info!(parts, connectivity = partition.connectivity(h), "clusters");
                Some(Self::Clusters(ClusterSampler::new(h.clone(), partition, &seeds, *per_batch, seed)?))
            }
        })
    }

    /// The batches of an epoch.
    pub(super) fn plan(&self, epoch: u64) -> Vec<Planned> {
        match self {
            Self::Neighbours { size, seeds, seed, .. } => {
                let plan = |seeds: &[u32]| Planned { seeds: seeds.to_vec(), parts: Vec::new() };
                shuffled(seeds, *seed, epoch).chunks(*size).map(plan).collect()
            }
            Self::Clusters(sampler) => {
                let plan = |parts: Vec<u32>| Planned { seeds: sampler.seeds(&parts), parts };
                sampler.epoch(epoch).into_iter().map(plan).collect()
            }
        }
    }

    /// Batch `number` of an epoch.
    pub(super) fn draw(&self, planned: &Planned, epoch: u64, number: u64) -> hypergraphql_framework::Result<Batch> {
        match self {
            Self::Neighbours { sampler, .. } => sampler.sample(&planned.seeds, epoch, number),
            Self::Clusters(sampler) => sampler.join(&planned.parts),
        }
    }
}
