//! Typed and directed hyperedges: what kind each incidence is of, on the host and on a device.

use std::collections::BTreeMap;
use std::fmt;

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use hypergraphql_framework::{Duplicates, Hypergraph, Relations};
use hypergraphql_ops::{HyperBackend, Incidence, Index, Relations as KindRows};
use serde::{Deserialize, Serialize};

use crate::error::{ModelError, Result};
use crate::node_statements::local_name;

/// The kind of an incidence: the relation of its hyperedge, and the role that its node plays in it, where they have such.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// The relation, e.g. `taught`.
    pub relation: Option<String>,
    /// The role, e.g. `pupil`.
    pub role: Option<String>,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "none".to_owned());
        write!(f, "relation {} with role {}", name(&self.relation), name(&self.role))
    }
}

/// Which way messages pass through an incidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Way {
    /// The node sends to the hyperedge and receives from it.
    #[default]
    Both,
    /// The node only sends: a tail of a directed hyperedge.
    Sends,
    /// The node only receives: a head of a directed hyperedge.
    Receives,
}

impl Way {
    /// Roles named `tail` send, roles named `head` receive (Gallo et al. 1993), all others do both; of an IRI the last part counts.
    pub fn of_role(role: Option<&str>) -> Self {
        match role.map(local_name) {
            Some("tail") => Self::Sends,
            Some("head") => Self::Receives,
            _ => Self::Both,
        }
    }

    fn sends(self) -> bool {
        self != Self::Receives
    }

    fn receives(self) -> bool {
        self != Self::Sends
    }
}

/// A node in a hyperedge, of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypedIncidence {
    /// The node.
    pub node: u32,
    /// The hyperedge.
    pub hyperedge: u32,
    /// The kind, below K.
    pub kind: u32,
    /// The way of its messages.
    pub way: Way,
}

/// The kinds that occur in a hypergraph with these relations, in the order of their names; one without names where there are no relations.
pub fn kinds(h: &Hypergraph, relations: Option<&Relations>) -> Vec<Kind> {
    let Some(relations) = relations else { return vec![Kind::default()] };
    let mut found: Vec<[Option<u32>; 2]> = Vec::new();
    for_each(h, Some(relations), |_, _, ids| {
        if found.last() != Some(&ids) {
            found.push(ids);
        }
    });
    found.sort_unstable();
    found.dedup();
    let mut kinds: Vec<Kind> = found.into_iter().map(|ids| kind_of(relations, ids)).collect();
    kinds.sort_unstable();
    kinds
}

/// The incidences of a hypergraph with their kinds, as numbers of `kinds`, in the order of hyperedges. A hyperedge with several relations is there once for each,
/// a node with several roles in it likewise; the number of such hyperedges comes with them.
///
/// # Errors
/// A kind that `kinds` lacks.
pub fn typed_incidences(h: &Hypergraph, relations: Option<&Relations>, kinds: &[Kind]) -> Result<(Vec<TypedIncidence>, usize)> {
    let numbers: BTreeMap<&Kind, u32> = kinds.iter().zip(0..).collect();
    let mut known: BTreeMap<[Option<u32>; 2], (u32, Way)> = BTreeMap::new();
    let mut typed = Vec::with_capacity(h.incidences());
    let mut unknown = None;
    let hyperedges = for_each(h, relations, |node, hyperedge, ids| {
        let found = known.get(&ids).copied().or_else(|| {
            let kind = relations.map_or_else(Kind::default, |relations| kind_of(relations, ids));
            let Some(number) = numbers.get(&kind) else {
                unknown.get_or_insert(kind);
                return None;
            };
            let found = (*number, Way::of_role(kind.role.as_deref()));
            known.insert(ids, found);
            Some(found)
        });
        if let Some((kind, way)) = found {
            typed.push(TypedIncidence { node, hyperedge, kind, way });
        }
    });
    match unknown {
        None => Ok((typed, hyperedges)),
        Some(kind) => Err(ModelError::option(
            "kind of an incidence",
            kind,
            format!("one of the {} that the model was made for, such as {}", kinds.len(), kinds.first().cloned().unwrap_or_default()),
        )),
    }
}

fn kind_of(relations: &Relations, [relation, role]: [Option<u32>; 2]) -> Kind {
    Kind {
        relation: relation.map(|id| relations.relations.names[id as usize].clone()),
        role: role.map(|id| relations.roles.names[id as usize].clone()),
    }
}

/// Calls with the node, the copy of the hyperedge and the ids of relation and role of every incidence; the number of copies.
fn for_each(h: &Hypergraph, relations: Option<&Relations>, mut call: impl FnMut(u32, u32, [Option<u32>; 2])) -> usize {
    let ids = |row: Option<&[u32]>| match row {
        Some(row) if !row.is_empty() => row.iter().copied().map(Some).collect(),
        _ => vec![None],
    };
    let (mut copy, ptr) = (0, h.edge_major().ptr());
    for (e, members) in h.edge_major().iter_rows().enumerate() {
        for relation in ids(relations.map(|r| r.relations.row(e))) {
            for (i, node) in (ptr[e] as usize..).zip(members) {
                for role in ids(relations.map(|r| r.roles.row(i))) {
                    call(*node, copy, [relation, role]);
                }
            }
            copy += 1;
        }
    }
    copy as usize
}

/// Incidences of K kinds, on a device in the two steps of a relational convolution; uploaded once, cheap to clone.
#[derive(Debug, Clone)]
pub struct TypedHyperedges<B: HyperBackend> {
    pub(crate) nodes: usize,
    pub(crate) hyperedges: usize,
    pub(crate) kinds: usize,
    /// `[N, S]`: the senders of each slot, a hyperedge and a kind, with the weight 1 / (senders of the hyperedge).
    pub(crate) send: Incidence<B>,
    /// `[N or S', M]`: the hyperedges of each slot, a node and a kind, with the weight 1 / (hyperedges that the node receives from). With one kind: of each node.
    pub(crate) receive: Incidence<B>,
    /// What slots are, where there is more than one kind.
    pub(crate) slots: Option<Slots<B>>,
}

/// The slots of both steps.
#[derive(Debug, Clone)]
pub(crate) struct Slots<B: HyperBackend> {
    /// The kind of each slot of senders, `[S]`.
    pub(crate) send_kinds: KindRows<B>,
    /// Its hyperedge, `[S]` over M.
    pub(crate) send_to: Index<B>,
    /// The kind of each slot of receivers, `[S']` over K.
    pub(crate) receive_kinds: Index<B>,
    /// Its node, `[S']` over N.
    pub(crate) receive_by: Index<B>,
}

impl<B: HyperBackend> TypedHyperedges<B> {
    /// Uploads incidences of `nodes` nodes and `hyperedges` hyperedges, of `kinds` kinds; one that is there twice counts once. O(Z log Z).
    ///
    /// # Errors
    /// An id that is not below these numbers, no kinds, or sizes that 32-bit indices or the device cannot hold.
    pub fn new(typed: &[TypedIncidence], [nodes, hyperedges, kinds]: [usize; 3], device: &B::Device) -> Result<Self> {
        if kinds == 0 {
            return Err(ModelError::option("kinds of incidences", 0, "at least 1"));
        }
        for (what, limit, id) in [
            ("node of an incidence", nodes, typed.iter().map(|t| t.node).max()),
            ("hyperedge of an incidence", hyperedges, typed.iter().map(|t| t.hyperedge).max()),
            ("kind of an incidence", kinds, typed.iter().map(|t| t.kind).max()),
        ] {
            if let Some(id) = id.filter(|id| *id as usize >= limit) {
                return Err(ModelError::option(what, id, format!("an id below {limit}")));
            }
        }
        let slots_of = |passes: fn(Way) -> bool, ends: fn(&TypedIncidence) -> [u32; 2], count: usize| {
            let mut triples: Vec<[u32; 3]> = typed.iter().filter(|t| passes(t.way)).map(|t| [ends(t)[0], t.kind, ends(t)[1]]).collect();
            triples.sort_unstable();
            triples.dedup();
            Step::new(triples, count, kinds)
        };
        let send = slots_of(Way::sends, |t| [t.hyperedge, t.node], hyperedges);
        let receive = slots_of(Way::receives, |t| [t.node, t.hyperedge], nodes);
        let to_slots = Hypergraph::from_weighted_pairs(nodes, send.count(), &send.pairs(), &send.weights, Duplicates::Error)?;
        let from: Vec<(u32, u32)> = receive.pairs().into_iter().map(|(hyperedge, slot)| (slot, hyperedge)).collect();
        let from_slots = Hypergraph::from_weighted_pairs(receive.count(), hyperedges, &from, &receive.weights, Duplicates::Error)?;
        let slots = (kinds > 1).then(|| {
            Ok::<_, ModelError>(Slots {
                send_kinds: KindRows::new(&send.kinds, kinds, device)?,
                send_to: Index::new(&send.owners, hyperedges, device)?,
                receive_kinds: Index::new(&receive.kinds, kinds, device)?,
                receive_by: Index::new(&receive.owners, nodes, device)?,
            })
        });
        Ok(Self {
            nodes,
            hyperedges,
            kinds,
            send: Incidence::new(&to_slots, device)?,
            receive: Incidence::new(&from_slots, device)?,
            slots: slots.transpose()?,
        })
    }

    /// N, the number of nodes.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// M, the number of hyperedges, one for each relation of each.
    pub fn hyperedges(&self) -> usize {
        self.hyperedges
    }

    /// K, the number of kinds.
    pub fn kinds(&self) -> usize {
        self.kinds
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> TypedHyperedges<Autodiff<B, C>> {
    /// The same for tensors without autodiff; nothing is copied.
    pub fn inner(&self) -> TypedHyperedges<B> {
        let slots = self.slots.as_ref().map(|s| Slots {
            send_kinds: s.send_kinds.inner(),
            send_to: s.send_to.inner(),
            receive_kinds: s.receive_kinds.inner(),
            receive_by: s.receive_by.inner(),
        });
        let Self { nodes, hyperedges, kinds, send, receive, .. } = self;
        TypedHyperedges { nodes: *nodes, hyperedges: *hyperedges, kinds: *kinds, send: send.inner(), receive: receive.inner(), slots }
    }
}

/// Slots of owners (hyperedges that are sent to, nodes that receive), with what is in them.
struct Step {
    /// The owner of each slot.
    owners: Vec<u32>,
    /// The kind of each slot.
    kinds: Vec<u32>,
    /// The slot of each entry, and what is at its other end.
    entries: Vec<(u32, u32)>,
    /// 1 / (entries of the owner), of each entry.
    weights: Vec<f64>,
}

impl Step {
    /// From (owner, kind, other end), sorted and distinct. With one kind every owner has a slot, else those that have entries.
    fn new(triples: Vec<[u32; 3]>, owners: usize, kinds: usize) -> Self {
        let mut entries_of = vec![0u32; owners];
        triples.iter().for_each(|t| entries_of[t[0] as usize] += 1);
        let weights = triples.iter().map(|t| f64::from(entries_of[t[0] as usize]).recip()).collect();
        if kinds == 1 {
            let entries = triples.iter().map(|t| (t[0], t[2])).collect();
            return Self { owners: (0..owners as u32).collect(), kinds: vec![0; owners], entries, weights };
        }
        let mut step = Self { owners: Vec::new(), kinds: Vec::new(), entries: Vec::with_capacity(triples.len()), weights };
        for [owner, kind, other] in triples {
            if step.owners.last() != Some(&owner) || step.kinds.last() != Some(&kind) {
                step.owners.push(owner);
                step.kinds.push(kind);
            }
            step.entries.push((step.owners.len() as u32 - 1, other));
        }
        step
    }

    fn count(&self) -> usize {
        self.owners.len()
    }

    /// (other end, slot)
    fn pairs(&self) -> Vec<(u32, u32)> {
        self.entries.iter().map(|(slot, other)| (*other, *slot)).collect()
    }
}
