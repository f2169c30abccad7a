//! Conditions go to where their variables are bound, so that fewer rows are joined.

use crate::algebra::{Expression, Pattern};

/// A condition moves into the side of a join, an `OPTIONAL`, a `MINUS` or a `BIND` that binds all that it reads, and into both sides of a `UNION`.
pub(super) fn push_filter(pattern: &mut Pattern) {
    let Pattern::Filter { condition, inner } = pattern else { return };
    let mut stay = vec![];
    for part in conjuncts(std::mem::replace(condition, Expression::And(vec![]))) {
        if part.has_exists() || !push(&part, inner) {
            stay.push(part);
        }
    }
    match stay.len() {
        0 => *pattern = std::mem::replace(inner, Pattern::Core),
        1 => *condition = stay.remove(0),
        _ => *condition = Expression::And(stay),
    }
}

fn conjuncts(condition: Expression) -> Vec<Expression> {
    match condition {
        Expression::And(parts) => parts.into_iter().flat_map(conjuncts).collect(),
        other => vec![other],
    }
}

/// Whether the condition went into a part of the pattern.
fn push(condition: &Expression, pattern: &mut Pattern) -> bool {
    let read = condition.variables();
    match pattern {
        Pattern::Union(left, right) => {
            [left, right].into_iter().for_each(|side| put(condition, side));
            true
        }
        Pattern::Join(left, right) => {
            let sides = [left, right];
            let binds: Vec<bool> = sides.iter().map(|side| read.is_subset(&side.certain())).collect();
            let mut done = false;
            for (side, binds) in sides.into_iter().zip(binds) {
                if binds && !done {
                    put(condition, side);
                    done = true;
                }
            }
            done
        }
        Pattern::LeftJoin { left, .. } if read.is_subset(&left.certain()) => {
            put(condition, left);
            true
        }
        Pattern::Minus(left, _) => {
            put(condition, left);
            true
        }
        Pattern::Extend { inner, variable, .. } if !read.contains(variable) => {
            put(condition, inner);
            true
        }
        _ => false,
    }
}

fn put(condition: &Expression, pattern: &mut Box<Pattern>) {
    let inner = std::mem::replace(pattern.as_mut(), Pattern::Core);
    **pattern = Pattern::Filter { condition: condition.clone(), inner: Box::new(inner) };
    push_filter(pattern);
}
