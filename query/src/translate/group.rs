//! Groups (SPARQL 1.1, section 18.2.2).

use super::bgp::{Run, join_all};
use super::expression::Context;
use super::scope::Scope;
use super::{Fault, Result, Translator, ast, temporal};
use crate::algebra::{Expression, Pattern, TermPattern, TextPlace, Variable};
use crate::syntax::ast::{Element, Node};

/// A part of a group, before it is known what `TEMPORAL` makes of it.
pub(super) enum Segment {
    /// Triples, paths and hyperedges.
    Own(Run),
    /// `OPTIONAL` with the filters of its group.
    Optional(Pattern, Option<Expression>),
    /// `MINUS`.
    Minus(Pattern),
    /// `BIND`.
    Extend(Variable, Expression),
    /// All else.
    Join(Pattern),
}

/// A group without its filters.
struct Parts {
    pattern: Pattern,
    filters: Vec<Expression>,
    temporal: Option<temporal::Clause>,
}

impl Parts {
    fn finish(self) -> Pattern {
        let filtered = match conjunction(self.filters) {
            Some(condition) => Pattern::Filter { condition, inner: Box::new(self.pattern) },
            None => self.pattern,
        };
        // Filters stand inside: their EXISTS sees the snapshot too.
        temporal::wrap(self.temporal, filtered)
    }

    /// The pattern and the condition of an `OPTIONAL` of this group.
    fn optional(self) -> Segment {
        Segment::Optional(temporal::wrap(self.temporal, self.pattern), conjunction(self.filters))
    }
}

impl Translator {
    pub(super) fn group(&mut self, group: &ast::Group) -> Result<Pattern> {
        Ok(self.parts(group)?.finish())
    }

    fn parts(&mut self, group: &ast::Group) -> Result<Parts> {
        let mut reader = Reader { segments: Vec::new(), filters: Vec::new(), scope: Scope::default(), run: None };
        let mut temporal = None;
        for element in &group.elements {
            match element {
                Element::Temporal(clause) if temporal.is_some() => {
                    return Err(
                        Fault::new(clause.span, "a group has one TEMPORAL at most").hint("put the other into a group of its own: { … }")
                    );
                }
                Element::Temporal(clause) => temporal = Some(clause),
                element => self.element(element, &mut reader)?,
            }
        }
        reader.end_run();
        let clause = match temporal {
            Some(clause) => self.temporal(clause, &mut reader.segments, &mut reader.filters, &reader.scope)?,
            None => None,
        };
        Ok(Parts { pattern: fold(reader.segments, clause.is_some()), filters: reader.filters, temporal: clause })
    }

    fn element(&mut self, element: &Element, reader: &mut Reader) -> Result<()> {
        match element {
            Element::Triples(triples) => {
                let mut run = reader.run.take().unwrap_or_else(|| self.run());
                for triple in triples {
                    self.add_triple(triple, &mut run)?;
                }
                reader.run = Some(run);
            }
            Element::Hyperedge(edge) => {
                let mut run = reader.run.take().unwrap_or_else(|| self.run());
                self.add_hyperedge(edge, &mut run)?;
                reader.run = Some(run);
            }
            Element::Filter(condition) => reader.filters.push(self.expression(condition, &mut Context::Plain)?),
            Element::Bind(expression, variable) => self.bind(expression, variable, reader)?,
            Element::Optional(group) => {
                let segment = self.parts(group)?.optional();
                reader.push(segment);
            }
            Element::Minus(group) => {
                let segment = Segment::Minus(self.group(group)?);
                reader.push(segment);
            }
            Element::Similar(similar) => {
                let segment = Segment::Join(self.similar(similar, reader)?);
                reader.push(segment);
            }
            Element::Predict(predict) => {
                let segment = Segment::Join(self.predict(predict, reader)?);
                reader.push(segment);
            }
            element => {
                let segment = Segment::Join(self.joined(element)?);
                reader.push(segment);
            }
        }
        Ok(())
    }

    fn bind(&mut self, expression: &ast::Expression, variable: &ast::Variable, reader: &mut Reader) -> Result<()> {
        reader.end_run();
        let name = self.appear(&variable.name);
        if reader.scope.contains(&name) {
            let fault = Fault::new(variable.span, format!("BIND cannot name its value {name}: the variable is used before in this group"));
            return Err(fault.hint("take a new name and compare the two in a FILTER"));
        }
        let value = self.expression(expression, &mut Context::Plain)?;
        reader.push(Segment::Extend(name, value));
        Ok(())
    }

    fn joined(&mut self, element: &Element) -> Result<Pattern> {
        Ok(match element {
            Element::Union(groups) => {
                let groups = groups.iter().map(|group| self.group(group)).collect::<Result<Vec<_>>>()?;
                union(groups)
            }
            Element::Graph(name, group) => Pattern::Graph { name: self.name_of(name), inner: Box::new(self.group(group)?) },
            Element::Service(name, group, silent) => {
                let at = TextPlace(name.span().start);
                Pattern::Service { name: self.name_of(name), inner: Box::new(self.group(group)?), silent: *silent, at }
            }
            Element::Infer(regime, group) => Pattern::Infer { regime: *regime, inner: Box::new(self.group(group)?) },
            Element::Values(values) => {
                values.variables.iter().for_each(|variable| drop(self.appear(&variable.name)));
                values_of(values)
            }
            Element::SubSelect(select) => {
                let pattern = self.group(&select.pattern)?;
                let (pattern, variables) = self.select(&select.clause, pattern, &select.modifiers)?;
                variables.iter().for_each(|variable| drop(self.appear(variable.name())));
                pattern
            }
            _ => unreachable!("all other parts of a group are no patterns to join; this is a bug"),
        })
    }

    /// The variable or IRI that `GRAPH` or `SERVICE` names.
    pub(super) fn name_of(&mut self, node: &Node) -> TermPattern {
        match node {
            Node::Variable(variable) => TermPattern::Variable(self.appear(&variable.name)),
            Node::Term(term, _) => TermPattern::Term(term.clone()),
            Node::Blank(_) | Node::Triple(_) => unreachable!("the grammar has a variable or an IRI here; this is a bug"),
        }
    }
}

pub(super) struct Reader {
    segments: Vec<Segment>,
    filters: Vec<Expression>,
    pub(super) scope: Scope,
    /// Blank nodes are shared in here; filters do not end it.
    run: Option<Run>,
}

impl Reader {
    pub(super) fn end_run(&mut self) {
        if let Some(run) = self.run.take() {
            run.add_to(&mut self.scope);
            self.segments.push(Segment::Own(run));
        }
    }

    fn push(&mut self, segment: Segment) {
        self.end_run();
        match &segment {
            Segment::Optional(pattern, _) | Segment::Join(pattern) => self.scope.add(pattern),
            Segment::Extend(variable, _) => self.scope.insert(variable),
            Segment::Own(_) | Segment::Minus(_) => {}
        }
        self.segments.push(segment);
    }
}

/// The pattern of the parts in order; with `TEMPORAL` its core stands where the first triples do.
fn fold(segments: Vec<Segment>, temporal: bool) -> Pattern {
    let mut whole = None;
    let mut core = temporal;
    for segment in segments {
        whole = Some(match segment {
            Segment::Own(mut run) if temporal => {
                let mut joined = whole;
                if std::mem::take(&mut core) {
                    joined = Some(join(joined, Pattern::Core));
                }
                let paths = run.take_paths();
                if paths.is_empty() { or_unit(joined) } else { join(joined, join_all(paths)) }
            }
            Segment::Own(run) => join(whole, run.pattern()),
            Segment::Join(pattern) => join(whole, pattern),
            Segment::Optional(right, condition) => Pattern::LeftJoin { left: Box::new(or_unit(whole)), right: Box::new(right), condition },
            Segment::Minus(right) => Pattern::Minus(Box::new(or_unit(whole)), Box::new(right)),
            Segment::Extend(variable, expression) => Pattern::Extend { inner: Box::new(or_unit(whole)), variable, expression },
        });
    }
    or_unit(whole)
}

fn or_unit(pattern: Option<Pattern>) -> Pattern {
    pattern.unwrap_or_else(|| Pattern::Bgp(Vec::new()))
}

/// A join in which the empty pattern is left out.
pub(super) fn join(left: Option<Pattern>, right: Pattern) -> Pattern {
    match left {
        None => right,
        Some(left) if right == Pattern::Bgp(Vec::new()) => left,
        Some(Pattern::Bgp(triples)) if triples.is_empty() => right,
        Some(left) => Pattern::Join(Box::new(left), Box::new(right)),
    }
}

/// One condition of many.
pub(super) fn conjunction(mut conditions: Vec<Expression>) -> Option<Expression> {
    if conditions.len() > 1 { Some(Expression::And(conditions)) } else { conditions.pop() }
}

/// Union is associative; a long chain becomes a flat tree.
fn union(mut groups: Vec<Pattern>) -> Pattern {
    match groups.len() {
        1 => groups.remove(0),
        count => {
            let right = groups.split_off(count / 2);
            Pattern::Union(Box::new(union(groups)), Box::new(union(right)))
        }
    }
}

pub(super) fn values_of(values: &ast::Values) -> Pattern {
    let variables = values.variables.iter().map(|variable| Variable::new(variable.name.as_str())).collect();
    Pattern::Values { variables, rows: values.rows.clone() }
}
