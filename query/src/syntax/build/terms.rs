//! Terms: literals, blank nodes, escapes.

use std::borrow::Cow;

use oxrdf::vocab::xsd;
use oxrdf::{BaseDirection, Literal, Term, Triple as GroundTriple};

use super::{Builder, Fault, Pair, Result, Rule, first, next, span, variable};
use crate::syntax::ast::{BlankLabel, BlankNode, Node, Span, Triple, Verb};

impl Builder<'_> {
    /// A variable, IRI, literal, blank node, empty list or triple term.
    pub(super) fn term(&mut self, pair: Pair<'_>) -> Result<Node> {
        let span = span(&pair);
        Ok(match pair.as_rule() {
            Rule::var => Node::Variable(variable(&pair)),
            Rule::iri => self.iri_node(pair)?,
            Rule::literal => Node::Term(self.literal(pair)?.into(), span),
            Rule::blank => self.blank(pair),
            Rule::nil => Node::Term(oxrdf::vocab::rdf::NIL.into_owned().into(), span),
            Rule::triple_term => Node::Triple(Box::new(self.triple_term(pair)?)),
            rule => unreachable!("{rule:?} is no term of the grammar; this is a bug"),
        })
    }

    fn triple_term(&mut self, pair: Pair<'_>) -> Result<Triple> {
        let span = span(&pair);
        let mut parts = pair.into_inner();
        let subject = self.term(next(&mut parts))?;
        let verb = Verb::Node(self.simple_verb(next(&mut parts))?);
        let object = self.term(next(&mut parts))?;
        Ok(Triple { subject, verb, object, span })
    }

    pub(super) fn simple_verb(&mut self, pair: Pair<'_>) -> Result<Node> {
        let verb = first(pair);
        Ok(match verb.as_rule() {
            Rule::a => Node::Term(oxrdf::vocab::rdf::TYPE.into_owned().into(), span(&verb)),
            _ => self.term(verb)?,
        })
    }

    fn blank(&mut self, pair: Pair<'_>) -> Node {
        let span = span(&pair);
        let inner = first(pair);
        match inner.as_rule() {
            Rule::anonymous => self.fresh(span),
            _ => Node::Blank(BlankNode { label: BlankLabel::Named(inner.as_str()[2..].to_owned()), span }),
        }
    }

    pub(super) fn literal(&mut self, pair: Pair<'_>) -> Result<Literal> {
        let inner = first(pair);
        let text = inner.as_str();
        Ok(match inner.as_rule() {
            Rule::rdf_literal => return self.rdf_literal(inner),
            Rule::double => Literal::new_typed_literal(text, xsd::DOUBLE),
            Rule::decimal => Literal::new_typed_literal(text, xsd::DECIMAL),
            Rule::boolean => Literal::new_typed_literal(text.to_ascii_lowercase(), xsd::BOOLEAN),
            _ => Literal::new_typed_literal(text, xsd::INTEGER),
        })
    }

    fn rdf_literal(&mut self, pair: Pair<'_>) -> Result<Literal> {
        let mut parts = pair.into_inner();
        let value = string(&next(&mut parts))?;
        let Some(kind) = parts.next() else {
            return Ok(Literal::new_simple_literal(value));
        };
        let span = span(&kind);
        if kind.as_rule() == Rule::iri {
            return Ok(Literal::new_typed_literal(value, self.iri(kind)?));
        }
        let tag = &kind.as_str()[1..];
        let bad = |error: oxrdf::LanguageTagParseError| Fault::new(span, format!("`{tag}` is not a language tag: {error}"));
        match tag.split_once("--") {
            None => Literal::new_language_tagged_literal(value, tag).map_err(bad),
            Some((language, direction)) => {
                let direction = match direction {
                    "ltr" => BaseDirection::Ltr,
                    "rtl" => BaseDirection::Rtl,
                    _ => {
                        return Err(
                            Fault::new(span, format!("`{direction}` is not a base direction")).expected(vec!["ltr".into(), "rtl".into()])
                        );
                    }
                };
                Literal::new_directional_language_tagged_literal(value, language, direction).map_err(bad)
            }
        }
    }

    /// A value of `VALUES`.
    pub(super) fn data_value(&mut self, pair: Pair<'_>) -> Result<Option<Term>> {
        if pair.as_rule() == Rule::k_undef {
            return Ok(None);
        }
        let node = self.term(pair)?;
        ground(&node).map(Some)
    }
}

/// The term of a node without variables and blank nodes, in which the subject of a triple term is an IRI.
fn ground(node: &Node) -> Result<Term> {
    let Node::Triple(triple) = node else {
        return match node {
            Node::Term(term, _) => Ok(term.clone()),
            _ => Err(Fault::new(node.span(), "VALUES takes IRIs, literals, UNDEF and triple terms of these")),
        };
    };
    let (Node::Term(Term::NamedNode(subject), _), Verb::Node(Node::Term(Term::NamedNode(predicate), _))) = (&triple.subject, &triple.verb)
    else {
        return Err(Fault::new(triple.span, "a triple term of VALUES has an IRI as subject and as predicate"));
    };
    Ok(GroundTriple::new(subject.clone(), predicate.clone(), ground(&triple.object)?).into())
}

/// The value of a `string` or `short_string`.
pub(super) fn string(pair: &Pair<'_>) -> Result<String> {
    let text = pair.as_str();
    let width = if text.starts_with("\"\"\"") || text.starts_with("'''") { 3 } else { 1 };
    unescape(&text[width..text.len() - width], span(pair)).map(Cow::into_owned)
}

/// Replaces `\n`, `\uXXXX` and the like.
pub(super) fn unescape(text: &str, span: Span) -> Result<Cow<'_, str>> {
    if !text.contains('\\') {
        return Ok(text.into());
    }
    let mut value = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        value.push_str(&rest[..at]);
        let digits = match rest.as_bytes()[at + 1] {
            b'u' => 4,
            b'U' => 8,
            other => {
                value.push(match other {
                    b't' => '\t',
                    b'b' => '\u{8}',
                    b'n' => '\n',
                    b'r' => '\r',
                    b'f' => '\u{c}',
                    quote_or_backslash => char::from(quote_or_backslash),
                });
                rest = &rest[at + 2..];
                continue;
            }
        };
        let code = &rest[at + 2..at + 2 + digits];
        let character = u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
        value.push(character.ok_or_else(|| Fault::new(span, format!("`{}` is no character", &rest[at..at + 2 + digits])))?);
        rest = &rest[at + 2 + digits..];
    }
    value.push_str(rest);
    Ok(value.into())
}
