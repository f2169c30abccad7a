//! A knowledge base: facts of role-labelled members, and the words for them.

use serde::{Deserialize, Serialize};

use crate::error::{ModelError, Result};

/// Facts with their words. Numbers of entities, relations and roles are places in the lists of words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnowledgeBase {
    /// Name of each entity.
    pub entities: Vec<String>,
    /// Label of each relation.
    pub relations: Vec<String>,
    /// Label of each role; relations share roles.
    pub roles: Vec<String>,
    /// The facts.
    pub facts: Vec<Fact>,
}

/// A hyperedge: a relation and its members.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fact {
    /// Number of the relation.
    pub relation: u32,
    /// The members, at least one.
    pub members: Vec<Member>,
}

/// An entity in a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Member {
    /// Number of the entity.
    pub entity: u32,
    /// Number of the role.
    pub role: u32,
}

/// A member of a fact: what the transformer's memory has a key and a value for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot {
    /// Number of the fact.
    pub fact: u32,
    /// Number of the member within the fact.
    pub member: u32,
}

impl Fact {
    /// The entity of the first member in a role.
    pub fn filler(&self, role: u32) -> Option<u32> {
        self.members.iter().find(|member| member.role == role).map(|member| member.entity)
    }

    /// Whether an entity is a member in a role.
    pub fn has(&self, role: u32, entity: u32) -> bool {
        self.members.contains(&Member { entity, role })
    }
}

impl KnowledgeBase {
    /// Checks that every number has a word, that every fact has a member and that names and labels are not empty.
    ///
    /// # Errors
    /// Says which fact, name or label is at fault.
    pub fn check(&self) -> Result<()> {
        let lists = [("name of an entity", &self.entities), ("label of a relation", &self.relations), ("label of a role", &self.roles)];
        for (what, words) in lists {
            if let Some(at) = words.iter().position(|word| word.trim().is_empty()) {
                return Err(ModelError::option(what, format!("empty (number {at})"), "some text"));
            }
        }
        for (number, fact) in self.facts.iter().enumerate() {
            let below = |what, got: u32, words: &Vec<String>| match (got as usize) < words.len() {
                true => Ok(()),
                false => Err(ModelError::option(what, format!("{got} (fact {number})"), format!("a number below {}", words.len()))),
            };
            below("relation of a fact", fact.relation, &self.relations)?;
            if fact.members.is_empty() {
                return Err(ModelError::option("members of a fact", format!("0 (fact {number})"), "at least 1"));
            }
            for member in &fact.members {
                below("entity of a member", member.entity, &self.entities)?;
                below("role of a member", member.role, &self.roles)?;
            }
        }
        Ok(())
    }

    /// How many slots there are: the sum of the arities.
    pub fn slot_count(&self) -> usize {
        self.facts.iter().map(|fact| fact.members.len()).sum()
    }

    /// All slots, fact by fact.
    pub fn slots(&self) -> impl Iterator<Item = Slot> + '_ {
        let of = |(fact, members): (u32, usize)| (0..members as u32).map(move |member| Slot { fact, member });
        (0..).zip(self.facts.iter().map(|fact| fact.members.len())).flat_map(of)
    }

    /// Where the slots of each fact begin among all, and their number at the end: slot (e, i) is number `offsets[e] + i`.
    pub fn offsets(&self) -> Vec<u32> {
        let ends = self.facts.iter().scan(0, |end, fact| {
            *end += fact.members.len() as u32;
            Some(*end)
        });
        std::iter::once(0).chain(ends).collect()
    }

    /// The member of a slot; none where there is no such slot.
    pub fn member(&self, slot: Slot) -> Option<Member> {
        self.facts.get(slot.fact as usize)?.members.get(slot.member as usize).copied()
    }

    /// The name of the entity in a slot; none where there is no such slot.
    pub fn name(&self, slot: Slot) -> Option<&str> {
        self.member(slot).and_then(|member| self.entities.get(member.entity as usize)).map(String::as_str)
    }
}
