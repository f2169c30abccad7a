//! The names of PyTorch Geometric's `HypergraphConv` and of DHG's `HGNNConv` and `HGNNPConv`.
//!
//! | layer | file | shape in the file | here |
//! |---|---|---|---|
//! | conv, attention (PyG) | `lin.weight` | `[O, F]` | Θ `[F, O]` |
//! | attention (PyG) | `att` | `[1, Hd, 2·C]` | a `[Hd, 2·C]` |
//! | conv, attention (PyG) | `bias` | `[O]`, or `[C]` for averaged heads | b |
//! | hgnn, hgnn-plus (DHG) | `theta.weight` | `[O, F]` | Θ `[F, O]` |
//! | hgnn, hgnn-plus (DHG) | `theta.bias` | `[O]` | b |
//! | layer norm i of the classifier, from 0 | `norms.i.weight`, `norms.i.bias` | `[F]` | γ, β |

use burn::module::Param;
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Tensor, TensorData};

use super::StateDict;
use crate::classifier::{Layer, NodeClassifier, NodeClassifierConfig, Norm, Output};
use crate::error::{ModelError, Result};
use crate::layers::{LayerKind, LayerNorm};

type Bias<B> = Option<Param<Tensor<B, 1>>>;

/// The sizes of a network of `kind` layers that the file was saved from: what [`import_classifier`] wants to be initialised with.
///
/// Attention heads and layer norms are told from `att` and `norms.0.weight`. Options that leave no trace in the file keep their
/// defaults: dropout and the mode of attention.
///
/// # Errors
/// When the file has no layer of that kind, or a weight is no matrix.
pub fn infer_config(dict: &StateDict, kind: LayerKind) -> Result<NodeClassifierConfig> {
    let weight = weight_name(kind)?;
    let prefixes = prefixes(dict, weight);
    let (Some(first), Some(last)) = (prefixes.first(), prefixes.last()) else {
        let names = format!("the file has {}", dict.contents());
        return Err(ModelError::LayerCount { path: dict.path().into(), got: 0, weight, names, expected: 1 });
    };
    let [hidden, features] = matrix(dict, &format!("{first}{weight}"))?;
    let [outputs, _] = matrix(dict, &format!("{last}{weight}"))?;
    let heads = match dict.shape(&format!("{last}att")) {
        Some([1, heads, _]) if kind == LayerKind::Attention => (*heads).max(1),
        _ => 1,
    };
    let norm = if dict.shape("norms.0.weight").is_some() { Norm::Layer } else { Norm::None };
    let mut config = NodeClassifierConfig::new(kind, features, outputs / heads).with_layers(prefixes.len()).with_norm(norm);
    if prefixes.len() > 1 {
        config = config.with_hidden(hidden);
    }
    Ok(if kind == LayerKind::Attention { config.with_heads(heads) } else { config })
}

fn matrix(dict: &StateDict, name: &str) -> Result<[usize; 2]> {
    let shape = dict.shape(name).unwrap_or_default();
    <[usize; 2]>::try_from(shape).map_err(|_| {
        let found = format!("tensor {name} of shape {shape:?}");
        ModelError::checkpoint(dict.path(), format!("{name} [outputs, inputs]"), found)
    })
}

/// Fills a network from a state dict whose layers are named like `convs.0`, `convs.1`, ... or `conv1`, `conv2`, ...: any name before
/// the layer's own, numbers compared as numbers. Layer norms are named `norms.0`, `norms.1`, ...
///
/// # Errors
/// When the number of layers differs, or a tensor is missing, left over, misshapen or not of floating point.
pub fn import_classifier<B: Backend>(model: NodeClassifier<B>, mut dict: StateDict) -> Result<NodeClassifier<B>> {
    let NodeClassifier { encoder, hidden, norms, output, depth, dropout, input_dropout } = model;
    let Output::Layer(output) = output else { return Err(not_imported("a deep network")) };
    let weight = weight_name(output.kind())?;
    let prefixes = prefixes(&dict, weight);
    if prefixes.len() != hidden.len() + 1 {
        let (path, names) = (dict.path().into(), prefixes.join(", "));
        return Err(ModelError::LayerCount { path, got: prefixes.len(), weight, names, expected: hidden.len() + 1 });
    }
    let layers = hidden.into_iter().chain([output]).zip(&prefixes);
    let mut layers = layers.map(|(layer, prefix)| import_layer(layer, &mut dict, prefix)).collect::<Result<Vec<_>>>()?;
    let norms = norms.into_iter().enumerate().map(|(i, norm)| import_norm(norm, &mut dict, i)).collect::<Result<_>>()?;
    dict.finish()?;
    let output = layers.pop().expect("there is an output layer; another count is a bug");
    Ok(NodeClassifier { encoder, hidden: layers, norms, output: Output::Layer(output), depth, dropout, input_dropout })
}

/// Fills one layer from the tensors whose names start with `prefix` (empty, or ending in a dot).
///
/// # Errors
/// When the layer is another, or a tensor is missing, misshapen or not of floating point. What is left over shows in [`StateDict::finish`].
pub fn import_layer<B: Backend>(layer: Layer<B>, dict: &mut StateDict, prefix: &str) -> Result<Layer<B>> {
    let weight = format!("{prefix}{}", weight_name(layer.kind())?);
    let bias = match layer.kind() {
        LayerKind::Hgnn | LayerKind::HgnnPlus => format!("{prefix}theta.bias"),
        _ => format!("{prefix}bias"),
    };
    Ok(match layer {
        Layer::Hgnn(mut l) => {
            (l.theta, l.bias) = (transposed(dict, &weight, &l.theta)?, vector(dict, &bias, l.bias)?);
            Layer::Hgnn(l)
        }
        Layer::HgnnPlus(mut l) => {
            (l.theta, l.bias) = (transposed(dict, &weight, &l.theta)?, vector(dict, &bias, l.bias)?);
            Layer::HgnnPlus(l)
        }
        Layer::Conv(mut l) => {
            (l.theta, l.bias) = (transposed(dict, &weight, &l.theta)?, vector(dict, &bias, l.bias)?);
            Layer::Conv(l)
        }
        Layer::Attention(mut l) => {
            (l.theta, l.bias) = (transposed(dict, &weight, &l.theta)?, vector(dict, &bias, l.bias)?);
            let [heads, pair] = l.att.dims();
            let values = dict.take(&format!("{prefix}att"), &[1, heads, pair])?;
            l.att = Param::from_tensor(tensor(values, [heads, pair], &l.att.device()));
            Layer::Attention(l)
        }
        other => return Err(not_imported(other.kind())),
    })
}

/// The error for a layer whose tensors have no names in the libraries that are read.
fn not_imported(layer: impl std::fmt::Display) -> ModelError {
    ModelError::option("layer", layer, "hgnn, hgnn-plus, conv or attention, those of PyTorch Geometric and DHG")
}

fn import_norm<B: Backend>(norm: LayerNorm<B>, dict: &mut StateDict, index: usize) -> Result<LayerNorm<B>> {
    let mut take = |part: &str, like: Param<Tensor<B, 1>>| -> Result<_> {
        let values = dict.take(&format!("norms.{index}.{part}"), &like.dims())?;
        Ok(Param::from_tensor(tensor(values, like.dims(), &like.device())))
    };
    Ok(LayerNorm { gamma: take("weight", norm.gamma)?, beta: take("bias", norm.beta)? })
}

fn weight_name(kind: LayerKind) -> Result<&'static str> {
    match kind {
        LayerKind::Hgnn | LayerKind::HgnnPlus => Ok("theta.weight"),
        LayerKind::Conv | LayerKind::Attention => Ok("lin.weight"),
        other => Err(not_imported(other)),
    }
}

/// What stands before `weight` in the names of the file, in the order of its numbers.
fn prefixes(dict: &StateDict, weight: &str) -> Vec<String> {
    let before = |name: &str| name.strip_suffix(weight).filter(|p| p.is_empty() || p.ends_with('.')).map(str::to_owned);
    let mut found: Vec<String> = dict.names().filter_map(before).collect();
    found.sort_by_cached_key(|name| numbered(name));
    found
}

/// A name cut into text and numbers, so that `convs.10` sorts after `convs.2`.
fn numbered(name: &str) -> Vec<(String, u64)> {
    let mut parts: Vec<(String, u64)> = vec![(String::new(), 0)];
    let mut in_number = false;
    for c in name.chars() {
        if !c.is_ascii_digit() && in_number {
            parts.push((String::new(), 0));
        }
        in_number = c.is_ascii_digit();
        let Some(last) = parts.last_mut() else { continue };
        match c.to_digit(10) {
            Some(d) => last.1 = last.1.saturating_mul(10).saturating_add(u64::from(d)),
            None => last.0.push(c),
        }
    }
    parts
}

/// A weight stored `[O, F]`, as Θ `[F, O]`.
fn transposed<B: Backend>(dict: &mut StateDict, name: &str, like: &Param<Tensor<B, 2>>) -> Result<Param<Tensor<B, 2>>> {
    let [rows, cols] = like.dims();
    let stored = dict.take(name, &[cols, rows])?;
    let values = (0..rows * cols).map(|i| stored[i % cols * rows + i / cols]).collect();
    Ok(Param::from_tensor(tensor(values, [rows, cols], &like.device())))
}

fn vector<B: Backend>(dict: &mut StateDict, name: &str, like: Bias<B>) -> Result<Bias<B>> {
    let Some(like) = like else { return Ok(None) };
    let shape = like.dims();
    let values = dict.take(name, &shape)?;
    Ok(Some(Param::from_tensor(tensor(values, shape, &like.device()))))
}

fn tensor<B: Backend, const D: usize>(values: Vec<f32>, shape: [usize; D], device: &B::Device) -> Tensor<B, D> {
    Tensor::from_data(TensorData::new(values, shape), (device, DType::F32))
}
