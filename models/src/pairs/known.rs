//! Which pairs are connected.

/// The nodes that each node is connected with, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    ptr: Vec<usize>,
    of: Vec<u32>,
}

impl Known {
    /// Of pairs of `nodes` nodes; unless directed, each counts in both ways. O(pairs log pairs + nodes).
    ///
    /// # Panics
    /// When a node is not below `nodes`.
    pub fn of(pairs: impl Iterator<Item = (u32, u32)>, nodes: usize, directed: bool) -> Self {
        let mut all: Vec<(u32, u32)> = pairs.flat_map(|(u, v)| [(u, v), if directed { (u, v) } else { (v, u) }]).collect();
        all.sort_unstable();
        all.dedup();
        let mut ptr = vec![0; nodes + 1];
        all.iter().for_each(|(u, _)| ptr[*u as usize + 1] += 1);
        (0..nodes).for_each(|u| ptr[u + 1] += ptr[u]);
        Self { ptr, of: all.into_iter().map(|pair| pair.1).collect() }
    }

    /// The nodes that `node` leads to, ascending.
    ///
    /// # Panics
    /// When there is no such node.
    pub fn row(&self, node: u32) -> &[u32] {
        &self.of[self.ptr[node as usize]..self.ptr[node as usize + 1]]
    }

    /// Whether (source, target) is connected.
    ///
    /// # Panics
    /// When there is no such source.
    pub fn contains(&self, source: u32, target: u32) -> bool {
        self.row(source).binary_search(&target).is_ok()
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.ptr.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_follow_the_direction() {
        let pairs = [(3, 1), (0, 3), (3, 1), (1, 0)];
        let both = Known::of(pairs.into_iter(), 5, false);
        assert_eq!((0..5).map(|u| both.row(u)).collect::<Vec<_>>(), [&[1, 3][..], &[0, 3], &[], &[0, 1], &[]]);
        let directed = Known::of(pairs.into_iter(), 5, true);
        assert_eq!((0..5).map(|u| directed.row(u)).collect::<Vec<_>>(), [&[3][..], &[0], &[], &[1], &[]]);
        assert!(directed.contains(3, 1) && !directed.contains(1, 3) && both.contains(1, 3));
        assert_eq!(Known::of(std::iter::empty(), 0, true).nodes(), 0);
    }
}
