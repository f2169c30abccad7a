//! Criterion benches of the ops on the CPU, in f32, over a power-law hypergraph, sequences and columns of indices: `cargo bench --bench ops`.
#![allow(missing_docs, reason = "criterion's macros generate undocumented functions")]
#![allow(clippy::unwrap_used, reason = "a benchmark ends where an op refuses its inputs")]

use std::hint::black_box;

use burn::backend::Autodiff;
use burn::tensor::{Distribution, Tensor};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hypergraphql::framework::generate::power_law;
use hypergraphql::ops::{
    AttentionConfig, BiasPlace, ConvConfig, Cpu, CpuDevice, DType, Direction, FlashOptions, GraphConvKernel, Ids, Incidence, Index, Metric,
    Normalisation, Reduce, Relations, Rotary, RotaryConfig, Scatter, SetAttentionOptions, SparseMatrix, Targets, aggregate, compact,
    cross_entropy, distinct, dropout, edge_score, flash_attention, gather, hypergraph_attention, hypergraph_conv, int8_matmul, knn, linear,
    quantize, relation_linear, rms_norm, rope, scan, scatter_add, segment_softmax, set_attention, sort, sort_by_key, sparse_conv, swiglu,
    top_k, verify,
};
use rayon::slice::ParallelSliceMut;

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
    group.bench_function("set_attention/forward+backward", |bench| {
        let (q, v) = (normal([1, WIDTH]), normal([NODES, WIDTH]));
        let options = SetAttentionOptions { heads: HEADS, scale: Some(1.0), slope: 0.2, ..SetAttentionOptions::default() };
        bench.iter(|| {
            let (q, k, v) = (q.clone().require_grad(), x.clone().require_grad(), v.clone().require_grad());
            black_box(set_attention(q, k, v, &graph, options).unwrap().sum().backward())
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
    for kernel in [GraphConvKernel::Csr, GraphConvKernel::Bsr] {
        group.bench_function(format!("sparse_conv/blocks/{kernel}"), |bench| {
            // Two full blocks of 32 × 32 in each block row.
            let rows = 16_384;
            let columns = |r: usize| [r / 32, (r / 32 * 7 + 5) % (rows / 32)].map(|block| block * 32).into_iter().flat_map(|c| c..c + 32);
            let ptr = (0..=rows as u32).map(|r| 64 * r).collect();
            let col = (0..rows).flat_map(columns).map(|c| c as u32).collect();
            let matrix = SparseMatrix::<Cpu>::from_csr(ptr, col, rows, None, &device).unwrap().with_kernel(kernel);
            let x = normal([rows, WIDTH]).inner();
            bench.iter(|| black_box(sparse_conv(&matrix, x.clone(), None, None).unwrap()));
        });
    }
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
    group.bench_function("relation_linear", |bench| {
        let ids: Vec<u32> = (0..NODES as u32).map(|i| (i % 97) * (i % 101) % 100).collect();
        let (relations, w) = (Relations::<Cpu>::new(&ids, 100, &device).unwrap(), normal([100, WIDTH, WIDTH]).inner());
        bench.iter(|| black_box(relation_linear(x.clone(), w.clone(), &relations).unwrap()));
    });
    group.finish();
}

fn sequences(c: &mut Criterion) {
    const TOKENS: usize = 1024;
    const CLASSES: usize = 8192;
    let device = CpuDevice::default();
    let [q, k, v] = [(); 3].map(|()| normal([1, 8, TOKENS, 64]));
    let causal = FlashOptions { causal: true, ..FlashOptions::default() };
    let rotary = Rotary::<Cpu>::new(RotaryConfig::new(64, TOKENS), &device).unwrap();
    let classes: Vec<_> = (0..TOKENS).map(|t| Some((t * 31 % CLASSES) as u32)).collect();
    let targets = Targets::<Cpu>::new(&classes, CLASSES, &device).unwrap();
    let logits = normal([TOKENS, CLASSES]).inner();
    let mut group = c.benchmark_group("sequences");
    group.throughput(Throughput::Elements(TOKENS as u64));
    group.bench_function("flash_attention/forward", |bench| {
        let [q, k, v] = [&q, &k, &v].map(|x| x.clone().inner());
        bench.iter(|| black_box(flash_attention(q.clone(), k.clone(), v.clone(), causal).unwrap()));
    });
    group.bench_function("flash_attention/forward+backward", |bench| {
        let [q, k, v] = [&q, &k, &v].map(|x| x.clone().require_grad());
        bench.iter(|| black_box(flash_attention(q.clone(), k.clone(), v.clone(), causal).unwrap().sum().backward()));
    });
    group.bench_function("rope", |b| b.iter(|| black_box(rope(q.clone().inner(), &rotary, 0).unwrap())));
    group.bench_function("cross_entropy", |b| b.iter(|| black_box(cross_entropy(logits.clone(), &targets).unwrap())));
    group.finish();
}

fn relations(c: &mut Criterion) {
    const ROWS: u32 = 1_000_000;
    let device = CpuDevice::default();
    let mixed = |i: u32| (i ^ (i >> 15)).wrapping_mul(0x2c1b_3c6d) ^ (i << 7);
    let values: Vec<u32> = (0..ROWS).map(mixed).collect();
    let column = |values: Vec<u32>| Ids::<Cpu>::new(values, &device);
    let (keys, order) = (column(values.clone()), column((0..ROWS).collect()));
    let (counts, rising) = (column((0..ROWS).map(|i| mixed(i) % 4).collect()), column((0..ROWS).map(|i| i / 2).collect()));
    let mut group = c.benchmark_group("relations");
    group.throughput(Throughput::Elements(u64::from(ROWS)));
    group.bench_function("scan", |b| b.iter(|| black_box(scan(&counts).unwrap())));
    group.bench_function("sort", |b| b.iter(|| black_box(sort(keys.clone()).unwrap())));
    group.bench_function("sort/rayon's par_sort_unstable", |b| {
        b.iter(|| {
            let mut values = values.clone();
            values.par_sort_unstable();
            black_box(values)
        });
    });
    group.bench_function("sort_by_key", |b| b.iter(|| black_box(sort_by_key(keys.clone(), order.clone()).unwrap())));
    group.bench_function("compact", |b| b.iter(|| black_box(compact(&order, &counts).unwrap())));
    group.bench_function("distinct", |b| b.iter(|| black_box(distinct(&rising).unwrap())));
    group.bench_function("top_k", |b| b.iter(|| black_box(top_k(&keys, 100).unwrap())));
    group.finish();
}

fn discrete(c: &mut Criterion) {
    let (q, x) = (normal([64, WIDTH]).inner(), normal([NODES, WIDTH]).inner());
    let mut group = c.benchmark_group("discrete");
    for metric in Metric::ALL {
        group.bench_function(format!("knn/{metric:?}"), |b| b.iter(|| black_box(knn(q.clone(), x.clone(), 10, metric).unwrap())));
    }
    group.bench_function("quantize", |b| b.iter(|| black_box(quantize(x.clone()).unwrap())));
    group.bench_function("linear", |b| b.iter(|| black_box(linear(q.clone().narrow(0, 0, 1), x.clone()).unwrap())));
    let w = quantize(x).unwrap();
    group.bench_function("int8_matmul", |b| b.iter(|| black_box(int8_matmul(q.clone(), &w).unwrap())));
    group.finish();
}

criterion_group!(benches, passes, rows, sequences, relations, discrete);
criterion_main!(benches);
