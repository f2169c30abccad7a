//! Gradients without keeping activations: each layer is run again when the backward pass reaches it.

use burn::backend::Autodiff;
use burn::module::AutodiffModule;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Tensor;
use hypergraphql_ops::HyperBackend;

use crate::classifier::{DropoutSeed, NodeClassifier};
use crate::input::{GraphInput, NodeFeatures};
use crate::layers::Masks;
use crate::precision::Precision;
use crate::{ModelError, Result};

/// What a forward pass is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass {
    pub(super) precision: Precision,
    pub(super) dropout: DropoutSeed,
}

/// The gradients of `loss(logits)` in the parameters, by checkpoints between the stages (Chen et al. 2016, arXiv:1604.06174).
///
/// A first pass without a graph keeps what each stage reads. Then, from the last stage to the first, a graph of that stage alone gives the gradients of its parameters
/// and of its input, of which the next one is told. Dropout masks are numbered, so that the second pass draws those of the first.
pub(super) fn gradients<B: HyperBackend>(
    model: &NodeClassifier<Autodiff<B>>,
    input: &GraphInput<Autodiff<B>>,
    pass: Pass,
    loss: impl FnOnce(Tensor<Autodiff<B>, 2>) -> Result<Tensor<Autodiff<B>, 1>>,
) -> Result<GradientsParams> {
    let Pass { precision, dropout } = pass;
    let (plain, stages) = (model.valid(), model.stages());
    let masks = Masks::new(model.dropout, Some(dropout));
    // What each stage reads, and how many masks were drawn before it.
    let mut read: Vec<(GraphInput<B>, u64)> = vec![(input.inner(), 0)];
    for stage in 0..stages {
        let next = plain.stage(stage, &read[stage].0, precision, &masks)?;
        read.push((next, masks.drawn()));
    }
    let mut sums = GradientsAccumulator::new();
    let mut loss = Some(loss);
    // Of what the stage above read: features, and initial features.
    let (mut features, mut initial): (Option<Tensor<B, 2>>, Option<Tensor<B, 2>>) = (None, None);
    while let Some((entry, drawn)) = read.pop() {
        let stage = read.len();
        let masks = Masks::after(drawn, model.dropout, Some(dropout));
        let leaves = if stage == 0 { None } else { Some(Leaves::new(entry, input)?) };
        let here = leaves.as_ref().map_or(input, |l| &l.input);
        let scalar = match loss.take() {
            Some(loss) => loss(model.logits(here, precision, &masks)?)?,
            None => {
                let out = model.stage(stage, here, precision, &masks)?;
                let made_initial = stage == 0 && model.encoder.is_some();
                let x0 = if made_initial { initial.take().zip(out.initial_features) } else { None };
                let pairs = [features.take().zip(Some(dense(out.features)?)), x0];
                // The gradient of Σ g y in y is g, whatever the sum itself comes to.
                let products = pairs.into_iter().flatten().map(|(g, y)| (y * Tensor::from_inner(g)).sum());
                let Some(sum) = products.reduce(|a, b| a + b) else { break };
                sum
            }
        };
        let mut grads = scalar.backward();
        if let Some(leaves) = leaves {
            features = leaves.features.grad_remove(&mut grads);
            let more = leaves.initial.and_then(|x| x.grad_remove(&mut grads));
            initial = match (initial, more) {
                (Some(a), Some(b)) => Some(a + b),
                (a, b) => a.or(b),
            };
        }
        sums.accumulate::<Autodiff<B>>(model, GradientsParams::from_grads(grads, model));
    }
    Ok(sums.grads())
}

/// What a stage reads, as the leaves of a graph.
struct Leaves<B: HyperBackend> {
    input: GraphInput<Autodiff<B>>,
    features: Tensor<Autodiff<B>, 2>,
    initial: Option<Tensor<Autodiff<B>, 2>>,
}

impl<B: HyperBackend> Leaves<B> {
    fn new(entry: GraphInput<B>, whole: &GraphInput<Autodiff<B>>) -> Result<Self> {
        let leaf = |x: Tensor<B, 2>| Tensor::<Autodiff<B>, 2>::from_inner(x).require_grad();
        let features = leaf(dense(entry.features)?);
        let initial = entry.initial_features.map(leaf);
        let mut input = whole.hidden(features.clone());
        input.initial_features = initial.clone();
        Ok(Self { input, features, initial })
    }
}

/// What a stage made is dense.
fn dense<B: HyperBackend>(features: NodeFeatures<B>) -> Result<Tensor<B, 2>> {
    match features {
        NodeFeatures::Dense(x) => Ok(x),
        NodeFeatures::Sparse(_) => Err(ModelError::option("features between layers", "sparse", "dense ones")),
    }
}
