//! The training of a pair predictor: batches of connected pairs, which the encoder does not see while it is asked for them, with drawn negatives.

use burn::backend::Autodiff;
use burn::module::AutodiffModule;
use burn::optim::GradientsParams;
use burn::tensor::{DType, Tensor, TensorData};
use hypergraphql_ops::HyperBackend;
use serde::{Deserialize, Serialize};

use super::checkpoint::PairCheckpoint;
use super::data::{Connection, PairData};
use super::evaluate::{PairEvaluation, PairScores, evaluate};
use super::known::Known;
use super::loss::{PairBatch, PairWeights, losses};
use super::messages::Messages;
use super::negatives::{Corruption, Draw};
use super::network::{PairConfig, PairPredictor};
use crate::checkpoint::{self, StoredTensor};
use crate::classifier::DropoutSeed;
use crate::input::NodeFeatures;
use crate::layers::Masks;
use crate::link::shuffle;
use crate::precision::Precision;
use crate::schedule::Schedule;
use crate::train::{ClassWeights, GradientChange, Optimizer, OptimizerKind, TrainConfig, clip_coefficient, squared_norm};
use crate::{ModelError, Result};

/// The options of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairTrainConfig {
    /// Seed, epochs, optimiser, learning rate and precision; patience counts evaluations. There are no class weights.
    pub train: TrainConfig,
    /// Connected pairs of a step; never more than half of them, so that the encoder sees the other half.
    pub batch_size: usize,
    /// Negatives of each.
    pub negatives: usize,
    /// Epochs from one evaluation on the validation part to the next; the last epoch has one, too.
    pub evaluate_every: usize,
    /// Negatives of each pair that is evaluated.
    pub eval_negatives: usize,
    /// Of the parts of the loss.
    pub weights: PairWeights,
}

impl Default for PairTrainConfig {
    fn default() -> Self {
        let train = TrainConfig {
            epochs: 100,
            optimizer: OptimizerKind::AdamW,
            lr: 5e-3,
            weight_decay: 1e-4,
            schedule: Schedule::Cosine,
            ..TrainConfig::default()
        };
        Self { train, batch_size: 4096, negatives: 4, evaluate_every: 5, eval_negatives: 100, weights: PairWeights::default() }
    }
}

impl PairTrainConfig {
    /// Checks the domains.
    ///
    /// # Errors
    /// Names the option.
    pub fn check(&self) -> Result<()> {
        self.train.check()?;
        self.weights.check()?;
        if self.train.precision == Precision::F16 {
            return Err(ModelError::option("precision", "f16", "f32 or bf16: steps are not scaled for the range of f16"));
        }
        if self.train.class_weights != ClassWeights::None {
            return Err(ModelError::option("class-weights", &self.train.class_weights, "none for pairs"));
        }
        let counts = [
            ("batch-size", self.batch_size),
            ("negatives", self.negatives),
            ("evaluate-every", self.evaluate_every),
            ("eval-negatives", self.eval_negatives),
        ];
        match counts.iter().find(|(_, value)| *value == 0) {
            Some((what, _)) => Err(ModelError::option(what, 0, "at least 1")),
            None => Ok(()),
        }
    }
}

/// An epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairEpoch {
    /// From 1.
    pub epoch: usize,
    /// Mean loss of its pairs, with dropout.
    pub loss: f64,
    /// Of the score.
    pub edge: f64,
    /// Of the head that the search follows.
    pub candidate: f64,
    /// Of the types.
    pub types: f64,
    /// On the validation part, where it was evaluated.
    pub valid: Option<PairScores>,
}

/// Where a training stands.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairProgress {
    /// Steps of the optimiser.
    pub steps: usize,
    /// The epoch with the best validation MRR; the last one where there is no validation part.
    pub best: Option<PairEpoch>,
    /// Every epoch done.
    pub curve: Vec<PairEpoch>,
}

/// A training that can be stepped, saved and resumed. Each epoch is a function of the options, the data and the epoch before, also after a resume.
pub struct PairTrainer<'a, B: HyperBackend> {
    data: &'a PairData,
    /// In training: what a negative of a step must not be.
    train_known: Known,
    /// In any part: what a negative of an evaluation must not be.
    known: Known,
    config: PairTrainConfig,
    features: Option<NodeFeatures<Autodiff<B>>>,
    messages: Messages<B>,
    model: PairPredictor<Autodiff<B>>,
    best: PairPredictor<B>,
    /// `[N, F]` by the best epoch's network.
    best_states: Tensor<B, 2>,
    optimizer: Optimizer<B>,
    progress: PairProgress,
    device: B::Device,
}

impl<'a, B: HyperBackend> PairTrainer<'a, B> {
    /// A training at its start.
    ///
    /// # Errors
    /// An option outside its domain, a network of other sizes than the data, or a precision that the device lacks.
    pub fn new(data: &'a PairData, network: &PairConfig, config: &PairTrainConfig, device: &B::Device) -> Result<Self> {
        config.check()?;
        config.train.precision.check::<B>(device)?;
        let of_data = PairConfig::of(data);
        for (what, got, expected) in [
            ("nodes", network.nodes, of_data.nodes),
            ("relations", network.relations, of_data.relations),
            ("types", network.types, of_data.types),
            ("features", network.features, of_data.features),
        ] {
            if got != expected {
                return Err(ModelError::option(what, got, format!("{expected}, as the data has")));
            }
        }
        if network.directed != data.options.directed {
            return Err(ModelError::option("directed", network.directed, format!("{}, as the data is", data.options.directed)));
        }
        let model = network.init::<Autodiff<B>>(device, config.train.seed)?;
        let (best, messages) = (model.valid(), Messages::new(&data.train, network, device)?);
        let features = NodeFeatures::of(&data.features, device)?;
        let best_states = encoded(&best, &messages, features.as_ref(), config.train.precision)?;
        Ok(Self {
            data,
            train_known: Known::of(data.train.iter().map(Connection::pair), data.nodes.len(), data.options.directed),
            known: data.known(),
            messages,
            best,
            best_states,
            model,
            features,
            optimizer: Optimizer::new(&config.train),
            config: config.clone(),
            progress: PairProgress::default(),
            device: device.clone(),
        })
    }

    /// Goes on where a checkpoint stopped.
    ///
    /// # Errors
    /// When the data is another, or the checkpoint's tensors are not its network's.
    pub fn resume(data: &'a PairData, checkpoint: PairCheckpoint, device: &B::Device) -> Result<Self> {
        checkpoint.check_data(data)?;
        let mut trainer = Self::new(data, &checkpoint.network, &checkpoint.config, device)?;
        let PairCheckpoint { path, progress, best, current, moments, states, .. } = checkpoint;
        trainer.best = checkpoint::load(trainer.best, best, &path)?;
        let sizes = current.iter().map(|(name, tensor)| (name.clone(), tensor.values.len())).collect();
        trainer.model = checkpoint::load(trainer.model, current, &path)?;
        let [first, second] = moments;
        trainer.optimizer.moments = crate::train::join_moments(first, second, &sizes, progress.steps, &path, device)?;
        trainer.best_states = Tensor::from_data(TensorData::new(states.values, states.shape), (device, DType::F32));
        trainer.progress = progress;
        Ok(trainer)
    }

    /// Where the training stands.
    pub fn progress(&self) -> &PairProgress {
        &self.progress
    }

    /// The options.
    pub fn config(&self) -> &PairTrainConfig {
        &self.config
    }

    /// Sizes and options of the network.
    pub fn network(&self) -> &PairConfig {
        self.model.config()
    }

    /// Steps of an epoch.
    pub fn steps(&self) -> usize {
        let groups = self.data.train.chunk_by(|a, b| a.ends() == b.ends()).count();
        groups.div_ceil(self.size(groups))
    }

    /// Pairs of a step, of so many.
    fn size(&self, groups: usize) -> usize {
        self.config.batch_size.min(groups.div_ceil(2)).max(1)
    }

    /// Whether all epochs are done or patience has run out.
    pub fn is_finished(&self) -> bool {
        let PairProgress { best, curve, .. } = &self.progress;
        let waited = best.map_or(0, |best| curve.iter().filter(|epoch| epoch.epoch > best.epoch && epoch.valid.is_some()).count());
        curve.len() >= self.config.train.epochs || self.config.train.patience.is_some_and(|patience| waited >= patience)
    }

    /// Trains for an epoch and evaluates if it is time; `report` hears of each step its number and its loss, and ends the epoch early, without a trace, by
    /// `false`.
    ///
    /// # Errors
    /// When the loss is no number any more, a graph has no negatives, or an op refuses its arguments. The training stands where it stood before.
    pub fn epoch(&mut self, mut report: impl FnMut(usize, f64) -> bool) -> Result<Option<PairEpoch>> {
        let before = (self.model.clone(), self.optimizer.clone(), self.progress.steps);
        let ended = self.steps_of_epoch(&mut report).and_then(|losses| losses.map(|losses| self.finish(losses)).transpose());
        if !matches!(ended, Ok(Some(_))) {
            (self.model, self.optimizer, self.progress.steps) = before;
        }
        ended
    }

    fn steps_of_epoch(&mut self, report: &mut impl FnMut(usize, f64) -> bool) -> Result<Option<[f64; 4]>> {
        let epoch = self.progress.curve.len();
        let data = self.data;
        let groups: Vec<&[Connection]> = data.train.chunk_by(|a, b| a.ends() == b.ends()).collect();
        let mut order: Vec<u32> = (0..groups.len() as u32).collect();
        shuffle(&mut order, self.config.train.seed, epoch);
        let mut sums = [0.0; 4];
        for (step, asked) in order.chunks(self.size(groups.len())).enumerate() {
            let losses = self.step(&groups, asked, epoch, step)?;
            sums.iter_mut().zip(losses).for_each(|(sum, loss)| *sum += loss * asked.len() as f64);
            if !report(step + 1, losses[0]) {
                return Ok(None);
            }
        }
        Ok(Some(sums.map(|sum| sum / groups.len() as f64)))
    }

    /// Asks for these pairs, of which the encoder sees no connection. The losses: total, edge, candidate, types.
    fn step(&mut self, groups: &[&[Connection]], asked: &[u32], epoch: usize, step: usize) -> Result<[f64; 4]> {
        let TrainConfig { precision, seed, clip, .. } = self.config.train;
        let mut is_asked = vec![false; groups.len()];
        asked.iter().for_each(|group| is_asked[*group as usize] = true);
        let seen = groups.iter().zip(&is_asked).filter(|(_, asked)| !**asked).flat_map(|(group, _)| *group);
        let messages = Messages::<Autodiff<B>>::new(seen, self.model.config(), &self.device)?;
        let mut batch = PairBatch::of(asked.iter().flat_map(|group| groups[*group as usize]), self.data);
        let corruption = Corruption { known: &self.train_known, directed: self.data.options.directed };
        let draw = Draw { seed, epoch: epoch as u64, step: step as u64 };
        let negatives = corruption.draw(&batch.pairs, self.config.negatives, draw)?;
        batch.pairs.extend(negatives);

        let masks = Masks::new(self.model.config().dropout, Some(DropoutSeed { seed, step: self.progress.steps as u64 }));
        let states = self.model.encode(&messages, self.features.as_ref(), precision, &masks)?; // [N, F]
        let logits = self.model.scorer.forward(&states, &batch.pairs, precision, &masks)?;
        let losses = losses(&logits, &batch, self.config.weights)?;
        let all = [losses.total.clone(), losses.edge, losses.candidate, losses.types];
        let mut found = [f64::NAN; 4];
        let read = Tensor::cat(all.map(Tensor::inner).to_vec(), 0).into_data();
        found.iter_mut().zip(read.iter::<f64>()).for_each(|(to, loss)| *to = loss);
        let lr = self.config.train.learning_rate().at(epoch);
        if !found[0].is_finite() {
            return Err(ModelError::Loss { epoch: epoch + 1, loss: found[0] as f32, lr });
        }
        let grads = GradientsParams::from_grads(losses.total.backward(), &self.model);
        let norm: Option<Tensor<B, 1>> = clip.map(|_| squared_norm(&self.model, &grads, &self.device));
        let coefficient = clip.zip(norm).map(|(clip, norm)| clip_coefficient(clip, norm));
        self.model = self.optimizer.step(lr, self.model.clone(), grads, GradientChange { loss_scale: 1.0, coefficient });
        self.progress.steps += 1;
        Ok(found)
    }

    fn finish(&mut self, [loss, edge, candidate, types]: [f64; 4]) -> Result<PairEpoch> {
        let epoch = self.progress.curve.len() + 1;
        let due = epoch.is_multiple_of(self.config.evaluate_every) || epoch == self.config.train.epochs;
        let evaluated = due && !self.data.valid.is_empty();
        let is_last_best = self.progress.best.is_none_or(|best| best.valid.is_none());
        let mut record = PairEpoch { epoch, loss, edge, candidate, types, valid: None };
        if evaluated || is_last_best {
            let model = self.model.valid();
            let states = encoded(&model, &self.messages, self.features.as_ref(), self.config.train.precision)?;
            if evaluated {
                record.valid = Some(evaluate(&model.scorer, &states, &self.data.valid, self.data, &self.known, &self.config)?.scores);
            }
            let is_better = match (self.progress.best.and_then(|best| best.valid), record.valid) {
                (Some(best), Some(valid)) => valid.ranks.mrr > best.ranks.mrr,
                (None, _) => true,
                (Some(_), None) => false,
            };
            if is_better {
                (self.progress.best, self.best, self.best_states) = (Some(record), model, states);
            }
        }
        self.progress.curve.push(record);
        Ok(record)
    }

    /// The metrics of the best epoch's network on the test part.
    ///
    /// # Errors
    /// A graph without negatives, or a type that the device lacks.
    pub fn test(&self) -> Result<PairEvaluation> {
        evaluate(&self.best.scorer, &self.best_states, &self.data.test, self.data, &self.known, &self.config)
    }

    /// All that is needed to predict and to go on.
    ///
    /// # Errors
    /// When a parameter is no number any more.
    pub fn checkpoint(&self) -> Result<PairCheckpoint> {
        let current = checkpoint::save::<B, _>(&self.model.valid());
        if current.values().any(|tensor| tensor.values.iter().any(|value| !value.is_finite())) {
            let (epoch, lr) = (self.progress.curve.len() + 1, self.config.train.lr);
            return Err(ModelError::Loss { epoch, loss: f32::NAN, lr });
        }
        let states: StoredTensor = checkpoint::stored(self.best_states.clone());
        Ok(PairCheckpoint {
            path: std::path::PathBuf::new(),
            network: self.model.config().clone(),
            config: self.config.clone(),
            progress: self.progress.clone(),
            data: PairData { features: hypergraphql_framework::Features::None, ..self.data.clone() },
            best: checkpoint::save::<B, _>(&self.best),
            current,
            moments: self.optimizer.stored_moments(),
            states,
        })
    }
}

/// States of nodes in f32, without dropout.
fn encoded<B: HyperBackend>(
    model: &PairPredictor<B>,
    messages: &Messages<B>,
    features: Option<&NodeFeatures<Autodiff<B>>>,
    precision: Precision,
) -> Result<Tensor<B, 2>> {
    let features = features.map(NodeFeatures::inner);
    Ok(precision.widen(model.encode(messages, features.as_ref(), precision, &Masks::none())?))
}
