//! The rules of OWL 2 RL whose bodies have lists: each list makes rules of its own, or a check.

use std::collections::BTreeSet;

use hypergraphql_framework::store::Id;

use super::super::InferError;
use super::super::evaluate::{Evaluation, MOST};
use super::super::facts::Facts;
use super::super::rule::{Atom, Place, Rule};
use super::super::terms::ClosureTerms;
use super::Rules;

type Statement = [Id; 3];

/// Names that rules with lists use.
pub(crate) struct ListRules {
    first: Id,
    rest: Id,
    nil: Id,
    type_of: Id,
    same_as: Id,
    sub_class: Id,
    intersection: Id,
    union: Id,
    one_of: Id,
    chain: Id,
    key: Id,
    /// Predicate of the list, class of its subject, and what its members are.
    checks: [(Id, Id, Members); 4],
}

/// What the members of a list may not have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Members {
    /// `eq-diff2`, `eq-diff3`: individuals that are the same.
    Individuals,
    /// `cax-adc`: classes with an instance in common.
    Classes,
    /// `prp-adp`: properties with a statement in common.
    Properties,
}

/// What a list forbids.
#[derive(Debug)]
pub(crate) struct ListCheck {
    /// The rule.
    pub(crate) name: &'static str,
    /// Of what kind the members are.
    pub(crate) kind: Members,
    /// They.
    pub(crate) members: Vec<Id>,
}

impl ListCheck {
    /// Looks for what the list forbids.
    ///
    /// # Errors
    /// When it is there.
    pub(crate) fn run(&self, evaluation: &Evaluation<'_>, rules: &Rules) -> Result<(), InferError> {
        let facts = evaluation.facts;
        let found = match self.kind {
            Members::Individuals => self.same(facts, rules.same_as()),
            Members::Classes => {
                let of = |class: Id| facts.pairs(rules.type_of()).map_or(&[][..], |pairs| pairs.of_object(class));
                self.common(|class| of(class).iter().map(|pair| (u64::from(*pair as Id), [*pair as Id, rules.type_of(), class])).collect())
            }
            Members::Properties => {
                let of = |property: Id| facts.pairs(property).map_or(&[][..], |pairs| pairs.all());
                self.common(|property| of(property).iter().map(|pair| (*pair, [(pair >> 32) as Id, property, *pair as Id])).collect())
            }
        };
        found.map_or(Ok(()), |statements| Err(evaluation.inconsistent(self.name, statements)))
    }

    /// Two members that are the same.
    fn same(&self, facts: &Facts<'_>, same_as: Id) -> Option<Vec<Statement>> {
        let mut members = BTreeSet::new();
        if let Some(twice) = self.members.iter().find(|member| !members.insert(**member)) {
            return Some(vec![[*twice, same_as, *twice]]);
        }
        let equal = |member: &Id| {
            let others = facts.pairs(same_as)?.of_subject(*member).iter().map(|pair| *pair as Id);
            others.into_iter().find(|other| other != member && members.contains(other)).map(|other| vec![[*member, same_as, other]])
        };
        self.members.iter().find_map(equal)
    }

    /// Two members that have a key in common.
    fn common(&self, keys: impl Fn(Id) -> Vec<(u64, Statement)>) -> Option<Vec<Statement>> {
        let mut all: Vec<(u64, usize, Statement)> = vec![];
        for (place, member) in self.members.iter().enumerate() {
            all.extend(keys(*member).into_iter().map(|(key, statement)| (key, place, statement)));
        }
        all.sort_unstable();
        all.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| vec![pair[0].2, pair[1].2])
    }
}

impl ListRules {
    pub(super) fn new(terms: &ClosureTerms) -> Result<Self, InferError> {
        let name = |curie: &str| terms.name(curie);
        let check = |list: &str, class: &str, kind| Ok::<_, InferError>((name(list)?, name(class)?, kind));
        Ok(Self {
            first: name("rdf:first")?,
            rest: name("rdf:rest")?,
            nil: name("rdf:nil")?,
            type_of: name("rdf:type")?,
            same_as: name("owl:sameAs")?,
            sub_class: name("rdfs:subClassOf")?,
            intersection: name("owl:intersectionOf")?,
            union: name("owl:unionOf")?,
            one_of: name("owl:oneOf")?,
            chain: name("owl:propertyChainAxiom")?,
            key: name("owl:hasKey")?,
            checks: [
                check("owl:members", "owl:AllDifferent", Members::Individuals)?,
                check("owl:distinctMembers", "owl:AllDifferent", Members::Individuals)?,
                check("owl:members", "owl:AllDisjointClasses", Members::Classes)?,
                check("owl:members", "owl:AllDisjointProperties", Members::Properties)?,
            ],
        })
    }

    pub(super) fn vocabulary(&self) -> Vec<Id> {
        let lists = [self.intersection, self.union, self.one_of, self.chain, self.key, self.first, self.rest];
        lists.into_iter().chain(self.checks.iter().map(|check| check.0)).collect()
    }

    /// The rules that the lists of a graph make.
    pub(super) fn rules(&self, facts: &Facts<'_>) -> Result<Vec<Rule>, InferError> {
        let mut rules = vec![];
        for (class, members) in self.lists(facts, self.intersection) {
            let [x, class] = [Place::Variable(0), Place::Term(class)];
            let of = |member: &Id| [x, Place::Term(self.type_of), Place::Term(*member)];
            rules.push(Rule::new("cls-int1", members.iter().map(of).collect(), vec![self.is(x, class)]));
            rules.push(Rule::new("cls-int2", vec![self.is(x, class)], members.iter().map(of).collect()));
            let below = |member: &Id| [class, Place::Term(self.sub_class), Place::Term(*member)];
            rules.push(Rule::new("scm-int", vec![], members.iter().map(below).collect()));
        }
        for (class, members) in self.lists(facts, self.union) {
            let [x, class] = [Place::Variable(0), Place::Term(class)];
            for member in members.iter().map(|member| Place::Term(*member)) {
                rules.push(Rule::new("cls-uni", vec![self.is(x, member)], vec![self.is(x, class)]));
            }
            let below = |member: &Id| [Place::Term(*member), Place::Term(self.sub_class), class];
            rules.push(Rule::new("scm-uni", vec![], members.iter().map(below).collect()));
        }
        for (class, members) in self.lists(facts, self.one_of) {
            let heads = members.iter().map(|member| self.is(Place::Term(*member), Place::Term(class)));
            rules.push(Rule::new("cls-oo", vec![], heads.collect()));
        }
        for (property, members) in self.lists(facts, self.chain) {
            let last = variable("prp-spo2", members.len())?;
            let body = members.iter().zip(0..).map(|(p, at)| [Place::Variable(at), Place::Term(*p), Place::Variable(at + 1)]);
            rules.push(Rule::new("prp-spo2", body.collect(), vec![[Place::Variable(0), Place::Term(property), last]]));
        }
        for (class, members) in self.lists(facts, self.key) {
            rules.push(self.has_key(class, &members)?);
        }
        Ok(rules)
    }

    /// What the lists of a graph forbid.
    pub(super) fn checks(&self, facts: &Facts<'_>) -> Vec<ListCheck> {
        let mut checks = vec![];
        for &(list, class, kind) in &self.checks {
            let is_of_class = |subject: Id| facts.pairs(self.type_of).is_some_and(|pairs| pairs.contains(subject, class));
            let name = match (kind, list == self.checks[0].0) {
                (Members::Individuals, true) => "eq-diff2",
                (Members::Individuals, false) => "eq-diff3",
                (Members::Classes, _) => "cax-adc",
                (Members::Properties, _) => "prp-adp",
            };
            let lists = self.lists(facts, list).into_iter().filter(|(subject, _)| is_of_class(*subject));
            checks.extend(lists.map(|(_, members)| ListCheck { name, kind, members }));
        }
        checks
    }

    fn is(&self, x: Place, class: Place) -> Atom {
        [x, Place::Term(self.type_of), class]
    }

    fn has_key(&self, class: Id, members: &[Id]) -> Result<Rule, InferError> {
        variable("prp-key", members.len() + 1)?;
        let [x, y] = [0, 1].map(Place::Variable);
        let mut body = vec![self.is(x, Place::Term(class))];
        for (p, at) in members.iter().zip(2..) {
            body.push([x, Place::Term(*p), Place::Variable(at)]);
            body.push([y, Place::Term(*p), Place::Variable(at)]);
        }
        body.push(self.is(y, Place::Term(class)));
        let head = vec![[x, Place::Term(self.same_as), y]];
        Ok(Rule { different: vec![(0, 1)], ..Rule::new("prp-key", body, head) })
    }

    /// Subjects of a predicate with the members of their lists; what is no list, or has no members, is left out.
    fn lists(&self, facts: &Facts<'_>, predicate: Id) -> Vec<(Id, Vec<Id>)> {
        let pairs = facts.pairs(predicate).map_or(&[][..], |pairs| pairs.all());
        let list = |pair: &u64| Some(((*pair >> 32) as Id, self.members(facts, *pair as Id)?));
        pairs.iter().filter_map(list).filter(|(_, members)| !members.is_empty()).collect()
    }

    fn members(&self, facts: &Facts<'_>, mut node: Id) -> Option<Vec<Id>> {
        let (mut members, mut met) = (vec![], BTreeSet::new());
        let next = |node: Id, predicate: Id| facts.pairs(predicate)?.of_subject(node).first().map(|pair| *pair as Id);
        while node != self.nil {
            if !met.insert(node) {
                return None;
            }
            members.push(next(node, self.first)?);
            node = next(node, self.rest)?;
        }
        Some(members)
    }
}

/// The variable of a number that is as large as a list is long.
fn variable(rule: &str, number: usize) -> Result<Place, InferError> {
    match u8::try_from(number) {
        Ok(number) if number < MOST => Ok(Place::Variable(number)),
        _ => {
            let why = format!("expected a list of at most {} members, found one of {number}", MOST - 2);
            Err(InferError::Rule { rule: rule.to_owned(), why })
        }
    }
}
