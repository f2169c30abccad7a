//! Relations of hyperedges and roles of incidences: names in their attributes `relation` and `role`.

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use crate::{Hypergraph, Relations, Tags};

/// All names in their order, which the records do not tell.
#[derive(Deserialize, Serialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct RelationNames {
    #[serde(default)]
    relations: Vec<String>,
    #[serde(default)]
    roles: Vec<String>,
}

/// A name alone, or several.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum Names {
    One(String),
    Several(Vec<String>),
}

/// Attributes of a hyperedge; other keys are not ours.
#[derive(Deserialize, Serialize)]
pub(super) struct EdgeAttrs {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) relation: Option<Names>,
}

/// Attributes of an incidence; other keys are not ours.
#[derive(Deserialize, Serialize)]
pub(super) struct IncidenceAttrs {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) role: Option<Names>,
}

impl Names {
    /// Those that a thing bears, if it bears any.
    fn of(tags: &Tags, thing: usize) -> Option<Self> {
        let mut names = tags.names_of(thing).map(str::to_owned);
        match tags.row(thing).len() {
            0 => None,
            1 => names.next().map(Self::One),
            _ => Some(Self::Several(names.collect())),
        }
    }

    fn as_slice(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

impl EdgeAttrs {
    pub(super) fn of(relations: Option<&Relations>, hyperedge: usize) -> Option<Self> {
        Names::of(&relations?.relations, hyperedge).map(|names| Self { relation: Some(names) })
    }
}

impl IncidenceAttrs {
    pub(super) fn of(relations: Option<&Relations>, incidence: usize) -> Option<Self> {
        Names::of(&relations?.roles, incidence).map(|names| Self { role: Some(names) })
    }
}

impl RelationNames {
    pub(super) fn of(relations: &Relations) -> Self {
        Self { relations: relations.relations.names.clone(), roles: relations.roles.names.clone() }
    }
}

/// What the records of a file say, each with the final ids of its node and hyperedge.
#[derive(Default)]
pub(super) struct Found {
    pub(super) edges: Vec<(u32, Names)>,
    pub(super) incidences: Vec<((u32, u32), Names)>,
}

impl Found {
    /// The relations of a hypergraph; the message says what is wrong.
    pub(super) fn resolve(self, names: RelationNames, h: &Hypergraph) -> Result<Relations, String> {
        let pairs = |of: Vec<(u32, Names)>, names: &[String], what: &str| {
            let ids: HashMap<&str, u32> = names.iter().map(String::as_str).zip(0..).collect();
            let id = |name: &String| ids.get(name.as_str()).copied().ok_or_else(|| format!("the {what} {name:?}, which it does not list"));
            let mut pairs = Vec::with_capacity(of.len());
            for (thing, borne) in &of {
                for name in borne.as_slice() {
                    pairs.push((*thing, id(name)?));
                }
            }
            Ok::<_, String>(pairs)
        };
        let place = |(node, edge): (u32, u32)| {
            let (start, row) = (h.edge_major().ptr()[edge as usize], h.edge_major().row(edge as usize));
            row.binary_search(&node).map_or(u32::MAX, |at| start + at as u32)
        };
        let roles = self.incidences.into_iter().map(|(incidence, names)| (place(incidence), names)).collect();
        let (relations, roles) = (pairs(self.edges, &names.relations, "relation")?, pairs(roles, &names.roles, "role")?);
        let tags = |names, things, pairs| Tags::from_pairs(names, things, pairs).map_err(|error| error.to_string());
        Ok(Relations { relations: tags(names.relations, h.hyperedges(), relations)?, roles: tags(names.roles, h.incidences(), roles)? })
    }
}
