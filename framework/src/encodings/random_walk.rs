//! The random-walk encoding: how likely a walk is to be back.

use ndarray::Array2;
use rayon::prelude::*;

use super::walk::Walk;
use crate::{Error, Hypergraph, Result};

/// Start nodes walked from together.
const BLOCK: usize = 16;

/// The random-walk encoding of Dwivedi et al. 2022 (arXiv:2110.07875) on a hypergraph: the chance of a walk that starts at v to be at v after 1, 2, ..., K steps,
///
/// ```text
/// p_v,k = (P^k)_vv        P = D_v^-1 H W D_e^-1 H^T
/// ```
///
/// A step goes to a hyperedge of the node, by weight, and from there to any of its members, so also back to where it came from. A node without hyperedges has 0.
/// Incidence weights do not count.
///
/// P is similar to a symmetric S, so (P^(i+j))_vv = ⟨S^i e_v, S^j e_v⟩ and half the steps suffice: exact, in O(N·Z·K) on all threads; each needs room for
/// 48·N + 16·M numbers. That is seconds for thousands of nodes and many minutes for a hundred thousand.
///
/// # Shapes
/// `[N, K]`
///
/// # Errors
/// When there are no steps, or the numbers do not fit the memory that can be addressed.
pub fn random_walk(h: &Hypergraph, steps: usize) -> Result<Array2<f64>> {
    if steps == 0 {
        return Err(Error::invalid("steps of the random walk", "at least 1", "0"));
    }
    let room = h.nodes().checked_mul(steps).filter(|n| isize::try_from(*n).is_ok());
    let Some(room) = room else { return Err(Error::invalid("steps of the random walk", "fewer", steps.to_string())) };
    let walk = Walk::new(h);
    let mut encoding = vec![0.0; room];
    encoding.par_chunks_mut(BLOCK * steps).enumerate().for_each(|(block, rows)| from_block(&walk, block * BLOCK, rows, steps));
    let shape = (h.nodes(), steps);
    Array2::from_shape_vec(shape, encoding).map_err(|e| Error::invalid("random-walk encoding", format!("shape {shape:?}"), e.to_string()))
}

/// The rows of the nodes from `first`.
fn from_block(walk: &Walk<'_>, first: usize, rows: &mut [f64], steps: usize) {
    let (h, width) = (walk.hypergraph(), rows.len() / steps);
    let (mut now, mut next) = (vec![0.0; h.nodes() * width], vec![0.0; h.nodes() * width]);
    let mut edges = vec![0.0; h.hyperedges() * width];
    (0..width).for_each(|c| now[(first + c) * width + c] = 1.0);
    let mut i = 0;
    while 2 * i < steps {
        // Here `now` is S^i e: the chances after 2 i and, with the product, 2 i + 1 steps.
        if i > 0 {
            add(rows, steps, 2 * i, &now, &now, width);
        }
        walk.times_into(&now, &mut edges, &mut next, width);
        add(rows, steps, 2 * i + 1, &now, &next, width);
        std::mem::swap(&mut now, &mut next);
        i += 1;
    }
    add(rows, steps, 2 * i, &now, &now, width);
}

/// ⟨a, b⟩ of every column, as what is there after `step` steps.
fn add(rows: &mut [f64], steps: usize, step: usize, a: &[f64], b: &[f64], width: usize) {
    if step == 0 || step > steps {
        return;
    }
    let mut sums = vec![0.0; width];
    for (a, b) in a.chunks(width).zip(b.chunks(width)) {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    rows.chunks_mut(steps).zip(sums).for_each(|(row, sum)| row[step - 1] = sum);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Duplicates;
    use crate::generate::power_law;

    /// P as a dense matrix, from its definition.
    fn dense(h: &Hypergraph) -> Array2<f64> {
        let mut p = Array2::zeros((h.nodes(), h.nodes()));
        let weight = |e: u32| h.hyperedge_weights().map_or(1.0, |w| w[e as usize]);
        for v in 0..h.nodes() {
            let hyperedges = h.node_major().row(v);
            let degree: f64 = hyperedges.iter().map(|e| weight(*e)).sum();
            for e in hyperedges {
                let members = h.edge_major().row(*e as usize);
                members.iter().for_each(|u| p[[v, *u as usize]] += weight(*e) / degree / members.len() as f64);
            }
        }
        p
    }

    #[test]
    fn the_chances_are_the_diagonals_of_powers() {
        let members: [&[u32]; 4] = [&[0, 2, 5], &[3], &[1, 2, 4, 5], &[0, 1]];
        let small = Hypergraph::from_members(7, members, Duplicates::Error).unwrap();
        let small = small.with_hyperedge_weights(vec![0.5, 2.0, 1.25, 3.0]).unwrap();
        for h in [small, power_law(53, 31, 5, 7).unwrap()] {
            for steps in [1, 2, 5, 6] {
                let got = random_walk(&h, steps).unwrap();
                let p = dense(&h);
                let mut power = Array2::eye(h.nodes());
                for k in 0..steps {
                    power = power.dot(&p);
                    for v in 0..h.nodes() {
                        assert!((got[[v, k]] - power[[v, v]]).abs() < 1e-12, "node {v} after {} steps", k + 1);
                    }
                }
            }
        }
    }

    #[test]
    fn a_loner_stays_an_isolated_node_is_nowhere_and_nothing_has_no_rows() {
        let h = Hypergraph::from_members(3, [vec![0]], Duplicates::Error).unwrap();
        assert_eq!(random_walk(&h, 2).unwrap(), ndarray::array![[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]);
        let none = Hypergraph::from_members(0, Vec::<Vec<u32>>::new(), Duplicates::Error).unwrap();
        assert_eq!(random_walk(&none, 3).unwrap().dim(), (0, 3));
        assert!(random_walk(&none, 0).unwrap_err().to_string().contains("at least 1"));
    }
}
