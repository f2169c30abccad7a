//! The Hypergraph Interchange Format as statements: an incidence is `edge role node`, where the role is the incidence's attribute `role` (a name or
//! several), else `hq:head` or `hq:tail` by its direction, else `hq:member`. The attribute `relation` of an edge is its `hq:relation`; weights are
//! `hq:weight`, other attributes properties in the namespace. An edge named `<<( s p o )>>` is that statement; one that has the name of a node gets
//! `hyperedge-` before it.

use std::collections::BTreeMap;
use std::path::Path;

use oxrdf::vocab::xsd;
use oxrdf::{Literal, NamedNode, NamedOrBlankNode};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::edges::{self, EdgeNames, plain};
use super::hyperedges::Sink;
use super::names::hq;
use crate::{Error, Name, Place, Result};

type Attributes = BTreeMap<String, Value>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "network-type")]
    _network_type: Option<NetworkType>,
    #[serde(rename = "metadata")]
    _metadata: Option<IgnoredAny>,
    incidences: Vec<Incidence>,
    #[serde(default)]
    nodes: Vec<Node>,
    #[serde(default)]
    edges: Vec<Edge>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum NetworkType {
    Undirected,
    Directed,
    Asc,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Incidence {
    edge: Name,
    node: Name,
    weight: Option<f64>,
    direction: Option<Direction>,
    #[serde(default)]
    attrs: Attributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    Head,
    Tail,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Node {
    node: Name,
    weight: Option<f64>,
    #[serde(default)]
    attrs: Attributes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edge {
    edge: Name,
    weight: Option<f64>,
    #[serde(default)]
    attrs: Attributes,
}

pub(super) fn read(path: &Path, text: &str, sink: &mut Sink<'_>) -> Result<()> {
    let document: Document = serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let found = message.rsplit_once(" at line ").map_or(message.as_str(), |(m, _)| m);
        Error::parse(Place::column(path, error.line() as u64, error.column() as u64), "a HIF document", found)
    })?;
    let bad = |what: &str, name: &Name| {
        let found = format!("the {what} {name}");
        move |expected: String| Error::parse(Place::file(path), expected, found)
    };
    let nodes = document.nodes.iter().map(|node| &node.node).chain(document.incidences.iter().map(|incidence| &incidence.node));
    let edges = document.edges.iter().map(|edge| &edge.edge).chain(document.incidences.iter().map(|incidence| &incidence.edge));
    let names = EdgeNames::new(nodes, edges);
    for Edge { edge, weight, attrs } in &document.edges {
        let node = match names.edge(&sink.names, edge).map_err(bad("edge", edge))? {
            edges::Edge::Node(node) => node,
            edges::Edge::Statement(triple) => {
                sink.put(&triple.subject, triple.predicate.clone(), triple.object.clone())?;
                continue;
            }
        };
        sink.hyperedge(&node)?;
        let mut attrs = attrs.clone();
        for relation in named(&mut attrs, "relation") {
            let relation = sink.names.term(&relation).map_err(bad("relation of edge", edge))?;
            sink.put(&node, hq("relation"), relation)?;
        }
        put_attributes(sink, &node, *weight, &attrs).map_err(|error| error.unwrap_or_else(bad("attributes of edge", edge)))?;
    }
    let mut of_literals = 0u64;
    for Node { node: name, weight, attrs } in &document.nodes {
        let term = sink.names.term(&plain(name)).map_err(bad("node", name))?;
        match NamedOrBlankNode::try_from(term) {
            Ok(node) => {
                put_attributes(sink, &node, *weight, attrs).map_err(|error| error.unwrap_or_else(bad("attributes of node", name)))?;
            }
            // A literal plays in hyperedges, but nothing can be said of it.
            Err(_) => of_literals += u64::from(weight.is_some()) + attrs.len() as u64,
        }
    }
    let mut weights = 0u64;
    for Incidence { edge, node: player, weight, direction, attrs } in &document.incidences {
        let object = sink.names.term(&plain(player)).map_err(bad("node", player))?;
        let mut attrs = attrs.clone();
        let roles = named(&mut attrs, "role");
        weights += u64::from(weight.is_some_and(|w| w != 1.0)) + attrs.len() as u64;
        let node = match names.edge(&sink.names, edge).map_err(bad("edge", edge))? {
            edges::Edge::Node(node) => node,
            edges::Edge::Statement(triple) => {
                // It says itself what its incidences are, listed as an edge or not.
                sink.put(&triple.subject, triple.predicate.clone(), triple.object.clone())?;
                continue;
            }
        };
        sink.hyperedge(&node)?;
        let default = match direction {
            Some(Direction::Head) => "head",
            Some(Direction::Tail) => "tail",
            None => "member",
        };
        if roles.is_empty() {
            sink.put(&node, hq(default), object.clone())?;
        }
        for role in roles {
            sink.put(&node, sink.names.iri(&role).map_err(bad("role of an incidence of", player))?, object.clone())?;
        }
    }
    if of_literals > 0 {
        tracing::warn!(
            "{}: {of_literals} weights and attributes of literals were left out: they are no subjects of statements",
            path.display()
        );
    }
    if weights > 0 {
        tracing::warn!("{}: {weights} weights and attributes of incidences were left out: statements of RDF have none", path.display());
    }
    Ok(())
}

/// Takes the names of an attribute out: a string or an array of strings; anything else stays.
fn named(attributes: &mut Attributes, key: &str) -> Vec<String> {
    let names = match attributes.get(key) {
        Some(Value::String(name)) => vec![name.clone()],
        Some(Value::Array(names)) => names.iter().map_while(|name| name.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    let whole = attributes.get(key).is_some_and(|value| value.as_array().is_none_or(|all| all.len() == names.len()));
    if !whole || names.is_empty() {
        return Vec::new();
    }
    attributes.remove(key);
    names
}

/// Why attributes cannot be put: what was expected, or an error of its own.
enum Refused {
    Expected(String),
    Error(Error),
}

impl Refused {
    fn unwrap_or_else(self, of: impl FnOnce(String) -> Error) -> Error {
        match self {
            Self::Expected(expected) => of(expected),
            Self::Error(error) => error,
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Weight and attributes as properties; what JSON nests is kept as its text.
fn put_attributes(sink: &mut Sink<'_>, node: &NamedOrBlankNode, weight: Option<f64>, attributes: &Attributes) -> Result<(), Refused> {
    if let Some(weight) = weight {
        sink.put(node, hq("weight"), Literal::from(weight))?;
    }
    for (key, value) in attributes {
        let property: NamedNode = sink.names.iri(key).map_err(Refused::Expected)?;
        let literal = match value {
            Value::Null => continue,
            Value::Bool(value) => Literal::from(*value),
            Value::Number(number) if number.is_i64() => Literal::new_typed_literal(number.to_string(), xsd::INTEGER),
            Value::Number(number) => Literal::new_typed_literal(number.to_string(), xsd::DOUBLE),
            Value::String(text) => Literal::new_simple_literal(text),
            nested => Literal::new_simple_literal(nested.to_string()),
        };
        sink.put(node, property, literal)?;
    }
    Ok(())
}
