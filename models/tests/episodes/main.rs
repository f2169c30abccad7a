//! Episodic knowledge bases: every answer is the only one by plain loops, what the arms of the protocol keep and break, and stores read.
#![allow(clippy::unwrap_used, reason = "a test ends where something unexpected is found")]

mod arms;
mod draw;
mod names;
mod store;
mod text;

use hypergraphql_models::episodes::{Episode, EpisodeOptions, KnowledgeBase, Query, Question, QuestionKind, Schema, Size, Slot, Value};

/// All slots that answer a query, by loops over the facts alone.
fn brute_force(base: &KnowledgeBase, query: &Query) -> Vec<Slot> {
    let mut found = Vec::new();
    for (number, fact) in base.facts.iter().enumerate() {
        let holds = |role: u32, entities: &[u32]| fact.members.iter().any(|m| m.role == role && entities.contains(&m.entity));
        let known = query.known.iter().all(|known| match known.value {
            Value::Named(entity) => holds(known.role, &[entity]),
            Value::Hop { relation, role, entity, asked } => {
                let telling = base.facts.iter().filter(|f| f.relation == relation);
                let telling = telling.filter(|f| f.members.iter().any(|m| m.role == role && m.entity == entity));
                let bridges: Vec<u32> = telling.flat_map(|f| &f.members).filter(|m| m.role == asked).map(|m| m.entity).collect();
                holds(known.role, &bridges)
            }
        });
        if fact.relation == query.relation && known {
            for (member, _) in fact.members.iter().enumerate().filter(|(_, m)| m.role == query.asked) {
                found.push(Slot { fact: number as u32, member: member as u32 });
            }
        }
    }
    found
}

fn options(slots: usize, questions: usize) -> EpisodeOptions {
    EpisodeOptions { size: Size::Slots(slots), questions, ..EpisodeOptions::default() }
}

fn episode(slots: usize, questions: usize, seed: u64) -> Episode {
    Episode::draw(&Schema::synthetic(), &options(slots, questions), seed).unwrap()
}

fn of(episode: &Episode, kind: QuestionKind) -> Vec<&Question> {
    episode.questions.iter().filter(|question| question.kind == kind).collect()
}
