//! Rules on the algebra, one a file, each from a pattern to an equal one.

mod count_certain;
mod flatten;
mod push_filter;

use crate::algebra::{Pattern, Query};

/// A rule.
type Rule = fn(&mut Pattern);

/// Rules in the order in which they run, each on every pattern from the inside out.
const RULES: [Rule; 3] = [
    // Before others look for triple patterns that stand side by side.
    flatten::flatten,
    // After joins of triple patterns are one pattern, which takes its conditions as a whole.
    push_filter::push_filter,
    // Before columns are left out: what is only counted is then read by nobody.
    count_certain::count_certain,
];

/// The query after the rules, or as it is.
pub(crate) fn optimize(query: &Query, rules: bool) -> Query {
    let mut query = query.clone();
    if rules {
        RULES.iter().for_each(|rule| apply(*rule, &mut query.pattern));
    }
    query
}

fn apply(rule: Rule, pattern: &mut Pattern) {
    pattern.inner_mut().into_iter().for_each(|inner| apply(rule, inner));
    for expression in pattern.expressions_mut() {
        apply_in(rule, expression);
    }
    rule(pattern);
}

fn apply_in(rule: Rule, expression: &mut crate::algebra::Expression) {
    if let crate::algebra::Expression::Exists(pattern) = expression {
        apply(rule, pattern);
    }
    expression.parts_mut().into_iter().for_each(|part| apply_in(rule, part));
}
