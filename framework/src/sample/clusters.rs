//! Cluster batches: some parts of a partition, joined.

use std::sync::Arc;

use rand::seq::SliceRandom;

use super::batch::{Batch, Cut, Whole};
use super::partition::Partition;
use crate::rng::{Stream, of_batch};
use crate::{Error, Hypergraph, Result};

/// Joins random parts of a partition into batches, as Cluster-GCN does (Chiang et al. 2019, arXiv:1905.07953).
///
/// An epoch takes every part once, in an order of its own. A batch has all nodes of its parts, and of the hyperedges that reach them the members that are there.
#[derive(Debug, Clone)]
pub struct ClusterSampler {
    whole: Whole,
    partition: Arc<Partition>,
    is_seed: Arc<[bool]>,
    per_batch: usize,
    seed: u64,
}

impl ClusterSampler {
    /// Batches of `per_batch` parts whose nodes among `seeds` come first.
    ///
    /// # Errors
    /// When there are no parts in a batch or more than there are, the partition is of another number of nodes, or a seed is out of range.
    pub fn new(hypergraph: Hypergraph, partition: Partition, seeds: &[u32], per_batch: usize, seed: u64) -> Result<Self> {
        let (nodes, parts) = (hypergraph.nodes(), partition.parts());
        if per_batch == 0 || per_batch > parts {
            return Err(Error::invalid("clusters per batch", format!("1 to {parts} (the clusters)"), per_batch.to_string()));
        }
        if partition.of().len() != nodes {
            return Err(Error::invalid("partition", format!("a cluster for each of {nodes} nodes"), partition.of().len().to_string()));
        }
        let mut is_seed = vec![false; nodes];
        for &seed in seeds {
            let slot = is_seed.get_mut(seed as usize);
            *slot.ok_or_else(|| Error::invalid("seed of cluster batches", format!("a node below {nodes}"), seed.to_string()))? = true;
        }
        Ok(Self { whole: Whole::new(hypergraph), partition: Arc::new(partition), is_seed: is_seed.into(), per_batch, seed })
    }

    /// The partition.
    pub fn partition(&self) -> &Partition {
        &self.partition
    }

    /// The parts of every batch of an epoch.
    pub fn epoch(&self, epoch: u64) -> Vec<Vec<u32>> {
        let mut parts: Vec<u32> = (0..self.partition.parts() as u32).collect();
        parts.shuffle(&mut of_batch(self.seed, epoch, 0, Stream::Clusters));
        parts.chunks(self.per_batch).map(<[u32]>::to_vec).collect()
    }

    /// The seeds of a batch of these parts: its first nodes.
    pub fn seeds(&self, parts: &[u32]) -> Vec<u32> {
        self.nodes(parts).filter(|v| self.is_seed[*v as usize]).collect()
    }

    /// The batch of these parts.
    ///
    /// # Errors
    /// When a part is there twice.
    pub fn join(&self, parts: &[u32]) -> Result<Batch> {
        let mut cut = Cut::new(&self.whole, &self.seeds(parts))?;
        self.nodes(parts).for_each(|v| {
            cut.node(v);
        });
        let rows = self.whole.hypergraph.node_major();
        for local in 0..cut.nodes.len() {
            let node = cut.nodes[local];
            for k in 0..rows.degree(node as usize) {
                let (global, weight) = self.whole.hyperedge(node, k);
                let (hyperedge, _) = cut.hyperedge(global);
                cut.incidence(local as u32, hyperedge, weight);
            }
        }
        cut.finish()
    }

    fn nodes(&self, parts: &[u32]) -> impl Iterator<Item = u32> {
        parts.iter().flat_map(|p| self.partition.nodes(*p as usize)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::power_law;
    use crate::subgraph::induced_by_nodes;

    fn sampler(per_batch: usize) -> ClusterSampler {
        let h = power_law(501, 303, 6, 5).unwrap();
        let weights = (0..303).map(|e| 0.5 + f64::from(e % 7)).collect();
        let h = h.with_hyperedge_weights(weights).unwrap();
        let partition = Partition::grow(&h, 9).unwrap();
        let seeds: Vec<u32> = (0..501).filter(|v| v % 3 == 1).collect();
        ClusterSampler::new(h, partition, &seeds, per_batch, 7).unwrap()
    }

    #[test]
    fn a_batch_is_the_sub_hypergraph_of_its_nodes() {
        let sampler = sampler(2);
        for parts in sampler.epoch(3) {
            let batch = sampler.join(&parts).unwrap();
            let part = induced_by_nodes(&sampler.whole.hypergraph, &batch.nodes).unwrap();
            let global = |h: &Hypergraph, nodes: &[u32], hyperedges: &[u32]| {
                let mut pairs: Vec<(u32, u32)> = h.pairs().map(|(v, e)| (nodes[v as usize], hyperedges[e as usize])).collect();
                pairs.sort_unstable();
                pairs
            };
            assert_eq!(global(&batch.hypergraph, &batch.nodes, &batch.hyperedges), global(&part.hypergraph, &part.nodes, &part.hyperedges));
            assert_eq!(batch.nodes[..batch.seeds], sampler.seeds(&parts));
            assert!(batch.nodes.iter().enumerate().all(|(i, v)| (i < batch.seeds) == (v % 3 == 1)));
            let weights = batch.hypergraph.hyperedge_weights().unwrap();
            assert!(batch.hyperedges.iter().zip(weights).all(|(e, w)| *w == 0.5 + f64::from(e % 7)));
            let degree = |v: u32| sampler.whole.hypergraph.node_major().row(v as usize).iter().map(|e| 0.5 + f64::from(e % 7)).sum::<f64>();
            assert!(batch.nodes.iter().zip(&batch.degrees).all(|(v, d)| (degree(*v) - d).abs() < 1e-12));
        }
    }

    #[test]
    fn an_epoch_takes_every_part_once() {
        let sampler = sampler(4);
        let epoch = sampler.epoch(0);
        assert_eq!(epoch.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 1]);
        let mut parts = epoch.concat();
        parts.sort_unstable();
        assert_eq!(parts, (0..9).collect::<Vec<u32>>());
        assert_ne!(sampler.epoch(1), epoch);
        assert_eq!(sampler.epoch(0), epoch);
    }

    #[test]
    fn bad_numbers_are_refused() {
        let h = power_law(11, 7, 3, 0).unwrap();
        let partition = Partition::grow(&h, 3).unwrap();
        let refused = |partition: &Partition, seeds: &[u32], per_batch| {
            ClusterSampler::new(h.clone(), partition.clone(), seeds, per_batch, 0).unwrap_err().to_string()
        };
        assert!(refused(&partition, &[0], 0).contains("1 to 3"));
        assert!(refused(&partition, &[0], 4).contains("1 to 3"));
        assert!(refused(&partition, &[11], 1).contains("below 11"));
        assert!(refused(&Partition::from_parts(vec![0; 5], 1).unwrap(), &[0], 1).contains("11 nodes"));
        assert!(sampler(2).join(&[1, 1]).is_err());
    }
}
