//! Connected components.

use crate::Hypergraph;

/// The connected components of the nodes; two nodes that share a hyperedge lie in the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Components {
    /// How many there are.
    pub count: usize,
    /// The component of each node, numbered by their smallest node.
    pub of: Vec<u32>,
}

impl Components {
    /// The number of nodes of each component.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.count];
        for &c in &self.of {
            sizes[c as usize] += 1;
        }
        sizes
    }
}

/// Finds the connected components in O(N + M + Z).
pub fn connected(h: &Hypergraph) -> Components {
    const NONE: u32 = u32::MAX;
    let mut of = vec![NONE; h.nodes()];
    let mut edge_done = vec![false; h.hyperedges()];
    let (mut count, mut stack) = (0, Vec::new());
    for start in 0..h.nodes() {
        if of[start] != NONE {
            continue;
        }
        of[start] = count;
        stack.push(start as u32);
        while let Some(node) = stack.pop() {
            for &e in h.node_major().row(node as usize) {
                if std::mem::replace(&mut edge_done[e as usize], true) {
                    continue;
                }
                for &m in h.edge_major().row(e as usize) {
                    if of[m as usize] == NONE {
                        of[m as usize] = count;
                        stack.push(m);
                    }
                }
            }
        }
        count += 1;
    }
    Components { count: count as usize, of }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Duplicates;

    #[test]
    fn components_are_numbered_by_their_smallest_node() {
        let members: [&[u32]; 4] = [&[1, 5], &[0, 3], &[5, 6], &[2]];
        let h = Hypergraph::from_members(7, members, Duplicates::Error).unwrap();
        let c = connected(&h);
        assert_eq!(c.of, [0, 1, 2, 0, 3, 1, 1]);
        assert_eq!((c.count, c.sizes()), (4, vec![2, 3, 1, 1]));
    }
}
