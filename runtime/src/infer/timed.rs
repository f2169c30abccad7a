//! When the statements of a closure hold.
//!
//! Time is cut at the bounds of all valid times. Between two bounds the same statements hold, and what follows from them, so that
//!
//! ```text
//! periods(f) = ∪ { cell | f ∈ closure(statements that hold in cell) }
//! ```
//!
//! which for rules without negation is the union over the derivations of f of the intersection of their premises. A statement that follows from timeless ones
//! alone, and at no time does not follow, is timeless. There is one closure more than there are cells.

use std::collections::BTreeMap;

use hashbrown::{HashMap, HashSet};
use hypergraphql_framework::store::{AtomSpace, DerivedStatements, Id, Instant, Period, PeriodSet, Periods};
use hypergraphql_query::algebra::Expression;

use super::InferError;
use super::asserted::{Merge, When};
use super::closure::{Question, closure};
use super::evaluate::Watch;
use super::pairs::difference;
use super::terms::ClosureTerms;
use crate::engine::QueryError;
use crate::executor::constant_instant;

/// What a fact takes in the table of valid times, about.
const FACT_BYTES: u64 = 64;

/// Which statements a closure is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    /// All, whenever they hold.
    Always,
    /// Those at an instant, and timeless ones.
    At(Instant),
    /// Those of each cell; of the results it is known when they hold.
    Cut,
}

impl Time {
    /// What a pattern asks for that is matched at an instant, or whose valid time is wanted; none if the instant is none, so that there are no statements.
    pub(crate) fn of(space: &AtomSpace, as_of: Option<&Expression>, is_wanted: bool) -> Result<Option<Self>, QueryError> {
        if space.periods()?.is_empty() {
            return Ok(Some(Self::Always));
        }
        Ok(match as_of.map(constant_instant) {
            _ if is_wanted => Some(Self::Cut),
            None => Some(Self::Always),
            Some(Some(instant)) => instant.map(Self::At),
            Some(None) => Some(Self::Cut),
        })
    }
}

/// A closure, and when its statements hold if that was asked for.
#[derive(Debug)]
pub(crate) struct Closed {
    /// All of them.
    pub(crate) statements: DerivedStatements,
    /// None: they hold whenever they are asked for.
    pub(crate) times: Option<Times>,
}

/// When statements hold.
#[derive(Debug, Default)]
pub(crate) struct Times {
    /// Of statements as [`Closed::statements`] has them; others are timeless.
    sets: HashMap<[Id; 4], PeriodSet>,
    predicates: HashSet<Id>,
    contradictions: Vec<Contradiction>,
}

/// A cell in which the statements contradict each other.
#[derive(Debug)]
struct Contradiction {
    cell: Period,
    regime: &'static str,
    rule: String,
    statements: Vec<String>,
}

impl Times {
    /// The valid time of a statement; none if it is timeless.
    pub(crate) fn statement(&self, row: [Id; 4]) -> Option<PeriodSet> {
        self.sets.get(&row).cloned()
    }

    /// Whether a statement of this predicate may have a valid time.
    pub(crate) fn concern(&self, predicate: Option<Id>) -> bool {
        predicate.map_or(!self.sets.is_empty(), |predicate| self.predicates.contains(&predicate))
    }

    /// That the statements do not contradict each other at an instant; none: at any.
    ///
    /// # Errors
    /// [`InferError::Inconsistent`].
    pub(crate) fn check(&self, at: Option<Instant>) -> Result<(), InferError> {
        match self.contradictions.iter().find(|found| at.is_none_or(|at| found.cell.contains(at))) {
            Some(Contradiction { regime, rule, statements, .. }) => {
                Err(InferError::Inconsistent { regime, rule: rule.clone(), statements: statements.clone() })
            }
            None => Ok(()),
        }
    }
}

/// The facts of one graph while its cells are gone through.
#[derive(Default)]
pub(super) struct Cut {
    /// Predicates, and pairs that ascend.
    timeless: BTreeMap<Id, Vec<u64>>,
    timed: HashMap<(Id, u64), Vec<Period>>,
    contradictions: Vec<Contradiction>,
}

impl Cut {
    /// The closures of the cells of the merge of some graphs.
    ///
    /// # Errors
    /// As [`closure`], except that a contradiction in one cell is kept for those who ask for it.
    pub(super) fn of(
        periods: &Periods,
        graphs: &[Id],
        terms: &ClosureTerms,
        question: &Question<'_>,
        watch: Watch<'_>,
    ) -> Result<Self, InferError> {
        let then = |when| closure(&Merge::new(terms.space(), graphs.to_vec()).then(periods, when), terms, question, watch);
        let mut cut = Self { timeless: then(When::Timeless)?.relations.into_iter().collect(), ..Self::default() };
        let bounds = periods.bounds(|graph| graphs.contains(&graph));
        if bounds.is_empty() {
            return Ok(cut);
        }
        for cell in 0..=bounds.len() {
            let period = Period { from: cell.checked_sub(1).map(|before| bounds[before]), to: bounds.get(cell).copied() };
            match then(period.from.map_or(When::First, When::At)) {
                Ok(closed) => cut.add(period, closed.relations.into_iter().collect()),
                Err(InferError::Inconsistent { regime, rule, statements }) => {
                    cut.contradictions.push(Contradiction { cell: period, regime, rule, statements });
                }
                Err(error) => return Err(error),
            }
            watch(FACT_BYTES * cut.timed.len() as u64)?;
        }
        cut.timed.retain(|_, periods| !periods.is_empty());
        Ok(cut)
    }

    /// What holds in a cell; cells come in their order.
    fn add(&mut self, cell: Period, now: BTreeMap<Id, Vec<u64>>) {
        for (&predicate, pairs) in &mut self.timeless {
            // Negation takes back what followed so far.
            let gone = difference(pairs.clone(), now.get(&predicate).map_or(&[], Vec::as_slice));
            if !gone.is_empty() {
                *pairs = difference(std::mem::take(pairs), &gone);
                let before = cell.from.map(|from| Period { from: None, to: Some(from) });
                self.timed.extend(gone.into_iter().map(|pair| ((predicate, pair), before.into_iter().collect())));
            }
        }
        for (predicate, pairs) in now {
            for pair in difference(pairs, self.timeless.get(&predicate).map_or(&[], Vec::as_slice)) {
                let periods = self.timed.entry((predicate, pair)).or_default();
                match periods.last_mut() {
                    Some(last) if last.to.is_some() && last.to == cell.from => last.to = cell.to,
                    _ => periods.push(cell),
                }
            }
        }
    }

    /// Predicate, subject and object of all facts, not sorted, and their valid times for this graph of the rows.
    pub(super) fn into_rows(self, graph: Id, times: &mut Times, rows: &mut Vec<[Id; 4]>) {
        let row = |predicate: Id, pair: u64| [predicate, (pair >> 32) as Id, pair as Id, graph];
        for (predicate, pairs) in self.timeless {
            rows.extend(pairs.into_iter().map(|pair| row(predicate, pair)));
        }
        // Most facts share their valid time with others.
        let mut known: HashMap<Vec<Period>, PeriodSet> = HashMap::new();
        for ((predicate, pair), periods) in self.timed {
            let [_, subject, object, _] = row(predicate, pair);
            rows.push([predicate, subject, object, graph]);
            times.predicates.insert(predicate);
            let set = known.entry(periods).or_insert_with_key(|periods| PeriodSet::union(periods.iter().copied())).clone();
            times.sets.insert([subject, predicate, object, graph], set);
        }
        times.contradictions.extend(self.contradictions);
    }
}
