//! `Engine::materialize`: a dataset with what follows from it.

use hypergraphql_framework::store::{AtomSpace, Id, Order};
use hypergraphql_query::algebra::Regime;

use super::changes::quad;
use super::{Engine, QueryError, QueryOptions};
use crate::infer::{Graph, closure_of};

/// What a derived statement takes while it is on its way into the dataset: four terms, mostly IRIs.
const STATEMENT_BYTES: u64 = 512;

/// What errors call it.
const OPERATOR: &str = "Materialize";

/// A dataset with what follows from it.
#[derive(Debug)]
pub struct Materialized {
    /// All statements, asserted and derived.
    pub space: AtomSpace,
    /// Those that were there before.
    pub asserted: u64,
    /// Those that were added.
    pub derived: u64,
    /// Derived statements that RDF cannot hold, as their subject is a literal: `"v" :inheritedFrom c`. Only `INFER` sees them.
    pub left_out: u64,
}

impl Engine {
    /// The current snapshot and what follows from each of its graphs for itself under a regime. Until something changes, a query without `INFER` has the
    /// answers there that it has here with `INFER`, except for what is left out; see [`Materialized::left_out`].
    ///
    /// # Errors
    /// If a graph is inconsistent, a rule of the store cannot be applied, a limit of the options is exceeded, or statements have a valid time: what follows from
    /// them would be valid for a time only.
    pub fn materialize(&self, regime: Regime, options: &QueryOptions) -> Result<Materialized, QueryError> {
        let (space, limits) = (self.space(), options.limits());
        if !space.periods()?.is_empty() {
            let what = "a dataset without valid times (hq:validFrom, hq:validTo): what follows from statements that have one";
            return Err(QueryError::NotAvailable { operator: OPERATOR.to_owned(), what });
        }
        let mut graphs = vec![0];
        graphs.extend(space.graphs().iter().copied().filter(|graph| *graph != 0));
        let (mut derived, mut left_out) = (vec![], 0);
        for graph in graphs {
            let closure = closure_of(&self.closures, &space, Graph { regime, graph, base: options.store_base() }, &limits)?;
            let rows = closure.statements.rows(Order::Spo, &[]);
            for at in 0..rows.len() {
                if at % 1024 == 0 {
                    limits.check(OPERATOR)?;
                    limits.room(OPERATOR, STATEMENT_BYTES * derived.len() as u64)?;
                }
                let [subject, predicate, object, _] = rows.row(at);
                if is_asserted(&space, [subject, predicate, object], graph) {
                    continue;
                }
                match quad(|id| closure.term(id), [subject, predicate, object, graph]) {
                    Some(quad) => derived.push(quad),
                    None => left_out += 1,
                }
                let rows = derived.len() as u64;
                if let Some(limit) = options.limit.filter(|limit| rows > *limit) {
                    return Err(QueryError::TooManyRows { operator: OPERATOR.to_owned(), rows, limit });
                }
            }
        }
        let (asserted, added) = (space.len(), derived.len() as u64);
        Ok(Materialized { space: space.with_changes(&derived, &[])?, asserted, derived: added, left_out })
    }
}

fn is_asserted(space: &AtomSpace, triple: [Id; 3], graph: Id) -> bool {
    if triple.iter().any(|id| *id > space.terms()) {
        return false;
    }
    let rows = space.rows(Order::Spo, &triple);
    (0..rows.len()).any(|at| rows.row(at)[3] == graph)
}
