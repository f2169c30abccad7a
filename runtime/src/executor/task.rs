//! What an operator works with: the query's data and limits, and pieces of work in parallel.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hypergraphql_framework::store::{AtomSpace, Id};
use hypergraphql_query::algebra::Variable;
use hypergraphql_query::expr::Context;
use oxrdf::Term;
use rayon::prelude::*;

use super::dataset::Graphs;
use super::device::QueryDevice;
use super::limits::Limits;
use super::period_sets::PeriodSets;
use super::profile::Profile;
use super::terms::Terms;
use crate::engine::QueryError;
use crate::infer::Closures;
use crate::learned::{Learned, ModelFailure};

/// Rows between two looks at the limits.
pub(crate) const MORSEL: usize = 1 << 16;

/// Most rows of a table: a row is named by a u32, whose largest value names none.
const MOST_ROWS: u64 = u32::MAX as u64;

/// What all operators of a query share.
pub(crate) struct Session<'s> {
    /// The snapshot that is asked.
    pub(crate) space: &'s AtomSpace,
    /// Ids of terms, those of the query's own included.
    pub(crate) terms: Terms,
    /// Sets of periods that rows name.
    pub(crate) periods: PeriodSets,
    /// Graphs of the dataset.
    pub(crate) graphs: Graphs,
    /// Closures that patterns are matched against.
    pub(crate) closures: Closures,
    /// Time and memory.
    pub(crate) limits: Limits,
    /// What its operators did so far.
    pub(crate) profile: Mutex<Profile>,
    /// What expressions know besides their row.
    pub(crate) evaluation: Context<'s>,
    /// Numbers that solutions have; see [`Self::number_solutions`].
    numbered: AtomicU64,
    /// Where operators run that can run there.
    pub(crate) device: QueryDevice,
    /// Rows of the largest input from which on they do.
    pub(crate) device_rows: usize,
    /// Models that may be asked.
    pub(crate) learned: Learned,
    /// The namespace of the names that models know.
    pub(crate) namespace: String,
}

impl<'s> Session<'s> {
    /// A query on a snapshot.
    ///
    /// # Errors
    /// When the closures have more terms than there are ids.
    pub(crate) fn new(
        space: &'s AtomSpace,
        graphs: Graphs,
        closures: Closures,
        limits: Limits,
        evaluation: Context<'s>,
    ) -> Result<Self, QueryError> {
        let terms = Terms::new(space.clone());
        // The ids that the closures have given them.
        closures.terms.iter().try_for_each(|term| terms.intern(term).map(|_| ()))?;
        let mut profile = Profile::default();
        closures.profile.iter().for_each(|operator| profile.add(operator.clone()));
        Ok(Self {
            space,
            terms,
            periods: PeriodSets::default(),
            graphs,
            closures,
            limits,
            profile: Mutex::new(profile),
            evaluation,
            numbered: AtomicU64::new(0),
            device: QueryDevice::host(),
            device_rows: 0,
            learned: Learned::default(),
            namespace: String::new(),
        })
    }

    /// The same on a device, for operators whose largest input has at least so many rows.
    pub(crate) fn on(self, device: QueryDevice, device_rows: usize) -> Self {
        Self { device, device_rows, ..self }
    }

    /// The same with models, which know nodes by their names in a namespace.
    pub(crate) fn asking(self, learned: Learned, namespace: &str) -> Self {
        Self { learned, namespace: namespace.to_owned(), ..self }
    }

    /// The first of as many numbers as a table has rows at most, which no other solution of the query has: `BNODE`, `RAND` and `UUID` depend on the
    /// number of their solution.
    pub(crate) fn number_solutions(&self) -> u64 {
        self.numbered.fetch_add(MOST_ROWS + 1, Ordering::Relaxed)
    }

    /// The profile, to be written to.
    pub(crate) fn profile(&self) -> MutexGuard<'_, Profile> {
        self.profile.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What stands fixed while a sub-query runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// The graph of the `EachGraph` around.
    pub(crate) active: Option<Id>,
    /// Values that expressions take from the row outside.
    pub(crate) bindings: Vec<(Variable, Id)>,
}

/// One run of one operator.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a, 's> {
    /// What all operators share.
    pub(crate) session: &'a Session<'s>,
    /// Name and place, for errors.
    pub(crate) operator: &'a str,
    /// What stands fixed.
    pub(crate) scope: &'a Scope,
    /// The number of the first solution that it sees.
    pub(crate) first_solution: u64,
}

impl<'s> Task<'_, 's> {
    /// That the query may go on.
    pub(crate) fn check(&self) -> Result<(), QueryError> {
        self.session.limits.check(self.operator)
    }

    /// That a table has no more rows than there are names for.
    pub(crate) fn rows(&self, rows: u64) -> Result<usize, QueryError> {
        match rows < MOST_ROWS {
            true => Ok(rows as usize),
            false => Err(QueryError::TooManyRows { operator: self.operator.to_owned(), rows, limit: MOST_ROWS }),
        }
    }

    /// That so many rows of so many bytes may be made.
    pub(crate) fn room(&self, rows: u64, bytes: u64) -> Result<(), QueryError> {
        self.session.limits.room(self.operator, rows.saturating_mul(bytes))
    }

    /// `work` on pieces of `0..n` in parallel, the limits looked at before each; results in order.
    pub(crate) fn morsels<T: Send>(
        &self,
        n: usize,
        size: usize,
        work: impl Fn(Range<usize>) -> Result<T, QueryError> + Sync,
    ) -> Result<Vec<T>, QueryError> {
        let piece = |i: usize| {
            self.check()?;
            work(i * size..((i + 1) * size).min(n))
        };
        match n.div_ceil(size) {
            0 => self.check().map(|()| vec![]),
            1 => Ok(vec![piece(0)?]),
            pieces => (0..pieces).into_par_iter().with_max_len(1).map(piece).collect(),
        }
    }

    /// That there are more solutions than there are numbers for.
    pub(crate) fn too_many(&self) -> QueryError {
        QueryError::TooManyRows { operator: self.operator.to_owned(), rows: u64::MAX, limit: u64::MAX }
    }

    /// An error of the plan, which is a bug of the compiler or of whoever wrote the plan.
    pub(crate) fn plan(&self, what: impl Into<String>) -> QueryError {
        QueryError::Plan { operator: self.operator.to_owned(), what: what.into() }
    }

    /// That a model gave no answer.
    pub(crate) fn model(&self, source: ModelFailure) -> QueryError {
        QueryError::Model { operator: self.operator.to_owned(), source }
    }

    /// The id of a term, a new one if no other has it yet.
    pub(crate) fn intern(&self, term: &Term) -> Result<Id, QueryError> {
        self.session.terms.intern(term)
    }

    /// The operator's number in its graph, as random values use it.
    pub(crate) fn number(&self) -> u64 {
        self.operator.rsplit_once('#').and_then(|(_, number)| number.parse().ok()).unwrap_or(0)
    }

    /// The store.
    pub(crate) fn space(&self) -> &'s AtomSpace {
        self.session.space
    }
}
