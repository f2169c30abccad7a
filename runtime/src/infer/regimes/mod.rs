//! The rules of each regime: those of its table, and those that the statements of a graph make out of a table's pattern (transitive predicates, lists,
//! hierarchies).

mod hierarchy;
mod levels;
mod lists;
pub(super) mod owl2rl;
pub(super) mod rdfs;
mod store;

use hypergraphql_framework::store::Id;
use hypergraphql_query::algebra::Regime;
use oxrdf::NamedNodeRef;

use super::InferError;
use super::facts::{Asserted, Facts};
use super::rule::{Place, Rule};
use super::terms::ClosureTerms;

pub(crate) use hierarchy::Hierarchies;
use lists::{ListCheck, ListRules};

/// One thing that is done over and over until it makes nothing new.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// A rule.
    Rule(Rule),
    /// The rule `?x p ?y . ?y p ?z => ?x p ?z` of one predicate.
    Transitive(Id),
}

impl Step {
    /// Steps of lower levels are done before.
    pub(crate) fn level(&self) -> usize {
        match self {
            Self::Rule(rule) => rule.level(),
            Self::Transitive(_) => 0,
        }
    }

    /// The name of its rule.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Rule(rule) => &rule.name,
            Self::Transitive(_) => "transitivity",
        }
    }
}

/// The rules of a regime, for the terms of a store.
pub(crate) struct Rules {
    regime: Regime,
    /// Of the tables.
    pub(crate) fixed: Vec<Step>,
    /// `eq-ref`, of OWL 2 RL.
    pub(crate) reflexive: Option<Rule>,
    /// What is inherited along which predicates.
    pub(crate) hierarchies: Hierarchies,
    lists: Option<ListRules>,
    same_as: Id,
    transitive: [Id; 2],
}

impl Rules {
    /// Those of a regime; `base` is the namespace of the store's own names.
    pub(crate) fn new(regime: Regime, base: &str, terms: &ClosureTerms, asserted: &dyn Asserted) -> Result<Self, InferError> {
        let (transitive, tables, axioms): (&[(&str, &str)], &[&[&str]], &[&str]) = match regime {
            Regime::RhoDf => (rdfs::TRANSITIVE, &[rdfs::RHO_DF], &[]),
            Regime::Rdfs => (rdfs::TRANSITIVE, &[rdfs::RDFS, rdfs::RHO_DF], rdfs::AXIOMS),
            Regime::Owl2Rl => (owl2rl::TRANSITIVE, &[owl2rl::RULES], owl2rl::AXIOMS),
            Regime::Rules => (&[], &[], &[]),
        };
        let mut fixed = vec![];
        for (_, predicate) in transitive {
            fixed.push(Step::Transitive(terms.name(predicate)?));
        }
        for line in axioms {
            fixed.extend(axiom(line, terms)?);
        }
        if regime == Regime::Rdfs {
            fixed.extend(membership_axioms(terms)?);
        }
        for line in tables.concat() {
            fixed.push(Step::Rule(Rule::parse(line, terms)?));
        }
        let hierarchies = Hierarchies::new(base, terms)?;
        if regime == Regime::Rules {
            let inherited = hierarchies.inherited(asserted);
            fixed.extend(store::rules(asserted, base, terms, &inherited)?.into_iter().map(Step::Rule));
        }
        let is_owl = regime == Regime::Owl2Rl;
        Ok(Self {
            regime,
            fixed,
            reflexive: if is_owl { Some(Rule::parse(owl2rl::REFLEXIVE, terms)?) } else { None },
            hierarchies,
            lists: if is_owl { Some(ListRules::new(terms)?) } else { None },
            same_as: terms.name("owl:sameAs")?,
            transitive: [terms.name("rdf:type")?, terms.name("owl:TransitiveProperty")?],
        })
    }

    /// The name of the regime in HyperQL.
    pub(crate) fn name(&self) -> &'static str {
        match self.regime {
            Regime::RhoDf => "RHODF",
            Regime::Rdfs => "RDFS",
            Regime::Owl2Rl => "OWL2RL",
            Regime::Rules => "RULES",
        }
    }

    /// Whether a rule asks that something is absent, so that all that could make it has to be known first.
    pub(crate) fn has_absence(&self) -> bool {
        let has = |rule: &Rule| rule.conditions.as_ref().is_some_and(|conditions| !conditions.absent.is_empty());
        self.fixed.iter().any(|step| matches!(step, Step::Rule(rule) if has(rule)))
    }

    /// Whether statements about literals take part until the closure is done, as OWL 2 RL has it; else they make nothing.
    pub(crate) fn is_generalized(&self) -> bool {
        self.regime == Regime::Owl2Rl
    }

    /// Predicates whose statements say which rules there are.
    pub(crate) fn vocabulary(&self) -> Vec<Id> {
        let mut all = self.hierarchies.vocabulary();
        if let Some(lists) = &self.lists {
            all.extend(lists.vocabulary());
        }
        all
    }

    /// `owl:sameAs`.
    pub(crate) fn same_as(&self) -> Id {
        self.same_as
    }

    /// `rdf:type`.
    pub(crate) fn type_of(&self) -> Id {
        self.transitive[0]
    }

    /// The steps that statements make.
    pub(crate) fn of_facts(&self, facts: &Facts<'_>) -> Result<Vec<Step>, InferError> {
        let mut steps: Vec<Step> = self.hierarchies.predicates(facts).into_iter().map(Step::Transitive).collect();
        let [type_of, class] = self.transitive;
        if self.regime == Regime::Owl2Rl
            && let Some(pairs) = facts.pairs(type_of)
        {
            steps.extend(pairs.of_object(class).iter().map(|pair| Step::Transitive(*pair as Id)));
        }
        if let Some(lists) = &self.lists {
            steps.extend(lists.rules(facts)?.into_iter().map(Step::Rule));
        }
        Ok(steps)
    }

    /// What lists forbid.
    pub(crate) fn checks(&self, facts: &Facts<'_>) -> Vec<ListCheck> {
        self.lists.as_ref().map_or_else(Vec::new, |lists| lists.checks(facts))
    }
}

/// An axiomatic triple, if the store knows its subject.
fn axiom(line: &str, terms: &ClosureTerms) -> Result<Option<Step>, InferError> {
    let rule = Rule::parse(&format!("axiom:  => {line}"), terms)?;
    let known = matches!(rule.head[0][0], Place::Term(subject) if subject <= terms.space().terms());
    Ok(known.then_some(Step::Rule(rule)))
}

/// Axiomatic triples of the container membership properties of the store.
fn membership_axioms(terms: &ClosureTerms) -> Result<Vec<Step>, InferError> {
    let mut steps = vec![];
    for predicate in terms.space().statistics().predicates() {
        let Some(oxrdf::Term::NamedNode(name)) = terms.term(predicate.predicate) else { continue };
        if is_membership(name.as_ref()) {
            for rest in rdfs::MEMBERSHIP_AXIOMS {
                steps.extend(axiom(&format!("{} {rest}", name.as_str()), terms)?);
            }
        }
    }
    Ok(steps)
}

fn is_membership(name: NamedNodeRef<'_>) -> bool {
    let number = name.as_str().strip_prefix("http://www.w3.org/1999/02/22-rdf-syntax-ns#_");
    number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0') && !number.is_empty())
}
