//! The immutable snapshot that queries read.

use std::collections::HashMap;
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use oxrdf::{Quad, Term, TermRef};

use super::base::Base;
use super::block::{self, Value};
use super::change;
use super::delta::{self, Delta};
use super::interner::Interner;
use super::lookup::Lookup;
use super::sharded::Terms;
use super::{Adjacency, Array, Block, Id, Number, NumberInterval, Order, Periods, Rows, Statistics};
use crate::Result;

/// An RDF 1.2 dataset, immutable, cheap to clone and shared between threads.
#[derive(Clone)]
pub struct AtomSpace(Arc<Inner>);

struct Inner {
    base: Arc<Base>,
    delta: Option<Delta>,
    graphs: Vec<Id>,
    statistics: Statistics,
    /// Graph column of a base that has none, where the delta names graphs.
    zeros: OnceLock<Arc<Array<Id>>>,
    periods: OnceLock<Periods>,
    caches: Mutex<Caches>,
}

#[derive(Default)]
struct Caches {
    adjacency: HashMap<(Order, Id), Option<Arc<Adjacency>>>,
    /// Rows that the delta touches, of all statements and of each predicate.
    merged: HashMap<(Order, Option<Id>), Rows<'static>>,
}

impl AtomSpace {
    /// The dataset of these statements; a repeated statement counts once.
    ///
    /// # Errors
    /// When there are more than [`super::MAX_TERMS`] terms or triple terms are nested deeper than [`super::MAX_NESTING`].
    pub fn from_quads(quads: impl IntoIterator<Item = Quad>) -> Result<Self> {
        let mut interner = Interner::default();
        let statements = quads.into_iter().map(|quad| interner.intern_quad(quad.as_ref())).collect::<Result<Vec<_>>>()?;
        Self::build(&interner.into(), statements, false)
    }

    /// Sorts terms, and statements of their provisional ids; `text`: with an index of texts.
    pub(super) fn build(terms: &Terms, quads: Vec<[Id; 4]>, text: bool) -> Result<Self> {
        Base::build(terms, quads, text).map(Self::of)
    }

    /// A base without changes.
    pub(super) fn of(base: Base) -> Self {
        let (graphs, statistics) = (base.graphs.iter().map(|graph| graph.0).collect(), base.statistics.clone());
        Self::new(Arc::new(base), None, graphs, statistics)
    }

    fn new(base: Arc<Base>, delta: Option<Delta>, graphs: Vec<Id>, statistics: Statistics) -> Self {
        Self(Arc::new(Inner {
            base,
            delta,
            graphs,
            statistics,
            zeros: OnceLock::new(),
            periods: OnceLock::new(),
            caches: Mutex::default(),
        }))
    }

    /// The space with statements deleted, then others inserted; this one stays as it is. New terms get ids above [`AtomSpace::ordered_terms`], so that
    /// all ids of this space mean the same there.
    ///
    /// # Errors
    /// As [`AtomSpace::from_quads`].
    pub fn with_changes(&self, inserts: &[Quad], deletes: &[Quad]) -> Result<Self> {
        let base = &self.0.base;
        let delta = change::apply(base, self.0.delta.as_ref(), inserts, deletes)?;
        let mut counts: HashMap<Id, u64> = base.graphs.iter().copied().collect();
        delta.inserted.all().iter().for_each(|row| *counts.entry(row[3]).or_default() += 1);
        for row in delta.deleted.all() {
            counts.entry(row[3]).and_modify(|count| *count = count.saturating_sub(1));
        }
        let mut graphs: Vec<Id> = counts.into_iter().filter(|(id, count)| *id != 0 && *count > 0).map(|(id, _)| id).collect();
        graphs.sort_unstable();
        let statistics = base.statistics.changed(&delta);
        Ok(Self::new(Arc::clone(base), Some(delta), graphs, statistics))
    }

    /// Whether both are one snapshot.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// How many statements there are.
    pub fn len(&self) -> u64 {
        self.0.statistics.rows()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many terms have ids, which are `1..=terms()`: those of statements, of statements deleted since the last compaction, and the components of
    /// triple terms.
    pub fn terms(&self) -> u32 {
        self.lookup().len()
    }

    /// Ids up to this one are in the order of their terms. Those above, of terms that changes brought, are in no order: intervals leave them out, and
    /// who uses intervals has to test them by value.
    pub fn ordered_terms(&self) -> u32 {
        self.0.base.dictionary.len()
    }

    /// How many statements changes inserted and deleted since the last compaction. Reads and commits take longer with them: from some 100,000 on, or a
    /// tenth of all statements, [`AtomSpace::compacted`] and [`super::Store::compact`] pay.
    pub fn changes(&self) -> u64 {
        self.0.delta.as_ref().map_or(0, |delta| (delta.inserted.all().len() + delta.deleted.all().len()) as u64)
    }

    /// Equal for spaces whose ids mean the same: a space and those made of it by changes.
    pub fn numbering(&self) -> u64 {
        self.0.base.numbering
    }

    /// The id of a term, if it has one.
    pub fn id<'a>(&self, term: impl Into<TermRef<'a>>) -> Option<Id> {
        self.lookup().id(term.into())
    }

    /// The term of an id; none for 0 and ids above [`AtomSpace::terms`].
    pub fn term(&self, id: Id) -> Option<Term> {
        self.lookup().term(id)
    }

    /// The kind of the term of an id; none for 0 and ids above [`AtomSpace::terms`].
    pub fn block(&self, id: Id) -> Option<Block> {
        self.lookup().block(id)
    }

    /// The statements that begin with these ids (up to 3) in an order, sorted. Without a copy where changes do not touch them.
    pub fn rows(&self, order: Order, prefix: &[Id]) -> Rows<'_> {
        let rows = self.0.base.statements.rows(order, prefix);
        let Some(delta) = &self.0.delta else { return rows };
        let (inserted, deleted) = (delta.inserted.rows(order, prefix), delta.deleted.rows(order, prefix));
        let graphs = self.has_named_graphs();
        if inserted.is_empty() && deleted.is_empty() {
            let plain = self.0.base.graphs.is_empty();
            return if graphs && plain { rows.with_graphs(self.0.zeros.get_or_init(|| zeros(self.0.base.statements.len()))) } else { rows };
        }
        let merge = || delta::merge(&rows, inserted, deleted, graphs);
        // Whole predicates are asked for again and again.
        let key = match (prefix, order) {
            ([], _) => (order, None),
            ([predicate], Order::Pso | Order::Pos) => (order, Some(*predicate)),
            _ => return merge(),
        };
        if let Some(known) = self.caches().merged.get(&key) {
            return known.clone();
        }
        let merged = merge();
        self.caches().merged.entry(key).or_insert(merged).clone()
    }

    /// Where the rows of each subject ([`Order::Pso`]) or object ([`Order::Pos`]) are among those of a predicate; none where the ids are too far apart
    /// (search the column then), the predicate has no statements, or the order does not begin with the predicate. Built once, then shared.
    pub fn adjacency(&self, order: Order, predicate: Id) -> Option<Arc<Adjacency>> {
        if !matches!(order, Order::Pso | Order::Pos) {
            return None;
        }
        if let Some(known) = self.caches().adjacency.get(&(order, predicate)) {
            return known.clone();
        }
        // Built outside the lock: others go on, and two threads at worst build the same.
        let rows = self.rows(order, &[predicate]);
        let built = Adjacency::new(rows.column(order.positions()[1])).map(Arc::new);
        self.caches().adjacency.entry((order, predicate)).or_insert(built).clone()
    }

    /// The named graphs, ascending.
    pub fn graphs(&self) -> &[Id] {
        &self.0.graphs
    }

    /// Whether some statement is in a named graph; if not, rows have no graph column.
    pub fn has_named_graphs(&self) -> bool {
        !self.0.graphs.is_empty()
    }

    /// Counts for the planner; after changes, the distinct subjects and objects are those of before.
    pub fn statistics(&self) -> &Statistics {
        &self.0.statistics
    }

    /// The value of a number; none of other terms and of NaN.
    pub fn number(&self, id: Id) -> Option<Number> {
        match block::classify(self.lookup().record(id)?).1 {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The ids of the terms of a kind, among [`AtomSpace::ordered_terms`].
    pub fn block_ids(&self, block: Block) -> Range<Id> {
        self.0.base.dictionary.block_ids(block)
    }

    /// The ids of the numbers within bounds, by exact value, among [`AtomSpace::ordered_terms`].
    pub fn numbers(&self, low: Bound<Number>, high: Bound<Number>) -> Range<Id> {
        self.0.base.dictionary.numbers(low, high)
    }

    /// The ids of the numbers that SPARQL's operators find within bounds, after promotion to float and double; of all terms, those of changes too.
    pub fn number_interval(&self, low: Bound<Number>, high: Bound<Number>) -> NumberInterval {
        NumberInterval::new(self, low, high)
    }

    /// The ids of one block whose values lie within bounds, which are literals of that block: numbers, booleans and dates by value, strings and
    /// IRIs by code points; among [`AtomSpace::ordered_terms`]. None if a bound is of another block, or the block is one of those without values.
    pub fn interval(&self, block: Block, low: Bound<TermRef<'_>>, high: Bound<TermRef<'_>>) -> Option<Range<Id>> {
        self.0.base.dictionary.interval(block, low, high)
    }

    /// Whether everything that was read of the space's file so far was as it was written. A damaged part reads as empty: who gives out an answer asks
    /// this before.
    ///
    /// # Errors
    /// When a damaged part was met; the error names it.
    pub fn health(&self) -> Result<()> {
        self.0.base.health.as_ref().map_or(Ok(()), |health| health.check())
    }

    /// Reads the whole space and checks it.
    ///
    /// # Errors
    /// When a part of its file is damaged, or terms or statements are out of order.
    pub fn verify(&self) -> Result<()> {
        self.0.base.verify()
    }

    pub(super) fn known_periods(&self) -> &OnceLock<Periods> {
        &self.0.periods
    }

    pub(super) fn base(&self) -> &Base {
        &self.0.base
    }

    pub(super) fn delta(&self) -> Option<&Delta> {
        self.0.delta.as_ref()
    }

    pub(super) fn lookup(&self) -> Lookup<'_> {
        Lookup { sorted: &self.0.base.dictionary, new: self.0.delta.as_ref().map(|delta| &delta.terms) }
    }

    fn caches(&self) -> MutexGuard<'_, Caches> {
        self.0.caches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for AtomSpace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AtomSpace")
            .field("statements", &self.len())
            .field("terms", &self.terms())
            .field("graphs", &self.graphs().len())
            .finish()
    }
}

fn zeros(length: usize) -> Arc<Array<Id>> {
    Arc::new(vec![0; length].into())
}
