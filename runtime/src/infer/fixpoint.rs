//! Semi-naive evaluation: each step sees what is new to it until no step makes anything new (Bancilhon, 1986). Only predicates that are asked for, and
//! those that they need, take part.

use hypergraphql_framework::store::Id;

use super::InferError;
use super::evaluate::{Evaluation, Reach, Watch};
use super::facts::{Asserted, Derived, Facts, Since};
use super::need::{Need, needs};
use super::regimes::{Rules, Step};
use super::rule::{Place, Rule};
use super::terms::ClosureTerms;
use super::transitive::transitive_closure;

/// Rounds that may compute new terms: rules that compute values of computed values need not end.
const MOST_COMPUTING: usize = 10_000;

/// A step and the time up to which it has seen statements.
struct State {
    step: Step,
    seen: Option<u64>,
}

/// The work on one closure.
pub(crate) struct Fixpoint<'a> {
    terms: &'a ClosureTerms,
    rules: &'a Rules,
    watch: Watch<'a>,
    /// What the closure has.
    pub(crate) facts: Facts<'a>,
    /// Predicates whose statements are complete in the end.
    pub(crate) reach: Reach,
    steps: Vec<State>,
    reflexive: bool,
    /// Rounds that computed new terms.
    computing: usize,
}

impl<'a> Fixpoint<'a> {
    /// A closure that has nothing yet.
    pub(crate) fn new(rules: &'a Rules, terms: &'a ClosureTerms, asserted: &'a dyn Asserted, watch: Watch<'a>, wanted: &Reach) -> Self {
        let state = |step: &Step| State { step: step.clone(), seen: None };
        let steps = rules.fixed.iter().map(state).collect();
        let reflexive = wanted.has(rules.same_as());
        Self {
            terms,
            rules,
            watch,
            facts: Facts::new(asserted),
            reach: if rules.has_absence() { Reach::All } else { wanted.clone() },
            steps,
            reflexive,
            computing: 0,
        }
    }

    /// Does all that the rules say.
    pub(crate) fn run(&mut self) -> Result<(), InferError> {
        self.close()?;
        if self.inherits() {
            let inheritance = self.rules.hierarchies.inheritance(&self.facts);
            inheritance.sources.into_iter().for_each(|(hidden, pairs)| self.facts.put(hidden, pairs));
            self.add_steps(inheritance.rules.into_iter().map(Step::Rule).collect());
            self.close()?;
        }
        self.find_inconsistencies()
    }

    /// Whether something that is wanted can be inherited.
    fn inherits(&self) -> bool {
        self.rules.hierarchies.shape(&self.facts).iter().any(|rule| self.makes(rule))
    }

    fn close(&mut self) -> Result<(), InferError> {
        loop {
            self.widen()?;
            let before = self.facts.time();
            (0..=self.levels()).try_for_each(|level| self.saturate(level))?;
            // What was made can say that there are more rules or that more predicates are needed.
            if self.facts.time() == before && !self.widen()? {
                return Ok(());
            }
        }
    }

    /// Takes in the rules that the statements make and the predicates that the rules need, until there are no more; whether there were.
    fn widen(&mut self) -> Result<bool, InferError> {
        let mut any = false;
        loop {
            (self.watch)(0)?;
            self.load();
            let mut steps = self.rules.of_facts(&self.facts)?;
            let (need, reflexive) = self.need()?;
            self.reflexive |= reflexive;
            if self.reflexive {
                steps.extend(self.rules.reflexive.clone().map(Step::Rule));
            }
            let (more, wider) = (self.add_steps(steps), self.add_reach(need));
            if !more && !wider {
                return Ok(any);
            }
            any = true;
        }
    }

    fn load(&mut self) {
        match &self.reach {
            Reach::All => self.facts.asserted().predicates().into_iter().for_each(|predicate| self.facts.load(predicate)),
            Reach::Predicates(predicates) => predicates.iter().for_each(|predicate| self.facts.load(*predicate)),
        }
        self.rules.vocabulary().into_iter().for_each(|predicate| self.facts.load(predicate));
    }

    fn add_steps(&mut self, steps: Vec<Step>) -> bool {
        let before = self.steps.len();
        for step in steps {
            if self.steps.iter().all(|state| state.step != step) {
                self.steps.push(State { step, seen: None });
            }
        }
        self.steps.len() > before
    }

    /// Predicates that the steps need, and whether statements `x owl:sameAs x` are.
    fn need(&self) -> Result<(Need, bool), InferError> {
        let mut all = Need::Predicates(self.rules.vocabulary().into_iter().collect());
        let mut reflexive = false;
        let shape = if self.inherits() { self.rules.hierarchies.shape(&self.facts) } else { vec![] };
        let rules = self.steps.iter().filter_map(|state| match &state.step {
            Step::Rule(rule) => Some(rule),
            Step::Transitive(_) => None,
        });
        for rule in rules.chain(&shape).filter(|rule| self.makes(rule)) {
            let need = needs(&self.evaluation(), rule, self.rules.type_of())?;
            // The rules of equality have no use for `x owl:sameAs x`.
            reflexive |= need.has(self.rules.same_as()) && !rule.name.starts_with("eq-");
            all.add(need);
        }
        Ok((all, reflexive))
    }

    fn add_reach(&mut self, need: Need) -> bool {
        let Reach::Predicates(reach) = &mut self.reach else { return false };
        let before = reach.len();
        match need {
            Need::All => self.reach = Reach::All,
            Need::Predicates(predicates) => {
                reach.extend(predicates);
                if reach.len() == before {
                    return false;
                }
            }
        }
        // What a step made of predicates that were not wanted then is gone.
        for state in &mut self.steps {
            if !matches!(&state.step, Step::Rule(rule) if rule.head.len() == 1 && matches!(rule.head[0][1], Place::Term(_))) {
                state.seen = None;
            }
        }
        true
    }

    /// Whether a rule makes something that is wanted; an inconsistency always is.
    fn makes(&self, rule: &Rule) -> bool {
        let wanted =
            |place: Place| matches!(place, Place::Term(predicate) if self.reach.has(predicate)) || matches!(place, Place::Variable(_));
        rule.head.iter().any(|head| wanted(head[1])) || rule.is_inconsistency()
    }

    /// The highest level of a rule.
    fn levels(&self) -> usize {
        self.steps.iter().map(|state| state.step.level()).max().unwrap_or(0)
    }

    /// Does the steps up to a level until they make nothing new.
    fn saturate(&mut self, level: usize) -> Result<(), InferError> {
        loop {
            let (before, terms) = (self.facts.time(), self.terms.added_len());
            for index in 0..self.steps.len() {
                (self.watch)(0)?;
                let now = self.facts.time();
                let step = &self.steps[index].step;
                if step.level() <= level && self.is_wanted(step) {
                    let derived = self.step(index)?;
                    self.steps[index].seen = Some(now);
                    self.add(derived, index);
                }
            }
            if self.facts.time() == before {
                return Ok(());
            }
            self.computing += usize::from(self.terms.added_len() > terms);
            if self.computing > MOST_COMPUTING {
                return Err(self.endless());
            }
            let seen = self.steps.iter().filter_map(|state| state.seen).min();
            self.facts.forget(seen.unwrap_or(0));
        }
    }

    fn endless(&self) -> InferError {
        let computes = |state: &&State| matches!(&state.step, Step::Rule(rule) if rule.conditions.is_some());
        let names: Vec<&str> = self.steps.iter().filter(computes).map(|state| state.step.name()).collect();
        let why = format!("expected an end of the values that BIND computes, found new ones after {MOST_COMPUTING} rounds");
        InferError::Rule { rule: names.join(", or "), why }
    }

    fn is_wanted(&self, step: &Step) -> bool {
        match step {
            Step::Rule(rule) => !rule.is_inconsistency() && self.makes(rule),
            Step::Transitive(predicate) => self.reach.has(*predicate),
        }
    }

    fn step(&self, index: usize) -> Result<Derived, InferError> {
        let State { step, seen } = &self.steps[index];
        match (step, seen) {
            (Step::Rule(rule), None) => self.evaluation().all(rule),
            (Step::Rule(rule), Some(time)) => self.evaluation().new(rule, *time, index),
            (Step::Transitive(predicate), seen) => self.transitive(*predicate, *seen, index),
        }
    }

    fn transitive(&self, predicate: Id, seen: Option<u64>, index: usize) -> Result<Derived, InferError> {
        let mut derived = Derived::default();
        let since = seen.map(|time| Since { time, except: Some(index) });
        let is_new = since.is_none_or(|since| self.facts.new_pairs(predicate, since).next().is_some());
        if let Some(pairs) = self.facts.pairs(predicate).filter(|_| is_new) {
            derived.extend(predicate, transitive_closure(pairs.all(), self.watch)?);
        }
        Ok(derived)
    }

    /// Adds what a step made, except what is no statement.
    fn add(&mut self, mut derived: Derived, index: usize) {
        if !self.rules.is_generalized() {
            let inherited_from = self.rules.hierarchies.inherited_from();
            derived.retain(|predicate, subject| predicate == inherited_from || self.terms.is_subject(subject));
        }
        self.facts.add(derived, index);
    }

    fn evaluation(&self) -> Evaluation<'_> {
        Evaluation { facts: &self.facts, reach: &self.reach, watch: self.watch, terms: self.terms, regime: self.rules.name() }
    }

    fn find_inconsistencies(&self) -> Result<(), InferError> {
        for state in &self.steps {
            match &state.step {
                Step::Rule(rule) if rule.is_inconsistency() => self.evaluation().all(rule).map(|_| ())?,
                _ => {}
            }
        }
        self.rules.checks(&self.facts).iter().try_for_each(|check| check.run(&self.evaluation(), self.rules))
    }
}
