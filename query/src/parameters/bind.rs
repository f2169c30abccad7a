//! Terms in the place of placeholders in a plan.

use std::collections::BTreeMap;

use oxrdf::Term;

use super::{ParameterError, parameter};
use crate::algebra::{Expression, Form, Temporal, TermPattern, TriplePattern, Variable};
use crate::graph::{Atom, GraphName, GraphScope, Op, TensorGraph};

/// The plan with these values; its form keeps the variables that are selected.
///
/// # Errors
///
/// [`ParameterError::Place`] for a value that is no IRI where only an IRI can be.
pub fn bind(graph: &TensorGraph, values: &BTreeMap<Variable, Term>) -> Result<TensorGraph> {
    let mut graph = graph.clone();
    Binding { values }.graph(&mut graph)?;
    Ok(graph)
}

type Result<T> = std::result::Result<T, ParameterError>;

struct Binding<'v> {
    values: &'v BTreeMap<Variable, Term>,
}

impl Binding<'_> {
    fn graph(&self, graph: &mut TensorGraph) -> Result<()> {
        match &mut graph.form {
            Form::Select(_) | Form::Ask => {}
            Form::Construct(template) => template.iter_mut().try_for_each(|triple| self.triple(triple))?,
            Form::Describe(of) => of.iter_mut().for_each(|place| self.place(place)),
        }
        graph.nodes.iter_mut().try_for_each(|node| self.op(&mut node.op))
    }

    fn op(&self, op: &mut Op) -> Result<()> {
        match op {
            Op::Scan(atom) | Op::Extend(atom) => self.atom(atom)?,
            Op::Intersect(_, atoms) => atoms.iter_mut().try_for_each(|atom| self.atom(atom))?,
            Op::Path { subject, object, graph, as_of, .. } => {
                self.place(subject);
                self.place(object);
                self.scope(graph)?;
                as_of.iter_mut().for_each(|instant| self.expression(instant));
            }
            Op::LeftJoin(_, condition) => condition.iter_mut().for_each(|condition| self.expression(condition)),
            Op::Filter(expression) | Op::Bind(_, expression) => self.expression(expression),
            Op::Exists { query, .. } | Op::EachGraph(_, query) | Op::ForEach(_, query) => self.graph(query)?,
            Op::Graphs(GraphName::Term(term)) => self.iri(term, "as a graph")?,
            Op::Destructure(_, triple) => self.triple(triple)?,
            Op::Aggregate { aggregates, .. } => {
                aggregates.iter_mut().filter_map(|(_, of)| of.expression.as_mut()).for_each(|of| self.expression(of));
            }
            Op::Sort(keys) | Op::TopK(keys, _) => keys.iter_mut().for_each(|key| self.expression(&mut key.expression)),
            Op::Period { constraint, .. } => match constraint {
                Temporal::Between(_, a, b) | Temporal::During(a, b) | Temporal::Overlaps(a, b) => {
                    [a, b].into_iter().for_each(|operand| self.expression(operand));
                }
                Temporal::AsOf(at) | Temporal::Before(at) | Temporal::After(at) => self.expression(at),
            },
            Op::Service { name, .. } => self.named(name, "as a service")?,
            Op::Similar { to, .. } => self.place(to),
            Op::Predict { claim, .. } => {
                self.iri(&mut claim.relation, "as a relation")?;
                self.place(&mut claim.subject);
                self.place(&mut claim.object);
                for (role, player) in &mut claim.qualifiers {
                    self.iri(role, "as a role")?;
                    self.term(player);
                }
            }
            // Their constants are written in the text.
            Op::Unit
            | Op::Empty
            | Op::TextSearch(..)
            | Op::Values(_)
            | Op::Join(_)
            | Op::SemiJoin(_)
            | Op::AntiJoin(_)
            | Op::Minus(_)
            | Op::Union => {}
            Op::Graphs(GraphName::Variable(_)) | Op::Distinct | Op::Slice(..) | Op::Project => {}
        }
        Ok(())
    }

    fn atom(&self, atom: &mut Atom) -> Result<()> {
        self.triple(&mut atom.triple)?;
        self.scope(&mut atom.graph)?;
        atom.conditions.iter_mut().for_each(|(_, condition)| self.expression(condition));
        atom.as_of.iter_mut().for_each(|instant| self.expression(instant));
        Ok(())
    }

    fn scope(&self, scope: &mut GraphScope) -> Result<()> {
        match scope {
            GraphScope::Named(term) => self.iri(term, "as a graph"),
            GraphScope::Default | GraphScope::Each(_) | GraphScope::Active => Ok(()),
        }
    }

    fn triple(&self, triple: &mut TriplePattern) -> Result<()> {
        self.place(&mut triple.subject);
        self.place(&mut triple.object);
        self.named(&mut triple.predicate, "as a predicate")
    }

    /// A place that has an IRI or a variable.
    fn named(&self, place: &mut TermPattern, what: &'static str) -> Result<()> {
        match place {
            TermPattern::Term(term) => self.iri(term, what),
            TermPattern::Variable(_) | TermPattern::Triple(_) => Ok(()),
        }
    }

    fn iri(&self, term: &mut Term, place: &'static str) -> Result<()> {
        let Some((name, value)) = self.value(term) else { return Ok(()) };
        if !value.is_named_node() {
            return Err(ParameterError::Place { name, place, got: value.clone() });
        }
        *term = value.clone();
        Ok(())
    }

    fn place(&self, place: &mut TermPattern) {
        match place {
            TermPattern::Term(term) => self.term(term),
            TermPattern::Triple(triple) => {
                [&mut triple.subject, &mut triple.predicate, &mut triple.object].into_iter().for_each(|place| self.place(place));
            }
            TermPattern::Variable(_) => {}
        }
    }

    fn term(&self, term: &mut Term) {
        if let Some((_, value)) = self.value(term) {
            *term = value.clone();
        }
    }

    fn value(&self, term: &Term) -> Option<(Variable, &Term)> {
        let name = parameter(term)?;
        self.values.get(&name).map(|value| (name, value))
    }

    fn expression(&self, expression: &mut Expression) {
        if let Expression::Term(term) = expression {
            self.term(term);
        }
        expression.parts_mut().into_iter().for_each(|part| self.expression(part));
    }
}
