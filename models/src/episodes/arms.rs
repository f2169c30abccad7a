//! What the proof protocol does to a base: permuted members, and hyperedges told by pairs.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::stream::{Part, Stream};
use super::{Fact, KnowledgeBase, Member, Names, Question, Slot, Split, Value};
use crate::error::Result;

/// Rounds in which members are parted: a swap may leave an entity where it was, which the next round mends.
const PASSES: usize = 3;

/// A base told otherwise, and the same questions with their slots there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The base.
    pub base: KnowledgeBase,
    /// The questions.
    pub questions: Vec<Question>,
}

/// Members that change places with others of their relation and role: every role keeps its entities as often as before, while the members of a fact
/// come from different facts. No member keeps its entity and no two of a fact were together before, where that can be avoided: the entities of a role are turned
/// by the count of the most frequent one, in a random order, then swapped where two that were together met again.
pub fn permuted(base: &KnowledgeBase, seed: u64) -> KnowledgeBase {
    let mut stream = Stream::new(seed, Part::Permutation);
    let mut columns: BTreeMap<(u32, u32), Vec<Slot>> = BTreeMap::new();
    for slot in base.slots() {
        let fact = &base.facts[slot.fact as usize];
        columns.entry((fact.relation, fact.members[slot.member as usize].role)).or_default().push(slot);
    }
    let mut new = base.clone();
    for slots in columns.values() {
        turn(base, &mut new, slots, &mut stream);
    }
    let together: HashSet<[u32; 5]> = base.facts.iter().flat_map(pairs).collect();
    for _ in 0..PASSES {
        for slots in columns.values() {
            for slot in slots {
                part(base, &mut new, &together, (*slot, slots), &mut stream);
            }
        }
    }
    new
}

/// Positions by their entities in a random order of these, each then taking the entity `most frequent` places on: none its own unless one fills more than half.
fn turn(base: &KnowledgeBase, new: &mut KnowledgeBase, slots: &[Slot], stream: &mut Stream) {
    let entity = |slot: &Slot| base.facts[slot.fact as usize].members[slot.member as usize].entity;
    let mut groups: BTreeMap<u32, Vec<Slot>> = BTreeMap::new();
    slots.iter().for_each(|slot| groups.entry(entity(slot)).or_default().push(*slot));
    let mut groups: Vec<Vec<Slot>> = groups.into_values().collect();
    stream.shuffle(&mut groups);
    groups.iter_mut().for_each(|group| stream.shuffle(group));
    let most = groups.iter().map(Vec::len).max().unwrap_or(0);
    let order = groups.concat();
    for (at, slot) in order.iter().enumerate() {
        let from = &order[(at + most) % order.len()];
        new.facts[slot.fact as usize].members[slot.member as usize].entity = entity(from);
    }
}

/// Swaps a member with another of its role until it is with none that it was with before; at most 64 others are tried.
fn part(base: &KnowledgeBase, new: &mut KnowledgeBase, together: &HashSet<[u32; 5]>, (slot, slots): (Slot, &[Slot]), stream: &mut Stream) {
    // A pair kept is worse than an entity kept: it answers a question.
    let faults = |new: &KnowledgeBase, slot: Slot| {
        let (fact, at) = (&new.facts[slot.fact as usize], slot.member as usize);
        let own = fact.members[at].entity == base.facts[slot.fact as usize].members[at].entity;
        let kept = |other: &usize| *other != at && together.contains(&pair(fact, at.min(*other), at.max(*other)));
        4 * (0..fact.members.len()).filter(kept).count() + usize::from(own)
    };
    let mut before = faults(new, slot);
    for nth in 0..slots.len().min(64) {
        if before == 0 {
            return;
        }
        let other = if slots.len() <= 64 { slots[nth] } else { slots[stream.below(slots.len())] };
        if other.fact == slot.fact {
            continue;
        }
        let both = before + faults(new, other);
        swap(new, slot, other);
        let after = faults(new, slot);
        if after + faults(new, other) < both {
            before = after;
        } else {
            swap(new, slot, other);
        }
    }
}

fn swap(base: &mut KnowledgeBase, a: Slot, b: Slot) {
    let entity = |base: &KnowledgeBase, slot: Slot| base.facts[slot.fact as usize].members[slot.member as usize].entity;
    let (of_a, of_b) = (entity(base, a), entity(base, b));
    base.facts[a.fact as usize].members[a.member as usize].entity = of_b;
    base.facts[b.fact as usize].members[b.member as usize].entity = of_a;
}

fn pair(fact: &Fact, i: usize, j: usize) -> [u32; 5] {
    let (a, b) = (fact.members[i], fact.members[j]);
    let (a, b) = if a.role <= b.role { (a, b) } else { (b, a) };
    [fact.relation, a.role, a.entity, b.role, b.entity]
}

fn pairs(fact: &Fact) -> impl Iterator<Item = [u32; 5]> + '_ {
    let arity = fact.members.len();
    (0..arity).flat_map(move |i| (i + 1..arity).map(move |j| pair(fact, i, j)))
}

/// Every fact of k members as its k(k − 1)/2 pairs, of the same relation and roles; a fact of one member stays. The gold slots of a question are those of
/// the answer in the pairs with its known members; hops likewise.
pub fn clique(base: &KnowledgeBase, questions: &[Question]) -> Rewritten {
    let mut facts = Vec::new();
    // Numbers of the pairs, by fact and places.
    let mut numbers: HashMap<(u32, usize, usize), u32> = HashMap::new();
    for (number, fact) in (0..).zip(&base.facts) {
        let arity = fact.members.len();
        for i in 0..arity {
            for j in i + 1..arity {
                numbers.insert((number, i, j), facts.len() as u32);
                facts.push(Fact { relation: fact.relation, members: vec![fact.members[i], fact.members[j]] });
            }
        }
        if arity == 1 {
            facts.push(fact.clone());
        }
    }
    let beside = |slot: &Slot, role: u32| {
        let (at, members) = (slot.member as usize, &base.facts[slot.fact as usize].members);
        let of = |other: usize| {
            let fact = *numbers.get(&(slot.fact, at.min(other), at.max(other)))?;
            Some(Slot { fact, member: u32::from(at > other) })
        };
        (0..members.len()).filter(|other| *other != at && members[*other].role == role).filter_map(of).collect::<Vec<_>>()
    };
    let questions = questions.iter().map(|question| {
        let known = &question.query.known;
        let gold = question.gold.iter().flat_map(|slot| known.iter().flat_map(|known| beside(slot, known.role))).collect();
        let hops = question.hops.iter().flat_map(|slot| keys(question).flat_map(|(role, _)| beside(slot, role))).collect();
        Question { gold, hops, ..question.clone() }
    });
    let questions = questions.collect();
    Rewritten { base: KnowledgeBase { facts, ..base.clone() }, questions }
}

/// Role and entity of what tells the unnamed members of a question.
fn keys(question: &Question) -> impl Iterator<Item = (u32, u32)> + '_ {
    question.query.known.iter().filter_map(|known| match known.value {
        Value::Hop { role, entity, .. } => Some((role, entity)),
        Value::Named(_) => None,
    })
}

/// Every fact of k members as k facts of the same relation, each of a fresh entity for the fact, in the role `fact`, and one member. The gold slot of a question
/// is that of the answer; its hops are those of the fresh entity beside each known member, then its own hops, likewise with the entity that tells them.
///
/// # Errors
/// Where there are too few names for the fresh entities.
pub fn star(base: &KnowledgeBase, questions: &[Question], names: &Names, split: Split, seed: u64) -> Result<Rewritten> {
    let mut label = "fact".to_owned();
    while base.roles.contains(&label) {
        label.push_str(" node");
    }
    let (first, role) = (base.entities.len() as u32, base.roles.len() as u32);
    let mut star = KnowledgeBase { facts: Vec::with_capacity(base.slot_count()), ..base.clone() };
    star.roles.push(label);
    star.entities.extend(names.draw(base.facts.len(), split, seed, &base.entities)?);
    for (number, fact) in (first..).zip(&base.facts) {
        let ray = |member: &Member| Fact { relation: fact.relation, members: vec![Member { entity: number, role }, *member] };
        star.facts.extend(fact.members.iter().map(ray));
    }
    let offsets = base.offsets();
    let at = |slot: &Slot, member| Slot { fact: offsets[slot.fact as usize] + slot.member, member };
    let beside = |slot: &Slot, role: u32| {
        let members = &base.facts[slot.fact as usize].members;
        let found = (0..).zip(members).filter(move |(_, member)| member.role == role);
        found.map(|(member, _)| at(&Slot { member, ..*slot }, 0)).collect::<Vec<_>>()
    };
    let questions = questions.iter().map(|question| {
        let gold: Vec<Slot> = question.gold.iter().map(|slot| at(slot, 1)).collect();
        let known = |slot| question.query.known.iter().flat_map(move |known| beside(slot, known.role));
        let mut hops: Vec<Slot> = question.gold.iter().flat_map(known).collect();
        for slot in &question.hops {
            hops.extend(keys(question).flat_map(|(role, _)| beside(slot, role)));
            hops.push(at(slot, 1));
        }
        Question { gold, hops, ..question.clone() }
    });
    let questions = questions.collect();
    Ok(Rewritten { base: star, questions })
}
