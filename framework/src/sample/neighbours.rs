//! Neighbour sampling over nodes and hyperedges.

use rand::seq::SliceRandom;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;

use super::batch::{Batch, Cut, Whole};
use super::fanout::{Fanout, Limit};
use crate::rng::{Stream, of_batch};
use crate::{Hypergraph, Result};

/// Draws the surroundings of some nodes, GraphSAGE's way (Hamilton et al. 2017, arXiv:1706.02216) with hyperedges between the nodes.
///
/// Each hop takes, for every node that the hop before brought in, some of its hyperedges, and of every hyperedge that is new some of its members, all without
/// replacement. The sub-hypergraph has the incidences that were walked through and no others, so that a batch costs what it holds, whatever the size of the whole
/// and of its hubs. With [`Hop::ALL`](super::Hop::ALL) everywhere it holds all that a network with as many layers reads.
#[derive(Debug, Clone)]
pub struct NeighbourSampler {
    whole: Whole,
    fanout: Fanout,
    seed: u64,
}

impl NeighbourSampler {
    /// Of a hypergraph; O(Z) once, and nothing as long as the hypergraph in a batch.
    pub fn new(hypergraph: Hypergraph, fanout: Fanout, seed: u64) -> Self {
        Self { whole: Whole::new(hypergraph), fanout, seed }
    }

    /// The limits of every hop.
    pub fn fanout(&self) -> &Fanout {
        &self.fanout
    }

    /// The surroundings of `seeds`, drawn for this batch of this epoch.
    ///
    /// # Errors
    /// When a seed is out of range or there twice.
    pub fn sample(&self, seeds: &[u32], epoch: u64, batch: u64) -> Result<Batch> {
        let mut rng = of_batch(self.seed, epoch, batch, Stream::Neighbours);
        let mut cut = Cut::new(&self.whole, seeds)?;
        let h = &self.whole.hypergraph;
        let (mut first, mut places) = (0, Vec::new());
        for hop in self.fanout.hops() {
            let mut met = Vec::new();
            let frontier = first..cut.nodes.len();
            first = frontier.end;
            for local in frontier {
                let node = cut.nodes[local];
                choose(h.node_major().degree(node as usize), hop.hyperedges, &mut rng, &mut places);
                for &k in &places {
                    let (global, weight) = self.whole.hyperedge(node, k as usize);
                    let (hyperedge, is_new) = cut.hyperedge(global);
                    cut.incidence(local as u32, hyperedge, weight);
                    if is_new {
                        met.push((global, hyperedge));
                    }
                }
            }
            for (global, hyperedge) in met {
                choose(h.edge_major().degree(global as usize), hop.members, &mut rng, &mut places);
                for &k in &places {
                    let (member, weight) = self.whole.member(global, k as usize);
                    let node = cut.node(member);
                    cut.incidence(node, hyperedge, weight);
                }
            }
        }
        cut.finish()
    }
}

/// Places below `count`: all of them, or as many as the limit says, each set equally likely.
fn choose(count: usize, limit: Limit, rng: &mut ChaCha8Rng, places: &mut Vec<u32>) {
    places.clear();
    match limit.map(|l| l.get() as usize).filter(|l| *l < count) {
        None => places.extend(0..count as u32),
        Some(limit) => places.extend(index::sample(rng, count, limit).into_iter().map(|k| k as u32)),
    }
}

/// The seeds in the order of an epoch; chunks of it are batches.
pub fn shuffled(seeds: &[u32], seed: u64, epoch: u64) -> Vec<u32> {
    let mut seeds = seeds.to_vec();
    seeds.shuffle(&mut of_batch(seed, epoch, 0, Stream::Order));
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Duplicates;

    fn hub() -> Hypergraph {
        // Hyperedge 0 has all nodes; node 0 lies in 301 more pairs.
        let all: Vec<u32> = (0..20_011).collect();
        let pairs: Vec<Vec<u32>> = (1..302).map(|v| vec![0, v]).collect();
        Hypergraph::from_members(20_011, std::iter::once(all).chain(pairs), Duplicates::Error).unwrap()
    }

    #[test]
    fn a_hub_costs_no_more_than_the_fanout() {
        let sampler = NeighbourSampler::new(hub(), "3x5,2x7".parse().unwrap(), 1);
        let batch = sampler.sample(&[0, 17_000], 0, 0).unwrap();
        // At most 2 (1 + 3·5) nodes after one hop.
        assert!(batch.nodes.len() <= 32 + 32 * 2 * 7 && batch.hypergraph.incidences() <= 1000, "{}", batch.nodes.len());
        assert_eq!(batch.nodes[..2], [0, 17_000]);
        assert_eq!((batch.seeds, batch.degrees[0], batch.degrees[1]), (2, 302.0, 1.0));
        assert!(batch.hypergraph.node_major().degree(0) >= 3);
    }

    #[test]
    fn draws_differ_by_seed_epoch_and_batch_only() {
        let of = |seed| NeighbourSampler::new(hub(), "3x5".parse().unwrap(), seed);
        let first = of(1).sample(&[0], 2, 3).unwrap();
        assert_eq!(first, of(1).sample(&[0], 2, 3).unwrap());
        for other in [of(2).sample(&[0], 2, 3), of(1).sample(&[0], 3, 3), of(1).sample(&[0], 2, 4)] {
            assert_ne!(first, other.unwrap());
        }
        let seeds: Vec<u32> = (0..101).collect();
        assert_eq!(shuffled(&seeds, 7, 1), shuffled(&seeds, 7, 1));
        assert_ne!(shuffled(&seeds, 7, 1), shuffled(&seeds, 7, 2));
    }

    #[test]
    fn hyperedges_are_drawn_evenly() {
        let sampler = NeighbourSampler::new(hub(), "2x1".parse().unwrap(), 5);
        let mut counts = vec![0; 302];
        for batch in 0..3020 {
            let drawn = sampler.sample(&[0], 0, batch).unwrap();
            drawn.hyperedges.iter().for_each(|e| counts[*e as usize] += 1);
        }
        // 2 of 302 in 3020 draws: 20 each, standard deviation 4.5.
        assert_eq!(counts.iter().sum::<i32>(), 6040);
        assert!(counts.iter().all(|c| (1..45).contains(c)), "{counts:?}");
    }

    #[test]
    fn bad_seeds_are_refused() {
        let sampler = NeighbourSampler::new(hub(), "all".parse().unwrap(), 0);
        assert!(sampler.sample(&[3, 20_011], 0, 0).unwrap_err().to_string().contains("below 20011, found 20011"));
        assert!(sampler.sample(&[3, 5, 3], 0, 0).unwrap_err().to_string().contains("node 3 again"));
        let none = sampler.sample(&[], 0, 0).unwrap();
        assert_eq!((none.nodes.len(), none.hypergraph.hyperedges()), (0, 0));
    }
}
