//! Ids: order, blocks, intervals.

use std::ops::Bound::{Excluded, Included, Unbounded};

use hypergraphql_framework::store::{AtomSpace, Block, Number};
use oxrdf::vocab::xsd;
use oxrdf::{Literal, NamedNodeRef, Quad, Term, TermRef};

use crate::{every_kind, iri, quad};

fn space_of(terms: impl IntoIterator<Item = Term>) -> AtomSpace {
    AtomSpace::from_quads(terms.into_iter().map(|term| quad("s", "p", term))).unwrap()
}

fn typed(lexical: &str, datatype: NamedNodeRef<'_>) -> Term {
    Literal::new_typed_literal(lexical, datatype).into()
}

#[test]
fn every_term_comes_back() {
    let quads = every_kind();
    let space = AtomSpace::from_quads(quads.iter().cloned()).unwrap();
    for id in 1..=space.terms() {
        let term = space.term(id).unwrap();
        assert_eq!(space.id(&term), Some(id), "{id} {}", space.block(id).unwrap() as u8);
        assert!(space.block_ids(space.block(id).unwrap()).contains(&id));
    }
    for Quad { object, .. } in quads {
        assert_eq!(space.term(space.id(&object).unwrap()), Some(object));
    }
    assert!(space.id(TermRef::from(&iri("absent"))).is_none());
    assert_eq!(Block::ALL.iter().map(|b| space.block_ids(*b).len()).sum::<usize>(), space.terms() as usize);
}

/// The order of ids, spelt out.
#[test]
fn ids_are_in_the_order_of_values() {
    let nested = |term: Term| Term::Triple(Box::new(oxrdf::Triple::new(iri("s"), iri("p"), term)));
    let ordered: Vec<Term> = vec![
        oxrdf::BlankNode::new("a").unwrap().into(),
        oxrdf::BlankNode::new("b").unwrap().into(),
        iri("o").into(),
        iri("p").into(),
        iri("s").into(),
        typed("-INF", xsd::DOUBLE),
        typed("-1e300", xsd::DOUBLE),
        typed("-170141183460469231731.687303715884105727", xsd::DECIMAL),
        typed("-7", xsd::INTEGER),
        typed("0", xsd::INTEGER),
        typed("-0.0", xsd::DOUBLE),
        typed("0.1", xsd::DECIMAL),
        typed("0.1", xsd::DOUBLE),
        typed("0.1", xsd::FLOAT),
        typed("1", xsd::INTEGER),
        typed("1.0", xsd::DECIMAL),
        typed("1.00", xsd::DECIMAL),
        typed("1", xsd::FLOAT),
        typed("1", xsd::DOUBLE),
        typed("1", xsd::BYTE),
        typed("9007199254740992", xsd::DOUBLE),
        typed("9007199254740993", xsd::INTEGER),
        typed("18446744073709551616", xsd::INTEGER),
        typed("INF", xsd::FLOAT),
        typed("INF", xsd::DOUBLE),
        typed("NaN", xsd::FLOAT),
        typed("NaN", xsd::DOUBLE),
        typed("", xsd::STRING),
        typed("a", xsd::STRING),
        typed("é", xsd::STRING),
        typed("0", xsd::BOOLEAN),
        typed("false", xsd::BOOLEAN),
        typed("1", xsd::BOOLEAN),
        typed("true", xsd::BOOLEAN),
        typed("0001-01-01T00:00:00", xsd::DATE_TIME),
        typed("2020-01-01T00:00:00", xsd::DATE_TIME),
        typed("2020-01-01T00:00:00+01:00", xsd::DATE_TIME),
        typed("2019-12-31T23:00:01Z", xsd::DATE_TIME),
        typed("2019-12-31T23:00:02Z", xsd::DATE_TIME_STAMP),
        typed("2020-01-01", xsd::DATE),
        typed("2020-01-01Z", xsd::DATE),
        typed("10:00:00", xsd::TIME),
        typed("10:00:00+14:00", xsd::TIME),
        typed("-0044", xsd::G_YEAR),
        typed("2020", xsd::G_YEAR),
        typed("2020Z", xsd::G_YEAR),
        typed("2020-02", xsd::G_YEAR_MONTH),
        typed("--02-28", xsd::G_MONTH_DAY),
        typed("--02", xsd::G_MONTH),
        typed("---29", xsd::G_DAY),
        typed("---29Z", xsd::G_DAY),
        typed("1e400000000000000000", xsd::INTEGER),
        typed("300", xsd::BYTE),
        Literal::new_language_tagged_literal("a", "en").unwrap().into(),
        typed("a", iri("datatype").as_ref()),
        typed("a", xsd::INTEGER),
        Literal::new_language_tagged_literal("b", "de").unwrap().into(),
        nested(iri("o").into()),
        nested(typed("a", xsd::STRING)),
        nested(nested(iri("o").into())),
        nested(nested(typed("a", xsd::STRING))),
    ];
    let space = space_of(ordered.iter().rev().cloned());
    let got: Vec<String> = (1..=space.terms()).map(|id| space.term(id).unwrap().to_string()).collect();
    assert_eq!(got, ordered.iter().map(ToString::to_string).collect::<Vec<_>>());
}

#[test]
fn number_intervals() {
    let values = ["-5", "0", "1", "2", "3", "16777216", "16777217", "16777218"];
    let mut terms: Vec<Term> = values.iter().map(|v| typed(v, xsd::INTEGER)).collect();
    terms.push(typed("16777216", xsd::FLOAT));
    terms.push(typed("2.5", xsd::DOUBLE));
    terms.push(typed("NaN", xsd::DOUBLE));
    let space = space_of(terms);
    let number = |v: f64| Number::from_f64(v).unwrap();
    let lexical = |ids: std::ops::Range<u32>| {
        ids.map(|id| match space.term(id).unwrap() {
            Term::Literal(literal) => literal.value().to_owned(),
            other => other.to_string(),
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(lexical(space.numbers(Included(number(1.0)), Excluded(number(3.0)))), ["1", "2", "2.5"]);
    assert_eq!(lexical(space.numbers(Excluded(number(1.0)), Included(number(3.0)))), ["2", "2.5", "3"]);
    assert_eq!(lexical(space.numbers(Unbounded, Excluded(number(0.5)))), ["-5", "0"]);
    assert!(space.numbers(Included(number(5.0)), Included(number(1.0))).is_empty());
    assert_eq!(space.numbers(Unbounded, Unbounded), space.block_ids(Block::Numeric));
    // A float 16777216 equals the integer 16777217 when that is promoted.
    let interval = space.number_interval(Included(number(16_777_217.0)), Unbounded);
    assert_eq!(lexical(interval.below), ["16777216", "16777216", "16777217", "16777218"]);
    assert!(interval.certain.is_empty() && interval.above.is_empty());
    let interval = space.number_interval(Excluded(number(1.0)), Included(number(2.0)));
    assert_eq!((lexical(interval.below), lexical(interval.certain), lexical(interval.above)), (vec!["1".into()], vec![], vec!["2".into()]));
    let interval = space.number_interval(Excluded(number(0.5)), Excluded(number(2.6)));
    assert_eq!((interval.below.len(), lexical(interval.certain), interval.above.len()), (0, ["1", "2", "2.5"].map(Into::into).into(), 0));
}

#[test]
fn intervals_of_other_blocks() {
    let dates = ["2020-01-01", "2020-01-02", "2020-01-03", "2021-01-01"];
    let space = space_of(dates.iter().map(|d| typed(d, xsd::DATE)).chain(["a", "b", "c"].map(|s| typed(s, xsd::STRING))));
    let date = |value: &str| typed(value, xsd::DATE);
    let (low, high) = (date("2020-01-02"), date("2020-06-01"));
    let found = space.interval(Block::Date, Included(low.as_ref()), Excluded(high.as_ref())).unwrap();
    assert_eq!(found.map(|id| space.term(id).unwrap()).collect::<Vec<_>>(), [date("2020-01-02"), date("2020-01-03")]);
    let (low, high) = (typed("a", xsd::STRING), typed("bb", xsd::STRING));
    let found = space.interval(Block::String, Excluded(low.as_ref()), Included(high.as_ref())).unwrap();
    assert_eq!(found.map(|id| space.term(id).unwrap()).collect::<Vec<_>>(), [typed("b", xsd::STRING)]);
    assert!(space.interval(Block::DateZoned, Included(low.as_ref()), Unbounded).is_none());
    assert!(space.interval(Block::Other, Unbounded, Unbounded).is_none());
    assert_eq!(space.interval(Block::Iri, Unbounded, Unbounded), Some(space.block_ids(Block::Iri)));
}
