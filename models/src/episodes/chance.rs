//! What is right without the base.

use std::collections::BTreeMap;

use super::{Question, QuestionKind};

/// Accuracies of the best constant answers, in 0..=1; a refusal is an answer, too.
#[derive(Debug, Clone, PartialEq)]
pub struct Chance {
    /// Of each kind that is asked: one answer for all its questions.
    pub by_kind: Vec<(QuestionKind, f64)>,
    /// The same with an answer for each relation and role asked for. Few questions of a role overrate this: one alone is always right.
    pub by_role: Vec<(QuestionKind, f64)>,
    /// Of the answerable questions together, one answer a kind.
    pub answerable: f64,
    /// Of the answerable questions together, one answer a kind, relation and role.
    pub answerable_by_role: f64,
}

/// Chance of the questions of one base. Entities of different bases have nothing to do with each other: average the chances of several.
pub fn chance(questions: &[Question]) -> Chance {
    let all = || questions.iter();
    let with = || all().filter(|question| question.kind != QuestionKind::Unanswerable);
    let alone = |question: &Question| (question.kind, 0, 0);
    let role = |question: &Question| (question.kind, question.query.relation, question.query.asked);
    let kinds = || QuestionKind::ALL.into_iter().filter(|kind| all().any(|question| question.kind == *kind));
    let of = |kind| all().filter(move |question| question.kind == kind);
    Chance {
        by_kind: kinds().map(|kind| (kind, accuracy(of(kind), alone))).collect(),
        by_role: kinds().map(|kind| (kind, accuracy(of(kind), role))).collect(),
        answerable: accuracy(with(), alone),
        answerable_by_role: accuracy(with(), role),
    }
}

/// Share of the questions that have the most frequent answer of their group; 0 of none.
fn accuracy<'a, K: Ord>(questions: impl Iterator<Item = &'a Question>, group: impl Fn(&Question) -> K) -> f64 {
    let mut counts: BTreeMap<K, BTreeMap<Option<u32>, usize>> = BTreeMap::new();
    questions.for_each(|question| *counts.entry(group(question)).or_default().entry(question.answer).or_default() += 1);
    let total: usize = counts.values().flat_map(BTreeMap::values).sum();
    let right: usize = counts.values().filter_map(|answers| answers.values().max()).sum();
    right as f64 / total.max(1) as f64
}
