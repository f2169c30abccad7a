//! The AtomSpace against plain sets of statements.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

mod changes;
mod characteristic;
mod crash;
mod dataset;
mod export;
mod folder;
mod killed;
mod load;
mod memory;
mod mishaps;
mod terms;
mod text;
mod time;

use oxrdf::vocab::xsd;
use oxrdf::{BlankNode, GraphName, Literal, NamedNode, NamedOrBlankNode, Quad, Term, Triple};

/// `http://example.com/{name}`.
fn iri(name: &str) -> NamedNode {
    NamedNode::new(format!("http://example.com/{name}")).unwrap()
}

/// A statement of IRIs in the default graph.
fn quad(subject: &str, predicate: &str, object: impl Into<Term>) -> Quad {
    Quad::new(iri(subject), iri(predicate), object, GraphName::DefaultGraph)
}

/// An xsd:integer.
fn integer(value: i64) -> Literal {
    Literal::new_typed_literal(value.to_string(), xsd::INTEGER)
}

/// Statements with terms of every kind, some of them twice, in the default graph and two others.
fn every_kind() -> Vec<Quad> {
    let blank = |label: &str| BlankNode::new(label).unwrap();
    let inner = Triple::new(iri("s"), iri("p"), Literal::new_simple_literal("inner"));
    let outer = Triple::new(blank("b0"), iri("says"), Term::Triple(Box::new(inner.clone())));
    let objects: Vec<Term> = vec![
        iri("o").into(),
        blank("b1").into(),
        integer(-3).into(),
        Literal::new_typed_literal("01", xsd::INTEGER).into(),
        Literal::new_typed_literal("1", xsd::INTEGER).into(),
        Literal::new_typed_literal("1.0", xsd::DECIMAL).into(),
        Literal::new_typed_literal("1.0e0", xsd::DOUBLE).into(),
        Literal::new_typed_literal("NaN", xsd::DOUBLE).into(),
        Literal::new_typed_literal("NaN", xsd::FLOAT).into(),
        Literal::new_typed_literal("INF", xsd::FLOAT).into(),
        Literal::new_typed_literal("-INF", xsd::DOUBLE).into(),
        Literal::new_typed_literal("300", xsd::BYTE).into(),
        Literal::new_typed_literal("ill-typed", xsd::INTEGER).into(),
        Literal::new_simple_literal("").into(),
        Literal::new_simple_literal("string \0 \u{10ffff}").into(),
        Literal::new_simple_literal("x".repeat(3_000_000)).into(),
        Literal::new_language_tagged_literal("colour", "en-GB").unwrap().into(),
        Literal::new_directional_language_tagged_literal("שלום", "he", oxrdf::BaseDirection::Rtl).unwrap().into(),
        Literal::from(true).into(),
        Literal::new_typed_literal("0", xsd::BOOLEAN).into(),
        Literal::new_typed_literal("2020-01-01T00:00:00Z", xsd::DATE_TIME).into(),
        Literal::new_typed_literal("2020-01-01T01:00:00+01:00", xsd::DATE_TIME).into(),
        Literal::new_typed_literal("2020-01-01T00:00:00", xsd::DATE_TIME).into(),
        Literal::new_typed_literal("2020-01-01", xsd::DATE).into(),
        Literal::new_typed_literal("2020-01-01Z", xsd::DATE).into(),
        Literal::new_typed_literal("2020", xsd::G_YEAR).into(),
        Literal::new_typed_literal("--02-29", xsd::G_MONTH_DAY).into(),
        Literal::new_typed_literal("P1D", xsd::DURATION).into(),
        Literal::new_typed_literal("anything", iri("datatype")).into(),
        Term::Triple(Box::new(inner)),
        Term::Triple(Box::new(outer)),
    ];
    let graphs = [GraphName::DefaultGraph, iri("g").into(), blank("g").into()];
    let subjects: [NamedOrBlankNode; 2] = [iri("s").into(), blank("b0").into()];
    let mut quads = Vec::new();
    for (i, object) in objects.iter().enumerate() {
        quads.push(Quad::new(subjects[i % 2].clone(), iri(["p", "q", "r"][i % 3]), object.clone(), graphs[i % 3].clone()));
        quads.push(Quad::new(iri("all"), iri("has"), object.clone(), graphs[0].clone()));
        quads.push(quads[i].clone());
    }
    quads
}
