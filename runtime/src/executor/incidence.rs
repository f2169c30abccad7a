//! Which statements can be incidences of hyperedges.

use hypergraphql_framework::store::{AtomSpace, Id};
use hypergraphql_query::vocabulary::hq;
use oxrdf::vocab::rdf;

/// The predicates of a store that are no roles.
pub(crate) struct Incidences(Vec<Id>);

impl Incidences {
    /// Those of a store.
    pub(crate) fn new(space: &AtomSpace) -> Self {
        Self(hq::NO_ROLES.into_iter().chain([rdf::TYPE, rdf::REIFIES]).filter_map(|predicate| space.id(predicate)).collect())
    }

    /// Whether the predicate can be a role.
    #[inline]
    pub(crate) fn has(&self, predicate: Id) -> bool {
        !self.0.contains(&predicate)
    }
}
