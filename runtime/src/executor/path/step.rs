//! Paths with their predicates as ids.

use hypergraphql_framework::store::Id;
use hypergraphql_query::algebra::Path;

use super::super::source::Statements;
use super::super::task::Task;
use crate::engine::QueryError;

/// A path with ids; a predicate that the store has not is 0, which is no predicate.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Predicate(Id),
    Inverse(Box<Step>),
    Sequence(Box<Step>, Box<Step>),
    Alternative(Box<Step>, Box<Step>),
    Repeated { inner: Box<Step>, zero: bool, more: bool },
    Negated(Vec<Id>),
}

impl Step {
    pub(super) fn new(task: &Task<'_, '_>, statements: Statements<'_>, path: &Path) -> Result<Self, QueryError> {
        let of = |path: &Path| Self::new(task, statements, path).map(Box::new);
        let id = |name: &oxrdf::NamedNode| Ok::<Id, QueryError>(statements.id(task, &name.clone().into())?.unwrap_or(0));
        Ok(match path {
            Path::Predicate(name) => Self::Predicate(id(name)?),
            Path::Inverse(inner) => Self::Inverse(of(inner)?),
            Path::Sequence(first, second) => Self::Sequence(of(first)?, of(second)?),
            Path::Alternative(one, other) => Self::Alternative(of(one)?, of(other)?),
            Path::ZeroOrMore(inner) => Self::Repeated { inner: of(inner)?, zero: true, more: true },
            Path::OneOrMore(inner) => Self::Repeated { inner: of(inner)?, zero: false, more: true },
            Path::ZeroOrOne(inner) => Self::Repeated { inner: of(inner)?, zero: true, more: false },
            Path::NegatedSet(names) => Self::Negated(names.iter().map(id).collect::<Result<_, _>>()?),
        })
    }

    /// Whether it joins a node with itself without a step.
    pub(super) fn can_be_empty(&self) -> bool {
        match self {
            Self::Predicate(_) | Self::Negated(_) => false,
            Self::Inverse(inner) => inner.can_be_empty(),
            Self::Sequence(first, second) => first.can_be_empty() && second.can_be_empty(),
            Self::Alternative(one, other) => one.can_be_empty() || other.can_be_empty(),
            Self::Repeated { inner, zero, .. } => *zero || inner.can_be_empty(),
        }
    }

    /// The predicates of all steps, each once.
    pub(super) fn predicates(&self) -> Vec<Id> {
        let mut all = match self {
            Self::Predicate(id) => vec![*id],
            Self::Negated(_) => vec![],
            Self::Inverse(inner) | Self::Repeated { inner, .. } => inner.predicates(),
            Self::Sequence(one, other) | Self::Alternative(one, other) => [one.predicates(), other.predicates()].concat(),
        };
        all.sort_unstable();
        all.dedup();
        all
    }
}
