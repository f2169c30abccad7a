//! Every public op on `Autodiff<Flex>` in f64: the gradient of each argument against central differences.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
#![cfg(feature = "cpu")]

use burn::backend::Autodiff;
use burn::tensor::{Tensor, TensorData};
use hypergraphql_framework::{Duplicates, Hypergraph};
use hypergraphql_ops::{
    AttentionConfig, AttentionKernel, BiasPlace, ConvConfig, Cpu, CpuDevice, Direction, FlashOptions, GraphConvKernel, Incidence, Index,
    MemoryOptions, Normalisation, Reduce, Relations, Rotary, RotaryConfig, Scatter, SetAttentionOptions, SparseMatrix, Targets, aggregate,
    cross_entropy, dropout, edge_score, flash_attention, gather, hypergraph_attention, hypergraph_conv, linear, memory_attention,
    memory_search, relation_linear, rms_norm, rope, scatter_add, segment_softmax, set_attention, sparse_conv, swap_axes, swiglu,
};

type B = Autodiff<Cpu>;
type Matrix = Tensor<B, 2>;

const STEP: f64 = 1e-5;
static DEVICE: CpuDevice = burn_flex::FlexDevice;

/// Numbers in ±1 that repeat for nobody, at least 1e-3 apart for the few hundred used here.
fn numbers(n: usize, seed: u32) -> Vec<f64> {
    (0..n as u32)
        .map(|i| f64::from((i.wrapping_mul(2_654_435_761).wrapping_add(seed.wrapping_mul(40_503))) >> 8) / 8_388_608.0 - 1.0)
        .collect()
}

fn matrix(values: &[f64], shape: [usize; 2]) -> Matrix {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), (&DEVICE, burn::tensor::DType::F64))
}

fn row(m: Matrix) -> Tensor<B, 1> {
    m.flatten(0, 1)
}

/// 7 nodes, 5 hyperedges: node 3 isolated, hyperedge 2 empty, with incidence and hyperedge weights.
fn hypergraph() -> Hypergraph {
    let pairs = [(0, 0), (0, 1), (0, 4), (1, 0), (1, 3), (2, 1), (4, 0), (4, 1), (4, 3), (4, 4), (5, 3), (6, 4), (6, 0)];
    let weights: Vec<f64> = (0..pairs.len()).map(|i| 0.5 + 0.25 * (i % 5) as f64).collect();
    let h = Hypergraph::from_weighted_pairs(7, 5, &pairs, &weights, Duplicates::Error).unwrap();
    h.with_hyperedge_weights(vec![1.0, 0.5, 2.0, 1.5, 0.75]).unwrap()
}

/// Checks d(Σ y ∘ g)/d(argument) for every argument, and again with each argument tracked alone.
fn check(name: &str, shapes: &[[usize; 2]], f: impl Fn(Vec<Matrix>) -> Matrix) {
    let arguments: Vec<Vec<f64>> = shapes.iter().enumerate().map(|(i, s)| numbers(s[0] * s[1], i as u32 + 1)).collect();
    let weigh = |y: Matrix| {
        let g = matrix(&numbers(y.shape().num_elements(), 77), y.dims());
        (y * g).sum()
    };
    let value = |arguments: &[Vec<f64>]| -> f64 {
        let tensors = arguments.iter().zip(shapes).map(|(v, s)| matrix(v, *s)).collect();
        weigh(f(tensors)).into_scalar_f64()
    };
    let gradients = |tracked: &dyn Fn(usize) -> bool| -> Vec<Option<Vec<f64>>> {
        let leaves: Vec<Matrix> = arguments
            .iter()
            .zip(shapes)
            .enumerate()
            .map(|(i, (v, s))| if tracked(i) { matrix(v, *s).require_grad() } else { matrix(v, *s) })
            .collect();
        let grads = weigh(f(leaves.clone())).backward();
        leaves.iter().map(|l| l.grad(&grads).map(|g| g.into_data().to_vec::<f64>().unwrap())).collect()
    };
    let all = gradients(&|_| true);
    for (i, argument) in arguments.iter().enumerate() {
        let got = all[i].as_ref().unwrap_or_else(|| panic!("{name}: argument {i} has no gradient"));
        for j in 0..argument.len() {
            let at = |step: f64| {
                let mut moved = arguments.clone();
                moved[i][j] += step;
                value(&moved)
            };
            let expected = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            assert!((got[j] - expected).abs() <= 2e-8 * (1.0 + expected.abs()), "{name}: argument {i} at {j}: {} for {expected}", got[j]);
        }
        let alone = gradients(&|k| k == i);
        // Not bit by bit: without the other gradients the cheaper order of the products may be another one.
        let same = alone[i].iter().flatten().zip(got).all(|(a, b)| (a - b).abs() <= 1e-12 * (1.0 + b.abs()));
        assert!(
            same && alone[i].as_ref().map(Vec::len) == Some(got.len()),
            "{name}: argument {i} tracked alone: {:?} for {got:?}",
            alone[i]
        );
        assert_eq!(alone.iter().flatten().count(), 1, "{name}: an untracked argument got a gradient");
    }
}

trait ScalarF64 {
    fn into_scalar_f64(self) -> f64;
}

impl ScalarF64 for Tensor<B, 1> {
    fn into_scalar_f64(self) -> f64 {
        self.into_data().to_vec::<f64>().unwrap()[0]
    }
}

#[test]
fn hypergraph_conv_matches_central_differences() {
    let weighted = Incidence::new(&hypergraph(), &DEVICE).unwrap();
    let members = [vec![0, 2, 5], vec![3], vec![1, 2, 4, 5], vec![0, 1]];
    let plain = Incidence::new(&Hypergraph::from_members(7, members, Duplicates::Error).unwrap(), &DEVICE).unwrap();
    let forms = [Normalisation::Row, Normalisation::Symmetric, Normalisation::Sum, Normalisation::UniGnn];
    for (h, normalisation) in [&weighted, &plain].into_iter().flat_map(|h| forms.map(|form| (h, form))) {
        for bias in [BiasPlace::Input, BiasPlace::Output] {
            let config = ConvConfig { normalisation, bias };
            let conv = |x: &Matrix, t: Option<&Matrix>, b: Option<&Matrix>| {
                hypergraph_conv(x.clone(), h, t.cloned(), b.map(|b| row(b.clone())), config).unwrap()
            };
            check("conv x", &[[7, 3]], |t| conv(&t[0], None, None));
            check("conv x theta", &[[7, 3], [3, 4]], |t| conv(&t[0], Some(&t[1]), None));
            check("conv x bias", &[[7, 3], [1, 3]], |t| conv(&t[0], None, Some(&t[1])));
            check("conv x theta bias", &[[7, 3], [3, 2], [1, 2]], |t| conv(&t[0], Some(&t[1]), Some(&t[2])));
        }
    }
}

#[test]
fn hypergraph_attention_matches_central_differences() {
    let h = Incidence::new(&hypergraph(), &DEVICE).unwrap();
    for normalise in [Direction::ToRows, Direction::ToCols] {
        for (heads, head_width) in [(1, 4), (3, 2)] {
            let config = AttentionConfig { heads, head_width, slope: 0.2, normalise };
            check("attention", &[[7, heads * head_width], [7, heads], [5, heads]], |t| {
                hypergraph_attention(t[0].clone(), t[1].clone(), t[2].clone(), &h, config).unwrap()
            });
        }
    }
}

#[test]
fn set_attention_matches_central_differences() {
    let h = Incidence::new(&hypergraph(), &DEVICE).unwrap();
    for (direction, members, segments) in [(Direction::ToCols, 7, 5), (Direction::ToRows, 5, 7)] {
        for (seeds, heads, scale, slope) in [(1, 1, None, 1.0), (1, 3, Some(1.0), 0.2), (2, 2, Some(-0.7), 0.0)] {
            let options = SetAttentionOptions { direction, heads, scale, slope };
            check("set_attention", &[[seeds, 6], [members, 6], [members, 6]], |t| {
                set_attention(t[0].clone(), t[1].clone(), t[2].clone(), &h, options).unwrap().reshape([segments, seeds * 6])
            });
        }
    }
}

#[test]
fn relation_linear_matches_central_differences() {
    for (ids, relations) in [(vec![2, 0, 2, 4, 0, 2], 5), (vec![0, 0, 1, 1, 1, 3], 4), (vec![0; 6], 1)] {
        let rows = Relations::<B>::new(&ids, relations, &DEVICE).unwrap();
        check("relation_linear", &[[6, 3], [relations * 3, 2]], |t| {
            relation_linear(t[0].clone(), t[1].clone().reshape([relations, 3, 2]), &rows).unwrap()
        });
    }
}

#[test]
fn aggregate_matches_central_differences() {
    let h = Incidence::new(&hypergraph(), &DEVICE).unwrap();
    for (direction, inputs) in [(Direction::ToRows, 5), (Direction::ToCols, 7)] {
        for reduce in [Reduce::Sum, Reduce::Mean, Reduce::Max, Reduce::Min] {
            let name = format!("{direction:?} {reduce:?}");
            check(&name, &[[inputs, 3]], |t| aggregate(t[0].clone(), &h, direction, reduce, None).unwrap());
            check(&name, &[[inputs, 3], [1, 13]], |t| aggregate(t[0].clone(), &h, direction, reduce, Some(row(t[1].clone()))).unwrap());
        }
    }
}

#[test]
fn edge_score_and_softmax_match_central_differences() {
    let h = Incidence::new(&hypergraph(), &DEVICE).unwrap();
    check("edge_score", &[[7, 3], [5, 3]], |t| edge_score(t[0].clone(), t[1].clone(), &h, 0.2).unwrap());
    for direction in [Direction::ToRows, Direction::ToCols] {
        check("segment_softmax", &[[13, 3]], |t| segment_softmax(t[0].clone(), &h, direction).unwrap());
    }
}

#[test]
fn sparse_conv_matches_central_differences() {
    let a = SparseMatrix::from_csr(vec![0, 2, 2, 5], vec![1, 3, 0, 1, 3], 4, Some(vec![0.5, -1.0, 2.0, 0.25, 1.5]), &DEVICE).unwrap();
    check("sparse_conv", &[[4, 3]], |t| sparse_conv(&a, t[0].clone(), None, None).unwrap());
    for o in [2, 300] {
        check("sparse_conv theta bias", &[[4, 3], [3, o], [1, o]], |t| {
            sparse_conv(&a, t[0].clone(), Some(t[1].clone()), Some(row(t[2].clone()))).unwrap()
        });
    }
}

#[test]
fn sparse_conv_by_blocks_matches_central_differences() {
    let (ptr, col) = (vec![0, 2, 2, 5], vec![1, 3, 0, 1, 3]);
    let a = SparseMatrix::from_csr(ptr, col, 4, Some(vec![0.5, -1.0, 2.0, 0.25, 1.5]), &DEVICE).unwrap().with_kernel(GraphConvKernel::Bsr);
    check("sparse_conv", &[[4, 3]], |t| sparse_conv(&a, t[0].clone(), None, None).unwrap());
    for o in [2, 300] {
        check("sparse_conv theta bias", &[[4, 3], [3, o], [1, o]], |t| {
            sparse_conv(&a, t[0].clone(), Some(t[1].clone()), Some(row(t[2].clone()))).unwrap()
        });
    }
}

#[test]
fn row_ops_and_dropout_match_central_differences() {
    let index = Index::new(&[4, 0, 4, 2, 4, 1, 0], 6, &DEVICE).unwrap();
    check("gather", &[[6, 3]], |t| gather(t[0].clone(), &index).unwrap());
    for scatter in [Scatter::Deterministic, Scatter::Atomic] {
        check("scatter_add", &[[7, 3]], |t| scatter_add(t[0].clone(), &index, scatter).unwrap());
    }
    check("dropout", &[[9, 5]], |t| dropout(t[0].clone(), 0.4, 7, 3).unwrap());
    for rows in [1, 5, 11] {
        check("linear", &[[rows, 7], [6, 7]], |t| linear(t[0].clone(), t[1].clone()).unwrap());
    }
    check("swap_axes", &[[24, 5]], |t| swap_axes(t[0].clone().reshape([2, 3, 4, 5])).unwrap().reshape([24, 5]));
    check("swiglu", &[[5, 7], [5, 7]], |t| swiglu(t[0].clone(), t[1].clone()).unwrap());
    check("rms_norm", &[[5, 7], [1, 7]], |t| rms_norm(t[0].clone(), row(t[1].clone()), 1e-3).unwrap());
    check("dropout of nothing", &[[2, 5]], |t| dropout(t[0].clone(), 0.0, 7, 3).unwrap());
}

#[test]
fn aggregate_without_autodiff_shares_the_incidence() {
    let h: Incidence<B> = Incidence::new(&hypergraph(), &DEVICE).unwrap();
    let x = matrix(&numbers(21, 5), [7, 3]);
    let outer = aggregate(x.clone(), &h, Direction::ToCols, Reduce::Mean, None).unwrap();
    let inner = aggregate(x.inner(), &h.inner(), Direction::ToCols, Reduce::Mean, None).unwrap();
    assert_eq!(outer.into_data(), inner.into_data());
}

#[test]
fn ops_over_sequences_match_central_differences() {
    let rotary = Rotary::<B>::new(RotaryConfig::new(6, 9), &DEVICE).unwrap();
    check("rope", &[[8, 6]], |t| rope(t[0].clone().reshape([2, 4, 6]), &rotary, 3).unwrap().reshape([8, 6]));
    let targets = Targets::<B>::new(&[Some(2), None, Some(0), Some(4)], 5, &DEVICE).unwrap();
    check("cross_entropy", &[[4, 5]], |t| cross_entropy(t[0].clone(), &targets).unwrap().reshape([4, 1]));
    let kernels = [AttentionKernel::Flash, AttentionKernel::Reference];
    for (causal, scale, kernel) in kernels.into_iter().flat_map(|kernel| [(true, None, kernel), (false, Some(0.7), kernel)]) {
        // Two batches, four heads over two, three queries, five keys.
        check("flash_attention", &[[24, 4], [20, 4], [20, 4]], |t| {
            let heads = |i: usize, n, rows| t[i].clone().reshape([2, n, rows, 4]);
            let options = FlashOptions { causal, scale, kernel };
            flash_attention(heads(0, 4, 3), heads(1, 2, 5), heads(2, 2, 5), options).unwrap().reshape([24, 4])
        });
    }
}

/// The step moves no score past another: numbers are at least 1e-3 apart.
#[test]
fn reading_a_memory_matches_central_differences() {
    // Two batches, four heads over two, three queries, six slots of which four are kept.
    let options = MemoryOptions { top_k: 4, scale: Some(0.7), bias: -0.3 };
    let read = |t: &[Matrix]| {
        let heads = |i: usize, n, rows| t[i].clone().reshape([2, n, rows, 5]);
        memory_attention(heads(0, 4, 3), heads(1, 2, 6), heads(2, 2, 6), t[3].clone(), options).unwrap()
    };
    let shapes = [[24, 5], [24, 5], [24, 5], [2, 5]];
    check("memory_attention, o", &shapes, |t| read(&t).out.reshape([24, 5]));
    check("memory_attention, o and A", &shapes, |t| {
        let m = read(&t);
        Tensor::cat(vec![m.out.reshape([24, 5]), m.weights.reshape([24, 5])], 1)
    });
    // With weights that are not its own.
    check("memory_search, read", &shapes, |t| {
        let heads = |i: usize, n, rows| t[i].clone().reshape([2, n, rows, 5]);
        let found = memory_search(heads(0, 4, 3), heads(1, 2, 6), t[3].clone(), options).unwrap();
        found.read(found.weights.clone() * found.weights.clone(), heads(2, 2, 6)).unwrap().reshape([24, 5])
    });
}
