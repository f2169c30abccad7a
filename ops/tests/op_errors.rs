//! Arguments that disagree are errors that name both shapes and the contract; nothing panics.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
#![cfg(feature = "cpu")]

use burn::backend::Autodiff;
use burn::tensor::{DType as BurnDType, Tensor};
use hypergraphql_framework::{Duplicates, Hypergraph};
use hypergraphql_ops::{
    AttentionConfig, BiasPlace, ConvConfig, Cpu, CpuDevice, Direction, FlashOptions, Incidence, Index, Int8Matrix, KernelError,
    MemoryOptions, Metric, Normalisation, OpError, Reduce, Relations, Rotary, RotaryConfig, RotaryScaling, Scatter, SetAttentionOptions,
    SparseMatrix, Targets, aggregate, cross_entropy, dropout, edge_score, flash_attention, gather, hypergraph_attention, hypergraph_conv,
    int8_matmul, knn, linear, memory_attention, memory_search, quantize, relation_linear, rms_norm, rope, scatter_add, segment_softmax,
    set_attention, sparse_conv, swiglu,
};

fn zeros<const D: usize>(shape: [usize; D]) -> Tensor<Cpu, D> {
    Tensor::zeros(shape, (&CpuDevice::default(), BurnDType::F32))
}

/// 5 nodes, 3 hyperedges, 6 incidences.
fn incidence() -> Incidence<Cpu> {
    let pairs = [(0, 0), (0, 1), (2, 1), (3, 0), (3, 2), (4, 1)];
    Incidence::new(&Hypergraph::from_pairs(5, 3, &pairs, Duplicates::Merge).unwrap(), &CpuDevice::default()).unwrap()
}

#[track_caller]
fn text<T>(result: Result<T, OpError>) -> String {
    match result {
        Ok(_) => panic!("an error was expected"),
        Err(error) => error.to_string(),
    }
}

const CONFIG: ConvConfig = ConvConfig { normalisation: Normalisation::Row, bias: BiasPlace::Output };

fn attention(heads: usize, head_width: usize) -> AttentionConfig {
    AttentionConfig { heads, head_width, slope: 0.2, normalise: Direction::ToCols }
}

#[test]
fn convolution_names_the_argument_and_both_shapes() {
    let h = incidence();
    let message = text(hypergraph_conv(zeros([4, 7]), &h, None, None, CONFIG));
    assert!(message.starts_with("hypergraph_conv: X has shape [4, 7], expected [5, _]; the contract is X [rows, F]"), "{message}");
    let message = text(hypergraph_conv(zeros([5, 7]), &h, Some(zeros([6, 2])), None, CONFIG));
    assert!(message.starts_with("hypergraph_conv: theta has shape [6, 2], expected [7, _]"), "{message}");
    let message = text(hypergraph_conv(zeros([5, 7]), &h, Some(zeros([7, 2])), Some(zeros([7])), CONFIG));
    assert!(message.starts_with("hypergraph_conv: bias has shape [7], expected [2]"), "{message}");
    let message = text(hypergraph_conv(zeros([5, 7]), &h, None, Some(zeros([2])), CONFIG));
    assert!(message.contains("bias has shape [2], expected [7]"), "{message}");
}

#[test]
fn attention_checks_heads_and_widths() {
    let h = incidence();
    let run = |x, a, b, config| text(hypergraph_attention(zeros(x), zeros(a), zeros(b), &h, config));
    assert!(run([5, 7], [5, 2], [3, 2], attention(2, 4)).contains("x has shape [5, 7], expected [5, 8]"));
    assert!(run([5, 8], [5, 3], [3, 2], attention(2, 4)).contains("a has shape [5, 3], expected [5, 2]"));
    assert!(run([5, 8], [5, 2], [5, 2], attention(2, 4)).contains("b has shape [5, 2], expected [3, 2]"));
    assert!(run([5, 8], [5, 2], [3, 2], attention(0, 4)).contains("heads is 0, expected >= 1"));
    assert!(run([5, 8], [5, 2], [3, 2], attention(usize::MAX, 4)).contains("expected [5, 18446744073709551615]"));
}

#[test]
fn set_attention_checks_seeds_heads_and_widths() {
    let h = incidence();
    let plain = SetAttentionOptions::default();
    let run = |q, k, v, options| text(set_attention(zeros(q), zeros(k), zeros(v), &h, options));
    let message = run([2, 8], [5, 8], [3, 8], plain);
    assert!(message.starts_with("set_attention: V has shape [3, 8], expected [5, 8]; the contract is Q [S, Hd·C]"), "{message}");
    assert!(run([2, 8], [5, 7], [5, 8], plain).contains("K has shape [5, 7], expected [5, 8]"));
    assert!(run([2, 8], [5, 8], [5, 8], SetAttentionOptions { direction: Direction::ToRows, ..plain }).contains("expected [3, 8]"));
    let message = run([2, 8], [5, 8], [5, 8], SetAttentionOptions { heads: 3, ..plain });
    assert_eq!(message, "set_attention: heads is 3 for 8 features, expected a number that divides the features");
    assert!(run([2, 8], [5, 8], [5, 8], SetAttentionOptions { heads: 0, ..plain }).contains("heads is 0, expected at least 1"));
    assert!(run([0, 8], [5, 8], [5, 8], plain).contains("seeds is 0, expected at least 1"));
    let message = run([2, 8], [5, 8], [5, 8], SetAttentionOptions { scale: Some(f64::INFINITY), ..plain });
    assert!(message.contains("scale is inf, expected a finite number"), "{message}");
    for slope in [-0.1, f64::NAN] {
        assert!(run([2, 8], [5, 8], [5, 8], SetAttentionOptions { slope, ..plain }).contains("expected a finite number, at least 0"));
    }
    let empty = set_attention(zeros([2, 0]), zeros([5, 0]), zeros([5, 0]), &h, plain).unwrap();
    assert_eq!(empty.dims(), [3, 2, 0]);
}

#[test]
fn relation_linear_checks_rows_relations_and_widths() {
    let device = CpuDevice::default();
    let rows = Relations::<Cpu>::new(&[1, 0, 1], 4, &device).unwrap();
    assert_eq!((rows.rows(), rows.relations()), (3, 4));
    let run = |x, w| text(relation_linear(zeros(x), zeros(w), &rows));
    let message = run([2, 5], [4, 5, 6]);
    assert_eq!(message, "relation_linear: x has shape [2, 5], expected [3, _]; the contract is x [rows, I], W [R, I, O], y [rows, O]");
    assert!(run([3, 5], [3, 5, 6]).contains("W has shape [3, 5, 6], expected [4, 5, _]"));
    assert!(run([3, 5], [4, 6, 6]).contains("expected [4, 5, _]"));
    let half = zeros([4, 5, 6]).cast(BurnDType::F16);
    assert!(text(relation_linear(zeros([3, 5]), half, &rows)).contains("W is f16, expected f32"));
    let message = text(Relations::<Cpu>::new(&[0, 4], 4, &device));
    assert_eq!(message, "relation_linear: ids[1] is 4, expected one below 4");
    let nothing = Relations::<Cpu>::new(&[], 0, &device).unwrap();
    assert_eq!(relation_linear(zeros([0, 5]), zeros([0, 5, 6]), &nothing).unwrap().dims(), [0, 6]);
}

#[test]
fn the_other_ops_check_their_shapes() {
    let h = incidence();
    let run = |x, direction, w: Option<usize>| text(aggregate(zeros(x), &h, direction, Reduce::Sum, w.map(|n| zeros([n]))));
    assert!(run([5, 2], Direction::ToRows, None).contains("x has shape [5, 2], expected [3, _]"));
    assert!(run([3, 2], Direction::ToCols, None).contains("x has shape [3, 2], expected [5, _]"));
    assert!(run([3, 2], Direction::ToRows, Some(5)).contains("w has shape [5], expected [6]"));
    assert!(text(edge_score(zeros([5, 2]), zeros([3, 1]), &h, 0.2)).contains("b has shape [3, 1], expected [3, 2]"));
    assert!(text(segment_softmax(zeros([5, 2]), &h, Direction::ToRows)).contains("s has shape [5, 2], expected [6, _]"));
    let index = Index::new(&[0, 3, 3], 4, &CpuDevice::default()).unwrap();
    assert!(text(gather(zeros([3, 2]), &index)).contains("x has shape [3, 2], expected [4, _]"));
    assert!(text(scatter_add(zeros([4, 2]), &index, Scatter::Deterministic)).contains("x has shape [4, 2], expected [3, _]"));
    let a = SparseMatrix::<Cpu>::from_csr(vec![0, 1, 2], vec![0, 2], 3, None, &CpuDevice::default()).unwrap();
    assert!(text(sparse_conv(&a, zeros([2, 4]), None, None)).contains("X has shape [2, 4], expected [3, _]"));
    assert!(text(sparse_conv(&a, zeros([3, 4]), Some(zeros([3, 4])), None)).contains("theta has shape [3, 4], expected [4, _]"));
    assert!(text(sparse_conv(&a, zeros([3, 4]), None, Some(zeros([5])))).contains("bias has shape [5], expected [4]"));
}

#[test]
fn types_that_disagree_are_named() {
    let h = incidence();
    let half = zeros([7, 2]).cast(BurnDType::F16);
    let message = text(hypergraph_conv(zeros([5, 7]), &h, Some(half), None, CONFIG));
    assert_eq!(message, "hypergraph_conv: theta is f16, expected f32; cast it with Tensor::cast");
}

#[test]
fn indices_and_options_outside_their_range_are_named() {
    let device = CpuDevice::default();
    let message = text(Index::<Cpu>::new(&[0, 4], 4, &device));
    assert_eq!(message, "sparse pattern: entry 1 names column 4, expected one below 4");
    let bad = SparseMatrix::<Cpu>::from_csr(vec![0, 2, 1], vec![0, 0], 1, None, &device);
    assert!(matches!(bad, Err(OpError::Kernel(KernelError::Pointer { .. }))));
    for p in [1.0, -0.1, f64::NAN] {
        assert!(text(dropout(zeros([2, 3]), p, 0, 0)).contains("expected 0 <= p < 1"));
    }
    let error = text(linear(zeros([2, 3]), zeros([4, 2])));
    assert_eq!(error, "linear: W has shape [4, 2], expected [_, 3]; the contract is x [N, I], w [O, I], y [N, O]");
    let error = text(swiglu(zeros([2, 3]), zeros([3, 2])));
    assert!(error.contains("up") && error.contains("[2, 3]") && error.contains("[3, 2]"), "{error}");
    for epsilon in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(text(rms_norm(zeros([2, 3]), zeros([3]), epsilon)).contains("expected a positive number"));
    }
    let error = text(rms_norm(zeros([2, 4, 3]), zeros([4]), 1e-5));
    assert!(error.contains("weight") && error.contains("[3]") && error.contains("[4]"), "{error}");
}

#[test]
fn empty_sizes_pass() {
    let device = CpuDevice::default();
    let empty = Incidence::new(&Hypergraph::from_pairs(0, 0, &[], Duplicates::Merge).unwrap(), &device).unwrap();
    let y = hypergraph_conv(zeros([0, 3]), &empty, Some(zeros([3, 2])), Some(zeros([2])), CONFIG).unwrap();
    assert_eq!(y.dims(), [0, 2]);
    let h = incidence();
    assert_eq!(hypergraph_conv(zeros([5, 0]), &h, None, Some(zeros([0])), CONFIG).unwrap().dims(), [5, 0]);
    let config = attention(2, 0);
    assert_eq!(hypergraph_attention(zeros([5, 0]), zeros([5, 2]), zeros([3, 2]), &h, config).unwrap().dims(), [5, 0]);
}

#[test]
fn sparse_matrices_come_from_either_storage_order() {
    let device = CpuDevice::default();
    let dense = dense_matrix();
    let csr = sprs::CsMat::csr_from_dense(dense.view(), 0.0);
    let x = Tensor::<Cpu, 2>::from_data([[1.0f32, 2.0], [10.0, 20.0], [100.0, 200.0]], &device);
    for matrix in [csr.clone(), csr.to_csc()] {
        let a = SparseMatrix::from_sprs(&matrix, &device).unwrap();
        let y = sparse_conv(&a, x.clone(), None, None).unwrap();
        assert_eq!(y.into_data().to_vec::<f32>().unwrap(), [200.5, 401.0, -10.0, -20.0]);
    }
}

/// [[0.5, 0, 2], `[0, -1, 0]`]
fn dense_matrix() -> ndarray::Array2<f32> {
    ndarray::array![[0.5, 0.0, 2.0], [0.0, -1.0, 0.0]]
}

#[test]
fn a_negative_degree_is_refused_where_it_needs_a_root() {
    let weights = [1.0, 1.0, 0.5, -2.0, 1.0];
    let h = Hypergraph::from_weighted_pairs(3, 2, &[(0, 0), (0, 1), (1, 0), (1, 1), (2, 1)], &weights, Duplicates::Error).unwrap();
    let h = Incidence::new(&h, &CpuDevice::default()).unwrap();
    let x = Tensor::<Cpu, 2>::from_data([[1.0f32], [2.0], [4.0]], &CpuDevice::default());
    let symmetric = ConvConfig { normalisation: Normalisation::Symmetric, ..CONFIG };
    let message = text(hypergraph_conv(x.clone(), &h, None, None, symmetric));
    assert!(message.contains("node 1 has degree -1.5") && message.contains("Normalisation::Row"), "{message}");
    let unignn = ConvConfig { normalisation: Normalisation::UniGnn, ..CONFIG };
    let message = text(hypergraph_conv(x.clone(), &h, None, None, unignn));
    assert!(message.contains("node 1 has degree -1.5"), "{message}");
    // H = [1 1; .5 -2; 0 1], D = (2, -1.5, 1), B = (1.5, 0): hyperedge 0 holds (1 + .5*2)/1.5, hyperedge 1 nothing.
    let y = hypergraph_conv(x, &h, None, None, CONFIG).unwrap().into_data().to_vec::<f32>().unwrap();
    let e = 2.0f32 / 1.5;
    assert!(y.iter().zip([e / 2.0, -0.5 * e / 1.5, 0.0]).all(|(y, want)| (y - want).abs() < 1e-6), "{y:?}");
}

#[test]
fn ops_over_sequences_name_what_disagrees() {
    let device = CpuDevice::default();
    let options = FlashOptions::default();
    let error = text(flash_attention(zeros([2, 4, 3, 8]), zeros([2, 3, 5, 8]), zeros([2, 3, 5, 8]), options));
    assert!(error.contains("kv_heads is 3 for 4 heads"), "{error}");
    let error = text(flash_attention(zeros([2, 4, 3, 8]), zeros([2, 2, 5, 7]), zeros([2, 2, 5, 7]), options));
    assert!(error.contains("k has shape [2, 2, 5, 7]") && error.contains("[2, _, _, 8]"), "{error}");
    let error = text(flash_attention(zeros([2, 4, 3, 8]), zeros([2, 2, 5, 8]), zeros([2, 2, 6, 8]), options));
    assert!(error.contains("v has shape [2, 2, 6, 8]"), "{error}");
    let error = text(flash_attention(
        zeros([1, 1, 1, 1]),
        zeros([1, 1, 1, 1]),
        zeros([1, 1, 1, 1]),
        FlashOptions { scale: Some(f64::NAN), ..options },
    ));
    assert!(error.contains("scale is NaN, expected a finite number"), "{error}");

    let options = MemoryOptions::default();
    let memory = |q, k, v, null, options| text(memory_attention::<Cpu>(zeros(q), zeros(k), zeros(v), zeros(null), options).map(|m| m.out));
    let (tokens, slots) = ([2, 4, 3, 8], [2, 2, 5, 8]);
    let error = memory(tokens, slots, slots, [4, 8], options);
    assert!(error.contains("null has shape [4, 8], expected [2, 8]"), "{error}");
    let error = memory(tokens, [2, 3, 5, 8], [2, 3, 5, 8], [3, 8], options);
    assert!(error.contains("kv_heads is 3 for 4 heads"), "{error}");
    let error = memory(tokens, slots, [2, 2, 6, 8], [2, 8], options);
    assert!(error.contains("v has shape [2, 2, 6, 8]"), "{error}");
    let found = memory_search::<Cpu>(zeros(tokens), zeros(slots), zeros([2, 8]), options).unwrap();
    let error = text(found.read(zeros([2, 4, 3, 5]), zeros(slots)));
    assert!(error.contains("weights has shape [2, 4, 3, 5], expected [2, 4, 3, 6]"), "{error}");
    let error = text(found.read(found.weights.clone(), zeros([2, 2, 6, 8])));
    assert!(error.contains("v has shape [2, 2, 6, 8], expected [2, 2, 5, 8]"), "{error}");
    let error = memory(tokens, slots, slots, [2, 8], MemoryOptions { scale: Some(0.0), ..options });
    assert!(error.contains("scale is 0, expected a positive number"), "{error}");
    let error = memory(tokens, slots, slots, [2, 8], MemoryOptions { bias: f64::INFINITY, ..options });
    assert!(error.contains("bias is inf, expected a finite number"), "{error}");

    let error = Targets::<Cpu>::new(&[Some(0), None, Some(5)], 5, &device).unwrap_err().to_string();
    assert!(error.contains("target[2] is 5, expected one below 5"), "{error}");
    let targets = Targets::<Cpu>::new(&[Some(0), None, Some(4)], 5, &device).unwrap();
    assert_eq!((targets.len(), targets.counted()), (3, 2));
    let error = text(cross_entropy(zeros([3, 4]), &targets));
    assert!(error.contains("x has shape [3, 4], expected [3, 5]"), "{error}");

    let config = RotaryConfig::new(6, 9);
    let rotary = Rotary::<Cpu>::new(config, &device).unwrap();
    assert!(text(rope(zeros([2, 4, 8]), &rotary, 0)).contains("expected [_, _, 6]"));
    assert!(text(rope(zeros([2, 4, 6]), &rotary, 6)).contains("6 and 4 rows, with angles for 9 places"));
    assert!(text(rope(zeros([2, 4, 6]), &rotary, usize::MAX)).contains("start"));
    let refused = |config| Rotary::<Cpu>::new(config, &device).unwrap_err().to_string();
    assert!(refused(RotaryConfig { width: 5, ..config }).contains("expected an even number"));
    assert!(refused(RotaryConfig { theta: -1.0, ..config }).contains("theta is -1"));
    assert!(refused(RotaryConfig { scaling: RotaryScaling::Linear { factor: 0.0 }, ..config }).contains("factor is 0"));
    assert!(refused(RotaryConfig { places: usize::MAX, ..config }).contains("exceeds the limit"));
    let scaling = RotaryScaling::Llama3 { factor: 8.0, low_frequency: 4.0, high_frequency: 1.0, original_places: 8192 };
    assert!(refused(RotaryConfig { scaling, ..config }).contains("expected 0 < low < high"));
}

#[test]
fn searches_and_integers_name_what_disagrees() {
    let error = text(knn(zeros([3, 4]), zeros([5, 6]), 2, Metric::InnerProduct));
    assert!(error.contains("knn: items has shape [5, 6], expected [_, 4]"), "{error}");
    let error = text(knn(zeros([3, 4]), zeros([5, 4]), 6, Metric::SquaredL2));
    assert!(error.contains("k is 6 of 5 items, expected at most as many as there are items"), "{error}");
    let w = quantize(zeros([5, 4])).unwrap();
    assert_eq!((w.dims(), w.read().unwrap()), ([5, 4], (vec![0; 20], vec![0.0; 5])));
    assert!(text(int8_matmul(zeros([3, 7]), &w)).contains("int8_matmul: x has shape [3, 7], expected [_, 4]"));
    let error = text(Int8Matrix::<Cpu>::new(vec![1, 2, 3], vec![0.5; 2], 2, &CpuDevice::default()));
    assert!(error.contains("q has 3 elements, expected 4"), "{error}");
    let wide = Int8Matrix::<Cpu>::new(vec![1; 200_000], vec![0.5], 200_000, &CpuDevice::default()).unwrap();
    assert!(text(int8_matmul(zeros([1, 200_000]), &wide)).contains("K is 200000, expected up to 131072"));
}

#[test]
fn ops_without_a_gradient_refuse_tracked_tensors() {
    type Graph = Autodiff<Cpu>;
    let plain = || Tensor::<Graph, 2>::from_inner(zeros([5, 4]));
    // Tracked, but no leaf.
    let tracked = || plain().require_grad() * 2.0;
    let refused = |error: String, argument: &str| {
        assert!(error.contains(&format!("{argument} is tracked by autodiff")) && error.contains("Tensor::detach"), "{error}");
    };
    refused(text(knn(tracked(), plain(), 1, Metric::InnerProduct)), "knn: queries");
    refused(text(knn(plain(), tracked(), 1, Metric::InnerProduct)), "knn: items");
    refused(text(quantize(tracked())), "quantize: x");
    let w = quantize(plain()).unwrap();
    refused(text(int8_matmul(tracked(), &w)), "int8_matmul: x");
    let (ids, scores) = knn(tracked().detach(), plain(), 2, Metric::SquaredL2).unwrap();
    assert_eq!((ids.read().unwrap(), scores.dims()), ([0, 1].repeat(5), [5, 2]));
    assert_eq!(int8_matmul(plain(), &w).unwrap().dims(), [5, 5]);
    assert_eq!(int8_matmul(plain().inner(), &w.inner()).unwrap().dims(), [5, 5]);
}
