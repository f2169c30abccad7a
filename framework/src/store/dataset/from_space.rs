//! From the ids of a space to those of a data set.

use super::parts::{OBJECT, Parts, SUBJECT, Source};
use super::{DatasetOptions, Hyperedges};
use crate::hypergraph::build::{check_size, from_groups};
use crate::store::load::{hq, name_of};
use crate::store::{AtomSpace, Id};
use crate::{Dataset, Duplicates, Error, Labels, Name, Relations, Result, Tags};
use oxrdf::{NamedNode, NamedOrBlankNode, Term, Triple};

pub(super) fn dataset(space: &AtomSpace, name: &str, options: &DatasetOptions) -> Result<Dataset> {
    let mut parts = Parts::read(space, options)?;
    if parts.sources.is_empty() {
        let (expected, instead) = match options.hyperedges {
            Hyperedges::Nodes => ("nodes of type hq:Hyperedge with players", "none; take the hyperedges from triples instead"),
            _ => ("statements between nodes", "none"),
        };
        return Err(Error::invalid(format!("the hyperedges of {name}"), expected, instead));
    }
    check_size("hyperedges", parts.sources.len())?;
    let nodes = distinct(parts.players.iter().map(|player| player.0));
    let numbers = numbers(space, &nodes);
    let members: Vec<u32> = parts.players.iter().map(|player| numbers[player.0 as usize]).collect();
    let mut hypergraph = from_groups(nodes.len(), &parts.ptr, &members, None, Duplicates::Merge)?;
    if parts.weights.iter().any(|weight| *weight != 1.0) {
        hypergraph = hypergraph.with_hyperedge_weights(std::mem::take(&mut parts.weights))?;
    }
    let mut dataset = Dataset::new(name, hypergraph);
    if options.labels.is_some() {
        (dataset.labels, dataset.label_names) = labels(space, &nodes, &mut parts);
    }
    dataset.relations = Some(relations(space, &parts)?);
    let names = |id: &Id| text(space, *id).map(Name::Text);
    dataset.node_names = Some(nodes.iter().map(names).collect::<Result<_>>()?);
    dataset.hyperedge_names = Some(parts.sources.iter().map(|source| source_name(space, *source)).collect::<Result<_>>()?);
    parts.left_out.warn(name);
    space.health()?;
    dataset.check()?;
    Ok(dataset)
}

/// Relations of the hyperedges and roles of the incidences: players of one hyperedge are in the order of nodes, those of one node together.
fn relations(space: &AtomSpace, parts: &Parts<'_>) -> Result<Relations> {
    let mut incidences = 0u32;
    let mut roles = Vec::with_capacity(parts.players.len());
    for range in parts.ptr.windows(2) {
        for player in parts.players[range[0] as usize..range[1] as usize].chunk_by(|a, b| a.0 == b.0) {
            roles.extend(player.iter().map(|(_, role)| (incidences, *role)));
            incidences += 1;
        }
    }
    let tags = |pairs: &[(u32, Id)], things| {
        let ids = distinct(pairs.iter().map(|pair| pair.1));
        // Every id is one of the list.
        let number = |id: Id| ids.partition_point(|other| *other < id) as u32;
        let pairs = pairs.iter().map(|(thing, id)| (*thing, number(*id))).collect();
        Tags::from_pairs(ids.iter().map(|id| text(space, *id)).collect::<Result<_>>()?, things, pairs)
    };
    Ok(Relations { relations: tags(&parts.relations, parts.sources.len())?, roles: tags(&roles, incidences as usize)? })
}

fn labels(space: &AtomSpace, nodes: &[Id], parts: &mut Parts<'_>) -> (Option<Labels>, Vec<String>) {
    let classes: Vec<Option<Id>> = nodes.iter().map(|node| parts.class(*node)).collect();
    let ids = distinct(classes.iter().flatten().copied());
    let number = |id: Id| ids.partition_point(|other| *other < id) as u32;
    let of = classes.into_iter().map(|class| class.map(number)).collect();
    let names = ids.iter().filter_map(|id| space.term(*id)).map(|term| name_of(&term)).collect();
    (Some(Labels { classes: ids.len(), of }), names)
}

fn distinct(ids: impl Iterator<Item = Id>) -> Vec<Id> {
    let mut ids: Vec<Id> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The number of each node, by its id.
fn numbers(space: &AtomSpace, nodes: &[Id]) -> Vec<u32> {
    let mut numbers = vec![0; space.terms() as usize + 1];
    nodes.iter().zip(0..).for_each(|(id, number)| numbers[*id as usize] = number);
    numbers
}

fn term(space: &AtomSpace, id: Id) -> Result<Term> {
    let damaged = || Error::invalid(format!("term {id} of the store"), "one that can be read", "none");
    space.term(id).map_or_else(|| space.health().and_then(|()| Err(damaged())), Ok)
}

fn text(space: &AtomSpace, id: Id) -> Result<String> {
    Ok(match id {
        SUBJECT => name_of(&hq("subject").into()),
        OBJECT => name_of(&hq("object").into()),
        id => name_of(&term(space, id)?),
    })
}

fn source_name(space: &AtomSpace, source: Source) -> Result<Name> {
    Ok(Name::Text(match source {
        Source::Node(id) => text(space, id)?,
        Source::Statement([subject, predicate, object]) => {
            let bad = || Error::invalid("a statement of the store", "terms that make one", "others");
            let subject = NamedOrBlankNode::try_from(term(space, subject)?).map_err(|_| bad())?;
            let predicate = NamedNode::try_from(term(space, predicate)?).map_err(|_| bad())?;
            name_of(&Triple::new(subject, predicate, term(space, object)?).into())
        }
    }))
}
