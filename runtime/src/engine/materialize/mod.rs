//! `Engine::materialize`: a dataset with what follows from it.

mod annotations;

use hypergraphql_framework::store::{AtomSpace, Id, Order, Periods};
use hypergraphql_query::algebra::Regime;
use oxrdf::Quad;

use super::changes::quad;
use super::{Engine, QueryError, QueryOptions};
use crate::executor::Limits;
use crate::infer::{Graph, Time, Whole, closure_of};
use annotations::annotate;

/// What a derived statement takes while it is on its way into the dataset: four terms, mostly IRIs.
const STATEMENT_BYTES: u64 = 512;

/// What errors call it.
const OPERATOR: &str = "Materialize";

/// A dataset with what follows from it.
#[derive(Debug)]
pub struct Materialized {
    /// All statements, asserted and derived, and the annotations of those that are derived.
    pub space: AtomSpace,
    /// Those that were there before.
    pub asserted: u64,
    /// Those that were added, without annotations.
    pub derived: u64,
    /// Statements that say when derived ones hold: a reifier for each period, and the longer periods of asserted ones that follow at other times, too.
    pub annotations: u64,
    /// Derived statements that RDF cannot hold, as their subject is a literal: `"v" :inheritedFrom c`. Only `INFER` sees them.
    pub left_out: u64,
    /// Statements whose valid time annotations cannot say: what is said of a hyperedge holds only while the hyperedge does, and a reifier that was there
    /// before, of a statement that was not, keeps its period.
    pub inexact: u64,
}

impl Engine {
    /// The current snapshot and what follows from each of its graphs for itself under a regime. Until something changes, a query without `INFER` has the
    /// answers there that it has here with `INFER`, except for what is left out or inexact; see [`Materialized`]. Where statements have a valid time, those that
    /// follow from them are annotated with theirs; without `TEMPORAL` they are then there at all times, while `INFER` also joins what never holds together.
    ///
    /// # Errors
    /// If a graph is inconsistent (at any time, where there are valid times), a rule of the store cannot be applied, or a limit of the options is exceeded.
    pub fn materialize(&self, regime: Regime, options: &QueryOptions) -> Result<Materialized, QueryError> {
        let (space, limits) = (self.space(), options.limits());
        let periods = Some(space.periods()?).filter(|periods| !periods.is_empty());
        let time = if periods.is_some() { Time::Cut } else { Time::Always };
        let mut graphs = vec![0];
        graphs.extend(space.graphs().iter().copied().filter(|graph| *graph != 0));
        let mut added =
            Added { space: &space, limits: &limits, limit: options.limit, derived: vec![], annotations: vec![], left_out: 0, inexact: 0 };
        for graph in graphs {
            let closure = closure_of(&self.closures, &space, Graph { regime, graph, base: options.store_base(), time }, &limits)?;
            if let Some(times) = closure.times() {
                times.check(None)?;
            }
            added.add(&closure, graph, periods)?;
        }
        let Added { derived, annotations, left_out, inexact, .. } = added;
        let (asserted, count) = (space.len(), (derived.len() as u64, annotations.len() as u64));
        let space = space.with_changes(&[derived, annotations].concat(), &[])?;
        Ok(Materialized { space, asserted, derived: count.0, annotations: count.1, left_out, inexact })
    }
}

/// What is added to a dataset.
struct Added<'a> {
    space: &'a AtomSpace,
    limits: &'a Limits,
    limit: Option<u64>,
    derived: Vec<Quad>,
    annotations: Vec<Quad>,
    left_out: u64,
    inexact: u64,
}

impl Added<'_> {
    /// What the closure of a graph has and the graph has not.
    fn add(&mut self, closure: &Whole, graph: Id, periods: Option<&Periods>) -> Result<(), QueryError> {
        let rows = closure.statements().rows(Order::Spo, &[]);
        for at in 0..rows.len() {
            if at % 1024 == 0 {
                self.limits.check(OPERATOR)?;
                self.limits.room(OPERATOR, STATEMENT_BYTES * (self.derived.len() + self.annotations.len()) as u64)?;
            }
            let [subject, predicate, object, of] = rows.row(at);
            let is_asserted = is_asserted(self.space, [subject, predicate, object], graph);
            if is_asserted && periods.is_none() {
                continue;
            }
            let Some(quad) = quad(|id| closure.term(id), [subject, predicate, object, graph]) else {
                self.left_out += u64::from(!is_asserted);
                continue;
            };
            if let Some(periods) = periods {
                let row = [subject, predicate, object, graph];
                let valid = closure.times().and_then(|times| times.statement([subject, predicate, object, of]));
                let known = if is_asserted { Some(periods.statement(row)) } else { None };
                let (annotations, is_exact) = annotate(&quad, row, periods, valid, known);
                self.annotations.extend(annotations);
                self.inexact += u64::from(!is_exact);
            }
            if !is_asserted {
                self.derived.push(quad);
            }
            let rows = self.derived.len() as u64;
            if let Some(limit) = self.limit.filter(|limit| rows > *limit) {
                return Err(QueryError::TooManyRows { operator: OPERATOR.to_owned(), rows, limit });
            }
        }
        Ok(())
    }
}

fn is_asserted(space: &AtomSpace, triple: [Id; 3], graph: Id) -> bool {
    if triple.iter().any(|id| *id > space.terms()) {
        return false;
    }
    let rows = space.rows(Order::Spo, &triple);
    (0..rows.len()).any(|at| rows.row(at)[3] == graph)
}
