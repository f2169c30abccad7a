//! What a step reads.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::config::{MemoryTrainConfig, Told};
use crate::episodes::{Episode, KnowledgeBase, NameOptions, Names as FreshNames, Question, Schema, Split, clique, fact_text, star};
use crate::error::Result;
use crate::graph_memory::{Asked, FactList, QuestionBatch, Words};

/// Facts and questions about them, in tokens.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// The facts.
    pub facts: FactList,
    /// The questions.
    pub batch: QuestionBatch,
}

/// A knowledge base with questions, told as the options say.
///
/// # Errors
/// Where there are too few names for the nodes of a star.
pub fn told(episode: Episode, told: Told, seed: u64) -> Result<(KnowledgeBase, Vec<Question>)> {
    let rewritten = match told {
        Told::Hyperedges => return Ok((episode.base, episode.questions)),
        Told::Clique => clique(&episode.base, &episode.questions),
        Told::Star => star(&episode.base, &episode.questions, &FreshNames::new(&NameOptions::default())?, Split::Train, seed)?,
    };
    Ok((rewritten.base, rewritten.questions))
}

impl Lesson {
    /// The lesson of a step of stage 1.
    ///
    /// # Errors
    /// A schema that no base of this size can be drawn from, or names that the tokenizer has no tokens for.
    pub fn draw(schema: &Schema, config: &MemoryTrainConfig, words: &Words, step: usize) -> Result<Self> {
        let mut rng = stream(config.seed, step);
        let [least, most] = config.slots.map(|slots| (slots as f64).ln());
        let slots = (least + unit(&mut rng) * (most - least)).exp().round() as usize;
        let seed = rng.next_u64();
        let episode = Episode::draw(schema, &config.episodes(schema, slots, config.questions), seed)?;
        let (base, questions) = told(episode, config.told, seed)?;
        let (facts, offsets) = (words.facts(&base)?, base.offsets());
        let asked = questions.iter().map(|question| words.asked(&facts, question, &offsets)).collect::<Result<_>>()?;
        Ok(Self { batch: QuestionBatch::new(asked, words.end)?, facts })
    }

    /// The texts of a step of stage 0. Of the questions a third have the answer's fact and another before them, to be read there; of the others half are answered by
    /// the refusal and half by the name of a random entity, so that the decoder learns to speak and no fact. Every token is to be told.
    ///
    /// # Errors
    /// As [`draw`](Self::draw).
    pub fn speech(schema: &Schema, config: &MemoryTrainConfig, words: &Words, step: usize) -> Result<QuestionBatch> {
        let mut rng = stream(config.seed ^ SPEECH, step);
        let episode = Episode::draw(schema, &config.episodes(schema, config.slots[0], config.questions), rng.next_u64())?;
        let entities = episode.base.entities.len() as u64;
        let mut texts = Vec::with_capacity(episode.questions.len());
        for question in &episode.questions {
            let way = rng.next_u32() % 3;
            let (before, answer) = match (way, question.answer, question.gold.first()) {
                (0, Some(answer), Some(gold)) => {
                    let other = (rng.next_u64() % episode.base.facts.len() as u64) as usize;
                    let mut facts = [gold.fact as usize, other]
                        .map(|fact| fact_text(&episode.base, &episode.base.facts[fact], rng.next_u32() as usize));
                    if rng.next_u32().is_multiple_of(2) {
                        facts.reverse();
                    }
                    (facts.join(" ") + " ", words.name(&episode.base.entities[answer as usize])?)
                }
                (1, ..) => (String::new(), words.name(&episode.base.entities[(rng.next_u64() % entities) as usize])?),
                _ => (String::new(), words.refusal()?),
            };
            let mut text = words.prompt(&(before + &question.text))?;
            text.extend(answer);
            texts.push(Asked { prompt: vec![text[0]], answer: text[1..].to_vec(), gold: vec![] });
        }
        QuestionBatch::new(texts, words.end)
    }
}

/// Parts the draws of stage 0 from those of stage 1.
const SPEECH: u64 = 0x5bee_c400_0000_0000;

fn stream(seed: u64, step: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(step as u64 + 1);
    rng
}

/// Uniform in [0, 1).
fn unit(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}
