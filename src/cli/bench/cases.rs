//! The cases: what runs, how many bytes it must move and what it computes.

use burn::backend::Autodiff;
use burn::tensor::Tensor;
use hypergraphql_ops::{
    AttentionConfig, BiasPlace, ConvConfig, Direction, GraphConvKernel, HyperBackend, Incidence, Normalisation, Reduce, Result as OpResult,
    Scatter, SetAttentionOptions, aggregate, dropout, edge_score, gather, hypergraph_attention, hypergraph_conv, relation_linear, rms_norm,
    scatter_add, segment_softmax, set_attention, sparse_conv, swiglu,
};

use super::inputs::{Inputs, RELATIONS, Size, failed};
use super::record::Work;
use crate::cli::error::CliError;

/// All cases, in the order in which they run.
pub(super) const NAMES: [&str; 20] = [
    "conv_fwd",
    "conv_fwd_bwd",
    "att_fwd",
    "att_fwd_bwd",
    "set_fwd",
    "set_fwd_bwd",
    "relation_fwd",
    "relation_fwd_bwd",
    "spmm",
    "aggregate",
    "segment_softmax",
    "edge_score",
    "gather",
    "scatter_add",
    "sparse_conv",
    "blocks_csr",
    "blocks_bsr",
    "dropout",
    "rms_norm",
    "swiglu",
];

const CONV: ConvConfig = ConvConfig { normalisation: Normalisation::Row, bias: BiasPlace::Output };
const SLOPE: f64 = 0.2;

/// The op of the suite that a case rests on.
pub(super) fn op_of(case: &str) -> &str {
    match case {
        "conv_fwd" | "conv_fwd_bwd" => "hypergraph_conv",
        "att_fwd" | "att_fwd_bwd" => "hypergraph_attention",
        "set_fwd" | "set_fwd_bwd" => "set_attention",
        "relation_fwd" | "relation_fwd_bwd" => "relation_linear",
        "blocks_csr" | "blocks_bsr" => "sparse_conv",
        "spmm" => "aggregate",
        "sort_keys" => "sort",
        "flash_fwd" | "flash_fwd_bwd" => "flash_attention",
        "memory_fwd" | "memory_fwd_bwd" => "memory_attention",
        op => op,
    }
}

/// One case.
pub(super) struct Case<'a> {
    pub(super) name: &'static str,
    pub(super) work: Work,
    pub(super) run: Box<dyn Fn() -> Result<(), CliError> + 'a>,
}

/// `bytes` that must be moved, and the multiplications and additions of the sums and products.
fn case<'a>(name: &'static str, bytes: usize, operations: usize, run: Box<dyn Fn() -> Result<(), CliError> + 'a>) -> Case<'a> {
    Case { name, work: Work { bytes, operations: operations as f64, dense: false }, run }
}

fn ignore<T>(result: OpResult<T>) -> Result<(), CliError> {
    result.map(drop).map_err(failed)
}

/// Every case over `i`.
pub(super) fn cases<B: HyperBackend>(i: &Inputs<B>) -> Vec<Case<'_>> {
    let Size { n, m, d, .. } = i.size;
    let (z, s, heads) = (i.incidence.nnz(), i.dtype.bytes(), i.heads);
    let pass = |rows: usize| (z + rows) * d * s + z * 4;
    let both = pass(m) + pass(n);
    let entries = z * heads * s;
    let nodes = n * heads * s;
    let (sum, product) = (2 * z * d, 2 * n * d * d);
    let set = SetAttentionOptions { heads, scale: Some(1.0), slope: SLOPE, ..SetAttentionOptions::default() };
    let relation = (2 * n + RELATIONS * d) * d * s + n * 4;
    let blocking = i.blocks.blocking();
    let in_blocks = (blocking.blocks * blocking.size.side() + i.blocks.rows()) * d * s + blocking.stored() * 4;
    vec![
        case("conv_fwd", both, 2 * sum + product, Box::new(|| ignore(conv(i.x.clone(), &i.incidence, i.theta.clone(), i.bias.clone())))),
        case("conv_fwd_bwd", 2 * both, 4 * sum + 3 * product, Box::new(|| conv_backward(i))),
        case(
            "att_fwd",
            both,
            2 * sum + product,
            Box::new(|| {
                ignore(attention(i.x.clone(), i.z.clone(), &i.incidence, i.theta.clone(), i.attention.clone(), i.bias.clone(), i.heads))
            }),
        ),
        case("att_fwd_bwd", 2 * both + pass(m), 5 * sum + 3 * product, Box::new(|| attention_backward(i))),
        case("set_fwd", pass(m) + n * d * s, sum + 2 * n * d, {
            Box::new(move || ignore(set_attention(i.seed.clone(), i.x.clone(), i.values.clone(), &i.incidence, set)))
        }),
        case("set_fwd_bwd", pass(m) + pass(n) + (5 * n + 2 * m) * d * s, 2 * sum + 8 * n * d, Box::new(move || set_backward(i, set))),
        case("relation_fwd", relation, product, {
            let relations = i.relations.inner();
            Box::new(move || ignore(relation_linear(i.x.clone(), i.weights.clone(), &relations)))
        }),
        case("relation_fwd_bwd", 3 * relation, 3 * product, Box::new(|| relation_backward(i))),
        case("spmm", pass(m), sum, Box::new(|| ignore(aggregate(i.x.clone(), &i.incidence, Direction::ToCols, Reduce::Mean, None)))),
        case("aggregate", pass(n), z * d, Box::new(|| ignore(aggregate(i.z.clone(), &i.incidence, Direction::ToRows, Reduce::Max, None)))),
        case(
            "segment_softmax",
            2 * entries + z * 4,
            4 * z * heads,
            Box::new(|| ignore(segment_softmax(i.scores.clone(), &i.incidence, Direction::ToCols))),
        ),
        case("edge_score", nodes + 2 * entries + z * 4, 2 * z * heads, {
            let (a, b) = (i.x.clone().narrow(1, 0, heads), i.z.clone().narrow(1, 0, heads));
            Box::new(move || ignore(edge_score(a.clone(), b.clone(), &i.incidence, SLOPE)))
        }),
        case("gather", 2 * n * d * s + n * 4, 0, Box::new(|| ignore(gather(i.x.clone(), &i.at_random)))),
        case(
            "scatter_add",
            2 * n * d * s + n * 4,
            n * d,
            Box::new(|| ignore(scatter_add(i.x.clone(), &i.at_random, Scatter::Deterministic))),
        ),
        case(
            "sparse_conv",
            pass(n),
            sum + product,
            Box::new(|| ignore(sparse_conv(&i.matrix, i.z.clone(), Some(i.theta.clone()), Some(i.bias.clone())))),
        ),
        case("blocks_csr", (i.blocks.nnz() + i.blocks.rows()) * d * s + i.blocks.nnz() * 8, 2 * i.blocks.nnz() * d, {
            let matrix = i.blocks.clone().with_kernel(GraphConvKernel::Csr);
            Box::new(move || ignore(sparse_conv(&matrix, i.block_x.clone(), None, None)))
        }),
        case("blocks_bsr", in_blocks, 2 * i.blocks.blocking().stored() * d, {
            let matrix = i.blocks.clone().with_kernel(GraphConvKernel::Bsr);
            Box::new(move || ignore(sparse_conv(&matrix, i.block_x.clone(), None, None)))
        }),
        case("dropout", 2 * n * d * s, n * d, Box::new(|| ignore(dropout(i.x.clone(), 0.5, 1, 2)))),
        case("swiglu", 3 * n * d * s, 5 * n * d, {
            let up = i.x.clone().mul_scalar(0.5);
            Box::new(move || ignore(swiglu(i.x.clone(), up.clone())))
        }),
        case("rms_norm", (2 * n + 1) * d * s, 4 * n * d, Box::new(|| ignore(rms_norm(i.x.clone(), i.bias.clone(), 1e-5)))),
    ]
}

fn conv<B: HyperBackend>(x: Tensor<B, 2>, h: &Incidence<B>, theta: Tensor<B, 2>, bias: Tensor<B, 1>) -> OpResult<Tensor<B, 2>> {
    hypergraph_conv(x, h, Some(theta), Some(bias), CONV)
}

/// x [N, d], z [M, d], Θ [d, d] shared by nodes and hyperedges, a [d, 2·heads]; the logits are products with Θ a, so Z Θ is never formed.
fn attention<B: HyperBackend>(
    x: Tensor<B, 2>,
    z: Tensor<B, 2>,
    h: &Incidence<B>,
    theta: Tensor<B, 2>,
    a: Tensor<B, 2>,
    bias: Tensor<B, 1>,
    heads: usize,
) -> OpResult<Tensor<B, 2>> {
    let head_width = theta.dims()[1] / heads;
    let folded = theta.clone().matmul(a); // [d, 2*heads]
    let of_nodes = x.clone().matmul(folded.clone().narrow(1, 0, heads)); // [N, heads]
    let of_edges = z.matmul(folded.narrow(1, heads, heads)); // [M, heads]
    let config = AttentionConfig { heads, head_width, slope: SLOPE, normalise: Direction::ToCols };
    let out = hypergraph_attention(x.matmul(theta), of_nodes, of_edges, h, config)?; // [N, d]
    Ok(out + bias.unsqueeze())
}

fn leaf<B: HyperBackend, const D: usize>(x: &Tensor<B, D>) -> Tensor<Autodiff<B>, D> {
    Tensor::from_inner(x.clone()).require_grad()
}

fn conv_backward<B: HyperBackend>(i: &Inputs<B>) -> Result<(), CliError> {
    let (x, theta, bias) = (leaf(&i.x), leaf(&i.theta), leaf(&i.bias));
    let y = conv(x.clone(), &i.graph, theta.clone(), bias.clone()).map_err(failed)?;
    let gradients = y.sum().backward();
    present([x.grad(&gradients).is_some(), theta.grad(&gradients).is_some(), bias.grad(&gradients).is_some()])
}

fn attention_backward<B: HyperBackend>(i: &Inputs<B>) -> Result<(), CliError> {
    let (x, theta, a, bias) = (leaf(&i.x), leaf(&i.theta), leaf(&i.attention), leaf(&i.bias));
    let z = Tensor::from_inner(i.z.clone());
    let y = attention(x.clone(), z, &i.graph, theta.clone(), a.clone(), bias.clone(), i.heads).map_err(failed)?;
    let gradients = y.sum().backward();
    present([x.grad(&gradients).is_some(), theta.grad(&gradients).is_some(), bias.grad(&gradients).is_some()])
}

fn set_backward<B: HyperBackend>(i: &Inputs<B>, options: SetAttentionOptions) -> Result<(), CliError> {
    let (q, k, v) = (leaf(&i.seed), leaf(&i.x), leaf(&i.values));
    let gradients = set_attention(q.clone(), k.clone(), v.clone(), &i.graph, options).map_err(failed)?.sum().backward();
    present([q.grad(&gradients).is_some(), k.grad(&gradients).is_some(), v.grad(&gradients).is_some()])
}

fn relation_backward<B: HyperBackend>(i: &Inputs<B>) -> Result<(), CliError> {
    let (x, w) = (leaf(&i.x), leaf(&i.weights));
    let gradients = relation_linear(x.clone(), w.clone(), &i.relations).map_err(failed)?.sum().backward();
    present([x.grad(&gradients).is_some(), w.grad(&gradients).is_some(), true])
}

fn present(gradients: [bool; 3]) -> Result<(), CliError> {
    if gradients == [true; 3] { Ok(()) } else { Err(CliError::failed("a gradient is missing; this is a bug")) }
}
