//! The training of one run: an epoch is a step on everything or on each batch, and an evaluation, with a single read from the device.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use burn::backend::Autodiff;
use burn::module::AutodiffModule;
use burn::tensor::{Tensor, TensorData};
use hypergraphql_framework::Split;
use hypergraphql_ops::HyperBackend;

use super::batches::Batches;
use super::config::TrainConfig;
use super::evaluate::{Evaluation, Right};
use super::loss_scale::LossScale;
use super::optimizer::{Moments, Optimizer};
use super::outcome::Outcome;
use super::progress::{EpochRecord, Progress};
use super::step::{Objective, Stepped, Watch};
use crate::checkpoint::{self, Checkpoint, Manifest, NamedTensors, StoredTensor};
use crate::classifier::{NodeClassifier, NodeClassifierConfig};
use crate::input::GraphInput;
use crate::metrics::Confusion;
use crate::task::NodeTask;
use crate::{ModelError, Result};

/// A training that can be stepped, saved and resumed.
///
/// Every epoch is a function of the options, the data and the epoch before: equal at any number of threads, and bit-equal after
/// [`checkpoint`](Self::checkpoint) and [`resume`](Self::resume) on a CPU.
pub struct Trainer<'a, B: HyperBackend> {
    pub(super) task: &'a NodeTask<B>,
    split: &'a Split,
    network: NodeClassifierConfig,
    pub(super) config: TrainConfig,
    /// With dense features in the type of activations.
    pub(super) input: GraphInput<Autodiff<B>>,
    inner_input: GraphInput<B>,
    pub(super) objective: Objective<B>,
    evaluation: Evaluation<B>,
    pub(super) model: NodeClassifier<Autodiff<B>>,
    best: NodeClassifier<B>,
    pub(super) optimizer: Optimizer<B>,
    pub(super) progress: Progress,
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
        if config.batches != Batches::Full && network.kinds.as_ref().is_some_and(|kinds| kinds.len() > 1) {
            let expected = "a layer that reads no relations and roles, or full batches: batches keep neither";
            return Err(ModelError::option("layer", network.layer, expected));
        }
        let objective = Objective::new(task, split, config)?;
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
            objective,
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
    /// When the loss is no number any more, a batch cannot be drawn, or an op refuses its arguments. The training cannot go on then.
    pub fn epoch(&mut self) -> Result<EpochRecord> {
        let done = self.epoch_watched(&mut |_, _| ControlFlow::Continue(()))?;
        Ok(done.expect("an epoch that nobody stops ends; this is a bug"))
    }

    /// Trains and evaluates once. With mini-batches `watch` is told after each of them how many are done and how many there are, and may stop the epoch: then the
    /// training is what it was before, and there is no record.
    ///
    /// # Errors
    /// As [`epoch`](Self::epoch).
    pub fn epoch_watched(&mut self, watch: Watch<'_>) -> Result<Option<EpochRecord>> {
        let record = match self.objective {
            Objective::Full(_) => self.full_epoch()?,
            Objective::Batches { .. } => match self.sampled_epoch(watch)? {
                Some(record) => record,
                None => return Ok(None),
            },
        };
        if self.progress.add(record) {
            self.best = self.model.valid();
        }
        tracing::debug!(epoch = record.epoch, loss = record.loss, right = ?record.right.0, skipped = record.skipped, "epoch");
        Ok(Some(record))
    }

    fn full_epoch(&mut self) -> Result<EpochRecord> {
        let epoch = self.progress.epoch;
        let before = self.progress.loss_scale.map(|_| (self.model.clone(), self.optimizer.clone()));
        let Stepped { loss, squared_norm } = self.full_step(epoch)?;
        let right = self.evaluate()?;
        let read = read(Tensor::cat([Some(loss), Some(right), squared_norm].into_iter().flatten().collect(), 0));
        let mut right = Right([1, 2, 3].map(|i| read[i] as u64));
        let loss = self.checked(epoch, read[0])?;
        let skipped = read.get(4).is_some_and(|norm| !norm.is_finite());
        if let Some((model, optimizer)) = before.filter(|_| skipped) {
            (self.model, self.optimizer) = (model, optimizer);
            let counts = self::read(self.evaluate()?);
            right = Right([0, 1, 2].map(|i| counts[i] as u64));
        }
        self.rescale(epoch, skipped)?;
        self.progress.optimizer_steps += usize::from(!skipped);
        Ok(EpochRecord { epoch: epoch + 1, loss, right, skipped })
    }

    fn sampled_epoch(&mut self, watch: Watch<'_>) -> Result<Option<EpochRecord>> {
        let epoch = self.progress.epoch;
        let before = (self.model.clone(), self.optimizer.clone(), self.progress.clone());
        let Some((loss, skipped)) = self.sampled_steps(epoch, watch)? else {
            (self.model, self.optimizer, self.progress) = before;
            return Ok(None);
        };
        drop(before);
        let read = read(Tensor::cat(vec![loss, self.evaluate()?], 0));
        let (loss, right) = (self.checked(epoch, read[0])?, Right([1, 2, 3].map(|i| read[i] as u64)));
        Ok(Some(EpochRecord { epoch: epoch + 1, loss, right, skipped }))
    }

    fn checked(&self, epoch: usize, loss: f32) -> Result<f32> {
        if loss.is_finite() {
            return Ok(loss);
        }
        Err(ModelError::Loss { epoch: epoch + 1, loss, lr: self.config.learning_rate().at(epoch) })
    }

    fn evaluate(&self) -> Result<Tensor<B, 1>> {
        let logits = self.model.valid().forward(&self.inner_input, self.config.precision, None)?;
        Ok(self.evaluation.right(logits))
    }

    pub(super) fn rescale(&mut self, epoch: usize, skipped: bool) -> Result<()> {
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

pub(super) fn read<B: HyperBackend>(tensor: Tensor<B, 1>) -> Vec<f32> {
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
