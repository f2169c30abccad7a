//! Which relations an episode has, and how many facts of each.

use super::stream::Stream;
use super::{EpisodeOptions, MAX_ROLES, QuestionKind, Relation, Schema, Size};
use crate::error::{ModelError, Result};

/// Least number of facts that a relation has on average: among fewer, the relation alone would tell the answer.
const FACTS_OF_A_RELATION: usize = 16;

/// Choices of relations over at most so many types that are tried before fewer types are.
const TRIES: usize = 64;

/// The same where they are more types than a relation has: there many choices are alike.
const TRIES_OF_MANY: usize = 16;

/// A block: a relation and the places of three of its roles.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockPlan {
    pub(super) relation: usize,
    pub(super) roles: [usize; 3],
}

/// What is drawn.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) blocks: Vec<BlockPlan>,
    /// The relation of each fact outside blocks.
    pub(super) singles: Vec<usize>,
    /// For each type, how many different entities there can be.
    pub(super) distinct: Vec<usize>,
}

/// Chooses relations such that all questions can be asked and each type has enough candidates.
pub(super) fn plan(schema: &Schema, options: &EpisodeOptions, stream: &mut Stream) -> Result<Plan> {
    for (kind, without, expected) in [
        (QuestionKind::TwoKey, "without a relation of three roles", "one for two-key questions; set their share to 0"),
        (QuestionKind::TwoHop, "without two roles of one type", "such roles for two-hop questions; set their share to 0"),
    ] {
        if options.wants(kind) && !schema.allows(kind) {
            return Err(ModelError::option("schema", without, expected));
        }
    }
    let mut best = 0;
    // There are no more distinct entities than slots; still, some relation is to be tried, if only to say how many candidates it leaves.
    let slots = match options.size {
        Size::Facts(facts) => facts.saturating_mul(MAX_ROLES),
        Size::Slots(slots) => slots,
    };
    let enough = (slots as f64 * (1.0 - options.reuse)) as usize / options.candidates.max(1);
    let mut most_types = schema.types.len().min(enough.max(MAX_ROLES));
    while most_types > 0 {
        for _ in 0..if most_types > MAX_ROLES { TRIES_OF_MANY } else { TRIES } {
            let mut order: Vec<usize> = (0..schema.relations.len()).collect();
            stream.shuffle(&mut order);
            let Some(chosen) = choose(schema, options, most_types, &order) else { continue };
            let Some(plan) = allot(schema, options, chosen, stream) else { continue };
            let least = plan.distinct.iter().filter(|n| **n > 0).map(|n| (*n as f64 * (1.0 - options.reuse)) as usize).min().unwrap_or(0);
            if least >= options.candidates {
                return Ok(plan);
            }
            best = best.max(least);
        }
        most_types -= (most_types / 5).max(1);
    }
    if options.candidates > 0 && best > 0 {
        let expected =
            format!("at most {best} for {:?} with {} of the entities reused; ask for a larger base", options.size, options.reuse);
        return Err(ModelError::option("number of candidates", options.candidates, expected));
    }
    let expected = format!(
        "room for {} facts of one relation of three roles (two-key questions) and one more of a relation with a role of the same type (two-hop)",
        options.block * options.block
    );
    Err(ModelError::option("size of a base", format!("{:?}", options.size), expected))
}

/// Relations over at most so many types, those first that share a type with others.
fn choose(schema: &Schema, options: &EpisodeOptions, most_types: usize, order: &[usize]) -> Option<Vec<usize>> {
    let of = |at: usize| &schema.relations[at];
    let wants_block = options.wants(QuestionKind::TwoKey);
    let block_fits = |relation: &Relation| Budget::of(options).block(relation, options.block).is_some();
    let start = *order.iter().find(|at| !wants_block || of(**at).roles.len() >= 3 && block_fits(of(**at)))?;
    let mut types = vec![false; schema.types.len()];
    let mut count = 0;
    let mut take = |relation: &Relation, shared: bool| {
        let all = || relation.roles.iter().map(|role| role.entity_type as usize);
        let new = all().enumerate().filter(|(nth, at)| !types[*at] && all().take(*nth).all(|other| other != *at)).count();
        let fits = count + new <= most_types && (!shared || all().any(|at| types[at]));
        if fits {
            count += new;
            all().for_each(|at| types[at] = true);
        }
        fits
    };
    if !take(of(start), false) {
        return None;
    }
    let facts = Budget::of(options).left / if matches!(options.size, Size::Slots(_)) { of(start).roles.len() } else { 1 };
    let most = (facts / FACTS_OF_A_RELATION).max(1 + usize::from(options.wants(QuestionKind::TwoHop)));
    let (mut chosen, mut others) = (vec![start], order.to_vec());
    others.retain(|at| *at != start);
    for shared in [true, false] {
        others.retain(|at| {
            let taken = chosen.len() < most && take(of(*at), shared);
            if taken {
                chosen.push(*at);
            }
            !taken
        });
    }
    let places: Vec<u32> = chosen.iter().flat_map(|at| of(*at).roles.iter().map(|role| role.entity_type)).collect();
    let bridge = (1..places.len()).any(|at| places[..at].contains(&places[at]));
    (bridge || !options.wants(QuestionKind::TwoHop)).then_some(chosen)
}

/// What is left of the size of a base.
#[derive(Clone, Copy)]
struct Budget {
    left: usize,
    slots: bool,
}

impl Budget {
    fn of(options: &EpisodeOptions) -> Self {
        match options.size {
            Size::Facts(left) => Self { left, slots: false },
            Size::Slots(left) => Self { left, slots: true },
        }
    }

    fn cost(self, relation: &Relation) -> usize {
        if self.slots { relation.roles.len() } else { 1 }
    }

    /// What is left after a fact, if that fits.
    fn fact(self, relation: &Relation) -> Option<Self> {
        Some(Self { left: self.left.checked_sub(self.cost(relation))?, ..self })
    }

    /// What is left after a block of an order, if that fits.
    fn block(self, relation: &Relation, order: usize) -> Option<Self> {
        Some(Self { left: self.left.checked_sub(order * order * self.cost(relation))?, ..self })
    }
}

/// Blocks up to their share but at least one, then facts of all relations in turn; none where nothing fits.
fn allot(schema: &Schema, options: &EpisodeOptions, mut chosen: Vec<usize>, stream: &mut Stream) -> Option<Plan> {
    let (mut plan, mut budget) = (Plan { distinct: vec![0; schema.types.len()], ..Plan::default() }, Budget::of(options));
    let order = options.block;
    let keep = budget.left - (options.blocks * budget.left as f64) as usize;
    let wide: Vec<usize> = chosen.iter().copied().filter(|at| schema.relations[*at].roles.len() >= 3).collect();
    if options.wants(QuestionKind::TwoKey) {
        for at in wide.iter().cycle() {
            let relation = &schema.relations[*at];
            let Some(left) = budget.block(relation, order).filter(|left| plan.blocks.is_empty() || left.left >= keep) else { break };
            budget = left;
            let mut places: Vec<usize> = (0..relation.roles.len()).collect();
            stream.shuffle(&mut places);
            for (nth, place) in places.iter().enumerate() {
                plan.distinct[relation.roles[*place].entity_type as usize] += if nth < 3 { order } else { order * order };
            }
            plan.blocks.push(BlockPlan { relation: *at, roles: [places[0], places[1], places[2]] });
        }
        if plan.blocks.is_empty() {
            return None;
        }
    }
    stream.shuffle(&mut chosen);
    loop {
        let before = plan.singles.len();
        for at in &chosen {
            let Some(left) = budget.fact(&schema.relations[*at]) else { continue };
            budget = left;
            plan.singles.push(*at);
            schema.relations[*at].roles.iter().for_each(|role| plan.distinct[role.entity_type as usize] += 1);
        }
        if plan.singles.len() == before {
            return (before + plan.blocks.len() > 0).then_some(plan);
        }
    }
}
