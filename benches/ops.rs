//! Criterion benches of the ops on the CPU, in f32, over a power-law hypergraph: `cargo bench --bench ops`.
#![allow(missing_docs, reason = "criterion's macros generate undocumented functions")]
#![allow(clippy::unwrap_used, reason = "a benchmark ends where an op refuses its inputs")]

use std::hint::black_box;

use burn::backend::Autodiff;
use burn::tensor::{Distribution, Tensor};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hypergraphql::framework::generate::power_law;
use hypergraphql::ops::{
    AttentionConfig, BiasPlace, ConvConfig, Cpu, CpuDevice, DType, Direction, Incidence, Index, Normalisation, Reduce, Scatter,
    SparseMatrix, aggregate, dropout, edge_score, gather, hypergraph_attention, hypergraph_conv, rms_norm, scatter_add, segment_softmax,
    sparse_conv, swiglu, verify,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Graph = Autodiff<Cpu>;

const NODES: usize = 20_000;
const HYPEREDGES: usize = 15_000;
const WIDTH: usize = 64;
const HEADS: usize = 4;
const CONV: ConvConfig = ConvConfig { normalisation: Normalisation::Row, bias: BiasPlace::Output };
const ATTENTION: AttentionConfig = AttentionConfig { heads: HEADS, head_width: WIDTH / HEADS, slope: 0.2, normalise: Direction::ToCols };

fn normal<const D: usize>(shape: [usize; D]) -> Tensor<Graph, D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &CpuDevice::default())
}

/// A benchmark verifies before it times: a wrong op gets no figure.
fn verified() {
    let mut wrong = Vec::new();
    verify::run::<Cpu>(&CpuDevice::default(), DType::F32, &verify::VerifyOptions::default(), &mut |case| {
        if !case.passed {
            wrong.push(format!("{}/{}: {}", case.op, case.case, case.detail));
        }
    });
    assert!(wrong.is_empty(), "these ops are wrong, so none was timed: {wrong:#?}");
}

fn passes(c: &mut Criterion) {
    verified();
    let device = CpuDevice::default();
    let graph = Incidence::<Graph>::new(&power_law(NODES, HYPEREDGES, 10, 1).unwrap(), &device).unwrap();
    let h = graph.inner();
    let (x, theta, bias) = (normal([NODES, WIDTH]), normal([WIDTH, WIDTH]), normal([WIDTH]));
    let (a, b, scores) = (normal([NODES, HEADS]), normal([HYPEREDGES, HEADS]), normal([h.nnz(), HEADS]));
    let mut group = c.benchmark_group("passes");
    group.throughput(Throughput::Elements(h.nnz() as u64));
    for (name, reduce) in [("aggregate/mean", Reduce::Mean), ("aggregate/max", Reduce::Max)] {
        let x = x.clone().inner();
        group.bench_function(name, |b| b.iter(|| black_box(aggregate(x.clone(), &h, Direction::ToCols, reduce, None).unwrap())));
    }
    group.bench_function("hypergraph_conv/forward", |bench| {
        let (x, theta, bias) = (x.clone().inner(), theta.clone().inner(), bias.clone().inner());
        bench.iter(|| black_box(hypergraph_conv(x.clone(), &h, Some(theta.clone()), Some(bias.clone()), CONV).unwrap()));
    });
    group.bench_function("hypergraph_conv/forward+backward", |bench| {
        bench.iter(|| {
            let (x, theta, bias) = (x.clone().require_grad(), theta.clone().require_grad(), bias.clone().require_grad());
            black_box(hypergraph_conv(x, &graph, Some(theta), Some(bias), CONV).unwrap().sum().backward())
        });
    });
    group.bench_function("hypergraph_attention/forward", |bench| {
        let (x, a, b) = (x.clone().inner(), a.clone().inner(), b.clone().inner());
        bench.iter(|| black_box(hypergraph_attention(x.clone(), a.clone(), b.clone(), &h, ATTENTION).unwrap()));
    });
    group.bench_function("hypergraph_attention/forward+backward", |bench| {
        bench.iter(|| {
            let (x, a, b) = (x.clone().require_grad(), a.clone().require_grad(), b.clone().require_grad());
            black_box(hypergraph_attention(x, a, b, &graph, ATTENTION).unwrap().sum().backward())
        });
    });
    group.bench_function("edge_score", |bench| {
        let (a, b) = (a.clone().inner(), b.clone().inner());
        bench.iter(|| black_box(edge_score(a.clone(), b.clone(), &h, 0.2).unwrap()));
    });
    group.bench_function("segment_softmax", |bench| {
        let scores = scores.clone().inner();
        bench.iter(|| black_box(segment_softmax(scores.clone(), &h, Direction::ToCols).unwrap()));
    });
    group.bench_function("sparse_conv", |bench| {
        let graph = power_law(NODES, HYPEREDGES, 10, 1).unwrap();
        let csr = graph.node_major();
        let matrix = SparseMatrix::<Cpu>::from_csr(csr.ptr().to_vec(), csr.col().to_vec(), HYPEREDGES, None, &device).unwrap();
        let (z, theta, bias) = (normal([HYPEREDGES, WIDTH]).inner(), theta.clone().inner(), bias.clone().inner());
        bench.iter(|| black_box(sparse_conv(&matrix, z.clone(), Some(theta.clone()), Some(bias.clone())).unwrap()));
    });
    group.finish();
}

fn rows(c: &mut Criterion) {
    let device = CpuDevice::default();
    let x = normal([NODES, WIDTH]).inner();
    let index: Vec<u32> = (0..NODES as u32).map(|i| (i * 7919) % NODES as u32).collect();
    let index = Index::<Cpu>::new(&index, NODES, &device).unwrap();
    let (gain, up) = (normal([WIDTH]).inner(), normal([NODES, WIDTH]).inner());
    let mut group = c.benchmark_group("rows");
    group.throughput(Throughput::Bytes((2 * NODES * WIDTH * 4) as u64));
    group.bench_function("gather", |b| b.iter(|| black_box(gather(x.clone(), &index).unwrap())));
    group.bench_function("scatter_add", |b| b.iter(|| black_box(scatter_add(x.clone(), &index, Scatter::Deterministic).unwrap())));
    group.bench_function("rms_norm", |b| b.iter(|| black_box(rms_norm(x.clone(), gain.clone(), 1e-5).unwrap())));
    group.bench_function("swiglu", |b| b.iter(|| black_box(swiglu(x.clone(), up.clone()).unwrap())));
    group.bench_function("dropout", |b| b.iter(|| black_box(dropout(x.clone(), 0.5, 1, 2).unwrap())));
    group.finish();
}

criterion_group!(benches, passes, rows);
criterion_main!(benches);
