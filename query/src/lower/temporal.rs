//! `TEMPORAL`: periods of a group's own statements, and the snapshot that the rest of the group sees.

use crate::algebra::{Expression, Form, Pattern, Query, Temporal, Variable};
use crate::graph::{Column, NodeId, Op};
use crate::lower::build::{Builder, Draft, filled};
use crate::lower::flatten::PERIOD;
use crate::lower::{Context, Copies, Want};
use crate::scope::Variables;

impl Builder<'_> {
    pub(super) fn temporal(&mut self, core: &Pattern, constraint: &Temporal, inner: &Pattern, context: &Context, want: &Want) -> NodeId {
        if let Temporal::AsOf(instant) = constraint {
            if !instant.variables().is_subset(&self.outer) {
                return self.never(&with_core(inner, core), want);
            }
            let context = Context { as_of: Some(instant.clone()), ..context.clone() };
            return self.lower(&with_core(inner, core), &context, want, None);
        }
        if matches!(inner, Pattern::Core) {
            let node = self.periods(core, constraint, context, want);
            if let (Temporal::Between(own, ..), Some(Expression::Variable(instant))) = (constraint, &context.as_of)
                && own == instant
            {
                self.core = Some(node);
            }
            return node;
        }
        // What is left of the group after its core, which is joined with it as a pattern of its own.
        let leaf = Pattern::Temporal { core: Box::new(core.clone()), constraint: constraint.clone(), inner: Box::new(Pattern::Core) };
        let as_of = match constraint {
            Temporal::Between(variable, ..) => Some(Expression::Variable(variable.clone())),
            _ => context.as_of.clone(),
        };
        self.lower(&with_core(inner, &leaf), &Context { as_of, ..context.clone() }, want, None)
    }

    /// A group at an instant that nothing outside it binds: there is no such snapshot.
    fn never(&mut self, group: &Pattern, want: &Want) -> NodeId {
        let schema = group.in_scope().intersection(&want.needed).cloned().map(filled).collect();
        self.push(Draft { op: Op::Empty, inputs: vec![], schema, sorted_by: vec![], weighted: false, rows: 0.0 })
    }

    /// The core, whose valid time meets the constraint.
    fn periods(&mut self, core: &Pattern, constraint: &Temporal, context: &Context, want: &Want) -> NodeId {
        let context = Context { periods: true, as_of: None, ..context.clone() };
        let node = self.lower(core, &context, &Want::rows(all_columns(want, core)), None);
        let input = self.node(node);
        let prefix = format!(".{PERIOD}");
        let (periods, mut schema): (Vec<Column>, Vec<Column>) =
            input.schema.iter().cloned().partition(|c| c.variable.name().starts_with(&prefix));
        if let Temporal::Between(variable, ..) = constraint {
            schema.push(filled(variable.clone()));
        }
        let (sorted_by, rows) = (input.sorted_by.clone(), input.rows * 0.3);
        let periods = periods.into_iter().map(|column| column.variable).collect();
        let op = Op::Period { periods, constraint: constraint.clone() };
        self.push(Draft { op, inputs: vec![node], schema, sorted_by, weighted: false, rows })
    }

    /// The variable of the instant at which the pattern is matched, if that is neither a constant nor given from outside and the pattern does not hold the
    /// core that binds it.
    pub(super) fn instant_of(&self, pattern: &Pattern, context: &Context) -> Option<Variable> {
        let Some(Expression::Variable(variable)) = &context.as_of else { return None };
        // What does not look at statements is the same at all times.
        let timeless = match pattern {
            Pattern::Values { .. } => true,
            Pattern::Similar(similar) => similar.among.is_none(),
            _ => false,
        };
        let given = timeless || self.outer.contains(variable) || pattern.has_core_of(variable);
        (!given).then(|| variable.clone())
    }

    /// The rows of the pattern for each instant of the core.
    pub(super) fn for_each_instant(&mut self, pattern: &Pattern, instant: &Variable, context: &Context, want: &Want) -> NodeId {
        let mut nested = self.nested();
        nested.outer.insert(instant.clone());
        let root = nested.lower(pattern, context, &Want { copies: Copies::Each, limit: None, ..want.clone() }, None);
        let (mut schema, rows) = (nested.node(root).schema.clone(), nested.node(root).rows);
        let query = Query { form: Form::Ask, dataset: None, pattern: Pattern::Bgp(vec![]), base: None };
        let query = Box::new(nested.finish(root, query));
        let core = self.core.expect("an instant comes from a core: this is a bug");
        let instants = self.distinct(core, std::slice::from_ref(instant));
        schema.retain(|column| column.variable != *instant);
        schema.push(filled(instant.clone()));
        let op = Op::ForEach(instant.clone(), query);
        self.push(Draft { op, inputs: vec![instants], schema, sorted_by: vec![], weighted: false, rows })
    }
}

impl Pattern {
    /// A core with its constraint stands in it, as [`Builder::temporal`] has put it there.
    pub(super) fn has_temporal_core(&self) -> bool {
        let mut found = false;
        self.visit(&mut |part| found |= matches!(part, Self::Temporal { inner, .. } if matches!(inner.as_ref(), Self::Core)));
        found
    }

    /// The core that binds this instant stands in it, as [`Builder::temporal`] has put it there.
    pub(super) fn has_core_of(&self, instant: &Variable) -> bool {
        let mut found = false;
        self.visit(&mut |part| {
            found |= matches!(part, Self::Temporal { constraint: Temporal::Between(own, ..), inner, .. }
                if own == instant && matches!(inner.as_ref(), Self::Core));
        });
        found
    }
}

/// Period columns of the core are read by the node above it, whatever is wanted of the group.
fn all_columns(want: &Want, core: &Pattern) -> Variables {
    want.needed.union(&core.in_scope()).cloned().collect()
}

fn with_core(pattern: &Pattern, core: &Pattern) -> Pattern {
    let mut pattern = pattern.clone();
    put(&mut pattern, core);
    pattern
}

fn put(pattern: &mut Pattern, core: &Pattern) {
    match pattern {
        Pattern::Core => *pattern = core.clone(),
        // Another group with a core of its own; this one's does not stand in it.
        Pattern::Temporal { .. } => {}
        other => other.inner_mut().into_iter().for_each(|inner| put(inner, core)),
    }
}
