//! Hypergraphs made from hypergraphs: self-loops, clique, star, dual and line.

mod clique;
mod dual;
mod self_loops;
mod star;

pub use clique::{clique, clique_pairs, line};
pub use dual::dual;
pub use self_loops::{SelfLoops, self_loops};
pub use star::star;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Duplicates, Hypergraph};

    fn sample() -> Hypergraph {
        let members: [&[u32]; 4] = [&[0, 1, 4], &[1, 4], &[2], &[1, 2]];
        Hypergraph::from_members(6, members, Duplicates::Error).unwrap()
    }

    fn rows(h: &Hypergraph) -> Vec<Vec<u32>> {
        h.edge_major().iter_rows().map(<[u32]>::to_vec).collect()
    }

    #[test]
    fn self_loops_skip_nodes_that_own_one() {
        let h = sample().with_hyperedge_weights(vec![2.0, 3.0, 4.0, 5.0]).unwrap();
        let skipped = self_loops(&h, SelfLoops::SkipOwned).unwrap();
        assert_eq!(rows(&skipped)[4..], [[0], [1], [3], [4], [5]]);
        assert_eq!(skipped.hyperedge_weights(), Some([2.0, 3.0, 4.0, 5.0, 1.0, 1.0, 1.0, 1.0, 1.0].as_slice()));
        let all = self_loops(&h, SelfLoops::All).unwrap();
        assert_eq!((all.hyperedges(), all.incidences()), (10, 14));
    }

    #[test]
    fn self_loops_keep_incidence_weights() {
        let pairs = [(2, 0), (0, 0), (1, 1)];
        let h = Hypergraph::from_weighted_pairs(3, 2, &pairs, &[5.0, 6.0, 7.0], Duplicates::Error).unwrap();
        let looped = self_loops(&h, SelfLoops::SkipOwned).unwrap();
        assert_eq!(rows(&looped), [vec![0, 2], vec![1], vec![0], vec![2]]);
        assert_eq!(looped.incidence_weights_edge_major(), Some(vec![6.0, 5.0, 7.0, 1.0, 1.0]));
    }

    #[test]
    fn clique_counts_shared_hyperedges() {
        let c = clique(&sample()).unwrap();
        assert_eq!(rows(&c), [[0, 1], [0, 4], [1, 2], [1, 4]]);
        assert_eq!(c.hyperedge_weights(), Some([1.0, 1.0, 1.0, 2.0].as_slice()));
        assert_eq!(clique_pairs(&sample()), 4);
        let weighted = clique(&sample().with_hyperedge_weights(vec![2.0, 0.5, 1.0, 8.0]).unwrap()).unwrap();
        assert_eq!(weighted.hyperedge_weights(), Some([2.0, 2.0, 8.0, 2.5].as_slice()));
    }

    #[test]
    fn line_is_the_clique_of_the_dual() {
        let l = line(&sample()).unwrap();
        assert_eq!((l.nodes(), rows(&l)), (4, vec![vec![0, 1], vec![0, 3], vec![1, 3], vec![2, 3]]));
        assert_eq!(l.hyperedge_weights(), Some([2.0, 1.0, 1.0, 1.0].as_slice()));
    }

    #[test]
    fn star_joins_nodes_to_hyperedges() {
        let s = star(&sample()).unwrap();
        assert_eq!((s.nodes(), s.hyperedges(), s.hyperedge_weights()), (10, 8, None));
        assert_eq!(rows(&s)[..4], [[0, 6], [1, 6], [4, 6], [1, 7]]);
        let pairs = [(2, 0), (0, 0)];
        let h = Hypergraph::from_weighted_pairs(3, 1, &pairs, &[5.0, 6.0], Duplicates::Error).unwrap();
        assert_eq!(star(&h).unwrap().hyperedge_weights(), Some([6.0, 5.0].as_slice()));
    }

    #[test]
    fn dual_twice_is_the_same() {
        let pairs = [(2, 0), (0, 0), (1, 1)];
        let h = Hypergraph::from_weighted_pairs(4, 2, &pairs, &[5.0, 6.0, 7.0], Duplicates::Error).unwrap();
        let d = dual(&h);
        assert_eq!((d.nodes(), d.hyperedges()), (2, 4));
        assert_eq!(rows(&d), [vec![0], vec![1], vec![0], vec![]]);
        assert_eq!(d.incidence_weights(), Some([6.0, 5.0, 7.0].as_slice()));
        assert_eq!(dual(&d), h);
    }
}
