//! Updates.

use oxrdf::NamedNode;

use super::{Builder, Pair, Result, Rule, last, next, span};
use crate::algebra::{GraphTarget, Transfer};
use crate::syntax::ast::{Modify, Node, Operation, Quad, Update};

impl Builder<'_> {
    pub(in crate::syntax) fn update(mut self, unit: Pair<'_>) -> Result<Update> {
        let mut operations = Vec::new();
        for part in unit.into_inner() {
            match part.as_rule() {
                Rule::prologue => self.prologue(part)?,
                Rule::EOI => {}
                _ => operations.push(self.operation(part)?),
            }
        }
        Ok(Update { operations, base: self.base.map(oxiri::Iri::into_inner) })
    }

    fn operation(&mut self, pair: Pair<'_>) -> Result<Operation> {
        Ok(match pair.as_rule() {
            Rule::insert_data => Operation::InsertData(self.quads(last(pair))?),
            Rule::delete_data => Operation::DeleteData(self.quads(last(pair))?),
            Rule::delete_where => Operation::DeleteWhere(self.quads(last(pair))?),
            Rule::modify => Operation::Modify(Box::new(self.modify(pair)?)),
            Rule::load => self.load(pair)?,
            Rule::transfer => self.transfer(pair)?,
            rule => self.on_graph(pair, rule)?,
        })
    }

    fn load(&mut self, pair: Pair<'_>) -> Result<Operation> {
        let (mut silent, mut source, mut graph) = (false, None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::k_silent => silent = true,
                Rule::iri => source = Some(self.source(part)?),
                Rule::into_graph => graph = Some(self.iri(last(part))?),
                _ => {}
            }
        }
        Ok(Operation::Load { source: source.expect("LOAD has an IRI; this is a bug"), graph, silent })
    }

    fn on_graph(&mut self, pair: Pair<'_>, rule: Rule) -> Result<Operation> {
        let (mut silent, mut target) = (false, GraphTarget::Default);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::k_silent => silent = true,
                Rule::iri => target = GraphTarget::Graph(self.iri(part)?),
                Rule::graph_target => target = self.graph_target(last(part))?,
                _ => {}
            }
        }
        Ok(match (rule, target) {
            (Rule::clear, target) => Operation::Clear(target, silent),
            (Rule::create, GraphTarget::Graph(graph)) => Operation::Create(graph, silent),
            (_, target) => Operation::Drop(target, silent),
        })
    }

    fn graph_target(&mut self, pair: Pair<'_>) -> Result<GraphTarget> {
        Ok(match pair.as_rule() {
            Rule::k_default => GraphTarget::Default,
            Rule::k_named => GraphTarget::Named,
            Rule::k_all => GraphTarget::All,
            _ => GraphTarget::Graph(self.iri(pair)?),
        })
    }

    fn transfer(&mut self, pair: Pair<'_>) -> Result<Operation> {
        let (mut silent, mut kind, mut graphs) = (false, Transfer::Add, Vec::new());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::k_silent => silent = true,
                Rule::k_copy => kind = Transfer::Copy,
                Rule::k_move => kind = Transfer::Move,
                Rule::graph_or_default => {
                    let graph = last(part);
                    graphs.push(if graph.as_rule() == Rule::k_default { None } else { Some(self.iri(graph)?) });
                }
                _ => {}
            }
        }
        let to = graphs.pop().flatten();
        Ok(Operation::Transfer(kind, graphs.pop().flatten(), to, silent))
    }

    fn modify(&mut self, pair: Pair<'_>) -> Result<Modify> {
        let whole = span(&pair);
        let (mut with, mut delete, mut insert, mut using, mut pattern) = (None, Vec::new(), Vec::new(), Vec::new(), None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::with => with = Some(self.iri(last(part))?),
                Rule::delete_clause => delete = self.quads(last(part))?,
                Rule::insert_clause => insert = self.quads(last(part))?,
                Rule::using => using.push(self.dataset_clause(part)?),
                Rule::group => pattern = Some(self.group(part)?),
                _ => {}
            }
        }
        if let Some(graph) = &with {
            // It is written into every quad.
            self.charge(graph.as_str().len() * (delete.len() + insert.len()), whole)?;
        }
        Ok(Modify { with, delete, insert, using, pattern: pattern.expect("an update has a WHERE; this is a bug") })
    }

    fn quads(&mut self, pair: Pair<'_>) -> Result<Vec<Quad>> {
        let mut quads = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::triples_block => {
                    let triples = self.template_triples(part)?;
                    quads.extend(triples.into_iter().map(|triple| Quad { triple, graph: None }));
                    continue;
                }
                Rule::quads_graph => {}
                _ => continue,
            }
            let mut parts = part.into_inner();
            next(&mut parts);
            let graph = self.term(next(&mut parts))?;
            if let Some(block) = parts.find(|part| part.as_rule() == Rule::triples_block) {
                for triple in self.template_triples(block)? {
                    self.charge(name_length(&graph), triple.span)?;
                    quads.push(Quad { triple, graph: Some(graph.clone()) });
                }
            }
        }
        Ok(quads)
    }
}

fn name_length(graph: &Node) -> usize {
    match graph {
        Node::Term(oxrdf::Term::NamedNode(name), _) => NamedNode::as_str(name).len(),
        _ => 0,
    }
}
