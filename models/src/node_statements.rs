//! The hyperedges of a hypergraph read as statements, for layers that know statements alone.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use hypergraphql_framework::{Duplicates, Hypergraph};
use hypergraphql_ops::{HyperBackend, Incidence};

use crate::error::Result;
use crate::statements::{StatementList, Statements};
use crate::typed::{Kind, TypedIncidence};

/// Hyperedges as statements. One with a subject and an object, one player each, is the statement (subject, kind of the object, object) and its other players are
/// the qualifiers, (kind, player) each. Of any other hyperedge every incidence is a statement (node, kind, hyperedge) whose tail is an entity of its own, after
/// the nodes: the mean of the members.
#[derive(Debug, Clone)]
pub(crate) struct NodeStatements<B: HyperBackend> {
    pub(crate) statements: Statements<B>,
    /// `[N, M']`: the members of the hyperedges that are entities, where there are any.
    pub(crate) members: Option<Incidence<B>>,
}

/// What stands after the last `#`, `/` or `:` of an IRI, or the name itself.
pub(crate) fn local_name(name: &str) -> &str {
    name.rsplit(['#', '/', ':']).next().unwrap_or(name)
}

/// The part that a player of this kind has in a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Subject,
    Object,
    Other,
}

fn part(kind: &Kind) -> Part {
    match kind.role.as_deref().map(local_name) {
        Some("subject") => Part::Subject,
        Some("object") => Part::Object,
        _ => Part::Other,
    }
}

/// Whether a statement of these kinds may have qualifiers.
pub(crate) fn may_qualify(kinds: &[Kind]) -> bool {
    let has = |relation: &Option<String>, wanted| kinds.iter().any(|kind| kind.relation == *relation && part(kind) == wanted);
    kinds.iter().any(|kind| part(kind) == Part::Other && has(&kind.relation, Part::Subject) && has(&kind.relation, Part::Object))
}

impl<B: HyperBackend> NodeStatements<B> {
    /// From typed incidences in the order of their `hyperedges`.
    ///
    /// # Errors
    /// Sizes that 32-bit indices or the device cannot hold.
    pub(crate) fn new(typed: &[TypedIncidence], nodes: usize, kinds: &[Kind], device: &B::Device) -> Result<Self> {
        let (list, members) = read(typed, nodes, kinds);
        let entities = members.last().map_or(0, |(_, e)| *e as usize + 1);
        let members = (entities > 0).then(|| {
            let h = Hypergraph::from_pairs(nodes, entities, &members, Duplicates::Merge)?;
            Ok::<_, crate::ModelError>(Incidence::new(&h, device)?)
        });
        Ok(Self { statements: Statements::new(&list, nodes + entities, kinds.len(), device)?, members: members.transpose()? })
    }
}

/// The statements, and the (node, hyperedge) pairs of the hyperedges that are entities.
fn read(typed: &[TypedIncidence], nodes: usize, kinds: &[Kind]) -> (StatementList, Vec<(u32, u32)>) {
    let parts: Vec<Part> = kinds.iter().map(part).collect();
    let (mut list, mut members, mut entities) = (StatementList::new(), Vec::new(), 0);
    for players in typed.chunk_by(|a, b| a.hyperedge == b.hyperedge) {
        let only = |wanted| {
            let mut found = players.iter().filter(|p| parts[p.kind as usize] == wanted);
            found.next().filter(|_| found.next().is_none())
        };
        if let (Some(subject), Some(object)) = (only(Part::Subject), only(Part::Object)) {
            let others = players.iter().filter(|p| parts[p.kind as usize] == Part::Other);
            let qualifiers: Vec<(u32, u32)> = others.map(|p| (p.kind, p.node)).collect();
            list.push([subject.node, object.kind, object.node], &qualifiers);
            continue;
        }
        for player in players {
            list.push([player.node, player.kind, nodes as u32 + entities], &[]);
            members.push((player.node, entities));
        }
        entities += 1;
    }
    (list, members)
}

impl<B: HyperBackend, C: CheckpointStrategy> NodeStatements<Autodiff<B, C>> {
    /// The same for tensors without autodiff; nothing is copied.
    pub(crate) fn inner(&self) -> NodeStatements<B> {
        NodeStatements { statements: self.statements.inner(), members: self.members.as_ref().map(Incidence::inner) }
    }
}

#[cfg(test)]
mod tests {
    use hypergraphql_framework::{Relations, Tags};

    use super::*;
    use crate::typed::{kinds, typed_incidences};

    #[test]
    fn a_subject_and_an_object_make_a_statement_and_other_hyperedges_entities() {
        // Hyperedge 0: 4 taught 1, at 2. Hyperedge 1: members 0 and 3. Hyperedge 2: two subjects.
        let h = Hypergraph::from_members(5, [vec![1, 2, 4], vec![0, 3], vec![0, 1, 2]], Duplicates::Error).unwrap();
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let relations = Tags::from_pairs(names(&["taught", "met"]), 3, vec![(0, 0), (1, 1), (2, 0)]).unwrap();
        let roles = vec![(0, 1), (1, 2), (2, 0), (5, 0), (6, 0), (7, 1)];
        let roles = Tags::from_pairs(names(&["https://e.x/hq#subject", "object", "at"]), 8, roles).unwrap();
        let relations = Relations { relations, roles };
        let kinds = kinds(&h, Some(&relations));
        let (typed, _) = typed_incidences(&h, Some(&relations), &kinds).unwrap();
        let (list, members) = read(&typed, 5, &kinds);
        let number = |relation: &str, role: Option<&str>| {
            let kind = Kind { relation: Some(relation.to_owned()), role: role.map(str::to_owned) };
            kinds.iter().position(|k| *k == kind).unwrap() as u32
        };
        let (subject, object) = (number("taught", Some("https://e.x/hq#subject")), number("taught", Some("object")));
        let (at, met) = (number("taught", Some("at")), number("met", None));
        assert_eq!((list.triple(0), list.qualifiers_of(0)), ([4, object, 1], [(at, 2)].as_slice()));
        let rest: Vec<[u32; 3]> = (1..list.len()).map(|i| list.triple(i)).collect();
        assert_eq!(rest, [[0, met, 5], [3, met, 5], [0, subject, 6], [1, subject, 6], [2, object, 6]]);
        assert_eq!(members, [(0, 0), (3, 0), (0, 1), (1, 1), (2, 1)]);
        assert_eq!(list.qualifiers(), 1);
        assert!(may_qualify(&kinds));
        assert!(!may_qualify(&kinds[..1]));
    }
}
