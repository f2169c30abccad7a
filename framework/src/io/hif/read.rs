//! Reading HIF, with the place of every record at hand.

use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::document::{Attrs, Document, Edge, Incidence, Metadata, NetworkType, Node};
use super::extra::NodeAttrs;
use super::left_out::{self, LeftOut};
use super::relations::{EdgeAttrs, Found, IncidenceAttrs};
use crate::dataset::name::unless_ids;
use crate::io::numbering::{Numbering, ascending_from};
use crate::io::repeats::{Listed, settle};
use crate::io::source::Source;
use crate::io::{at, name_of, unless_ones};
use crate::{Dataset, Duplicates, Error, Hypergraph, Name, Place, Result};

pub(in crate::io) fn read(path: &Path, dup: Duplicates) -> Result<Dataset> {
    let source = Source::read(path)?;
    let reader = Reader { source: &source, text: source.text()? };
    let document: Document<'_> = serde_json::from_str(reader.text).map_err(|e| reader.error(0, "a HIF document", &e))?;
    let is_complex = reader.network_type(document.network_type)? == NetworkType::Asc;
    let metadata: Metadata = match document.metadata {
        Some(raw) => reader.parse(raw, "metadata, an object")?,
        None => Metadata::default(),
    };
    let mut left_out = LeftOut { is_complex, metadata: left_out::metadata(document.metadata), ..LeftOut::default() };
    let (mut nodes, attrs, node_weights) = reader.nodes(&document.nodes, metadata.hypergraphql.is_some(), &mut left_out)?;
    let names = metadata.hypergraphql.as_ref().and_then(|extra| extra.relations.clone());
    let mut found = names.as_ref().map(|_| Found::default());
    let (mut edges, mut edge_weights) = reader.edges(&document.edges, found.as_mut(), &mut left_out)?;
    let (mut pairs, weights) = reader.incidences(&document, &mut nodes, &mut edges, found.as_mut(), &mut left_out)?;
    reader.check_members(&document.edges, &edges, &pairs)?;

    let (listed_nodes, listed_edges) = (attrs.len(), edge_weights.len());
    let (mut nodes, mut edges) = (nodes.into_names(), edges.into_names());
    let new_node = ascending_from(listed_nodes, &mut nodes);
    let new_edge = ascending_from(listed_edges, &mut edges);
    for pair in pairs.iter_mut().chain(found.iter_mut().flat_map(|found| found.incidences.iter_mut().map(|of| &mut of.0))) {
        *pair = (new_node[pair.0 as usize], new_edge[pair.1 as usize]);
    }
    let weights = weights.and_then(unless_ones);
    let built = match &weights {
        None => Hypergraph::from_pairs(nodes.len(), edges.len(), &pairs, dup),
        Some(w) => Hypergraph::from_weighted_pairs(nodes.len(), edges.len(), &pairs, w, dup),
    };
    let listed = Listed {
        pairs: pairs.iter().copied(),
        weights: weights.as_deref(),
        place: &|i| reader.place(document.incidences[i]),
        name: &|(node, edge)| format!("{} in {}", nodes[node as usize], edges[edge as usize]),
    };
    let mut hypergraph = settle(path, built, listed, dup)?;
    edge_weights.resize(hypergraph.hyperedges(), 1.0);
    if let Some(weights) = unless_ones(edge_weights) {
        hypergraph = hypergraph.with_hyperedge_weights(weights).map_err(|e| at(path, e))?;
    }
    let name = metadata.name.as_str().map_or_else(|| name_of(path), str::to_owned);
    let mut dataset = Dataset::new(name, hypergraph);
    dataset.node_weights = unless_ones(node_weights);
    dataset.node_names = unless_ids(nodes);
    dataset.hyperedge_names = unless_ids(edges);
    if let Some(extra) = metadata.hypergraphql {
        let mut attrs = attrs;
        attrs.resize_with(dataset.hypergraph.nodes(), NodeAttrs::default);
        let expected = "what metadata.hypergraphql describes";
        extra.apply(attrs, &mut dataset).map_err(|found| Error::parse(Place::file(path), expected, found))?;
    }
    if let Some((found, names)) = found.zip(names) {
        let relations = found.resolve(names, &dataset.hypergraph);
        let expected = "relations and roles that metadata.hypergraphql lists";
        dataset.relations = Some(relations.map_err(|found| Error::parse(Place::file(path), expected, found))?);
    }
    left_out.warn(path);
    Ok(dataset)
}

/// Ids, attributes and weights of the nodes listed.
type Nodes = (Numbering, Vec<NodeAttrs>, Vec<f64>);

struct Reader<'a> {
    source: &'a Source,
    text: &'a str,
}

impl<'a> Reader<'a> {
    /// An error of serde_json in the text from byte `offset` on.
    fn error(&self, offset: usize, expected: &str, error: &serde_json::Error) -> Error {
        let Place { line, column, .. } = self.source.place(offset);
        let (first, inner) = (line.unwrap_or(1), error.line().max(1) as u64);
        let before = if inner == 1 { column.unwrap_or(1) - 1 } else { 0 };
        let place = Place::column(self.source.path(), first + inner - 1, before + error.column().max(1) as u64);
        let message = error.to_string();
        let found = message.rsplit_once(" at line ").map_or(message.as_str(), |(m, _)| m);
        Error::parse(place, expected, found)
    }

    fn offset(&self, raw: &RawValue) -> usize {
        raw.get().as_ptr() as usize - self.text.as_ptr() as usize
    }

    fn place(&self, raw: &RawValue) -> Place {
        self.source.place(self.offset(raw))
    }

    fn parse<T: Deserialize<'a>>(&self, raw: &'a RawValue, expected: &str) -> Result<T> {
        if expected.contains("object") && !raw.get().starts_with('{') {
            let found: String = raw.get().chars().take(24).collect();
            return Err(Error::parse(self.place(raw), expected, found));
        }
        serde_json::from_str(raw.get()).map_err(|e| self.error(self.offset(raw), expected, &e))
    }

    fn network_type(&self, raw: Option<&'a RawValue>) -> Result<NetworkType> {
        let Some(raw) = raw else { return Ok(NetworkType::Undirected) };
        let expected = "network-type \"undirected\" or \"asc\"";
        match self.parse(raw, expected)? {
            NetworkType::Directed => Err(Error::parse(self.place(raw), expected, "\"directed\", which a hypergraph here cannot hold")),
            other => Ok(other),
        }
    }

    /// The nodes listed; their attributes are read when they are `ours`, else they only have to be an object.
    fn nodes(&self, list: &[&'a RawValue], ours: bool, left_out: &mut LeftOut) -> Result<Nodes> {
        let (mut ids, mut attrs, mut weights) = (Numbering::default(), Vec::new(), Vec::new());
        for raw in list {
            let node: Node<&RawValue> = self.parse(raw, "a node, an object {node, weight, attrs}")?;
            let id = ids.id(node.node) as usize;
            let all = node.attrs.map(|raw| self.parse::<Attrs>(raw, "attrs, an object")).transpose()?;
            let is_left_out = |all: &Attrs| if ours { left_out::others(all) } else { !all.is_empty() };
            left_out.node_attrs += usize::from(all.as_ref().is_some_and(is_left_out));
            if id < attrs.len() {
                left_out.repeated += 1;
                continue;
            }
            weights.push(node.weight.unwrap_or(1.0));
            attrs.push(match node.attrs {
                Some(raw) if ours => self.parse(raw, "attrs, an object of what this crate writes")?,
                _ => NodeAttrs::default(),
            });
        }
        Ok((ids, attrs, weights))
    }

    /// The edges listed; listed ones keep their ids, so that their relations are `found` with the final ones.
    fn edges(&self, list: &[&'a RawValue], mut found: Option<&mut Found>, left_out: &mut LeftOut) -> Result<(Numbering, Vec<f64>)> {
        let (mut ids, mut weights) = (Numbering::default(), Vec::new());
        for raw in list {
            let edge: Edge<&RawValue> = self.parse(raw, "an edge, an object {edge, weight, attrs}")?;
            if let Some(w) = edge.weight.filter(|w| *w < 0.0) {
                return Err(Error::parse(self.place(raw), "an edge weight >= 0", w.to_string()));
            }
            let all = edge.attrs.map(|raw| self.parse::<Attrs>(raw, "attrs, an object")).transpose()?;
            left_out.edge_attrs += left_out::some(all.as_ref(), found.is_some().then_some("relation"));
            if ids.id(edge.edge) as usize == weights.len() {
                if let Some((found, raw)) = found.as_deref_mut().zip(edge.attrs) {
                    let attrs: EdgeAttrs = self.parse(raw, "attrs, an object whose relation is a name or several")?;
                    found.edges.extend(attrs.relation.map(|names| (weights.len() as u32, names)));
                }
                weights.push(edge.weight.unwrap_or(1.0));
            } else {
                left_out.repeated += 1;
            }
        }
        Ok((ids, weights))
    }

    #[expect(clippy::type_complexity, reason = "pairs and, where given, their weights")]
    fn incidences(
        &self,
        document: &Document<'a>,
        nodes: &mut Numbering,
        edges: &mut Numbering,
        mut found: Option<&mut Found>,
        left_out: &mut LeftOut,
    ) -> Result<(Vec<(u32, u32)>, Option<Vec<f64>>)> {
        let (mut pairs, mut weights) = (Vec::with_capacity(document.incidences.len()), None);
        for raw in &document.incidences {
            let record: Incidence<&RawValue> = self.parse(raw, "an incidence, an object {edge, node, weight, attrs}")?;
            if record.direction.is_some() {
                let expected = "an incidence without direction";
                return Err(Error::parse(self.place(raw), expected, "a direction, which a hypergraph here cannot hold"));
            }
            let node = self.node_id(nodes, record.node, !document.nodes.is_empty(), raw)?;
            let edge = edges.id(record.edge);
            let all = record.attrs.map(|raw| self.parse::<Attrs>(raw, "attrs, an object")).transpose()?;
            left_out.incidence_attrs += left_out::some(all.as_ref(), found.is_some().then_some("role"));
            if let Some((found, raw)) = found.as_deref_mut().zip(record.attrs) {
                let attrs: IncidenceAttrs = self.parse(raw, "attrs, an object whose role is a name or several")?;
                found.incidences.extend(attrs.role.map(|names| ((node, edge), names)));
            }
            if let Some(w) = record.weight {
                weights.get_or_insert_with(|| vec![1.0; pairs.len()]).push(w);
            } else if let Some(weights) = &mut weights {
                weights.push(1.0);
            }
            pairs.push((node, edge));
        }
        Ok((pairs, weights))
    }

    /// The id of a node, which must be listed when there is a list.
    fn node_id(&self, ids: &mut Numbering, name: Name, list: bool, raw: &RawValue) -> Result<u32> {
        if list && ids.get(&name).is_none() {
            let expected = "an incidence of the nodes listed in \"nodes\"";
            return Err(Error::parse(self.place(raw), expected, format!("the unknown node {name}")));
        }
        Ok(ids.id(name))
    }

    /// Refuses a listed hyperedge that no incidence names.
    fn check_members(&self, list: &[&'a RawValue], edges: &Numbering, pairs: &[(u32, u32)]) -> Result<()> {
        let mut members = vec![false; edges.len()];
        pairs.iter().for_each(|p| members[p.1 as usize] = true);
        for raw in list {
            let edge: Edge<IgnoredAny> = self.parse(raw, "an edge, an object {edge, weight, attrs}")?;
            if edges.get(&edge.edge).is_some_and(|e| !members[e as usize]) {
                let found = format!("none for edge {}", edge.edge);
                return Err(Error::parse(self.place(raw), "incidences for every edge", found));
            }
        }
        Ok(())
    }
}
