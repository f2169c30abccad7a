//! The Hypergraph Interchange Format as statements: an incidence is `edge role node`, where the role is the incidence's attribute `role`, else
//! `hq:head` or `hq:tail` by its direction, else `hq:member`. Weights are `hq:weight`, other attributes properties in the namespace.

use std::collections::BTreeMap;
use std::path::Path;

use oxrdf::vocab::xsd;
use oxrdf::{Literal, NamedNode, NamedOrBlankNode};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

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
    for Edge { edge, weight, attrs } in &document.edges {
        let node = sink.names.node(&plain(edge)).map_err(bad("edge", edge))?;
        sink.hyperedge(&node)?;
        put_attributes(sink, &node, *weight, attrs).map_err(|error| error.unwrap_or_else(bad("attributes of edge", edge)))?;
    }
    for Node { node: name, weight, attrs } in &document.nodes {
        let node = sink.names.node(&plain(name)).map_err(bad("node", name))?;
        put_attributes(sink, &node, *weight, attrs).map_err(|error| error.unwrap_or_else(bad("attributes of node", name)))?;
    }
    let mut weights = 0u64;
    for Incidence { edge, node: player, weight, direction, attrs } in &document.incidences {
        let node = sink.names.node(&plain(edge)).map_err(bad("edge", edge))?;
        let object = sink.names.term(&plain(player)).map_err(bad("node", player))?;
        let role = match (attrs.get("role"), direction) {
            (Some(Value::String(role)), _) => sink.names.iri(role).map_err(bad("role of an incidence of", player))?,
            (_, Some(Direction::Head)) => hq("head"),
            (_, Some(Direction::Tail)) => hq("tail"),
            (_, None) => hq("member"),
        };
        weights += u64::from(weight.is_some_and(|w| w != 1.0)) + attrs.keys().filter(|key| *key != "role").count() as u64;
        sink.hyperedge(&node)?;
        sink.put(&node, role, object)?;
    }
    if weights > 0 {
        tracing::warn!("{}: {weights} weights and attributes of incidences were left out: statements of RDF have none", path.display());
    }
    Ok(())
}

/// A name of HIF as one of a table.
fn plain(name: &Name) -> String {
    match name {
        Name::Number(number) => number.to_string(),
        Name::Text(text) => text.clone(),
    }
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
