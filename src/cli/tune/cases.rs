//! The grid of sizes of each op, and its variants on them.

use burn::backend::Autodiff;
use burn::tensor::{Distribution, Tensor};
use hypergraphql_framework::generate::{power_law, uniform};
use hypergraphql_ops::{
    AttentionKernel, BiasPlace, ConvConfig, DType, FlashOptions, GraphConvKernel, HyperBackend, HyperedgeKernel, Incidence, Normalisation,
    RelationKernel, Relations, burn_dtype, flash_attention, hypergraph_conv, relation_linear, sparse_conv,
};

use crate::cli::bench::{failed, in_blocks};
use crate::cli::error::CliError;

type Work = Box<dyn Fn() -> Result<(), CliError>>;

/// Sizes, and what to run on them by variant.
pub(super) struct Class {
    pub(super) sizes: [usize; 4],
    pub(super) variants: Vec<(&'static str, Work)>,
}

/// An op that has variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Attention,
    GraphConv,
    Hyperedge,
    Relation,
}

impl Op {
    pub(super) const ALL: [Self; 4] = [Self::Attention, Self::GraphConv, Self::Hyperedge, Self::Relation];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Attention => AttentionKernel::OP,
            Self::GraphConv => GraphConvKernel::OP,
            Self::Hyperedge => HyperedgeKernel::OP,
            Self::Relation => RelationKernel::OP,
        }
    }

    /// Its name in the op suite.
    pub(super) fn verified_as(self) -> &'static str {
        match self {
            Self::Attention => "flash_attention",
            Self::GraphConv => "sparse_conv",
            Self::Hyperedge => "hypergraph_conv",
            Self::Relation => "relation_linear",
        }
    }

    pub(super) fn classes<B: HyperBackend>(self, quick: bool, dtype: DType, device: &B::Device) -> Result<Vec<Class>, CliError> {
        match self {
            Self::Attention => Ok(attention::<B>(quick, dtype, device)),
            Self::GraphConv => graph_conv::<B>(quick, dtype, device),
            Self::Hyperedge => hyperedge::<B>(quick, dtype, device),
            Self::Relation => relation::<B>(quick, dtype, device),
        }
    }
}

fn normal<B: HyperBackend, const D: usize>(shape: [usize; D], dtype: DType, device: &B::Device) -> Tensor<B, D> {
    Tensor::<B, D>::random(shape, Distribution::Normal(0.0, 1.0), device).cast(burn_dtype(dtype))
}

/// One token over a cache, and whole sequences with their gradients.
fn attention<B: HyperBackend>(quick: bool, dtype: DType, device: &B::Device) -> Vec<Class> {
    const HEADS: usize = 8;
    const LENGTHS: [(usize, usize); 5] = [(1, 256), (128, 128), (1, 4096), (512, 512), (2048, 2048)];
    let mut classes = Vec::new();
    for width in [64, 128] {
        for &(queries, keys) in &LENGTHS[..if quick { 2 } else { LENGTHS.len() }] {
            let q = normal::<B, 4>([1, HEADS, queries, width], dtype, device);
            let [k, v] = [(); 2].map(|()| normal::<B, 4>([1, HEADS, keys, width], dtype, device));
            let work = |kernel: AttentionKernel| -> (&'static str, Work) {
                let (q, k, v) = (q.clone(), k.clone(), v.clone());
                let options = FlashOptions { causal: true, kernel, ..FlashOptions::default() };
                let run = move || {
                    if queries == 1 {
                        return flash_attention(q.clone(), k.clone(), v.clone(), options).map(drop).map_err(failed);
                    }
                    let [q, k, v] = [&q, &k, &v].map(|x| Tensor::<Autodiff<B>, 4>::from_inner(x.clone()).require_grad());
                    let gradients = flash_attention(q.clone(), k, v, options).map_err(failed)?.sum().backward();
                    q.grad(&gradients).map(drop).ok_or_else(|| CliError::failed("a gradient is missing; this is a bug"))
                };
                (kernel.name(), Box::new(run))
            };
            let variants = [AttentionKernel::Flash, AttentionKernel::Reference].map(work).into();
            classes.push(Class { sizes: [queries, keys, width, HEADS], variants });
        }
    }
    classes
}

/// Blocks of 32 × 32 that are full, and such as have some of their entries.
fn graph_conv<B: HyperBackend>(quick: bool, dtype: DType, device: &B::Device) -> Result<Vec<Class>, CliError> {
    let mut classes = Vec::new();
    for rows in if quick { &[1024][..] } else { &[1024, 16_384] } {
        for one_in in [1, 4, 16, 64] {
            let matrix = in_blocks::<B>(*rows, one_in, device)?;
            for width in [16, 64] {
                let x = normal::<B, 2>([*rows, width], dtype, device);
                let work = |kernel: GraphConvKernel| -> (&'static str, Work) {
                    let (x, matrix) = (x.clone(), matrix.clone().with_kernel(kernel));
                    (kernel.name(), Box::new(move || sparse_conv(&matrix, x.clone(), None, None).map(drop).map_err(failed)))
                };
                let sizes = [*rows, matrix.nnz(), matrix.blocking().stored(), width];
                classes.push(Class { sizes, variants: [GraphConvKernel::Csr, GraphConvKernel::Bsr].map(work).into() });
            }
        }
    }
    Ok(classes)
}

/// Small and large hyperedges, and such as are edges of a graph.
fn hyperedge<B: HyperBackend>(quick: bool, dtype: DType, device: &B::Device) -> Result<Vec<Class>, CliError> {
    const CONFIG: ConvConfig = ConvConfig { normalisation: Normalisation::Row, bias: BiasPlace::Output };
    let mut graphs = vec![power_law(2000, 1500, 8, 0)?, uniform(2000, 6000, 2, 0)?];
    if !quick {
        graphs.extend([power_law(20_000, 20_000, 10, 0)?, uniform(20_000, 100_000, 2, 0)?]);
    }
    let mut classes = Vec::new();
    for graph in &graphs {
        let incidence = Incidence::<B>::new(graph, device).map_err(failed)?;
        for width in [16, 64] {
            let x = normal::<B, 2>([graph.nodes(), width], dtype, device);
            let work = |kernel: HyperedgeKernel| -> (&'static str, Work) {
                let (x, incidence) = (x.clone(), incidence.clone().with_kernel(kernel));
                (kernel.name(), Box::new(move || hypergraph_conv(x.clone(), &incidence, None, None, CONFIG).map(drop).map_err(failed)))
            };
            let sizes = [graph.nodes(), graph.hyperedges(), incidence.nnz(), width];
            classes.push(Class { sizes, variants: [HyperedgeKernel::TwoPass, HyperedgeKernel::Fused].map(work).into() });
        }
    }
    Ok(classes)
}

/// Few and many relations, some of which have most of the rows.
fn relation<B: HyperBackend>(quick: bool, dtype: DType, device: &B::Device) -> Result<Vec<Class>, CliError> {
    let sizes = [(2000, 20, 64), (2000, 20, 128), (100_000, 500, 64), (100_000, 500, 128)];
    let mut classes = Vec::new();
    for &(rows, relations, width) in &sizes[..if quick { 2 } else { sizes.len() }] {
        let skewed = |i: usize| (i * 7919 % relations * (i % 97)) / 97;
        let ids: Vec<u32> = (0..rows).map(|i| skewed(i) as u32).collect();
        let of_rows = Relations::<B>::new(&ids, relations, device).map_err(failed)?;
        let (x, w) = (normal::<B, 2>([rows, width], dtype, device), normal::<B, 3>([relations, width, width], dtype, device));
        let mut variants: Vec<(&'static str, Work)> = Vec::new();
        for kernel in [RelationKernel::Simple, RelationKernel::TensorCore] {
            let (x, w, of_rows) = (x.clone(), w.clone(), of_rows.clone().with_kernel(kernel));
            let run = move || relation_linear(x.clone(), w.clone(), &of_rows).map(drop);
            // A variant that the device lacks for the type.
            if run().is_ok() {
                variants.push((kernel.name(), Box::new(move || run().map_err(failed))));
            }
        }
        classes.push(Class { sizes: [rows, relations, width, width], variants });
    }
    Ok(classes)
}
