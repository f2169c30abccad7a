//! The questions that a drawn base can be asked.

use std::collections::HashSet;

use super::stream::Stream;
use super::{EpisodeOptions, FactIndex, KnowledgeBase, Known, Query, Question, QuestionKind, Schema, Slot, Value};
use crate::error::{ModelError, Result};

/// Draws that are tried before a question is asked twice, or another form of an unanswerable one is taken.
const TRIES: usize = 32;

/// A base, searched, and what can be asked of it.
pub(super) struct Forms<'a> {
    base: &'a KnowledgeBase,
    schema: &'a Schema,
    types: &'a [u32],
    of_type: Vec<Vec<u32>>,
    index: FactIndex<'a>,
    /// Members that stand in their role in one fact of the relation alone.
    keys: Vec<Slot>,
    /// Facts of blocks with the places of their three roles.
    blocks: Vec<(u32, [usize; 3])>,
    /// An entity in a fact that tells it (with a key beside it), and where it is the key of another fact.
    bridges: Vec<(Slot, Slot)>,
}

impl<'a> Forms<'a> {
    pub(super) fn new(base: &'a KnowledgeBase, schema: &'a Schema, types: &'a [u32], blocks: &[Option<[usize; 3]>]) -> Self {
        let mut of_type = vec![vec![]; schema.types.len()];
        (0..).zip(types).for_each(|(entity, kind)| of_type[*kind as usize].push(entity));
        let blocks = (0..).zip(blocks).filter_map(|(fact, places)| Some((fact, (*places)?))).collect();
        let (index, keys, bridges) = (FactIndex::new(base), vec![], vec![]);
        let mut forms = Self { base, schema, types, of_type, index, keys, blocks, bridges };
        forms.keys = base.slots().filter(|slot| forms.is_key(*slot)).collect();
        forms.bridges = forms.find_bridges();
        forms
    }

    /// Questions in their shares, in a random order, without texts.
    ///
    /// # Errors
    /// When no question of a kind can be asked.
    pub(super) fn questions(&self, options: &EpisodeOptions, stream: &mut Stream) -> Result<Vec<Question>> {
        let [one_hop, two_key, two_hop, without] = options.quotas();
        let mut questions = Vec::with_capacity(options.questions);
        let asked = &mut Asked::default();
        questions.extend(asked.draw(&self.keys, one_hop, "number of one-hop questions", stream, |key, stream| self.one_hop(key, stream))?);
        questions
            .extend(asked.draw(&self.blocks, two_key, "number of two-key questions", stream, |fact, stream| self.two_key(fact, stream))?);
        questions.extend(
            asked.draw(&self.bridges, two_hop, "number of two-hop questions", stream, |bridge, stream| self.two_hop(bridge, stream))?,
        );
        let [like_one, like_key, like_hop] = options.mix.split(without);
        let forms = [(like_one, QuestionKind::OneHop), (like_key, QuestionKind::TwoKey), (like_hop, QuestionKind::TwoHop)];
        for (quota, kind) in forms {
            // One slot stands for all: what cannot be answered is not looked up.
            let any: Vec<Slot> = self.base.slots().take(1).collect();
            questions
                .extend(asked.draw(&any, quota, "number of unanswerable questions", stream, |_, stream| self.unanswerable(kind, stream))?);
        }
        stream.shuffle(&mut questions);
        Ok(questions)
    }

    fn entity(&self, slot: Slot) -> u32 {
        self.base.facts[slot.fact as usize].members[slot.member as usize].entity
    }

    /// Facts of the relation that have the slot's entity in its role.
    fn count(&self, slot: Slot) -> usize {
        let fact = &self.base.facts[slot.fact as usize];
        let member = fact.members[slot.member as usize];
        self.index.facts(fact.relation, member.role, member.entity).len()
    }

    fn is_key(&self, slot: Slot) -> bool {
        self.count(slot) == 1
    }

    fn others(&self, slot: Slot) -> Vec<Slot> {
        let members = self.base.facts[slot.fact as usize].members.len() as u32;
        (0..members).filter(|member| *member != slot.member).map(|member| Slot { member, ..slot }).collect()
    }

    fn find_bridges(&self) -> Vec<(Slot, Slot)> {
        let mut standing = vec![vec![]; self.base.entities.len()];
        self.base.slots().for_each(|slot| standing[self.entity(slot) as usize].push(slot));
        let mut bridges = Vec::new();
        for slots in standing.iter().filter(|slots| slots.len() > 1) {
            let told: Vec<&Slot> = slots.iter().filter(|slot| self.others(**slot).iter().any(|other| self.is_key(*other))).collect();
            for to in slots.iter().filter(|slot| self.is_key(**slot)) {
                bridges.extend(told.iter().filter(|from| from.fact != to.fact).map(|from| (**from, *to)));
            }
        }
        bridges
    }

    fn role(&self, slot: Slot) -> u32 {
        self.base.facts[slot.fact as usize].members[slot.member as usize].role
    }

    fn named(&self, slot: Slot) -> Known {
        Known { role: self.role(slot), value: Value::Named(self.entity(slot)) }
    }

    fn question(&self, kind: QuestionKind, known: Vec<Known>, gold: Slot, hops: Vec<Slot>) -> Question {
        let query = Query { relation: self.base.facts[gold.fact as usize].relation, known, asked: self.role(gold) };
        Question { text: String::new(), query, answer: Some(self.entity(gold)), gold: vec![gold], hops, kind }
    }

    fn one_hop(&self, key: &Slot, stream: &mut Stream) -> Option<Question> {
        let gold = *stream.pick(&self.others(*key))?;
        Some(self.question(QuestionKind::OneHop, vec![self.named(*key)], gold, vec![]))
    }

    fn two_key(&self, (fact, places): &(u32, [usize; 3]), stream: &mut Stream) -> Option<Question> {
        let mut slots = places.map(|place| Slot { fact: *fact, member: place as u32 });
        stream.shuffle(&mut slots);
        let [first, second, gold] = slots;
        Some(self.question(QuestionKind::TwoKey, vec![self.named(first), self.named(second)], gold, vec![]))
    }

    /// What tells the entity of a slot: a key beside it.
    fn hop(&self, from: Slot, stream: &mut Stream) -> Option<(Value, u32)> {
        let keys: Vec<Slot> = self.others(from).into_iter().filter(|slot| self.is_key(*slot)).collect();
        let key = *stream.pick(&keys)?;
        let relation = self.base.facts[from.fact as usize].relation;
        let entity = self.entity(key);
        Some((Value::Hop { relation, role: self.role(key), entity, asked: self.role(from) }, entity))
    }

    fn two_hop(&self, (from, to): &(Slot, Slot), stream: &mut Stream) -> Option<Question> {
        let (value, named) = self.hop(*from, stream)?;
        // The answer is not the name in the question.
        let asked: Vec<Slot> = self.others(*to).into_iter().filter(|slot| self.entity(*slot) != named).collect();
        let known = vec![Known { role: self.role(*to), value }];
        Some(self.question(QuestionKind::TwoHop, known, *stream.pick(&asked)?, vec![*from]))
    }

    /// A question of the form of a kind that no fact answers; of the form of one hop where there is none of that kind.
    fn unanswerable(&self, kind: QuestionKind, stream: &mut Stream) -> Option<Question> {
        let drawn = match kind {
            QuestionKind::TwoKey => (0..TRIES).find_map(|_| self.apart(stream)),
            QuestionKind::TwoHop => (0..TRIES).find_map(|_| self.nowhere(stream)),
            QuestionKind::OneHop | QuestionKind::Unanswerable => None,
        };
        let (query, hops) = drawn.or_else(|| (0..TRIES).find_map(|_| self.absent(stream)))?;
        let gold = vec![];
        Some(Question { text: String::new(), query, answer: None, gold, hops, kind: QuestionKind::Unanswerable })
    }

    /// Two members that stand in a relation, but not together.
    fn apart(&self, stream: &mut Stream) -> Option<(Query, Vec<Slot>)> {
        let (fact, places) = *stream.pick(&self.blocks)?;
        let relation = self.base.facts[fact as usize].relation;
        let (other, _) = *stream.pick(&self.blocks)?;
        let other = if self.base.facts[other as usize].relation == relation { other } else { fact };
        // Another fact of the relation, of a block or not.
        let any = stream.below(self.base.facts.len());
        let other = if other == fact { any as u32 } else { other };
        let mut slots = places.map(|place| place as u32);
        stream.shuffle(&mut slots);
        let known = [Slot { fact, member: slots[0] }, Slot { fact: other, member: slots[1] }];
        if self.base.facts[other as usize].relation != relation {
            return None;
        }
        let query =
            Query { relation, known: known.map(|slot| self.named(slot)).to_vec(), asked: self.role(Slot { fact, member: slots[2] }) };
        self.index.answers(&query).is_empty().then_some((query, vec![]))
    }

    /// An entity that a fact tells, and a relation without it.
    fn nowhere(&self, stream: &mut Stream) -> Option<(Query, Vec<Slot>)> {
        let key = *stream.pick(&self.keys)?;
        let from = *stream.pick(&self.others(key))?;
        let (value, _) = self.hop(from, stream)?;
        let kind = self.types[self.entity(from) as usize];
        // Of the relations that the base has facts of.
        let relation = self.base.facts[stream.below(self.base.facts.len())].relation;
        let roles = &self.schema.relations[relation as usize].roles;
        let at = stream.below(roles.len());
        let asked = (at + 1 + stream.below(roles.len() - 1)) % roles.len();
        let query = Query { relation, known: vec![Known { role: roles[at].role, value }], asked: roles[asked].role };
        (roles[at].entity_type == kind && self.index.answers(&query).is_empty()).then_some((query, vec![from]))
    }

    /// An entity that does not stand in a role of a relation: of the role's type, if there is one.
    fn absent(&self, stream: &mut Stream) -> Option<(Query, Vec<Slot>)> {
        let relation = self.base.facts[stream.below(self.base.facts.len())].relation;
        let roles = &self.schema.relations[relation as usize].roles;
        let at = stream.below(roles.len());
        let asked = (at + 1 + stream.below(roles.len() - 1)) % roles.len();
        let role = roles[at].role;
        let stands_not = |entity: &u32| self.index.facts(relation, role, *entity).len() == 0;
        let alike = &self.of_type[roles[at].entity_type as usize];
        let entity = (0..TRIES).find_map(|_| stream.pick(alike).copied().filter(stands_not));
        let any = |stream: &mut Stream| Some(stream.below(self.types.len()) as u32).filter(stands_not);
        let entity = entity.or_else(|| (0..TRIES).find_map(|_| any(stream)))?;
        let known = vec![Known { role, value: Value::Named(entity) }];
        Some((Query { relation, known, asked: roles[asked].role }, vec![]))
    }
}

/// Queries that are taken.
#[derive(Default)]
struct Asked(HashSet<Query>);

impl Asked {
    /// So many questions of candidates in a random order, each candidate as often as any other, none twice as far as possible.
    fn draw<T: Clone>(
        &mut self,
        candidates: &[T],
        count: usize,
        what: &'static str,
        stream: &mut Stream,
        ask: impl Fn(&T, &mut Stream) -> Option<Question>,
    ) -> Result<Vec<Question>> {
        let mut order = candidates.to_vec();
        stream.shuffle(&mut order);
        let mut next = (0..order.len()).cycle();
        let mut questions = Vec::with_capacity(count);
        while questions.len() < count {
            let mut last = None;
            for _ in 0..TRIES {
                let Some(question) = next.next().and_then(|at| ask(&order[at], stream)) else { continue };
                let mut query = question.query.clone();
                query.known.sort_unstable_by_key(|known| known.role);
                let new = self.0.insert(query);
                last = Some(question);
                if new {
                    break;
                }
            }
            let Some(question) = last else {
                let expected = "0: the base has no facts that allow them; ask for a larger base or set their share to 0";
                return Err(ModelError::option(what, count, expected));
            };
            questions.push(question);
        }
        Ok(questions)
    }
}
