//! Estimates for patterns whose terms are not known yet.

use oxrdf::Term;

use super::parameter;
use crate::graph::TextPattern;
use crate::statistics::{Distinct, Star, Statistics};

/// Numbers of a store, in which a parameter is an average term: statements with it are the statements of the rest of the pattern, divided by how many
/// different terms stand in its place.
#[derive(Clone, Copy)]
pub struct Averages<'s>(pub &'s dyn Statistics);

impl Statistics for Averages<'_> {
    fn rows(&self, subject: Option<&Term>, predicate: Option<&Term>, object: Option<&Term>) -> f64 {
        let known = |term: &&Term| parameter(term).is_none();
        let rows = self.0.rows(subject.filter(known), predicate.filter(known), object.filter(known));
        let is_parameter = |term: Option<&Term>| term.is_some_and(|term| parameter(term).is_some());
        let all = self.distinct(predicate);
        let shares = [(subject, all.subjects), (predicate, self.0.distinct(None).predicates), (object, all.objects)];
        rows / shares.into_iter().filter(|(term, _)| is_parameter(*term)).map(|(_, distinct)| distinct).product::<f64>()
    }

    fn distinct(&self, predicate: Option<&Term>) -> Distinct {
        self.0.distinct(predicate.filter(|term| parameter(term).is_none()))
    }

    fn star(&self, atoms: &[(&Term, Option<&Term>)]) -> Option<Star<'_>> {
        let is_parameter = |term: &Term| parameter(term).is_some();
        if atoms.iter().any(|(predicate, _)| is_parameter(predicate)) {
            return None;
        }
        let average = |&(predicate, object): &(&Term, Option<&Term>)| match object.is_some_and(is_parameter) {
            true => 1.0 / self.distinct(Some(predicate)).objects,
            false => 1.0,
        };
        let shares: Vec<f64> = atoms.iter().map(average).collect();
        let known: Vec<_> = atoms.iter().map(|&(predicate, object)| (predicate, object.filter(|object| !is_parameter(object)))).collect();
        let star = self.0.star(&known)?;
        Some(Box::new(move |some| {
            let share: f64 = shares.iter().enumerate().filter(|(at, _)| some >> at & 1 == 1).map(|(_, share)| share).product();
            Some(star(some)? * share)
        }))
    }

    fn texts(&self, pattern: &TextPattern) -> Option<f64> {
        self.0.texts(pattern)
    }
}
