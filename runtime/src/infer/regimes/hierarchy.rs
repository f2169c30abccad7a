//! Hierarchies whose members inherit, in every regime: `:isA` and each predicate that is declared `hq:hierarchy true` are transitive; a member inherits
//! the statements of `:hasProperty` and of each predicate that is declared `hq:inheritable true`.

use std::sync::Arc;

use hypergraphql_framework::store::Id;
use oxrdf::vocab::xsd;
use oxrdf::{Literal, NamedNode, Term};

use super::super::InferError;
use super::super::facts::{Asserted, Facts};
use super::super::pairs::Pairs;
use super::super::rule::{Place, Rule};
use super::super::terms::{ClosureTerms, HIDDEN};

/// The names of hierarchies in a store.
pub(crate) struct Hierarchies {
    is_a: Id,
    has_property: Id,
    inherited_from: Id,
    hierarchy: Id,
    inheritable: Id,
    /// `true` and `1`.
    yes: [Id; 2],
}

/// What is inherited: fixed when nothing is inherited yet, so that a statement says that it is inherited from where it was said.
pub(crate) struct Inheritance {
    /// Sets of pairs under hidden ids.
    pub(crate) sources: Vec<(Id, Arc<Pairs>)>,
    /// One for each hierarchy and inheritable predicate.
    pub(crate) rules: Vec<Rule>,
}

impl Hierarchies {
    pub(super) fn new(base: &str, terms: &ClosureTerms) -> Result<Self, InferError> {
        let own = |name: &str| terms.intern(&NamedNode::new_unchecked(format!("{base}{name}")).into());
        let boolean = |text: &str| terms.intern(&Term::from(Literal::new_typed_literal(text, xsd::BOOLEAN)));
        Ok(Self {
            is_a: own("isA")?,
            has_property: own("hasProperty")?,
            inherited_from: own("inheritedFrom")?,
            hierarchy: terms.name("hq:hierarchy")?,
            inheritable: terms.name("hq:inheritable")?,
            yes: [boolean("true")?, boolean("1")?],
        })
    }

    /// The declaring predicates.
    pub(super) fn vocabulary(&self) -> Vec<Id> {
        vec![self.hierarchy, self.inheritable]
    }

    /// The predicate of the statements that literals can be subjects of.
    pub(crate) fn inherited_from(&self) -> Id {
        self.inherited_from
    }

    /// Predicates along which members inherit.
    pub(crate) fn predicates(&self, facts: &Facts<'_>) -> Vec<Id> {
        self.declared(facts, self.hierarchy, self.is_a)
    }

    /// Predicates whose statements are inherited.
    pub(crate) fn inheritable(&self, facts: &Facts<'_>) -> Vec<Id> {
        self.declared(facts, self.inheritable, self.has_property)
    }

    /// Predicates of statements that can be inherited, as a graph declares them, and of those that say so.
    pub(super) fn inherited(&self, asserted: &dyn Asserted) -> Vec<Id> {
        let yes = |pair: &u64| self.yes.contains(&(*pair as Id));
        let declared = asserted.pairs(self.inheritable).into_iter().filter(yes).map(|pair| (pair >> 32) as Id);
        declared.chain([self.has_property, self.inherited_from]).collect()
    }

    /// The rules of inheritance, from the statements that hold without it.
    pub(crate) fn inheritance(&self, facts: &Facts<'_>) -> Inheritance {
        let inheritable = self.inheritable(facts);
        let sources = inheritable.iter().zip(HIDDEN..).map(|(predicate, hidden)| (hidden, facts.shared(*predicate))).collect();
        let mut rules = vec![];
        for hierarchy in self.predicates(facts) {
            rules.extend(inheritable.iter().zip(HIDDEN..).map(|(predicate, source)| self.rule(hierarchy, *predicate, source)));
        }
        Inheritance { sources, rules }
    }

    /// The same rules with the inheritable predicates themselves as sources: what they need and make is what those need and make.
    pub(crate) fn shape(&self, facts: &Facts<'_>) -> Vec<Rule> {
        let inheritable = self.inheritable(facts);
        let of = |hierarchy: Id| inheritable.iter().map(move |predicate| self.rule(hierarchy, *predicate, *predicate));
        self.predicates(facts).into_iter().flat_map(of).collect()
    }

    fn rule(&self, hierarchy: Id, predicate: Id, source: Id) -> Rule {
        let [member, class, value] = [0, 1, 2].map(Place::Variable);
        let body = vec![[member, Place::Term(hierarchy), class], [class, Place::Term(source), value]];
        let head = vec![[member, Place::Term(predicate), value], [value, Place::Term(self.inherited_from), class]];
        // Hierarchies are transitive.
        Rule::new("inheritance", body, head)
    }

    fn declared(&self, facts: &Facts<'_>, by: Id, always: Id) -> Vec<Id> {
        let mut all = vec![always];
        if let Some(pairs) = facts.pairs(by) {
            all.extend(self.yes.iter().flat_map(|yes| pairs.of_object(*yes)).map(|pair| *pair as Id));
        }
        all.sort_unstable();
        all.dedup();
        all
    }
}
