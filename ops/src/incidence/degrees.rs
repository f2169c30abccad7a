//! Degrees and what the convolutions derive from them, in double precision on the host.

use hypergraphql_kernels::{CsrPair, Direction};

/// A degree that has no square root.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct NegativeDegree {
    /// `node` or `hyperedge`.
    pub(crate) of: &'static str,
    pub(crate) index: usize,
    pub(crate) degree: f64,
}

impl NegativeDegree {
    /// 1 / √x of every degree, 0 for 0.
    fn inverse_sqrt(of: &'static str, degrees: &[f64]) -> Result<Vec<f64>, Self> {
        match degrees.iter().position(|&d| d < 0.0) {
            Some(index) => Err(Self { of, index, degree: degrees[index] }),
            None => Ok(degrees.iter().map(|&d| inverse(d).sqrt()).collect()),
        }
    }
}

pub(super) struct Degrees {
    pub(super) node_inverse: Vec<f64>,
    /// Of the degrees in the whole; the first node of negative degree where there is one.
    pub(super) node_inverse_sqrt: Result<Vec<f64>, NegativeDegree>,
    /// Where this is a part of a whole.
    pub(super) shares: Option<Shares>,
    pub(super) edge_weight_inverse: Vec<f64>,
    /// w_e / (B_e √E_e), E_e = Σ_v h_ve D_v / B_e the mean degree of the members.
    pub(super) edge_mean_inverse_sqrt: Result<Vec<f64>, NegativeDegree>,
}

/// What sums over the hyperedges of a node are multiplied by in a part of a whole: d_v is the node's degree in the part, D_v that in the whole.
pub(super) struct Shares {
    /// D_v / d_v
    pub(super) sum: Vec<f64>,
    /// √D_v / d_v, as long as no degree is negative.
    pub(super) sqrt: Vec<f64>,
}

/// 1 / x, and 0 for 0.
fn inverse(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.recip() }
}

/// y_r = Σ_{k in row r} value_k x_col(k)
fn product(pair: &CsrPair, direction: Direction, x: impl Fn(usize) -> f64) -> Vec<f64> {
    let view = pair.view(direction);
    (0..view.rows()).map(|r| view.range(r).map(|k| view.value(k) * x(view.col[k] as usize)).sum()).collect()
}

impl Degrees {
    /// Weights `None` says that every hyperedge weighs 1, `whole` `None` that this is no part of a larger hypergraph, in which the nodes have those degrees.
    pub(super) fn new(pair: &CsrPair, hyperedge_weights: Option<&[f64]>, whole: Option<&[f64]>) -> Self {
        let weight = |e: usize| hyperedge_weights.map_or(1.0, |w| w[e]);
        let node = product(pair, Direction::ToRows, weight);
        let edge = product(pair, Direction::ToCols, |_| 1.0);
        let edge_weight_inverse: Vec<f64> = edge.iter().enumerate().map(|(e, &b)| weight(e) * inverse(b)).collect();
        let shares = whole.map(|whole| {
            let share = |f: fn(f64) -> f64| whole.iter().zip(&node).map(|(&all, &here)| f(all) * inverse(here)).collect();
            Shares { sum: share(|d| d), sqrt: share(f64::sqrt) }
        });
        let whole = whole.unwrap_or(&node);
        let mean: Vec<f64> = product(pair, Direction::ToCols, |v| whole[v]).iter().zip(&edge).map(|(sum, &b)| sum * inverse(b)).collect();
        Self {
            node_inverse: node.iter().map(|&d| inverse(d)).collect(),
            node_inverse_sqrt: NegativeDegree::inverse_sqrt("node", whole),
            shares,
            edge_mean_inverse_sqrt: NegativeDegree::inverse_sqrt("hyperedge", &mean)
                .map(|sqrt| sqrt.iter().zip(&edge_weight_inverse).map(|(s, w)| s * w).collect()),
            edge_weight_inverse,
        }
    }

    /// D^-1 H W B^-1 H^T 1
    pub(super) fn row_sums(&self, pair: &CsrPair) -> Vec<f64> {
        operator(pair, |_| 1.0, &self.edge_weight_inverse, |v| self.node_inverse[v])
    }

    /// H W B^-1 H^T 1
    pub(super) fn sum_row_sums(&self, pair: &CsrPair) -> Vec<f64> {
        operator(pair, |_| 1.0, &self.edge_weight_inverse, |v| self.shares.as_ref().map_or(1.0, |s| s.sum[v]))
    }

    /// D^-1/2 H W B^-1 H^T D^-1/2 1
    pub(super) fn symmetric_row_sums(&self, pair: &CsrPair, node_inverse_sqrt: &[f64]) -> Vec<f64> {
        let output = self.shares.as_ref().map_or(node_inverse_sqrt, |s| &s.sqrt);
        operator(pair, |v| node_inverse_sqrt[v], &self.edge_weight_inverse, |v| output[v])
    }
}

/// S_out H S_middle H^T S_in 1
pub(super) fn operator(pair: &CsrPair, input: impl Fn(usize) -> f64, middle: &[f64], output: impl Fn(usize) -> f64) -> Vec<f64> {
    let edges = product(pair, Direction::ToCols, input);
    let nodes = product(pair, Direction::ToRows, |e| middle[e] * edges[e]);
    nodes.iter().enumerate().map(|(v, y)| y * output(v)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_follow_the_weights() {
        // node 0 in both hyperedges, node 1 in none, node 2 in hyperedge 1
        let pair = CsrPair::new(vec![0, 2, 2, 3], vec![0, 1, 1], 2, Some(vec![1.0, 3.0, 1.0])).unwrap();
        let d = Degrees::new(&pair, Some(&[2.0, 4.0]), None);
        assert_eq!(d.node_inverse, [1.0 / 14.0, 0.0, 0.25]);
        let sqrt = d.node_inverse_sqrt.as_ref().unwrap();
        assert_eq!(sqrt[..], [(1.0f64 / 14.0).sqrt(), 0.0, 0.5]);
        assert_eq!(d.edge_weight_inverse, [2.0, 1.0]);
        // The degrees are 14, 0 and 4: means 14 of hyperedge 0 and (3·14 + 4) / 4 of hyperedge 1.
        let mean = d.edge_mean_inverse_sqrt.as_ref().unwrap();
        assert!((mean[0] - 2.0 / 14f64.sqrt()).abs() < 1e-15 && (mean[1] - 1.0 / 11.5f64.sqrt()).abs() < 1e-15);
        assert_eq!(d.sum_row_sums(&pair), [14.0, 0.0, 4.0]);
        let sums = d.row_sums(&pair);
        assert!((sums[0] - 1.0).abs() < 1e-15 && sums[1] == 0.0 && (sums[2] - 1.0).abs() < 1e-15);
        let s = (1.0f64 / 14.0).sqrt();
        let expected = [s * (2.0 * s + 3.0 * (3.0 * s + 0.5)), 0.0, 0.5 * (3.0 * s + 0.5)];
        for (got, want) in d.symmetric_row_sums(&pair, sqrt).iter().zip(expected) {
            assert!((got - want).abs() < 1e-15);
        }
    }

    #[test]
    fn negative_degrees_have_inverses_but_no_roots() {
        let pair = CsrPair::new(vec![0, 1, 2, 4], vec![0, 1, 0, 1], 2, Some(vec![1.0, -2.0, 1.0, -1.0])).unwrap();
        let d = Degrees::new(&pair, None, None);
        assert_eq!(d.node_inverse, [1.0, -0.5, 0.0]);
        assert_eq!(d.edge_weight_inverse, [0.5, -1.0 / 3.0]);
        assert_eq!(d.node_inverse_sqrt, Err(NegativeDegree { of: "node", index: 1, degree: -2.0 }));
        // Means: 1 of hyperedge 0, (-2·-2 - 0) / -3 of hyperedge 1.
        assert_eq!(d.edge_mean_inverse_sqrt, Err(NegativeDegree { of: "hyperedge", index: 1, degree: 4.0 / -3.0 }));
    }

    #[test]
    fn a_part_has_the_degrees_of_its_whole() {
        // Nodes 0 and 1 in hyperedge 0, node 2 in none; in the whole they lie in 4, 9 and 2.
        let pair = CsrPair::new(vec![0, 1, 2, 2], vec![0, 0], 1, None).unwrap();
        let d = Degrees::new(&pair, None, Some(&[4.0, 9.0, 2.0]));
        let shares = d.shares.as_ref().unwrap();
        assert_eq!((&shares.sum[..], &shares.sqrt[..]), ([4.0, 9.0, 0.0].as_slice(), [2.0, 3.0, 0.0].as_slice()));
        assert_eq!(d.node_inverse, [1.0, 1.0, 0.0]);
        let sqrt = d.node_inverse_sqrt.as_ref().unwrap();
        assert_eq!(sqrt[..2], [0.5, 1.0 / 3.0]);
        assert!((d.edge_mean_inverse_sqrt.as_ref().unwrap()[0] - 0.5 / 6.5f64.sqrt()).abs() < 1e-15);
        assert_eq!(d.sum_row_sums(&pair), [4.0, 9.0, 0.0]);
        // √4 · ½ (½ + ⅓)
        assert!((d.symmetric_row_sums(&pair, sqrt)[0] - 5.0 / 6.0).abs() < 1e-15);
    }
}
