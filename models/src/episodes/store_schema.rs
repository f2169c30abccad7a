//! The schema of facts that are there.

use std::collections::{BTreeMap, HashMap};

use hypergraphql_framework::store::AtomSpace;

use super::{Fact, KnowledgeBase, MAX_ROLES, Relation, RelationRole, Schema, StoreFacts};
use crate::error::{ModelError, Result};

impl Schema {
    /// The schema of a store's facts, as [`Schema::of_base`] reads them.
    ///
    /// # Errors
    /// As [`StoreFacts::read`] and [`Schema::of_base`].
    pub fn of_store(space: &AtomSpace) -> Result<Self> {
        Self::of_base(&StoreFacts::read(space, usize::MAX)?.base)
    }

    /// The schema of a base.
    ///
    /// **Roles**: those in which at least half of the facts of a relation have exactly one member, the most frequent [`MAX_ROLES`] of them. A relation with fewer
    /// than two such roles is left out.
    ///
    /// **Types**: two roles (of a relation each) have one type if they share at least half of the entities that fill the one with fewer; and so on from role to
    /// role. A type has the label of its first role.
    ///
    /// # Errors
    /// When no relation is left.
    pub fn of_base(base: &KnowledgeBase) -> Result<Self> {
        base.check()?;
        let mut relations = Vec::new();
        // The entities of each (relation, role) that is taken.
        let mut places: Vec<Vec<u32>> = Vec::new();
        let mut facts: Vec<Vec<&Fact>> = vec![vec![]; base.relations.len()];
        base.facts.iter().for_each(|fact| facts[fact.relation as usize].push(fact));
        for (label, facts) in base.relations.iter().zip(&facts) {
            let roles = roles(facts);
            if roles.len() < 2 {
                continue;
            }
            let of = |(role, fillers)| {
                places.push(fillers);
                // The place, until types are known.
                RelationRole { role, entity_type: places.len() as u32 - 1 }
            };
            relations.push(Relation { label: label.clone(), roles: roles.into_iter().map(of).collect() });
        }
        if relations.is_empty() {
            let got = format!("{}, none usable", base.relations.len());
            return Err(ModelError::option("relations of the store", got, "one with two roles that half of its facts have one member in"));
        }
        let of_place = types(&places);
        let mut types = Vec::new();
        let mut numbers: BTreeMap<usize, u32> = BTreeMap::new();
        for role in relations.iter_mut().flat_map(|relation| &mut relation.roles) {
            role.entity_type = *numbers.entry(of_place[role.entity_type as usize]).or_insert_with(|| {
                types.push(base.roles[role.role as usize].clone());
                types.len() as u32 - 1
            });
        }
        let schema = Self { types, roles: base.roles.clone(), relations };
        schema.check()?;
        Ok(schema)
    }
}

/// The usable roles of a relation, ascending, with their distinct entities, ascending.
fn roles(facts: &[&Fact]) -> Vec<(u32, Vec<u32>)> {
    let mut alone: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for fact in facts {
        for member in &fact.members {
            if fact.members.iter().filter(|other| other.role == member.role).count() == 1 {
                alone.entry(member.role).or_default().push(member.entity);
            }
        }
    }
    let mut roles: Vec<(u32, Vec<u32>)> = alone.into_iter().filter(|(_, fillers)| 2 * fillers.len() >= facts.len()).collect();
    roles.sort_by_key(|(role, fillers)| (std::cmp::Reverse(fillers.len()), *role));
    roles.truncate(MAX_ROLES);
    roles.sort_by_key(|(role, _)| *role);
    for (_, fillers) in &mut roles {
        fillers.sort_unstable();
        fillers.dedup();
    }
    roles
}

/// The first place of the type of each place.
fn types(places: &[Vec<u32>]) -> Vec<usize> {
    let mut of_entity: HashMap<u32, Vec<usize>> = HashMap::new();
    for (place, fillers) in places.iter().enumerate() {
        fillers.iter().for_each(|entity| of_entity.entry(*entity).or_default().push(place));
    }
    let mut shared: HashMap<(usize, usize), usize> = HashMap::new();
    for stands in of_entity.values() {
        for (nth, a) in stands.iter().enumerate() {
            stands[nth + 1..].iter().for_each(|b| *shared.entry((*a, *b)).or_default() += 1);
        }
    }
    let mut first: Vec<usize> = (0..places.len()).collect();
    // The order does not matter: sets are joined, and the least place names one.
    for ((a, b), count) in shared {
        if 2 * count >= places[a].len().min(places[b].len()) {
            let (a, b) = (root(&first, a), root(&first, b));
            first[a.max(b)] = a.min(b);
        }
    }
    (0..places.len()).map(|place| root(&first, place)).collect()
}

fn root(first: &[usize], mut place: usize) -> usize {
    while first[place] != place {
        place = first[place];
    }
    place
}
