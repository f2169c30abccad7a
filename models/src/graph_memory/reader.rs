//! A network with the facts that it reads, asked questions.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use burn::tensor::Tensor;
use hypergraphql_ops::HyperBackend;
use serde::{Deserialize, Serialize};

use super::context::MemoryContext;
use super::copy::Names;
use super::decoder::MemoryDecoder;
use super::facts::{FactGraph, FactList};
use super::layer::Memory;
use super::model::HypergraphTransformer;
use super::words::Words;
use crate::episodes::{KnowledgeBase, Question, QuestionKind};
use crate::error::{ModelError, Result};
use crate::text::{Answer, TextOptions, answer_tokens};
use crate::transformer::{Emitted, Evidence, GenerateOptions, Generated, generate};

/// Slots among which a gold one counts as recalled.
pub const RECALL: usize = 10;
/// Prompts that are answered at once.
const BATCH: usize = 64;

/// A knowledge base, encoded once for a network.
#[derive(Debug)]
pub struct EncodedBase<B: HyperBackend> {
    offsets: Vec<u32>,
    names: Names,
    memory: Memory<B>,
}

impl<B: HyperBackend> EncodedBase<B> {
    /// Encodes a knowledge base.
    ///
    /// # Errors
    /// No facts, or names that the tokenizer or the model has no tokens for.
    pub fn new(model: &HypergraphTransformer<B>, context: &MemoryContext<B>, words: &Words, base: &KnowledgeBase) -> Result<Self> {
        let facts = words.facts(base)?;
        let vocabulary = model.base.embedding.dims()[0];
        let graph = FactGraph::new(&facts, vocabulary, model.config().name_places, context.device())?;
        let memory = model.encode(&graph, context.precision())?;
        let names = words.names(&facts);
        Ok(Self { offsets: base.offsets(), names, memory })
    }

    /// The facts, whose slots the evidence of answers names.
    pub fn facts(&self) -> &FactList {
        self.memory.facts.list()
    }

    /// Bytes of keys and values.
    pub fn bytes(&self) -> usize {
        let bytes = |x: &Tensor<B, 4>| x.dims().iter().product::<usize>() * x.dtype().size();
        self.memory.layers.iter().map(|slots| bytes(&slots.keys) + bytes(&slots.values)).sum()
    }
}

/// A network and the knowledge base that it reads.
#[derive(Debug)]
pub struct Reader<'a, B: HyperBackend> {
    model: &'a HypergraphTransformer<B>,
    context: &'a MemoryContext<B>,
    words: &'a Words,
    base: &'a EncodedBase<B>,
    reads: bool,
}

/// How a question was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// Its kind.
    pub kind: QuestionKind,
    /// Whether the answer is the right name, or the refusal where there is none.
    pub exact: bool,
    /// Whether a gold slot is among the first [`RECALL`] of the evidence.
    pub recalled: bool,
    /// Whether the answer is the refusal.
    pub refused: bool,
    /// Entropy in nats of the weights of the slots and the null slot, means over the rows that answered.
    pub entropy: f64,
    /// The tokens of the answer.
    pub tokens: Vec<u32>,
}

/// Counts of questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Score {
    /// All.
    pub asked: usize,
    /// Those answered exactly.
    pub exact: usize,
    /// Those of whose gold slots one is among the first [`RECALL`].
    pub recalled: usize,
    /// Those refused.
    pub refused: usize,
}

/// Counts by kind of question.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scores(pub BTreeMap<QuestionKind, Score>);

impl<'a, B: HyperBackend> Reader<'a, B> {
    /// Of a knowledge base that was encoded for the network.
    pub fn new(model: &'a HypergraphTransformer<B>, context: &'a MemoryContext<B>, words: &'a Words, base: &'a EncodedBase<B>) -> Self {
        Self { model, context, words, base, reads: true }
    }

    /// The same network without the memory: the decoder alone.
    #[must_use]
    pub fn gates_off(mut self) -> Self {
        self.reads = false;
        self
    }

    fn decoder(&self) -> MemoryDecoder<'a, B> {
        let EncodedBase { names, memory, .. } = self.base;
        MemoryDecoder::new(self.model, self.context, self.reads.then_some(memory), names)
    }

    /// Answers prompts, all at once; the token that ends an answer is added to `options`.
    ///
    /// # Errors
    /// As [`generate`].
    pub fn generate(
        &self,
        prompts: &[Vec<u32>],
        options: &GenerateOptions,
        on_token: &mut dyn FnMut(Emitted) -> ControlFlow<()>,
    ) -> Result<Vec<Generated>> {
        let mut options = options.clone();
        options.end.push(self.words.end);
        generate(&mut self.decoder(), prompts, &options, on_token)
    }

    /// Answers questions as text, all at once. `on_text` is called with the number of a question and the next piece of its answer and may end it; the token that ends
    /// an answer is added to `options`.
    ///
    /// # Errors
    /// An empty question; errors of [`generate`].
    pub fn answer<S: AsRef<str>>(
        &self,
        questions: &[S],
        options: &TextOptions,
        on_text: &mut dyn FnMut(usize, &str) -> ControlFlow<()>,
    ) -> Result<Vec<Answer>> {
        let prompt = |(number, question): (usize, &S)| match question.as_ref().trim() {
            "" => Err(ModelError::Tokens { what: format!("question {number}"), got: 0, expected: "some text".to_owned() }),
            text => self.words.prompt(text),
        };
        let prompts = questions.iter().enumerate().map(prompt).collect::<Result<Vec<_>>>()?;
        let mut options = options.clone();
        options.tokens.end.push(self.words.end);
        answer_tokens(&mut self.decoder(), &self.words.tokenizer, &prompts, &options, on_text)
    }

    /// Asks questions about the knowledge base, greedily; `report` hears how many are answered.
    ///
    /// # Errors
    /// As [`generate`](Self::generate).
    pub fn score(&self, questions: &[Question], report: &mut dyn FnMut(usize)) -> Result<Vec<Scored>> {
        let longest = self.base.facts().entities().iter().map(Vec::len).max().unwrap_or(0);
        let options = GenerateOptions { max_tokens: longest + 1, ..GenerateOptions::default() };
        let refusal = self.words.refusal()?;
        let mut scored = Vec::with_capacity(questions.len());
        for batch in questions.chunks(BATCH) {
            let asked = batch
                .iter()
                .map(|question| self.words.asked(self.base.facts(), question, &self.base.offsets))
                .collect::<Result<Vec<_>>>()?;
            let prompts: Vec<Vec<u32>> = asked.iter().map(|asked| asked.prompt.clone()).collect();
            let answers = self.generate(&prompts, &options, &mut |_| ControlFlow::Continue(()))?;
            for ((question, asked), answer) in batch.iter().zip(asked).zip(answers) {
                scored.push(Scored {
                    kind: question.kind,
                    exact: answer.tokens == asked.answer,
                    recalled: answer.evidence.iter().take(RECALL).any(|evidence| asked.gold.contains(&evidence.slot)),
                    refused: answer.tokens == refusal,
                    entropy: entropy(&answer.evidence),
                    tokens: answer.tokens,
                });
            }
            report(scored.len());
        }
        Ok(scored)
    }
}

/// −Σ w ln w over the slots and the null slot, which has the rest.
fn entropy(evidence: &[Evidence]) -> f64 {
    let null = 1.0 - evidence.iter().map(|slot| slot.weight).sum::<f64>();
    let weights = evidence.iter().map(|slot| slot.weight).chain([null]);
    // The sum of a row is 1 but for rounding.
    weights.filter(|weight| *weight > 0.0).map(|weight| -weight * weight.ln()).sum::<f64>().max(0.0)
}

impl Scores {
    /// Counts answers.
    pub fn of(scored: &[Scored]) -> Self {
        let mut scores = Self::default();
        scored.iter().for_each(|answer| scores.add(answer));
        scores
    }

    fn add(&mut self, answer: &Scored) {
        let score = self.0.entry(answer.kind).or_default();
        score.asked += 1;
        score.exact += usize::from(answer.exact);
        score.recalled += usize::from(answer.recalled);
        score.refused += usize::from(answer.refused);
    }

    /// Adds the counts of other questions.
    pub fn merge(&mut self, other: &Self) {
        for (kind, more) in &other.0 {
            let score = self.0.entry(*kind).or_default();
            score.asked += more.asked;
            score.exact += more.exact;
            score.recalled += more.recalled;
            score.refused += more.refused;
        }
    }

    /// The share of questions of a kind that were answered exactly; `None` where none was asked.
    pub fn exact(&self, kind: QuestionKind) -> Option<f64> {
        self.0.get(&kind).map(|score| share(score.exact, score.asked))
    }

    /// The share answered exactly of the questions that a fact answers.
    pub fn exact_of_answerable(&self) -> f64 {
        let answerable = self.0.iter().filter(|(kind, _)| **kind != QuestionKind::Unanswerable);
        let (exact, asked) = answerable.fold((0, 0), |(exact, asked), (_, score)| (exact + score.exact, asked + score.asked));
        share(exact, asked)
    }

    /// The share of all answered exactly.
    pub fn exact_of_all(&self) -> f64 {
        let (exact, asked) = self.0.values().fold((0, 0), |(exact, asked), score| (exact + score.exact, asked + score.asked));
        share(exact, asked)
    }

    /// The share of questions that a fact answers with a gold slot among the first [`RECALL`].
    pub fn recall(&self) -> f64 {
        let answerable = self.0.iter().filter(|(kind, _)| **kind != QuestionKind::Unanswerable);
        let (recalled, asked) = answerable.fold((0, 0), |(recalled, asked), (_, score)| (recalled + score.recalled, asked + score.asked));
        share(recalled, asked)
    }

    /// The F1 of refusing what no fact answers: 2 hits / (refusals + unanswerable questions).
    pub fn refusal_f1(&self) -> f64 {
        let unanswerable = self.0.get(&QuestionKind::Unanswerable).copied().unwrap_or_default();
        let refused: usize = self.0.values().map(|score| score.refused).sum();
        share(2 * unanswerable.refused, refused + unanswerable.asked)
    }
}

fn share(part: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_is_of_all_weights() {
        let slot = |weight| Evidence { slot: 0, weight };
        assert_eq!(entropy(&[slot(1.0)]), 0.0);
        assert_eq!(entropy(&[]), 0.0);
        assert!((entropy(&[slot(0.5), slot(0.25)]) - 1.5 * 2f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn shares_are_of_what_was_asked() {
        let answer = |kind, exact, recalled, refused| Scored { kind, exact, recalled, refused, entropy: 0.0, tokens: vec![] };
        let scores = Scores::of(&[
            answer(QuestionKind::OneHop, true, true, false),
            answer(QuestionKind::OneHop, false, true, true),
            answer(QuestionKind::TwoKey, false, false, false),
            answer(QuestionKind::Unanswerable, true, false, true),
            answer(QuestionKind::Unanswerable, false, false, false),
        ]);
        assert_eq!((scores.exact(QuestionKind::OneHop), scores.exact(QuestionKind::TwoHop)), (Some(0.5), None));
        assert!((scores.exact_of_all() - 0.4).abs() < 1e-12);
        assert!((scores.recall() - 2.0 / 3.0).abs() < 1e-12);
        assert!((scores.exact_of_answerable() - 1.0 / 3.0).abs() < 1e-12);
        // 1 hit, 2 refusals, 2 unanswerable questions.
        assert!((scores.refusal_f1() - 0.5).abs() < 1e-12);
        let mut twice = scores.clone();
        twice.merge(&scores);
        assert_eq!(twice.0[&QuestionKind::OneHop], Score { asked: 4, exact: 2, recalled: 4, refused: 2 });
        assert_eq!(Scores::default().exact_of_all(), 0.0);
    }
}
