//! The classifier: seeds, sparse against dense features, default hyperedge features, precisions, dropout, gradients and refusals.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use burn::backend::Autodiff;
use burn::module::{AutodiffModule, Module, Param};
use burn::tensor::{DType, Tensor, TensorData};
use hypergraphql_framework::{Duplicates, Hypergraph};
use hypergraphql_models::checkpoint;
use hypergraphql_models::classifier::Layer;
use hypergraphql_models::layers::{Combine, EdHnnConfig, HypergraphAttentionConfig, LayerNorm, Masks, Mlp, PairsConfig, WeightStream};
use hypergraphql_models::{
    AttentionMode, DropoutSeed, GraphInput, LayerKind, NodeClassifier, NodeClassifierConfig, NodeFeatures, Norm, Precision,
};
use hypergraphql_ops::{Cpu, CpuDevice, HyperBackend, Incidence, SparseMatrix, dropout};

type Ad = Autodiff<Cpu>;

const NODES: usize = 7;
const FEATURES: usize = 5;
const CLASSES: usize = 3;

/// Node 6 is isolated, hyperedge 1 is a singleton.
fn hypergraph() -> Hypergraph {
    let members = [vec![0, 2, 5], vec![3], vec![1, 2, 4, 5], vec![0, 1]];
    let h = Hypergraph::from_members(NODES, members, Duplicates::Error).unwrap();
    h.with_hyperedge_weights(vec![0.5, 2.0, 1.25, 3.0]).unwrap()
}

/// Rows 2 and 6 are empty.
fn sparse_features() -> (Vec<u32>, Vec<u32>, Vec<f64>) {
    (vec![0, 2, 3, 3, 5, 6, 9, 9], vec![0, 3, 1, 2, 4, 0, 1, 2, 3], vec![1.0, -0.5, 2.0, 0.25, 1.5, -1.0, 0.75, 1.0, 0.5])
}

fn sparse<B: HyperBackend>(device: &B::Device) -> GraphInput<B> {
    let (ptr, col, values) = sparse_features();
    let x = SparseMatrix::from_csr(ptr, col, FEATURES, Some(values), device).unwrap();
    GraphInput::new(Incidence::new(&hypergraph(), device).unwrap(), NodeFeatures::Sparse(x)).unwrap()
}

fn dense_values() -> Vec<f64> {
    let (ptr, col, values) = sparse_features();
    let mut x = vec![0.0; NODES * FEATURES];
    for r in 0..NODES {
        for k in ptr[r] as usize..ptr[r + 1] as usize {
            x[r * FEATURES + col[k] as usize] = values[k];
        }
    }
    x
}

fn dense<B: HyperBackend>(device: &B::Device, precision: Precision) -> GraphInput<B> {
    let x = Tensor::from_data(TensorData::new(dense_values(), [NODES, FEATURES]), (device, precision.dtype()));
    GraphInput::new(Incidence::new(&hypergraph(), device).unwrap(), NodeFeatures::Dense(x)).unwrap()
}

fn config(layer: LayerKind) -> NodeClassifierConfig {
    NodeClassifierConfig::new(layer, FEATURES, CLASSES).with_hidden(12).with_layers(3).with_heads(2)
}

fn model<B: HyperBackend>(layer: LayerKind, seed: u64) -> NodeClassifier<B> {
    config(layer).init(&B::Device::default(), seed).unwrap()
}

fn values<B: HyperBackend, const D: usize>(x: Tensor<B, D>) -> Vec<f64> {
    x.into_data().convert::<f64>().to_vec().unwrap()
}

fn assert_close(a: &[f64], b: &[f64], tolerance: f64, what: &str) {
    assert_eq!(a.len(), b.len());
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{what}: element {i} is {a}, expected {b}");
    }
}

#[test]
fn a_seed_gives_the_same_network_on_every_backend() {
    let device = CpuDevice::default();
    for kind in LayerKind::ALL {
        let plain = values(model::<Cpu>(kind, 11).forward(&dense(&device, Precision::F32), Precision::F32, None).unwrap());
        let autodiff = values(model::<Ad>(kind, 11).forward(&dense(&device, Precision::F32), Precision::F32, None).unwrap());
        let other = values(model::<Cpu>(kind, 12).forward(&dense(&device, Precision::F32), Precision::F32, None).unwrap());
        assert_eq!(plain.len(), NODES * CLASSES);
        // Burn normalises rows in another order of operations where it keeps what the gradient needs.
        if matches!(kind, LayerKind::AllDeepSets | LayerKind::AllSetTransformer | LayerKind::EdHnn) {
            assert_close(&plain, &autodiff, 1e-5, &format!("{kind}"));
        } else {
            assert_eq!(plain, autodiff, "{kind}");
        }
        assert_ne!(plain, other, "{kind}");
    }
}

#[test]
fn weights_are_glorot_of_the_documented_stream() {
    let model = NodeClassifierConfig::new(LayerKind::Conv, 1433, 7).with_hidden(64).init::<Cpu>(&CpuDevice::default(), 3).unwrap();
    let Layer::Conv(first) = &model.hidden[0] else { panic!("another layer") };
    let w = values(first.theta.val());
    let r = (6.0f64 / (1433.0 + 64.0)).sqrt();
    let (mean, square) = (w.iter().sum::<f64>() / w.len() as f64, w.iter().map(|x| x * x).sum::<f64>() / w.len() as f64);
    assert!(w.iter().all(|x| x.abs() <= r * 1.000_001));
    assert!(mean.abs() < 0.01 * r, "mean {mean}");
    assert!((square / (r * r / 3.0) - 1.0).abs() < 0.02, "variance {square}");
    assert!(values(first.bias.as_ref().unwrap().val()).iter().all(|&b| b == 0.0));
    assert_eq!(model.num_params(), 1433 * 64 + 64 + 64 * 7 + 7);
}

#[test]
fn sparse_features_equal_dense_ones() {
    let device = CpuDevice::default();
    for kind in LayerKind::ALL {
        let model = model::<Ad>(kind, 5);
        let run = |input: GraphInput<Ad>| {
            let out = model.forward(&input, Precision::F64, None).unwrap();
            let gradients = out.clone().powi_scalar(2).sum().backward();
            let first = match (&model.encoder, &model.hidden[0]) {
                (Some(encoder), _) => encoder.weight.val(),
                (_, Layer::Hgnn(l)) => l.theta.val(),
                (_, Layer::HgnnPlus(l)) => l.theta.val(),
                (_, Layer::Conv(l)) => l.theta.val(),
                (_, Layer::Attention(l)) => l.theta.val(),
                (_, Layer::UniGcn(l)) => l.theta.val(),
                (_, Layer::UniGin(l)) => l.theta.val(),
                (_, Layer::UniSage(l)) => l.theta.val(),
                (_, Layer::UniGat(l)) => l.theta.val(),
                (_, Layer::AllDeepSets(l)) => l.members.linears[0].weight.val(),
                (_, Layer::AllSetTransformer(l)) => l.to_hyperedges.value.weight.val(),
                (_, Layer::GatV2(l)) => l.source.val(),
                (_, Layer::Relational(l)) => l.root.as_ref().unwrap().val(),
                (_, Layer::UniGcnII(_) | Layer::EdHnn(_) | Layer::StarE(_)) => panic!("{kind} has a linear map before it"),
            };
            let gradient = first.grad(&gradients).unwrap();
            assert_eq!(gradient.dtype(), DType::F32, "gradients come back in the type of the parameters");
            (values(out), values(gradient))
        };
        let (out, gradient) = run(sparse(&device));
        let (expected, expected_gradient) = run(dense(&device, Precision::F64));
        assert!(gradient.iter().any(|g| g.abs() > 1e-6), "{kind}: no gradient");
        assert_close(&out, &expected, 1e-12, &format!("{kind} logits"));
        assert_close(&gradient, &expected_gradient, 1e-6, &format!("{kind} gradient"));
    }
}

#[test]
fn hyperedges_default_to_the_mean_of_their_members() {
    let device = CpuDevice::default();
    let x = dense_values();
    let mut z = Vec::new();
    for members in hypergraph().edge_major().iter_rows() {
        for f in 0..FEATURES {
            z.push(members.iter().map(|&v| x[v as usize * FEATURES + f]).sum::<f64>() / members.len() as f64);
        }
    }
    let z = Tensor::<Cpu, 2>::from_data(TensorData::new(z, [4, FEATURES]), (&device, DType::F64));
    for mode in [AttentionMode::Node, AttentionMode::Edge] {
        let model = config(LayerKind::Attention).with_attention_mode(mode).init::<Cpu>(&device, 8).unwrap();
        let own = model.forward(&dense(&device, Precision::F64), Precision::F64, None).unwrap();
        let given = dense(&device, Precision::F64).with_hyperedge_features(z.clone()).unwrap();
        assert_close(&values(own.clone()), &values(model.forward(&given, Precision::F64, None).unwrap()), 1e-12, "explicit mean");
        let doubled = dense(&device, Precision::F64).with_hyperedge_features(z.clone() * 2.0).unwrap();
        let doubled = values(model.forward(&doubled, Precision::F64, None).unwrap());
        assert!(values(own).iter().zip(&doubled).any(|(a, b)| (a - b).abs() > 1e-6), "hyperedge features are ignored");
    }
}

#[test]
fn layer_norm_follows_its_formula_in_every_precision() {
    let device = CpuDevice::default();
    let x = [[1.0, 2.0, 4.0], [0.0, 0.0, 0.0], [-300.0, 300.0, 150.0]];
    let (gamma, beta) = ([1.0, 0.5, -2.0], [0.25, 0.0, 1.0]);
    let norm = LayerNorm::<Cpu> { gamma: Param::from_data(gamma, &device), beta: Param::from_data(beta, &device) };
    let expected: Vec<f64> = x
        .iter()
        .flat_map(|row| {
            let mean = row.iter().sum::<f64>() / 3.0;
            let deviation = (row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 3.0 + 1e-5).sqrt();
            (0..3).map(move |i| gamma[i] * (row[i] - mean) / deviation + beta[i])
        })
        .collect();
    for (precision, tolerance) in [(Precision::F64, 1e-12), (Precision::F32, 1e-5), (Precision::F16, 1e-5), (Precision::Bf16, 1e-5)] {
        let x = Tensor::from_data(TensorData::from(x), (&device, precision.dtype()));
        let y = norm.forward(x, precision);
        assert_eq!(y.dtype(), if precision == Precision::F64 { DType::F64 } else { DType::F32 });
        assert_close(&values(y), &expected, tolerance, &format!("{precision}"));
    }
    assert_eq!(norm.forward(Tensor::zeros([0, 3], &device), Precision::F32).dims(), [0, 3]);
}

#[test]
fn normalised_layers_learn_and_stay_near_in_low_precision() {
    let device = CpuDevice::default();
    for kind in LayerKind::ALL {
        let bare = model::<Ad>(kind, 21).num_params();
        let model = config(kind).with_norm(Norm::Layer).init::<Ad>(&device, 21).unwrap();
        let normed = if kind.is_deep() { 3 } else { 2 };
        assert_eq!(model.num_params(), bare + 2 * normed * 12);
        let exact = values(model.forward(&dense(&device, Precision::F64), Precision::F64, None).unwrap());
        for (precision, tolerance) in [(Precision::F32, 1e-4), (Precision::F16, 5e-2), (Precision::Bf16, 0.3)] {
            let out = model.forward(&sparse(&device), precision, None).unwrap();
            let gradients = out.clone().powi_scalar(2).sum().backward();
            for norm in &model.norms {
                for gradient in [norm.gamma.val().grad(&gradients), norm.beta.val().grad(&gradients)] {
                    assert!(values(gradient.unwrap()).iter().any(|g| g.abs() > 1e-6), "{kind} in {precision}: no gradient");
                }
            }
            assert_close(&values(out), &exact, tolerance, &format!("{kind} in {precision}"));
        }
    }
}

#[test]
fn averaged_heads_equal_the_mean_of_heads_side_by_side() {
    let device = CpuDevice::default();
    let (heads, width) = (3, 4);
    let config = HypergraphAttentionConfig::new(FEATURES, width).with_heads(heads);
    let mut layer = config.init::<Cpu>(&device, &mut WeightStream::new(4)).unwrap();
    let input = dense(&device, Precision::F64);
    let wide = values(layer.forward(&input, Precision::F64).unwrap());
    layer.concat = false;
    layer.bias = None;
    let out = values(layer.forward(&input, Precision::F64).unwrap());
    let mean = |i: usize| (0..heads).map(|h| wide[i / width * heads * width + h * width + i % width]).sum::<f64>() / heads as f64;
    assert_close(&out, &(0..NODES * width).map(mean).collect::<Vec<_>>(), 1e-14, "mean of heads");
    assert!(out.iter().any(|v| v.abs() > 1e-3));
}

#[test]
fn low_precision_stays_near_and_gives_f32_logits() {
    let device = CpuDevice::default();
    for kind in LayerKind::ALL {
        let model = model::<Ad>(kind, 21);
        let exact = values(model.forward(&dense(&device, Precision::F64), Precision::F64, None).unwrap());
        for (precision, tolerance) in [(Precision::F32, 1e-5), (Precision::F16, 1e-2), (Precision::Bf16, 6e-2)] {
            for input in [dense(&device, precision), sparse(&device)] {
                let out = model.forward(&input, precision, None).unwrap();
                assert_eq!(out.dtype(), DType::F32);
                let gradients = out.clone().sum().backward();
                let parameters = burn::optim::GradientsParams::from_grads(gradients, &model);
                assert_eq!(parameters.len(), checkpoint::save(&model).len(), "{kind} in {precision}: a gradient of every parameter");
                assert_close(&values(out), &exact, tolerance, &format!("{kind} in {precision}"));
            }
        }
    }
}

#[test]
fn dropout_follows_seed_and_step_and_is_off_in_evaluation() {
    let device = CpuDevice::default();
    let model = model::<Ad>(LayerKind::HgnnPlus, 2);
    let run = |d| values(model.forward(&sparse(&device), Precision::F32, d).unwrap());
    let at = |seed, step| run(Some(DropoutSeed { seed, step }));
    assert_eq!(at(1, 4), at(1, 4));
    assert_ne!(at(1, 4), at(1, 5));
    assert_ne!(at(1, 4), at(2, 4));
    assert_ne!(at(1, 4), run(None));
    let valid = model.valid().forward(&sparse::<Ad>(&device).inner(), Precision::F32, None).unwrap();
    assert_eq!(run(None), values(valid));
}

#[test]
fn input_dropout_drops_features_and_nothing_else() {
    let device = CpuDevice::default();
    let (p, seed, step) = (0.4, 9, 3);
    let NodeFeatures::Sparse(whole) = sparse::<Cpu>(&device).features else { panic!("dense") };
    let NodeFeatures::Dense(full) = dense::<Cpu>(&device, Precision::F64).features else { panic!("sparse") };
    let less = NodeFeatures::Sparse(whole.drop_out(p, seed, step).unwrap());
    let fewer = NodeFeatures::Dense(dropout(full, p, seed, step).unwrap());
    // A stack, a deep network with a linear map, one without, and one that is an output layer alone.
    let networks = [(LayerKind::Conv, 3), (LayerKind::EdHnn, 2), (LayerKind::AllDeepSets, 2), (LayerKind::Hgnn, 1)];
    for (kind, layers) in networks {
        let bare = config(kind).with_layers(layers).with_dropout(0.0).init::<Cpu>(&device, 2).unwrap();
        let mut dropping = bare.clone();
        dropping.input_dropout = p;
        for (input, features) in [(sparse::<Cpu>(&device), &less), (dense(&device, Precision::F64), &fewer)] {
            let of =
                |model: &NodeClassifier<Cpu>, input: &GraphInput<Cpu>, seed| values(model.forward(input, Precision::F64, seed).unwrap());
            let training = Some(DropoutSeed { seed, step });
            let dropped = GraphInput::new(input.incidence.clone(), features.clone()).unwrap();
            assert_eq!(of(&dropping, &input, training), of(&bare, &dropped, None), "{kind}");
            assert_ne!(of(&dropping, &input, training), of(&bare, &input, None), "{kind}: nothing was dropped");
            assert_eq!(of(&dropping, &input, None), of(&bare, &input, None), "{kind}: no dropout outside training");
        }
    }
}

#[test]
fn ed_hnn_normalises_what_its_perceptrons_read_where_it_is_told_to() {
    let device = CpuDevice::default();
    let (h, input) = (hypergraph(), dense::<Cpu>(&device, Precision::F64));
    let config = EdHnnConfig::new(FEATURES).with_pair_layers(0).with_alpha(0.0).with_input_norm(true);
    let layer = config.init::<Cpu>(&device, &mut WeightStream::new(6)).unwrap();
    let y = values(layer.forward(&input, Precision::F64, &Masks::none()).unwrap());
    let apply = |mlp: &Mlp<Cpu>, x: &[f64]| -> Vec<f64> {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let deviation = (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64 + 1e-5).sqrt();
        let (w, b) = (rows(mlp.linears[0].weight.val()), values(mlp.linears[0].bias.val()));
        (0..b.len()).map(|o| b[o] + (0..x.len()).map(|i| (x[i] - mean) / deviation * w[i][o]).sum::<f64>()).collect()
    };
    let mean = |of: &[u32], x: &[Vec<f64>]| -> Vec<f64> {
        (0..FEATURES).map(|f| of.iter().map(|&i| x[i as usize][f]).sum::<f64>() / of.len().max(1) as f64).collect()
    };
    let members: Vec<Vec<f64>> = dense_values().chunks(FEATURES).map(|x| apply(layer.members.as_ref().unwrap(), x)).collect();
    let hyperedges: Vec<Vec<f64>> = h.edge_major().iter_rows().map(|of| mean(of, &members)).collect();
    let nodes = h.node_major().iter_rows().map(|of| apply(layer.nodes.as_ref().unwrap(), &mean(of, &hyperedges)));
    assert_close(&y, &nodes.flatten().collect::<Vec<_>>(), 1e-6, "ED-HNN with normalised inputs");
    let without = config.with_input_norm(false).init::<Cpu>(&device, &mut WeightStream::new(6)).unwrap();
    assert_ne!(y, values(without.forward(&input, Precision::F64, &Masks::none()).unwrap()));
}

#[test]
fn an_isolated_node_and_an_empty_hypergraph_give_finite_logits() {
    let device = CpuDevice::default();
    let h = Hypergraph::from_members(NODES, Vec::<Vec<u32>>::new(), Duplicates::Error).unwrap();
    for kind in LayerKind::ALL {
        let model = model::<Cpu>(kind, 2);
        let NodeFeatures::Dense(x) = dense::<Cpu>(&device, Precision::F32).features else { panic!("sparse") };
        let empty = GraphInput::new(Incidence::new(&h, &device).unwrap(), NodeFeatures::Dense(x)).unwrap();
        let without = values(model.forward(&empty, Precision::F32, None).unwrap());
        let out = values(model.forward(&dense(&device, Precision::F32), Precision::F32, None).unwrap());
        assert!(without.iter().chain(&out).all(|v| v.is_finite()), "{kind}");
        // Others add what a node has itself, or biases that are not zero at first.
        if kind.is_deep() || matches!(kind, LayerKind::Unigin | LayerKind::Unisage | LayerKind::GatV2 | LayerKind::Relational) {
            assert_close(&without[6 * CLASSES..], &out[6 * CLASSES..], 1e-5, &format!("{kind}: node 6 is isolated in both"));
        } else {
            assert!(without.iter().all(|&v| v == 0.0), "{kind}: biases are zero, so are the logits");
            assert!(out[6 * CLASSES..].iter().all(|&v| v == 0.0), "{kind}: node 6 is isolated");
        }
    }
}

#[test]
fn misfits_are_refused_by_name() {
    let device = CpuDevice::default();
    let refused = |c: NodeClassifierConfig| c.init::<Cpu>(&device, 0).unwrap_err().to_string();
    let base = || config(LayerKind::Attention);
    assert_eq!(refused(base().with_heads(5)), "heads is 5, expected a divisor of hidden, 12");
    assert_eq!(refused(base().with_layers(0)), "layers is 0, expected 1 to 1024");
    assert_eq!(refused(base().with_dropout(1.0)), "dropout is 1, expected 0 <= dropout < 1");
    assert_eq!(refused(base().with_dropout(f64::NAN)), "dropout is NaN, expected 0 <= dropout < 1");
    assert_eq!(refused(base().with_input_dropout(Some(-0.1))), "input dropout is -0.1, expected 0 <= input dropout < 1");
    assert_eq!(refused(base().with_hidden(0)), "hidden is 0, expected at least 1");
    assert!(refused(base().with_heads(1).with_hidden(usize::MAX)).starts_with("shape of a weight is [5, "));
    let model = NodeClassifierConfig::new(LayerKind::Hgnn, FEATURES + 1, CLASSES).init::<Cpu>(&device, 0).unwrap();
    for input in [dense(&device, Precision::F32), sparse(&device)] {
        let error = model.forward(&input, Precision::F32, None).unwrap_err().to_string();
        assert_eq!(error, "node features has shape [7, 5], expected [7, 6]");
        assert!(input.clone().with_hyperedge_features(Tensor::zeros([4, 2], &device)).is_err());
        assert!(GraphInput::new(input.incidence, NodeFeatures::Dense(Tensor::zeros([6, 5], &device))).is_err());
    }
}

#[test]
fn a_config_round_trips_through_json() {
    let config = config(LayerKind::HgnnPlus);
    let text = serde_json::to_string(&config).unwrap();
    assert!(text.contains("\"layer\":\"hgnn-plus\"") && text.contains("\"attention_mode\":\"node\""), "{text}");
    assert_eq!(serde_json::from_str::<NodeClassifierConfig>(&text).unwrap(), config);
}

#[test]
fn the_output_layer_is_computed_in_f32() {
    let device = CpuDevice::default();
    // A deep network of one layer has a hidden one.
    for kind in LayerKind::ALL.into_iter().filter(|kind| !kind.is_deep()) {
        let logits = |precision| {
            let network = config(kind).with_layers(1).init::<Cpu>(&device, 5).unwrap();
            values(network.forward(&dense(&device, Precision::F32), precision, None).unwrap())
        };
        let expected = logits(Precision::F32);
        assert!(expected.iter().any(|v| f64::from(half::f16::from_f64(*v)) != *v), "{kind}: no value that f16 would round");
        // The features are exact in f16 and bf16, and there is no hidden layer that would round.
        assert_eq!(logits(Precision::F16), expected, "{kind}");
        assert_eq!(logits(Precision::Bf16), expected, "{kind}");
    }
}

/// The rows of a matrix.
fn rows<B: HyperBackend>(x: Tensor<B, 2>) -> Vec<Vec<f64>> {
    let width = x.dims()[1];
    values(x).chunks(width).map(<[f64]>::to_vec).collect()
}

#[test]
fn a_perceptron_of_pairs_equals_plain_loops() {
    let device = CpuDevice::default();
    let (h, input) = (hypergraph(), dense::<Cpu>(&device, Precision::F64));
    let NodeFeatures::Dense(x) = input.features else { panic!("sparse") };
    let z = Tensor::<Cpu, 1, burn::tensor::Int>::arange(0..(h.hyperedges() * FEATURES) as i64, &device).float().cast(DType::F64);
    let z = (z * 0.7).sin().reshape([h.hyperedges(), FEATURES]);
    for layers in [1, 2, 3] {
        for combine in [Combine::Mean, Combine::Sum] {
            let pairs = PairsConfig::new(FEATURES).with_layers(layers).init::<Cpu>(&device, &mut WeightStream::new(5)).unwrap();
            let got = pairs.forward(x.clone(), z.clone(), &input.incidence, combine, Precision::F64, &Masks::none()).unwrap();
            let affine = |w: &[Vec<f64>], b: &[f64], x: &[f64]| -> Vec<f64> {
                (0..b.len()).map(|o| b[o] + x.iter().zip(w).map(|(x, row)| x * row[o]).sum::<f64>()).collect()
            };
            let after = |y: Vec<f64>| -> Vec<f64> {
                let y: Vec<f64> = y.into_iter().map(|y| y.max(0.0)).collect();
                let mean = y.iter().sum::<f64>() / y.len() as f64;
                let deviation = (y.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / y.len() as f64 + 1e-5).sqrt();
                y.iter().map(|v| (v - mean) / deviation).collect()
            };
            let whole: Vec<Vec<f64>> = rows(pairs.node.weight.val()).into_iter().chain(rows(pairs.edge.val())).collect();
            let bias = values(pairs.node.bias.val());
            let (x, z) = (rows(x.clone()), rows(z.clone()));
            let mut expected = vec![0.0; NODES * FEATURES];
            for v in 0..NODES {
                let hyperedges = h.node_major().row(v).to_vec();
                for &e in &hyperedges {
                    let mut y = affine(&whole, &bias, &[x[v].clone(), z[e as usize].clone()].concat());
                    for linear in pairs.rest.iter().flat_map(|rest| &rest.linears) {
                        y = affine(&rows(linear.weight.val()), &values(linear.bias.val()), &after(y));
                    }
                    let share = if combine == Combine::Mean { hyperedges.len() as f64 } else { 1.0 };
                    (0..FEATURES).for_each(|f| expected[v * FEATURES + f] += y[f] / share);
                }
            }
            assert_close(&values(got), &expected, 1e-6, &format!("{layers} maps, {combine}"));
        }
    }
}
