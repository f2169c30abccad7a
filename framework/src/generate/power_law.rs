//! Few popular nodes, many unpopular ones.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_distr::Distribution;
use rand_distr::weighted::WeightedAliasIndex;

use super::check;
use crate::hypergraph::build::from_groups;
use crate::rng::{Stream, seeded};
use crate::{Duplicates, Error, Hypergraph, Result};

/// A hypergraph whose node popularity falls as rank^-0.6.
///
/// Ranks are dealt to the nodes at random; hyperedge sizes are uniform in 2..=2·`mean_size` - 2; members are drawn with
/// replacement by popularity and repeats are dropped, so hyperedges may come out smaller. It is the distribution of
/// the peers' benchmark (`bench_pyg.py`), with another generator behind it. Time O(N + Z).
///
/// # Errors
/// When there is no node, `mean_size` is below 2, or a size passes `u32::MAX`.
pub fn power_law(nodes: usize, hyperedges: usize, mean_size: usize, seed: u64) -> Result<Hypergraph> {
    if mean_size < 2 {
        return Err(Error::invalid("mean size", "at least 2", mean_size.to_string()));
    }
    if nodes == 0 {
        return Err(Error::invalid("number of nodes", "at least 1", "0"));
    }
    let largest = mean_size.saturating_mul(2) - 2;
    check(nodes, hyperedges, hyperedges.checked_mul(largest))?;
    let mut rng = seeded(seed, Stream::Hypergraph);
    let popularity: Vec<f64> = (1..=nodes).map(|rank| (rank as f64).powf(-0.6)).collect();
    let by_rank = WeightedAliasIndex::new(popularity).map_err(|e| Error::invalid("popularity", "weights", e.to_string()))?;
    let mut node_of_rank: Vec<u32> = (0..nodes as u32).collect();
    node_of_rank.shuffle(&mut rng);

    let mut ptr = vec![0u32];
    for _ in 0..hyperedges {
        let size = rng.random_range(2..=largest as u32);
        ptr.push(ptr[ptr.len() - 1] + size);
    }
    let draws = ptr[hyperedges];
    let member: Vec<u32> = (0..draws).map(|_| node_of_rank[by_rank.sample(&mut rng)]).collect();
    from_groups(nodes, &ptr, &member, None, Duplicates::Merge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{hyperedge_sizes, node_degrees};

    #[test]
    fn sizes_and_popularity_follow_their_distributions() {
        let h = power_law(5001, 3003, 9, 7).unwrap();
        assert_eq!((h.nodes(), h.hyperedges()), (5001, 3003));
        let (sizes, degrees) = (hyperedge_sizes(&h), node_degrees(&h));
        assert!(sizes.max <= 16 && sizes.min >= 1 && (sizes.mean - 9.0).abs() < 0.4, "{sizes:?}");
        // The most popular node is drawn in 1 / Σ rank^-0.6 ≈ 1.4 % of about 27,000 draws.
        assert!((300..450).contains(&degrees.max), "{}", degrees.max);
        assert_eq!(h, power_law(5001, 3003, 9, 7).unwrap());
        assert_ne!(h, power_law(5001, 3003, 9, 8).unwrap());
    }

    #[test]
    fn bad_sizes_are_refused() {
        assert!(power_law(10, 5, 1, 0).unwrap_err().to_string().contains("mean size"));
        assert!(power_law(0, 5, 3, 0).is_err());
        assert!(power_law(10, 1 << 31, 1 << 40, 0).unwrap_err().to_string().contains("incidences"));
        assert_eq!(power_law(3, 0, 2, 0).unwrap().hyperedges(), 0);
    }
}
