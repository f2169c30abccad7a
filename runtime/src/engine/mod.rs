//! The session API: a store that is asked and changed in HyperQL.

mod answer;
mod arrow;
mod ask;
mod backup;
mod changes;
mod describe;
mod error;
mod load;
mod materialize;
mod options;
mod prepared;
mod rows;
mod statistics;
mod template;
mod update;
mod writer;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError, RwLock};

use hypergraphql_framework::store::AtomSpace;
use hypergraphql_query::{compile, parse_query, parse_update};

use crate::infer::ClosureCache;
use statistics::StoreStatistics;
use writer::Writer;

pub use crate::executor::{OperatorProfile, Profile, QueryDevice};
pub use answer::{Answer, Solutions};
pub use arrow::{BatchOptions, Cells, RecordBatches};
pub use error::QueryError;
pub use materialize::Materialized;
pub use options::QueryOptions;
pub use prepared::Prepared;
pub use rows::RowError;

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
        Ok(self.profile(text, options)?.0)
    }

    /// Answers a query and says what its operators did. Operators are always counted: this takes no longer than [`Self::query`].
    ///
    /// # Errors
    /// As [`Self::query`].
    pub fn profile(&self, text: &str, options: &QueryOptions) -> Result<(Answer, Profile), QueryError> {
        let limits = options.limits();
        let query = parse_query(text, &options.parse())?;
        let space = self.space();
        let compiled = compile(&query, &StoreStatistics(&space), &options.compile()).map_err(QueryError::from);
        let answer = compiled.and_then(|plan| ask::answer(&space, &plan, &BTreeMap::new(), limits, options, &self.closures));
        answer.map_err(|error| error.located(text))
    }

    /// Reads a query whose parameters get their terms when it is run: variables that are written `$name` have to be given one, all others may be.
    ///
    /// ```
    /// use hypergraphql_framework::store::AtomSpace;
    /// use hypergraphql_runtime::engine::{Answer, Engine, QueryOptions};
    /// use oxrdf::{Literal, NamedNode, Quad, GraphName};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let node = |name: &str| NamedNode::new_unchecked(format!("http://example.org/{name}"));
    /// let age = |of: &str, years: i64| Quad::new(node(of), node("age"), Literal::from(years), GraphName::DefaultGraph);
    /// let engine = Engine::new(AtomSpace::from_quads([age("ada", 36), age("grace", 85)])?);
    /// let older = engine.prepare("SELECT ?who { ?who :age ?age FILTER(?age > $least) }", &QueryOptions::default())?;
    /// let Answer::Solutions(found) = older.query(&[("least", Literal::from(40).into())])? else { panic!("SELECT gives solutions") };
    /// assert_eq!(found.rows().next(), Some(vec![Some(node("grace").into())]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the text is no query.
    pub fn prepare(&self, text: &str, options: &QueryOptions) -> Result<Prepared<'_>, QueryError> {
        Prepared::new(self, text, options)
    }

    /// The plan of a query, which is not run.
    ///
    /// # Errors
    /// If the text is no query.
    pub fn explain(&self, text: &str, options: &QueryOptions) -> Result<String, QueryError> {
        let query = parse_query(text, &options.parse())?;
        let plan = compile(&query, &StoreStatistics(&self.space()), &options.compile());
        plan.map(|plan| plan.to_string()).map_err(|error| QueryError::from(error).located(text))
    }

    /// Applies an update: all of its operations, or none if one fails.
    ///
    /// # Errors
    /// If the text is no update, an operation fails, a limit is exceeded, or the store cannot be written.
    pub fn update(&self, text: &str, options: &QueryOptions) -> Result<(), QueryError> {
        let update = parse_update(text, &options.parse())?;
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let before = writer.begin(self.space())?;
        let changes = update::changes(before, &update, options).map_err(|error| error.located(text))?;
        let after = writer.commit(changes)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = after;
        Ok(())
    }
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
