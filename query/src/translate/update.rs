//! Updates.

use std::collections::HashSet;

use super::bgp::join_all;
use super::template::{Kind, Template};
use super::{Fault, Result, Translator, ast, dataset};
use crate::algebra::{Dataset, Operation, Pattern, QuadPattern, TermPattern, TriplePattern, Update};
use crate::syntax::ParseOptions;
use crate::syntax::ast::BlankLabel;

/// The operations of an update, each read by itself.
pub(super) fn translate(update: &ast::Update, options: &ParseOptions) -> Result<Update> {
    let mut data = Data::default();
    let operations = update.operations.iter().map(|operation| translate_operation(operation, options, &mut data)).collect::<Result<_>>()?;
    Ok(Update { operations, base: update.base.clone() })
}

/// Blank nodes of `INSERT DATA`, which have one name space per request.
#[derive(Default)]
struct Data {
    labels: HashSet<BlankLabel>,
    next: usize,
}

impl Data {
    fn insert(&mut self, quads: &[ast::Quad]) -> Result<Vec<QuadPattern>> {
        let mut template = Template::new(Kind::InsertData, self.next);
        let inserted = template.quads(quads)?;
        for label in template.labels() {
            if !self.labels.insert(label.clone()) {
                let span = quads.first().map(|quad| quad.triple.span).unwrap_or_default();
                let name = match label {
                    BlankLabel::Named(name) => format!("_:{name}"),
                    BlankLabel::Anonymous(_) => "[]".into(),
                };
                return Err(Fault::new(span, format!("{name} already stands in another INSERT DATA of this request")));
            }
        }
        self.next = template.next();
        Ok(inserted)
    }
}

fn translate_operation(operation: &ast::Operation, options: &ParseOptions, data: &mut Data) -> Result<Operation> {
    Ok(match operation {
        ast::Operation::InsertData(quads) => Operation::InsertData(data.insert(quads)?),
        ast::Operation::DeleteData(quads) => Operation::DeleteData(Template::new(Kind::DeleteData, 0).quads(quads)?),
        ast::Operation::DeleteWhere(quads) => {
            let delete = Template::new(Kind::Delete, 0).quads(quads)?;
            let pattern = Box::new(quad_pattern(&delete));
            Operation::DeleteInsert { delete, insert: Vec::new(), using: None, pattern }
        }
        ast::Operation::Modify(modify) => translate_modify(modify, options)?,
        ast::Operation::Load { source, graph, silent } => Operation::Load { source: source.clone(), graph: graph.clone(), silent: *silent },
        ast::Operation::Clear(target, silent) => Operation::Clear(target.clone(), *silent),
        ast::Operation::Drop(target, silent) => Operation::Drop(target.clone(), *silent),
        ast::Operation::Create(graph, silent) => Operation::Create(graph.clone(), *silent),
        ast::Operation::Transfer(kind, from, to, silent) => Operation::Transfer(*kind, from.clone(), to.clone(), *silent),
    })
}

fn translate_modify(modify: &ast::Modify, options: &ParseOptions) -> Result<Operation> {
    let with = modify.with.as_ref().map(|graph| TermPattern::Term(graph.clone().into()));
    let in_graph = |mut quads: Vec<QuadPattern>| {
        for quad in &mut quads {
            if quad.graph.is_none() {
                quad.graph.clone_from(&with);
            }
        }
        quads
    };
    let delete = in_graph(Template::new(Kind::Delete, 0).quads(&modify.delete)?);
    let insert = in_graph(Template::new(Kind::Insert, 0).quads(&modify.insert)?);
    let of_with = || modify.with.clone().map(|graph| Dataset { default: vec![graph], named: Vec::new(), all_named: true });
    let using = dataset(&modify.using).or_else(of_with);
    let pattern = Box::new(Translator::new(options).group(&modify.pattern)?);
    Ok(Operation::DeleteInsert { delete, insert, using, pattern })
}

/// The pattern that matches just these quads: one basic graph pattern per graph, in order.
fn quad_pattern(quads: &[QuadPattern]) -> Pattern {
    let mut graphs: Vec<(Option<TermPattern>, Vec<TriplePattern>)> = Vec::new();
    for quad in quads {
        match graphs.last_mut() {
            Some((graph, triples)) if *graph == quad.graph => triples.push(quad.triple.clone()),
            _ => graphs.push((quad.graph.clone(), vec![quad.triple.clone()])),
        }
    }
    let in_graph = |(graph, triples): (Option<TermPattern>, Vec<TriplePattern>)| match graph {
        Some(name) => Pattern::Graph { name, inner: Box::new(Pattern::Bgp(triples)) },
        None => Pattern::Bgp(triples),
    };
    join_all(graphs.into_iter().map(in_graph).collect())
}
