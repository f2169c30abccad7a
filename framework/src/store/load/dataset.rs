//! Data sets as statements: the reverse of [`AtomSpace::dataset`].

use oxrdf::{GraphName, Literal, NamedNode, NamedOrBlankNode, Term};

use super::Builder;
use super::edges::{Edge, EdgeNames, plain};
use super::hyperedges::Sink;
use super::names::hq;
use crate::dataset::name;
use crate::store::AtomSpace;
use crate::{Dataset, Error, Features, Result};

/// As [`AtomSpace::from_dataset`].
pub(in crate::store) fn space_of(dataset: &Dataset, namespace: Option<&str>) -> Result<AtomSpace> {
    let builder = Builder::default();
    let mut sink = Sink::of(builder.local(""), namespace, GraphName::DefaultGraph);
    put(dataset, &mut sink)?;
    sink.give(&builder)?;
    builder.finish(false)
}

/// Puts hyperedges, incidences and classes.
pub(super) fn put(dataset: &Dataset, sink: &mut Sink<'_>) -> Result<()> {
    let h = &dataset.hypergraph;
    let nodes: Vec<_> = (0..h.nodes() as u32).map(|n| name::of(dataset.node_names.as_deref(), n)).collect();
    let edges: Vec<_> = (0..h.hyperedges() as u32).map(|e| name::of(dataset.hyperedge_names.as_deref(), e)).collect();
    let names = EdgeNames::new(nodes.iter(), edges.iter());
    let terms = nodes.iter().map(|node| sink.names.term(&plain(node)).map_err(bad(format!("node {node}")))).collect::<Result<Vec<_>>>()?;
    let relations = dataset.relations.as_ref();
    let iris =
        |names: &[String]| names.iter().map(|name| sink.names.iri(name).map_err(bad(format!("role {name:?}")))).collect::<Result<Vec<_>>>();
    let roles = relations.map_or(Ok(Vec::new()), |relations| iris(&relations.roles.names))?;
    let kinds = relations.map_or(&[][..], |relations| &relations.relations.names).iter();
    let kinds = kinds.map(|name| sink.names.term(name).map_err(bad(format!("relation {name:?}")))).collect::<Result<Vec<_>>>()?;
    let mut left_out = LeftOut { weights: h.incidence_weights().map_or(0, <[f64]>::len), ..LeftOut::default() };
    let mut incidence = 0;
    for (e, name) in edges.iter().enumerate() {
        let members = h.edge_major().row(e);
        let first = incidence;
        incidence += members.len();
        let weight = h.hyperedge_weights().map_or(1.0, |weights| weights[e]);
        let node = match names.edge(&sink.names, name).map_err(bad(format!("hyperedge {name}")))? {
            Edge::Node(node) => node,
            Edge::Statement(triple) => {
                left_out.weights += usize::from(weight != 1.0);
                sink.put(&triple.subject, triple.predicate.clone(), triple.object.clone())?;
                continue;
            }
        };
        sink.hyperedge(&node)?;
        if weight != 1.0 {
            sink.put(&node, hq("weight"), Literal::from(weight))?;
        }
        for relation in relations.into_iter().flat_map(|relations| relations.relations.row(e)) {
            sink.put(&node, hq("relation"), kinds[*relation as usize].clone())?;
        }
        for (i, member) in (first..).zip(members) {
            put_player(sink, &node, relations.map_or(&[], |relations| relations.roles.row(i)), &roles, &terms[*member as usize])?;
        }
    }
    put_classes(dataset, &terms, sink, &mut left_out)?;
    left_out.nodes = (0..h.nodes()).filter(|n| h.node_major().degree(*n) == 0 && class(dataset, *n).is_none()).count();
    left_out.warn(dataset);
    Ok(())
}

fn put_player(sink: &mut Sink<'_>, hyperedge: &NamedOrBlankNode, roles: &[u32], names: &[NamedNode], player: &Term) -> Result<()> {
    if roles.is_empty() {
        return sink.put(hyperedge, hq("member"), player.clone());
    }
    roles.iter().try_for_each(|role| sink.put(hyperedge, names[*role as usize].clone(), player.clone()))
}

/// The class of each node: the term of its name, else its number.
fn put_classes(dataset: &Dataset, terms: &[Term], sink: &mut Sink<'_>, left_out: &mut LeftOut) -> Result<()> {
    for (n, term) in terms.iter().enumerate() {
        let Some(class) = class(dataset, n) else { continue };
        // A literal can be no subject.
        let Ok(node) = NamedOrBlankNode::try_from(term.clone()) else {
            left_out.classes += 1;
            continue;
        };
        let class = match dataset.label_names.get(class as usize) {
            Some(name) => sink.names.term(name).map_err(bad(format!("class {name:?}")))?,
            None => Literal::from(class).into(),
        };
        sink.put(&node, hq("class"), class)?;
    }
    Ok(())
}

fn class(dataset: &Dataset, node: usize) -> Option<u32> {
    dataset.labels.as_ref().and_then(|labels| labels.of[node])
}

fn bad(what: String) -> impl FnOnce(String) -> Error {
    move |expected| Error::invalid(format!("the name of {what}"), expected, "another")
}

/// What a space has no statements for.
#[derive(Default)]
struct LeftOut {
    weights: usize,
    classes: usize,
    nodes: usize,
}

impl LeftOut {
    fn warn(&self, dataset: &Dataset) {
        let node_weights = dataset.node_weights.as_ref().map_or(0, Vec::len);
        let counts = [
            (self.weights, "weights of incidences and statements"),
            (node_weights, "weights of nodes"),
            (self.classes, "classes of literals"),
            (self.nodes, "nodes without hyperedge and class"),
            (dataset.splits.len(), "splits"),
            (usize::from(dataset.features != Features::None), "features"),
        ];
        let parts: Vec<_> = counts.iter().filter(|count| count.0 > 0).map(|(count, what)| format!("{what}: {count}")).collect();
        if !parts.is_empty() {
            tracing::warn!("{}: left out, for there are no statements for it: {}", dataset.name, parts.join("; "));
        }
    }
}
