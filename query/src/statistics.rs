//! What a planner asks of a store: how many statements match a pattern, how many different terms stand in each place of a predicate, and how many
//! subjects have several predicates together.

use oxrdf::Term;

use crate::algebra::TermPattern;
use crate::graph::TextPattern;

/// Numbers of a store; estimates are allowed, they decide about speed and never about answers.
pub trait Statistics {
    /// Statements of which these places are these terms.
    fn rows(&self, subject: Option<&Term>, predicate: Option<&Term>, object: Option<&Term>) -> f64;

    /// Different subjects and objects of the statements of a predicate, or of all statements.
    fn distinct(&self, predicate: Option<&Term>) -> Distinct;

    /// A star: atoms with one subject, each a predicate and, where it is a constant, an object. None where nothing is known of stars: the planner then takes it
    /// that every subject of one atom has the other predicates, too.
    fn star(&self, atoms: &[(&Term, Option<&Term>)]) -> Option<Star<'_>> {
        let _ = atoms;
        None
    }

    /// Strings among which a store finds those of a pattern without looking at all strings; none where it cannot.
    fn texts(&self, pattern: &TextPattern) -> Option<f64> {
        let _ = pattern;
        None
    }
}

/// How many matches some atoms of a star have, which are given as bits, the first atom as the lowest; none where that is not known.
pub type Star<'s> = Box<dyn Fn(u64) -> Option<f64> + 's>;

/// Numbers of different terms, each at least 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distinct {
    /// Subjects.
    pub subjects: f64,
    /// Predicates.
    pub predicates: f64,
    /// Objects.
    pub objects: f64,
}

/// Guesses without a store: every constant of a pattern leaves a hundredth of a million statements.
#[derive(Clone, Copy, Debug, Default)]
pub struct Guess;

impl Statistics for Guess {
    fn rows(&self, subject: Option<&Term>, predicate: Option<&Term>, object: Option<&Term>) -> f64 {
        let constants = [subject, predicate, object].into_iter().flatten().count();
        (1e6 / 100f64.powi(constants as i32)).max(1.0)
    }

    fn distinct(&self, predicate: Option<&Term>) -> Distinct {
        let places = if predicate.is_some() { 1e3 } else { 1e5 };
        Distinct { subjects: places, predicates: if predicate.is_some() { 1.0 } else { 100.0 }, objects: places }
    }
}

/// The constant of a place of a pattern.
pub(crate) fn constant(place: &TermPattern) -> Option<&Term> {
    match place {
        TermPattern::Term(term) => Some(term),
        TermPattern::Variable(_) | TermPattern::Triple(_) => None,
    }
}
