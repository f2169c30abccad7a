//! From the pairs of the grammar to the syntax tree: one method per rule. A pair's children are known from the grammar, so a missing one is a bug.

mod expression;
pub(super) mod functions;
mod group;
mod learned;
mod modifiers;
mod path;
mod prologue;
mod terms;
mod triples;
mod update;

use std::collections::HashMap;

use oxiri::Iri;
use pest::iterators::Pairs;

use super::ast::{BlankLabel, BlankNode, DatasetClause, Form, Group, Modifiers, Node, Query, Span, Variable};
use super::grammar::{self, Rule};
use super::{Fault, MAX_NESTING, ParseOptions};

type Pair<'i> = grammar::Node<'i>;
type Result<T> = std::result::Result<T, Fault>;

/// Bytes that the shorthands of a text (prefixes, `;` and `,`) may be written out to.
const MAX_WRITTEN: usize = 64 << 20;

/// Operators of the algebra that may stand in each other; long chains of operators nest as brackets do.
const MAX_DEPTH: u32 = 2 * MAX_NESTING as u32;

/// What was declared, and how many blank nodes had no label.
pub(super) struct Builder<'o> {
    options: &'o ParseOptions,
    base: Option<Iri<String>>,
    prefixes: HashMap<String, String>,
    anonymous: u32,
    /// Bytes that shorthands of the text were written out to.
    written: usize,
}

impl<'o> Builder<'o> {
    pub(super) fn new(options: &'o ParseOptions) -> Result<Self> {
        let base = options.base.clone().map(Iri::parse).transpose();
        let base = base.map_err(|error| Fault::new(Span::default(), format!("the base IRI given in the options is none: {error}")))?;
        Ok(Self { options, base, prefixes: HashMap::new(), anonymous: 0, written: 0 })
    }

    pub(super) fn query(mut self, unit: Pair<'_>) -> Result<Query> {
        let span = span(&unit);
        let (mut query, mut values) = (None, None);
        for part in unit.into_inner() {
            match part.as_rule() {
                Rule::prologue => self.prologue(part)?,
                Rule::values => values = Some(self.values(part)?),
                Rule::EOI => {}
                _ => query = Some(self.query_form(part)?),
            }
        }
        let (form, parts) = query.expect("the grammar asks for a query form; this is a bug");
        let modifiers = Modifiers { values, ..parts.modifiers };
        let select = match &form {
            Form::Select(clause) => Some(clause),
            _ => None,
        };
        bounded(parts.pattern.as_ref().map_or(0, |pattern| pattern.depth).saturating_add(modifiers.depth(select)), span)?;
        let base = self.base.map(Iri::into_inner);
        Ok(Query { form, dataset: parts.dataset, pattern: parts.pattern, modifiers, base, span })
    }

    fn query_form(&mut self, pair: Pair<'_>) -> Result<(Form, Parts)> {
        let rule = pair.as_rule();
        let mut parts = Parts::default();
        let mut form = Form::Ask;
        let mut described = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::select_clause => form = Form::Select(self.select_clause(part)?),
                Rule::template => form = self.template(part, &mut parts)?,
                Rule::var => described.push(Node::Variable(variable(&part))),
                Rule::iri => described.push(self.iri_node(part)?),
                Rule::dataset_clause => parts.dataset.push(self.dataset_clause(part)?),
                Rule::where_clause => parts.pattern = Some(self.group(last(part))?),
                Rule::modifiers => parts.modifiers = self.modifiers(part)?,
                _ => {}
            }
        }
        // `CONSTRUCT WHERE { … }` has one brace for both.
        if let (Form::Construct(template), None) = (&form, &parts.pattern) {
            parts.pattern = Some(group::of_triples(template.clone(), parts.template_span));
        }
        if rule == Rule::describe_query {
            form = Form::Describe((!described.is_empty()).then_some(described));
        }
        Ok((form, parts))
    }

    fn template(&mut self, pair: Pair<'_>, parts: &mut Parts) -> Result<Form> {
        parts.template_span = span(&pair);
        let block = pair.into_inner().find(|part| part.as_rule() == Rule::triples_block);
        Ok(Form::Construct(block.map(|block| self.template_triples(block)).transpose()?.unwrap_or_default()))
    }

    fn dataset_clause(&mut self, pair: Pair<'_>) -> Result<DatasetClause> {
        let span = span(&pair);
        let mut named = false;
        let mut graph = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::k_named => named = true,
                Rule::iri => graph = Some(self.iri(part)?),
                _ => {}
            }
        }
        Ok(DatasetClause { graph: graph.expect("FROM has an IRI; this is a bug"), named, span })
    }

    /// A fresh blank node.
    fn fresh(&mut self, span: Span) -> Node {
        self.anonymous += 1;
        Node::Blank(BlankNode { label: BlankLabel::Anonymous(self.anonymous), span })
    }

    /// Counts what a shorthand is written out to: a long prefix used often would take memory without bound.
    fn charge(&mut self, bytes: usize, span: Span) -> Result<()> {
        self.written += bytes;
        if self.written <= MAX_WRITTEN {
            return Ok(());
        }
        let fault = Fault::new(span, format!("prefixes, `;` and `,` of this text stand for more than {MAX_WRITTEN} bytes"));
        Err(fault.hint("use shorter IRIs and literals, or several requests"))
    }

    /// An error with this hint if only SPARQL is allowed.
    fn relaxed(&self, span: Span, what: &str, hint: &str) -> Result<()> {
        if self.options.strict { Err(Fault::new(span, format!("{what} is not SPARQL")).hint(hint)) } else { Ok(()) }
    }
}

#[derive(Default)]
struct Parts {
    dataset: Vec<DatasetClause>,
    pattern: Option<Group>,
    modifiers: Modifiers,
    template_span: Span,
}

fn span(pair: &Pair<'_>) -> Span {
    let span = pair.as_span();
    Span { start: span.start(), end: span.end() }
}

/// The children of this rule.
fn each(pair: Pair<'_>, rule: Rule) -> impl Iterator<Item = Pair<'_>> {
    pair.into_inner().filter(move |part| part.as_rule() == rule)
}

fn variable(pair: &Pair<'_>) -> Variable {
    Variable { name: pair.as_str()[1..].to_owned(), span: span(pair) }
}

fn first(pair: Pair<'_>) -> Pair<'_> {
    next(&mut pair.into_inner())
}

fn last(pair: Pair<'_>) -> Pair<'_> {
    pair.into_inner().next_back().expect("the grammar gives this pair children; this is a bug")
}

fn next<'i>(pairs: &mut Pairs<'i, Rule>) -> Pair<'i> {
    pairs.next().expect("the grammar gives this pair more children; this is a bug")
}

/// `depth` if the algebra may be that deep.
fn bounded(depth: u32, span: Span) -> Result<u32> {
    if depth > MAX_DEPTH {
        let fault = Fault::new(span, format!("operators nest deeper than {MAX_DEPTH}"));
        return Err(fault.hint("every OPTIONAL, BIND or operator of a chain counts as one level: use VALUES, IN or fewer of them"));
    }
    Ok(depth)
}
