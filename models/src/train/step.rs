//! What is minimised, and the steps of an epoch: gradients of one or several batches, then the optimiser.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;

use burn::backend::Autodiff;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Tensor;
use hypergraphql_framework::Split;
use hypergraphql_framework::sample::{Batch, Prefetch, PrefetchOptions};
use hypergraphql_ops::HyperBackend;

use super::batches::{Planned, Source};
use super::config::TrainConfig;
use super::loss::{Target, Weighing, known};
use super::optimizer::{GradientChange, clip_coefficient, squared_norm};
use super::recompute::{self, Pass};
use super::trainer::{Trainer, read};
use crate::Result;
use crate::classifier::DropoutSeed;
use crate::input::GraphInput;
use crate::task::NodeTask;

/// More threads than this draw no faster than a device trains.
const MOST_WORKERS: usize = 4;

/// Is told how many mini-batches of an epoch are done and how many there are, and says whether to go on.
pub type Watch<'a> = &'a mut dyn FnMut(usize, usize) -> ControlFlow<()>;

/// The loss of an epoch.
pub(super) enum Objective<B: HyperBackend> {
    /// On all training nodes at once.
    Full(Target<Autodiff<B>>),
    /// On one batch after another.
    Batches {
        source: Arc<Source>,
        weighing: Weighing,
        /// Σ w over all training nodes.
        total: f64,
    },
}

/// What a step leaves on the device.
pub(super) struct Stepped<B: HyperBackend> {
    /// `[1]`
    pub(super) loss: Tensor<B, 1>,
    /// Of the unscaled gradients `[1]`; only where f16 must know whether they are finite.
    pub(super) squared_norm: Option<Tensor<B, 1>>,
}

impl<B: HyperBackend> Objective<B> {
    pub(super) fn new(task: &NodeTask<B>, split: &Split, config: &TrainConfig) -> Result<Self> {
        // Also with mini-batches: it says what is wrong with labels and weights.
        let target = Target::new(&task.labels, &split.train, &config.class_weights, &task.device)?;
        let (seeds, classes) = known(&task.labels, &split.train);
        let Some(source) = Source::new(&config.batches, &task.hypergraph, seeds, config.seed)? else { return Ok(Self::Full(target)) };
        let weighing = Weighing::new(&config.class_weights, task.labels.classes, &classes)?;
        let total = weighing.total(&classes);
        Ok(Self::Batches { source: Arc::new(source), weighing, total })
    }
}

impl<B: HyperBackend> Trainer<'_, B> {
    /// The step of a full batch.
    pub(super) fn full_step(&mut self, epoch: usize) -> Result<Stepped<B>> {
        let Objective::Full(target) = &self.objective else { unreachable!("epoch_watched looks at the objective; this is a bug") };
        let dropout = DropoutSeed { seed: self.config.seed, step: epoch as u64 };
        let (loss, grads) = self.gradients(&self.input, target, dropout)?;
        let squared_norm = self.apply(grads, epoch);
        Ok(Stepped { loss, squared_norm })
    }

    /// The steps of an epoch of mini-batches: the mean loss `[1]` of the training nodes, and whether a step was skipped; nothing where `watch` stopped them on the way.
    ///
    /// The gradient of a step is that of the mean over the training nodes of its batches together, by weight.
    pub(super) fn sampled_steps(&mut self, epoch: usize, watch: Watch<'_>) -> Result<Option<(Tensor<B, 1>, bool)>> {
        let Objective::Batches { source, weighing, total } = &self.objective else {
            unreachable!("epoch_watched looks at the objective; this is a bug")
        };
        let (source, weighing, total) = (Arc::clone(source), weighing.clone(), *total);
        let plan: Arc<[Planned]> = source.plan(epoch as u64).into();
        let make = {
            let plan = Arc::clone(&plan);
            move |i: usize| source.draw(&plan[i], epoch as u64, i as u64)
        };
        let mut drawn = Prefetch::new(plan.len(), prefetch_options(), make)?;
        let mut loss = Tensor::<B, 1>::zeros([1], &self.task.device);
        let (mut done, mut skipped) = (0, false);
        for step in plan.chunks(self.config.accumulate) {
            let classes: Vec<Vec<usize>> = step.iter().map(|planned| known(&self.task.labels, &planned.seeds).1).collect();
            let weight: f64 = classes.iter().map(|c| weighing.total(c)).sum();
            let mut sums = GradientsAccumulator::new();
            for classes in &classes {
                let Some(batch) = drawn.next().transpose()? else { break };
                // A cluster batch may have no training nodes, and classes may weigh nothing.
                if weight > 0.0 && batch.seeds > 0 {
                    let target = self.target(&batch, classes, &weighing, weight)?;
                    let input = GraphInput::of_batch(&batch, &self.input.features, &self.task.device)?;
                    let dropout = DropoutSeed { seed: self.config.seed, step: ((epoch as u64) << 32) | done as u64 };
                    let (part, grads) = self.gradients(&input, &target, dropout)?;
                    loss = loss + part.mul_scalar(weight / total);
                    sums.accumulate::<Autodiff<B>>(&self.model, grads);
                }
                done += 1;
                if watch(done, plan.len()).is_break() {
                    return Ok(None);
                }
            }
            if weight > 0.0 {
                skipped |= self.checked_step(sums.grads(), epoch)?;
            }
        }
        Ok(Some((loss, skipped)))
    }

    fn target(&self, batch: &Batch, classes: &[usize], weighing: &Weighing, weight: f64) -> Result<Target<Autodiff<B>>> {
        let rows: Vec<u32> = (0..batch.seeds as u32).collect();
        Target::of(&rows, batch.nodes.len(), classes, weighing, weight, &self.task.device)
    }

    /// The loss `[1]` of a batch and its gradients, which the loss scale multiplies.
    fn gradients(
        &self,
        input: &GraphInput<Autodiff<B>>,
        target: &Target<Autodiff<B>>,
        dropout: DropoutSeed,
    ) -> Result<(Tensor<B, 1>, GradientsParams)> {
        let (precision, scale) = (self.config.precision, self.loss_scale());
        let mut value = Tensor::<B, 1>::zeros([1], &self.task.device);
        let loss = |logits: Tensor<Autodiff<B>, 2>| -> Result<Tensor<Autodiff<B>, 1>> {
            let loss = target.loss(logits)?; // [1]
            value = loss.clone().inner();
            Ok(if scale == 1.0 { loss } else { loss.mul_scalar(scale) })
        };
        let grads = if self.config.recompute {
            recompute::gradients(&self.model, input, Pass { precision, dropout }, loss)?
        } else {
            let logits = self.model.forward(input, precision, Some(dropout))?; // [N, C]
            let mut loss = loss;
            GradientsParams::from_grads(loss(logits)?.backward(), &self.model)
        };
        Ok((value, grads))
    }

    /// Changes the parameters; gives the squared norm `[1]` of the unscaled gradients where f16 must know whether they are finite.
    fn apply(&mut self, grads: GradientsParams, epoch: usize) -> Option<Tensor<B, 1>> {
        let (is_scaled, loss_scale) = (self.progress.loss_scale.is_some(), self.loss_scale());
        let norm = (is_scaled || self.config.clip.is_some())
            .then(|| squared_norm(&self.model, &grads, &self.task.device).div_scalar(loss_scale * loss_scale));
        let coefficient = self.config.clip.zip(norm.clone()).map(|(clip, norm)| clip_coefficient(clip, norm));
        let lr = self.config.learning_rate().at(epoch);
        self.model = self.optimizer.step(lr, self.model.clone(), grads, GradientChange { loss_scale, coefficient });
        norm.filter(|_| is_scaled)
    }

    /// A step that is undone where a gradient is not finite; tells whether it was. Reads from the device in f16 only.
    fn checked_step(&mut self, grads: GradientsParams, epoch: usize) -> Result<bool> {
        let before = self.progress.loss_scale.map(|_| (self.model.clone(), self.optimizer.clone()));
        let skipped = self.apply(grads, epoch).is_some_and(|norm| read(norm).iter().any(|n| !n.is_finite()));
        if let Some((model, optimizer)) = before.filter(|_| skipped) {
            (self.model, self.optimizer) = (model, optimizer);
        }
        self.rescale(epoch, skipped)?;
        self.progress.optimizer_steps += usize::from(!skipped);
        Ok(skipped)
    }

    fn loss_scale(&self) -> f32 {
        self.progress.loss_scale.map_or(1.0, |s| s.scale)
    }
}

fn prefetch_options() -> PrefetchOptions {
    let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_WORKERS);
    PrefetchOptions { workers, ahead: 2 * workers }
}
