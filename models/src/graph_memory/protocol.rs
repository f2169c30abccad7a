//! The proof that answers are read from the graph: the same questions under arms that take away what the network should need.

use std::collections::BTreeMap;

use hypergraphql_ops::HyperBackend;
use serde::Serialize;

use super::context::MemoryContext;
use super::model::HypergraphTransformer;
use super::reader::{EncodedBase, Reader, Scored, Scores};
use super::train::{Told, told};
use super::words::Words;
use crate::episodes::{
    Bm25, Edited, Episode, EpisodeOptions, KnowledgeBase, NameOptions, Question, QuestionKind, Schema, Size, chance, edited, fact_text,
    facts_as_text, permuted,
};
use crate::error::{ModelError, Result};

/// Facts that are put before a question in the arm of texts.
const TEXTS: usize = 5;

/// How much is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProtocolOptions {
    /// A base is drawn for each.
    pub seeds: Vec<u64>,
    /// Questions of each base.
    pub questions: usize,
    /// Slots of the bases of all arms.
    pub slots: usize,
    /// Slots of the larger bases of the second arm of the true memory; 0 leaves it out.
    pub large_slots: usize,
    /// Edits of each base, one at a time.
    pub edits: usize,
    /// How names are made: as those that the network learned from.
    #[serde(skip)]
    pub names: NameOptions,
}

impl Default for ProtocolOptions {
    fn default() -> Self {
        Self { seeds: (1..=5).collect(), questions: 2000, slots: 1000, large_slots: 10_000, edits: 20, names: NameOptions::default() }
    }
}

/// An arm of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arm {
    /// The decoder without the memory.
    GateOff,
    /// The memory as it is.
    True,
    /// The memory of larger bases.
    TrueLarge,
    /// Members permuted within each role; what was right before counts.
    Permuted,
    /// The facts that BM25 finds, as text before the question, without the memory.
    Texts,
    /// Another network, trained on pairs of members.
    Clique,
    /// Another network, trained on pairs of a node for each fact and a member.
    Star,
    /// Another network, whose entities do not hear of their other facts.
    NoMessagePassing,
}

impl Arm {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::GateOff => "gate off",
            Self::True => "true memory",
            Self::TrueLarge => "true memory, large",
            Self::Permuted => "members permuted",
            Self::Texts => "facts as text (BM25)",
            Self::Clique => "clique edges",
            Self::Star => "star edges",
            Self::NoMessagePassing => "no message passing",
        }
    }
}

/// The answers of an arm.
#[derive(Debug, Clone, Serialize)]
pub struct ArmScores {
    /// The arm.
    pub arm: Arm,
    /// Slots of its bases.
    pub slots: usize,
    /// The counts of each seed.
    pub seeds: Vec<Scores>,
}

impl ArmScores {
    /// The counts of all seeds.
    pub fn all(&self) -> Scores {
        self.seeds.iter().fold(Scores::default(), |mut all, scores| {
            all.merge(scores);
            all
        })
    }
}

/// What single edits did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Edits {
    /// Bases with one edited fact.
    pub edits: usize,
    /// Questions whose answer the edit changed.
    pub changed: usize,
    /// Those answered by the new fact.
    pub followed: usize,
    /// Other questions that were asked before and after.
    pub others: usize,
    /// Those answered as before.
    pub unchanged: usize,
}

/// A network of an arm that was trained again.
#[derive(Debug)]
pub struct Retrained<'a, B: HyperBackend> {
    /// The arm.
    pub arm: Arm,
    /// The network.
    pub model: &'a HypergraphTransformer<B>,
    /// Its context.
    pub context: &'a MemoryContext<B>,
    /// Its words.
    pub words: &'a Words,
    /// How facts are told to it.
    pub told: Told,
}

/// The whole protocol.
#[derive(Debug, Clone, Serialize)]
pub struct Protocol {
    /// The arms, in order.
    pub arms: Vec<ArmScores>,
    /// The edits.
    pub edits: Edits,
    /// The share of questions that the best constant answer of their kind gets right, mean over seeds.
    pub chance: BTreeMap<QuestionKind, f64>,
    /// The share of questions of whose gold facts BM25 has one among its first ten.
    pub text_recall: f64,
    /// Whether the logits without the memory are those of the decoder, bit by bit.
    pub bit_equal: bool,
}

/// Runs the protocol; `report` hears of each arm and seed how many questions are answered.
///
/// # Errors
/// A schema that no such bases can be drawn from; errors of the networks.
pub fn protocol<B: HyperBackend>(
    network: &Retrained<'_, B>,
    retrained: &[Retrained<'_, B>],
    schema: &Schema,
    options: &ProtocolOptions,
    report: &mut dyn FnMut(Arm, u64, usize),
) -> Result<Protocol> {
    if options.seeds.is_empty() || options.questions == 0 {
        return Err(ModelError::option("seeds and questions of the protocol", "none", "at least one of each"));
    }
    let mut protocol = Run { network, arms: BTreeMap::new(), edits: Edits::default(), chance: BTreeMap::new(), recalled: 0, asked: 0 };
    for &seed in &options.seeds {
        let draw = |slots| {
            let drawn = EpisodeOptions::evaluation(Size::Slots(slots), options.questions).of_schema(schema);
            Episode::draw(schema, &EpisodeOptions { names: options.names.clone(), ..drawn }, seed)
        };
        let episode = draw(options.slots)?;
        protocol.arms_of(&episode, options, seed, report)?;
        for other in retrained {
            let (base, questions) = told(episode.clone(), other.told, seed)?;
            let encoded = EncodedBase::new(other.model, other.context, other.words, &base)?;
            let reader = Reader::new(other.model, other.context, other.words, &encoded);
            let scored = reader.score(&questions, &mut |done| report(other.arm, seed, done))?;
            protocol.add(other.arm, options.slots, &scored);
        }
        if options.large_slots > 0 {
            let large = draw(options.large_slots)?;
            let scored =
                protocol.reader(&protocol.encode(&large.base)?).score(&large.questions, &mut |done| report(Arm::TrueLarge, seed, done))?;
            protocol.add(Arm::TrueLarge, options.large_slots, &scored);
        }
    }
    let seeds = options.seeds.len() as f64;
    Ok(Protocol {
        arms: protocol.arms.into_values().collect(),
        edits: protocol.edits,
        chance: protocol.chance.into_iter().map(|(kind, sum)| (kind, sum / seeds)).collect(),
        text_recall: protocol.recalled as f64 / protocol.asked.max(1) as f64,
        bit_equal: bit_equal(network)?,
    })
}

struct Run<'a, 'b, B: HyperBackend> {
    network: &'a Retrained<'b, B>,
    arms: BTreeMap<Arm, ArmScores>,
    edits: Edits,
    chance: BTreeMap<QuestionKind, f64>,
    recalled: usize,
    asked: usize,
}

impl<'a, B: HyperBackend> Run<'a, '_, B> {
    fn encode(&self, base: &KnowledgeBase) -> Result<EncodedBase<B>> {
        EncodedBase::new(self.network.model, self.network.context, self.network.words, base)
    }

    fn reader<'r>(&self, base: &'r EncodedBase<B>) -> Reader<'r, B>
    where
        'a: 'r,
    {
        Reader::new(self.network.model, self.network.context, self.network.words, base)
    }

    fn add(&mut self, arm: Arm, slots: usize, scored: &[Scored]) {
        self.arms.entry(arm).or_insert_with(|| ArmScores { arm, slots, seeds: vec![] }).seeds.push(Scores::of(scored));
    }

    /// The arms of the network itself on one base.
    fn arms_of(&mut self, episode: &Episode, options: &ProtocolOptions, seed: u64, report: &mut dyn FnMut(Arm, u64, usize)) -> Result<()> {
        let (slots, questions) = (options.slots, &episode.questions);
        for (kind, share) in chance(questions).by_kind {
            *self.chance.entry(kind).or_default() += share;
        }
        let encoded = self.encode(&episode.base)?;
        let scored = self.reader(&encoded).gates_off().score(questions, &mut |done| report(Arm::GateOff, seed, done))?;
        self.add(Arm::GateOff, slots, &scored);
        let scored = self.reader(&encoded).score(questions, &mut |done| report(Arm::True, seed, done))?;
        self.add(Arm::True, slots, &scored);
        let shuffled = permuted(&episode.base, seed);
        let permuted = self.reader(&self.encode(&shuffled)?).score(questions, &mut |done| report(Arm::Permuted, seed, done))?;
        self.add(Arm::Permuted, slots, &permuted);
        self.texts(episode, options, seed, report)?;
        for edit in 0..options.edits as u64 {
            let edited = edited(episode, 1, seed.wrapping_mul(1_000_003).wrapping_add(edit))?;
            self.edit(edited, questions, &scored)?;
        }
        Ok(())
    }

    /// Asks what an edit changed, and as many questions that it did not change as a batch has.
    fn edit(&mut self, edited: Edited, questions: &[Question], before: &[Scored]) -> Result<()> {
        const OTHERS: usize = 64;
        let encoded = self.encode(&edited.base)?;
        let reader = self.reader(&encoded);
        let followed = reader.score(&edited.follow, &mut |_| {})?;
        self.edits.edits += 1;
        self.edits.changed += followed.len();
        self.edits.followed += followed.iter().filter(|answer| answer.exact).count();
        let text: BTreeMap<&str, &Scored> = questions.iter().map(|question| question.text.as_str()).zip(before).collect();
        let step = edited.keep.len().div_ceil(OTHERS).max(1);
        let others: Vec<Question> = edited.keep.into_iter().step_by(step).collect();
        for (question, now) in others.iter().zip(reader.score(&others, &mut |_| {})?) {
            self.edits.others += 1;
            self.edits.unchanged += usize::from(text.get(question.text.as_str()).is_some_and(|before| before.tokens == now.tokens));
        }
        Ok(())
    }

    /// The decoder alone, with the facts that BM25 finds before each question.
    fn texts(&mut self, episode: &Episode, options: &ProtocolOptions, seed: u64, report: &mut dyn FnMut(Arm, u64, usize)) -> Result<()> {
        let index = Bm25::new(&facts_as_text(&episode.base, None));
        let mut questions = episode.questions.clone();
        for (number, question) in questions.iter_mut().enumerate() {
            let ranked = index.rank(&question.text, super::RECALL);
            if question.answer.is_some() {
                self.asked += 1;
                self.recalled += usize::from(question.gold.iter().any(|slot| ranked.iter().any(|(fact, _)| *fact == slot.fact)));
            }
            let facts = ranked.iter().take(TEXTS).map(|(fact, _)| fact_text(&episode.base, &episode.base.facts[*fact as usize], number));
            // The best stands next to the question.
            let facts: Vec<String> = facts.collect::<Vec<_>>().into_iter().rev().collect();
            question.text = format!("{} {}", facts.join(" "), question.text);
        }
        let scored = self.reader(&self.encode(&episode.base)?).gates_off().score(&questions, &mut |done| report(Arm::Texts, seed, done))?;
        self.add(Arm::Texts, options.slots, &scored);
        Ok(())
    }
}

/// Whether the network without its memory gives the logits of its decoder.
fn bit_equal<B: HyperBackend>(network: &Retrained<'_, B>) -> Result<bool> {
    let (model, context) = (network.model, network.context);
    let batch = crate::transformer::TokenBatch::new(&[network.words.prompt("a question")?])?;
    let plain = model.base.forward(&batch, &context.decoder)?;
    let h = model.hidden(&batch, context, None, None, &mut |_| {})?;
    let without = model.base.logits(h, context.precision());
    Ok(plain.into_data() == without.into_data())
}
