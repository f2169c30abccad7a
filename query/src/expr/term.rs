//! Values and terms of [`oxrdf`], without loss.

use std::sync::Arc;

use oxrdf::{BlankNode, Literal, LiteralRef, NamedNode, NamedOrBlankNode, Term, TermRef, Triple};

use super::MAX_DEPTH;
use super::error::EvalError;
use super::parse::datatype_iri;
use super::value::{LangString, TripleTerm, Value};

impl Value {
    /// The term that it stands for: that from which it was made, or the canonical one.
    pub fn term(&self) -> Term {
        match self {
            Self::Iri(iri) => NamedNode::new_unchecked(&**iri).into(),
            Self::Blank(label) => BlankNode::new_unchecked(&**label).into(),
            Self::String(text) => Literal::new_simple_literal(&**text).into(),
            Self::LangString(string) => string.literal().into(),
            Self::Triple(triple) => triple.term(),
            known => {
                let lexical = known.lexical().unwrap_or_default().into_owned();
                match datatype_iri(known) {
                    Some(datatype) => Literal::new_typed_literal(lexical, datatype).into(),
                    None => Literal::new_simple_literal(lexical).into(),
                }
            }
        }
    }

    /// The triple term of three values.
    ///
    /// # Errors
    /// If the subject is a literal or triple term, the predicate is no IRI, or the object is nested too deep.
    pub fn triple(subject: Self, predicate: Self, object: Self) -> Result<Self, EvalError> {
        const OPERATION: &str = "TRIPLE";
        if !matches!(subject, Self::Iri(_) | Self::Blank(_)) {
            return Err(EvalError::Type { operation: OPERATION, expected: "an IRI or blank node as subject", found: subject.kind() });
        }
        if !matches!(predicate, Self::Iri(_)) {
            return Err(EvalError::Type { operation: OPERATION, expected: "an IRI as predicate", found: predicate.kind() });
        }
        let triple = nest(subject, predicate, object);
        if triple.depth > MAX_DEPTH { Err(EvalError::TooDeep) } else { Ok(Self::Triple(Arc::new(triple))) }
    }
}

impl LangString {
    fn literal(&self) -> Literal {
        match self.direction {
            None => Literal::new_language_tagged_literal_unchecked(&*self.text, &*self.language),
            Some(direction) => Literal::new_directional_language_tagged_literal_unchecked(&*self.text, &*self.language, direction),
        }
    }
}

impl TripleTerm {
    fn term(&self) -> Term {
        let subject = match &self.subject {
            Value::Blank(label) => NamedOrBlankNode::from(BlankNode::new_unchecked(&**label)),
            Value::Iri(iri) => NamedNode::new_unchecked(&**iri).into(),
            _ => unreachable!("a subject is an IRI or blank node; this is a bug"),
        };
        let predicate = match &self.predicate {
            Value::Iri(iri) => NamedNode::new_unchecked(&**iri),
            _ => unreachable!("a predicate is an IRI; this is a bug"),
        };
        Triple::new(subject, predicate, self.object.term()).into()
    }
}

impl From<&Term> for Value {
    fn from(term: &Term) -> Self {
        term.as_ref().into()
    }
}

impl From<TermRef<'_>> for Value {
    fn from(term: TermRef<'_>) -> Self {
        match term {
            TermRef::NamedNode(iri) => Self::iri(iri.as_str()),
            TermRef::BlankNode(node) => Self::Blank(node.as_str().into()),
            TermRef::Literal(literal) => literal.into(),
            TermRef::Triple(triple) => {
                let subject = match &triple.subject {
                    NamedOrBlankNode::NamedNode(iri) => Self::iri(iri.as_str()),
                    NamedOrBlankNode::BlankNode(node) => Self::Blank(node.as_str().into()),
                };
                let object = Self::from(&triple.object);
                Self::Triple(Arc::new(nest(subject, Self::iri(triple.predicate.as_str()), object)))
            }
        }
    }
}

impl From<LiteralRef<'_>> for Value {
    fn from(literal: LiteralRef<'_>) -> Self {
        match literal.language() {
            None => Self::literal(literal.value(), literal.datatype().as_str()),
            Some(language) => Self::LangString(Arc::new(LangString {
                text: literal.value().into(),
                language: language.into(),
                direction: literal.direction(),
            })),
        }
    }
}

fn nest(subject: Value, predicate: Value, object: Value) -> TripleTerm {
    let depth = match &object {
        Value::Triple(inner) => inner.depth + 1,
        _ => 1,
    };
    TripleTerm { subject, predicate, object, depth }
}
