//! Draws a base and its questions from a schema.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::form::Forms;
use super::plan::{BlockPlan, plan};
use super::stream::{Part, Stream};
use super::{EpisodeOptions, Fact, KnowledgeBase, Member, Names, Query, QuestionKind, Schema, Slot, question_text};
use crate::error::Result;

/// A question about a base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The text, to its last mark: the answer, which is the name alone, comes next.
    pub text: String,
    /// What it asks.
    pub query: Query,
    /// The only answer; none where the base has none.
    pub answer: Option<u32>,
    /// The slots of the answer.
    pub gold: Vec<Slot>,
    /// Of a two-hop question, the slots of the entity that is not named, in the fact that tells it.
    pub hops: Vec<Slot>,
    /// What answering takes.
    pub kind: QuestionKind,
}

/// A base of fresh names and facts, with questions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episode {
    /// The base; its relations and roles are numbered as the schema's.
    pub base: KnowledgeBase,
    /// Type of each entity.
    pub types: Vec<u32>,
    /// The questions, all kinds mixed.
    pub questions: Vec<Question>,
}

impl Episode {
    /// Draws an episode, the same for a seed on every machine; O((S + Q) log S) for S slots and Q questions.
    ///
    /// Facts outside blocks have in each role an entity that no other fact of their relation has there, so that each of their members tells the fact. Blocks
    /// (see [`EpisodeOptions::block`]) have every entity in several facts and every two in one. A question is asked again, in other words perhaps, only where
    /// there are not enough others.
    ///
    /// # Errors
    /// An option outside its range, a schema that does not fit ([`Schema::check`]), a base too small for its questions or candidates, and too few names.
    pub fn draw(schema: &Schema, options: &EpisodeOptions, seed: u64) -> Result<Self> {
        schema.check()?;
        options.check()?;
        let names = Names::new(&options.names)?;
        let mut facts = Facts::new(schema, options, Stream::new(seed, Part::Facts));
        let plan = plan(schema, options, &mut facts.stream)?;
        facts.draw(plan.blocks, &plan.singles, plan.distinct);
        let entities = names.draw(facts.types.len(), options.split, seed, &[])?;
        let base = KnowledgeBase { entities, relations: schema.relation_labels(), roles: schema.roles.clone(), facts: facts.facts };
        let forms = Forms::new(&base, schema, &facts.types, &facts.blocks);
        let mut questions = forms.questions(options, &mut Stream::new(seed, Part::Questions))?;
        let mut stream = Stream::new(seed, Part::Texts);
        for question in &mut questions {
            stream.shuffle(&mut question.query.known);
            question.text = question_text(&base, &question.query, stream.below(super::PARAPHRASES));
        }
        Ok(Self { base, types: facts.types, questions })
    }
}

/// Reused entities that may be owed at most: where none fits for long, they are not caught up with later.
const MOST_DUE: f64 = 4.0;

/// Facts being drawn.
struct Facts<'a> {
    schema: &'a Schema,
    options: &'a EpisodeOptions,
    stream: Stream,
    facts: Vec<Fact>,
    /// Of a fact in a block, the places of the three roles.
    blocks: Vec<Option<[usize; 3]>>,
    types: Vec<u32>,
    of_type: Vec<Vec<u32>>,
    /// (relation, place, entity): who stands where already.
    used: HashSet<(usize, usize, u32)>,
    /// Entities of each type that may still be drawn.
    ahead: Vec<usize>,
    /// Adds up the share of reused entities; one is due at 1.
    due: f64,
}

impl<'a> Facts<'a> {
    fn new(schema: &'a Schema, options: &'a EpisodeOptions, stream: Stream) -> Self {
        let due = if options.wants(QuestionKind::TwoHop) { 1.0 } else { 0.0 };
        let (facts, blocks, types, used) = (vec![], vec![], vec![], HashSet::new());
        Self { schema, options, stream, facts, blocks, types, of_type: vec![vec![]; schema.types.len()], used, ahead: vec![], due }
    }

    fn draw(&mut self, blocks: Vec<BlockPlan>, singles: &[usize], distinct: Vec<usize>) {
        self.ahead = distinct;
        for relation in singles {
            let empty = vec![None; self.schema.relations[*relation].roles.len()];
            self.fact(*relation, empty, None);
        }
        for block in blocks {
            self.block(block);
        }
        let mut order: Vec<usize> = (0..self.facts.len()).collect();
        self.stream.shuffle(&mut order);
        self.facts = order.iter().map(|at| self.facts[*at].clone()).collect();
        self.blocks = order.iter().map(|at| self.blocks[*at]).collect();
    }

    /// The facts (a_i, b_j, c_(i + j mod m)).
    fn block(&mut self, block: BlockPlan) {
        let order = self.options.block;
        let mut players: Vec<u32> = Vec::with_capacity(3 * order);
        for place in block.roles {
            for _ in 0..order {
                let entity = self.entity(block.relation, place, &players);
                players.push(entity);
            }
        }
        for i in 0..order {
            for j in 0..order {
                let mut members = vec![None; self.schema.relations[block.relation].roles.len()];
                let of = [i, order + j, 2 * order + (i + j) % order];
                block.roles.iter().zip(of).for_each(|(place, at)| members[*place] = Some(players[at]));
                self.fact(block.relation, members, Some(block.roles));
            }
        }
    }

    fn fact(&mut self, relation: usize, mut members: Vec<Option<u32>>, block: Option<[usize; 3]>) {
        for place in 0..members.len() {
            if members[place].is_none() {
                let others: Vec<u32> = members.iter().flatten().copied().collect();
                members[place] = Some(self.entity(relation, place, &others));
            }
        }
        let roles = &self.schema.relations[relation].roles;
        let members = roles.iter().zip(members).filter_map(|(role, entity)| Some(Member { entity: entity?, role: role.role })).collect();
        self.facts.push(Fact { relation: relation as u32, members });
        self.blocks.push(block);
    }

    /// An entity that stands nowhere yet in this role of the relation, and not among others: a new one, or, where that is due, one of another fact.
    fn entity(&mut self, relation: usize, place: usize, others: &[u32]) -> u32 {
        let kind = self.schema.relations[relation].roles[place].entity_type as usize;
        let missing = self.options.candidates.saturating_sub(self.of_type[kind].len());
        self.due = (self.due + self.options.reuse).min(MOST_DUE);
        let mut chosen = None;
        if self.due >= 1.0 && self.ahead[kind] > missing {
            // Most entities stand elsewhere: a few draws find one, if there is one.
            for _ in 0..8 {
                let known = self.stream.pick(&self.of_type[kind]).copied();
                chosen = known.filter(|entity| !others.contains(entity) && !self.used.contains(&(relation, place, *entity)));
                if chosen.is_some() {
                    self.due -= 1.0;
                    break;
                }
            }
        }
        let entity = chosen.unwrap_or_else(|| {
            let new = self.types.len() as u32;
            self.types.push(kind as u32);
            self.of_type[kind].push(new);
            new
        });
        self.ahead[kind] = self.ahead[kind].saturating_sub(1);
        self.used.insert((relation, place, entity));
        entity
    }
}
