//! Blocks of nodes that keep to themselves.

use rand::RngExt;
use rand::seq::SliceRandom;

use super::{check, sample};
use crate::hypergraph::build::from_groups;
use crate::rng::{Stream, seeded};
use crate::{Dataset, Duplicates, Error, Labels, Result};

/// Sizes of a stochastic block hypergraph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StochasticBlock {
    /// N.
    pub nodes: usize,
    /// M.
    pub hyperedges: usize,
    /// Members of each hyperedge.
    pub size: usize,
    /// Blocks, of N / C nodes each, give or take one; the block is the label.
    pub classes: usize,
    /// The probability that a hyperedge lies within one block; the others take members from all nodes.
    pub homophily: f64,
}

/// A labelled hypergraph in which a hyperedge lies within one block with probability `homophily`.
///
/// # Errors
/// When a block has fewer nodes than a hyperedge has members, a size is 0 or passes `u32::MAX`, or `homophily` is no
/// probability.
pub fn stochastic_block(sizes: &StochasticBlock, seed: u64) -> Result<Dataset> {
    let StochasticBlock { nodes, hyperedges, size, classes, homophily } = *sizes;
    if classes == 0 || size == 0 || nodes / classes < size {
        let found = format!("{nodes} nodes in {classes} blocks");
        return Err(Error::invalid("blocks", format!("blocks of at least {} nodes", size.max(1)), found));
    }
    if !(0.0..=1.0).contains(&homophily) {
        return Err(Error::invalid("homophily", "0 to 1", homophily.to_string()));
    }
    check(nodes, hyperedges, hyperedges.checked_mul(size))?;
    let mut rng = seeded(seed, Stream::Hypergraph);
    let mut order: Vec<u32> = (0..nodes as u32).collect();
    order.shuffle(&mut rng);
    let blocks: Vec<&[u32]> = (0..classes).map(|c| &order[c * nodes / classes..(c + 1) * nodes / classes]).collect();
    let mut of = vec![None; nodes];
    for (class, block) in (0u32..).zip(&blocks) {
        block.iter().for_each(|n| of[*n as usize] = Some(class));
    }
    let (mut member, mut members) = (Vec::with_capacity(hyperedges * size), Vec::new());
    for _ in 0..hyperedges {
        if rng.random_bool(homophily) {
            let block = blocks[rng.random_range(0..classes)];
            sample(block.len(), size, &mut members, &mut rng);
            member.extend(members.iter().map(|i| block[*i as usize]));
        } else {
            sample(nodes, size, &mut members, &mut rng);
            member.extend_from_slice(&members);
        }
    }
    let ptr: Vec<u32> = (0..=hyperedges).map(|e| (e * size) as u32).collect();
    let hypergraph = from_groups(nodes, &ptr, &member, None, Duplicates::Error)?;
    let mut dataset = Dataset::new("stochastic_block", hypergraph);
    dataset.labels = Some(Labels { classes, of });
    Ok(dataset)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: StochasticBlock = StochasticBlock { nodes: 307, hyperedges: 1009, size: 4, classes: 3, homophily: 0.8 };

    #[test]
    fn hyperedges_keep_to_their_block() {
        let d = stochastic_block(&SIZES, 5).unwrap();
        d.check().unwrap();
        let labels = d.labels.clone().unwrap();
        assert!(labels.counts().iter().all(|c| (102..=103).contains(c)));
        let pure = |m: &&[u32]| m.iter().all(|n| labels.of[*n as usize] == labels.of[m[0] as usize]);
        let within = d.hypergraph.edge_major().iter_rows().filter(pure).count() as f64 / 1009.0;
        // 0.8 plus the 1 in 27 of the rest that fall into one block by chance.
        assert!((within - 0.807).abs() < 0.04, "{within}");
        assert_eq!(d, stochastic_block(&SIZES, 5).unwrap());
        assert_ne!(d, stochastic_block(&SIZES, 6).unwrap());
    }

    /// Rejection alone would draw the last of 100,001 members 100,001 times, and search all of them each time.
    #[test]
    fn a_hyperedge_of_all_nodes_ends() {
        let nodes = 100_001;
        for homophily in [0.0, 1.0] {
            let d = stochastic_block(&StochasticBlock { nodes, hyperedges: 3, size: nodes, classes: 1, homophily }, 5).unwrap();
            assert_eq!(d.hypergraph.incidences(), 3 * nodes);
        }
    }

    #[test]
    fn bad_sizes_are_refused() {
        assert!(stochastic_block(&StochasticBlock { classes: 0, ..SIZES }, 0).is_err());
        assert!(stochastic_block(&StochasticBlock { size: 103, ..SIZES }, 0).is_err());
        assert!(stochastic_block(&StochasticBlock { homophily: f64::NAN, ..SIZES }, 0).is_err());
    }
}
