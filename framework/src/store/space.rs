//! The immutable snapshot that queries read.

use std::collections::HashMap;
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex, PoisonError};

use oxrdf::{Quad, Term, TermRef};
use rayon::prelude::*;

use super::dictionary::Dictionary;
use super::interner::Interner;
use super::sharded::Terms;
use super::statements::Statements;
use super::{Adjacency, Block, Id, MAX_TERMS, Number, NumberInterval, Order, Rows, Statistics};
use crate::{Error, Result};

/// An RDF 1.2 dataset, immutable, cheap to clone and shared between threads.
#[derive(Clone)]
pub struct AtomSpace(Arc<Inner>);

struct Inner {
    dictionary: Dictionary,
    statements: Statements,
    graphs: Vec<Id>,
    statistics: Statistics,
    adjacency: Mutex<HashMap<(Order, Id), Option<Arc<Adjacency>>>>,
}

impl AtomSpace {
    /// The dataset of these statements; a repeated statement counts once.
    ///
    /// # Errors
    /// When there are more than [`super::MAX_TERMS`] terms or triple terms are nested deeper than [`super::MAX_NESTING`].
    pub fn from_quads(quads: impl IntoIterator<Item = Quad>) -> Result<Self> {
        let mut interner = Interner::default();
        let statements = quads.into_iter().map(|quad| interner.intern_quad(quad.as_ref())).collect::<Result<Vec<_>>>()?;
        Self::build(&interner.into(), statements)
    }

    /// Sorts terms, and statements of their provisional ids.
    pub(super) fn build(terms: &Terms, mut quads: Vec<[Id; 4]>) -> Result<Self> {
        if terms.len() > u64::from(MAX_TERMS) {
            return Err(Error::invalid("terms of an AtomSpace", format!("at most {MAX_TERMS}"), terms.len().to_string()));
        }
        let (dictionary, ids) = Dictionary::build(terms);
        quads.par_iter_mut().for_each(|quad| *quad = quad.map(|id| ids[id as usize]));
        drop(ids);
        let graphs = named_graphs(&quads);
        let statements = Statements::build(quads, dictionary.len(), !graphs.is_empty());
        let statistics = Statistics::of(&statements);
        Ok(Self(Arc::new(Inner { dictionary, statements, graphs, statistics, adjacency: Mutex::default() })))
    }

    /// How many statements there are.
    pub fn len(&self) -> u64 {
        self.0.statements.len() as u64
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many terms have ids, which are `1..=terms()`: those of statements and the components of triple terms.
    pub fn terms(&self) -> u32 {
        self.0.dictionary.len()
    }

    /// The id of a term, if it has one.
    pub fn id<'a>(&self, term: impl Into<TermRef<'a>>) -> Option<Id> {
        self.0.dictionary.id(term.into())
    }

    /// The term of an id; none for 0 and ids above [`AtomSpace::terms`].
    pub fn term(&self, id: Id) -> Option<Term> {
        self.0.dictionary.term(id)
    }

    /// The statements that begin with these ids (up to 3) in an order, sorted.
    pub fn rows(&self, order: Order, prefix: &[Id]) -> Rows<'_> {
        self.0.statements.rows(order, prefix)
    }

    /// Where the rows of each subject ([`Order::Pso`]) or object ([`Order::Pos`]) are among those of a predicate; none where the ids are too far apart
    /// (search the column then), the predicate has no statements, or the order does not begin with the predicate. Built once, then shared.
    pub fn adjacency(&self, order: Order, predicate: Id) -> Option<Arc<Adjacency>> {
        if !matches!(order, Order::Pso | Order::Pos) {
            return None;
        }
        let cache = || self.0.adjacency.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cache().get(&(order, predicate)) {
            return known.clone();
        }
        // Built outside the lock: others go on, and two threads at worst build the same.
        let rows = self.rows(order, &[predicate]);
        let built = Adjacency::new(rows.column(order.positions()[1])).map(Arc::new);
        cache().entry((order, predicate)).or_insert(built).clone()
    }

    /// The named graphs, ascending.
    pub fn graphs(&self) -> &[Id] {
        &self.0.graphs
    }

    /// Whether some statement is in a named graph; if not, rows have no graph column.
    pub fn has_named_graphs(&self) -> bool {
        !self.0.graphs.is_empty()
    }

    /// Counts for the planner.
    pub fn statistics(&self) -> &Statistics {
        &self.0.statistics
    }

    /// The kind of the term of an id; none for 0 and ids above [`AtomSpace::terms`].
    pub fn block(&self, id: Id) -> Option<Block> {
        (id != 0 && id <= self.terms()).then(|| self.0.dictionary.block(id))
    }

    /// The ids of the terms of a kind.
    pub fn block_ids(&self, block: Block) -> Range<Id> {
        self.0.dictionary.block_ids(block)
    }

    /// The ids of the numbers within bounds, by exact value.
    pub fn numbers(&self, low: Bound<Number>, high: Bound<Number>) -> Range<Id> {
        self.0.dictionary.numbers(low, high)
    }

    /// The ids of the numbers that SPARQL's operators find within bounds, after promotion to float and double.
    pub fn number_interval(&self, low: Bound<Number>, high: Bound<Number>) -> NumberInterval {
        NumberInterval::new(self, low, high)
    }

    /// The ids of one block whose values lie within bounds, which are literals of that block: numbers, booleans and dates by value, strings and
    /// IRIs by code points. None if a bound is of another block, or the block is one of those without values.
    pub fn interval(&self, block: Block, low: Bound<TermRef<'_>>, high: Bound<TermRef<'_>>) -> Option<Range<Id>> {
        self.0.dictionary.interval(block, low, high)
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

/// The distinct graphs that are not 0, ascending.
fn named_graphs(quads: &[[Id; 4]]) -> Vec<Id> {
    let mut graphs = Vec::new();
    let mut last = 0;
    for &[.., graph] in quads {
        if graph != last && graph != 0 {
            graphs.push(graph);
        }
        last = graph;
    }
    graphs.sort_unstable();
    graphs.dedup();
    graphs
}
