//! Triples with their shorthands written out: lists, `[ … ]`, reified triples and annotations become triples of blank nodes.

use oxrdf::NamedNode;
use oxrdf::vocab::rdf;

use super::{Builder, Fault, Pair, Result, Rule, each, first, next, span, variable};
use crate::syntax::ast::{Node, PathKind, Span, Triple, Verb};

impl Builder<'_> {
    /// The triples of a `triples_block`.
    pub(super) fn triples_block(&mut self, pair: Pair<'_>) -> Result<Vec<Triple>> {
        let mut triples = Vec::new();
        for block in each(pair, Rule::triples) {
            let mut parts = block.into_inner();
            let subject = self.object_node(next(&mut parts), &mut triples)?;
            if let Some(list) = parts.next() {
                self.property_list(&subject, list, &mut triples)?;
            }
        }
        Ok(triples)
    }

    /// The triples of a template, in which no path may be.
    pub(super) fn template_triples(&mut self, pair: Pair<'_>) -> Result<Vec<Triple>> {
        let triples = self.triples_block(pair)?;
        for triple in &triples {
            if let Verb::Path(path) = &triple.verb {
                return Err(Fault::new(path.span, "a property path cannot stand in a template, only in WHERE"));
            }
        }
        Ok(triples)
    }

    fn property_list(&mut self, subject: &Node, pair: Pair<'_>, triples: &mut Vec<Triple>) -> Result<()> {
        for verb_objects in each(pair, Rule::verb_objects) {
            let mut parts = verb_objects.into_inner();
            let verb = next(&mut parts);
            let verb = match verb.as_rule() {
                Rule::var => Verb::Node(Node::Variable(variable(&verb))),
                _ => self.path_verb(verb)?,
            };
            for object in parts.filter(|part| part.as_rule() == Rule::object) {
                self.object(subject, &verb, object, triples)?;
            }
        }
        Ok(())
    }

    fn path_verb(&mut self, pair: Pair<'_>) -> Result<Verb> {
        let path = self.path(pair)?;
        Ok(match path.kind {
            PathKind::Predicate(predicate) => Verb::Node(Node::Term(predicate.into(), path.span)),
            _ => Verb::Path(path),
        })
    }

    fn object(&mut self, subject: &Node, verb: &Verb, pair: Pair<'_>, triples: &mut Vec<Triple>) -> Result<()> {
        let whole = Span { start: subject.span().start.min(span(&pair).start), end: span(&pair).end };
        self.charge(node_size(subject) + verb_size(verb), whole)?;
        let mut parts = pair.into_inner();
        let object = self.object_node(next(&mut parts), triples)?;
        let triple = Triple { subject: subject.clone(), verb: verb.clone(), object, span: whole };
        triples.push(triple.clone());
        // The reifier that an annotation block is about, if it stands right before it.
        let mut reifier = None;
        for part in parts {
            let place = span(&part);
            self.charge(triple_size(&triple), place)?;
            if let Verb::Path(path) = verb {
                return Err(Fault::new(path.span, "a triple with a property path has no reifier and no annotation"));
            }
            if part.as_rule() == Rule::reifier {
                reifier = Some(self.reifier(part, place, &triple, triples)?);
            } else {
                let node = match reifier.take() {
                    Some(node) => node,
                    None => self.reify(None, place, &triple, triples),
                };
                self.property_list(&node, first(part), triples)?;
            }
        }
        Ok(())
    }

    fn reifier(&mut self, pair: Pair<'_>, place: Span, triple: &Triple, triples: &mut Vec<Triple>) -> Result<Node> {
        let name = pair.into_inner().next().map(|name| self.term(name)).transpose()?;
        Ok(self.reify(name, place, triple, triples))
    }

    fn reify(&mut self, name: Option<Node>, place: Span, triple: &Triple, triples: &mut Vec<Triple>) -> Node {
        let node = name.unwrap_or_else(|| self.fresh(place));
        triples.push(statement(node.clone(), rdf::REIFIES.into_owned(), Node::Triple(Box::new(triple.clone())), place));
        node
    }

    /// A subject, object or member of a list; what it stands for goes to `triples`.
    fn object_node(&mut self, pair: Pair<'_>, triples: &mut Vec<Triple>) -> Result<Node> {
        match pair.as_rule() {
            Rule::blank_properties => {
                let node = self.fresh(span(&pair));
                self.property_list(&node, first(pair), triples)?;
                Ok(node)
            }
            Rule::collection => self.collection(pair, triples),
            Rule::reified_triple => self.reified_triple(pair, triples),
            _ => self.term(pair),
        }
    }

    fn collection(&mut self, pair: Pair<'_>, triples: &mut Vec<Triple>) -> Result<Node> {
        let list = span(&pair);
        let head = self.fresh(list);
        let mut cell = head.clone();
        let mut members = pair.into_inner().peekable();
        while let Some(member) = members.next() {
            let value = self.object_node(member, triples)?;
            triples.push(statement(cell.clone(), rdf::FIRST.into_owned(), value, list));
            let rest = if members.peek().is_some() { self.fresh(list) } else { Node::Term(rdf::NIL.into_owned().into(), list) };
            triples.push(statement(cell, rdf::REST.into_owned(), rest.clone(), list));
            cell = rest;
        }
        Ok(head)
    }

    fn reified_triple(&mut self, pair: Pair<'_>, triples: &mut Vec<Triple>) -> Result<Node> {
        let place = span(&pair);
        let mut parts = pair.into_inner();
        let subject = self.object_node(next(&mut parts), triples)?;
        let verb = Verb::Node(self.simple_verb(next(&mut parts))?);
        let object = self.object_node(next(&mut parts), triples)?;
        let triple = Triple { subject, verb, object, span: place };
        match parts.next() {
            Some(reifier) => self.reifier(reifier, place, &triple, triples),
            None => Ok(self.reify(None, place, &triple, triples)),
        }
    }
}

fn statement(subject: Node, predicate: NamedNode, object: Node, span: Span) -> Triple {
    Triple { subject, verb: Verb::Node(Node::Term(predicate.into(), span)), object, span }
}

/// Bytes that a copy takes, about.
fn node_size(node: &Node) -> usize {
    match node {
        Node::Term(term, _) => 64 + term_size(term),
        Node::Triple(triple) => 64 + triple_size(triple),
        Node::Variable(_) | Node::Blank(_) => 64,
    }
}

fn term_size(term: &oxrdf::Term) -> usize {
    match term {
        oxrdf::Term::NamedNode(iri) => iri.as_str().len(),
        oxrdf::Term::Literal(literal) => literal.value().len() + literal.datatype().as_str().len(),
        _ => 0,
    }
}

fn verb_size(verb: &Verb) -> usize {
    match verb {
        Verb::Node(node) => node_size(node),
        // A path takes about as much as it is long in the text.
        Verb::Path(path) => 8 * (path.span.end - path.span.start),
    }
}

fn triple_size(triple: &Triple) -> usize {
    node_size(&triple.subject) + verb_size(&triple.verb) + node_size(&triple.object)
}
