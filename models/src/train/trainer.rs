//! The training of one run: an epoch is a full-batch step and an evaluation, with a single read from the device.

use std::collections::BTreeMap;
use std::path::Path;

use burn::backend::Autodiff;
use burn::module::AutodiffModule;
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData};
use hypergraphql_framework::Split;
use hypergraphql_ops::HyperBackend;

use super::config::TrainConfig;
use super::evaluate::{Evaluation, Right};
use super::loss::Target;
use super::loss_scale::LossScale;
use super::optimizer::{GradientChange, Moments, Optimizer, clip_coefficient, squared_norm};
use super::outcome::Outcome;
use super::progress::{EpochRecord, Progress};
use crate::checkpoint::{self, Checkpoint, Manifest, NamedTensors, StoredTensor};
use crate::classifier::{DropoutSeed, NodeClassifier, NodeClassifierConfig};
use crate::input::GraphInput;
use crate::metrics::Confusion;
use crate::task::NodeTask;
use crate::{ModelError, Result};

/// A training that can be stepped, saved and resumed.
///
/// Every epoch is a function of the options, the data and the epoch before: equal at any number of threads, and bit-equal after
/// [`checkpoint`](Self::checkpoint) and [`resume`](Self::resume) on a CPU.
pub struct Trainer<'a, B: HyperBackend> {
    task: &'a NodeTask<B>,
    split: &'a Split,
    network: NodeClassifierConfig,
    config: TrainConfig,
    /// With dense features in the type of activations.
    input: GraphInput<Autodiff<B>>,
    inner_input: GraphInput<B>,
    target: Target<Autodiff<B>>,
    evaluation: Evaluation<B>,
    model: NodeClassifier<Autodiff<B>>,
    best: NodeClassifier<B>,
    optimizer: Optimizer<B>,
    progress: Progress,
}

/// What a step leaves on the device.
struct Stepped<B: HyperBackend> {
    /// `[1]`
    loss: Tensor<B, 1>,
    /// Of the unscaled gradients `[1]`; only where f16 must know whether they are finite.
    squared_norm: Option<Tensor<B, 1>>,
}

impl<'a, B: HyperBackend> Trainer<'a, B> {
    /// A training at its start.
    ///
    /// # Errors
    /// When an option is outside its domain, the device lacks the precision, or no training node has a label.
    pub fn new(task: &'a NodeTask<B>, split: &'a Split, network: &NodeClassifierConfig, config: &TrainConfig) -> Result<Self> {
        config.check()?;
        config.precision.check::<B>(&task.device)?;
        split.check(task.labels.of.len())?;
        let target = Target::new(&task.labels, &split.train, &config.class_weights, &task.device)?;
        let evaluation = Evaluation::new(&task.labels, split, &task.device);
        if config.patience.is_some() && evaluation.totals[1] == 0 {
            return Err(ModelError::option("patience", "set", "no patience, as the split has no validation nodes with labels"));
        }
        let input = network.typed_input(task.input.clone(), task.relations.as_ref()).cast(network.input_precision(config.precision));
        // Before `inner`, which shares what is there.
        input.make_ready_for(network.layer)?;
        let model = network.init::<Autodiff<B>>(&task.device, config.seed)?;
        Ok(Self {
            task,
            split,
            network: network.clone(),
            inner_input: input.inner(),
            input,
            config: config.clone(),
            target,
            progress: Progress::new(config, evaluation.totals),
            evaluation,
            best: model.valid(),
            model,
            optimizer: Optimizer::new(config),
        })
    }

    /// Goes on where `checkpoint`, read from `folder`, stopped.
    ///
    /// # Errors
    /// When the checkpoint is of another dataset, split or network.
    pub fn resume(task: &'a NodeTask<B>, split: &'a Split, checkpoint: Checkpoint, folder: &Path) -> Result<Self> {
        let Checkpoint { manifest, model, mut training } = checkpoint;
        let file = folder.join(checkpoint::MANIFEST);
        if manifest.dataset != task.print {
            let show = |p| serde_json::to_string(p).unwrap_or_default();
            return Err(ModelError::checkpoint(&file, format!("the dataset {}", show(&task.print)), show(&manifest.dataset)));
        }
        let found = checkpoint::split_digest([split]);
        if manifest.split != found {
            let expected = format!("the split with digest {found} that was given; give the one trained on, with --splits");
            return Err(ModelError::checkpoint(&file, expected, manifest.split));
        }
        let mut trainer = Self::new(task, split, &manifest.model, &manifest.train)?;
        if manifest.progress.totals != trainer.evaluation.totals {
            let expected = format!("{:?} labelled nodes in train, valid and test", trainer.evaluation.totals);
            return Err(ModelError::checkpoint(&file, expected, format!("{:?}", manifest.progress.totals)));
        }
        trainer.best = checkpoint::load(trainer.best, model, &folder.join(checkpoint::MODEL))?;
        let file = folder.join(checkpoint::TRAINING);
        let [params, first, second] = [checkpoint::PARAMETER, "moment_1/", "moment_2/"].map(|prefix| take_prefixed(&mut training, prefix));
        let sizes = params.iter().map(|(name, t)| (name.clone(), t.values.len())).collect();
        trainer.model = checkpoint::load(trainer.model, params, &file)?;
        trainer.optimizer.moments = join_moments(first, second, &sizes, manifest.progress.optimizer_steps, &file, &task.device)?;
        trainer.progress = manifest.progress;
        Ok(trainer)
    }

    /// Where the training stands.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The options.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// Whether all epochs are done or patience has run out.
    pub fn is_finished(&self) -> bool {
        self.progress.is_finished(&self.config)
    }

    /// Trains and evaluates once.
    ///
    /// # Errors
    /// When the loss is no number any more, or an op refuses its arguments. The training cannot go on then.
    pub fn epoch(&mut self) -> Result<EpochRecord> {
        let epoch = self.progress.epoch;
        let before = self.progress.loss_scale.map(|_| (self.model.clone(), self.optimizer.clone()));
        let Stepped { loss, squared_norm } = self.step(epoch)?;
        let right = self.evaluate()?;
        let read = read(Tensor::cat([Some(loss), Some(right), squared_norm].into_iter().flatten().collect(), 0));
        let mut right = Right([1, 2, 3].map(|i| read[i] as u64));
        let loss = read[0];
        if !loss.is_finite() {
            return Err(ModelError::Loss { epoch: epoch + 1, loss, lr: self.config.learning_rate().at(epoch) });
        }
        let skipped = read.get(4).is_some_and(|norm| !norm.is_finite());
        if let Some((model, optimizer)) = before.filter(|_| skipped) {
            (self.model, self.optimizer) = (model, optimizer);
            let counts = self::read(self.evaluate()?);
            right = Right([0, 1, 2].map(|i| counts[i] as u64));
        }
        self.rescale(epoch, skipped)?;
        let record = EpochRecord { epoch: epoch + 1, loss, right, skipped };
        self.progress.optimizer_steps += usize::from(!skipped);
        if self.progress.add(record) {
            self.best = self.model.valid();
        }
        tracing::debug!(epoch = record.epoch, loss, right = ?record.right.0, skipped, "epoch");
        Ok(record)
    }

    fn step(&mut self, epoch: usize) -> Result<Stepped<B>> {
        let dropout = DropoutSeed { seed: self.config.seed, step: epoch as u64 };
        let logits = self.model.forward(&self.input, self.config.precision, Some(dropout))?; // [N, C]
        let loss = self.target.loss(logits)?; // [1]
        let value = loss.clone().inner();
        let loss_scale = self.progress.loss_scale.map_or(1.0, |s| s.scale);
        let loss = if loss_scale == 1.0 { loss } else { loss.mul_scalar(loss_scale) };
        let grads = GradientsParams::from_grads(loss.backward(), &self.model);

        let is_scaled = self.progress.loss_scale.is_some();
        let norm = (is_scaled || self.config.clip.is_some())
            .then(|| squared_norm(&self.model, &grads, &self.task.device).div_scalar(loss_scale * loss_scale));
        let coefficient = self.config.clip.zip(norm.clone()).map(|(clip, norm)| clip_coefficient(clip, norm));
        let lr = self.config.learning_rate().at(epoch);
        self.model = self.optimizer.step(lr, self.model.clone(), grads, GradientChange { loss_scale, coefficient });
        Ok(Stepped { loss: value, squared_norm: norm.filter(|_| is_scaled) })
    }

    fn evaluate(&self) -> Result<Tensor<B, 1>> {
        let logits = self.model.valid().forward(&self.inner_input, self.config.precision, None)?;
        Ok(self.evaluation.right(logits))
    }

    fn rescale(&mut self, epoch: usize, skipped: bool) -> Result<()> {
        let Some(scale) = self.progress.loss_scale else { return Ok(()) };
        let scale: LossScale = if skipped { scale.bad() } else { scale.good() };
        self.progress.loss_scale = Some(scale);
        if scale.is_exhausted() {
            return Err(ModelError::Gradient { epoch: epoch + 1, loss_scale: scale.scale });
        }
        Ok(())
    }

    /// Scores of the model of the best epoch.
    ///
    /// # Errors
    /// Before the first epoch.
    pub fn outcome(&self) -> Result<Outcome> {
        let best = self.progress.best.ok_or_else(|| ModelError::option("epochs done", 0, "at least 1"))?;
        let logits = self.best.forward(&self.inner_input, self.config.precision, None)?;
        let predicted: Vec<u32> = logits.argmax(1).into_data().iter::<i64>().map(|c| c as u32).collect();
        let labels = &self.task.labels;
        let score = |nodes: &[u32]| Confusion::new(labels.classes, nodes, &labels.of, &predicted).into();
        let Split { train, valid, test } = self.split;
        Ok(Outcome { best, train: score(train), valid: score(valid), test: score(test) })
    }

    /// All that is needed to predict and to go on; `notes` are the caller's.
    ///
    /// # Errors
    /// When a parameter is no number any more: what cannot be gone on with is not saved.
    pub fn checkpoint(&self, notes: serde_json::Value) -> Result<Checkpoint> {
        let model = checkpoint::save::<B, _>(&self.best);
        let mut training = NamedTensors::new();
        for (name, tensor) in checkpoint::save::<B, _>(&self.model.valid()) {
            if tensor.values.iter().any(|v| !v.is_finite()) {
                let (epoch, lr) = (self.progress.epoch, self.config.lr);
                return Err(ModelError::Loss { epoch: epoch + 1, loss: f32::NAN, lr });
            }
            training.insert(format!("{}{name}", checkpoint::PARAMETER), tensor);
        }
        for (name, moments) in &self.optimizer.moments {
            training.insert(format!("moment_1/{name}"), checkpoint::stored(moments.moment_1.clone()));
            training.insert(format!("moment_2/{name}"), checkpoint::stored(moments.moment_2.clone()));
        }
        let manifest =
            Manifest::new(&self.network, &self.config, self.task, checkpoint::split_digest([self.split]), self.progress.clone(), notes);
        Ok(Checkpoint { manifest, model, training })
    }
}

fn read<B: HyperBackend>(tensor: Tensor<B, 1>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn take_prefixed(tensors: &mut NamedTensors, prefix: &str) -> NamedTensors {
    let taken = tensors.extract_if(.., |name, _| name.starts_with(prefix));
    taken.map(|(name, tensor)| (name[prefix.len()..].to_owned(), tensor)).collect()
}

/// The memory of an optimiser from its two moments of every parameter.
pub(crate) fn join_moments<B: HyperBackend>(
    first: NamedTensors,
    mut second: NamedTensors,
    sizes: &BTreeMap<String, usize>,
    time: usize,
    file: &Path,
    device: &B::Device,
) -> Result<BTreeMap<String, Moments<B>>> {
    let tensor = |t: StoredTensor| Tensor::<B, 1>::from_data(TensorData::new(t.values, t.shape), device);
    let join = |(name, m1): (String, StoredTensor)| match second.remove(&name) {
        Some(m2) if sizes.get(&name).is_some_and(|n| m1.shape == [*n] && m2.shape == [*n]) => {
            Ok((name, Moments::new(time, tensor(m1), tensor(m2))))
        }
        _ => Err(ModelError::checkpoint(file, format!("two moments of parameter {name}, of its size"), "something else")),
    };
    first.into_iter().map(join).collect()
}
