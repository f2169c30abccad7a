//! What some layers read of a hypergraph besides its incidences, made at the first call and shared by all clones of an input.

use std::sync::{Arc, OnceLock};

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use hypergraphql_framework::{Hypergraph, Relations};
use hypergraphql_ops::{HyperBackend, Incidence};

use crate::error::Result;
use crate::node_statements::NodeStatements;
use crate::pair_graph::FeaturedPairs;
use crate::typed::{Kind, TypedHyperedges, TypedIncidence, typed_incidences};

/// Expansions of one hypergraph.
#[derive(Debug)]
pub(crate) struct Structures<B: HyperBackend> {
    types: Option<Arc<Types>>,
    pairs: OnceLock<FeaturedPairs<B>>,
    typed: OnceLock<TypedHyperedges<B>>,
    statements: OnceLock<NodeStatements<B>>,
}

/// The relations of the hyperedges and the kinds that a network knows.
#[derive(Debug)]
struct Types {
    relations: Option<Relations>,
    kinds: Vec<Kind>,
}

impl<B: HyperBackend> Structures<B> {
    /// Without types: all incidences are of one kind.
    pub(crate) fn untyped() -> Self {
        Self { types: None, pairs: OnceLock::new(), typed: OnceLock::new(), statements: OnceLock::new() }
    }

    /// With these types.
    pub(crate) fn of_types(relations: Option<Relations>, kinds: Vec<Kind>) -> Self {
        Self { types: Some(Arc::new(Types { relations, kinds })), ..Self::untyped() }
    }

    /// The clique expansion.
    pub(crate) fn pairs(&self, incidence: &Incidence<B>) -> Result<&FeaturedPairs<B>> {
        made(&self.pairs, || FeaturedPairs::clique(incidence.hypergraph(), incidence.device()))
    }

    /// Typed incidences.
    pub(crate) fn typed(&self, incidence: &Incidence<B>) -> Result<&TypedHyperedges<B>> {
        made(&self.typed, || {
            let (typed, hyperedges, kinds) = self.incidences(incidence.hypergraph())?;
            TypedHyperedges::new(&typed, [incidence.nodes(), hyperedges, kinds.len()], incidence.device())
        })
    }

    /// Hyperedges as statements.
    pub(crate) fn statements(&self, incidence: &Incidence<B>) -> Result<&NodeStatements<B>> {
        made(&self.statements, || {
            let (typed, _, kinds) = self.incidences(incidence.hypergraph())?;
            NodeStatements::new(&typed, incidence.nodes(), &kinds, incidence.device())
        })
    }

    fn incidences(&self, h: &Hypergraph) -> Result<(Vec<TypedIncidence>, usize, Vec<Kind>)> {
        let untyped = [Kind::default()];
        let (relations, kinds) = match &self.types {
            None => (None, untyped.as_slice()),
            Some(types) => (types.relations.as_ref(), types.kinds.as_slice()),
        };
        let (typed, hyperedges) = typed_incidences(h, relations, kinds)?;
        Ok((typed, hyperedges, kinds.to_vec()))
    }
}

fn made<T>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(made) = cell.get() {
        return Ok(made);
    }
    let new = make()?;
    Ok(cell.get_or_init(|| new))
}

impl<B: HyperBackend, C: CheckpointStrategy> Structures<Autodiff<B, C>> {
    /// What is made already, for tensors without autodiff; nothing is copied.
    pub(crate) fn inner(&self) -> Structures<B> {
        Structures {
            types: self.types.clone(),
            pairs: self.pairs.get().map(|x| x.inner().into()).unwrap_or_default(),
            typed: self.typed.get().map(|x| x.inner().into()).unwrap_or_default(),
            statements: self.statements.get().map(|x| x.inner().into()).unwrap_or_default(),
        }
    }
}
