//! Which graphs a statement may be of.

use hypergraphql_framework::store::{Id, Order, Position};
use hypergraphql_query::graph::GraphScope;

use super::dataset::{DEFAULT_GRAPH, DefaultGraph};
use super::task::{Scope, Session, Task};

/// Which graphs a statement may be of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum GraphCheck {
    /// All statements of the store are.
    Any,
    /// This one.
    One(Id),
    /// These as one: the same triple counts once.
    Merge(Vec<Id>),
    /// One of these, ascending.
    Each(Vec<Id>),
}

impl GraphCheck {
    /// Those of a scope; `None`: no statement is of one.
    pub(crate) fn new(task: &Task<'_, '_>, scope: &GraphScope) -> Option<Self> {
        let (space, graphs) = (task.space(), &task.session.graphs);
        match scope {
            GraphScope::Default => match &graphs.default {
                DefaultGraph::Store if !space.has_named_graphs() => Some(Self::Any),
                DefaultGraph::Store => Some(Self::One(DEFAULT_GRAPH)),
                DefaultGraph::Merge(merged) => match merged[..] {
                    [] => None,
                    [one] => Some(Self::One(one)),
                    _ => Some(Self::Merge(merged.clone())),
                },
            },
            GraphScope::Named(name) => space.id(name).filter(|id| graphs.named.binary_search(id).is_ok()).map(Self::One),
            GraphScope::Active => task.scope.active.map(Self::One),
            GraphScope::Each(_) => (!graphs.named.is_empty()).then(|| Self::Each(graphs.named.clone())),
        }
    }

    /// Nothing has to be asked.
    pub(crate) fn is_any(&self) -> bool {
        *self == Self::Any
    }

    /// Whether a graph is one of them.
    pub(crate) fn has_graph(&self, graph: Id) -> bool {
        match self {
            Self::Any => true,
            Self::One(one) => graph == *one,
            Self::Merge(graphs) | Self::Each(graphs) => graphs.binary_search(&graph).is_ok(),
        }
    }

    /// Whether a statement is of one of the graphs and there at all, as `there` says of each; the columns are those of an order, in which the same
    /// triple of several graphs stands together.
    #[inline]
    pub(crate) fn allows(&self, columns: &[&[u32]; 3], graphs: &[u32], statement: usize, there: impl Fn(usize) -> bool) -> bool {
        match self {
            Self::Any => there(statement),
            Self::One(graph) => graphs[statement] == *graph && there(statement),
            Self::Each(named) => graphs.get(statement).is_some_and(|graph| named.binary_search(graph).is_ok()) && there(statement),
            Self::Merge(merged) => {
                let same = |other: &usize| columns.iter().all(|column| column[*other] == column[statement]);
                let has = |statement: usize| merged.binary_search(&graphs[statement]).is_ok() && there(statement);
                has(statement) && !(0..statement).rev().take_while(same).any(has)
            }
        }
    }
}

/// The statements of the default graph that begin with these ids in an order: subject, predicate and object.
pub(crate) fn default_graph(session: &Session<'_>, order: Order, prefix: &[Id]) -> Vec<[Id; 3]> {
    let task = Task { session, operator: "the default graph", scope: &Scope::default(), first_solution: 0 };
    let Some(graph) = GraphCheck::new(&task, &GraphScope::Default) else { return vec![] };
    let rows = session.space.rows(order, prefix);
    let columns = [Position::Subject, Position::Predicate, Position::Object].map(|position| rows.column(position));
    let graphs = rows.column(Position::Graph);
    (0..rows.len()).filter(|&at| graph.allows(&columns, graphs, at, |_| true)).map(|at| columns.map(|column| column[at])).collect()
}
