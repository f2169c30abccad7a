//! Stars: atoms of a group that have one subject and constant predicates. How many matches they have together is asked of the statistics, which know which
//! predicates stand together; what is not known is taken to be independent ([`super::cost`]).

use std::cell::RefCell;
use std::collections::HashMap;

use oxrdf::Term;

use crate::algebra::{TermPattern, Variable};
use crate::graph::{Atom, GraphScope, Source};
use crate::lower::flatten::Element;
use crate::lower::order::MOST_FOR_ALL_ORDERS;
use crate::statistics::{Statistics, constant};

/// Fewer matches than these are not told apart: estimates are not that good.
const FEWEST: f64 = 0.5;

/// The stars of a group.
pub(super) struct Stars<'a> {
    statistics: &'a dyn Statistics,
    /// Of each element that is part of a star: the others of it and itself as bits, predicate and constant object.
    of: Vec<Option<Spoke>>,
    /// Matches of the sets of elements that were asked for.
    known: RefCell<HashMap<u64, Option<f64>>>,
}

struct Spoke {
    star: u64,
    predicate: Term,
    object: Option<Term>,
}

impl<'a> Stars<'a> {
    /// Those of elements; none of large groups, which are put in order without.
    pub(super) fn new(statistics: &'a dyn Statistics, elements: &[Element]) -> Self {
        let mut centres: Vec<Option<(&Variable, &GraphScope)>> = elements.iter().map(centre).collect();
        if elements.len() > MOST_FOR_ALL_ORDERS {
            centres.clear();
        }
        let spoke = |(element, of): (&Element, &Option<(&Variable, &GraphScope)>)| {
            let (Element::Atom(atom), Some(of)) = (element, of) else { return None };
            let star = centres.iter().enumerate().filter(|(_, other)| **other == Some(*of)).fold(0, |bits, (e, _)| bits | 1 << e);
            let predicate = constant(&atom.triple.predicate)?.clone();
            Some(Spoke { star, predicate, object: constant(&atom.triple.object).cloned() })
        };
        let of = elements.iter().zip(&centres).map(spoke).collect();
        Self { statistics, of, known: RefCell::default() }
    }

    /// How many matches of an element there are for each match of the elements of its star that are done (bits); none if there is no such element, or nothing
    /// is known.
    pub(super) fn growth(&self, done: u64, next: usize) -> Option<f64> {
        let before = self.of.get(next)?.as_ref()?.star & done;
        if before == 0 || before & 1 << next != 0 {
            return None;
        }
        Some(self.matches(before | 1 << next)?.max(FEWEST) / self.matches(before)?.max(FEWEST))
    }

    /// Matches of some elements of one star.
    fn matches(&self, elements: u64) -> Option<f64> {
        if let Some(known) = self.known.borrow().get(&elements) {
            return *known;
        }
        let spokes = self.of.iter().enumerate().filter(|(e, _)| elements & 1 << e != 0).filter_map(|(_, spoke)| spoke.as_ref());
        let atoms: Vec<(&Term, Option<&Term>)> = spokes.map(|spoke| (&spoke.predicate, spoke.object.as_ref())).collect();
        let matches = self.statistics.star(&atoms);
        self.known.borrow_mut().insert(elements, matches);
        matches
    }
}

/// The variable at the centre of the star of which an element could be, and the graph.
fn centre(element: &Element) -> Option<(&Variable, &GraphScope)> {
    let Element::Atom(Atom { triple, graph, source: Source::Asserted, as_of: None, .. }) = element else { return None };
    match (&triple.subject, &triple.object) {
        (TermPattern::Variable(subject), object) if constant(&triple.predicate).is_some() && triple.object != triple.subject => {
            (!matches!(object, TermPattern::Triple(_))).then_some((subject, graph))
        }
        _ => None,
    }
}
