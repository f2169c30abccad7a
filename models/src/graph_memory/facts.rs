//! Facts with the tokens of their names, on the host and on a device.

use std::sync::Arc;

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::tensor::{DType, Tensor, TensorData};
use hypergraphql_framework::{Duplicates, Hypergraph};
use hypergraphql_ops::{HyperBackend, Incidence, Index};

use super::coverage::FactIndex;
use crate::error::{ModelError, Result};
use crate::layers::pooling::Batch;

/// Most members of a fact that is read: slot i is made of all other members, so that a fact of k members costs k².
pub const MAX_ARITY: usize = 64;

/// Facts `e = (r_e, {(v_i, p_i)})`: a relation and entities that play roles in it. Names are lists of tokens; a slot is a member of a fact, numbered in the order of
/// facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactList {
    entities: Vec<Vec<u32>>,
    relations: Vec<Vec<u32>>,
    roles: Vec<Vec<u32>>,
    relation_of: Vec<u32>,
    /// Where the members of each fact begin; one more for the end.
    ptr: Vec<usize>,
    entity_of: Vec<u32>,
    role_of: Vec<u32>,
}

impl FactList {
    /// No facts yet, about entities, relations and roles with these names.
    ///
    /// # Errors
    /// A name without tokens.
    pub fn new(entities: Vec<Vec<u32>>, relations: Vec<Vec<u32>>, roles: Vec<Vec<u32>>) -> Result<Self> {
        for (what, names) in [("entity", &entities), ("relation", &relations), ("role", &roles)] {
            if let Some(number) = names.iter().position(Vec::is_empty) {
                let expected = "at least 1; give it a label with text".to_owned();
                return Err(ModelError::Tokens { what: format!("the name of {what} {number}"), got: 0, expected });
            }
        }
        Ok(Self { entities, relations, roles, relation_of: Vec::new(), ptr: vec![0], entity_of: Vec::new(), role_of: Vec::new() })
    }

    /// Appends a fact: a relation with its members, (entity, role) each.
    ///
    /// # Errors
    /// An id without a name, no members, or more than [`MAX_ARITY`].
    pub fn push(&mut self, relation: u32, members: &[(u32, u32)]) -> Result<()> {
        let below = |what, id: u32, limit: usize| {
            if (id as usize) < limit { Ok(()) } else { Err(ModelError::option(what, id, format!("an id below {limit}"))) }
        };
        below("relation of a fact", relation, self.relations.len())?;
        if !(1..=MAX_ARITY).contains(&members.len()) {
            let expected = format!("1 to {MAX_ARITY}; split the fact, or leave out what nobody asks for");
            return Err(ModelError::option("members of a fact", members.len(), expected));
        }
        for &(entity, role) in members {
            below("entity of a fact", entity, self.entities.len())?;
            below("role of a fact", role, self.roles.len())?;
        }
        self.relation_of.push(relation);
        self.entity_of.extend(members.iter().map(|member| member.0));
        self.role_of.extend(members.iter().map(|member| member.1));
        self.ptr.push(self.entity_of.len());
        Ok(())
    }

    /// M, the number of facts.
    pub fn len(&self) -> usize {
        self.relation_of.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.relation_of.is_empty()
    }

    /// S, the number of slots.
    pub fn slots(&self) -> usize {
        self.entity_of.len()
    }

    /// The tokens of the names of entities, by id.
    pub fn entities(&self) -> &[Vec<u32>] {
        &self.entities
    }

    /// Names of entities, relations and roles.
    pub fn names(&self) -> usize {
        self.entities.len() + self.relations.len() + self.roles.len()
    }

    /// Tokens of all names.
    pub fn tokens(&self) -> usize {
        self.entities.iter().chain(&self.relations).chain(&self.roles).map(Vec::len).sum()
    }

    /// The slots of a fact.
    ///
    /// # Panics
    /// When there is no such fact.
    pub fn slots_of(&self, fact: usize) -> std::ops::Range<usize> {
        self.ptr[fact]..self.ptr[fact + 1]
    }

    /// Calls `each` with the tokens of the names of a fact's relation, roles and members, but for the member of one slot.
    pub(super) fn tokens_of(&self, fact: usize, but: Option<usize>, each: &mut dyn FnMut(u32)) {
        let roles = self.slots_of(fact).map(|slot| &self.roles[self.role_of[slot] as usize]);
        let members = self.slots_of(fact).filter(|slot| Some(*slot) != but).map(|slot| &self.entities[self.entity_of[slot] as usize]);
        let names = [&self.relations[self.relation_of[fact] as usize]].into_iter().chain(roles).chain(members);
        names.flatten().copied().for_each(each);
    }

    /// The fact of a slot.
    ///
    /// # Panics
    /// When there is no such slot.
    pub fn fact_of(&self, slot: usize) -> usize {
        assert!(slot < self.slots(), "slot {slot} of {}", self.slots());
        self.ptr.partition_point(|start| *start <= slot) - 1
    }

    /// The entity of each slot.
    pub fn entity_of(&self) -> &[u32] {
        &self.entity_of
    }
}

/// Facts on a device, as the indices of an encoder; uploaded once, cheap to clone.
#[derive(Debug, Clone)]
pub struct FactGraph<B: HyperBackend> {
    /// The facts on the host.
    pub(super) index: Arc<FactIndex>,
    /// P, R and Q.
    pub(super) entities: usize,
    pub(super) relations: usize,
    pub(super) roles: usize,
    pub(super) slots: usize,
    /// Tokens of all names, entities first, then relations, then roles: `[T]` over the vocabulary.
    pub(super) tokens: Index<B>,
    /// `[T]` over J: the place of each token in its name; those after the last place have the last.
    pub(super) places: Index<B>,
    /// T tokens of P + R + Q names.
    pub(super) names: Batch<B>,
    /// `[M]` over R
    pub(super) relation_of: Index<B>,
    /// `[S]` over M
    pub(super) fact_of: Index<B>,
    /// `[S]` over P
    pub(super) entity_of: Index<B>,
    /// `[S]` over Q
    pub(super) role_of: Index<B>,
    /// `[S, S]`: the other members of the fact of each slot.
    pub(super) others: Incidence<B>,
    /// `[S]` over the pairs of entity and fact, where an entity is in a fact more than once.
    pub(super) own: Option<Index<B>>,
    /// `[S, 1]`: how often the slot's entity is a member of other facts; 1 where it is of none.
    pub(super) elsewhere: Tensor<B, 2>,
}

impl<B: HyperBackend> FactGraph<B> {
    /// Uploads facts, for a vocabulary of so many tokens and an encoder of so many places. O(T + Σ k²) for facts of k members.
    ///
    /// # Errors
    /// No facts, a token outside the vocabulary, or sizes that 32-bit indices or the device cannot hold.
    pub fn new(list: &FactList, vocabulary: usize, places: usize, device: &B::Device) -> Result<Self> {
        if list.is_empty() {
            return Err(ModelError::option("facts of a memory", 0, "at least 1; a store without hyperedges leaves nothing to read"));
        }
        let names: Vec<&Vec<u32>> = list.entities.iter().chain(&list.relations).chain(&list.roles).collect();
        let tokens: Vec<u32> = names.iter().flat_map(|name| name.iter().copied()).collect();
        if let Some(&id) = tokens.iter().find(|id| **id as usize >= vocabulary) {
            return Err(ModelError::Token { what: "a name".to_owned(), id, vocabulary });
        }
        let last = places.saturating_sub(1) as u32;
        let place: Vec<u32> = names.iter().flat_map(|name| (0..name.len() as u32).map(|at| at.min(last))).collect();
        let name_of: Vec<u32> = (0..).zip(&names).flat_map(|(number, name)| std::iter::repeat_n(number, name.len())).collect();
        let (facts, slots) = (list.len(), list.slots());
        let fact_of: Vec<u32> = (0..facts).flat_map(|fact| std::iter::repeat_n(fact as u32, list.slots_of(fact).len())).collect();
        let rest = |slot: usize| list.slots_of(fact_of[slot] as usize).filter(move |&other| other != slot);
        let pairs: Vec<(u32, u32)> = (0..slots).flat_map(|slot| rest(slot).map(move |other| (slot as u32, other as u32))).collect();
        let (own, counts) = elsewhere(list);
        Ok(Self {
            index: Arc::new(FactIndex::new(list.clone())),
            entities: list.entities.len(),
            relations: list.relations.len(),
            roles: list.roles.len(),
            slots,
            tokens: Index::new(&tokens, vocabulary, device)?,
            places: Index::new(&place, places, device)?,
            names: Batch::new(&name_of, names.len(), device)?,
            relation_of: Index::new(&list.relation_of, list.relations.len(), device)?,
            fact_of: Index::new(&fact_of, facts, device)?,
            entity_of: Index::new(&list.entity_of, list.entities.len(), device)?,
            role_of: Index::new(&list.role_of, list.roles.len(), device)?,
            others: Incidence::new(&Hypergraph::from_pairs(slots, slots, &pairs, Duplicates::Error)?, device)?,
            own: own.map(|(own, pairs)| Index::new(&own, pairs, device)).transpose()?,
            elsewhere: Tensor::from_data(TensorData::new(counts, [slots, 1]), (device, DType::F32)),
        })
    }

    /// The facts on the host.
    pub fn list(&self) -> &FactList {
        self.index.list()
    }

    /// S, the number of slots.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// P, the number of entities.
    pub fn entities(&self) -> usize {
        self.entities
    }
}

/// The pair of entity and fact of each slot with the number of pairs, where they are fewer than slots, and how often each slot's entity is elsewhere, at
/// least 1.
fn elsewhere(list: &FactList) -> (Option<(Vec<u32>, usize)>, Vec<f32>) {
    let mut degree = vec![0u32; list.entities.len()];
    list.entity_of.iter().for_each(|&entity| degree[entity as usize] += 1);
    let (mut own, mut sizes) = (vec![0u32; list.slots()], Vec::<u32>::new());
    for fact in 0..list.len() {
        let first = sizes.len();
        // Few members: a search is quicker than a table.
        let mut seen: Vec<u32> = Vec::new();
        for slot in list.slots_of(fact) {
            let entity = list.entity_of[slot];
            let at = seen.iter().position(|&known| known == entity).unwrap_or_else(|| {
                seen.push(entity);
                sizes.push(0);
                seen.len() - 1
            });
            own[slot] = (first + at) as u32;
            sizes[first + at] += 1;
        }
    }
    let count = |slot: usize| (degree[list.entity_of[slot] as usize] - sizes[own[slot] as usize]).max(1) as f32;
    let counts = (0..list.slots()).map(count).collect();
    let pairs = sizes.len();
    ((pairs < list.slots()).then_some((own, pairs)), counts)
}

impl<B: HyperBackend, C: CheckpointStrategy> FactGraph<Autodiff<B, C>> {
    /// The same facts for tensors without autodiff; nothing is copied.
    pub fn inner(&self) -> FactGraph<B> {
        FactGraph {
            index: self.index.clone(),
            entities: self.entities,
            relations: self.relations,
            roles: self.roles,
            slots: self.slots,
            tokens: self.tokens.inner(),
            places: self.places.inner(),
            names: self.names.inner(),
            relation_of: self.relation_of.inner(),
            fact_of: self.fact_of.inner(),
            entity_of: self.entity_of.inner(),
            role_of: self.role_of.inner(),
            others: self.others.inner(),
            own: self.own.as_ref().map(Index::inner),
            elsewhere: self.elsewhere.clone().inner(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> FactList {
        let names = |n: u32| (0..n).map(|i| vec![i, i + 1]).collect::<Vec<_>>();
        FactList::new(names(4), names(2), names(3)).unwrap()
    }

    #[test]
    fn slots_are_numbered_in_the_order_of_facts() {
        let mut list = list();
        list.push(0, &[(0, 0), (1, 1)]).unwrap();
        list.push(1, &[(1, 2)]).unwrap();
        list.push(1, &[(1, 0), (2, 1), (1, 2)]).unwrap();
        assert_eq!((list.len(), list.slots(), list.slots_of(2)), (3, 6, 3..6));
        assert_eq!((0..6).map(|slot| list.fact_of(slot)).collect::<Vec<_>>(), [0, 0, 1, 2, 2, 2]);
        // Entity 1 is in four places, twice in the last fact.
        let (own, counts) = elsewhere(&list);
        assert_eq!(own, Some((vec![0, 1, 2, 3, 4, 3], 5)));
        assert_eq!(counts, [1.0, 3.0, 3.0, 2.0, 1.0, 2.0]);
    }

    #[test]
    fn what_has_no_name_and_what_is_too_large_are_refused() {
        let mut facts = list();
        assert!(facts.push(2, &[(0, 0)]).unwrap_err().to_string().starts_with("relation of a fact is 2, expected an id below 2"));
        assert!(facts.push(0, &[(4, 0)]).unwrap_err().to_string().starts_with("entity of a fact is 4"));
        assert!(facts.push(0, &[(0, 3)]).unwrap_err().to_string().starts_with("role of a fact is 3"));
        assert!(facts.push(0, &[]).unwrap_err().to_string().starts_with("members of a fact is 0, expected 1 to 64"));
        assert!(facts.push(0, &[(0, 0); 65]).is_err());
        assert_eq!(facts, list());
        let text = FactList::new(vec![vec![]], vec![], vec![]).unwrap_err().to_string();
        assert!(text.starts_with("the name of entity 0 has 0 tokens, expected at least 1"), "{text}");
    }
}
