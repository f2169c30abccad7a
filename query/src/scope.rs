//! Which variables a pattern or an expression speaks of: those in scope, those that every solution binds, those that expressions read.

use std::collections::BTreeSet;

use crate::algebra::{Aggregate, Expression, Pattern, Temporal, TermPattern, TriplePattern, Variable};

/// A set of variables, in the order of their names.
pub(crate) type Variables = BTreeSet<Variable>;

impl TermPattern {
    /// Adds the variables of this place.
    pub(crate) fn variables(&self, into: &mut Variables) {
        match self {
            Self::Variable(variable) => {
                into.insert(variable.clone());
            }
            Self::Term(_) => {}
            Self::Triple(triple) => triple.variables(into),
        }
    }
}

impl TriplePattern {
    /// Adds the variables of the pattern.
    pub(crate) fn variables(&self, into: &mut Variables) {
        for place in [&self.subject, &self.predicate, &self.object] {
            place.variables(into);
        }
    }
}

impl Pattern {
    /// Variables that a solution may bind.
    pub(crate) fn in_scope(&self) -> Variables {
        let mut found = Variables::new();
        self.add_scope(false, &mut found);
        found
    }

    /// Variables that every solution binds.
    pub(crate) fn certain(&self) -> Variables {
        let mut found = Variables::new();
        self.add_scope(true, &mut found);
        found
    }

    fn add_scope(&self, certain: bool, into: &mut Variables) {
        match self {
            Self::Bgp(triples) => triples.iter().for_each(|triple| triple.variables(into)),
            Self::Path { subject, object, .. } => [subject, object].into_iter().for_each(|place| place.variables(into)),
            Self::Hyperedge(edge) => {
                edge.node.variables(into);
                for (role, player) in &edge.incidences {
                    role.variables(into);
                    player.variables(into);
                }
            }
            Self::Join(left, right) => {
                left.add_scope(certain, into);
                right.add_scope(certain, into);
            }
            Self::LeftJoin { left, right, .. } => {
                left.add_scope(certain, into);
                if !certain {
                    right.add_scope(false, into);
                }
            }
            Self::Union(left, right) if certain => into.extend(left.certain().intersection(&right.certain()).cloned()),
            Self::Union(left, right) => {
                left.add_scope(false, into);
                right.add_scope(false, into);
            }
            Self::Minus(left, _) => left.add_scope(certain, into),
            Self::Filter { inner, .. }
            | Self::OrderBy { inner, .. }
            | Self::Distinct(inner)
            | Self::Reduced(inner)
            | Self::Slice { inner, .. }
            | Self::Infer { inner, .. } => inner.add_scope(certain, into),
            Self::Extend { inner, variable, expression } => {
                inner.add_scope(certain, into);
                if !certain || never_fails(expression, &inner.certain()) {
                    into.insert(variable.clone());
                }
            }
            Self::Values { variables, rows } => {
                let bound = |i: usize| !certain || rows.iter().all(|row| row[i].is_some());
                into.extend(variables.iter().enumerate().filter(|(i, _)| bound(*i)).map(|(_, variable)| variable.clone()));
            }
            Self::Graph { name, inner } => {
                name.variables(into);
                inner.add_scope(certain, into);
            }
            Self::Service { name, inner, silent, .. } => {
                if !certain || !silent {
                    name.variables(into);
                    inner.add_scope(certain, into);
                }
            }
            Self::Group { inner, keys, aggregates, sampled } => {
                let bound = inner.certain();
                let kept = keys.iter().filter(|key| !certain || bound.contains(*key));
                into.extend(kept.cloned());
                into.extend(aggregates.iter().filter(|(_, a)| !certain || always_has_a_value(a)).map(|(variable, _)| variable.clone()));
                if !certain {
                    into.extend(sampled.iter().cloned());
                }
            }
            Self::Project { inner, variables } => {
                let kept = if certain { inner.certain() } else { inner.in_scope() };
                into.extend(variables.iter().filter(|variable| kept.contains(*variable)).cloned());
            }
            Self::Temporal { core, constraint, inner } => {
                core.add_scope(certain, into);
                inner.add_scope(certain, into);
                if let Temporal::Between(variable, ..) = constraint {
                    into.insert(variable.clone());
                }
            }
            Self::Similar(similar) => {
                into.insert(similar.variable.clone());
                similar.to.variables(into);
                into.extend(similar.score.clone());
            }
            Self::Predict(predict) => {
                predict.candidate.add_scope(certain, into);
                into.extend(predict.score.clone());
            }
            Self::Core => {}
        }
    }
}

fn always_has_a_value(aggregate: &Aggregate) -> bool {
    aggregate.function == crate::algebra::AggregateFunction::Count
}

/// The expression has a value whenever these variables have one.
fn never_fails(expression: &Expression, bound: &Variables) -> bool {
    match expression {
        Expression::Variable(variable) => bound.contains(variable),
        Expression::Term(_) | Expression::Loose(_) | Expression::Bound(_) | Expression::Exists(_) => true,
        _ => false,
    }
}

impl Expression {
    /// The variables that the value depends on; of `EXISTS`, those that its pattern may share with a solution.
    pub(crate) fn variables(&self) -> Variables {
        let mut found = Variables::new();
        self.visit(&mut |part| match part {
            Self::Variable(variable) | Self::Bound(variable) => {
                found.insert(variable.clone());
            }
            Self::Exists(pattern) => {
                found.extend(pattern.in_scope());
                found.extend(pattern.read());
            }
            _ => {}
        });
        found
    }

    /// Calls `f` with the expression and each part of it; not with the patterns of `EXISTS`.
    pub(crate) fn visit<'a>(&'a self, f: &mut impl FnMut(&'a Self)) {
        f(self);
        self.parts().into_iter().for_each(|part| part.visit(f));
    }

    /// The expressions directly inside this one.
    pub(crate) fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Variable(_) | Self::Term(_) | Self::Loose(_) | Self::Bound(_) | Self::Exists(_) => vec![],
            Self::Or(parts) | Self::And(parts) | Self::Coalesce(parts) | Self::Call(_, parts) => parts.iter().collect(),
            Self::Not(inner) | Self::Negate(inner) | Self::Plus(inner) => vec![inner],
            Self::Compare(_, left, right) | Self::Arithmetic(_, left, right) => vec![left, right],
            Self::In(value, list) => std::iter::once(value.as_ref()).chain(list).collect(),
            Self::If(condition, yes, no) => vec![condition, yes, no],
        }
    }

    /// The same for a change in place.
    pub(crate) fn parts_mut(&mut self) -> Vec<&mut Self> {
        match self {
            Self::Variable(_) | Self::Term(_) | Self::Loose(_) | Self::Bound(_) | Self::Exists(_) => vec![],
            Self::Or(parts) | Self::And(parts) | Self::Coalesce(parts) | Self::Call(_, parts) => parts.iter_mut().collect(),
            Self::Not(inner) | Self::Negate(inner) | Self::Plus(inner) => vec![inner],
            Self::Compare(_, left, right) | Self::Arithmetic(_, left, right) => vec![left, right],
            Self::In(value, list) => std::iter::once(value.as_mut()).chain(list).collect(),
            Self::If(condition, yes, no) => vec![condition, yes, no],
        }
    }

    /// There is an `EXISTS` in it.
    pub(crate) fn has_exists(&self) -> bool {
        let mut found = false;
        self.visit(&mut |part| found |= matches!(part, Self::Exists(_)));
        found
    }
}

impl Pattern {
    /// Variables that expressions of the pattern read, wherever they get their values from.
    pub(crate) fn read(&self) -> Variables {
        self.reads(|_| Variables::new())
    }

    /// Variables that expressions of the pattern read and that what they are about may leave without a value: in `EXISTS` they get it from outside.
    pub(crate) fn read_from_outside(&self) -> Variables {
        self.reads(|part| part.inner().into_iter().flat_map(Self::certain).collect())
    }

    fn reads(&self, given_by: fn(&Self) -> Variables) -> Variables {
        let own = self.expressions().into_iter().flat_map(Expression::variables);
        let given = given_by(self);
        let mut found: Variables = own.filter(|variable| !given.contains(variable)).collect();
        for inner in self.inner() {
            found.append(&mut inner.reads(given_by));
        }
        if let Self::Similar(similar) = self {
            similar.to.variables(&mut found);
        }
        if let Self::Project { variables, .. } = self {
            // The others are variables of the sub-query alone, whatever their names.
            found.retain(|variable| variables.contains(variable));
        }
        found
    }

    /// Triple patterns, incidences and paths in it, with those of `EXISTS`.
    pub(crate) fn count(&self) -> usize {
        let mut found = match self {
            Self::Bgp(triples) => triples.len(),
            Self::Hyperedge(edge) => 1 + edge.incidences.len(),
            Self::Path { .. } => 1,
            _ => 0,
        };
        for expression in self.expressions() {
            expression.visit(&mut |part| {
                if let Expression::Exists(pattern) = part {
                    found += pattern.count();
                }
            });
        }
        found + self.inner().into_iter().map(Self::count).sum::<usize>()
    }

    /// Calls `f` with the pattern and each pattern in it; not with those of `EXISTS`.
    pub(crate) fn visit<'a>(&'a self, f: &mut impl FnMut(&'a Self)) {
        f(self);
        self.inner().into_iter().for_each(|pattern| pattern.visit(f));
    }

    /// The patterns directly inside this one.
    pub(crate) fn inner(&self) -> Vec<&Self> {
        match self {
            Self::Bgp(_) | Self::Path { .. } | Self::Hyperedge(_) | Self::Values { .. } | Self::Core => vec![],
            Self::Join(left, right) | Self::Union(left, right) | Self::Minus(left, right) | Self::LeftJoin { left, right, .. } => {
                vec![left, right]
            }
            Self::Filter { inner, .. }
            | Self::Extend { inner, .. }
            | Self::Graph { inner, .. }
            | Self::Group { inner, .. }
            | Self::OrderBy { inner, .. }
            | Self::Project { inner, .. }
            | Self::Distinct(inner)
            | Self::Reduced(inner)
            | Self::Slice { inner, .. }
            | Self::Service { inner, .. }
            | Self::Infer { inner, .. } => vec![inner],
            Self::Temporal { core, inner, .. } => vec![core, inner],
            Self::Similar(similar) => similar.among.iter().collect(),
            Self::Predict(predict) => std::iter::once(&predict.candidate).chain(&predict.among).collect(),
        }
    }

    /// The same for a change in place.
    pub(crate) fn inner_mut(&mut self) -> Vec<&mut Self> {
        match self {
            Self::Bgp(_) | Self::Path { .. } | Self::Hyperedge(_) | Self::Values { .. } | Self::Core => vec![],
            Self::Join(left, right) | Self::Union(left, right) | Self::Minus(left, right) | Self::LeftJoin { left, right, .. } => {
                vec![left, right]
            }
            Self::Filter { inner, .. }
            | Self::Extend { inner, .. }
            | Self::Graph { inner, .. }
            | Self::Group { inner, .. }
            | Self::OrderBy { inner, .. }
            | Self::Project { inner, .. }
            | Self::Distinct(inner)
            | Self::Reduced(inner)
            | Self::Slice { inner, .. }
            | Self::Service { inner, .. }
            | Self::Infer { inner, .. } => vec![inner],
            Self::Temporal { core, inner, .. } => vec![core, inner],
            Self::Similar(similar) => similar.among.iter_mut().collect(),
            Self::Predict(predict) => {
                let predict = predict.as_mut();
                std::iter::once(&mut predict.candidate).chain(&mut predict.among).collect()
            }
        }
    }

    /// The expressions of this pattern itself.
    pub(crate) fn expressions(&self) -> Vec<&Expression> {
        match self {
            Self::Filter { condition, .. } => vec![condition],
            Self::LeftJoin { condition, .. } => condition.iter().collect(),
            Self::Extend { expression, .. } => vec![expression],
            Self::Group { aggregates, .. } => aggregates.iter().filter_map(|(_, a)| a.expression.as_ref()).collect(),
            Self::OrderBy { keys, .. } => keys.iter().map(|key| &key.expression).collect(),
            Self::Temporal { constraint, .. } => match constraint {
                Temporal::Between(_, a, b) | Temporal::During(a, b) | Temporal::Overlaps(a, b) => vec![a, b],
                Temporal::AsOf(t) | Temporal::Before(t) | Temporal::After(t) => vec![t],
            },
            _ => vec![],
        }
    }

    /// The same for a change in place.
    pub(crate) fn expressions_mut(&mut self) -> Vec<&mut Expression> {
        match self {
            Self::Filter { condition, .. } => vec![condition],
            Self::LeftJoin { condition, .. } => condition.iter_mut().collect(),
            Self::Extend { expression, .. } => vec![expression],
            Self::Group { aggregates, .. } => aggregates.iter_mut().filter_map(|(_, a)| a.expression.as_mut()).collect(),
            Self::OrderBy { keys, .. } => keys.iter_mut().map(|key| &mut key.expression).collect(),
            Self::Temporal { constraint, .. } => match constraint {
                Temporal::Between(_, a, b) | Temporal::During(a, b) | Temporal::Overlaps(a, b) => vec![a, b],
                Temporal::AsOf(t) | Temporal::Before(t) | Temporal::After(t) => vec![t],
            },
            _ => vec![],
        }
    }
}
