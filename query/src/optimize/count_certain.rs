//! `COUNT(?v)` of a variable that every solution binds counts the solutions.

use crate::algebra::{AggregateFunction, Expression, Pattern};

/// `COUNT(?v)` is `COUNT(*)` where ?v is certain.
pub(super) fn count_certain(pattern: &mut Pattern) {
    let Pattern::Group { inner, aggregates, .. } = pattern else { return };
    let certain = inner.certain();
    for (_, aggregate) in aggregates {
        let bound = matches!(&aggregate.expression, Some(Expression::Variable(variable)) if certain.contains(variable));
        if bound && aggregate.function == AggregateFunction::Count && !aggregate.distinct {
            aggregate.expression = None;
        }
    }
}
