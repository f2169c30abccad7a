//! The symmetric form of the random walk, as a product with blocks of columns.

use rayon::prelude::*;

use crate::Hypergraph;

/// `S = D_v^-1/2 H W D_e^-1 H^T D_v^-1/2`, similar to the walk node -> hyperedge (by weight) -> member (any) and I minus the Laplacian of Zhou et al. 2006.
///
/// D_v sums the weights of a node's hyperedges, D_e counts the members of a hyperedge; 1/0 = 0. Incidence weights do not count.
pub(super) struct Walk<'a> {
    h: &'a Hypergraph,
    /// D_v^-1/2
    node: Vec<f64>,
    /// w_e / D_e
    edge: Vec<f64>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(h: &'a Hypergraph) -> Self {
        let weight = |e: usize| h.hyperedge_weights().map_or(1.0, |w| w[e]);
        let degree = |row: &[u32]| row.iter().map(|e| weight(*e as usize)).sum::<f64>();
        let inverse = |d: f64| if d > 0.0 { d.recip() } else { 0.0 };
        let node = h.node_major().iter_rows().map(|row| inverse(degree(row)).sqrt()).collect();
        let edge = h.edge_major().iter_rows().enumerate().map(|(e, row)| weight(e) * inverse(row.len() as f64)).collect();
        Self { h, node, edge }
    }

    pub(super) fn hypergraph(&self) -> &Hypergraph {
        self.h
    }

    /// √D_v, the eigenvector of eigenvalue 1, in each component for itself.
    pub(super) fn stationary(&self) -> Vec<f64> {
        self.node.iter().map(|s| if *s > 0.0 { s.recip() } else { 0.0 }).collect()
    }

    /// S x, rows in parallel; x row after row.
    ///
    /// # Shapes
    /// `[N, C]` -> `[N, C]`
    pub(super) fn times(&self, x: &[f64], width: usize) -> Vec<f64> {
        let mut edges = vec![0.0; self.h.hyperedges() * width]; // [M, C]
        let mut y = vec![0.0; self.h.nodes() * width]; // [N, C]
        if width > 0 {
            edges.par_chunks_mut(width).with_min_len(64).enumerate().for_each(|(e, row)| self.of_hyperedge(e, x, row));
            y.par_chunks_mut(width).with_min_len(64).enumerate().for_each(|(v, row)| self.of_node(v, &edges, row));
        }
        y
    }

    /// S x on one thread, with room that the caller keeps: `edges [M, C]`, x and y `[N, C]`.
    pub(super) fn times_into(&self, x: &[f64], edges: &mut [f64], y: &mut [f64], width: usize) {
        edges.chunks_mut(width).enumerate().for_each(|(e, row)| self.of_hyperedge(e, x, row));
        y.chunks_mut(width).enumerate().for_each(|(v, row)| self.of_node(v, edges, row));
    }

    fn of_hyperedge(&self, e: usize, x: &[f64], row: &mut [f64]) {
        let width = row.len();
        row.fill(0.0);
        for v in self.h.edge_major().row(e).iter().map(|v| *v as usize) {
            let scale = self.node[v] * self.edge[e];
            row.iter_mut().zip(&x[v * width..][..width]).for_each(|(y, x)| *y += scale * x);
        }
    }

    fn of_node(&self, v: usize, edges: &[f64], row: &mut [f64]) {
        let width = row.len();
        row.fill(0.0);
        for e in self.h.node_major().row(v).iter().map(|e| *e as usize) {
            row.iter_mut().zip(&edges[e * width..][..width]).for_each(|(y, x)| *y += x);
        }
        row.iter_mut().for_each(|y| *y *= self.node[v]);
    }
}
