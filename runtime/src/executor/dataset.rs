//! The graphs that a query reads, as ids.

use hypergraphql_framework::store::{AtomSpace, Id};
use hypergraphql_query::algebra::Dataset;
use oxrdf::NamedNode;

/// The id that stands for the default graph in the graph column of the store.
pub(crate) const DEFAULT_GRAPH: Id = 0;

/// Graphs of the dataset of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Graphs {
    /// The default graph.
    pub(crate) default: DefaultGraph,
    /// Named graphs, ascending.
    pub(crate) named: Vec<Id>,
}

/// The default graph of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DefaultGraph {
    /// That of the store.
    Store,
    /// The merge of these named graphs, ascending.
    Merge(Vec<Id>),
}

impl Graphs {
    /// Those of a query's dataset, or of the store.
    pub(crate) fn new(space: &AtomSpace, dataset: Option<&Dataset>) -> Self {
        match dataset {
            None => Self { default: DefaultGraph::Store, named: space.graphs().to_vec() },
            Some(dataset) => {
                let named = if dataset.all_named { space.graphs().to_vec() } else { known(space, &dataset.named) };
                Self { default: DefaultGraph::Merge(known(space, &dataset.default)), named }
            }
        }
    }
}

/// Ids of those that are graphs of the store, ascending.
fn known(space: &AtomSpace, names: &[NamedNode]) -> Vec<Id> {
    let ids = names.iter().filter_map(|name| space.id(name));
    let mut ids: Vec<Id> = ids.filter(|id| space.graphs().binary_search(id).is_ok()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
