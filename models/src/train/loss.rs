//! Masked cross entropy: the mean over the labelled training nodes, weighted by class.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Tensor, TensorData};
use hypergraphql_framework::Labels;
use hypergraphql_ops::{HyperBackend, Index, gather};

use super::config::ClassWeights;
use crate::{ModelError, Result};

/// The training nodes and what the loss wants of them, resident on the device.
#[derive(Debug, Clone)]
pub struct Target<B: HyperBackend> {
    index: Index<B>,
    /// −w_y / Σ w at the class y of every training node, 0 elsewhere. `[T, C]`
    picks: Tensor<B, 2>,
}

/// How much a node of each class counts.
#[derive(Debug, Clone)]
pub(super) struct Weighing(Vec<f32>);

impl Weighing {
    /// Of the classes of training nodes.
    pub(super) fn new(weights: &ClassWeights, classes: usize, train: &[usize]) -> Result<Self> {
        class_weights(weights, classes, train).map(Self)
    }

    /// Σ w over nodes of these classes.
    pub(super) fn total(&self, classes: &[usize]) -> f64 {
        classes.iter().map(|c| f64::from(self.0[*c])).sum()
    }
}

/// The labelled nodes among some, and their classes.
pub(super) fn known(labels: &Labels, nodes: &[u32]) -> (Vec<u32>, Vec<usize>) {
    nodes.iter().filter_map(|n| labels.of[*n as usize].map(|class| (*n, class as usize))).unzip()
}

impl<B: HyperBackend> Target<B> {
    /// From the labelled nodes among `train`; unlabelled ones do not count.
    ///
    /// # Errors
    /// When no node is labelled, the weights are not one per class, or all weights that matter are 0.
    pub fn new(labels: &Labels, train: &[u32], weights: &ClassWeights, device: &B::Device) -> Result<Self> {
        let (nodes, classes) = known(labels, train);
        if nodes.is_empty() {
            return Err(ModelError::option("training nodes with a label", 0, "at least 1"));
        }
        let weighing = Weighing::new(weights, labels.classes, &classes)?;
        let total = weighing.total(&classes);
        if total <= 0.0 {
            return Err(ModelError::option("class-weights", weights, "a weight > 0 for a class that is trained on"));
        }
        Self::of(&nodes, labels.of.len(), &classes, &weighing, total, device)
    }

    /// Of `nodes` among `n` rows of logits, with their classes; `total` is what the weights are divided by.
    pub(super) fn of(nodes: &[u32], n: usize, classes: &[usize], weighing: &Weighing, total: f64, device: &B::Device) -> Result<Self> {
        let width = weighing.0.len();
        let mut picks = vec![0.0_f32; nodes.len() * width];
        for (row, class) in classes.iter().enumerate() {
            picks[row * width + class] = (-f64::from(weighing.0[*class]) / total) as f32;
        }
        let picks = TensorData::new(picks, [nodes.len(), width]);
        Ok(Self { index: Index::new(nodes, n, device)?, picks: Tensor::from_data(picks, device) })
    }

    /// −Σ w_y log softmax(logits)_y / Σ w over the training nodes.
    ///
    /// # Shapes
    /// logits `[N, C]` in f32 -> `[1]`
    ///
    /// # Errors
    /// When the rows of the logits are not the nodes.
    pub fn loss(&self, logits: Tensor<B, 2>) -> Result<Tensor<B, 1>> {
        let logits = gather(logits, &self.index)?; // [T, C]
        let picked = log_softmax(logits, 1) * self.picks.clone(); // [T, C]
        // Axis by axis: one sum over millions of values would depend on the number of threads.
        Ok(picked.sum_dim(1).sum_dim(0).reshape([1]))
    }
}

fn class_weights(weights: &ClassWeights, classes: usize, train: &[usize]) -> Result<Vec<f32>> {
    match weights {
        ClassWeights::None => Ok(vec![1.0; classes]),
        ClassWeights::Given(given) if given.len() == classes => Ok(given.clone()),
        ClassWeights::Given(given) => {
            Err(ModelError::option("class-weights", weights, format!("{classes} numbers, one per class, not {}", given.len())))
        }
        ClassWeights::Balanced => {
            let mut counts = vec![0_usize; classes];
            train.iter().for_each(|c| counts[*c] += 1);
            let weight = |n: usize| if n == 0 { 0.0 } else { train.len() as f32 / (classes * n) as f32 };
            Ok(counts.into_iter().map(weight).collect())
        }
    }
}
