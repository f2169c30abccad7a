//! Every public op and its gradients on CubeBackend (lavapipe where there is no GPU) against Flex.
#![allow(clippy::unwrap_used)]
#![cfg(all(feature = "vulkan", feature = "cpu"))]

use burn::backend::Autodiff;
use burn::tensor::{DType, Tensor, TensorData};
use burn_cubecl::CubeBackend;
use burn_wgpu::WgpuRuntime;
use hypergraphql_framework::{Duplicates, Hypergraph};
use hypergraphql_kernels::device::panics;
use hypergraphql_ops::{
    AttentionConfig, BiasPlace, ConvConfig, Cpu, Direction, HyperBackend, Incidence, Index, Normalisation, Reduce, Scatter, SparseMatrix,
    WgpuDevice, aggregate, dropout, edge_score, gather, hypergraph_attention, hypergraph_conv, scatter_add, segment_softmax, sparse_conv,
};

/// Without Fusion, whatever the features say.
type Cube = CubeBackend<WgpuRuntime, f32, i32, u32>;
type Matrix<B> = Tensor<Autodiff<B>, 2>;

fn numbers(n: usize, seed: u32) -> Vec<f32> {
    (0..n as u32)
        .map(|i| ((i.wrapping_mul(2_654_435_761).wrapping_add(seed.wrapping_mul(40_503))) >> 8) as f32 / 8_388_608.0 - 1.0)
        .collect()
}

/// 43 nodes, 11 hyperedges: node 3 isolated, hyperedge 2 empty, hyperedge 5 holds most nodes.
fn hypergraph() -> Hypergraph {
    let mut pairs: Vec<(u32, u32)> = (0..43).filter(|&v| v != 3).map(|v| (v, 5)).collect();
    pairs.extend((0..43).filter(|&v| v != 3 && v % 2 == 0).map(|v| (v, if v % 11 == 2 || v % 11 == 5 { 7 } else { v % 11 })));
    let weights: Vec<f64> = (0..pairs.len()).map(|i| 0.5 + 0.25 * (i % 5) as f64).collect();
    let h = Hypergraph::from_weighted_pairs(43, 11, &pairs, &weights, Duplicates::Error).unwrap();
    h.with_hyperedge_weights((0..11).map(|e| 0.5 + 0.1 * f64::from(e)).collect()).unwrap()
}

struct Run<B: HyperBackend> {
    device: B::Device,
    dtype: DType,
    results: Vec<(String, Vec<f32>)>,
}

impl<B: HyperBackend> Run<B> {
    /// Result and gradients of Σ y ∘ g.
    fn case(&mut self, name: &str, shapes: &[[usize; 2]], f: impl Fn(Vec<Matrix<B>>) -> Matrix<B>) {
        let make = |values: Vec<f32>, shape: [usize; 2]| Matrix::<B>::from_data(TensorData::new(values, shape), (&self.device, self.dtype));
        let leaves: Vec<Matrix<B>> =
            shapes.iter().enumerate().map(|(i, s)| make(numbers(s[0] * s[1], i as u32 + 1), *s).require_grad()).collect();
        let y = f(leaves.clone());
        let g = make(numbers(y.shape().num_elements(), 77), y.dims());
        let read = |t: TensorData| t.convert::<f32>().to_vec::<f32>().unwrap();
        self.results.push((name.into(), read(y.to_data())));
        let grads = (y * g).sum().backward();
        for (i, leaf) in leaves.iter().enumerate() {
            self.results.push((format!("{name}, gradient {i}"), read(leaf.grad(&grads).unwrap().into_data())));
        }
    }
}

fn row<B: HyperBackend>(m: &Matrix<B>) -> Tensor<Autodiff<B>, 1> {
    m.clone().flatten(0, 1)
}

fn convolutions<B: HyperBackend>(run: &mut Run<B>, h: &Incidence<Autodiff<B>>) {
    // Θ before, between and after the passes.
    for (f, o) in [(40, 2), (5, 4), (3, 301)] {
        for (normalisation, bias) in [(Normalisation::Row, BiasPlace::Output), (Normalisation::Symmetric, BiasPlace::Input)] {
            let config = ConvConfig { normalisation, bias };
            let name = format!("conv {f} {o} {config:?}");
            run.case(&name, &[[43, f], [f, o], [1, o]], |t| {
                hypergraph_conv(t[0].clone(), h, Some(t[1].clone()), Some(row(&t[2])), config).unwrap()
            });
            let fixed = hypergraph_conv::<Autodiff<B>>;
            let theta = Matrix::<B>::from_data(TensorData::new(numbers(f * o, 5), [f, o]), (&run.device, run.dtype));
            run.case(&format!("{name}, theta fixed"), &[[43, f]], |t| fixed(t[0].clone(), h, Some(theta.clone()), None, config).unwrap());
            run.case(&format!("{name}, no theta"), &[[43, f], [1, f]], |t| fixed(t[0].clone(), h, None, Some(row(&t[1])), config).unwrap());
        }
    }
}

fn all<B: HyperBackend>(device: B::Device, dtype: DType) -> Vec<(String, Vec<f32>)> {
    let graph = hypergraph();
    let nnz = graph.incidences();
    let h: Incidence<Autodiff<B>> = Incidence::new(&graph, &device).unwrap();
    let mut run = Run::<B> { device: device.clone(), dtype, results: vec![] };
    convolutions(&mut run, &h);
    for normalise in [Direction::ToRows, Direction::ToCols] {
        for (heads, head_width) in [(1, 6), (3, 8)] {
            let config = AttentionConfig { heads, head_width, slope: 0.2, normalise };
            run.case(&format!("{config:?}"), &[[43, heads * head_width], [43, heads], [11, heads]], |t| {
                hypergraph_attention(t[0].clone(), t[1].clone(), t[2].clone(), &h, config).unwrap()
            });
        }
    }
    for (direction, inputs) in [(Direction::ToRows, 11), (Direction::ToCols, 43)] {
        for reduce in [Reduce::Sum, Reduce::Mean, Reduce::Max, Reduce::Min] {
            let name = format!("{direction:?} {reduce:?}");
            run.case(&name, &[[inputs, 5]], |t| aggregate(t[0].clone(), &h, direction, reduce, None).unwrap());
            run.case(&name, &[[inputs, 5], [1, nnz]], |t| aggregate(t[0].clone(), &h, direction, reduce, Some(row(&t[1]))).unwrap());
        }
        run.case("softmax", &[[nnz, 3]], |t| segment_softmax(t[0].clone(), &h, direction).unwrap());
    }
    run.case("edge_score", &[[43, 3], [11, 3]], |t| edge_score(t[0].clone(), t[1].clone(), &h, 0.2).unwrap());
    let a = SparseMatrix::from_csr(vec![0, 2, 2, 5], vec![1, 3, 0, 1, 3], 4, Some(vec![0.5, -1.0, 2.0, 0.25, 1.5]), &device).unwrap();
    for o in [2, 300] {
        run.case("sparse_conv", &[[4, 3], [3, o], [1, o]], |t| {
            sparse_conv(&a, t[0].clone(), Some(t[1].clone()), Some(row(&t[2]))).unwrap()
        });
    }
    let index = Index::new(&[4, 0, 4, 2, 4, 1, 0], 6, &device).unwrap();
    run.case("gather of a transposed view", &[[3, 6]], |t| gather(t[0].clone().transpose(), &index).unwrap());
    for scatter in [Scatter::Deterministic, Scatter::Atomic] {
        run.case("scatter_add", &[[7, 3]], |t| scatter_add(t[0].clone(), &index, scatter).unwrap());
    }
    run.case("dropout", &[[9, 5]], |t| dropout(t[0].clone(), 0.4, 7, 3).unwrap());
    run.results
}

fn compare(dtype: DType, tolerance: f32) {
    panics::install();
    let device = WgpuDevice::DefaultDevice;
    if std::panic::catch_unwind(|| burn::tensor::Tensor::<Cube, 1>::zeros([1], &device).into_data()).is_err() {
        eprintln!("SKIPPED cube_backend {dtype:?}: no Vulkan adapter (install mesa-vulkan-drivers for lavapipe)");
        return;
    }
    let got = all::<Cube>(device, dtype);
    let want = all::<Cpu>(burn_flex::FlexDevice, dtype);
    let failed = panics::take();
    assert!(failed.is_empty(), "device threads panicked: {failed:?}");
    assert_eq!(got.len(), want.len());
    for ((name, got), (_, want)) in got.iter().zip(&want) {
        assert_eq!(got.len(), want.len(), "{name}");
        let scale = want.iter().fold(1.0f32, |m, w| m.max(w.abs()));
        for (i, (g, w)) in got.iter().zip(want).enumerate() {
            assert!((g - w).abs() <= tolerance * scale, "{dtype:?} {name}: element {i} is {g}, on Flex {w}");
        }
    }
}

#[test]
fn every_op_on_cube_matches_flex_in_f32() {
    compare(DType::F32, 1e-5);
}

#[test]
fn every_op_on_cube_matches_flex_in_f16() {
    compare(DType::F16, 2e-2);
}
