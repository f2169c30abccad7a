//! The hypergraph of a benchmark and its tensors; the incidences written for other programs.

use std::fs;
use std::path::Path;

use burn::backend::Autodiff;
use burn::tensor::{Distribution, Tensor};
use hypergraphql_framework::{Hypergraph, io};
use hypergraphql_ops::{DType, HyperBackend, Incidence, Index, OpError, Relations, SparseMatrix, burn_dtype};

use crate::cli::error::CliError;

/// Sizes of a benchmark.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// Nodes.
    pub(super) n: usize,
    /// Hyperedges.
    pub(super) m: usize,
    /// Mean hyperedge size.
    pub(super) k: usize,
    /// Features.
    pub(super) d: usize,
}

/// The hypergraph of `hgql bench`.
pub(super) fn generate(size: Size, seed: u64) -> Result<Hypergraph, CliError> {
    Ok(hypergraphql_framework::generate::power_law(size.n, size.m, size.k, seed)?)
}

/// DIR/n{n}_m{m}_k{k}_s{seed}/{node.u32, hyperedge.u32, size.json}.
pub(super) fn dump(graph: &Hypergraph, size: Size, seed: u64, dir: &Path) -> Result<(), CliError> {
    let dir = dir.join(format!("n{}_m{}_k{}_s{seed}", size.n, size.m, size.k));
    let write = |name: &str, bytes: Vec<u8>| Ok(io::write_file(&dir.join(name), &bytes)?);
    fs::create_dir_all(&dir).map_err(|e| CliError::failed(format!("cannot create {}: {e}", dir.display())))?;
    let csr = graph.node_major();
    let node = csr.ptr().windows(2).enumerate().flat_map(|(v, p)| std::iter::repeat_n(v as u32, (p[1] - p[0]) as usize));
    write("node.u32", node.flat_map(u32::to_le_bytes).collect())?;
    write("hyperedge.u32", csr.col().iter().copied().flat_map(u32::to_le_bytes).collect())?;
    let size = serde_json::json!({ "n": size.n, "m": size.m, "k": size.k, "d": size.d, "nnz": graph.node_major().nnz(), "seed": seed });
    write("size.json", size.to_string().into_bytes())
}

/// Relations of the cases of `relation_linear`.
pub(super) const RELATIONS: usize = 500;

/// Everything that the cases read.
pub(super) struct Inputs<B: HyperBackend> {
    pub(super) size: Size,
    pub(super) heads: usize,
    pub(super) dtype: DType,
    /// H for the ops, and the same one for ops with gradients.
    pub(super) incidence: Incidence<B>,
    pub(super) graph: Incidence<Autodiff<B>>,
    /// N rows of X at random, on the host and on the device.
    pub(super) scattered: Vec<u32>,
    pub(super) at_random: Index<B>,
    /// H [N, M] as a matrix.
    pub(super) matrix: SparseMatrix<B>,
    /// [R, R] in full blocks of 32 × 32, R at most 16,384, and as many rows [R, d]
    pub(super) blocks: SparseMatrix<B>,
    pub(super) block_x: Tensor<B, 2>,
    /// X [N, d]
    pub(super) x: Tensor<B, 2>,
    /// Hyperedge features [M, d]
    pub(super) z: Tensor<B, 2>,
    /// Θ [d, d]
    pub(super) theta: Tensor<B, 2>,
    /// `[d]`
    pub(super) bias: Tensor<B, 1>,
    /// [d, 2·heads], block-diagonal: what makes the logits of the node and of the hyperedge from X Θ and Z Θ.
    pub(super) attention: Tensor<B, 2>,
    /// Scores [nnz, heads]
    pub(super) scores: Tensor<B, 2>,
    /// Values of the set attention, whose keys are X, [N, d], and its seed [1, d]
    pub(super) values: Tensor<B, 2>,
    pub(super) seed: Tensor<B, 2>,
    /// Relations of N rows, few of which have most of them, and their weights [R, d, d]
    pub(super) relations: Relations<Autodiff<B>>,
    pub(super) weights: Tensor<B, 3>,
}

impl<B: HyperBackend> Inputs<B> {
    pub(super) fn new(graph: &Hypergraph, size: Size, heads: usize, dtype: DType, seed: u64, device: &B::Device) -> Result<Self, CliError> {
        let Size { n, m, d, .. } = size;
        B::seed(device, seed);
        let normal = |shape: [usize; 2]| Tensor::<B, 2>::random(shape, Distribution::Normal(0.0, 1.0), device).cast(burn_dtype(dtype));
        let small = |shape: [usize; 2]| normal(shape) * (d as f64).powf(-0.5);
        let scattered = scattered(n);
        let csr = graph.node_major();
        let of_head = Tensor::<B, 2>::eye(heads, device).cast(burn_dtype(dtype)).repeat_dim(1, 2); // [heads, 2*heads]
        let of_head: Tensor<B, 2> = of_head.reshape([heads, 1, 2 * heads]).repeat_dim(1, d / heads).reshape([d, 2 * heads]);
        let square = n.min(16_384);
        let with_gradients = Incidence::<Autodiff<B>>::new(graph, device).map_err(failed)?;
        Ok(Self {
            size,
            heads,
            dtype,
            incidence: with_gradients.inner(),
            graph: with_gradients,
            at_random: Index::new(&scattered, n, device).map_err(failed)?,
            scattered,
            matrix: SparseMatrix::from_csr(csr.ptr().to_vec(), csr.col().to_vec(), m, None, device).map_err(failed)?,
            x: normal([n, d]),
            z: normal([m, d]),
            theta: small([d, d]),
            bias: small([1, d]).flatten(0, 1),
            attention: small([d, 2 * heads]) * of_head,
            scores: normal([graph.node_major().nnz(), heads]),
            values: normal([n, d]),
            seed: small([1, d]),
            relations: Relations::new(&skewed(n), RELATIONS, device).map_err(failed)?,
            weights: small([RELATIONS * d, d]).reshape([RELATIONS, d, d]),
            blocks: in_blocks(square, 1, device)?,
            block_x: normal([square, d]),
        })
    }
}

/// A square matrix with four blocks of 32 × 32 in each block row, of whose numbers one in `one_in` is an entry.
pub(in crate::cli) fn in_blocks<B: HyperBackend>(rows: usize, one_in: usize, device: &B::Device) -> Result<SparseMatrix<B>, CliError> {
    let (across, mut ptr, mut col) = (rows.div_ceil(32), vec![0], Vec::new());
    for row in 0..rows {
        let mut own: Vec<usize> = (0..4).map(|i| (row / 32 * 7 + i * i * across / 13 + i) % across).collect();
        own.sort_unstable();
        own.dedup();
        let entries = own.iter().flat_map(|block| (0..32).map(move |c| block * 32 + c));
        let kept = entries.filter(|&c| c < rows && (row * 31 + c * 7919 + row * c).is_multiple_of(one_in));
        col.extend(kept.map(|c| c as u32));
        ptr.push(col.len() as u32);
    }
    let values = vec![0.5; col.len()];
    SparseMatrix::from_csr(ptr, col, rows, Some(values), device).map_err(failed)
}

/// `n` of `n` rows, in no order.
pub(super) fn scattered(n: usize) -> Vec<u32> {
    (0..n as u32).map(|i| ((u64::from(i.wrapping_mul(2_654_435_761) >> 4) * n as u64) >> 28) as u32).collect()
}

/// A relation for each of `n` rows, in no order: ⌊R u³⌋ for u all over 0..1, so that the first of 500 has an eighth of the rows.
fn skewed(n: usize) -> Vec<u32> {
    (0..n as u32).map(|i| (RELATIONS as f64 * (f64::from(i.wrapping_mul(2_654_435_761)) / 4_294_967_296.0).powi(3)) as u32).collect()
}

/// An op that refuses what the benchmark gives it.
pub(in crate::cli) fn failed(error: OpError) -> CliError {
    CliError::failed(error.to_string())
}
