//! One rule on the statements that are known: a join by nested loops, each an indexed search of sorted pairs.

use std::collections::BTreeSet;

use hypergraphql_framework::store::Id;
use rayon::prelude::*;

use super::InferError;
use super::facts::{Derived, Facts, Since};
use super::pairs::{Pairs, pack, unpack};
use super::recent::Recent;
use super::rule::{Atom, Place, Rule};
use super::terms::{ClosureTerms, HIDDEN};

/// Pairs of the first atom that a thread takes at once.
const PIECE: usize = 1 << 14;
/// Derived statements between two looks at the limits.
const LOOK: usize = 1 << 16;

/// Asks whether so many bytes may be used and the work may go on.
pub(crate) type Watch<'a> = &'a (dyn Fn(u64) -> Result<(), InferError> + Sync);

/// Predicates whose statements are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All.
    All,
    /// These.
    Predicates(BTreeSet<Id>),
}

impl Reach {
    /// Whether the statements of a predicate are wanted.
    #[inline]
    pub(crate) fn has(&self, predicate: Id) -> bool {
        match self {
            Self::All => true,
            Self::Predicates(predicates) => predicates.contains(&predicate),
        }
    }
}

/// What a rule is evaluated on.
#[derive(Clone, Copy)]
pub(crate) struct Evaluation<'a> {
    /// Statements.
    pub(crate) facts: &'a Facts<'a>,
    /// Only heads of these predicates are made.
    pub(crate) reach: &'a Reach,
    /// Limits.
    pub(crate) watch: Watch<'a>,
    /// For what an inconsistency says.
    pub(crate) terms: &'a ClosureTerms,
    /// The regime of the rules.
    pub(crate) regime: &'static str,
}

impl Evaluation<'_> {
    /// What a rule makes of all statements.
    ///
    /// # Errors
    /// When limits are passed, or a rule without a head has a match.
    pub(crate) fn of_all(&self, rule: &Rule) -> Result<Derived, InferError> {
        if self.is_idle(rule) {
            return Ok(Derived::default());
        }
        self.run(rule, None)
    }

    /// What a rule makes of new statements with all others; `producer` is the rule.
    pub(crate) fn of_new(&self, rule: &Rule, time: u64, producer: usize) -> Result<Derived, InferError> {
        let mut derived = Derived::default();
        if self.is_idle(rule) {
            return Ok(derived);
        }
        for (index, atom) in rule.body.iter().enumerate() {
            let except = (rule.closed == Some(index)).then_some(producer);
            let since = Since { time, except };
            let new = match atom[1] {
                Place::Term(predicate) => self.facts.new_pairs(predicate, since).next().is_some(),
                Place::Variable(_) => self.facts.any_new(since),
            };
            if new {
                derived.append(self.run(rule, Some((index, since)))?);
            }
        }
        Ok(derived)
    }

    /// The error that names a rule and the statements that it finds.
    pub(crate) fn inconsistent(&self, rule: &str, statements: impl IntoIterator<Item = [Id; 3]>) -> InferError {
        let statements = statements.into_iter().map(|statement| self.terms.write(statement)).collect();
        InferError::Inconsistent { regime: self.regime, rule: rule.to_owned(), statements }
    }

    /// An atom of the body can have no match.
    fn is_idle(&self, rule: &Rule) -> bool {
        rule.body.iter().any(|atom| matches!(atom[1], Place::Term(predicate) if !self.facts.has(predicate)))
    }

    fn run(&self, rule: &Rule, new: Option<(usize, Since)>) -> Result<Derived, InferError> {
        let join = Join { evaluation: self, rule, new, levels: self.plan(rule, new.map(|(index, _)| index)) };
        let repeats = rule.makes_the_same_again();
        let walk = || Walk {
            derived: Derived::default(),
            bindings: vec![0; rule.variables.into()],
            looked: 0,
            recent: if repeats { Recent::new() } else { Recent::none() },
        };
        let Some(first) = join.levels.first() else {
            let mut walk = walk();
            join.walk(0, &mut walk)?;
            return Ok(walk.derived);
        };
        let mut pieces: Vec<(Id, bool, &[u64])> = vec![];
        join.candidates(first, first.values(&walk().bindings), &mut |predicate, inverse, pairs| {
            pieces.extend(pairs.chunks(PIECE).map(|part| (predicate, inverse, part)));
            Ok(())
        })?;
        // Few walks for each thread, because each begins with arrays of its own.
        let least = pieces.len().div_ceil(4 * rayon::current_num_threads());
        let parts: Vec<Derived> = pieces
            .into_par_iter()
            .with_min_len(least)
            .map_init(walk, |walk, (predicate, inverse, pairs)| {
                walk.looked = 0;
                join.walk_pairs(0, predicate, inverse, pairs, walk)?;
                (self.watch)(8 * walk.derived.len() as u64)?;
                Ok(std::mem::take(&mut walk.derived))
            })
            .collect::<Result<_, InferError>>()?;
        let mut derived = Derived::default();
        parts.into_iter().for_each(|part| derived.append(part));
        Ok(derived)
    }

    /// The atoms in the order in which they are matched: what has a known predicate before what has not, what is new before what is all, what is
    /// bound before what is free, what is small before what is large.
    fn plan(&self, rule: &Rule, new: Option<usize>) -> Vec<Level> {
        let mut bound = 0u64;
        let mut left: Vec<usize> = (0..rule.body.len()).collect();
        let mut levels = vec![];
        while !left.is_empty() {
            let is_bound =
                |place: Place| matches!(place, Place::Variable(variable) if bound >> variable & 1 == 1) || matches!(place, Place::Term(_));
            let score = |index: &usize| {
                let [s, p, o] = rule.body[*index].map(is_bound);
                let size = match rule.body[*index][1] {
                    Place::Term(predicate) => self.facts.pairs(predicate).map_or(0, |pairs| pairs.all().len()),
                    Place::Variable(_) => 0,
                };
                (p, new == Some(*index), u8::from(s) + u8::from(o), std::cmp::Reverse(size))
            };
            let best = (0..left.len()).rev().max_by_key(|at| score(&left[*at])).unwrap_or(0);
            let index = left.remove(best);
            let known = rule.body[index].map(is_bound);
            for place in rule.body[index] {
                if let Place::Variable(variable) = place {
                    bound |= 1 << variable;
                }
            }
            let has = |variable: u8| bound >> variable & 1 == 1;
            let checked: Vec<bool> = rule.different.iter().map(|&(a, b)| has(a) && has(b)).collect();
            let heads = rule.head.iter().map(|head| matches!(head[1], Place::Variable(variable) if has(variable))).collect();
            levels.push(Level { index, atom: rule.body[index], known, checked, heads });
        }
        levels
    }
}

/// Most variables of a rule.
pub(crate) const MOST: u8 = 64;

/// An atom at its place in the order of matching.
struct Level {
    index: usize,
    atom: Atom,
    /// Which places are bound before.
    known: [bool; 3],
    /// Which pairs of variables that have to differ are bound now.
    checked: Vec<bool>,
    /// Which heads' predicates are variables that are bound now.
    heads: Vec<bool>,
}

impl Level {
    /// The terms of the atom's places, where they are known.
    fn values(&self, bindings: &[Id]) -> [Id; 3] {
        self.atom.map(|place| value(place, bindings))
    }
}

struct Join<'a> {
    evaluation: &'a Evaluation<'a>,
    rule: &'a Rule,
    new: Option<(usize, Since)>,
    levels: Vec<Level>,
}

struct Walk {
    derived: Derived,
    bindings: Vec<Id>,
    looked: usize,
    recent: Recent,
}

impl<'a> Join<'a> {
    /// Matches the atoms from one on.
    fn walk(&self, at: usize, walk: &mut Walk) -> Result<(), InferError> {
        let Some(level) = self.levels.get(at) else {
            if self.rule.is_inconsistency() {
                return Err(self.inconsistency(walk));
            }
            if let Some(conditions) = &self.rule.conditions
                && !conditions.hold(&mut walk.bindings, self.evaluation.facts, self.evaluation.terms)?
            {
                return Ok(());
            }
            self.heads(walk);
            if walk.derived.len() >= walk.looked + LOOK {
                walk.looked = walk.derived.len();
                (self.evaluation.watch)(8 * walk.looked as u64)?;
            }
            return Ok(());
        };
        let values = level.values(&walk.bindings);
        self.candidates(level, values, &mut |predicate, inverse, pairs| self.walk_pairs(at, predicate, inverse, pairs, walk))
    }

    /// Binds the atom of a level to each of these pairs of a predicate.
    fn walk_pairs(&self, at: usize, predicate: Id, inverse: bool, pairs: &[u64], walk: &mut Walk) -> Result<(), InferError> {
        let level = &self.levels[at];
        'pairs: for &pair in pairs {
            let (upper, lower) = unpack(pair);
            let values = if inverse { [lower, predicate, upper] } else { [upper, predicate, lower] };
            // A variable that the atom itself binds may stand in it again.
            let mut bound = 0u64;
            for ((place, value), known) in level.atom.iter().zip(values).zip(level.known) {
                match *place {
                    Place::Term(id) if id != value => continue 'pairs,
                    Place::Variable(variable) if known || bound >> variable & 1 == 1 => {
                        if walk.bindings[variable as usize] != value {
                            continue 'pairs;
                        }
                    }
                    Place::Variable(variable) => {
                        walk.bindings[variable as usize] = value;
                        bound |= 1 << variable;
                    }
                    Place::Term(_) => {}
                }
            }
            if self.allows(level, &walk.bindings) {
                self.walk(at + 1, walk)?;
            }
        }
        Ok(())
    }

    fn allows(&self, level: &Level, bindings: &[Id]) -> bool {
        let differ = |&(a, b): &(u8, u8)| bindings[a as usize] != bindings[b as usize];
        self.rule.different.iter().zip(&level.checked).all(|(pair, checked)| !checked || differ(pair))
            && (level.heads.is_empty()
                || !level.heads.iter().all(|head| *head)
                || self.rule.head.iter().any(|head| self.evaluation.reach.has(value(head[1], bindings))))
    }

    /// Pairs among which the matches of an atom are, by predicate; `true` if the object is the upper half.
    fn candidates(&self, level: &Level, values: [Id; 3], visit: Visit<'_, 'a>) -> Result<(), InferError> {
        let facts = self.evaluation.facts;
        let mut of_predicate = |predicate: Id| match self.new {
            Some((index, since)) if index == level.index => {
                facts.new_pairs(predicate, since).try_for_each(|pairs| narrowed(level, [values[0], predicate, values[2]], pairs, visit))
            }
            _ => facts.pairs(predicate).map_or(Ok(()), |pairs| narrowed(level, [values[0], predicate, values[2]], pairs, visit)),
        };
        match level.known[1] {
            true => of_predicate(values[1]),
            // Hidden sets are no predicates of the graph.
            false => facts.predicates().filter(|predicate| *predicate < HIDDEN).try_for_each(of_predicate),
        }
    }

    fn inconsistency(&self, walk: &Walk) -> InferError {
        let statements = self.rule.body.iter().map(|atom| atom.map(|place| value(place, &walk.bindings)));
        self.evaluation.inconsistent(&self.rule.name, statements)
    }

    fn heads(&self, walk: &mut Walk) {
        for [s, p, o] in &self.rule.head {
            let [subject, predicate, object] = [*s, *p, *o].map(|place| value(place, &walk.bindings));
            // A computed value may be missing.
            let is_whole = self.rule.conditions.is_none() || [subject, predicate, object].iter().all(|id| *id != 0);
            if is_whole && self.evaluation.reach.has(predicate) && walk.recent.is_new(pack(subject, object)) {
                walk.derived.push(predicate, pack(subject, object));
            }
        }
    }
}

type Visit<'v, 'a> = &'v mut dyn FnMut(Id, bool, &'a [u64]) -> Result<(), InferError>;

#[inline]
fn value(place: Place, bindings: &[Id]) -> Id {
    match place {
        Place::Term(id) => id,
        Place::Variable(variable) => bindings[variable as usize],
    }
}

/// Visits the part of the pairs that has the subject and object, as far as they are known.
fn narrowed<'a>(level: &Level, [subject, predicate, object]: [Id; 3], pairs: &'a Pairs, visit: Visit<'_, 'a>) -> Result<(), InferError> {
    match (level.known[0], level.known[2]) {
        (true, true) => match pairs.all().binary_search(&pack(subject, object)) {
            Ok(at) => visit(predicate, false, &pairs.all()[at..=at]),
            Err(_) => Ok(()),
        },
        (true, false) => visit(predicate, false, pairs.of_subject(subject)),
        (false, true) => visit(predicate, true, pairs.of_object(object)),
        (false, false) => visit(predicate, false, pairs.all()),
    }
}
