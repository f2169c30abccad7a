//! What an episode is drawn by.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{NameOptions, Schema, Split};
use crate::error::{ModelError, Result};

/// What answering a question takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum QuestionKind {
    /// One known member identifies the fact.
    OneHop,
    /// Two known members are needed; each alone stands in several facts.
    TwoKey,
    /// The known member is told by another fact.
    TwoHop,
    /// The base has no such fact, though it has the names and the relation.
    Unanswerable,
}

impl QuestionKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::OneHop, Self::TwoKey, Self::TwoHop, Self::Unanswerable];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneHop => "one-hop",
            Self::TwoKey => "two-key",
            Self::TwoHop => "two-hop",
            Self::Unanswerable => "unanswerable",
        }
    }
}

impl fmt::Display for QuestionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How large a base is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Size {
    /// So many facts.
    Facts(usize),
    /// At most so many slots, and fewer by less than the arity of a relation.
    Slots(usize),
}

/// Shares of the answerable questions, in any unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mix {
    /// Of [`QuestionKind::OneHop`].
    pub one_hop: f64,
    /// Of [`QuestionKind::TwoKey`].
    pub two_key: f64,
    /// Of [`QuestionKind::TwoHop`].
    pub two_hop: f64,
}

/// What an episode is drawn by. With blocks of order 3 the smallest base that allows all kinds of questions has about 45 slots, of order 2 about 25.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpisodeOptions {
    /// How large the base is.
    pub size: Size,
    /// Number of questions.
    pub questions: usize,
    /// Of what kinds the answerable ones are.
    pub mix: Mix,
    /// Share of the questions without an answer, in 0..=1.
    pub unanswerable: f64,
    /// Least number of entities of each type in the base: the candidates for an answer. As many relations of the schema are taken as leave so many.
    pub candidates: usize,
    /// Share of the members that are entities of other facts, in 0..1. Two-hop questions are about these.
    pub reuse: f64,
    /// Share of the slots in blocks, in 0..=1, where two-key questions are asked; without such questions there are no blocks.
    pub blocks: f64,
    /// Order m of a block, 2..=16: m² facts in which each of three roles has m entities, and any two of these in different roles meet in one fact (a Latin
    /// square). So one known member leaves m answers, and pairs of members (clique edges) leave m as well: all pairs are there.
    pub block: usize,
    /// Which names are used.
    pub split: Split,
    /// How names are made.
    pub names: NameOptions,
}

impl Default for EpisodeOptions {
    /// 1,000 slots and 64 questions, 40 : 30 : 30 and one in ten without an answer.
    fn default() -> Self {
        Self {
            size: Size::Slots(1000),
            questions: 64,
            mix: Mix { one_hop: 0.4, two_key: 0.3, two_hop: 0.3 },
            unanswerable: 0.1,
            candidates: 0,
            reuse: 0.2,
            blocks: 0.25,
            block: 3,
            split: Split::Train,
            names: NameOptions::default(),
        }
    }
}

impl EpisodeOptions {
    /// The protocol's: names for tests and 200 candidates.
    pub fn evaluation(size: Size, questions: usize) -> Self {
        Self { size, questions, candidates: 200, split: Split::Test, ..Self::default() }
    }

    /// The same without the kinds of questions that a schema does not allow: without relations of three roles there are no two keys, say.
    #[must_use]
    pub fn of_schema(mut self, schema: &Schema) -> Self {
        let kinds = [QuestionKind::OneHop, QuestionKind::TwoKey, QuestionKind::TwoHop];
        let shares = [&mut self.mix.one_hop, &mut self.mix.two_key, &mut self.mix.two_hop];
        kinds.into_iter().zip(shares).filter(|(kind, _)| !schema.allows(*kind)).for_each(|(_, share)| *share = 0.0);
        self
    }

    /// Checks every option.
    ///
    /// # Errors
    /// Names the option outside its range.
    pub fn check(&self) -> Result<()> {
        let within = |what, got: f64, most: f64, expected: &str| match (0.0..=most).contains(&got) {
            true => Ok(()),
            false => Err(ModelError::option(what, got, expected)),
        };
        within("share of unanswerable questions", self.unanswerable, 1.0, "0 to 1")?;
        within("share of reused entities", self.reuse, 0.9, "0 to 0.9")?;
        within("share of slots in blocks", self.blocks, 1.0, "0 to 1")?;
        if !(2..=16).contains(&self.block) {
            return Err(ModelError::option("order of a block", self.block, "2 to 16"));
        }
        let weights = self.mix.weights();
        if !weights.iter().all(|weight| weight.is_finite() && *weight >= 0.0) || weights.iter().sum::<f64>() <= 0.0 {
            return Err(ModelError::option("mix of questions", format!("{weights:?}"), "shares of at least 0, one of them above 0"));
        }
        match self.size {
            Size::Facts(0) | Size::Slots(0) => Err(ModelError::option("size of a base", 0, "at least 1 fact")),
            Size::Facts(n) | Size::Slots(n) if n > MOST => Err(ModelError::option("size of a base", n, format!("at most {MOST}"))),
            _ => Ok(()),
        }?;
        match self.questions > MOST {
            true => Err(ModelError::option("number of questions", self.questions, format!("at most {MOST}"))),
            false => Ok(()),
        }
    }

    /// How many questions of each kind, in the order of [`QuestionKind::ALL`]: shares rounded so that they add up.
    pub(super) fn quotas(&self) -> [usize; 4] {
        let without = (self.unanswerable * self.questions as f64).round() as usize;
        let [a, b, c] = self.mix.split(self.questions - without.min(self.questions));
        [a, b, c, without.min(self.questions)]
    }

    /// Whether questions of a kind are asked, with an answer or without.
    pub(super) fn wants(&self, kind: QuestionKind) -> bool {
        QuestionKind::ALL.iter().zip(self.quotas()).any(|(k, quota)| *k == kind && quota > 0)
    }
}

/// Most facts, slots or questions: more is a mistyped option.
const MOST: usize = 1 << 24;

impl Mix {
    pub(super) fn weights(self) -> [f64; 3] {
        [self.one_hop, self.two_key, self.two_hop]
    }

    /// n in the ratio of the shares, by the largest remainder.
    pub(super) fn split(self, n: usize) -> [usize; 3] {
        let weights = self.weights();
        let total: f64 = weights.iter().sum();
        let exact = weights.map(|weight| weight / total * n as f64);
        let mut parts = exact.map(|part| part.floor() as usize);
        let mut order = [0, 1, 2];
        order.sort_by(|a, b| (exact[*b] - exact[*b].floor()).total_cmp(&(exact[*a] - exact[*a].floor())).then(a.cmp(b)));
        let mut left = n - parts.iter().sum::<usize>().min(n);
        for at in order.into_iter().cycle().take(6) {
            if left > 0 && weights[at] > 0.0 {
                parts[at] += 1;
                left -= 1;
            }
        }
        parts
    }
}
