//! What a question asks, and all answers to it in a base.

use serde::{Deserialize, Serialize};

use super::{KnowledgeBase, Slot};

/// Which entities are members in the role `asked` of the facts of a relation that have all known members.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Query {
    /// Number of the relation.
    pub relation: u32,
    /// What is known of the fact.
    pub known: Vec<Known>,
    /// Number of the role asked for.
    pub asked: u32,
}

/// A known member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Known {
    /// Number of the role.
    pub role: u32,
    /// The member.
    pub value: Value,
}

/// How a known member is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Value {
    /// The number of the entity, by its name.
    Named(u32),
    /// Who stands in the role `asked` of the facts of a relation that have `entity` in `role`.
    Hop {
        /// Number of the relation.
        relation: u32,
        /// Number of the role that is known.
        role: u32,
        /// Number of the entity that is known.
        entity: u32,
        /// Number of the role asked for.
        asked: u32,
    },
}

/// The facts of a base by relation, role and entity: sorted once, then searched.
#[derive(Debug)]
pub struct FactIndex<'a> {
    base: &'a KnowledgeBase,
    /// (relation, role, entity, fact), ascending and distinct.
    keys: Vec<[u32; 4]>,
}

impl<'a> FactIndex<'a> {
    /// Of all facts: O(S log S) for S slots.
    pub fn new(base: &'a KnowledgeBase) -> Self {
        let of = |(number, fact): (u32, &'a super::Fact)| fact.members.iter().map(move |m| [fact.relation, m.role, m.entity, number]);
        let mut keys: Vec<[u32; 4]> = (0..).zip(&base.facts).flat_map(of).collect();
        keys.sort_unstable();
        keys.dedup();
        Self { base, keys }
    }

    /// The numbers of the facts of a relation with an entity in a role, ascending.
    pub fn facts(&self, relation: u32, role: u32, entity: u32) -> impl ExactSizeIterator<Item = u32> + '_ {
        let key = [relation, role, entity];
        let start = self.keys.partition_point(|k| k[..3] < key[..]);
        let length = self.keys[start..].partition_point(|k| k[..3] == key[..]);
        self.keys[start..start + length].iter().map(|k| k[3])
    }

    /// Every slot that answers a query, ascending: exactly one where the question is well put, none where it has no answer.
    pub fn answers(&self, query: &Query) -> Vec<Slot> {
        let mut found: Option<Vec<u32>> = None;
        for known in &query.known {
            let mut facts: Vec<u32> = match known.value {
                Value::Named(entity) => self.facts(query.relation, known.role, entity).collect(),
                Value::Hop { relation, role, entity, asked } => {
                    let slots = self.facts(relation, role, entity).flat_map(|fact| self.slots_of(fact, asked));
                    let bridges = slots.filter_map(|slot| self.base.member(slot)).map(|member| member.entity);
                    bridges.flat_map(|entity| self.facts(query.relation, known.role, entity)).collect()
                }
            };
            facts.sort_unstable();
            facts.dedup();
            if let Some(before) = &found {
                facts.retain(|fact| before.binary_search(fact).is_ok());
            }
            found = Some(facts);
        }
        found.unwrap_or_default().into_iter().flat_map(|fact| self.slots_of(fact, query.asked)).collect()
    }

    /// The entity that every answer names; none where there is no answer or two.
    pub fn answer(&self, query: &Query) -> Option<u32> {
        let slots = self.answers(query);
        let mut entities = slots.iter().filter_map(|slot| self.base.member(*slot)).map(|member| member.entity);
        let first = entities.next()?;
        entities.all(|entity| entity == first).then_some(first)
    }

    /// The slots of the entities that a query does not name, in the facts that tell them.
    pub fn hops(&self, query: &Query) -> Vec<Slot> {
        let values = query.known.iter().filter_map(|known| match known.value {
            Value::Hop { relation, role, entity, asked } => Some((self.facts(relation, role, entity), asked)),
            Value::Named(_) => None,
        });
        values.flat_map(|(facts, asked)| facts.flat_map(move |fact| self.slots_of(fact, asked))).collect()
    }

    fn slots_of(&self, fact: u32, role: u32) -> impl Iterator<Item = Slot> + use<'_> {
        let members = &self.base.facts[fact as usize].members;
        (0..).zip(members).filter(move |(_, member)| member.role == role).map(move |(member, _)| Slot { fact, member })
    }
}
