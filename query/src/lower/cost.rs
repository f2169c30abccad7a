//! How many rows an element of a group is likely to add.

use crate::algebra::{Comparison, Expression, Pattern, Variable};
use crate::lower::build::Builder;
use crate::lower::flatten::Element;
use crate::scope::Variables;
use crate::statistics::{Distinct, constant};

/// Matches of a path from one end, from both, from none.
const PATH: [f64; 3] = [100.0, 0.5, 1e7];

/// An element with the numbers that its place in an order depends on.
pub(super) struct Costed {
    /// All its variables.
    pub(super) variables: Variables,
    /// Those that have to be bound before.
    pub(super) reads: Variables,
    /// Per place: its variable, and how many different terms stand there.
    places: Vec<(Option<Variable>, f64)>,
    /// Matches if nothing is bound.
    pub(super) rows: f64,
    /// The part of them that conditions let through; `rows` is after them.
    share: f64,
    /// A variable whose text is tested in each of its matches unless it is known; so many matches there are if nothing is bound.
    tested: Option<(Variable, f64)>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Atom,
    Path,
    Destructure,
    Text,
}

impl Costed {
    /// It can be one of the atoms of an `Intersect`.
    pub(super) fn is_atom(&self) -> bool {
        self.kind == Kind::Atom
    }

    /// It can be matched once these variables are bound.
    pub(super) fn is_ready(&self, bound: &Variables) -> bool {
        self.reads.is_subset(bound) && (self.kind != Kind::Text || bound.is_empty() || self.variables.is_subset(bound))
    }

    /// It is of no use once its variable is bound.
    pub(super) fn is_idle(&self, bound: &Variables) -> bool {
        self.kind == Kind::Text && self.variables.is_subset(bound)
    }

    /// Texts that are tested for a row that binds these variables.
    pub(super) fn tests(&self, bound: &Variables) -> f64 {
        let tested = self.tested.as_ref().filter(|(variable, _)| !bound.contains(variable));
        tested.map_or(0.0, |(_, all)| self.of_bound(*all, bound))
    }

    /// Its text is tested already.
    fn is_tested(&self, bound: &Variables) -> bool {
        self.tested.as_ref().is_some_and(|(variable, _)| bound.contains(variable))
    }

    /// Of so many matches those of a row that binds these variables.
    fn of_bound(&self, rows: f64, bound: &Variables) -> f64 {
        let bound = self.places.iter().filter(|(place, _)| place.as_ref().is_some_and(|variable| bound.contains(variable)));
        bound.fold(rows, |rows, (_, distinct)| rows / distinct.max(1.0))
    }

    /// That no more than so many values of a variable are left of its matches, each of which is tested.
    pub(super) fn limit(&mut self, variable: &Variable, values: f64) {
        let Some((_, distinct)) = self.places.last().filter(|(place, _)| self.kind == Kind::Atom && place.as_ref() == Some(variable))
        else {
            return;
        };
        let all = self.rows / self.share;
        let left = (all / distinct.max(1.0) * values).min(self.rows);
        self.share = left / all.max(f64::MIN_POSITIVE);
        (self.rows, self.tested) = (left, Some((variable.clone(), all)));
    }

    /// Matches for one row that binds these variables and matches other atoms of the star of this one, for which there are so many in all.
    pub(super) fn matches_in_star(&self, growth: f64, bound: &Variables) -> f64 {
        let object = self.places.last().filter(|(variable, _)| variable.as_ref().is_some_and(|variable| bound.contains(variable)));
        let share = if self.is_tested(bound) { 1.0 } else { self.share };
        growth * share / object.map_or(1.0, |(_, distinct)| distinct.max(1.0))
    }

    /// Matches for one row that binds these variables.
    pub(super) fn matches(&self, bound: &Variables) -> f64 {
        let is_bound = |place: &Option<Variable>| place.as_ref().is_none_or(|variable| bound.contains(variable));
        match self.kind {
            Kind::Atom => {
                let all = self.tested.as_ref().filter(|_| self.is_tested(bound));
                self.of_bound(all.map_or(self.rows, |(_, all)| *all), bound)
            }
            Kind::Path => match self.places.iter().filter(|(place, _)| is_bound(place)).count() {
                0 => PATH[2],
                1 => PATH[0],
                _ => PATH[1],
            },
            Kind::Destructure => 0.8,
            Kind::Text => {
                if is_bound(&self.places[0].0) {
                    1.0
                } else {
                    self.rows
                }
            }
        }
    }
}

impl Builder<'_> {
    /// The element, of which these conditions let through only a part.
    pub(super) fn costed(&self, element: &Element, conditions: &[&Expression]) -> Costed {
        let variables = element.variables();
        let (places, rows, kind) = match element {
            Element::Atom(atom) => {
                let triple = &atom.triple;
                let [s, p, o] = [&triple.subject, &triple.predicate, &triple.object].map(constant);
                let rows = self.statistics.rows(s, p, o);
                let Distinct { subjects, predicates, objects } = self.statistics.distinct(p);
                let of = |place: &crate::algebra::TermPattern| match place {
                    crate::algebra::TermPattern::Variable(variable) => Some(variable.clone()),
                    _ => None,
                };
                let places = vec![(of(&triple.subject), subjects), (of(&triple.predicate), predicates), (of(&triple.object), objects)];
                (places, rows, Kind::Atom)
            }
            Element::Path { subject, object, .. } => {
                let of = |place: &crate::algebra::TermPattern| match place {
                    crate::algebra::TermPattern::Variable(variable) => Some(variable.clone()),
                    _ => None,
                };
                let ends = [of(subject), of(object)];
                let constants = ends.iter().filter(|end| end.is_none()).count();
                (ends.into_iter().map(|end| (end, 1.0)).collect(), [PATH[2], PATH[0], PATH[1]][constants], Kind::Path)
            }
            Element::Destructure(variable, _) => (vec![(Some(variable.clone()), 1.0)], 1.0, Kind::Destructure),
            Element::Similar(..) => unreachable!("it comes after all that is put in order: this is a bug"),
            Element::Text { variable, expected, .. } => {
                let tested = Some((variable.clone(), *expected));
                let places = vec![(Some(variable.clone()), *expected)];
                return Costed { variables, reads: Variables::new(), places, rows: *expected, share: 1.0, tested, kind: Kind::Text };
            }
        };
        let share: f64 = conditions.iter().map(|condition| share(condition)).product();
        Costed {
            variables,
            reads: element.reads().difference(&self.outer).cloned().collect(),
            places,
            rows: rows * share,
            share,
            tested: None,
            kind,
        }
    }

    /// Rows of the largest atom in a pattern.
    pub(super) fn largest(&self, pattern: &Pattern) -> f64 {
        let mut largest = 0f64;
        pattern.visit(&mut |part| match part {
            Pattern::Bgp(triples) => {
                for triple in triples {
                    let [s, p, o] = [&triple.subject, &triple.predicate, &triple.object].map(constant);
                    largest = largest.max(self.statistics.rows(s, p, o));
                }
            }
            Pattern::Path { .. } => largest = largest.max(PATH[2]),
            Pattern::Hyperedge(_) | Pattern::Values { .. } => largest = largest.max(1e4),
            _ => {}
        });
        largest
    }
}

/// The share of rows for which a condition is likely to hold.
pub(super) fn share(condition: &Expression) -> f64 {
    match condition {
        Expression::Compare(Comparison::Equal, ..) => 0.05,
        Expression::In(_, list) => (0.05 * list.len() as f64).min(0.5),
        Expression::Compare(Comparison::NotEqual, ..) | Expression::Not(_) => 0.9,
        _ => 0.3,
    }
}
