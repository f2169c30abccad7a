//! Stars: atoms of a group that have one subject and constant predicates. How many matches they have together is asked of the statistics, which know which
//! predicates stand together; what is not known is taken to be independent ([`super::cost`]).

use std::cell::RefCell;
use std::collections::HashMap;

use oxrdf::Term;

use crate::algebra::{TermPattern, Variable};
use crate::graph::{Atom, GraphScope, Source};
use crate::lower::flatten::Element;
use crate::lower::order::MOST_FOR_ALL_ORDERS;
use crate::statistics::{Star, Statistics, constant};

/// Fewer matches than these are not told apart: estimates are not that good.
const FEWEST: f64 = 0.5;

/// The stars of a group, of at least two atoms each.
pub(super) struct Stars<'s> {
    all: Vec<Known<'s>>,
}

/// A star of which the statistics know something.
struct Known<'s> {
    /// Its elements, each of which is the bit of its place.
    elements: Vec<usize>,
    star: Star<'s>,
    /// Matches of the atoms that were asked for.
    matches: RefCell<HashMap<u64, Option<f64>>>,
}

impl<'s> Stars<'s> {
    /// Those of elements; none of large groups, which are put in order without.
    pub(super) fn new(statistics: &'s dyn Statistics, elements: &[Element]) -> Self {
        let mut centres: Vec<(Centre<'_>, Vec<usize>)> = vec![];
        let few = if elements.len() > MOST_FOR_ALL_ORDERS { &[] } else { elements };
        for (place, of) in few.iter().enumerate().filter_map(|(place, element)| Some((place, centre(element)?))) {
            match centres.iter_mut().find(|(centre, _)| *centre == of) {
                Some((_, places)) => places.push(place),
                None => centres.push((of, vec![place])),
            }
        }
        let known = |places: Vec<usize>| {
            let atoms: Option<Vec<(&Term, Option<&Term>)>> = places.iter().map(|place| spoke(&elements[*place])).collect();
            Some(Known { star: statistics.star(&atoms?)?, elements: places, matches: RefCell::default() })
        };
        let all = centres.into_iter().filter(|(_, places)| places.len() > 1).filter_map(|(_, places)| known(places)).collect();
        Self { all }
    }

    /// How many matches of an element there are for each match of the elements of its star that are done (bits); none if there is no such element, or nothing
    /// is known.
    pub(super) fn growth(&self, done: u64, next: usize) -> Option<f64> {
        let known = self.all.iter().find(|known| known.elements.contains(&next))?;
        let bits = |is_in: &dyn Fn(usize) -> bool| {
            known.elements.iter().enumerate().filter(|(_, element)| is_in(**element)).fold(0, |bits, (at, _)| bits | 1 << at)
        };
        let before: u64 = bits(&|element| element != next && done >> element & 1 == 1);
        if before == 0 {
            return None;
        }
        let after = before | bits(&|element| element == next);
        Some(known.matches(after)?.max(FEWEST) / known.matches(before)?.max(FEWEST))
    }
}

impl Known<'_> {
    fn matches(&self, atoms: u64) -> Option<f64> {
        *self.matches.borrow_mut().entry(atoms).or_insert_with(|| (self.star)(atoms))
    }
}

/// What the atoms of a star have in common: the variable of the subject, and the graph.
type Centre<'e> = (&'e Variable, &'e GraphScope);

/// The centre of the star of which an element could be.
fn centre(element: &Element) -> Option<Centre<'_>> {
    let Element::Atom(Atom { triple, graph, source: Source::Asserted, as_of: None, .. }) = element else { return None };
    match (&triple.subject, &triple.object) {
        (_, TermPattern::Triple(_)) => None,
        (TermPattern::Variable(subject), object) if triple.subject != *object && constant(&triple.predicate).is_some() => {
            Some((subject, graph))
        }
        _ => None,
    }
}

/// Predicate and constant object of an atom.
fn spoke(element: &Element) -> Option<(&Term, Option<&Term>)> {
    let Element::Atom(atom) = element else { return None };
    Some((constant(&atom.triple.predicate)?, constant(&atom.triple.object)))
}
