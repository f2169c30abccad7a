//! The session API: a store that is asked and changed in HyperQL.

mod answer;
mod changes;
mod describe;
mod error;
mod options;
mod statistics;
mod template;
mod update;
mod writer;

use std::hash::BuildHasher;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use hashbrown::HashSet;
use hypergraphql_framework::store::AtomSpace;
use hypergraphql_query::algebra::{Form, Query, TriplePattern};
use hypergraphql_query::expr::Context;
use hypergraphql_query::graph::Column;
use hypergraphql_query::{compile, parse_query, parse_update};
use oxiri::Iri;
use oxrdf::Triple;
use oxsdatatypes::DateTime;

use crate::executor::{Graphs, Limits, Scope, Session, StoreAnnotations, Table, expanded, run};
use crate::infer::{self, ClosureCache, prepare};
use statistics::StoreStatistics;
use writer::Writer;

pub use crate::executor::{OperatorProfile, Profile, QueryDevice};
pub use answer::{Answer, Solutions};
pub use error::QueryError;
pub use options::QueryOptions;

/// A store that is asked and changed. Queries read the snapshot that is current when they begin; updates come one after the other.
pub struct Engine {
    current: RwLock<AtomSpace>,
    /// Held by the one update that runs.
    writer: Mutex<Writer>,
    closures: ClosureCache,
}

impl Engine {
    /// An engine on a dataset in memory.
    pub fn new(space: AtomSpace) -> Self {
        Self { current: RwLock::new(space), writer: Mutex::new(Writer::memory()), closures: ClosureCache::default() }
    }

    /// An engine on the store in a folder. It reads without a lock; the first update makes it the one writer of the store, until it is dropped.
    ///
    /// # Errors
    /// If there is no store, or one of its files cannot be read or is damaged.
    pub fn open(folder: &Path) -> Result<Self, QueryError> {
        let space = AtomSpace::open(folder)?;
        Ok(Self { current: RwLock::new(space), writer: Mutex::new(Writer::folder(folder)), closures: ClosureCache::default() })
    }

    /// The current snapshot.
    pub fn space(&self) -> AtomSpace {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Answers a query.
    ///
    /// # Errors
    /// If the text is no query, or a limit is exceeded.
    pub fn query(&self, text: &str, options: &QueryOptions) -> Result<Answer, QueryError> {
        let begin = Instant::now();
        let space = self.space();
        let limits = Limits::new(options.timeout, options.memory, options.cancel.clone());
        let query = parse_query(text, &options.parse())?;
        let (session, table) = solve(&space, &query, limits, options, &self.closures)?;
        let bounded = |rows: usize| match options.limit {
            Some(limit) if rows as u64 > limit => {
                Err(QueryError::TooManyRows { operator: "the answer".to_owned(), rows: rows as u64, limit })
            }
            _ => Ok(()),
        };
        Ok(match &query.form {
            Form::Ask => Answer::Boolean(table.rows > 0),
            Form::Construct(template) => {
                let triples = construct(&session, template, &table)?;
                bounded(triples.len())?;
                Answer::Graph(triples)
            }
            Form::Describe(of) => {
                let triples = describe::describe(&session, of, &table)?;
                bounded(triples.len())?;
                Answer::Graph(triples)
            }
            Form::Select(variables) => {
                bounded(table.rows)?;
                let column = |variable| Column { variable, optional: true };
                let table = table.with_schema(&variables.iter().cloned().map(column).collect::<Vec<_>>());
                let mut profile = session.profile().clone();
                profile.total = begin.elapsed();
                Answer::Solutions(Solutions::new(table, session.terms, profile))
            }
        })
    }

    /// The plan of a query, which is not run.
    ///
    /// # Errors
    /// If the text is no query.
    pub fn explain(&self, text: &str, options: &QueryOptions) -> Result<String, QueryError> {
        let query = parse_query(text, &options.parse())?;
        Ok(compile(&query, &StoreStatistics(&self.space()), &options.compile())?.to_string())
    }

    /// Applies an update: all of its operations, or none if one fails.
    ///
    /// # Errors
    /// If the text is no update, an operation fails, a limit is exceeded, or the store cannot be written.
    pub fn update(&self, text: &str, options: &QueryOptions) -> Result<(), QueryError> {
        let update = parse_update(text, &options.parse())?;
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let before = writer.begin(self.space())?;
        let after = writer.commit(update::changes(before, &update, options)?)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = after;
        Ok(())
    }
}

/// The solutions of a query, each a row of its own.
fn solve<'s>(
    space: &'s AtomSpace,
    query: &Query,
    limits: Limits,
    options: &QueryOptions,
    cache: &ClosureCache,
) -> Result<(Session<'s>, Table), QueryError> {
    let graph = compile(query, &StoreStatistics(space), &options.compile())?;
    let mut evaluation = Context::new(DateTime::now(), std::hash::RandomState::new().hash_one(0));
    evaluation.base = graph.base.clone().and_then(|base| Iri::parse(base).ok());
    let graphs = Graphs::new(space, graph.dataset.as_ref());
    evaluation.annotations = Some(Arc::new(StoreAnnotations::new(space.clone(), &graphs)));
    let closures = prepare(&graph, infer::Context { cache, space, graphs: &graphs, base: options.store_base(), limits: &limits })?;
    let session = Session::new(space, graphs, closures, limits, evaluation)?.on(options.device.clone(), options.device_rows);
    let table = run(&session, &graph, &Scope::default(), "")?;
    // A damaged part of a file reads as empty.
    space.health()?;
    let table = if matches!(query.form, Form::Ask) { table } else { expanded(&session, table)? };
    Ok((session, table))
}

/// The set of triples that the solutions make of a template.
fn construct(session: &Session<'_>, template: &[TriplePattern], table: &Table) -> Result<Vec<Triple>, QueryError> {
    let (mut triples, mut known) = (vec![], HashSet::new());
    for row in 0..table.rows {
        if row % 1024 == 0 {
            session.limits.check("Construct")?;
            session.limits.room("Construct", 512 * triples.len() as u64)?;
        }
        let mut solution = template::Solution::new(table, &session.terms, row);
        for triple in template.iter().filter_map(|pattern| solution.triple(pattern)) {
            if known.insert(triple.clone()) {
                triples.push(triple);
            }
        }
    }
    Ok(triples)
}

#[cfg(test)]
mod tests {
    use super::Engine;

    #[test]
    fn an_engine_is_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Engine>();
    }
}
