//! Train a network to read facts, and see what it answers: on invented bases while it learns, then to every kind of question about the shipped knowledge base, whose facts it
//! never learned from.
//!
//! `cargo run --release --example train_and_ask`
//!
//! ```text
//! 371 facts, 1323 members, 11 relations
//!
//! Invented bases of 400 members, exact answers in per cent:
//!   step  250: one-hop 83, two-key 80, two-hop 94, unanswerable 88
//!   step  350: one-hop 100, two-key 100, two-hop 94, unanswerable 88
//!   step  450: one-hop 100, two-key 100, two-hop 97, unanswerable 96
//!   step  550: one-hop 100, two-key 100, two-hop 97, unanswerable 96
//!
//! The shipped base, 322 questions: one-hop 95, two-key 99, two-hop 73
//!   ascent : mountain Aconcagua ; climber ? Zurbriggen
//!   currency : code RUB ; country ? Russia
//!   novel : book Kim ; year ? 1901
//!   premiere : opera Aida ; city ? Cairo
//!   ascent : climber Whymper , range Andes ; mountain ? Chimborazo
//!   in novel , country United Kingdom , year 1901 : which book ? Kim
//!   premiere : city Munich , composer Mozart ; opera ? Idomeneo
//!   in premiere , composer Massenet , year 1892 : which city ? Vienna
//!   ascent : year the year of novel with author Stoker ; climber ? unknown, right is Zurbriggen
//!   capital : country the country of currency with code THB ; continent ? Asia
//!   discovery : year the year of premiere with opera Magic Flute ; element ? unknown, right is Titanium
//!   olympics : country the country of capital with city Madrid ; year ? 1992
//! ```

#[path = "world/mod.rs"]
#[allow(dead_code, reason = "every example uses another part")]
mod world;

use hypergraphql::framework::store::AtomSpace;
use hypergraphql::models::Precision;
use hypergraphql::models::episodes::{
    FactIndex, KnowledgeBase, Known, NameOptions, Query, Question, QuestionKind, Schema, StoreFacts, Value, question_text,
};
use hypergraphql::models::graph_memory::train::{MemorySetup, MemoryTrainConfig, MemoryTrainer, Preset, StageConfig};
use hypergraphql::models::graph_memory::{EncodedBase, MemoryContext, Reader, Scores};
use hypergraphql::prelude::*;
use world::Result;

/// Questions of each kind about the shipped base.
const QUESTIONS: usize = 128;

fn main() -> Result<()> {
    let (device, kb) = (CpuDevice::default(), world::load()?);
    let base = StoreFacts::read(&AtomSpace::open(&kb)?, usize::MAX)?.base;
    let schema = Schema::of_base(&base)?;
    println!("{} facts, {} members, {} relations", base.facts.len(), base.slot_count(), schema.relations.len());

    // Stage 0 teaches the decoder to speak, stage 1 the memory to find. Options that are not named have the values of `hgql train transformer`.
    let [decoder, memory] = world::steps(150, 400);
    let config = MemoryTrainConfig {
        base: StageConfig { steps: decoder, lr: 2e-3, warmup: 20 },
        memory: StageConfig { steps: memory, lr: 1e-3, warmup: 20 },
        questions: 48,
        slots: [64, 600],
        names: NameOptions::like(&base.entities),
        evaluate_every: memory.div_ceil(4),
        evaluation_slots: 400,
        evaluation_questions: 128,
        ..MemoryTrainConfig::default()
    };
    let setup = MemorySetup::from_nothing(schema, &config.names, 1024, Preset::Tiny)?;
    let mut trainer = MemoryTrainer::<Cpu>::new(setup.clone(), &config, None, &device)?;
    println!("\nInvented bases of 400 members, exact answers in per cent:");
    while !trainer.is_finished() {
        let before = trainer.progress().evaluations.len();
        trainer.step(&mut |_| {})?;
        if let Some(evaluation) = trainer.progress().evaluations.get(before) {
            println!("  step {:4}: {}", evaluation.step, line(&evaluation.scores));
        }
    }

    // The shipped facts become keys and values; they are read, not learned.
    let context = MemoryContext::new(&setup.memory, &setup.base, Precision::F32, &device)?;
    let encoded = EncodedBase::new(trainer.best(), &context, &setup.words, &base)?;
    let reader = Reader::new(trainer.best(), &context, &setup.words, &encoded);
    let questions = questions(&base);
    let scored = reader.score(&questions, &mut |_| {})?;
    println!("\nThe shipped base, {} questions: {}", questions.len(), line(&Scores::of(&scored)));
    for kind in QuestionKind::ALL {
        let of_kind: Vec<_> = questions.iter().zip(&scored).filter(|(question, _)| question.kind == kind).collect();
        for (question, answer) in of_kind.iter().step_by(of_kind.len().div_ceil(4).max(1)) {
            let right = question.answer.map_or("unknown", |entity| base.entities[entity as usize].as_str());
            let said = setup.words.tokenizer.decode(&answer.tokens)?;
            let mark = if answer.exact { String::new() } else { format!(", right is {right}") };
            println!("  {} {}{mark}", question.text, said.trim());
        }
    }
    Ok(())
}

/// Exact answers by kind of question.
fn line(scores: &Scores) -> String {
    let share = |kind: QuestionKind| Some(format!("{kind} {:.0}", 100.0 * scores.exact(kind)?));
    QuestionKind::ALL.into_iter().filter_map(share).collect::<Vec<_>>().join(", ")
}

/// Questions that one fact answers: by one known member, by two that leave several answers each, and by a member that another fact tells.
fn questions(base: &KnowledgeBase) -> Vec<Question> {
    let index = FactIndex::new(base);
    let mut all: [Vec<Query>; 3] = Default::default();
    for fact in &base.facts {
        for asked in &fact.members {
            let known = |member: &hypergraphql::models::episodes::Member| Known { role: member.role, value: Value::Named(member.entity) };
            let query = |known| Query { relation: fact.relation, known, asked: asked.role };
            let others: Vec<Known> = fact.members.iter().filter(|member| member.role != asked.role).map(known).collect();
            let one: Vec<Query> = others.iter().map(|other| query(vec![*other])).collect();
            all[0].extend(one.iter().filter(|query| index.answer(query).is_some()).cloned());
            let vague: Vec<&Query> = one.iter().filter(|query| index.answer(query).is_none()).collect();
            if let [first, second, ..] = vague[..] {
                let both = query([first.known[0], second.known[0]].to_vec());
                all[1].extend(index.answer(&both).is_some().then_some(both));
            }
            all[2].extend(others.iter().filter_map(|bridge| two_hops(base, &index, fact.relation, *bridge, asked.role)));
        }
    }
    let mut questions = Vec::new();
    for (kind, queries) in QuestionKind::ALL.into_iter().zip(all) {
        // Evenly over the relations, in turn said in each of the ways.
        let step = queries.len().div_ceil(QUESTIONS).max(1);
        for (nth, query) in queries.into_iter().step_by(step).enumerate() {
            let (answer, gold, hops) = (index.answer(&query), index.answers(&query), index.hops(&query));
            questions.push(Question { text: question_text(base, &query, nth), query, answer, gold, hops, kind });
        }
    }
    questions
}

/// The known member told by another fact that has it in another relation, where one member of that fact tells it.
fn two_hops(base: &KnowledgeBase, index: &FactIndex<'_>, relation: u32, bridge: Known, asked: u32) -> Option<Query> {
    let Value::Named(entity) = bridge.value else { return None };
    let facts = base.facts.iter().filter(|fact| fact.relation != relation);
    let tells = facts.filter_map(|fact| Some((fact, fact.members.iter().find(|member| member.entity == entity)?.role)));
    let hops = tells.flat_map(|(fact, role)| {
        let keys = fact.members.iter().filter(move |member| member.role != role);
        keys.map(move |key| Value::Hop { relation: fact.relation, role: key.role, entity: key.entity, asked: role })
    });
    // The hop and the question each have a single answer.
    let mut queries = hops.filter_map(|value| {
        let Value::Hop { relation: of, role, entity: key, asked: hop } = value else { return None };
        index.answer(&Query { relation: of, known: vec![Known { role, value: Value::Named(key) }], asked: hop })?;
        let query = Query { relation, known: vec![Known { role: bridge.role, value }], asked };
        index.answer(&query).map(|_| query)
    });
    queries.next()
}
