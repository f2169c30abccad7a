//! What an expression sees of the query around it.

use std::borrow::Cow;
use std::sync::Arc;

use oxiri::Iri;
use oxsdatatypes::DateTime;

use super::error::EvalError;
use super::value::Value;

/// The values of a row.
pub trait Row {
    /// The value of a slot, borrowed if the row has it decoded; none where it is unbound.
    fn value(&self, slot: usize) -> Option<Cow<'_, Value>>;

    /// A number of the solution: the same for all expressions that are evaluated for one solution, and for no other solution of the query. `BNODE`,
    /// `RAND` and `UUID` depend on it.
    fn solution(&self) -> u64;
}

/// Decoded values as a row.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// By slot.
    pub values: &'a [Option<Value>],
    /// Number of the solution.
    pub solution: u64,
}

/// What an expression sees of the query around it, the same for all rows of an operator.
#[derive(Clone)]
pub struct Context<'a> {
    /// `NOW()`, once per query.
    pub now: DateTime,
    /// Base of `IRI()`.
    pub base: Option<Iri<String>>,
    /// Seed of `RAND`, `UUID` and `BNODE`: drawn once per query. The same seed gives the same values.
    pub seed: u64,
    /// Number of the operator in the plan, so that `RAND()` in two operators is not one number.
    pub operator: u64,
    /// Functions of HyperQL that read the store.
    pub annotations: Option<Arc<dyn Annotations + 'a>>,
}

/// Functions in the namespaces of HyperQL and OWL-Time, which know annotations of statements.
pub trait Annotations: Send + Sync {
    /// The value of the function with this IRI.
    ///
    /// # Errors
    /// [`EvalError::UnknownFunction`] if there is none, others as the function has them.
    fn call(&self, function: &str, arguments: &[Cow<'_, Value>]) -> Result<Value, EvalError>;
}

impl Context<'_> {
    /// Of a query that begins at this instant, with random values from this seed, without a base.
    pub fn new(now: DateTime, seed: u64) -> Self {
        Self { now, base: None, seed, operator: 0, annotations: None }
    }
}

impl Row for Values<'_> {
    fn value(&self, slot: usize) -> Option<Cow<'_, Value>> {
        self.values.get(slot)?.as_ref().map(Cow::Borrowed)
    }

    fn solution(&self) -> u64 {
        self.solution
    }
}
