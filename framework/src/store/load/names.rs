//! Names in tables as RDF terms.

use std::fmt::Write;
use std::str::FromStr;

use oxrdf::{NamedNode, NamedOrBlankNode, Term};

use super::input::too_deep;

/// The namespace of HyperQL's own terms.
pub(super) const HQ: &str = "https://hypergraphql.org/ns#";
/// Namespace of names where nothing else is said.
const DEFAULT: &str = "http://example.org/";

/// Makes terms of names.
pub(super) struct Names<'a>(&'a str);

impl<'a> Names<'a> {
    pub(super) fn new(namespace: Option<&'a str>) -> Self {
        Self(namespace.unwrap_or(DEFAULT))
    }

    /// `<…>`, `_:…` and `"…"` are terms of N-Triples, `http://`, `https://` and `urn:` begin an IRI, `hq:` a term of HyperQL; anything else is
    /// appended to the namespace, percent-encoded.
    ///
    /// # Errors
    /// What was expected, when the name is none of these.
    pub(super) fn term(&self, name: &str) -> Result<Term, String> {
        if name.is_empty() {
            return Err("a name".into());
        }
        if name.starts_with(['<', '"']) || name.starts_with("_:") {
            if too_deep(name.as_bytes()).is_some() {
                return Err("triple terms nested less deep".into());
            }
            return Term::from_str(name).map_err(|error| format!("a term of N-Triples ({error})"));
        }
        let iri = match name.strip_prefix("hq:") {
            Some(local) => format!("{HQ}{local}"),
            None if is_absolute(name) => name.to_owned(),
            None => self.encoded(name),
        };
        NamedNode::new(&iri).map(Term::from).map_err(|error| format!("an IRI ({error} in {iri})"))
    }

    /// As [`Names::term`], where a literal cannot stand.
    pub(super) fn node(&self, name: &str) -> Result<NamedOrBlankNode, String> {
        NamedOrBlankNode::try_from(self.term(name)?).map_err(|_| "an IRI or a blank node".to_owned())
    }

    /// As [`Names::term`], where only an IRI can stand.
    pub(super) fn iri(&self, name: &str) -> Result<NamedNode, String> {
        NamedNode::try_from(self.term(name)?).map_err(|_| "an IRI".to_owned())
    }

    fn encoded(&self, name: &str) -> String {
        let mut iri = self.0.to_owned();
        let mut utf8 = [0; 4];
        for c in name.chars() {
            if c.is_alphanumeric() || "-._~".contains(c) {
                iri.push(c);
            } else {
                for byte in c.encode_utf8(&mut utf8).bytes() {
                    // Writing to a string does not fail.
                    let _ = write!(iri, "%{byte:02X}");
                }
            }
        }
        iri
    }
}

/// Whether a name is an IRI that needs no brackets.
fn is_absolute(name: &str) -> bool {
    ["http://", "https://", "urn:"].iter().any(|scheme| name.starts_with(scheme))
}

/// Whether a name is appended to the namespace.
pub(super) fn is_relative(name: &str) -> bool {
    !is_absolute(name) && !name.starts_with(['<', '"']) && !name.starts_with("_:") && !name.starts_with("hq:")
}

/// The term that a table's name stands for: `<…>`, `_:…` and `"…"` are terms of N-Triples, `http://`, `https://` and `urn:` begin an IRI, `hq:` a term of HyperQL; anything else
/// is appended to the namespace (none: `http://example.org/`), percent-encoded. Networks know what they learned from such tables by the same names.
///
/// # Errors
/// What was expected, when the name is none of these.
pub fn term_of_name(name: &str, namespace: Option<&str>) -> Result<Term, String> {
    Names::new(namespace).term(name)
}

/// The name that [`Names::term`] makes this term of.
pub(in crate::store) fn name_of(term: &Term) -> String {
    match term {
        Term::NamedNode(node) if is_absolute(node.as_str()) => node.as_str().to_owned(),
        other => other.to_string(),
    }
}

/// A term of HyperQL.
pub(in crate::store) fn hq(local: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("{HQ}{local}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_terms() {
        let names = Names::new(None);
        let term = |name: &str| names.term(name).map(|term| term.to_string());
        assert_eq!(term("Q42").as_deref(), Ok("<http://example.org/Q42>"));
        assert_eq!(term("a b/é%").as_deref(), Ok("<http://example.org/a%20b%2Fé%25>"));
        assert_eq!(term("hq:subject").as_deref(), Ok("<https://hypergraphql.org/ns#subject>"));
        assert_eq!(term("urn:x:1").as_deref(), Ok("<urn:x:1>"));
        assert_eq!(term("_:b").as_deref(), Ok("_:b"));
        assert_eq!(
            term("\"1\"^^<http://www.w3.org/2001/XMLSchema#integer>").as_deref(),
            Ok("\"1\"^^<http://www.w3.org/2001/XMLSchema#integer>")
        );
        assert!(
            term("").is_err()
                && term("http://a b").is_err()
                && term("\"open").is_err()
                && names.iri("_:b").is_err()
                && names.node("\"x\"").is_err()
        );
        assert_eq!(Names::new(Some("urn:n:")).iri("x").map(|iri| iri.to_string()).as_deref(), Ok("<urn:n:x>"));
    }
}
