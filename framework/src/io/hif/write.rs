//! Writing HIF: all nodes and edges are listed, so that their order is kept.

use std::path::Path;

use serde::Serialize;

use super::document::{Edge, Incidence, Metadata, NetworkType, Node};
use super::extra::{Extra, NodeAttrs, attrs_of};
use super::relations::{EdgeAttrs, IncidenceAttrs};
use crate::dataset::name;
use crate::io::atomic;
use crate::{Dataset, Error, Result};

#[derive(Serialize)]
struct Whole {
    #[serde(rename = "network-type")]
    network_type: NetworkType,
    metadata: Metadata,
    nodes: Vec<Node<NodeAttrs>>,
    edges: Vec<Edge<EdgeAttrs>>,
    incidences: Vec<Incidence<IncidenceAttrs>>,
}

pub(in crate::io) fn write(dataset: &Dataset, path: &Path) -> Result<()> {
    let h = &dataset.hypergraph;
    let node_name = |n| name::of(dataset.node_names.as_deref(), n);
    let node_weight = |n: u32| dataset.node_weights.as_ref().map(|w| w[n as usize]);
    let edge_name = |e| name::of(dataset.hyperedge_names.as_deref(), e);
    let node = |n| Node { node: node_name(n), weight: node_weight(n), attrs: attrs_of(dataset, n as usize) };
    let edge_weight = |e: u32| h.hyperedge_weights().map(|w| w[e as usize]);
    let weights = h.incidence_weights_edge_major();
    let relations = dataset.relations.as_ref();
    let edge = |e: u32| Edge { edge: edge_name(e), weight: edge_weight(e), attrs: EdgeAttrs::of(relations, e as usize) };
    let incidence = |(i, (e, n)): (usize, (u32, u32))| Incidence {
        edge: edge_name(e),
        node: node_name(n),
        weight: weights.as_ref().map(|w| w[i]),
        direction: None,
        attrs: IncidenceAttrs::of(relations, i),
    };
    let whole = Whole {
        network_type: NetworkType::Undirected,
        metadata: Metadata { name: dataset.name.clone().into(), hypergraphql: Extra::of(dataset) },
        nodes: (0..h.nodes() as u32).map(node).collect(),
        edges: (0..h.hyperedges() as u32).map(edge).collect(),
        incidences: h.edge_major().entries().enumerate().map(incidence).collect(),
    };
    atomic::write(path, |to| serde_json::to_writer(to, &whole).map_err(|e| Error::io(path, "write")(e.into())))
}
