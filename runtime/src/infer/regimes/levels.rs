//! Stratification: a rule that asks that something is absent comes after all rules that could make it (Apt, Blair, Walker, 1988).

use std::sync::Arc;

use hypergraphql_framework::store::Id;

use super::super::InferError;
use super::super::rule::{Atom, Place, Rule};

/// Gives each rule its level; `inherited` are predicates whose statements are known last of all.
///
/// # Errors
/// When a rule asks that something is absent which depends on the rule itself, or on what is inherited.
pub(super) fn assign(rules: &mut [Rule], inherited: &[Id]) -> Result<(), InferError> {
    let mut levels = vec![0usize; rules.len()];
    // Whether what a rule makes depends on what is inherited.
    let from_inheritance = |atom: &Atom| may_be(atom, inherited);
    let mut late: Vec<bool> = rules.iter().map(|rule| rule.body.iter().any(from_inheritance)).collect();
    for round in 0.. {
        let mut changed = false;
        for (index, rule) in rules.iter().enumerate() {
            let absent: Vec<Atom> = rule.conditions.iter().flat_map(|conditions| conditions.absent.concat()).collect();
            if absent.iter().any(from_inheritance) {
                return Err(refused(rule, "what is inherited"));
            }
            for (other, makes) in rules.iter().enumerate().map(|(other, rule)| (other, &rule.head)) {
                let meets = |atoms: &[Atom]| atoms.iter().any(|atom| makes.iter().any(|head| unify(atom, head)));
                let (positive, negative) = (meets(&rule.body), meets(&absent));
                if negative && late[other] {
                    return Err(refused(rule, "what depends on what is inherited"));
                }
                let needed = if negative { levels[other] + 1 } else { levels[other] };
                if (positive || negative) && levels[index] < needed {
                    (levels[index], changed) = (needed, true);
                }
                if positive && late[other] && !late[index] {
                    (late[index], changed) = (true, true);
                }
            }
            if round > 2 * rules.len() {
                return Err(refused(rule, "what depends on the rule itself"));
            }
        }
        if !changed {
            break;
        }
    }
    for (rule, level) in rules.iter_mut().zip(levels) {
        if let Some(conditions) = rule.conditions.as_mut().and_then(Arc::get_mut) {
            conditions.level = level;
        }
    }
    Ok(())
}

fn refused(rule: &Rule, what: &str) -> InferError {
    InferError::Rule { rule: rule.name.clone(), why: format!("expected that its NOT EXISTS asks for what other rules make, found {what}") }
}

fn may_be(atom: &Atom, predicates: &[Id]) -> bool {
    match atom[1] {
        Place::Term(predicate) => predicates.contains(&predicate),
        Place::Variable(_) => !predicates.is_empty(),
    }
}

/// Whether a statement may match both, as far as predicates and terms at the same places say.
fn unify(a: &Atom, b: &Atom) -> bool {
    a.iter().zip(b).all(|(a, b)| matches!(a, Place::Variable(_)) || matches!(b, Place::Variable(_)) || a == b)
}
