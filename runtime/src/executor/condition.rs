//! Conditions on one value: intervals of ids where the store's order of numbers decides, and otherwise each different value is tested once.

use std::borrow::Cow;
use std::ops::{Bound, Range};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use hypergraphql_framework::store::{Id, Number, NumberInterval};
use hypergraphql_query::algebra::{Comparison, Expression, Variable};
use hypergraphql_query::expr::{Context, Program, Row, Value};

use super::expression::conjuncts;
use super::table::UNBOUND;
use super::task::{Session, Task};
use crate::engine::QueryError;

/// Ids whose answers are made room for at once.
const PAGE: usize = 4096;

const UNKNOWN: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;

/// A condition on the value of one variable.
pub(crate) struct Condition<'a> {
    session: &'a Session<'a>,
    program: Program,
    context: Context<'a>,
    /// What the order of numbers says, of a comparison with a number.
    interval: Option<NumberInterval>,
    unbound: bool,
    /// Answers for ids of the store.
    known: Vec<OnceLock<Box<[AtomicU8; PAGE]>>>,
}

/// One value in the one slot.
struct One<'a>(Option<&'a Value>);

impl Row for One<'_> {
    fn value(&self, _: usize) -> Option<Cow<'_, Value>> {
        self.0.map(Cow::Borrowed)
    }

    fn solution(&self) -> u64 {
        0
    }
}

impl<'a> Condition<'a> {
    /// A condition that is not volatile and uses no variable but this one and those that the scope binds to nothing.
    pub(crate) fn new(task: &Task<'a, '_>, variable: &Variable, condition: &Expression) -> Self {
        let session = task.session;
        let program = Program::compile(condition, &mut |v| (v == variable).then_some(0));
        let context = session.evaluation.clone();
        let unbound = program.test(&One(None), &context);
        let known = (0..=session.space.terms() as usize / PAGE).map(|_| OnceLock::new()).collect();
        let interval = bounds(variable, condition).map(|(low, high)| session.space.number_interval(low, high));
        Self { session, program, context, interval, unbound, known }
    }

    /// Whether it holds for the value of an id.
    #[inline]
    pub(crate) fn holds(&self, id: Id) -> bool {
        if let Some(interval) = &self.interval {
            if interval.certain.contains(&id) {
                return true;
            }
            if id <= self.session.space.ordered_terms() && !interval.below.contains(&id) && !interval.above.contains(&id) {
                return false;
            }
        }
        self.tested(id)
    }

    fn tested(&self, id: Id) -> bool {
        if id == UNBOUND {
            return self.unbound;
        }
        let test = || self.program.test(&One(self.session.terms.get(id)), &self.context);
        let Some(page) = self.known.get(id as usize / PAGE) else { return test() };
        let page = page.get_or_init(|| Box::new([const { AtomicU8::new(UNKNOWN) }; PAGE]));
        let answer = &page[id as usize % PAGE];
        match answer.load(Ordering::Relaxed) {
            UNKNOWN => {
                let holds = test();
                answer.store(if holds { TRUE } else { FALSE }, Ordering::Relaxed);
                holds
            }
            known => known == TRUE,
        }
    }

    /// Ids of the store outside of this range do not fulfil it.
    pub(crate) fn hull(&self) -> Range<Id> {
        match &self.interval {
            Some(interval) if self.is_narrow() => interval.below.start..interval.above.end,
            _ => 0..UNBOUND,
        }
    }

    /// Ids of the store inside of the hull all fulfil it.
    pub(crate) fn is_exact(&self) -> bool {
        self.is_narrow() && self.interval.as_ref().is_some_and(|interval| interval.below.is_empty() && interval.above.is_empty())
    }

    /// The hull leaves something out: no term of the store is out of order.
    pub(crate) fn is_narrow(&self) -> bool {
        self.interval.is_some() && self.session.space.ordered_terms() == self.session.space.terms()
    }
}

/// The conditions of an atom, taken apart.
pub(crate) fn conditions<'a>(
    task: &Task<'a, '_>,
    conditions: &[(Variable, Expression)],
) -> Result<Vec<(Variable, Condition<'a>)>, QueryError> {
    let mut all = vec![];
    for (variable, condition) in conditions {
        for part in conjuncts(condition) {
            all.push((variable.clone(), Condition::new(task, variable, part)));
        }
    }
    Ok(all)
}

/// The bounds that a comparison with a number sets its variable.
fn bounds(variable: &Variable, condition: &Expression) -> Option<(Bound<Number>, Bound<Number>)> {
    let Expression::Compare(comparison, left, right) = condition else { return None };
    let (comparison, number) = match (&**left, &**right) {
        (Expression::Variable(v), Expression::Term(term)) if v == variable => (*comparison, number(term)?),
        (Expression::Term(term), Expression::Variable(v)) if v == variable => (turned(*comparison), number(term)?),
        _ => return None,
    };
    Some(match comparison {
        Comparison::Equal => (Bound::Included(number), Bound::Included(number)),
        Comparison::Less => (Bound::Unbounded, Bound::Excluded(number)),
        Comparison::LessOrEqual => (Bound::Unbounded, Bound::Included(number)),
        Comparison::Greater => (Bound::Excluded(number), Bound::Unbounded),
        Comparison::GreaterOrEqual => (Bound::Included(number), Bound::Unbounded),
        Comparison::NotEqual => return None,
    })
}

/// The comparison with its sides exchanged.
fn turned(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same @ (Comparison::Equal | Comparison::NotEqual) => same,
    }
}

fn number(term: &oxrdf::Term) -> Option<Number> {
    match Value::from(term).plain() {
        Value::Integer(value) => Some(oxsdatatypes::Integer::from(*value).into()),
        Value::Decimal(value) => Some((*value).into()),
        Value::Float(value) => Number::from_f64(f32::from(*value).into()),
        Value::Double(value) => Number::from_f64((*value).into()),
        _ => None,
    }
}
