//! The JSON of HIF; its objects refuse other keys, as the schema does.

use std::collections::HashMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::extra::Extra;
use crate::Name;

/// Attributes that only have to be an object.
pub(super) type Attrs = HashMap<String, IgnoredAny>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document<'a> {
    #[serde(rename = "network-type", borrow)]
    pub(super) network_type: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) incidences: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) nodes: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) edges: Vec<&'a RawValue>,
}

#[derive(Deserialize, Serialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum NetworkType {
    Undirected,
    Directed,
    /// An abstract simplicial complex, given by its maximal simplices.
    Asc,
}

#[derive(Deserialize, Serialize, Default)]
pub(super) struct Metadata {
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub(super) name: serde_json::Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) hypergraphql: Option<Extra>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Incidence<A> {
    pub(super) edge: Name,
    pub(super) node: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) weight: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) direction: Option<Direction>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub(super) attrs: Option<A>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Direction {
    Head,
    Tail,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Node<A> {
    pub(super) node: Name,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub(super) weight: Option<f64>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub(super) attrs: Option<A>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edge<A> {
    pub(super) edge: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) weight: Option<f64>,
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub(super) attrs: Option<A>,
}

fn none<T>() -> Option<T> {
    None
}
