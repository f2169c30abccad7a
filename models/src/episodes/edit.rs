//! Edits of a base, and what they change.

use std::collections::HashSet;

use super::stream::{Part, Stream};
use super::{Episode, FactIndex, KnowledgeBase, Question, QuestionKind, Slot};
use crate::error::{ModelError, Result};

/// A member replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edit {
    /// The slot.
    pub slot: Slot,
    /// The entity before.
    pub before: u32,
    /// The entity now, of the same type.
    pub after: u32,
}

/// An edited base with the questions of the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The base.
    pub base: KnowledgeBase,
    /// What was replaced, each in another fact.
    pub edits: Vec<Edit>,
    /// Questions with another answer than before, which they have here.
    pub follow: Vec<Question>,
    /// Questions with the answer of before.
    pub keep: Vec<Question>,
    /// Questions that have no single answer any more, or did not have one before.
    pub lost: usize,
}

/// Replaces the answers of so many questions (the protocol: 1) by other entities of their types, that do not yet stand in the role in facts of the relation where
/// there are such. Each edit is of another fact.
///
/// # Errors
/// When `edits` is 0 or more than the answered facts with another entity to take.
pub fn edited(episode: &Episode, edits: usize, seed: u64) -> Result<Edited> {
    let (mut stream, mut base) = (Stream::new(seed, Part::Edit), episode.base.clone());
    let mut slots: Vec<Slot> = episode.questions.iter().flat_map(|question| question.gold.iter().copied()).collect();
    stream.shuffle(&mut slots);
    let mut done: Vec<Edit> = Vec::new();
    let mut facts = HashSet::new();
    let index = FactIndex::new(&episode.base);
    let mut taken = HashSet::new();
    for slot in slots {
        if done.len() == edits {
            break;
        }
        if facts.contains(&slot.fact) {
            continue;
        }
        let fact = &mut base.facts[slot.fact as usize];
        let (relation, role, before) = (fact.relation, fact.members[slot.member as usize].role, fact.members[slot.member as usize].entity);
        let kind = episode.types[before as usize];
        let alike = |entity: &u32| episode.types[*entity as usize] == kind && fact.members.iter().all(|member| member.entity != *entity);
        let free = |entity: &u32| index.facts(relation, role, *entity).len() == 0 && !taken.contains(&(relation, role, *entity));
        // From a random place on, so that each is as likely.
        let (count, start) = (episode.types.len() as u32, stream.below(episode.types.len()) as u32);
        let all = || (start..count).chain(0..start).filter(alike);
        let Some(after) = all().find(free).or_else(|| all().next()) else { continue };
        fact.members[slot.member as usize].entity = after;
        facts.insert(slot.fact);
        taken.insert((relation, role, after));
        done.push(Edit { slot, before, after });
    }
    if edits == 0 || done.len() < edits {
        return Err(ModelError::option("number of edits", edits, format!("1 to {}, the facts that questions ask for", done.len())));
    }
    Ok(sort(episode, base, done))
}

/// What the questions have for answers now.
fn sort(episode: &Episode, base: KnowledgeBase, edits: Vec<Edit>) -> Edited {
    let (mut follow, mut keep, mut lost) = (vec![], vec![], 0);
    let index = FactIndex::new(&base);
    for question in &episode.questions {
        let gold = index.answers(&question.query);
        let answer = match gold.as_slice() {
            [] => None,
            [one] => base.member(*one).map(|member| member.entity),
            _ => {
                lost += 1;
                continue;
            }
        };
        let same = answer == question.answer;
        if !same && (answer.is_none() || question.kind == QuestionKind::Unanswerable) {
            lost += 1;
            continue;
        }
        let now = Question { answer, gold, hops: index.hops(&question.query), ..question.clone() };
        if same { keep.push(now) } else { follow.push(now) }
    }
    Edited { base, edits, follow, keep, lost }
}
