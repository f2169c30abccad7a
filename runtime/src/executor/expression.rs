//! What an expression uses, found without evaluating it.

use hypergraphql_query::algebra::{Expression, Function, Variable};

/// Calls `visit` with an expression and all in it.
fn walk<'a>(expression: &'a Expression, visit: &mut dyn FnMut(&'a Expression)) {
    visit(expression);
    let parts: Vec<&Expression> = match expression {
        Expression::Variable(_) | Expression::Term(_) | Expression::Loose(_) | Expression::Bound(_) | Expression::Exists(_) => vec![],
        Expression::Or(parts) | Expression::And(parts) | Expression::Coalesce(parts) | Expression::Call(_, parts) => parts.iter().collect(),
        Expression::Not(inner) | Expression::Negate(inner) | Expression::Plus(inner) => vec![inner],
        Expression::Compare(_, left, right) | Expression::Arithmetic(_, left, right) => vec![left, right],
        Expression::In(value, list) => std::iter::once(&**value).chain(list).collect(),
        Expression::If(condition, yes, no) => vec![condition, yes, no],
    };
    parts.into_iter().for_each(|part| walk(part, visit));
}

/// The variables of an expression, each once.
pub(crate) fn variables(expression: &Expression) -> Vec<&Variable> {
    let mut found = vec![];
    walk(expression, &mut |part| {
        if let Expression::Variable(variable) | Expression::Bound(variable) = part
            && !found.contains(&variable)
        {
            found.push(variable);
        }
    });
    found
}

/// Whether `EXISTS` stands in an expression.
pub(crate) fn has_exists(expression: &Expression) -> bool {
    let mut found = false;
    walk(expression, &mut |part| found |= matches!(part, Expression::Exists(_)));
    found
}

/// Whether equal values of its variables may give different values of the expression.
pub(crate) fn is_volatile(expression: &Expression) -> bool {
    let mut volatile = false;
    walk(expression, &mut |part| {
        volatile |= matches!(part, Expression::Call(Function::BNode | Function::Rand | Function::Uuid | Function::StrUuid, _));
    });
    volatile
}

/// The conditions all of which have to be true for this one to be.
pub(crate) fn conjuncts(condition: &Expression) -> Vec<&Expression> {
    match condition {
        Expression::And(parts) => parts.iter().flat_map(conjuncts).collect(),
        other => vec![other],
    }
}
