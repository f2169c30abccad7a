//! Closures that were made, kept for the next query that asks the same of the same snapshot.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hypergraphql_framework::store::{AtomSpace, DerivedStatements, Id, Periods};
use hypergraphql_query::algebra::Regime;

use super::InferError;
use super::asserted::{Merge, When};
use super::closure::{Question, closure};
use super::evaluate::{Reach, Watch};
use super::pairs::unpack;
use super::terms::ClosureTerms;
use super::timed::{Closed, Cut, Time, Times};
use crate::engine::QueryError;

/// Closures kept at most.
const MOST_CLOSURES: usize = 8;
/// Statements of all of them at most, except that the last one is always kept.
const MOST_STATEMENTS: usize = 1 << 26;

/// The graphs whose closure is asked for; 0 is the default graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ActiveGraph {
    /// These as one.
    Merge(Vec<Id>),
    /// Each of these for itself.
    Each(Vec<Id>),
}

/// Which closure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// The rules.
    pub(crate) regime: Regime,
    /// The graphs.
    pub(crate) graph: ActiveGraph,
    /// The namespace of the store's own names.
    pub(crate) base: String,
    /// When its statements hold.
    pub(crate) time: Time,
}

/// Closures of the snapshot that was asked last.
#[derive(Default)]
pub(crate) struct ClosureCache(Mutex<Option<Snapshot>>);

struct Snapshot {
    terms: Arc<ClosureTerms>,
    /// The last used one is last.
    closures: Vec<Kept>,
}

struct Kept {
    key: Key,
    reach: Reach,
    closed: Arc<Closed>,
}

impl ClosureCache {
    /// The terms of a snapshot's closures; closures of other snapshots are forgotten.
    pub(crate) fn terms(&self, space: &AtomSpace) -> Arc<ClosureTerms> {
        let mut snapshot = self.snapshot();
        match &*snapshot {
            Some(known) if known.terms.space().is_same(space) => Arc::clone(&known.terms),
            _ => {
                let terms = Arc::new(ClosureTerms::new(space));
                *snapshot = Some(Snapshot { terms: Arc::clone(&terms), closures: vec![] });
                terms
            }
        }
    }

    /// A closure with the statements of some predicates at least.
    ///
    /// # Errors
    /// As [`closure`].
    pub(crate) fn closure(&self, terms: &Arc<ClosureTerms>, key: Key, reach: Reach, watch: Watch<'_>) -> Result<Arc<Closed>, InferError> {
        if let Some(known) = self.known(terms, &key, &reach) {
            return Ok(known);
        }
        // Made outside the lock: others go on, and two queries at worst make the same.
        let closed = Arc::new(closed(terms, &key, &reach, watch)?);
        let mut snapshot = self.snapshot();
        if let Some(Snapshot { closures, .. }) = snapshot.as_mut().filter(|snapshot| Arc::ptr_eq(&snapshot.terms, terms)) {
            closures.retain(|kept| kept.key != key || !covers(&reach, &kept.reach));
            closures.push(Kept { key, reach, closed: Arc::clone(&closed) });
            let size = |closures: &[Kept]| closures.iter().map(|kept| kept.closed.statements.len()).sum::<usize>();
            while closures.len() > MOST_CLOSURES || (closures.len() > 1 && size(closures) > MOST_STATEMENTS) {
                closures.remove(0);
            }
        }
        Ok(closed)
    }

    fn known(&self, terms: &Arc<ClosureTerms>, key: &Key, reach: &Reach) -> Option<Arc<Closed>> {
        let mut snapshot = self.snapshot();
        let closures = &mut snapshot.as_mut().filter(|snapshot| Arc::ptr_eq(&snapshot.terms, terms))?.closures;
        let at = closures.iter().position(|kept| kept.key == *key && covers(&kept.reach, reach))?;
        let kept = closures.remove(at);
        let closed = Arc::clone(&kept.closed);
        closures.push(kept);
        Some(closed)
    }

    fn snapshot(&self) -> MutexGuard<'_, Option<Snapshot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether all that the second has is in the first.
fn covers(all: &Reach, part: &Reach) -> bool {
    match part {
        Reach::All => *all == Reach::All,
        Reach::Predicates(predicates) => predicates.iter().all(|predicate| all.has(*predicate)),
    }
}

fn closed(terms: &ClosureTerms, key: &Key, reach: &Reach, watch: Watch<'_>) -> Result<Closed, InferError> {
    let question = Question { regime: key.regime, reach: reach.clone(), base: &key.base };
    let periods = || terms.space().periods().map_err(|error| InferError::Stopped(Box::new(QueryError::from(error))));
    let when = match key.time {
        Time::Cut => return cut(periods()?, terms, &key.graph, &question, watch),
        Time::Always => None,
        Time::At(instant) => Some((periods()?, When::At(instant))),
    };
    let of = |graphs: Vec<Id>| {
        let merge = Merge::new(terms.space(), graphs);
        let merge = if let Some((periods, when)) = when { merge.then(periods, when) } else { merge };
        closure(&merge, terms, &question, watch)
    };
    let always = |statements| Ok(Closed { statements, times: None });
    match &key.graph {
        ActiveGraph::Merge(graphs) => {
            let closed = of(graphs.clone())?;
            let rows = closed.relations.iter().map(|(_, pairs)| pairs.len()).sum();
            watch(24 * rows as u64)?;
            let mut columns: [Vec<Id>; 3] = std::array::from_fn(|_| Vec::with_capacity(rows));
            for (predicate, pairs) in closed.relations {
                columns[0].resize(columns[0].len() + pairs.len(), predicate);
                columns[1].extend(pairs.iter().map(|pair| unpack(*pair).0));
                columns[2].extend(pairs.iter().map(|pair| unpack(*pair).1));
            }
            always(DerivedStatements::new(columns))
        }
        ActiveGraph::Each(graphs) => {
            let mut rows: Vec<[Id; 4]> = vec![];
            for &graph in graphs {
                for (predicate, pairs) in of(vec![graph])?.relations {
                    rows.extend(pairs.into_iter().map(unpack).map(|(subject, object)| [predicate, subject, object, graph]));
                }
                watch(40 * rows.len() as u64)?;
            }
            rows.sort_unstable();
            always(DerivedStatements::with_graphs(std::array::from_fn(|place| rows.iter().map(|row| row[place]).collect())))
        }
    }
}

/// The closure of graphs with the times at which its statements hold.
fn cut(
    periods: &Periods,
    terms: &ClosureTerms,
    graph: &ActiveGraph,
    question: &Question<'_>,
    watch: Watch<'_>,
) -> Result<Closed, InferError> {
    let (mut times, mut rows) = (Times::default(), vec![]);
    let statements = match graph {
        ActiveGraph::Merge(graphs) => {
            Cut::of(periods, graphs, terms, question, watch)?.into_rows(0, &mut times, &mut rows);
            rows.sort_unstable();
            DerivedStatements::new(std::array::from_fn(|place| rows.iter().map(|row| row[place]).collect()))
        }
        ActiveGraph::Each(graphs) => {
            for &graph in graphs {
                Cut::of(periods, &[graph], terms, question, watch)?.into_rows(graph, &mut times, &mut rows);
                watch(40 * rows.len() as u64)?;
            }
            rows.sort_unstable();
            DerivedStatements::with_graphs(std::array::from_fn(|place| rows.iter().map(|row| row[place]).collect()))
        }
    };
    Ok(Closed { statements, times: Some(times) })
}
