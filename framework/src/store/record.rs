//! A term as bytes, the form in which dictionaries keep it.
//!
//! The first byte is the kind. Blank nodes, IRIs, strings and literals of known datatypes are followed by their text; other literals by the length
//! of the lexical form (u32, little-endian), the lexical form and the language tag or datatype; triple terms by their depth and the ids of subject,
//! predicate and object (big-endian, so that bytes compare as ids do).

use std::cmp::Ordering;

use oxrdf::{BaseDirection, BlankNode, Literal, LiteralRef, NamedNode, NamedOrBlankNode, Term, TermRef, Triple};

use super::block::Block;
use super::{Id, datatype};

const BLANK: u8 = 0;
const IRI: u8 = 1;
const STRING: u8 = 2;
const LANGUAGE: u8 = 3;
const LANGUAGE_LTR: u8 = 4;
const LANGUAGE_RTL: u8 = 5;
const OTHER: u8 = 6;
const TRIPLE: u8 = 7;
/// Kinds from here on are datatype codes.
const TYPED: u8 = 16;
/// Bytes of a triple term.
const TRIPLE_LENGTH: usize = 14;

/// What the first byte of a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Blank,
    Iri,
    String,
    /// A string with a language and perhaps a direction.
    Language(Option<BaseDirection>),
    /// A literal of a datatype without code.
    Other,
    Triple,
    /// A literal of the datatype of this code.
    Typed(u8),
}

/// The bytes of one term, well-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record<'a>(pub(super) &'a [u8]);

/// Why bytes are no record: what was expected.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) &'static str);

/// Writes a term that is no triple term.
pub(super) fn encode(term: TermRef<'_>, to: &mut Vec<u8>) {
    match term {
        TermRef::NamedNode(node) => encode_iri(node.as_str(), to),
        TermRef::BlankNode(node) => encode_blank(node.as_str(), to),
        TermRef::Literal(literal) => encode_literal(literal, to),
        TermRef::Triple(_) => unreachable!("triple terms are written by encode_triple; this is a bug"),
    }
}

pub(super) fn encode_iri(iri: &str, to: &mut Vec<u8>) {
    to.push(IRI);
    to.extend_from_slice(iri.as_bytes());
}

pub(super) fn encode_blank(label: &str, to: &mut Vec<u8>) {
    to.push(BLANK);
    to.extend_from_slice(label.as_bytes());
}

fn encode_literal(literal: LiteralRef<'_>, to: &mut Vec<u8>) {
    let lexical = literal.value();
    if let Some(language) = literal.language() {
        let kind = match literal.direction() {
            None => LANGUAGE,
            Some(BaseDirection::Ltr) => LANGUAGE_LTR,
            Some(BaseDirection::Rtl) => LANGUAGE_RTL,
        };
        return encode_two(kind, lexical, language, to);
    }
    let datatype = literal.datatype();
    if datatype == oxrdf::vocab::xsd::STRING {
        to.push(STRING);
    } else if let Some(code) = datatype::code(datatype) {
        to.push(TYPED + code);
    } else {
        return encode_two(OTHER, lexical, datatype.as_str(), to);
    }
    to.extend_from_slice(lexical.as_bytes());
}

/// A length that does not fit is that of a record which interners refuse.
fn encode_two(kind: u8, lexical: &str, rest: &str, to: &mut Vec<u8>) {
    to.push(kind);
    to.extend_from_slice(&(lexical.len() as u32).to_le_bytes());
    to.extend_from_slice(lexical.as_bytes());
    to.extend_from_slice(rest.as_bytes());
}

/// Writes a triple term of these components, whose object has triple terms nested `depth - 1` deep.
pub(super) fn encode_triple(depth: u8, components: [Id; 3], to: &mut Vec<u8>) {
    to.extend_from_slice(&[TRIPLE, depth]);
    components.iter().for_each(|id| to.extend_from_slice(&id.to_be_bytes()));
}

impl<'a> Record<'a> {
    /// Checks bytes that come from a file.
    pub(super) fn checked(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let (&kind, rest) = bytes.split_first().ok_or(Malformed("a kind byte"))?;
        match kind {
            BLANK | IRI | STRING => {}
            LANGUAGE | LANGUAGE_LTR | LANGUAGE_RTL | OTHER => {
                let (length, text) = rest.split_first_chunk::<4>().ok_or(Malformed("a length of the lexical form"))?;
                let length = u32::from_le_bytes(*length) as usize;
                let text = std::str::from_utf8(text).map_err(|_| Malformed("UTF-8"))?;
                text.is_char_boundary(length).then_some(()).ok_or(Malformed("a lexical form of the length given"))?;
                return Ok(Self(bytes));
            }
            TRIPLE if bytes.len() == TRIPLE_LENGTH => return Ok(Self(bytes)),
            TRIPLE => return Err(Malformed("14 bytes of a triple term")),
            _ => {
                let known = kind.checked_sub(TYPED).and_then(datatype::of);
                known.ok_or(Malformed("a known kind of term"))?;
            }
        }
        std::str::from_utf8(rest).map(|_| Self(bytes)).map_err(|_| Malformed("UTF-8"))
    }

    pub(super) fn kind(self) -> Kind {
        match self.0[0] {
            BLANK => Kind::Blank,
            IRI => Kind::Iri,
            STRING => Kind::String,
            LANGUAGE => Kind::Language(None),
            LANGUAGE_LTR => Kind::Language(Some(BaseDirection::Ltr)),
            LANGUAGE_RTL => Kind::Language(Some(BaseDirection::Rtl)),
            OTHER => Kind::Other,
            TRIPLE => Kind::Triple,
            typed => Kind::Typed(typed - TYPED),
        }
    }

    /// Label, IRI or lexical form as bytes, and the language tag or datatype where it is written out.
    fn split(self) -> (&'a [u8], &'a [u8]) {
        match self.0[0] {
            LANGUAGE | LANGUAGE_LTR | LANGUAGE_RTL | OTHER => {
                let length = u32::from_le_bytes([self.0[1], self.0[2], self.0[3], self.0[4]]) as usize;
                self.0[5..].split_at(length)
            }
            _ => (&self.0[1..], &[]),
        }
    }

    /// Label, IRI or lexical form; empty for a triple term.
    pub(super) fn lexical(self) -> &'a str {
        text(self.split().0)
    }

    /// Depth and components of a triple term.
    pub(super) fn triple(self) -> Option<(u8, [Id; 3])> {
        if self.0[0] != TRIPLE {
            return None;
        }
        let id = |at: usize| Id::from_be_bytes([self.0[at], self.0[at + 1], self.0[at + 2], self.0[at + 3]]);
        Some((self.0[1], [id(2), id(6), id(10)]))
    }

    /// The order within a block of terms of equal value.
    pub(super) fn compare_bytes(self, other: Self, block: Block) -> Ordering {
        if block == Block::Other {
            let (a, b) = (self.split(), other.split());
            a.0.cmp(b.0).then(self.0[0].cmp(&other.0[0])).then(a.1.cmp(b.1))
        } else {
            self.0.cmp(other.0)
        }
    }

    /// The term; `component` gives the terms of ids in a triple term.
    pub(super) fn term(self, component: &dyn Fn(Id) -> Option<Term>) -> Option<Term> {
        let (lexical, rest) = self.split();
        let (lexical, rest) = (|| text(lexical).to_owned(), || text(rest).to_owned());
        Some(match self.kind() {
            Kind::Blank => BlankNode::new_unchecked(lexical()).into(),
            Kind::Iri => NamedNode::new_unchecked(lexical()).into(),
            Kind::String => Literal::new_simple_literal(lexical()).into(),
            Kind::Language(None) => Literal::new_language_tagged_literal_unchecked(lexical(), rest()).into(),
            Kind::Language(Some(d)) => Literal::new_directional_language_tagged_literal_unchecked(lexical(), rest(), d).into(),
            Kind::Other => Literal::new_typed_literal(lexical(), NamedNode::new_unchecked(rest())).into(),
            Kind::Typed(code) => Literal::new_typed_literal(lexical(), datatype::of(code)?).into(),
            Kind::Triple => {
                let (_, [subject, predicate, object]) = self.triple()?;
                let subject = NamedOrBlankNode::try_from(component(subject)?).ok()?;
                let predicate = NamedNode::try_from(component(predicate)?).ok()?;
                Term::Triple(Box::new(Triple::new(subject, predicate, component(object)?)))
            }
        })
    }
}

/// Text of a record, which was UTF-8 when it was written or checked.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use oxrdf::vocab::xsd;

    #[test]
    fn every_kind_comes_back() {
        let mut terms: Vec<Term> = vec![
            BlankNode::new_unchecked("b").into(),
            NamedNode::new_unchecked("http://example.com/é").into(),
            Literal::new_simple_literal("").into(),
            Literal::new_simple_literal("nul \0 and \u{10ffff}").into(),
            Literal::new_language_tagged_literal("chat", "fr-be").unwrap().into(),
            Literal::new_directional_language_tagged_literal("שלום", "he", BaseDirection::Rtl).unwrap().into(),
            Literal::new_directional_language_tagged_literal("", "en", BaseDirection::Ltr).unwrap().into(),
            Literal::new_typed_literal("x", NamedNode::new_unchecked("http://example.com/d")).into(),
            Literal::new_typed_literal("", xsd::ANY_URI).into(),
        ];
        terms.extend((0..datatype::codes()).map(|code| Term::from(Literal::new_typed_literal("01", datatype::of(code).unwrap()))));
        for term in terms {
            let mut bytes = Vec::new();
            encode(term.as_ref(), &mut bytes);
            assert_eq!(Record::checked(&bytes).unwrap().term(&|_| None), Some(term));
        }
    }

    #[test]
    fn malformed_bytes_are_refused() {
        for bytes in
            [&b""[..], b"\x08x", b"\xff", b"\x01\xff", b"\x03\x01\0\0", b"\x03\x09\0\0\0abc", b"\x06\x01\0\0\0\xc3\xa9", b"\x07\x01\0"]
        {
            assert!(Record::checked(bytes).is_err(), "{bytes:?}");
        }
    }
}
