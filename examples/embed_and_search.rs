//! Embed texts with a BERT encoder and search them by meaning: which fact of the shipped knowledge base answers a question.
//!
//! `cargo run --release --example embed_and_search`
//!
//! Nothing is downloaded: the encoder is a small one of random weights with a tokenizer learned from the facts, trained briefly to put a question beside its fact, on three facts in
//! four; the questions of the search are about the fourth. What it shows is how encoders are made, trained and searched, not what a large one of Hugging Face knows of meaning:
//! `TextEncoder::from_folder` and `hgql embed` read those.
//!
//! ```text
//! 371 facts, 93 of them only searched; 1024 tokens
//! the right fact comes first for 44 % of their questions with random weights
//! and for 57 % after 200 steps
//!
//! ascent : climber Zurbriggen ; mountain ?
//!   0.40  ascent : climber Zurbriggen , mountain Aconcagua , range Andes , year 1897 .
//!   0.37  course : river Yukon , sea Bering Sea , source Canada .
//!   0.37  course : river Mekong , sea South China Sea , source China .
//!
//! course : river Rhone ; sea ?
//!   0.70  course : river Rhone , sea Mediterranean , source Switzerland .
//!   0.67  course : river Rhine , sea North Sea , source Switzerland .
//!   0.54  course : river Dnieper , sea Black Sea , source Russia .
//!
//! novel : author Fitzgerald ; book ?
//!   0.61  novel : author Fitzgerald , book Great Gatsby , country United States , year 1925 .
//!   0.54  novel : author Flaubert , book Madame Bovary , country France , year 1857 .
//!   0.51  novel : author Orwell , book Animal Farm , country United Kingdom , year 1945 .
//!
//! peace : city Paris ; war ?
//!   0.71  peace : city Paris , war Crimean War , year 1856 .
//!   0.66  peace : city Paris , war Spanish-American War , year 1898 .
//!   0.64  peace : city Paris , war Seven Years War , year 1763 .
//! ```

#[path = "world/mod.rs"]
#[allow(dead_code, reason = "every example uses another part")]
mod world;

use burn::backend::Autodiff;
use burn::module::AutodiffModule;
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use hypergraphql::framework::store::AtomSpace;
use hypergraphql::models::episodes::{KnowledgeBase, Known, Query, StoreFacts, Value, facts_as_text, question_text};
use hypergraphql::models::text::pool::{mean, normalise};
use hypergraphql::models::text::{EmbedOptions, Encoded, embed_all};
use hypergraphql::models::transformer::TokenBatch;
use hypergraphql::ops::{Metric, Targets, cross_entropy, knn};
use hypergraphql::prelude::*;
use indicatif::ProgressBar;
use world::Result;

type Ad = Autodiff<Cpu>;
/// Pairs of a step, each the others' wrong answers.
const PAIRS: usize = 48;
/// Similarities are multiplied by this before the softmax.
const SHARPNESS: f64 = 20.0;

fn main() -> Result<()> {
    let device = CpuDevice::default();
    let base = StoreFacts::read(&AtomSpace::open(world::load()?)?, usize::MAX)?.base;
    let facts = facts_as_text(&base, None);
    let questions: Vec<String> = (0..facts.len()).map(|fact| question(&base, fact)).collect();

    let options = BpeOptions { vocabulary: 1024, ..BpeOptions::default() };
    let tokenizer = Tokenizer::train(facts.iter().chain(&questions).map(String::as_str), &options)?;
    let tokens = |texts: &[String]| -> Result<Vec<Encoded>> { texts.iter().map(|text| Ok(tokenizer.encode(text, false)?)).collect() };
    let (fact_tokens, question_tokens) = (tokens(&facts)?, tokens(&questions)?);
    let config = BertConfig::new(tokenizer.size(), 96, 192, 2, 4); // tokens, features, inner features, layers, heads
    let mut encoder: Bert<Ad> = config.init(7, &device)?;

    let (learned, held_out): (Vec<usize>, Vec<usize>) = (0..facts.len()).partition(|fact| fact % 4 != 0);
    println!("{} facts, {} of them only searched; {} tokens", facts.len(), held_out.len(), tokenizer.size());
    println!(
        "the right fact comes first for {:.0} % of their questions with random weights",
        share(&encoder.valid(), &fact_tokens, &question_tokens, &held_out)?
    );

    // A question and its fact belong together, the other facts of a step do not.
    let [_, steps] = world::steps(0, 200);
    let mut optimizer = AdamConfig::new().init::<Ad, Bert<Ad>>();
    let bar = ProgressBar::new(steps as u64);
    for step in 0..steps {
        // In steps of a number that shares no factor with theirs, every fact has its turn.
        let chosen: Vec<usize> = (0..PAIRS).map(|i| learned[(step * PAIRS + i) * 101 % learned.len()]).collect();
        let embed = |texts: &[Encoded]| -> Result<Tensor<Ad, 2>> {
            let batch = TokenBatch::new(&chosen.iter().map(|fact| texts[*fact].tokens.as_slice()).collect::<Vec<_>>())?;
            Ok(normalise(mean(&encoder.forward(&batch, None, Precision::F32)?, batch.groups()))) // [PAIRS, 96]
        };
        let similar = embed(&question_tokens)?.matmul(embed(&fact_tokens)?.transpose()).mul_scalar(SHARPNESS); // [PAIRS, PAIRS]
        let right: Vec<Option<u32>> = (0..PAIRS as u32).map(Some).collect();
        let loss = cross_entropy(similar, &Targets::new(&right, PAIRS, &device)?)?.mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &encoder);
        encoder = optimizer.step(1e-3, encoder, gradients);
        bar.inc(1);
    }
    bar.finish_and_clear();

    let encoder = encoder.valid();
    println!("and for {:.0} % after {steps} steps", share(&encoder, &fact_tokens, &question_tokens, &held_out)?);
    for ask in held_out.iter().step_by(held_out.len().div_ceil(4)) {
        println!("\n{}", questions[*ask]);
        let (ids, scores) = search(&encoder, &fact_tokens, &[question_tokens[*ask].clone()], 3)?;
        for (fact, score) in ids.iter().zip(&scores) {
            println!("  {score:.2}  {}", facts[*fact as usize]);
        }
    }
    Ok(())
}

/// A question about a fact: its first member is known, its second is asked for.
fn question(base: &KnowledgeBase, fact: usize) -> String {
    let members = &base.facts[fact].members;
    let known = Known { role: members[0].role, value: Value::Named(members[0].entity) };
    question_text(base, &Query { relation: base.facts[fact].relation, known: vec![known], asked: members[1].role }, fact)
}

/// The facts nearest to each question, nearest first, with their cosines.
fn search(encoder: &Bert<Cpu>, facts: &[Encoded], questions: &[Encoded], k: usize) -> Result<(Vec<u32>, Vec<f32>)> {
    let rows = |texts: &[Encoded]| -> Result<Tensor<Cpu, 2>> {
        let vectors = embed_all(encoder, texts, EmbedOptions::default())?;
        Ok(Tensor::<Cpu, 1>::from_data(vectors.concat().as_slice(), &CpuDevice::default()).reshape([texts.len() as i32, -1]))
    };
    let (ids, scores) = knn(rows(questions)?, rows(facts)?, k, Metric::InnerProduct)?;
    Ok((ids.read()?, scores.into_data().iter::<f32>().collect()))
}

/// Per cent of questions whose fact comes first among all.
fn share(encoder: &Bert<Cpu>, facts: &[Encoded], questions: &[Encoded], asked: &[usize]) -> Result<f64> {
    let asked_tokens: Vec<Encoded> = asked.iter().map(|fact| questions[*fact].clone()).collect();
    let (first, _) = search(encoder, facts, &asked_tokens, 1)?;
    let right = first.iter().zip(asked).filter(|(found, fact)| **found as usize == **fact).count();
    Ok(100.0 * right as f64 / asked.len() as f64)
}
