//! From annotations to the periods of statements.

use hashbrown::{HashMap, HashSet};
use oxrdf::vocab::rdf;
use oxrdf::{NamedNodeRef, Quad, Term};

use super::{Instant, Period, PeriodSet};
use crate::store::{AtomSpace, Id, Number, Order, Position};
use crate::{Error, Result};

const VALID_FROM: NamedNodeRef<'_> = NamedNodeRef::new_unchecked("https://hypergraphql.org/ns#validFrom");
const VALID_TO: NamedNodeRef<'_> = NamedNodeRef::new_unchecked("https://hypergraphql.org/ns#validTo");
const STRENGTH: NamedNodeRef<'_> = NamedNodeRef::new_unchecked("https://hypergraphql.org/ns#strength");
const CONFIDENCE: NamedNodeRef<'_> = NamedNodeRef::new_unchecked("https://hypergraphql.org/ns#confidence");
const RELATION: NamedNodeRef<'_> = NamedNodeRef::new_unchecked("https://hypergraphql.org/ns#relation");
const HYPEREDGE: NamedNodeRef<'_> = NamedNodeRef::new_unchecked("https://hypergraphql.org/ns#Hyperedge");
const REIFIES: NamedNodeRef<'_> = NamedNodeRef::new_unchecked("http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies");

/// The valid time of a space's statements.
///
/// A statement's is the union of the periods of its reifiers in the same graph; that of an incidence is further intersected with the period of its
/// hyperedge. A statement without either is timeless.
#[derive(Debug, Default)]
pub struct Periods {
    /// Nodes that carry a bound, by graph.
    nodes: HashMap<(Id, Id), Period>,
    /// Reified statements.
    statements: HashMap<[Id; 4], PeriodSet>,
    /// Their predicates.
    predicates: HashSet<Id>,
    hyperedges: HashMap<(Id, Id), PeriodSet>,
    /// Predicates that are no roles.
    not_roles: Vec<Id>,
}

impl Periods {
    /// Reads the annotations of a space.
    ///
    /// # Errors
    /// When a bound cannot be read, a node has two of one kind in a graph, or its period ends before it begins.
    pub fn of(space: &AtomSpace) -> Result<Self> {
        let mut periods = Self { not_roles: not_roles(space), ..Self::default() };
        for (property, end) in [(VALID_FROM, false), (VALID_TO, true)] {
            periods.read_bounds(space, property, end)?;
        }
        for (&(node, graph), period) in &periods.nodes {
            check_period(space, node, period)?;
            if has_type(space, node, graph) {
                periods.hyperedges.insert((node, graph), PeriodSet::union([*period]));
            }
        }
        periods.read_reifiers(space);
        Ok(periods)
    }

    /// Whether all statements are timeless.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether a statement of this predicate may have a valid time; if not, all are timeless.
    pub fn concern(&self, predicate: Id) -> bool {
        self.predicates.contains(&predicate) || !self.hyperedges.is_empty() && !self.not_roles.contains(&predicate)
    }

    /// The valid time of a statement (subject, predicate, object, graph); none if it is timeless.
    pub fn statement(&self, row: [Id; 4]) -> Option<PeriodSet> {
        let own = self.statements.get(&row);
        let hyperedge = self.hyperedges.get(&(row[0], row[3])).filter(|_| !self.not_roles.contains(&row[1]));
        match (own, hyperedge) {
            (Some(own), Some(hyperedge)) => Some(own.intersection(hyperedge)),
            (own, hyperedge) => own.or(hyperedge).cloned(),
        }
    }

    /// The valid time that a statement would have if reifiers carried these periods, too.
    pub fn reified(&self, row: [Id; 4], more: &PeriodSet) -> PeriodSet {
        let own = self.statements.get(&row).into_iter().chain([more]).flat_map(|set| set.periods().iter().copied());
        let all = PeriodSet::union(own);
        match self.hyperedges.get(&(row[0], row[3])).filter(|_| !self.not_roles.contains(&row[1])) {
            Some(hyperedge) => all.intersection(hyperedge),
            None => all,
        }
    }

    /// The period that a hyperedge or reifier carries in a graph; none if it has no bound there.
    pub fn node(&self, node: Id, graph: Id) -> Option<Period> {
        self.nodes.get(&(node, graph)).copied()
    }

    /// The instants at which statements of some graphs begin or cease to hold, ascending: between two that follow each other the same ones hold.
    pub fn bounds(&self, graph: impl Fn(Id) -> bool) -> Vec<Instant> {
        let statements = self.statements.iter().filter(|(row, _)| graph(row[3])).map(|(_, set)| set);
        let hyperedges = self.hyperedges.iter().filter(|((_, of), _)| graph(*of)).map(|(_, set)| set);
        let periods = statements.chain(hyperedges).flat_map(|set| set.periods().iter());
        let mut bounds: Vec<Instant> = periods.flat_map(|period| [period.from, period.to]).flatten().collect();
        bounds.sort_unstable();
        bounds.dedup();
        bounds
    }

    fn read_bounds(&mut self, space: &AtomSpace, property: NamedNodeRef<'_>, end: bool) -> Result<()> {
        let Some(predicate) = space.id(property) else { return Ok(()) };
        let rows = space.rows(Order::Pos, &[predicate]);
        let mut known = None;
        for at in 0..rows.len() {
            let [node, _, object, graph] = rows.row(at);
            // Rows are by object, so each is read once.
            let instant = match known {
                Some((id, instant)) if id == object => instant,
                _ => read_bound(space, node, property, object)?,
            };
            known = Some((object, instant));
            let period = self.nodes.entry((node, graph)).or_insert(Period { from: None, to: None });
            let bound = if end { &mut period.to } else { &mut period.from };
            if bound.replace(instant).is_some() {
                return Err(invalid(space, node, property, "one value in a graph", "two".to_owned()));
            }
        }
        Ok(())
    }

    fn read_reifiers(&mut self, space: &AtomSpace) {
        let Some(reifies) = space.id(REIFIES) else { return };
        let mut found: HashMap<[Id; 4], Vec<Period>> = HashMap::new();
        for (&(node, graph), period) in &self.nodes {
            let rows = space.rows(Order::Spo, &[node, reifies]);
            for row in (0..rows.len()).map(|at| rows.row(at)).filter(|row| row[3] == graph) {
                let triple = space.lookup().record(row[2]).and_then(crate::store::record::Record::triple);
                if let Some((_, [subject, predicate, object])) = triple {
                    found.entry([subject, predicate, object, graph]).or_default().push(*period);
                }
            }
        }
        self.predicates = found.keys().map(|row| row[1]).collect();
        self.statements = found.into_iter().map(|(row, periods)| (row, PeriodSet::union(periods))).collect();
    }
}

impl AtomSpace {
    /// The valid time of the statements, read when it is first asked for.
    ///
    /// # Errors
    /// As [`Periods::of`]; spaces that were loaded from files or committed have been checked.
    pub fn periods(&self) -> Result<&Periods> {
        let known = self.known_periods();
        if let Some(periods) = known.get() {
            return Ok(periods);
        }
        let periods = Periods::of(self)?;
        Ok(known.get_or_init(|| periods))
    }
}

/// Checks all annotations of a space.
///
/// # Errors
/// As [`Periods::of`], and when a strength or confidence lies outside 0..1.
pub(in crate::store) fn check(space: &AtomSpace) -> Result<()> {
    for property in [STRENGTH, CONFIDENCE] {
        let Some(predicate) = space.id(property) else { continue };
        let rows = space.rows(Order::Pos, &[predicate]);
        let mut start = 0;
        for run in rows.column(Position::Object).chunk_by(PartialEq::eq) {
            check_degree(space, rows.row(start)[0], property, run[0])?;
            start += run.len();
        }
    }
    space.periods().map(drop)
}

/// Checks the annotations that changes brought; `space` is the one after them.
///
/// # Errors
/// As [`check`].
pub(in crate::store) fn check_changes(space: &AtomSpace, inserts: &[Quad]) -> Result<()> {
    for quad in inserts {
        let property = quad.predicate.as_ref();
        let node = space.id(crate::store::interner::subject_term(quad.subject.as_ref())).unwrap_or(0);
        if property == STRENGTH || property == CONFIDENCE {
            check_degree(space, node, property, space.id(&quad.object).unwrap_or(0))?;
        } else if property == VALID_FROM || property == VALID_TO {
            let mut graphs: HashMap<Id, Period> = HashMap::new();
            for (property, end) in [(VALID_FROM, false), (VALID_TO, true)] {
                let Some(predicate) = space.id(property) else { continue };
                let rows = space.rows(Order::Spo, &[node, predicate]);
                for [.., object, graph] in (0..rows.len()).map(|at| rows.row(at)) {
                    let period = graphs.entry(graph).or_insert(Period { from: None, to: None });
                    let bound = if end { &mut period.to } else { &mut period.from };
                    if bound.replace(read_bound(space, node, property, object)?).is_some() {
                        return Err(invalid(space, node, property, "one value in a graph", "two".to_owned()));
                    }
                }
            }
            graphs.values().try_for_each(|period| check_period(space, node, period))?;
        }
    }
    Ok(())
}

/// Predicates whose statements are no incidences of their hyperedge.
fn not_roles(space: &AtomSpace) -> Vec<Id> {
    [rdf::TYPE, REIFIES, RELATION, VALID_FROM, VALID_TO, STRENGTH, CONFIDENCE]
        .into_iter()
        .filter_map(|property| space.id(property))
        .collect()
}

/// Whether a node is a hyperedge in a graph.
fn has_type(space: &AtomSpace, node: Id, graph: Id) -> bool {
    let (Some(of_type), Some(hyperedge)) = (space.id(rdf::TYPE), space.id(HYPEREDGE)) else { return false };
    let rows = space.rows(Order::Spo, &[node, of_type, hyperedge]);
    (0..rows.len()).any(|at| rows.row(at)[3] == graph)
}

fn read_bound(space: &AtomSpace, node: Id, property: NamedNodeRef<'_>, object: Id) -> Result<Instant> {
    let term = space.term(object);
    let instant = term.as_ref().and_then(|term| Instant::of(term.as_ref()));
    instant.ok_or_else(|| invalid(space, node, property, "a gYear, date or dateTime", shown(term)))
}

fn check_period(space: &AtomSpace, node: Id, period: &Period) -> Result<()> {
    match period.from.zip(period.to) {
        Some((from, to)) if from >= to => {
            Err(invalid(space, node, VALID_FROM, &format!("an instant before {to}, its hq:validTo"), from.to_string()))
        }
        _ => Ok(()),
    }
}

fn check_degree(space: &AtomSpace, node: Id, property: NamedNodeRef<'_>, object: Id) -> Result<()> {
    let number = |value: f64| Number::from_f64(value);
    let bounds = number(0.0).zip(number(1.0));
    match space.number(object) {
        Some(value) if bounds.is_some_and(|(low, high)| low <= value && value <= high) => Ok(()),
        _ => Err(invalid(space, node, property, "a number from 0 to 1", shown(space.term(object)))),
    }
}

fn shown(term: Option<Term>) -> String {
    term.map_or_else(|| "nothing".to_owned(), |term| term.to_string().chars().take(80).collect())
}

fn invalid(space: &AtomSpace, node: Id, property: NamedNodeRef<'_>, expected: &str, found: String) -> Error {
    let property = property.as_str().rsplit('#').next().unwrap_or_default().to_owned();
    Error::invalid(format!("hq:{property} of {}", shown(space.term(node))), expected, found)
}
