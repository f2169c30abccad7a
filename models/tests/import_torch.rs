//! Import of state dicts: values land where the formulas want them, and every misfit is named.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::path::PathBuf;

use burn::tensor::Tensor;
use half::{bf16, f16};
use hypergraphql_models::classifier::{Layer, Output};
use hypergraphql_models::import::{StateDict, import_classifier};
use hypergraphql_models::{LayerKind, NodeClassifier, NodeClassifierConfig, Norm, Result};
use hypergraphql_ops::{Cpu, CpuDevice};
use safetensors::Dtype;
use safetensors::tensor::{TensorView, serialize};

type Named = (String, Dtype, Vec<usize>, Vec<u8>);

const FEATURES: usize = 5;
const HIDDEN: usize = 6;
const CLASSES: usize = 3;
const HEADS: usize = 2;

/// Exact in every type: multiples of 1/8 below 16.
fn value(i: usize) -> f64 {
    (i % 128) as f64 / 8.0
}

fn tensor(name: &str, dtype: Dtype, shape: &[usize]) -> Named {
    let values = (0..shape.iter().product::<usize>()).map(value);
    let bytes = values.flat_map(|v| match dtype {
        Dtype::F64 => v.to_le_bytes().to_vec(),
        Dtype::F32 => (v as f32).to_le_bytes().to_vec(),
        Dtype::F16 => f16::from_f64(v).to_le_bytes().to_vec(),
        Dtype::BF16 => bf16::from_f64(v).to_le_bytes().to_vec(),
        _ => (v as i64).to_le_bytes().to_vec(),
    });
    (name.into(), dtype, shape.into(), bytes.collect())
}

fn bytes_of(tensors: &[Named]) -> Vec<u8> {
    serialize(tensors.iter().map(|(name, dtype, shape, bytes)| (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap())), None)
        .unwrap()
}

struct File(tempfile::TempDir);

impl File {
    fn new(bytes: &[u8]) -> Self {
        let file = Self(tempfile::tempdir().unwrap());
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("model.safetensors")
    }
}

fn import(kind: LayerKind, tensors: &[Named]) -> Result<NodeClassifier<Cpu>> {
    let config = NodeClassifierConfig::new(kind, FEATURES, CLASSES).with_hidden(HIDDEN).with_heads(HEADS);
    let file = File::new(&bytes_of(tensors));
    import_classifier(config.init(&CpuDevice::default(), 1)?, StateDict::open(&file.path())?)
}

fn conv(prefixes: [&str; 2], dtype: Dtype) -> Vec<Named> {
    let [first, second] = prefixes;
    vec![
        tensor(&format!("{first}lin.weight"), dtype, &[HIDDEN, FEATURES]),
        tensor(&format!("{first}bias"), dtype, &[HIDDEN]),
        tensor(&format!("{second}lin.weight"), dtype, &[CLASSES, HIDDEN]),
        tensor(&format!("{second}bias"), dtype, &[CLASSES]),
    ]
}

fn attention() -> Vec<Named> {
    vec![
        tensor("convs.0.lin.weight", Dtype::F32, &[HIDDEN, FEATURES]),
        tensor("convs.0.att", Dtype::F32, &[1, HEADS, HIDDEN]),
        tensor("convs.0.bias", Dtype::F32, &[HIDDEN]),
        tensor("convs.1.lin.weight", Dtype::F32, &[HEADS * CLASSES, HIDDEN]),
        tensor("convs.1.att", Dtype::F32, &[1, HEADS, 2 * CLASSES]),
        tensor("convs.1.bias", Dtype::F32, &[CLASSES]),
    ]
}

fn dhg() -> Vec<Named> {
    vec![
        tensor("layers.2.theta.weight", Dtype::F32, &[HIDDEN, FEATURES]),
        tensor("layers.2.theta.bias", Dtype::F32, &[HIDDEN]),
        tensor("layers.10.theta.weight", Dtype::F32, &[CLASSES, HIDDEN]),
        tensor("layers.10.theta.bias", Dtype::F32, &[CLASSES]),
    ]
}

fn values<const D: usize>(x: Tensor<Cpu, D>) -> Vec<f32> {
    x.into_data().to_vec().unwrap()
}

/// Θ `[rows, cols]` of a file that stores `value(i)` as `[cols, rows]`.
fn theta(rows: usize, cols: usize) -> Vec<f32> {
    (0..rows * cols).map(|i| value(i % cols * rows + i / cols) as f32).collect()
}

#[test]
fn a_pyg_convolution_of_any_float_type_lands_transposed() {
    for dtype in [Dtype::F64, Dtype::F32, Dtype::F16, Dtype::BF16] {
        let model = import(LayerKind::Conv, &conv(["conv1.", "conv2."], dtype)).unwrap();
        let (Layer::Conv(first), Output::Layer(Layer::Conv(last))) = (&model.hidden[0], &model.output) else { panic!("another layer") };
        assert_eq!(values(first.theta.val()), theta(FEATURES, HIDDEN), "{dtype:?}");
        assert_eq!(values(last.theta.val()), theta(HIDDEN, CLASSES));
        assert_eq!(values(first.bias.as_ref().unwrap().val()), (0..HIDDEN).map(|i| value(i) as f32).collect::<Vec<_>>());
    }
}

#[test]
fn layer_norms_of_the_classifier_are_read_and_missed() {
    let config = NodeClassifierConfig::new(LayerKind::Attention, FEATURES, CLASSES).with_hidden(HIDDEN).with_heads(HEADS);
    let import = |tensors: &[Named]| {
        let file = File::new(&bytes_of(tensors));
        let model = config.clone().with_norm(Norm::Layer).init::<Cpu>(&CpuDevice::default(), 1)?;
        import_classifier(model, StateDict::open(&file.path())?)
    };
    let error = import(&attention()).unwrap_err().to_string();
    assert!(error.contains("norms.0.weight"), "{error}");
    let norms = [tensor("norms.0.weight", Dtype::F32, &[HIDDEN]), tensor("norms.0.bias", Dtype::F32, &[HIDDEN])];
    let model = import(&[attention(), norms.to_vec()].concat()).unwrap();
    let expected: Vec<f32> = (0..HIDDEN).map(|i| value(i) as f32).collect();
    assert_eq!((values(model.norms[0].gamma.val()), values(model.norms[0].beta.val())), (expected.clone(), expected));
}

#[test]
fn attention_and_dhg_layers_land_in_order() {
    let model = import(LayerKind::Attention, &attention()).unwrap();
    let Output::Layer(Layer::Attention(last)) = &model.output else { panic!("another layer") };
    assert_eq!(last.att.dims(), [HEADS, 2 * CLASSES]);
    assert_eq!(values(last.att.val()), (0..HEADS * 2 * CLASSES).map(|i| value(i) as f32).collect::<Vec<_>>());
    assert_eq!(values(last.theta.val()), theta(HIDDEN, HEADS * CLASSES));
    let model = import(LayerKind::Hgnn, &dhg()).unwrap();
    let Output::Layer(Layer::Hgnn(last)) = &model.output else { panic!("another layer") };
    assert_eq!(values(last.theta.val()), theta(HIDDEN, CLASSES), "layers.10 comes after layers.2");
    let model = import(LayerKind::HgnnPlus, &dhg()).unwrap();
    assert!(matches!(model.output, Output::Layer(Layer::HgnnPlus(_))));
}

#[test]
fn misfits_are_named() {
    let refused = |kind, tensors: &[Named]| {
        let text = import(kind, tensors).unwrap_err().to_string();
        text.split_once("model.safetensors: ").expect("the file is named").1.to_owned()
    };
    let mut missing = attention();
    missing.remove(4);
    let text = refused(LayerKind::Attention, &missing);
    assert!(text.starts_with("no tensor convs.1.att, expected one of shape [1, 2, 6]; the file has convs.0.att, convs.0.bias, "), "{text}");
    let mut extra = conv(["a.", "b."], Dtype::F32);
    extra.push(tensor("b.norm.weight", Dtype::F32, &[3]));
    let text = refused(LayerKind::Conv, &extra);
    assert!(text.starts_with("the network has no place for b.norm.weight;"), "{text}");
    let mut misshapen = conv(["a.", "b."], Dtype::F32);
    misshapen[2] = tensor("b.lin.weight", Dtype::F32, &[HIDDEN, CLASSES]);
    let text = refused(LayerKind::Conv, &misshapen);
    assert!(text.starts_with("tensor b.lin.weight has shape [6, 3], expected [3, 6]"), "{text}");
    let text = refused(LayerKind::Conv, &conv(["a.", "b."], Dtype::I64));
    assert_eq!(text, "tensor a.lin.weight is of type I64, expected F64, F32, F16 or BF16");
    let text = refused(LayerKind::Hgnn, &conv(["a.", "b."], Dtype::F32));
    assert!(text.starts_with("0 layers named *theta.weight"), "{text}");
}

#[test]
fn damaged_files_are_refused() {
    let whole = bytes_of(&attention());
    let open = |bytes: &[u8]| StateDict::open(&File::new(bytes).path()).map(|_| ()).unwrap_err().to_string();
    for cut in [0, 1, 7, 8, 9, 100, whole.len() / 2, whole.len() - 1] {
        assert!(open(&whole[..cut]).contains("not a whole safetensors file"), "cut at {cut}");
    }
    let mut huge = whole.clone();
    huge[..8].copy_from_slice(&(1u64 << 60).to_le_bytes());
    assert!(open(&huge).contains("header too large"), "{}", open(&huge));
    let claim = br#"{"lin.weight":{"dtype":"F32","shape":[1152921504606846976,5],"data_offsets":[0,4]}}"#;
    let mut large = (claim.len() as u64).to_le_bytes().to_vec();
    large.extend(claim);
    large.extend([0; 4]);
    assert!(open(&large).contains("not a whole safetensors file"));
    assert!(
        StateDict::open(&PathBuf::from("/nowhere/model.safetensors")).unwrap_err().to_string().contains("/nowhere/model.safetensors: ")
    );
}
