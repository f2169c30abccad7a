//! What a rule of the store asks of a match of its atoms: computed values, conditions, and patterns that have no match.

use std::borrow::Cow;

use hypergraphql_framework::store::Id;
use hypergraphql_query::expr::{Context, Program, Row, Value};

use super::InferError;
use super::facts::Facts;
use super::pairs::unpack;
use super::rule::{Atom, Place};
use super::terms::ClosureTerms;

/// What stands in a rule beside its atoms.
pub(crate) struct Conditions {
    /// `BIND`, in order: the variable, whether an atom binds it, too, and its value.
    pub(crate) computed: Vec<(u8, bool, Program)>,
    /// `FILTER`.
    pub(crate) filters: Vec<Program>,
    /// `NOT EXISTS`.
    pub(crate) absent: Vec<Vec<Atom>>,
    /// Variables that atoms or computed values bind, as a set of bits.
    pub(crate) bound: u64,
    /// Rules of lower levels are done before.
    pub(crate) level: usize,
    /// What expressions see besides the match.
    pub(crate) context: Context<'static>,
}

impl Conditions {
    /// Computes the values of a match in which unbound variables are 0; whether it is one.
    ///
    /// # Errors
    /// When there are more new terms than ids.
    pub(crate) fn hold(&self, bindings: &mut [Id], facts: &Facts<'_>, terms: &ClosureTerms) -> Result<bool, InferError> {
        for (variable, is_bound, _) in &self.computed {
            if !is_bound {
                bindings[*variable as usize] = 0;
            }
        }
        for (variable, is_bound, program) in &self.computed {
            let value = program.evaluate(&Match { bindings, terms }, &self.context).ok().map(|value| value.term());
            let Some(value) = value else { continue };
            let id = terms.intern(&value)?;
            if *is_bound && bindings[*variable as usize] != id {
                return Ok(false);
            }
            bindings[*variable as usize] = id;
        }
        let row = Match { bindings, terms };
        if !self.filters.iter().all(|filter| filter.test(&row, &self.context)) {
            return Ok(false);
        }
        let known = |variable: u8| self.bound >> variable & 1 == 1 && bindings[variable as usize] != 0;
        let bound = (0..bindings.len() as u8).filter(|variable| known(*variable)).fold(0, |all, variable| all | 1 << variable);
        Ok(!self.absent.iter().any(|atoms| has_match(atoms, &mut bindings.to_vec(), bound, facts)))
    }
}

impl PartialEq for Conditions {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl std::fmt::Debug for Conditions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Conditions").field("absent", &self.absent).field("level", &self.level).finish_non_exhaustive()
    }
}

/// A match as a row of values.
struct Match<'a> {
    bindings: &'a [Id],
    terms: &'a ClosureTerms,
}

impl Row for Match<'_> {
    fn value(&self, slot: usize) -> Option<Cow<'_, Value>> {
        let id = self.bindings.get(slot).copied().filter(|id| *id != 0)?;
        self.terms.term(id).map(|term| Cow::Owned(Value::from(&term)))
    }

    fn solution(&self) -> u64 {
        // Functions that ask for it are refused in rules.
        0
    }
}

/// Whether the atoms, whose predicates are terms, have a match with the variables that are bound.
fn has_match(atoms: &[Atom], bindings: &mut Vec<Id>, bound: u64, facts: &Facts<'_>) -> bool {
    let Some(([subject, predicate, object], rest)) = atoms.split_first() else { return true };
    let value = |place: Place, bindings: &[Id]| match place {
        Place::Term(id) => Some(id),
        Place::Variable(variable) => (bound >> variable & 1 == 1).then(|| bindings[variable as usize]),
    };
    let (s, o) = (value(*subject, bindings), value(*object, bindings));
    let Some(pairs) = value(*predicate, bindings).and_then(|predicate| facts.pairs(predicate)) else { return false };
    let (candidates, inverse) = match (s, o) {
        (Some(s), _) => (pairs.of_subject(s), false),
        (None, Some(o)) => (pairs.of_object(o), true),
        (None, None) => (pairs.all(), false),
    };
    candidates.iter().any(|pair| {
        let (upper, lower) = unpack(*pair);
        let (found_s, found_o) = if inverse { (lower, upper) } else { (upper, lower) };
        let mut now = bound;
        for (place, id) in [(*subject, found_s), (*object, found_o)] {
            match place {
                Place::Term(term) if term != id => return false,
                Place::Variable(variable) if now >> variable & 1 == 1 && bindings[variable as usize] != id => return false,
                Place::Variable(variable) => {
                    bindings[variable as usize] = id;
                    now |= 1 << variable;
                }
                Place::Term(_) => {}
            }
        }
        has_match(rest, bindings, now, facts)
    })
}
