//! Predictions of a trained network on a hypergraph that it need not have seen.

use std::path::Path;

use burn::tensor::activation::softmax;
use hypergraphql_framework::Dataset;
use hypergraphql_ops::HyperBackend;

use super::node_task::upload;
use crate::checkpoint::{self, Checkpoint};
use crate::{ModelError, Result};

/// The probability of every class for every node.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// C
    pub classes: usize,
    /// A name per class: the checkpoint's, or the number.
    pub names: Vec<String>,
    /// `[N, C]`, row after row; every row sums to 1.
    pub probabilities: Vec<f32>,
}

impl Predictions {
    /// The probabilities of a node.
    pub fn of(&self, node: usize) -> &[f32] {
        &self.probabilities[node * self.classes..][..self.classes]
    }

    /// The `k` most probable classes of a node, highest first; the lower class first among equals.
    pub fn top(&self, node: usize, k: usize) -> Vec<(usize, f32)> {
        let mut classes: Vec<(usize, f32)> = self.of(node).iter().copied().enumerate().collect();
        classes.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        classes.truncate(k);
        classes
    }
}

/// Applies the model of a checkpoint, read from `folder`, to the nodes of a dataset.
///
/// The dataset is made ready as in training: self-loops, and synthetic features where both have none.
///
/// # Errors
/// When the device lacks the precision of the training, the features have another width than in training, or the checkpoint's tensors are of another network.
pub fn predict<B: HyperBackend>(checkpoint: Checkpoint, folder: &Path, dataset: &Dataset, device: &B::Device) -> Result<Predictions> {
    let Checkpoint { manifest, model, .. } = checkpoint;
    let precision = manifest.train.precision;
    precision.check::<B>(device)?;
    let prepared = manifest.task.prepare(dataset)?;
    let (found, expected) = (prepared.features.width(), manifest.model.features);
    if found != expected {
        let trained = &manifest.dataset.name;
        return Err(ModelError::option("feature columns", found, format!("{expected}, as in {trained}, which the model was trained on")));
    }
    let network = manifest.model.init::<B>(device, 0)?;
    let network = checkpoint::load(network, model, &folder.join(checkpoint::MODEL))?;
    let input = manifest.model.typed_input(upload::<B>(&prepared, device)?, prepared.relations.as_ref());
    let input = input.cast(manifest.model.input_precision(precision));
    let logits = network.forward(&input, precision, None)?; // [N, C]
    let probabilities = softmax(logits, 1).into_data().iter::<f32>().collect();
    let classes = manifest.model.classes;
    let name = |c: usize| manifest.dataset.label_names.get(c).cloned().unwrap_or_else(|| c.to_string());
    Ok(Predictions { classes, names: (0..classes).map(name).collect(), probabilities })
}
