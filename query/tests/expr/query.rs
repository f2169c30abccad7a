//! Expressions and terms from the text of a query.

use hypergraphql_query::algebra::{Expression, Pattern};
use hypergraphql_query::{ParseOptions, parse_query};
use oxrdf::Term;

/// The expression of a text; `strict` leaves out the relaxations of HyperQL.
pub(crate) fn parse(text: &str, strict: bool) -> Expression {
    let query = format!("PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> SELECT ({text} AS ?value) {{}}");
    let parsed = parse_query(&query, &ParseOptions { strict, ..ParseOptions::default() }).unwrap_or_else(|error| panic!("{error}"));
    let mut pattern = &parsed.pattern;
    loop {
        match pattern {
            Pattern::Extend { expression, .. } => return expression.clone(),
            Pattern::Project { inner, .. } => pattern = inner,
            other => panic!("{text}: {other:?}"),
        }
    }
}

/// The term of a text: a literal or IRI as queries write it, a blank node.
pub(crate) fn term(text: &str) -> Term {
    if text.starts_with("_:") {
        return text.parse().unwrap();
    }
    match parse(text, true) {
        Expression::Term(term) => term,
        other => panic!("{text}: {other:?}"),
    }
}

/// The expression with some of its parts replaced, from the outside in.
pub(crate) fn replace(expression: &Expression, by: &mut dyn FnMut(&Expression) -> Option<Expression>) -> Expression {
    if let Some(replaced) = by(expression) {
        return replaced;
    }
    let mut one = |part: &Expression| Box::new(replace(part, by));
    match expression {
        Expression::Or(parts) => Expression::Or(parts.iter().map(|part| replace(part, by)).collect()),
        Expression::And(parts) => Expression::And(parts.iter().map(|part| replace(part, by)).collect()),
        Expression::Not(part) => Expression::Not(one(part)),
        Expression::Compare(comparison, a, b) => Expression::Compare(*comparison, one(a), one(b)),
        Expression::In(value, list) => Expression::In(one(value), list.iter().map(|part| replace(part, by)).collect()),
        Expression::Arithmetic(operator, a, b) => Expression::Arithmetic(*operator, one(a), one(b)),
        Expression::Negate(part) => Expression::Negate(one(part)),
        Expression::Plus(part) => Expression::Plus(one(part)),
        Expression::Coalesce(parts) => Expression::Coalesce(parts.iter().map(|part| replace(part, by)).collect()),
        Expression::If(a, b, c) => Expression::If(one(a), one(b), one(c)),
        Expression::Call(function, parts) => Expression::Call(function.clone(), parts.iter().map(|part| replace(part, by)).collect()),
        leaf => leaf.clone(),
    }
}
