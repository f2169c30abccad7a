//! Closures against the reference, on random graphs and on one example for each rule.

use std::collections::BTreeSet;

use hypergraphql_framework::store::{AtomSpace, Id, Order};
use hypergraphql_query::algebra::Regime;
use oxrdf::{GraphName, Literal, NamedNode, NamedOrBlankNode, Quad, Term};
use proptest::prelude::*;

use super::InferError;
use super::asserted::Merge;
use super::closure::{Closure, Question, closure};
use super::evaluate::Reach;
use super::pairs::unpack;
use super::reference::{self, Triple};
use super::terms::ClosureTerms;

const BASE: &str = "http://example.org/";

fn term(text: &str) -> Term {
    let prefixes = [
        ("rdf:", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
        ("rdfs:", "http://www.w3.org/2000/01/rdf-schema#"),
        ("owl:", "http://www.w3.org/2002/07/owl#"),
        ("hq:", "https://hypergraphql.org/ns#"),
        (":", BASE),
    ];
    if text == "true" {
        return Literal::from(true).into();
    }
    if let Ok(number) = text.parse::<u32>() {
        return Literal::new_typed_literal(number.to_string(), oxrdf::vocab::xsd::NON_NEGATIVE_INTEGER).into();
    }
    if let Some(text) = text.strip_prefix('"') {
        return Literal::new_simple_literal(text).into();
    }
    let text = if text == "a" { "rdf:type" } else { text };
    let (prefix, namespace) = prefixes.iter().find(|(prefix, _)| text.starts_with(prefix)).unwrap();
    NamedNode::new(format!("{namespace}{}", &text[prefix.len()..])).unwrap().into()
}

/// Statements `s p o`, one a line.
fn space(text: &str) -> AtomSpace {
    let quads = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| {
        let [s, p, o] = line.split_whitespace().map(term).collect::<Vec<_>>().try_into().unwrap();
        quad(s, p, o)
    });
    AtomSpace::from_quads(quads).unwrap()
}

fn quad(subject: Term, predicate: Term, object: Term) -> Quad {
    let (subject, predicate) = (NamedOrBlankNode::try_from(subject).unwrap(), NamedNode::try_from(predicate).unwrap());
    Quad::new(subject, predicate, object, GraphName::DefaultGraph)
}

fn close(space: &AtomSpace, terms: &ClosureTerms, regime: Regime, reach: Reach) -> Result<BTreeSet<Triple>, InferError> {
    let question = Question { regime, reach, base: BASE };
    let Closure { relations } = closure(&Merge::new(space, vec![0]), terms, &question, &|_| Ok(()))?;
    let triples = relations.iter().flat_map(|(p, pairs)| pairs.iter().map(move |pair| (*p, unpack(*pair))));
    Ok(triples.map(|(p, (s, o))| [s, p, o]).collect())
}

fn asserted(space: &AtomSpace) -> BTreeSet<Triple> {
    let rows = space.rows(Order::Spo, &[]);
    (0..rows.len()).map(|at| rows.row(at)).map(|[s, p, o, _]| [s, p, o]).collect()
}

/// What of the reference's triples are statements.
fn statements(all: &BTreeSet<Triple>, terms: &ClosureTerms) -> BTreeSet<Triple> {
    let inherited_from = terms.intern(&term(":inheritedFrom")).unwrap();
    let is_statement = |triple: &&Triple| terms.is_iri(triple[1]) && (terms.is_subject(triple[0]) || triple[1] == inherited_from);
    all.iter().filter(is_statement).copied().collect()
}

fn readable(triples: &BTreeSet<Triple>, terms: &ClosureTerms) -> BTreeSet<String> {
    triples.iter().map(|triple| terms.write(*triple)).collect()
}

/// The closure of all predicates and that of each one alone are what the reference finds.
fn compare(space: &AtomSpace, regime: Regime) {
    let terms = ClosureTerms::new(space);
    let expected = reference::closure(&asserted(space), regime, BASE, &terms);
    let found = close(space, &terms, regime, Reach::All);
    let expected = match (expected, found) {
        (Ok(expected), Ok(found)) => {
            let expected = statements(&expected, &terms);
            assert_eq!(readable(&found, &terms), readable(&expected, &terms));
            expected
        }
        (Err(_), Err(InferError::Inconsistent { .. })) => return,
        (expected, found) => panic!("expected {:?}, found {found:?}", expected.map(|all| readable(&all, &terms))),
    };
    let predicates: BTreeSet<Id> = expected.iter().map(|triple| triple[1]).collect();
    for predicate in predicates {
        let found = close(space, &terms, regime, Reach::Predicates([predicate].into())).unwrap();
        let expected = expected.iter().filter(|triple| triple[1] == predicate).copied().collect();
        assert_eq!(readable(&found, &terms), readable(&expected, &terms), "{:?} alone", terms.term(predicate));
    }
}

/// Statements of which many meet: few subjects, each place weighted towards what the rules name.
fn graph(predicates: &'static [&'static str], classes: &'static [&'static str]) -> impl Strategy<Value = AtomSpace> {
    let own = prop::sample::select(&[":a", ":b", ":c", ":d", ":p", ":q", ":r"][..]);
    let property = prop::sample::select(&[":p", ":q", ":r"][..]);
    let predicate = prop_oneof![2 => property.clone(), 5 => prop::sample::select(predicates)];
    let object = prop_oneof![6 => own.clone(), 3 => property, 2 => prop::sample::select(classes), 1 => Just("\"x")];
    let statement = (own, predicate, object).prop_map(|(s, p, o)| quad(term(s), term(p), term(o)));
    prop::collection::vec(statement, 0..14).prop_map(|quads| AtomSpace::from_quads(quads).unwrap())
}

const SCHEMA: &[&str] = &["a", "rdfs:subClassOf", "rdfs:subPropertyOf", "rdfs:domain", "rdfs:range"];
const INHERITANCE: &[&str] = &["a", "rdfs:subClassOf", "rdfs:subPropertyOf", ":isA", ":hasProperty", "hq:hierarchy", "hq:inheritable"];
const OWL: &[&str] = &[
    "a",
    "a",
    "a",
    "rdfs:subClassOf",
    "rdfs:subPropertyOf",
    "rdfs:domain",
    "rdfs:range",
    "owl:sameAs",
    "owl:equivalentClass",
    "owl:equivalentProperty",
    "owl:inverseOf",
    "owl:onProperty",
    "owl:onProperty",
    "owl:someValuesFrom",
    "owl:allValuesFrom",
    "owl:hasValue",
    "owl:maxCardinality",
];
const OWL_CLASSES: &[&str] = &[
    "owl:Class",
    "owl:Thing",
    "owl:ObjectProperty",
    "owl:TransitiveProperty",
    "owl:SymmetricProperty",
    "owl:FunctionalProperty",
    "owl:InverseFunctionalProperty",
    "1",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn rho_df_is_what_its_rules_say(space in graph(SCHEMA, &["rdfs:subPropertyOf", "rdfs:domain", "rdf:type"])) {
        compare(&space, Regime::RhoDf);
    }

    #[test]
    fn rdfs_is_what_its_rules_say(space in graph(SCHEMA, &["rdfs:Class", "rdfs:Datatype", "rdf:Property", "rdfs:ContainerMembershipProperty"])) {
        compare(&space, Regime::Rdfs);
    }

    #[test]
    fn inheritance_is_what_its_definition_says(space in graph(INHERITANCE, &["true", ":isA", ":hasProperty"])) {
        compare(&space, Regime::Rules);
        compare(&space, Regime::RhoDf);
    }

    #[test]
    fn owl_is_what_its_rules_say(space in graph(OWL, OWL_CLASSES)) {
        compare(&space, Regime::Owl2Rl);
    }
}

/// A list of these members, with nodes of its own.
fn list(name: &str, members: &[&str]) -> String {
    let node = |at: usize| if at == members.len() { "rdf:nil".to_owned() } else { format!(":{name}{at}") };
    let link = |(at, member): (usize, &&str)| format!("{} rdf:first {member}\n{} rdf:rest {}\n", node(at), node(at), node(at + 1));
    members.iter().enumerate().map(link).collect()
}

#[test]
fn lists_make_rules() {
    let lists =
        [list("i", &[":A", ":B"]), list("u", &[":C", ":D", ":E"]), list("p", &[":f", ":g", ":h"]), list("k", &[":f", ":key"])].concat();
    let text = format!(
        "{lists} :I owl:intersectionOf :i0\n:U owl:unionOf :u0\n:O owl:oneOf :u0\n:chain owl:propertyChainAxiom :p0\n:K owl:hasKey :k0
        :x a :A\n:x a :B\n:y a :I\n:z a :D\n:x :f :y\n:y :g :z\n:z :h :w\n:z :h :x\n:v a :K\n:v :f 1\n:v :key :q\n:t a :K\n:t :f 1\n:t :key :q"
    );
    compare(&space(&text), Regime::Owl2Rl);
}

#[test]
fn lists_forbid() {
    let checked = [
        ("owl:AllDifferent", "owl:members"),
        ("owl:AllDifferent", "owl:distinctMembers"),
        ("owl:AllDisjointClasses", "owl:members"),
        ("owl:AllDisjointProperties", "owl:members"),
    ];
    let wrong = [":a owl:sameAs :c", ":a owl:sameAs :c", ":x a :a\n:x a :c", ":x :a :y\n:x :c :y"];
    let fine = [":a owl:sameAs :d", ":a owl:sameAs :d", ":x a :a\n:y a :c", ":x :a :y\n:y :c :x"];
    let rules = ["eq-diff2", "eq-diff3", "cax-adc", "prp-adp"];
    for (at, (class, predicate)) in checked.into_iter().enumerate() {
        let base = format!("{}:all a {class}\n:all {predicate} :m0\n", list("m", &[":a", ":b", ":c"]));
        let terms_of = |text: &str| {
            let space = space(&format!("{base}{text}"));
            let terms = ClosureTerms::new(&space);
            compare(&space, Regime::Owl2Rl);
            close(&space, &terms, Regime::Owl2Rl, Reach::All)
        };
        let error = terms_of(wrong[at]).unwrap_err();
        assert!(matches!(&error, InferError::Inconsistent { rule, .. } if rule == rules[at]), "{error}");
        assert!(terms_of(fine[at]).is_ok(), "{}", rules[at]);
    }
}

#[test]
fn every_inconsistency_has_its_rule() {
    let cases = [
        ("eq-diff1", ":a owl:sameAs :b\n:a owl:differentFrom :b"),
        ("eq-diff1", ":a owl:differentFrom :a"),
        ("prp-irp", ":p a owl:IrreflexiveProperty\n:a :p :a"),
        ("prp-asyp", ":p a owl:AsymmetricProperty\n:a :p :b\n:b :p :a"),
        ("prp-pdw", ":p owl:propertyDisjointWith :q\n:a :p :b\n:a :q :b"),
        ("prp-npa1", ":n owl:sourceIndividual :a\n:n owl:assertionProperty :p\n:n owl:targetIndividual :b\n:a :p :b"),
        ("prp-npa2", ":n owl:sourceIndividual :a\n:n owl:assertionProperty :p\n:n owl:targetValue 7\n:a :p 7"),
        ("cls-maxc1", ":c owl:maxCardinality 0\n:c owl:onProperty :p\n:a a :c\n:a :p :b"),
        ("cls-maxqc1", ":c owl:maxQualifiedCardinality 0\n:c owl:onProperty :p\n:c owl:onClass :d\n:a a :c\n:a :p :b\n:b a :d"),
        ("cls-maxqc2", ":c owl:maxQualifiedCardinality 0\n:c owl:onProperty :p\n:c owl:onClass owl:Thing\n:a a :c\n:a :p :b"),
        ("cls-nothing2", ":a a owl:Nothing"),
        ("cls-com", ":c owl:complementOf :d\n:a a :c\n:a a :d"),
        ("cax-dw", ":c owl:disjointWith :d\n:a a :c\n:a a :d"),
    ];
    for (expected, text) in cases {
        let space = space(text);
        let error = close(&space, &ClosureTerms::new(&space), Regime::Owl2Rl, Reach::All).unwrap_err();
        assert!(matches!(&error, InferError::Inconsistent { rule, .. } if rule == expected), "{expected}: {error}");
        compare(&space, Regime::Owl2Rl);
    }
}

#[test]
fn cardinalities_and_keys_make_equals() {
    let base = ":c owl:onProperty :p\n:a a :c\n:a :p :b\n:a :p :d\n:b a :k\n:d a :k\n";
    for restriction in [
        ":c owl:maxCardinality 1",
        ":c owl:maxQualifiedCardinality 1\n:c owl:onClass :k",
        ":c owl:maxQualifiedCardinality 1\n:c owl:onClass owl:Thing",
    ] {
        let space = space(&format!("{base}{restriction}"));
        let terms = ClosureTerms::new(&space);
        let found = close(&space, &terms, Regime::Owl2Rl, Reach::All).unwrap();
        let id = |text: &str| terms.intern(&term(text)).unwrap();
        assert!(found.contains(&[id(":b"), id("owl:sameAs"), id(":d")]), "{restriction}");
        compare(&space, Regime::Owl2Rl);
    }
}
