//! Which variables are in scope (SPARQL 1.1, section 18.2.1), in order of appearance.

use std::collections::HashSet;

use crate::algebra::{Pattern, Temporal, TermPattern, TriplePattern, Variable};

/// Variables in order of appearance, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    order: Vec<Variable>,
    known: HashSet<Variable>,
}

impl Scope {
    /// The variables of a pattern that are in scope after it.
    pub(super) fn of(pattern: &Pattern) -> Self {
        let mut scope = Self::default();
        scope.add(pattern);
        scope
    }

    pub(super) fn contains(&self, variable: &Variable) -> bool {
        self.known.contains(variable)
    }

    /// All but the hidden ones.
    pub(super) fn visible(self) -> Vec<Variable> {
        self.order.into_iter().filter(|variable| !variable.is_hidden()).collect()
    }

    pub(super) fn insert(&mut self, variable: &Variable) {
        if !self.known.contains(variable) {
            self.known.insert(variable.clone());
            self.order.push(variable.clone());
        }
    }

    /// Adds what a pattern puts in scope.
    pub(super) fn add(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Bgp(triples) => triples.iter().for_each(|triple| self.triple(triple)),
            Pattern::Path { subject, object, .. } => {
                self.term(subject);
                self.term(object);
            }
            Pattern::Hyperedge(edge) => {
                self.term(&edge.node);
                for (role, player) in &edge.incidences {
                    self.term(role);
                    self.term(player);
                }
            }
            Pattern::Join(left, right) | Pattern::Union(left, right) | Pattern::LeftJoin { left, right, .. } => {
                self.add(left);
                self.add(right);
            }
            Pattern::Minus(left, _) => self.add(left),
            Pattern::Filter { inner, .. }
            | Pattern::OrderBy { inner, .. }
            | Pattern::Slice { inner, .. }
            | Pattern::Infer { inner, .. }
            | Pattern::Distinct(inner)
            | Pattern::Reduced(inner) => self.add(inner),
            Pattern::Extend { inner, variable, .. } => {
                self.add(inner);
                self.insert(variable);
            }
            Pattern::Values { variables, .. } | Pattern::Project { variables, .. } => {
                variables.iter().for_each(|variable| self.insert(variable));
            }
            Pattern::Graph { name, inner } | Pattern::Service { name, inner, .. } => {
                self.term(name);
                self.add(inner);
            }
            Pattern::Group { keys, aggregates, sampled, .. } => {
                let aggregates = aggregates.iter().map(|(variable, _)| variable);
                keys.iter().chain(sampled).chain(aggregates).for_each(|variable| self.insert(variable));
            }
            Pattern::Temporal { core, constraint, inner } => {
                self.add(core);
                self.add(inner);
                if let Temporal::Between(variable, ..) = constraint {
                    self.insert(variable);
                }
            }
            Pattern::Similar(similar) => {
                self.insert(&similar.variable);
                self.term(&similar.to);
                similar.score.iter().for_each(|score| self.insert(score));
            }
            Pattern::Predict(predict) => {
                self.add(&predict.candidate);
                predict.score.iter().for_each(|score| self.insert(score));
            }
            Pattern::Core => {}
        }
    }

    pub(super) fn triple(&mut self, triple: &TriplePattern) {
        self.term(&triple.subject);
        self.term(&triple.predicate);
        self.term(&triple.object);
    }

    fn term(&mut self, term: &TermPattern) {
        match term {
            TermPattern::Variable(variable) => self.insert(variable),
            TermPattern::Triple(triple) => self.triple(triple),
            TermPattern::Term(_) => {}
        }
    }
}
