//! Aggregates: section 18.5.1 of SPARQL 1.1.

use std::collections::HashSet;
use std::sync::Arc;

use super::MAX_STRING;
use super::arithmetic::arithmetic;
use super::functions::term::str;
use super::order::compare_values;
use super::value::Value;
use crate::algebra::{AggregateFunction, Arithmetic};

/// The value of an aggregate over the rows of a group, row by row; accumulators of parts of a group can be merged.
///
/// `COUNT` leaves out errors, `SAMPLE` too (it is the least value, so that it is the same in every run); of the others an error makes the result unbound.
/// `MIN` and `MAX` are by the order of `ORDER BY`. Of no rows `SUM` and `AVG` are 0, `MIN`, `MAX` and `SAMPLE` unbound.
#[derive(Clone, Debug)]
pub struct Accumulator {
    state: State,
    /// Of a distinct aggregate the values so far, in order of appearance; they are aggregated at the end.
    distinct: Option<Distinct>,
}

#[derive(Clone, Debug, Default)]
struct Distinct {
    seen: HashSet<Value>,
    values: Vec<Value>,
    failed: bool,
}

#[derive(Clone, Debug)]
enum State {
    Count(u64),
    Sum(Value),
    Average(Value, u64),
    Min(Option<Value>),
    Max(Option<Value>),
    Sample(Option<Value>),
    GroupConcat(Arc<str>, Option<String>),
    /// There was an error.
    Failed,
}

impl Accumulator {
    /// Of no rows.
    pub fn new(function: &AggregateFunction, distinct: bool) -> Self {
        let zero = Value::Integer(0);
        let state = match function {
            AggregateFunction::Count => State::Count(0),
            AggregateFunction::Sum => State::Sum(zero),
            AggregateFunction::Avg => State::Average(zero, 0),
            AggregateFunction::Min => State::Min(None),
            AggregateFunction::Max => State::Max(None),
            AggregateFunction::Sample => State::Sample(None),
            AggregateFunction::GroupConcat(separator) => State::GroupConcat(separator.as_str().into(), None),
        };
        Self { state, distinct: distinct.then(Distinct::default) }
    }

    /// Adds the value of a row that stands for `weight` equal ones; none where the expression is unbound or an error. Rows of `COUNT(*)` have any value.
    pub fn add(&mut self, value: Option<&Value>, weight: u64) {
        match (&mut self.distinct, value) {
            _ if weight == 0 => {}
            (Some(distinct), Some(value)) => distinct.add(value),
            (Some(distinct), None) => distinct.failed = true,
            (None, Some(value)) => self.state.add(value, weight),
            (None, None) => self.state.fail(),
        }
    }

    /// Adds the rows of another accumulator of the same aggregate, as if they came after those of this one. (That matters to `GROUP_CONCAT`, and to
    /// the last digits of sums of floats.)
    pub fn merge(&mut self, other: Self) {
        match (&mut self.distinct, other.distinct) {
            (Some(distinct), Some(other)) => {
                distinct.failed |= other.failed;
                other.values.iter().for_each(|value| distinct.add(value));
            }
            _ => self.state.merge(other.state),
        }
    }

    /// The value; none if it is unbound.
    pub fn finish(mut self) -> Option<Value> {
        if let Some(distinct) = self.distinct.take() {
            if distinct.failed {
                self.state.fail();
            }
            match &mut self.state {
                State::Count(count) => *count = distinct.values.len() as u64,
                state => distinct.values.iter().for_each(|value| state.add(value, 1)),
            }
        }
        self.state.finish()
    }
}

impl Distinct {
    fn add(&mut self, value: &Value) {
        if !self.seen.contains(value) {
            self.seen.insert(value.clone());
            self.values.push(value.clone());
        }
    }
}

impl State {
    fn add(&mut self, value: &Value, weight: u64) {
        let failed = match self {
            Self::Count(count) => {
                *count = count.saturating_add(weight);
                false
            }
            Self::Sum(sum) => !add_weighted(sum, value, weight),
            Self::Average(sum, count) => {
                *count = count.saturating_add(weight);
                !add_weighted(sum, value, weight)
            }
            Self::Min(least) | Self::Sample(least) => {
                if least.as_ref().is_none_or(|least| compare_values(value, least).is_lt()) {
                    *least = Some(value.clone());
                }
                false
            }
            Self::Max(greatest) => {
                if greatest.as_ref().is_none_or(|greatest| compare_values(value, greatest).is_gt()) {
                    *greatest = Some(value.clone());
                }
                false
            }
            Self::GroupConcat(separator, text) => match str(value) {
                Ok(value) => (0..weight).any(|_| !append(text, separator, value.text().unwrap_or_default())),
                Err(_) => true,
            },
            Self::Failed => false,
        };
        if failed {
            *self = Self::Failed;
        }
    }

    fn fail(&mut self) {
        if !matches!(self, Self::Count(_) | Self::Sample(_)) {
            *self = Self::Failed;
        }
    }

    fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Count(count), Self::Count(other)) => *count = count.saturating_add(other),
            (Self::Average(sum, count), Self::Average(other, rows)) => {
                *count = count.saturating_add(rows);
                if !add_weighted(sum, &other, 1) {
                    self.fail();
                }
            }
            (Self::GroupConcat(..), Self::GroupConcat(_, None)) => {}
            (Self::GroupConcat(..), Self::GroupConcat(_, Some(text))) => self.add(&Value::string(text), 1),
            (Self::Sum(_), Self::Sum(value)) => self.add(&value, 1),
            (_, Self::Min(other) | Self::Max(other) | Self::Sample(other)) => other.iter().for_each(|value| self.add(value, 1)),
            (state, _) => state.fail(),
        }
    }

    fn finish(self) -> Option<Value> {
        match self {
            Self::Count(count) => Some(whole(count)),
            Self::Sum(sum) => Some(sum),
            Self::Average(sum, 0) => Some(sum),
            Self::Average(sum, count) => arithmetic(Arithmetic::Divide, &sum, &whole(count)).ok(),
            Self::Min(value) | Self::Max(value) | Self::Sample(value) => value,
            Self::GroupConcat(_, text) => Some(Value::string(text.unwrap_or_default())),
            Self::Failed => None,
        }
    }
}

/// Adds a value as often as its weight says; false if that is no number or out of range.
fn add_weighted(sum: &mut Value, value: &Value, weight: u64) -> bool {
    let product = match weight {
        1 => None,
        weight => Some(arithmetic(Arithmetic::Multiply, value, &whole(weight))),
    };
    let added = match &product {
        None if value.numeric().is_some() => arithmetic(Arithmetic::Add, sum, value),
        Some(Ok(product)) if product.numeric().is_some() => arithmetic(Arithmetic::Add, sum, product),
        _ => return false,
    };
    match added {
        Ok(added) => {
            *sum = added;
            true
        }
        Err(_) => false,
    }
}

/// Appends to a list; false if it becomes too long.
fn append(list: &mut Option<String>, separator: &str, text: &str) -> bool {
    let Some(list) = list else {
        *list = Some(text.to_owned());
        return true;
    };
    if list.len() + separator.len() + text.len() > MAX_STRING {
        return false;
    }
    list.push_str(separator);
    list.push_str(text);
    true
}

fn whole(count: u64) -> Value {
    match i64::try_from(count) {
        Ok(count) => Value::Integer(count),
        Err(_) => Value::integer(count.into(), super::datatype::Datatype::Integer),
    }
}
