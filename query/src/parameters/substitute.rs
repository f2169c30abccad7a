//! Placeholders in an algebra: a parameter has its value everywhere in the text, in sub-queries too, as if the term stood there.

use std::collections::BTreeSet;

use oxrdf::Literal;

use super::{ParameterError, placeholder};
use crate::algebra::{Expression, Form, Pattern, Query, Temporal, TermPattern, TriplePattern, Variable};

/// The query with placeholders for these variables; its form still names those that are selected.
///
/// # Errors
///
/// [`ParameterError::Bound`] where the query itself gives one of them a value.
pub fn substitute(query: &Query, parameters: &BTreeSet<Variable>) -> Result<Query, ParameterError> {
    let mut query = query.clone();
    let mut work = Substitution { parameters, fresh: 0 };
    work.pattern(&mut query.pattern)?;
    match &mut query.form {
        Form::Select(_) | Form::Ask => {}
        Form::Construct(template) => template.iter_mut().for_each(|triple| work.triple(triple)),
        Form::Describe(of) => of.iter_mut().for_each(|place| work.place(place)),
    }
    Ok(query)
}

struct Substitution<'p> {
    parameters: &'p BTreeSet<Variable>,
    fresh: usize,
}

impl Substitution<'_> {
    fn has(&self, variable: &Variable) -> bool {
        self.parameters.contains(variable)
    }

    fn free(&self, variable: &Variable, by: &'static str) -> Result<(), ParameterError> {
        if self.has(variable) { Err(ParameterError::Bound { name: variable.clone(), by }) } else { Ok(()) }
    }

    fn pattern(&mut self, pattern: &mut Pattern) -> Result<(), ParameterError> {
        if let Pattern::Minus(left, right) = pattern {
            self.keep_shared(left, right);
        }
        for expression in pattern.expressions_mut() {
            self.expression(expression)?;
        }
        self.own(pattern)?;
        pattern.inner_mut().into_iter().try_for_each(|inner| self.pattern(inner))
    }

    /// What stands in the pattern itself.
    fn own(&mut self, pattern: &mut Pattern) -> Result<(), ParameterError> {
        match pattern {
            Pattern::Bgp(triples) => triples.iter_mut().for_each(|triple| self.triple(triple)),
            Pattern::Path { subject, object, .. } => [subject, object].into_iter().for_each(|place| self.place(place)),
            Pattern::Hyperedge(edge) => {
                self.place(&mut edge.node);
                for (role, player) in &mut edge.incidences {
                    self.place(role);
                    self.place(player);
                }
            }
            Pattern::Graph { name, .. } | Pattern::Service { name, .. } => self.place(name),
            Pattern::Extend { variable, .. } => self.free(variable, "an expression with AS")?,
            Pattern::Values { variables, .. } => variables.iter().try_for_each(|variable| self.free(variable, "VALUES"))?,
            Pattern::Project { variables, .. } => variables.retain(|variable| !self.has(variable)),
            Pattern::Group { inner, keys, aggregates, sampled } => {
                aggregates.iter().try_for_each(|(variable, _)| self.free(variable, "an aggregate"))?;
                sampled.retain(|variable| !self.has(variable));
                // Grouping by one value is not the one group of no keys: of no rows there is none.
                for key in keys.iter_mut().filter(|key| self.parameters.contains(*key)) {
                    self.fresh += 1;
                    let hidden = Variable::new(format!(".parameter{}", self.fresh));
                    extend(inner, &hidden, Expression::Term(placeholder(key)));
                    *key = hidden;
                }
            }
            Pattern::Temporal { constraint: Temporal::Between(variable, ..), .. } => self.free(variable, "TEMPORAL")?,
            Pattern::Similar(similar) => {
                [Some(&similar.variable), similar.score.as_ref()]
                    .into_iter()
                    .flatten()
                    .try_for_each(|variable| self.free(variable, "SIMILAR"))?;
                self.place(&mut similar.to);
            }
            Pattern::Predict(predict) => predict.score.iter().try_for_each(|score| self.free(score, "PREDICT"))?,
            _ => {}
        }
        Ok(())
    }

    /// `MINUS` takes away only what shares a variable, and a parameter is one.
    fn keep_shared(&mut self, left: &mut Box<Pattern>, right: &mut Box<Pattern>) {
        let (of_left, of_right) = (left.in_scope(), right.in_scope());
        if self.parameters.iter().any(|parameter| of_left.contains(parameter) && of_right.contains(parameter)) {
            self.fresh += 1;
            let hidden = Variable::new(format!(".parameter{}", self.fresh));
            [left, right].into_iter().for_each(|side| extend(side, &hidden, yes()));
        }
    }

    fn triple(&self, triple: &mut TriplePattern) {
        [&mut triple.subject, &mut triple.predicate, &mut triple.object].into_iter().for_each(|place| self.place(place));
    }

    fn place(&self, place: &mut TermPattern) {
        match place {
            TermPattern::Variable(variable) if self.has(variable) => *place = TermPattern::Term(placeholder(variable)),
            TermPattern::Triple(triple) => self.triple(triple),
            TermPattern::Variable(_) | TermPattern::Term(_) => {}
        }
    }

    fn expression(&mut self, expression: &mut Expression) -> Result<(), ParameterError> {
        match expression {
            Expression::Variable(variable) if self.has(variable) => *expression = Expression::Term(placeholder(variable)),
            Expression::Bound(variable) if self.has(variable) => *expression = yes(),
            Expression::Exists(pattern) => self.pattern(pattern)?,
            _ => {}
        }
        expression.parts_mut().into_iter().try_for_each(|part| self.expression(part))
    }
}

/// What `BOUND` of a parameter is.
fn yes() -> Expression {
    Expression::Term(Literal::from(true).into())
}

fn extend(inner: &mut Box<Pattern>, variable: &Variable, expression: Expression) {
    let before = std::mem::replace(inner.as_mut(), Pattern::Core);
    **inner = Pattern::Extend { inner: Box::new(before), variable: variable.clone(), expression };
}
