//! Sub-hypergraphs induced by nodes or by hyperedges.

use crate::{Duplicates, Error, Hypergraph, Result};

/// A part of a hypergraph and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The part, its ids counting up from 0.
    pub hypergraph: Hypergraph,
    /// For each node of the part, its id in the whole; ascending.
    pub nodes: Vec<u32>,
    /// For each hyperedge of the part, its id in the whole; ascending.
    pub hyperedges: Vec<u32>,
}

/// Keeps these nodes and cuts every hyperedge down to them; hyperedges that lose all members are dropped.
///
/// # Errors
/// When an id is out of range.
pub fn induced_by_nodes(h: &Hypergraph, nodes: &[u32]) -> Result<Part> {
    let node_kept = mask("node", h.nodes(), nodes)?;
    let edge_kept: Vec<bool> = h.edge_major().iter_rows().map(|m| m.iter().any(|n| node_kept[*n as usize])).collect();
    cut(h, &node_kept, &edge_kept)
}

/// Keeps these hyperedges whole, and the nodes that lie in them.
///
/// # Errors
/// When an id is out of range.
pub fn induced_by_hyperedges(h: &Hypergraph, hyperedges: &[u32]) -> Result<Part> {
    let edge_kept = mask("hyperedge", h.hyperedges(), hyperedges)?;
    let node_kept: Vec<bool> = h.node_major().iter_rows().map(|m| m.iter().any(|e| edge_kept[*e as usize])).collect();
    cut(h, &node_kept, &edge_kept)
}

fn mask(what: &str, count: usize, ids: &[u32]) -> Result<Vec<bool>> {
    let mut kept = vec![false; count];
    for &id in ids {
        let Some(slot) = kept.get_mut(id as usize) else {
            return Err(Error::invalid(format!("{what} to keep"), format!("an id below {count}"), id.to_string()));
        };
        *slot = true;
    }
    Ok(kept)
}

fn cut(h: &Hypergraph, node_kept: &[bool], edge_kept: &[bool]) -> Result<Part> {
    let (nodes, new_node) = renumber(node_kept);
    let (hyperedges, new_edge) = renumber(edge_kept);
    let (mut pairs, mut weights) = (Vec::new(), Vec::new());
    for (i, (n, e)) in h.pairs().enumerate().filter(|(_, (n, e))| node_kept[*n as usize] && edge_kept[*e as usize]) {
        pairs.push((new_node[n as usize], new_edge[e as usize]));
        weights.extend(h.incidence_weights().map(|w| w[i]));
    }
    let mut hypergraph = match h.incidence_weights() {
        None => Hypergraph::from_pairs(nodes.len(), hyperedges.len(), &pairs, Duplicates::Error)?,
        Some(_) => Hypergraph::from_weighted_pairs(nodes.len(), hyperedges.len(), &pairs, &weights, Duplicates::Error)?,
    };
    if let Some(w) = h.hyperedge_weights() {
        hypergraph = hypergraph.with_hyperedge_weights(hyperedges.iter().map(|e| w[*e as usize]).collect())?;
    }
    Ok(Part { hypergraph, nodes, hyperedges })
}

/// The kept ids, and for every old id its new one.
fn renumber(kept: &[bool]) -> (Vec<u32>, Vec<u32>) {
    let old: Vec<u32> = (0..kept.len() as u32).filter(|i| kept[*i as usize]).collect();
    let mut new = vec![u32::MAX; kept.len()];
    for (i, o) in old.iter().enumerate() {
        new[*o as usize] = i as u32;
    }
    (old, new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Hypergraph {
        let pairs = [(0, 0), (3, 0), (1, 1), (2, 1), (3, 2), (4, 2)];
        let h = Hypergraph::from_weighted_pairs(6, 3, &pairs, &[1., 2., 3., 4., 5., 6.], Duplicates::Error).unwrap();
        h.with_hyperedge_weights(vec![7.0, 8.0, 9.0]).unwrap()
    }

    #[test]
    fn by_nodes_cuts_hyperedges() {
        let part = induced_by_nodes(&sample(), &[5, 4, 0, 4]).unwrap();
        assert_eq!((part.nodes, part.hyperedges), (vec![0, 4, 5], vec![0, 2]));
        assert_eq!(part.hypergraph.pairs().collect::<Vec<_>>(), [(0, 0), (1, 1)]);
        assert_eq!(part.hypergraph.incidence_weights(), Some([1.0, 6.0].as_slice()));
        assert_eq!(part.hypergraph.hyperedge_weights(), Some([7.0, 9.0].as_slice()));
    }

    #[test]
    fn by_hyperedges_keeps_them_whole() {
        let part = induced_by_hyperedges(&sample(), &[2, 0]).unwrap();
        assert_eq!((part.nodes, part.hyperedges), (vec![0, 3, 4], vec![0, 2]));
        assert_eq!(part.hypergraph.pairs().collect::<Vec<_>>(), [(0, 0), (1, 0), (1, 1), (2, 1)]);
        assert_eq!(part.hypergraph.incidence_weights(), Some([1.0, 2.0, 5.0, 6.0].as_slice()));
    }

    #[test]
    fn ids_out_of_range_are_refused() {
        let error = induced_by_nodes(&sample(), &[1, 6]).unwrap_err().to_string();
        assert_eq!(error, "node to keep: expected an id below 6, found 6");
        assert!(induced_by_hyperedges(&sample(), &[3]).is_err());
    }
}
