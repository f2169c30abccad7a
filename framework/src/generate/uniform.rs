//! All hyperedges of one size, all nodes alike.

use super::{check, sample};
use crate::hypergraph::build::from_groups;
use crate::rng::{Stream, seeded};
use crate::{Duplicates, Error, Hypergraph, Result};

/// A hypergraph of hyperedges with exactly `size` distinct members, each set equally likely.
///
/// # Errors
/// When `size` is 0 or above `nodes`, or a size passes `u32::MAX`.
pub fn uniform(nodes: usize, hyperedges: usize, size: usize, seed: u64) -> Result<Hypergraph> {
    if size == 0 || size > nodes {
        return Err(Error::invalid("hyperedge size", format!("1 to {nodes} (the nodes)"), size.to_string()));
    }
    check(nodes, hyperedges, hyperedges.checked_mul(size))?;
    let mut rng = seeded(seed, Stream::Hypergraph);
    let (mut member, mut members) = (Vec::with_capacity(hyperedges * size), Vec::new());
    for _ in 0..hyperedges {
        sample(nodes, size, &mut members, &mut rng);
        member.extend_from_slice(&members);
    }
    let ptr: Vec<u32> = (0..=hyperedges).map(|e| (e * size) as u32).collect();
    from_groups(nodes, &ptr, &member, None, Duplicates::Error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{hyperedge_sizes, node_degrees};

    #[test]
    fn every_hyperedge_has_the_size() {
        for size in [1, 5, 40, 101] {
            let h = uniform(101, 63, size, 3).unwrap();
            let sizes = hyperedge_sizes(&h);
            assert_eq!((h.nodes(), h.hyperedges(), sizes.min, sizes.max), (101, 63, size, size));
            assert_eq!(h, uniform(101, 63, size, 3).unwrap());
        }
        let degrees = node_degrees(&uniform(101, 6300, 5, 3).unwrap());
        assert!(degrees.min > 230 && degrees.max < 400, "{} {}", degrees.min, degrees.max);
    }

    #[test]
    fn bad_sizes_are_refused() {
        assert!(uniform(3, 2, 4, 0).unwrap_err().to_string().contains("1 to 3"));
        assert!(uniform(3, 2, 0, 0).is_err());
    }
}
