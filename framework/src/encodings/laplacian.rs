//! The Laplacian encoding: eigenvectors of the normalised hypergraph Laplacian.

use ndarray::Array2;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::subspace::{Space, largest};
use super::walk::Walk;
use crate::rng::{Stream, seeded};
use crate::{Error, Hypergraph, Result};

/// Which of v and −v stands for an eigenvector: both are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Signs {
    /// The one whose entry of largest magnitude, the first of them, is positive. Where a symmetry of the hypergraph turns v into −v, rounding decides.
    #[default]
    Largest,
    /// Drawn from the seed, so that a network can be trained on several choices and learns not to rely on one (Dwivedi et al. 2020).
    Drawn(u64),
}

/// The K smallest eigenvalues of the normalised Laplacian of Zhou et al. 2006 (NeurIPS 19) other than the trivial ones, ascending, and their eigenvectors of
/// length 1 (as an encoding: Belkin and Niyogi 2003; Dwivedi et al. 2020, arXiv:2003.00982):
///
/// ```text
/// Δ = I − D_v^-1/2 H W D_e^-1 H^T D_v^-1/2
/// ```
///
/// The trivial eigenvectors, √D_v on a connected component for the eigenvalue 0 and an isolated node by itself, are left out. An eigenvector is determined up to
/// its sign ([`Signs`]), and those of an eigenvalue that is there several times up to a rotation among themselves: in all such cases the numbers are those of one
/// valid choice, the same on every machine with the same rounding. Where fewer than K are left, 0 is their eigenvalue and the column.
///
/// By restarted block Krylov iteration until ‖Δv − λv‖ ≤ 1e-7 or 200 restarts, of which a warning tells; a product of Δ costs 2·Z per column. Incidence weights do not
/// count.
///
/// # Shapes
/// `[K]`, `[N, K]`
///
/// # Errors
/// When K is 0 or the vectors would not fit the memory that can be addressed.
pub fn laplacian(h: &Hypergraph, vectors: usize, signs: Signs) -> Result<(Vec<f64>, Array2<f64>)> {
    if vectors == 0 {
        return Err(Error::invalid("eigenvectors of the Laplacian", "at least 1", "0"));
    }
    if h.nodes().checked_mul(vectors).is_none_or(|n| isize::try_from(n).is_err()) {
        return Err(Error::invalid("eigenvectors of the Laplacian", "fewer", vectors.to_string()));
    }
    let walk = Walk::new(h);
    let space = Space::without_trivial(&walk);
    let (found, columns) = largest(&walk, &space, vectors.min(space.dimension()));
    let mut values: Vec<f64> = found.iter().map(|value| (1.0 - value).clamp(0.0, 2.0)).collect();
    let mut all = Array2::zeros((h.nodes(), vectors)); // [N, K]
    all.slice_mut(ndarray::s![.., ..columns.ncols()]).assign(&columns);
    values.resize(vectors, 0.0);
    let mut drawn = match signs {
        Signs::Largest => None,
        Signs::Drawn(seed) => Some(seeded(seed, Stream::Encoding)),
    };
    for mut column in all.columns_mut() {
        let largest = column.iter().fold(0.0f64, |best, v| if v.abs() > best.abs() { *v } else { best });
        let flip = drawn.as_mut().is_some_and(RngExt::random::<bool>);
        if (largest < 0.0) != flip {
            column.mapv_inplace(|v| -v);
        }
    }
    Ok((values, all))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Duplicates;
    use crate::components::connected;
    use crate::generate::power_law;

    /// Δ x, from its definition.
    fn apply(h: &Hypergraph, x: &[f64]) -> Vec<f64> {
        let weight = |e: usize| h.hyperedge_weights().map_or(1.0, |w| w[e]);
        let degree: Vec<f64> = h.node_major().iter_rows().map(|row| row.iter().map(|e| weight(*e as usize)).sum()).collect();
        let mut y = x.to_vec();
        for (e, members) in h.edge_major().iter_rows().enumerate() {
            for v in members {
                for u in members {
                    let (v, u) = (*v as usize, *u as usize);
                    y[v] -= weight(e) / members.len() as f64 / (degree[v] * degree[u]).sqrt() * x[u];
                }
            }
        }
        y
    }

    fn check(h: &Hypergraph, k: usize) {
        let (values, vectors) = laplacian(h, k, Signs::Largest).unwrap();
        assert_eq!((values.len(), vectors.dim()), (k, (h.nodes(), k)));
        assert!(values.windows(2).all(|w| w[0] <= w[1] + 1e-12), "{values:?}");
        for i in 0..k {
            let x = vectors.column(i).to_vec();
            let worst = apply(h, &x).iter().zip(&x).map(|(y, x)| (y - values[i] * x).abs()).fold(0.0, f64::max);
            assert!(worst < 1e-6, "vector {i}: residual {worst}");
            for j in 0..=i {
                let product = vectors.column(i).dot(&vectors.column(j));
                assert!((product - f64::from(u8::from(i == j))).abs() < 1e-9, "⟨{i}, {j}⟩ = {product}");
            }
        }
    }

    #[test]
    fn eigenvectors_satisfy_their_equation() {
        let h = power_law(211, 120, 4, 3).unwrap();
        let dimension = h.nodes() - connected(&h).count;
        check(&h, 5.min(dimension));
        let members: [&[u32]; 4] = [&[0, 2, 5], &[3, 6], &[1, 2, 4, 5], &[0, 1]];
        let h = Hypergraph::from_members(7, members, Duplicates::Error).unwrap();
        check(&h.clone().with_hyperedge_weights(vec![0.5, 2.0, 1.25, 3.0]).unwrap(), 5);
        check(&h, 3);
    }

    #[test]
    fn a_cycle_has_the_eigenvalues_that_its_formula_gives() {
        // Pairs make Δ half of a graph's Laplacian: (1 − cos(2πj / n)) / 2, each twice.
        let n = 101u32;
        let cycle = Hypergraph::from_members(n as usize, (0..n).map(|i| [i, (i + 1) % n]), Duplicates::Error).unwrap();
        let (values, _) = laplacian(&cycle, 6, Signs::Largest).unwrap();
        for (i, value) in values.iter().enumerate() {
            let j = (i / 2 + 1) as f64;
            let expected = (1.0 - (2.0 * std::f64::consts::PI * j / f64::from(n)).cos()) / 2.0;
            assert!((value - expected).abs() < 1e-9, "{i}: {value}, expected {expected}");
        }
    }

    #[test]
    fn what_is_missing_is_zero_and_signs_follow_their_rule() {
        // Two components of 2 and 1 nodes and an isolated node: one eigenvector is left.
        let h = Hypergraph::from_members(4, [vec![0, 2], vec![1]], Duplicates::Error).unwrap();
        let (values, x) = laplacian(&h, 3, Signs::Largest).unwrap();
        assert!((values[0] - 1.0).abs() < 1e-12 && values[1..] == [0.0, 0.0], "{values:?}");
        let half = 0.5f64.sqrt();
        assert!((x[[0, 0]].abs() - half).abs() < 1e-12 && (x[[0, 0]] + x[[2, 0]]).abs() < 1e-12);
        assert!(x.column(1).iter().chain(x.column(2)).all(|v| *v == 0.0) && x[[1, 0]].abs() < 1e-12 && x[[3, 0]].abs() < 1e-12);
        let h = power_law(61, 40, 4, 5).unwrap();
        let of = |signs| laplacian(&h, 4, signs).unwrap().1;
        let (fixed, first, again) = (of(Signs::Largest), of(Signs::Drawn(1)), of(Signs::Drawn(1)));
        assert_eq!(first, again);
        for i in 0..4 {
            let largest = fixed.column(i).iter().fold(0.0f64, |best, v| if v.abs() > best.abs() { *v } else { best });
            assert!(largest > 0.0);
        }
        assert_eq!(fixed.mapv(f64::abs), first.mapv(f64::abs));
        assert!((0..20).any(|seed| of(Signs::Drawn(seed)) != fixed));
        assert!(laplacian(&h, 0, Signs::Largest).is_err());
        let none = Hypergraph::from_members(0, Vec::<Vec<u32>>::new(), Duplicates::Error).unwrap();
        assert_eq!(laplacian(&none, 2, Signs::Largest).unwrap().1.dim(), (0, 2));
    }
}
