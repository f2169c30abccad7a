//! Terms as people read them in tables.

use oxrdf::vocab::xsd;
use oxrdf::{Literal, NamedNode, NamedOrBlankNode, Term};

/// The prefixes that every query knows; the empty one is that of the store.
pub(crate) const PREFIXES: [(&str, &str); 6] = [
    ("", "http://example.org/"),
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("owl", "http://www.w3.org/2002/07/owl#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
    ("hq", "https://hypergraphql.org/ns#"),
];

/// A term without the noise: IRIs by a known prefix, else whole; numbers, booleans, dates and strings as their text.
pub(crate) fn short(term: &Term) -> String {
    match term {
        Term::NamedNode(node) => iri(node),
        Term::BlankNode(node) => node.to_string(),
        Term::Literal(literal) => value(literal),
        Term::Triple(triple) => {
            let subject = match &triple.subject {
                NamedOrBlankNode::NamedNode(node) => iri(node),
                NamedOrBlankNode::BlankNode(node) => node.to_string(),
            };
            format!("<<( {subject} {} {} )>>", iri(&triple.predicate), short(&triple.object))
        }
    }
}

fn iri(node: &NamedNode) -> String {
    let local =
        |iri: &str| node.as_str().strip_prefix(iri).filter(|local| local.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-'));
    let prefixed = PREFIXES.iter().find_map(|(prefix, iri)| Some(format!("{prefix}:{}", local(iri)?)));
    prefixed.unwrap_or_else(|| node.to_string())
}

fn value(literal: &Literal) -> String {
    let plain =
        [xsd::STRING, xsd::BOOLEAN, xsd::INTEGER, xsd::DECIMAL, xsd::DOUBLE, xsd::FLOAT, xsd::DATE, xsd::DATE_TIME, xsd::G_YEAR, xsd::TIME];
    let text = literal.value().replace(|c: char| c.is_control(), " ");
    match literal.language() {
        Some(language) => format!("{text}@{language}"),
        None if plain.contains(&literal.datatype()) => text,
        None => format!("{text}^^{}", iri(&literal.datatype().into_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_show_terms_without_noise() {
        let node = |iri: &str| Term::from(NamedNode::new_unchecked(iri));
        let typed = |text: &str, datatype: &str| Term::from(Literal::new_typed_literal(text, NamedNode::new_unchecked(datatype)));
        assert_eq!(short(&node("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")), "rdf:type");
        assert_eq!(short(&node("http://www.w3.org/1999/02/22-rdf-syntax-ns#a/b")), "<http://www.w3.org/1999/02/22-rdf-syntax-ns#a/b>");
        assert_eq!(short(&node("http://ex.org/a")), "<http://ex.org/a>");
        assert_eq!(short(&node("http://example.org/ada")), ":ada");
        assert_eq!(short(&node("http://example.org/")), ":");
        assert_eq!(short(&Literal::from(7).into()), "7");
        assert_eq!(short(&Literal::from("a\nb\u{1b}[1m").into()), "a b [1m");
        assert_eq!(short(&Literal::new_language_tagged_literal_unchecked("chat", "fr").into()), "chat@fr");
        assert_eq!(short(&typed("P1Y", "http://www.w3.org/2001/XMLSchema#duration")), "P1Y^^xsd:duration");
    }
}
