//! The steps of a training.

use std::path::{Path, PathBuf};

use burn::backend::Autodiff;
use burn::module::{AutodiffModule, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{HyperBackend, Index, Targets, cross_entropy, gather};
use serde::{Deserialize, Serialize};

use super::checkpoint::MemoryCheckpoint;
use super::config::{MemoryTrainConfig, StageConfig};
use super::lesson::{Lesson, told};
use super::work::{Sizes, StepWork};
use crate::checkpoint;
use crate::episodes::{Episode, KnowledgeBase, Question, Schema, Split, permuted};
use crate::graph_memory::loss::Asking;
use crate::graph_memory::{
    EncodedBase, FactGraph, HypergraphTransformer, HypergraphTransformerConfig, MemoryContext, QuestionBatch, Reader, Scores, Words,
};
use crate::train::{GradientChange, Optimizer, clip_coefficient, join_moments, squared_norm};
use crate::transformer::{Llama, LlamaConfig};
use crate::{ModelError, Result};

/// Parts the evaluation's draw from those of the steps.
const EVALUATION: u64 = 0xe7a1_0000_0000_0000;

/// What is being trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Stage 0: the decoder.
    Decoder,
    /// Stage 1: everything else.
    Memory,
}

/// The losses of a step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepLosses {
    /// What was minimised.
    pub total: f32,
    /// Of the answers, of every token in stage 0.
    pub answer: f32,
    /// Of retrieval; 0 in stage 0.
    pub retrieval: f32,
    /// Of the null slot; 0 in stage 0.
    pub null: f32,
}

/// How a network answers questions whose names and facts it has never met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MemoryEvaluation {
    /// Steps done before.
    pub step: usize,
    /// Counts by kind.
    pub scores: Scores,
    /// The same of a base whose members have changed places: what is answered still is not read. The graph-use score is the difference of the exact answers.
    pub permuted: Scores,
    /// Mean entropy of the weights that an answer read with, in nats: 0 where one slot, or the null slot, has all.
    pub entropy: f64,
    /// tanh of α and β of each memory layer.
    pub gates: Vec<[f32; 2]>,
}

impl MemoryEvaluation {
    /// The graph-use score: the share of questions that a fact answers which are exact, less that of the base with permuted members.
    pub fn graph_use(&self) -> f64 {
        self.scores.exact_of_answerable() - self.permuted.exact_of_answerable()
    }
}

/// Where a training stands.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemoryProgress {
    /// The losses of every step done, both stages.
    pub losses: Vec<StepLosses>,
    /// The evaluations.
    pub evaluations: Vec<MemoryEvaluation>,
    /// The number of the best one.
    pub best: Option<usize>,
}

/// A training that can be stepped, saved and resumed. Each step is a function of the options, the schema and the step before, also after a resume.
pub struct MemoryTrainer<B: HyperBackend> {
    config: MemoryTrainConfig,
    base: LlamaConfig,
    schema: Schema,
    words: Words,
    context: MemoryContext<Autodiff<B>>,
    inner_context: MemoryContext<B>,
    model: HypergraphTransformer<Autodiff<B>>,
    best: HypergraphTransformer<B>,
    optimizer: Optimizer<B>,
    progress: MemoryProgress,
    examination: Examination,
    work: StepWork,
    device: B::Device,
}

/// What a training is about beside its options.
#[derive(Debug, Clone)]
pub struct MemorySetup {
    /// What facts are drawn from.
    pub schema: Schema,
    /// The tokens of its words.
    pub words: Words,
    /// Sizes of the decoder.
    pub base: LlamaConfig,
    /// Sizes of the memory.
    pub memory: HypergraphTransformerConfig,
}

impl<B: HyperBackend> MemoryTrainer<B> {
    /// A training at its start, of a decoder from nothing or of one that was given, which then needs no stage 0.
    ///
    /// # Errors
    /// An option outside its domain, sizes that do not fit together, a tokenizer of another vocabulary, or a precision that the device lacks.
    pub fn new(setup: MemorySetup, config: &MemoryTrainConfig, decoder: Option<Llama<Autodiff<B>>>, device: &B::Device) -> Result<Self> {
        config.check(&setup.schema)?;
        let MemorySetup { schema, words, base, memory } = setup;
        words.tokenizer.check(base.vocab_size)?;
        if decoder.is_some() && config.base.steps > 0 {
            return Err(ModelError::option("steps of stage 0", config.base.steps, "0, as a decoder is given, which stays as it is"));
        }
        let decoder = decoder.map_or_else(|| base.init(config.seed, device), Ok)?;
        let mut model = memory.init(decoder, &base, config.seed.wrapping_add(1), device)?;
        if config.base.steps == 0 {
            model = model.freeze_base();
        }
        let examination = examination(&schema, config)?;
        Ok(Self {
            context: MemoryContext::new(&memory, &base, config.precision, device)?,
            inner_context: MemoryContext::new(&memory, &base, config.precision, device)?,
            best: model.valid(),
            model,
            optimizer: Optimizer::new(&config.optimizer(if config.base.steps > 0 { config.base } else { config.memory })),
            progress: MemoryProgress::default(),
            config: config.clone(),
            base,
            schema,
            words,
            examination,
            work: StepWork::default(),
            device: device.clone(),
        })
    }

    /// Goes on where a checkpoint stopped.
    ///
    /// # Errors
    /// When the checkpoint's tensors are not its network's.
    pub fn resume(checkpoint: MemoryCheckpoint, device: &B::Device) -> Result<Self> {
        let MemoryCheckpoint { path, setup, config, progress, best, current, moments } = checkpoint;
        // The parameters come from the checkpoint, so that it does not matter how these begin.
        let decoder = setup.base.init(config.seed, device)?;
        let model = setup.memory.init::<Autodiff<B>>(decoder, &setup.base, 0, device)?;
        let start = MemoryTrainConfig { base: StageConfig { steps: 0, ..config.base }, ..config.clone() };
        let mut trainer = Self::new(setup, &start, None, device)?;
        let sizes = current.iter().map(|(name, tensor)| (name.clone(), tensor.values.len())).collect();
        trainer.best = checkpoint::load(trainer.best, best, &path)?;
        trainer.model = checkpoint::load(model, current, &path)?;
        trainer.config = config;
        trainer.progress = progress;
        let (stage, done) = trainer.stage();
        if stage == Stage::Memory {
            trainer.model = trainer.model.freeze_base();
        }
        trainer.optimizer = trainer.new_optimizer(stage);
        let [first, second] = moments;
        trainer.optimizer.moments = join_moments(first, second, &sizes, done, &path, device)?;
        Ok(trainer)
    }

    fn new_optimizer(&self, stage: Stage) -> Optimizer<B> {
        Optimizer::new(&self.config.optimizer(self.stage_config(stage)))
    }

    fn stage_config(&self, stage: Stage) -> StageConfig {
        match stage {
            Stage::Decoder => self.config.base,
            Stage::Memory => self.config.memory,
        }
    }

    /// The stage of the next step, and the steps of it that are done.
    pub fn stage(&self) -> (Stage, usize) {
        let done = self.progress.losses.len();
        match done.checked_sub(self.config.base.steps) {
            None => (Stage::Decoder, done),
            Some(done) => (Stage::Memory, done),
        }
    }

    /// Where the training stands.
    pub fn progress(&self) -> &MemoryProgress {
        &self.progress
    }

    /// What the last step computed; nothing before the first.
    pub fn work(&self) -> StepWork {
        self.work
    }

    fn sizes(&self) -> Sizes<'_> {
        Sizes { base: &self.base, memory: self.model.config() }
    }

    /// The options.
    pub fn config(&self) -> &MemoryTrainConfig {
        &self.config
    }

    /// Steps of both stages.
    pub fn steps(&self) -> usize {
        self.config.base.steps + self.config.memory.steps
    }

    /// Whether all steps are done or patience has run out.
    pub fn is_finished(&self) -> bool {
        let waited = self.progress.best.map_or(0, |best| self.progress.evaluations.len() - 1 - best);
        self.progress.losses.len() >= self.steps() || self.config.patience.is_some_and(|patience| waited >= patience)
    }

    /// Does a step, and evaluates if it is time; `report` hears how many of the evaluation's questions are answered.
    ///
    /// # Errors
    /// When a loss or a gradient is no number any more: the training stands where it stood before.
    pub fn step(&mut self, report: &mut dyn FnMut(usize)) -> Result<StepLosses> {
        let (stage, done) = self.stage();
        if done == 0 && stage == Stage::Memory {
            self.model = self.model.clone().freeze_base();
            self.optimizer = self.new_optimizer(stage);
        }
        let (losses, total) = match stage {
            Stage::Decoder => self.speak(done)?,
            Stage::Memory => self.read(done)?,
        };
        if let Some(tensor) = losses.not_finite() {
            return Err(self.diverged(tensor.to_owned()));
        }
        let grads = GradientsParams::from_grads(total.backward(), &self.model);
        let norm = squared_norm(&self.model, &grads, &self.device);
        if !norm.clone().into_data().iter::<f32>().all(f32::is_finite) {
            let mut search = NotFinite { path: checkpoint::Path::default(), grads: &grads, found: None };
            burn::module::Module::<Autodiff<B>>::visit(&self.model, &mut search);
            let path = search.found.unwrap_or_else(|| "all parameters together".to_owned());
            return Err(self.diverged(format!("the gradient of {path}")));
        }
        let change = GradientChange { loss_scale: 1.0, coefficient: Some(clip_coefficient(self.config.clip, norm)) };
        let lr = self.config.lr(self.stage_config(stage), done);
        self.model = self.optimizer.step(lr, self.model.clone(), grads, change);
        self.progress.losses.push(losses);
        let last = self.progress.losses.len() == self.steps();
        if stage == Stage::Memory && ((done + 1).is_multiple_of(self.config.evaluate_every) || last) {
            self.evaluate(report)?;
        }
        Ok(losses)
    }

    fn diverged(&self, tensor: String) -> ModelError {
        let (stage, done) = self.stage();
        let lr = self.config.lr(self.stage_config(stage), done);
        ModelError::Diverged { step: self.progress.losses.len() + 1, tensor, lr }
    }

    /// The loss of a step of stage 0.
    fn speak(&mut self, done: usize) -> Result<(StepLosses, Tensor<Autodiff<B>, 1>)> {
        let batch = Lesson::speech(&self.schema, &self.config, &self.words, done)?;
        self.work = self.sizes().decoder(&batch);
        let loss = speech_loss(&self.model.base, &batch, &self.context)?;
        let value = value(&loss);
        Ok((StepLosses { total: value, answer: value, retrieval: 0.0, null: 0.0 }, loss))
    }

    /// The losses of a step of stage 1.
    fn read(&mut self, done: usize) -> Result<(StepLosses, Tensor<Autodiff<B>, 1>)> {
        let Lesson { facts, batch } = Lesson::draw(&self.schema, &self.config, &self.words, done)?;
        let graph = FactGraph::new(&facts, self.base.vocab_size, self.model.config().name_places, &self.device)?;
        self.work = self.sizes().memory(&batch, &facts);
        let names = self.words.names(&facts);
        let losses = self.model.losses(&batch, &Asking { graph: &graph, names: &names }, &self.context, self.config.losses)?;
        // One read for all of them: each waits for the device.
        let all =
            Tensor::cat([&losses.total, &losses.answer, &losses.retrieval, &losses.null].map(|loss| loss.clone().inner()).to_vec(), 0);
        let read: Vec<f32> = all.into_data().iter::<f32>().collect();
        let [total, answer, retrieval, null] = <[f32; 4]>::try_from(read).unwrap_or([f32::NAN; 4]);
        Ok((StepLosses { total, answer, retrieval, null }, losses.total))
    }

    /// Asks the questions of the evaluation.
    fn evaluate(&mut self, report: &mut dyn FnMut(usize)) -> Result<()> {
        let model = self.model.valid();
        let Examination { base, permuted, questions } = &self.examination;
        let ask = |base: &KnowledgeBase, report: &mut dyn FnMut(usize)| {
            let encoded = EncodedBase::new(&model, &self.inner_context, &self.words, base)?;
            Reader::new(&model, &self.inner_context, &self.words, &encoded).score(questions, report)
        };
        let scored = ask(base, report)?;
        let permuted = ask(permuted, &mut |_| {})?;
        let entropy = scored.iter().map(|answer| answer.entropy).sum::<f64>() / scored.len().max(1) as f64;
        let gate = |gate: &Param<Tensor<B, 1>>| value(&gate.val().tanh());
        let gates = model.layers.iter().map(|layer| [gate(&layer.alpha), gate(&layer.beta)]).collect();
        let evaluation = MemoryEvaluation {
            step: self.progress.losses.len(),
            scores: Scores::of(&scored),
            permuted: Scores::of(&permuted),
            entropy,
            gates,
        };
        let exact = |evaluation: &MemoryEvaluation| evaluation.scores.exact_of_all();
        let is_better = self.progress.best.is_none_or(|best| exact(&evaluation) > exact(&self.progress.evaluations[best]));
        if is_better {
            (self.best, self.progress.best) = (model, Some(self.progress.evaluations.len()));
        }
        self.progress.evaluations.push(evaluation);
        Ok(())
    }

    /// The network of the best evaluation; as it began where there was none yet.
    pub fn best(&self) -> &HypergraphTransformer<B> {
        &self.best
    }

    /// All that is needed to answer and to go on.
    pub fn checkpoint(&self) -> MemoryCheckpoint {
        let setup = MemorySetup {
            schema: self.schema.clone(),
            words: self.words.clone(),
            base: self.base.clone(),
            memory: self.model.config().clone(),
        };
        MemoryCheckpoint {
            path: PathBuf::new(),
            setup,
            config: self.config.clone(),
            progress: self.progress.clone(),
            best: checkpoint::save::<B, _>(&self.best),
            current: checkpoint::save::<B, _>(&self.model.valid()),
            moments: self.optimizer.stored_moments(),
        }
    }

    /// Writes the checkpoint.
    ///
    /// # Errors
    /// When the system refuses; what stood there stands there still.
    pub fn save(&self, path: &Path) -> Result<()> {
        self.checkpoint().write(path)
    }
}

/// The mean loss of every token of texts.
fn speech_loss<B: HyperBackend>(base: &Llama<B>, batch: &QuestionBatch, context: &MemoryContext<B>) -> Result<Tensor<B, 1>> {
    let h = base.hidden(&batch.tokens, &context.decoder, None, &mut |_, x| Ok(x))?;
    let h = gather(h, &Index::new(&batch.rows, batch.tokens.ids().len(), context.device())?)?;
    let logits = base.logits(h, context.precision());
    let targets: Vec<Option<u32>> = batch.targets.iter().copied().map(Some).collect();
    let targets = Targets::new(&targets, logits.dims()[1], context.device())?;
    Ok(cross_entropy(logits, &targets)?.mean())
}

/// Questions of evaluations, about names and facts that no step draws.
struct Examination {
    base: KnowledgeBase,
    permuted: KnowledgeBase,
    questions: Vec<Question>,
}

fn examination(schema: &Schema, config: &MemoryTrainConfig) -> Result<Examination> {
    let mut options = config.episodes(schema, config.evaluation_slots, config.evaluation_questions);
    options.split = Split::Test;
    let seed = config.seed ^ EVALUATION;
    let (base, questions) = told(Episode::draw(schema, &options, seed)?, config.told, seed)?;
    Ok(Examination { permuted: permuted(&base, config.seed), base, questions })
}

fn value<B: Backend>(loss: &Tensor<B, 1>) -> f32 {
    loss.clone().into_data().iter::<f32>().next().unwrap_or(f32::NAN)
}

impl StepLosses {
    /// The name of a loss that is no number.
    fn not_finite(&self) -> Option<&'static str> {
        let named = [
            ("the retrieval loss", self.retrieval),
            ("the loss of the null slot", self.null),
            ("the loss of the answers", self.answer),
            ("the sum of the losses", self.total),
        ];
        named.into_iter().find(|(_, loss)| !loss.is_finite()).map(|(name, _)| name)
    }
}

/// Looks for the first parameter whose gradient is not finite.
struct NotFinite<'a> {
    path: checkpoint::Path,
    grads: &'a GradientsParams,
    found: Option<String>,
}

impl<B: HyperBackend> ModuleVisitor<Autodiff<B>> for NotFinite<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<Autodiff<B>, D>>) {
        if self.found.is_none()
            && let Some(grad) = self.grads.get::<B, D>(param.id)
            && !grad.into_data().iter::<f32>().all(f32::is_finite)
        {
            self.found = Some(self.path.name());
        }
    }
}
