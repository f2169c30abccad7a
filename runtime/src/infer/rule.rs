//! Rules, and the notation in which the tables of the regimes are written.

use std::sync::Arc;

use hypergraphql_framework::store::Id;
use oxrdf::vocab::xsd;
use oxrdf::{Literal, Term};

use super::InferError;
use super::solution::Conditions;
use super::terms::ClosureTerms;

/// What stands at a place of an atom: a term or a variable by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Term(Id),
    Variable(u8),
}

/// Subject, predicate and object.
pub(crate) type Atom = [Place; 3];

/// Statements of the body make those of the head.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    /// Its name in the specification.
    pub(crate) name: String,
    /// What has to be there.
    pub(crate) body: Vec<Atom>,
    /// What is there then; nothing: the graph is inconsistent.
    pub(crate) head: Vec<Atom>,
    /// Variables that have to differ.
    pub(crate) different: Vec<(u8, u8)>,
    /// The atom of the body in which the rule's own results bring nothing new, because another atom's predicate is transitive.
    pub(crate) closed: Option<usize>,
    /// What a match has to meet besides, in rules of the store.
    pub(crate) conditions: Option<Arc<Conditions>>,
    /// How many variables there are.
    pub(crate) variables: u8,
}

impl Rule {
    /// A rule of constants and variables; the variables are counted.
    pub(crate) fn new(name: impl Into<String>, body: Vec<Atom>, head: Vec<Atom>) -> Self {
        let variables = body.iter().chain(&head).flatten().filter_map(|place| match place {
            Place::Variable(variable) => Some(variable + 1),
            Place::Term(_) => None,
        });
        let variables = variables.max().unwrap_or(0);
        Self { name: name.into(), body, head, different: vec![], closed: None, conditions: None, variables }
    }

    /// Reads `name: atom . atom . ?x != ?y => atom . atom`; `false` is the head of an inconsistency, `*` behind an atom marks it as closed, `0` and
    /// `1` are xsd:nonNegativeInteger.
    pub(crate) fn parse(line: &str, terms: &ClosureTerms) -> Result<Self, InferError> {
        let wrong = |why: &str| InferError::Rule { rule: line.to_owned(), why: why.to_owned() };
        let (name, rest) = line.split_once(": ").ok_or_else(|| wrong("expected a name and a colon"))?;
        let (body, head) = rest.split_once("=>").ok_or_else(|| wrong("expected =>"))?;
        let mut reader = Reader { terms, names: vec![] };
        let (mut atoms, mut different, mut closed) = (vec![], vec![], None);
        for part in body.split(" . ").map(str::trim).filter(|part| !part.is_empty()) {
            match part.split_whitespace().collect::<Vec<_>>()[..] {
                [one, "!=", other] => different.push((reader.variable(one), reader.variable(other))),
                [s, p, o, "*"] => {
                    closed = Some(atoms.len());
                    atoms.push(reader.atom([s, p, o])?);
                }
                [s, p, o] => atoms.push(reader.atom([s, p, o])?),
                _ => return Err(wrong("expected an atom")),
            }
        }
        let mut heads = vec![];
        for part in head.split(" . ").map(str::trim).filter(|part| *part != "false") {
            match part.split_whitespace().collect::<Vec<_>>()[..] {
                [s, p, o] => heads.push(reader.atom([s, p, o])?),
                _ => return Err(wrong("expected an atom in the head")),
            }
        }
        Ok(Self { different, closed, ..Self::new(name, atoms, heads) })
    }

    /// Rules of lower levels are done before.
    pub(crate) fn level(&self) -> usize {
        self.conditions.as_ref().map_or(0, |conditions| conditions.level)
    }

    /// Whether different matches can make the same statement of one predicate: a variable of the body is not in the head.
    pub(crate) fn makes_the_same_again(&self) -> bool {
        let [head @ [_, Place::Term(_), _]] = &self.head[..] else { return false };
        self.body.iter().flatten().any(|place| matches!(place, Place::Variable(_)) && !head.contains(place))
    }

    /// Whether the rule finds an inconsistency.
    pub(crate) fn is_inconsistency(&self) -> bool {
        self.head.is_empty()
    }
}

struct Reader<'a> {
    terms: &'a ClosureTerms,
    names: Vec<String>,
}

impl Reader<'_> {
    fn atom(&mut self, places: [&str; 3]) -> Result<Atom, InferError> {
        let [s, p, o] = places;
        Ok([self.place(s)?, self.place(p)?, self.place(o)?])
    }

    fn place(&mut self, text: &str) -> Result<Place, InferError> {
        Ok(match text {
            "a" => Place::Term(self.terms.name("rdf:type")?),
            "0" | "1" => {
                let number = Literal::new_typed_literal(text, xsd::NON_NEGATIVE_INTEGER);
                Place::Term(self.terms.intern(&Term::from(number))?)
            }
            _ if text.starts_with('?') => Place::Variable(self.variable(text)),
            _ => Place::Term(self.terms.name(text)?),
        })
    }

    fn variable(&mut self, name: &str) -> u8 {
        let known = self.names.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        }) as u8
    }
}
