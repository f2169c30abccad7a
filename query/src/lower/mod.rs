//! Algebra to [`TensorGraph`]: joins are put in order, columns that nobody reads are left out, and rows that are only counted become weights.

mod build;
mod cost;
mod emit;
mod exists;
mod flatten;
mod learned;
mod modifiers;
mod order;
mod pattern;
mod star;
mod temporal;
mod text;

use crate::algebra::{Expression, Query, Regime, TextPlace, Variable};
use crate::graph::{GraphScope, Source, TensorGraph};
use crate::lower::build::Builder;
use crate::optimize::optimize;
use crate::scope::Variables;
use crate::statistics::Statistics;

/// How a query is compiled.
#[derive(Clone, Debug, PartialEq)]
pub struct CompileOptions {
    /// Apply the rules and order the joins; without, a pattern is evaluated as it is written.
    pub optimize: bool,
    /// Match the whole query over the closure under this regime.
    pub infer: Option<Regime>,
}

impl Default for CompileOptions {
    fn default() -> Self {
        Self { optimize: true, infer: None }
    }
}

/// More triple patterns and paths than these in one query are refused: a plan has a column for each of their variables at each of its nodes.
pub const MOST_PATTERNS: usize = 2000;

/// Why a query is not compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// More than [`MOST_PATTERNS`].
    #[error("the query has {got} triple patterns, at most {MOST_PATTERNS} are allowed: put the terms that it lists into VALUES")]
    TooManyPatterns {
        /// How many there are.
        got: usize,
    },
    /// `SIMILAR` or `PREDICT` of what no model answers.
    #[error("{message}: {hint}")]
    Learned {
        /// What is wrong.
        message: String,
        /// How to mend it.
        hint: String,
        /// Where it stands.
        at: TextPlace,
    },
}

/// The operators of a query.
///
/// # Errors
///
/// [`CompileError::TooManyPatterns`], and [`CompileError::Learned`] for a `PREDICT` of another form than models know, or a `SIMILAR` to a variable that its group does not
/// bind.
pub fn compile(query: &Query, statistics: &dyn Statistics, options: &CompileOptions) -> Result<TensorGraph, CompileError> {
    let got = query.pattern.count();
    if got > MOST_PATTERNS {
        return Err(CompileError::TooManyPatterns { got });
    }
    learned::check(&query.pattern)?;
    let query = optimize(query, options.optimize);
    let context = Context {
        graph: GraphScope::Default,
        source: options.infer.map_or(Source::Asserted, Source::Closure),
        as_of: None,
        periods: false,
    };
    let mut builder = Builder::new(statistics, options.optimize);
    let root = builder.lower(&query.pattern, &context, &Want::of_form(&query), None);
    match builder.unbound.take() {
        Some(error) => Err(error),
        None => Ok(builder.finish(root, query)),
    }
}

/// Where a pattern is matched.
#[derive(Clone, Debug)]
struct Context {
    graph: GraphScope,
    source: Source,
    /// The instant at which statements have to be valid.
    as_of: Option<Expression>,
    /// Atoms give the periods of their statements.
    periods: bool,
}

/// What is wanted of a pattern.
#[derive(Clone, Debug)]
struct Want {
    /// Variables that are read later.
    needed: Variables,
    /// How equal rows may be given.
    copies: Copies,
    /// Nobody looks at more rows than these.
    limit: Option<u64>,
    /// An order that would be of use.
    order: Vec<Variable>,
}

/// How equal rows may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Copies {
    /// Each on its own.
    Each,
    /// Also as weights.
    Weighed,
    /// They are not counted: also as weights.
    Any,
}

impl Want {
    /// All of these variables, each row on its own.
    fn rows(needed: Variables) -> Self {
        Self { needed, copies: Copies::Each, limit: None, order: vec![] }
    }

    /// Whether there are rows for these variables.
    fn set(needed: Variables) -> Self {
        Self { copies: Copies::Any, ..Self::rows(needed) }
    }

    fn of_form(query: &Query) -> Self {
        use crate::algebra::Form;
        let mut needed = Variables::new();
        match &query.form {
            Form::Select(variables) => needed.extend(variables.iter().cloned()),
            Form::Ask => return Self { limit: Some(1), ..Self::set(needed) },
            Form::Construct(template) => template.iter().for_each(|triple| triple.variables(&mut needed)),
            Form::Describe(of) => of.iter().for_each(|place| place.variables(&mut needed)),
        }
        Self::rows(needed)
    }
}
