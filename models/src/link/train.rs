//! The training of a link predictor: shuffled batches of questions, each once an epoch with all its answers; cross entropy over all entities.

use std::sync::Arc;

use burn::backend::Autodiff;
use burn::module::AutodiffModule;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use hypergraphql_framework::links::{Link, LinkDataset};
use hypergraphql_ops::HyperBackend;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::candidates::Candidates;
use super::checkpoint::LinkCheckpoint;
use super::loss::{Objective, loss};
use super::predictor::{LinkConfig, LinkPredictor};
use super::queries::{Answers, Query, Question, queries, questions};
use super::ranking::{RankMetrics, rank};
use crate::checkpoint;
use crate::classifier::DropoutSeed;
use crate::layers::Masks;
use crate::precision::Precision;
use crate::statements::{StatementList, Statements};
use crate::train::{ClassWeights, GradientChange, Optimizer, TrainConfig, clip_coefficient, squared_norm};
use crate::{ModelError, Result};

/// The options of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkTrainConfig {
    /// Seed, epochs, optimiser, learning rate and precision; patience counts evaluations. There are no classes that could have weights.
    pub train: TrainConfig,
    /// Questions of a step.
    pub batch_size: usize,
    /// Epochs from one evaluation on the validation part to the next; the last epoch has one, too.
    pub evaluate_every: usize,
    /// Wrong answers that a step draws, from those that answer none of its questions, and that stand for all of these in its softmax; `None`: all entities
    /// take part. A step costs in proportion.
    #[serde(default)]
    pub negatives: Option<usize>,
    /// The share of the right that all entities have together, from 0 to below 1; the rest is that of a question's answers.
    #[serde(default)]
    pub label_smoothing: f64,
}

impl Default for LinkTrainConfig {
    fn default() -> Self {
        let train = TrainConfig { epochs: 100, lr: 1e-3, ..TrainConfig::default() };
        Self { train, batch_size: 1024, evaluate_every: 5, negatives: None, label_smoothing: 0.0 }
    }
}

impl LinkTrainConfig {
    /// Checks the domains.
    ///
    /// # Errors
    /// Names the option.
    pub fn check(&self) -> Result<()> {
        self.train.check()?;
        if self.train.precision == Precision::F16 {
            return Err(ModelError::option("precision", "f16", "f32 or bf16: steps are not scaled for the range of f16"));
        }
        if self.train.class_weights != ClassWeights::None {
            return Err(ModelError::option("class-weights", &self.train.class_weights, "none in link prediction"));
        }
        if !(0.0..1.0).contains(&self.label_smoothing) {
            return Err(ModelError::option("label-smoothing", self.label_smoothing, "0 to below 1"));
        }
        let negatives = self.negatives.unwrap_or(1);
        for (what, value) in [("batch-size", self.batch_size), ("evaluate-every", self.evaluate_every), ("negatives", negatives)] {
            if value == 0 {
                return Err(ModelError::option(what, 0, "at least 1"));
            }
        }
        Ok(())
    }
}

/// An epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LinkEpoch {
    /// From 1.
    pub epoch: usize,
    /// Mean loss of its questions, with dropout.
    pub loss: f64,
    /// On the validation part, where it was evaluated.
    pub valid: Option<RankMetrics>,
}

/// Where a training stands.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkProgress {
    /// Steps of the optimiser.
    pub steps: usize,
    /// The epoch with the best validation MRR; the last one where there is no validation part.
    pub best: Option<LinkEpoch>,
    /// Every epoch done.
    pub curve: Vec<LinkEpoch>,
}

/// Statements on a device, for the encoder.
///
/// # Errors
/// An entity or a relation that is not below these numbers, or what 32-bit indices or the device cannot hold.
pub fn statements<B: HyperBackend>(links: &[Link], entities: usize, relations: usize, device: &B::Device) -> Result<Statements<B>> {
    let mut list = StatementList::new();
    for link in links {
        list.push([link.subject, link.relation, link.object], &link.qualifiers);
    }
    Statements::new(&list, entities, relations, device)
}

/// The metrics of a predictor on both questions of statements, filtered by all known answers; `report` hears of each batch how many questions are done.
///
/// # Errors
/// Statements that the predictor does not fit, or a type that the device lacks.
pub fn evaluate<B: HyperBackend>(
    model: &LinkPredictor<B>,
    statements: &Statements<B>,
    links: &[Link],
    known: &Answers,
    config: &LinkTrainConfig,
    mut report: impl FnMut(usize),
) -> Result<RankMetrics> {
    let (none, precision) = (Masks::none(), config.train.precision);
    let encoded = model.encode(statements, precision, &none)?;
    let mut asked: Vec<(Query<'_>, u32)> = queries(links, model.config().relations).collect();
    // Statements that ask the same share its scores.
    asked.sort_by_key(|(query, _)| (query.entity, query.relation, query.qualifiers));
    let questions: Vec<&[(Query<'_>, u32)]> = asked.chunk_by(|(a, _), (b, _)| a == b).collect();
    let mut ranks = Vec::with_capacity(asked.len());
    for batch in questions.chunks(config.batch_size) {
        let queries: Vec<Query<'_>> = batch.iter().map(|statements| statements[0].0).collect();
        let scores: Vec<f32> = model.scores(&encoded, &queries, precision, &none)?.into_data().iter::<f32>().collect();
        let rows = scores.par_chunks_exact(model.config().entities).zip(batch);
        let found = rows.map(|(row, statements)| {
            let known = known.to(&statements[0].0);
            statements.iter().map(|(_, answer)| rank(row, *answer, known)).collect::<Vec<_>>()
        });
        ranks.extend(found.collect::<Vec<_>>().into_iter().flatten());
        report(ranks.len());
    }
    Ok(RankMetrics::of(ranks))
}

/// A training that can be stepped, saved and resumed. Each epoch is a function of the options, the data and the epoch before, also after a resume.
pub struct LinkTrainer<'a, B: HyperBackend> {
    data: &'a LinkDataset,
    /// Shared so that a step may change the rest of the trainer while it reads them.
    questions: Arc<[Question<'a>]>,
    known: Answers,
    config: LinkTrainConfig,
    statements: Statements<Autodiff<B>>,
    model: LinkPredictor<Autodiff<B>>,
    best: LinkPredictor<B>,
    optimizer: Optimizer<B>,
    progress: LinkProgress,
    device: B::Device,
}

impl<'a, B: HyperBackend> LinkTrainer<'a, B> {
    /// A training at its start.
    ///
    /// # Errors
    /// An option outside its domain, a network of other entities or relations, or a precision that the device lacks.
    pub fn new(data: &'a LinkDataset, network: &LinkConfig, config: &LinkTrainConfig, device: &B::Device) -> Result<Self> {
        config.check()?;
        config.train.precision.check::<B>(device)?;
        for (what, got, expected) in
            [("entities", network.entities, data.entities.len()), ("relations", network.relations, data.relations.len())]
        {
            if got != expected {
                return Err(ModelError::option(what, got, format!("{expected}, as the data has")));
            }
        }
        let model = network.init::<Autodiff<B>>(device, config.train.seed)?;
        Ok(Self {
            data,
            questions: questions(&data.train, data.relations.len()).into(),
            known: Answers::of(data.all(), data.relations.len()),
            statements: statements(&data.train, data.entities.len(), data.relations.len(), device)?,
            best: model.valid(),
            model,
            optimizer: Optimizer::new(&config.train),
            config: config.clone(),
            progress: LinkProgress::default(),
            device: device.clone(),
        })
    }

    /// Goes on where a checkpoint stopped.
    ///
    /// # Errors
    /// When the data is another, or the checkpoint's tensors are not its network's.
    pub fn resume(data: &'a LinkDataset, checkpoint: LinkCheckpoint, device: &B::Device) -> Result<Self> {
        checkpoint.check_data(data)?;
        let mut trainer = Self::new(data, &checkpoint.network, &checkpoint.config, device)?;
        let LinkCheckpoint { path, progress, best, current, moments, .. } = checkpoint;
        trainer.best = checkpoint::load(trainer.best, best, &path)?;
        let sizes = current.iter().map(|(name, tensor)| (name.clone(), tensor.values.len())).collect();
        trainer.model = checkpoint::load(trainer.model, current, &path)?;
        let [first, second] = moments;
        trainer.optimizer.moments = crate::train::join_moments(first, second, &sizes, progress.steps, &path, device)?;
        trainer.progress = progress;
        Ok(trainer)
    }

    /// Where the training stands.
    pub fn progress(&self) -> &LinkProgress {
        &self.progress
    }

    /// The options.
    pub fn config(&self) -> &LinkTrainConfig {
        &self.config
    }

    /// Sizes and options of the network.
    pub fn network(&self) -> &LinkConfig {
        self.model.config()
    }

    /// Steps of an epoch.
    pub fn steps(&self) -> usize {
        self.questions.len().div_ceil(self.config.batch_size)
    }

    /// Whether all epochs are done or patience has run out.
    pub fn is_finished(&self) -> bool {
        let waited = self
            .progress
            .best
            .map_or(0, |best| self.progress.curve.iter().filter(|epoch| epoch.epoch > best.epoch && epoch.valid.is_some()).count());
        self.progress.curve.len() >= self.config.train.epochs || self.config.train.patience.is_some_and(|patience| waited >= patience)
    }

    /// Trains for an epoch and evaluates if it is time; `report` hears of each step its number and its loss, and ends the epoch early, without a trace, by
    /// `false`.
    ///
    /// # Errors
    /// When the loss is no number any more, or an op refuses its arguments. The training stands where it stood before.
    pub fn epoch(&mut self, mut report: impl FnMut(usize, f64) -> bool) -> Result<Option<LinkEpoch>> {
        let before = (self.model.clone(), self.optimizer.clone(), self.progress.steps);
        let loss = self.steps_of_epoch(&mut report);
        match loss {
            Ok(Some(loss)) => self.finish(loss).map(Some),
            stopped => {
                (self.model, self.optimizer, self.progress.steps) = before;
                stopped.map(|_| None)
            }
        }
    }

    fn steps_of_epoch(&mut self, report: &mut impl FnMut(usize, f64) -> bool) -> Result<Option<f64>> {
        let epoch = self.progress.curve.len();
        let questions = Arc::clone(&self.questions);
        let mut asked: Vec<&Question<'_>> = questions.iter().collect();
        shuffle(&mut asked, self.config.train.seed, epoch);
        let mut sum = 0.0;
        for (step, batch) in asked.chunks(self.config.batch_size).enumerate() {
            let loss = self.step(batch, epoch)?;
            sum += loss * batch.len() as f64;
            if !report(step + 1, loss) {
                return Ok(None);
            }
        }
        Ok(Some(sum / asked.len() as f64))
    }

    fn step(&mut self, batch: &[&Question<'_>], epoch: usize) -> Result<f64> {
        let TrainConfig { precision, seed, clip, .. } = self.config.train;
        let masks = Masks::new(self.model.config().dropout, Some(DropoutSeed { seed, step: self.progress.steps as u64 }));
        let encoded = self.model.encode(&self.statements, precision, &masks)?;
        let entities = self.data.entities.len();
        let candidates = self.config.negatives.map(|negatives| Candidates::draw(batch, entities, negatives, seed, self.progress.steps));
        let objective = Objective { candidates: candidates.as_ref(), smoothing: self.config.label_smoothing };
        let loss = loss(&self.model, &encoded, batch, objective, precision, &masks)?; // [1]
        let value = f64::from(loss.clone().inner().into_data().iter::<f32>().next().unwrap_or(f32::NAN));
        if !value.is_finite() {
            let lr = self.config.train.learning_rate().at(epoch);
            return Err(ModelError::Loss { epoch: epoch + 1, loss: value as f32, lr });
        }
        let grads = GradientsParams::from_grads(loss.backward(), &self.model);
        let norm: Option<Tensor<B, 1>> = clip.map(|_| squared_norm(&self.model, &grads, &self.device));
        let coefficient = clip.zip(norm).map(|(clip, norm)| clip_coefficient(clip, norm));
        let lr = self.config.train.learning_rate().at(epoch);
        self.model = self.optimizer.step(lr, self.model.clone(), grads, GradientChange { loss_scale: 1.0, coefficient });
        self.progress.steps += 1;
        Ok(value)
    }

    fn finish(&mut self, loss: f64) -> Result<LinkEpoch> {
        let epoch = self.progress.curve.len() + 1;
        let due = epoch.is_multiple_of(self.config.evaluate_every) || epoch == self.config.train.epochs;
        let model = self.model.valid();
        let valid = match due && !self.data.valid.is_empty() {
            true => Some(evaluate(&model, &self.statements.inner(), &self.data.valid, &self.known, &self.config, |_| {})?),
            false => None,
        };
        let record = LinkEpoch { epoch, loss, valid };
        let is_better = match (self.progress.best.and_then(|best| best.valid), valid) {
            (Some(best), Some(valid)) => valid.mrr > best.mrr,
            (None, _) => true,
            (Some(_), None) => false,
        };
        if is_better {
            (self.progress.best, self.best) = (Some(record), model);
        }
        self.progress.curve.push(record);
        Ok(record)
    }

    /// The metrics of the best epoch's predictor on the test part; `report` hears how many questions are done.
    ///
    /// # Errors
    /// A type that the device lacks.
    pub fn test(&self, report: impl FnMut(usize)) -> Result<RankMetrics> {
        evaluate(&self.best, &self.statements.inner(), &self.data.test, &self.known, &self.config, report)
    }

    /// All that is needed to predict and to go on.
    ///
    /// # Errors
    /// When a parameter is no number any more.
    pub fn checkpoint(&self) -> Result<LinkCheckpoint> {
        let current = checkpoint::save::<B, _>(&self.model.valid());
        if current.values().any(|tensor| tensor.values.iter().any(|value| !value.is_finite())) {
            let (epoch, lr) = (self.progress.curve.len() + 1, self.config.train.lr);
            return Err(ModelError::Loss { epoch, loss: f32::NAN, lr });
        }
        Ok(LinkCheckpoint {
            path: std::path::PathBuf::new(),
            network: self.model.config().clone(),
            config: self.config.clone(),
            progress: self.progress.clone(),
            entities: self.data.entities.clone(),
            relations: self.data.relations.clone(),
            train: self.data.train.clone(),
            best: checkpoint::save::<B, _>(&self.best),
            current,
            moments: self.optimizer.stored_moments(),
        })
    }
}

/// Fisher and Yates, by a generator of the seed and the epoch.
pub(crate) fn shuffle<T>(items: &mut [T], seed: u64, epoch: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(epoch as u64 + 1);
    for last in (1..items.len()).rev() {
        let at = ((u128::from(rng.next_u64()) * (last as u128 + 1)) >> 64) as usize;
        items.swap(last, at);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn epochs_are_shuffled_each_in_its_way() {
        let order = |seed, epoch| {
            let mut items: Vec<usize> = (0..100).collect();
            shuffle(&mut items, seed, epoch);
            items
        };
        assert_eq!(order(1, 2), order(1, 2));
        assert_ne!(order(1, 2), order(1, 3));
        assert_ne!(order(1, 2), order(2, 2));
        assert_eq!(order(7, 0).into_iter().collect::<BTreeSet<_>>().len(), 100);
    }
}
