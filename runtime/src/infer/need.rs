//! Which predicates a rule needs to know all statements of.

use std::collections::BTreeSet;

use hypergraphql_framework::store::Id;

use super::InferError;
use super::evaluate::{Evaluation, Reach};
use super::pairs::unpack;
use super::rule::{Atom, Place, Rule};
use super::terms::HIDDEN;

/// Predicates that are needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// All.
    All,
    /// These.
    Predicates(BTreeSet<Id>),
}

impl Need {
    /// Whether a predicate is named.
    pub(crate) fn has(&self, predicate: Id) -> bool {
        matches!(self, Self::Predicates(predicates) if predicates.contains(&predicate))
    }

    /// What either needs.
    pub(crate) fn add(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Predicates(all), Self::Predicates(more)) => all.extend(more),
            _ => *self = Self::All,
        }
    }
}

/// What a rule needs for the heads that are in reach, as far as the statements that are known say. What an inconsistency needs besides its schema is
/// taken as it is.
pub(super) fn needs(evaluation: &Evaluation<'_>, rule: &Rule, type_of: Id) -> Result<Need, InferError> {
    // Statements with a predicate of the vocabulary are few, but types are many.
    let (schema, data): (Vec<Atom>, Vec<Atom>) =
        rule.body.iter().copied().partition(|atom| matches!(atom[1], Place::Term(predicate) if predicate != type_of));
    let mut need: BTreeSet<Id> = predicates(&schema);
    if rule.is_inconsistency() || (!schema.is_empty() && !applies(evaluation, rule, &schema)?) {
        return Ok(Need::Predicates(need));
    }
    need.extend(predicates(&data));
    let made = made(rule);
    for atom in &data {
        let Place::Variable(predicate) = atom[1] else { continue };
        // The statements of the very predicates that are wanted.
        if made == Some(predicate) {
            continue;
        }
        match values(evaluation, rule, predicate, made, type_of)? {
            Some(predicates) => need.extend(predicates),
            None => return Ok(Need::All),
        }
    }
    Ok(Need::Predicates(need))
}

fn predicates(atoms: &[Atom]) -> BTreeSet<Id> {
    let of = |atom: &Atom| if let Place::Term(predicate) = atom[1] { Some(predicate) } else { None };
    atoms.iter().filter_map(of).filter(|predicate| *predicate < HIDDEN).collect()
}

/// The variable that is the predicate of what the rule makes.
fn made(rule: &Rule) -> Option<u8> {
    rule.head.iter().find_map(|head| if let Place::Variable(variable) = head[1] { Some(variable) } else { None })
}

/// Whether these atoms of a rule have a match for heads in reach.
fn applies(evaluation: &Evaluation<'_>, rule: &Rule, atoms: &[Atom]) -> Result<bool, InferError> {
    let made = made(rule).filter(|made| atoms.iter().flatten().any(|place| *place == Place::Variable(*made)));
    let head = made.map_or(Place::Term(HIDDEN), Place::Variable);
    let found = select(evaluation, rule, atoms.to_vec(), [head, head])?;
    Ok(found.iter().any(|pair| made.is_none() || evaluation.reach.has(*pair as Id)))
}

/// The values of a variable in the matches of the atoms that say which predicates are meant; none if no atom does.
fn values(evaluation: &Evaluation<'_>, rule: &Rule, variable: u8, made: Option<u8>, type_of: Id) -> Result<Option<Vec<Id>>, InferError> {
    let says = |atom: &&Atom| match atom[1] {
        Place::Term(predicate) => predicate != type_of || matches!(atom[2], Place::Term(_)),
        Place::Variable(_) => false,
    };
    let atoms: Vec<Atom> = rule.body.iter().filter(says).copied().collect();
    let binds = |variable: u8| atoms.iter().flatten().any(|place| *place == Place::Variable(variable));
    if !binds(variable) {
        return Ok(None);
    }
    let made = made.filter(|made| binds(*made));
    let pairs = select(evaluation, rule, atoms.clone(), [Place::Variable(variable), made.map_or(Place::Term(HIDDEN), Place::Variable)])?;
    let wanted = pairs.into_iter().map(unpack).filter(|(_, head)| made.is_none() || evaluation.reach.has(*head));
    Ok(Some(wanted.map(|(value, _)| value).collect()))
}

/// Pairs of two places for all matches of some atoms of a rule.
fn select(evaluation: &Evaluation<'_>, rule: &Rule, atoms: Vec<Atom>, [one, other]: [Place; 2]) -> Result<Vec<u64>, InferError> {
    let question = Rule { variables: rule.variables, ..Rule::new(rule.name.clone(), atoms, vec![[one, Place::Term(HIDDEN), other]]) };
    let found = Evaluation { reach: &Reach::All, ..*evaluation }.of_all(&question)?;
    Ok(found.relations().first().map_or_else(Vec::new, |(_, pairs)| pairs.clone()))
}
