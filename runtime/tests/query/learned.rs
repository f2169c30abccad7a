//! `SIMILAR` and `PREDICT` with models whose answers are formulas, against plain loops.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use hypergraphql_runtime::engine::{Answer, Engine, QueryError, QueryOptions};
use hypergraphql_runtime::learned::{Embeddings, Learned, LinkModel, ModelFailure, Question, TextModel};
use oxrdf::{Literal, NamedNode, Term};

use super::{engine, node, text};

/// Entities of the model; the store lacks the last two, and the model lacks x:stranger.
const ENTITIES: usize = 23;

/// A number from 0 to 1 for some numbers.
fn noise(of: &[u64]) -> f64 {
    let mix = |hash: u64, x: &u64| (hash ^ x).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_add(0x1234_5678_9abc_def1);
    (of.iter().fold(7, mix) >> 11) as f64 / (1u64 << 53) as f64
}

struct Formula {
    entities: Vec<String>,
    relations: Vec<String>,
    width: usize,
    /// Questions that it was asked.
    asked: Arc<AtomicUsize>,
    slow: Duration,
}

impl Formula {
    fn new() -> Self {
        let mut entities: Vec<String> = (0..ENTITIES).map(|i| format!("http://x/e{i}")).collect();
        // A literal, which is no subject, and no term at all.
        entities[5] = "\"1843\"^^<http://www.w3.org/2001/XMLSchema#gYear>".to_owned();
        entities[6] = "\"open".to_owned();
        let relations = ["http://x/knows", "http://x/since", "http://x/likes"].map(str::to_owned).to_vec();
        Self { entities, relations, width: 5, asked: Arc::default(), slow: Duration::ZERO }
    }

    fn embedding(&self, entity: usize) -> Vec<f32> {
        // Entities 8 and 9 are one, and 10 has none.
        let entity = if entity == 9 { 8 } else { entity };
        (0..self.width).map(|i| if entity == 10 { 0.0 } else { (noise(&[entity as u64, i as u64, 1]) - 0.4) as f32 * 3.0 }).collect()
    }

    fn cosine(&self, a: usize, b: usize) -> f64 {
        let (a, b) = (self.embedding(a), self.embedding(b));
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
        let length = (dot(&a, &a) * dot(&b, &b)).sqrt();
        if length > 0.0 { dot(&a, &b) / length } else { 0.0 }
    }

    fn probability(&self, question: &Question<'_>, answer: usize) -> f32 {
        let numbers = [u64::from(question.entity), u64::from(question.relation), u64::from(question.of_subject), answer as u64];
        let qualifiers = question.qualifiers.iter().flat_map(|(role, player)| [u64::from(*role), u64::from(*player)]);
        noise(&numbers.into_iter().chain(qualifiers).collect::<Vec<_>>()) as f32
    }
}

impl LinkModel for Formula {
    fn device(&self) -> &str {
        "paper"
    }

    fn entities(&self) -> &[String] {
        &self.entities
    }

    fn relations(&self) -> &[String] {
        &self.relations
    }

    fn subjects(&self, relation: u32) -> Vec<u32> {
        (0..ENTITIES as u32).filter(|entity| (entity + relation).is_multiple_of(3)).collect()
    }

    fn embeddings(&self) -> Result<Embeddings, ModelFailure> {
        Ok(Embeddings { width: self.width, values: (0..ENTITIES).flat_map(|entity| self.embedding(entity)).collect() })
    }

    fn probabilities(&self, questions: &[Question<'_>]) -> Result<Vec<f32>, ModelFailure> {
        self.asked.fetch_add(questions.len(), Ordering::Relaxed);
        std::thread::sleep(self.slow);
        Ok(questions.iter().flat_map(|question| (0..ENTITIES).map(|answer| self.probability(question, answer))).collect())
    }
}

/// Entities that are nodes or literals of the store.
fn stored() -> Vec<usize> {
    (0..ENTITIES - 2).filter(|entity| *entity != 6).collect()
}

/// Everybody has an age, and knows the one two places on.
fn world() -> Engine {
    let mut quads = String::new();
    for i in stored().into_iter().filter(|i| *i != 5) {
        quads += &format!("<http://x/e{i}> <http://x/age> \"{}\"^^<http://www.w3.org/2001/XMLSchema#integer> .\n", i * 7 % 10);
        quads += &format!("<http://x/e{i}> <http://x/knows> <http://x/e{}> .\n", if [3, 4, 19, 20].contains(&i) { 0 } else { i + 2 });
    }
    quads += "<http://x/stranger> <http://x/age> \"3\"^^<http://www.w3.org/2001/XMLSchema#integer> .\n";
    quads += "<http://x/e1> <http://x/since> \"1843\"^^<http://www.w3.org/2001/XMLSchema#gYear> .\n";
    let hq = "https://hypergraphql.org/ns#";
    for (edge, object, since) in [("h1", "e7", true), ("h2", "e8", false)] {
        let is = format!("<http://x/{edge}>");
        quads +=
            &format!("{is} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{hq}Hyperedge> .\n{is} <{hq}relation> <http://x/knows> .\n");
        quads += &format!("{is} <{hq}subject> <http://x/e0> .\n{is} <{hq}object> <http://x/{object}> .\n");
        if since {
            quads += &format!("{is} <http://x/since> \"1843\"^^<http://www.w3.org/2001/XMLSchema#gYear> .\n");
        }
    }
    engine(&quads)
}

fn options() -> QueryOptions {
    QueryOptions { learned: Learned::default().with_links(Formula::new()), ..QueryOptions::default() }
}

/// A term of a row, by the number of its entity where it is one.
fn word(term: &Term) -> String {
    match term {
        Term::NamedNode(node) => node.as_str().trim_start_matches("http://x/").to_owned(),
        Term::Literal(literal) if literal.value() == "1843" => "e5".to_owned(),
        Term::Literal(literal) => literal.value().to_owned(),
        other => other.to_string(),
    }
}

fn rows_with(engine: &Engine, query: &str, options: &QueryOptions) -> Vec<Vec<String>> {
    let run = |unoptimized| {
        let answer = engine.query(&text(query), &QueryOptions { unoptimized, ..options.clone() });
        let Answer::Solutions(solutions) = answer.unwrap_or_else(|error| panic!("{query}\n{error}")) else {
            panic!("{query} is no SELECT")
        };
        solutions
            .rows()
            .map(|row| row.iter().map(|term| term.as_ref().map_or("-".to_owned(), word)).collect())
            .collect::<Vec<Vec<String>>>()
    };
    let (rows, plain) = (run(false), run(true));
    let sorted = |rows: &[Vec<String>]| {
        let mut rows = rows.to_vec();
        rows.sort();
        rows
    };
    assert_eq!(sorted(&rows), sorted(&plain), "optimised and plain differ: {query}");
    rows
}

fn rows(query: &str) -> Vec<Vec<String>> {
    rows_with(&world(), query, &options())
}

fn entity(word: &str) -> usize {
    word[1..].parse().unwrap_or_else(|_| panic!("{word} is no entity"))
}

/// Those nearest to one, best first, of those that are looked at.
fn nearest(of: usize, k: usize, looked_at: impl Fn(usize) -> bool) -> Vec<(usize, f64)> {
    let model = Formula::new();
    let mut all: Vec<(usize, f64)> = stored().into_iter().filter(|e| *e != of && looked_at(*e)).map(|e| (e, model.cosine(of, e))).collect();
    // Of equal ones that with the lower id, whose text comes first: entities 8 and 9 alone.
    all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    all.truncate(k);
    all
}

/// Rows of what is found and its score, as they should be.
fn check(query: &str, expected: &[(usize, f64)]) {
    let found = rows(query);
    let names: Vec<usize> = found.iter().map(|row| entity(&row[0])).collect();
    assert_eq!(names, expected.iter().map(|(entity, _)| *entity).collect::<Vec<_>>(), "{query}");
    for (row, (_, score)) in found.iter().zip(expected) {
        let got: f64 = row[1].parse().unwrap();
        assert!((got - score).abs() < 1e-6, "{query}: {got} instead of {score}");
    }
}

#[test]
fn similar_nodes_are_the_nearest() {
    for (of, k) in [(0, 1), (0, 3), (1, 7), (8, 4), (9, 4), (13, 100)] {
        // One with an embedding of zeros is like all others, and equal ones go by their names: not where all are found.
        let expected = nearest(of, k.min(12), |_| true);
        let limit = k.min(12);
        check(
            &format!(
                "SELECT ?x ?s {{ {{ SELECT * {{ SIMILAR(?x, x:e{of}, {k}) AS ?s }} ORDER BY DESC(?s) ?x LIMIT {limit} }} }} ORDER BY DESC(?s) ?x"
            ),
            &expected,
        );
        assert_eq!(rows(&format!("SELECT ?x {{ SIMILAR(?x, x:e{of}, {k}) }}")).len(), k.min(stored().len() - 1), "{of} {k}");
    }
    assert_eq!(rows("SELECT ?x { SIMILAR(?x, x:e0) }").len(), 10, "ten are found where nothing is said");
    // The model knows it, the store does not.
    assert_eq!(rows("SELECT ?x { SIMILAR(?x, x:e22, 2) }").iter().map(|row| entity(&row[0])).collect::<Vec<_>>(), {
        nearest(22, 2, |_| true).into_iter().map(|(entity, _)| entity).collect::<Vec<_>>()
    });
}

#[test]
fn among_says_what_is_looked_at() {
    let young = |entity: usize| entity != 5 && entity * 7 % 10 < 4;
    check("SELECT ?x ?s { SIMILAR(?x, x:e0, 3) AS ?s AMONG { ?x x:age ?age FILTER(?age < 4) } } ORDER BY DESC(?s)", &nearest(0, 3, young));
    // Without, the nearest are found first and tested then.
    let tested: Vec<(usize, f64)> = nearest(0, 8, |_| true).into_iter().filter(|(entity, _)| young(*entity)).collect();
    check("SELECT ?x ?s { SIMILAR(?x, x:e0, 8) AS ?s . ?x x:age ?age FILTER(?age < 4) } ORDER BY DESC(?s)", &tested);
    assert!(!tested.is_empty() && tested.len() < 8);
    let least: Vec<(usize, f64)> = nearest(0, 8, |_| true).into_iter().filter(|(_, score)| *score > 0.3).collect();
    check("SELECT ?x ?s { SIMILAR(?x, x:e0, 8) AS ?s FILTER(?s > 0.3) } ORDER BY DESC(?s)", &least);
    assert!(rows("SELECT ?x { SIMILAR(?x, x:e0, 8) AMONG { ?x x:age 77 } }").is_empty());
    assert!(rows("SELECT ?x { SIMILAR(?x, x:e0, 8) AMONG { VALUES ?x { x:stranger x:nobody } } }").is_empty());
    assert_eq!(rows("SELECT ?x { SIMILAR(?x, x:e0, 8) AMONG { VALUES ?x { x:e3 UNDEF } } }"), [["e3"]]);
}

#[test]
fn similar_to_a_variable_is_similar_to_each_of_its_values() {
    let old: Vec<usize> = stored().into_iter().filter(|e| *e != 5 && e * 7 % 10 > 5).collect();
    let of_each = |k: usize, looked_at: &dyn Fn(usize) -> bool| -> BTreeSet<(usize, usize)> {
        old.iter().flat_map(|y| nearest(*y, k, looked_at).into_iter().map(move |(x, _)| (*y, x))).collect()
    };
    let pairs = |query: &str| -> BTreeSet<(usize, usize)> {
        let rows = rows(query);
        let pairs: BTreeSet<(usize, usize)> = rows.iter().map(|row| (entity(&row[0]), entity(&row[1]))).collect();
        assert_eq!(pairs.len(), rows.len(), "{query}");
        pairs
    };
    let young = |entity: usize| entity != 5 && entity * 7 % 10 < 4;
    assert_eq!(pairs("SELECT ?y ?x { ?y x:age ?a FILTER(?a > 5) SIMILAR(?x, ?y, 3) AS ?s }"), of_each(3, &|_| true));
    assert_eq!(pairs("SELECT ?y ?x { SIMILAR(?x, ?y, 3) AS ?s . ?y x:age ?a FILTER(?a > 5) }"), of_each(3, &|_| true), "in any order");
    let among = "SELECT ?y ?x { ?y x:age ?a FILTER(?a > 5) SIMILAR(?x, ?y, 2) AMONG { ?x x:age ?age FILTER(?age < 4) } }";
    assert_eq!(pairs(among), of_each(2, &young));
    // What is found is bound elsewhere, too: those of the nearest that one knows.
    let known: BTreeSet<(usize, usize)> =
        of_each(9, &|_| true).into_iter().filter(|(y, x)| *x == if [3, 4, 19, 20].contains(y) { 0 } else { y + 2 }).collect();
    assert_eq!(pairs("SELECT ?y ?x { ?y x:age ?a ; x:knows ?x FILTER(?a > 5) SIMILAR(?x, ?y, 9) AS ?s }"), known);
    assert!(!known.is_empty());
    assert!(pairs("SELECT ?y ?x { VALUES ?y { x:stranger UNDEF } SIMILAR(?x, ?y, 3) }").is_empty());
    // In EXISTS it is that of the row.
    let exists = "SELECT ?y ?x { ?y x:age ?a ; x:knows ?x FILTER(?a > 5) FILTER EXISTS { SIMILAR(?x, ?y, 9) } }";
    assert_eq!(pairs(exists), known);
    let minus = "SELECT ?y ?x { ?y x:age ?a ; x:knows ?x FILTER(?a > 5) MINUS { ?y x:age ?b SIMILAR(?x, ?y, 9) } }";
    assert_eq!(pairs(minus).len() + known.len(), old.len());
    let counted = rows("SELECT (COUNT(*) AS ?n) { ?y x:age ?a FILTER(?a > 5) SIMILAR(?x, ?y, 3) }");
    assert_eq!(counted, [[(3 * old.len()).to_string()]]);
}

/// What a model finds most probable of some claims, as pairs of subject and object.
fn probable(claims: impl Iterator<Item = (Question<'static>, usize)>, k: usize) -> Vec<((usize, usize), f64)> {
    let model = Formula::new();
    let mut all: Vec<((usize, usize), f64)> = claims
        .map(|(question, answer)| {
            let score = f64::from(model.probability(&question, answer));
            let given = question.entity as usize;
            (if question.of_subject { (answer, given) } else { (given, answer) }, score)
        })
        .collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all.truncate(k);
    all
}

fn question(entity: usize, relation: u32, of_subject: bool, qualifiers: &'static [(u32, u32)]) -> Question<'static> {
    Question { entity: entity as u32, relation, of_subject, qualifiers }
}

fn check_pairs(query: &str, expected: &[((usize, usize), f64)]) {
    let found = rows(query);
    let got: Vec<((usize, usize), f64)> = found.iter().map(|row| ((entity(&row[0]), entity(&row[1])), row[2].parse().unwrap())).collect();
    assert_eq!(
        got.iter().map(|(pair, _)| *pair).collect::<Vec<_>>(),
        expected.iter().map(|(pair, _)| *pair).collect::<Vec<_>>(),
        "{query}"
    );
    for ((_, got), (_, score)) in got.iter().zip(expected) {
        assert!((got - score).abs() < 1e-6, "{query}: {got} instead of {score}");
    }
}

#[test]
fn what_is_predicted_is_not_there() {
    let objects = |held: &'static [usize]| stored().into_iter().filter(move |o| !held.contains(o)).map(|o| (question(0, 0, false, &[]), o));
    let order = "ORDER BY DESC(?p)";
    // e0 knows e2, as a statement; as hyperedges it knows e7 since 1843, and e8.
    check_pairs(
        &format!("SELECT (x:e0 AS ?s) ?x ?p {{ PREDICT {{ x:e0 x:knows ?x LIMIT 4 }} AS ?p }} {order}"),
        &probable(objects(&[2]), 4),
    );
    let edge = |more: &str| format!("HYPEREDGE ?h {{ hq:relation x:knows ; hq:subject x:e0 ; hq:object ?x {more} }}");
    let all = format!("SELECT (x:e0 AS ?s) ?x ?p {{ PREDICT {{ {} LIMIT 99 }} AS ?p }} {order}", edge(""));
    check_pairs(&all, &probable(objects(&[7, 8]), 99));
    let qualified = stored().into_iter().filter(|o| *o != 7).map(|o| (question(0, 0, false, &[(1, 5)]), o));
    let since = edge("; x:since \"1843\"^^xsd:gYear");
    check_pairs(&format!("SELECT (x:e0 AS ?s) ?x ?p {{ PREDICT {{ {since} LIMIT 6 }} AS ?p }} {order}"), &probable(qualified, 6));
    // Of h1 it is not all that is said.
    let exact = edge("").replace("HYPEREDGE", "HYPEREDGE EXACT");
    check_pairs(&format!("SELECT (x:e0 AS ?s) ?x ?p {{ PREDICT {{ {exact} LIMIT 99 }} AS ?p }} {order}"), &probable(objects(&[8]), 99));
    // A literal is no subject.
    let subjects = stored().into_iter().filter(|s| ![3, 4, 19, 20, 5].contains(s)).map(|s| (question(0, 0, true, &[]), s));
    check_pairs(&format!("SELECT ?x (x:e0 AS ?o) ?p {{ PREDICT {{ ?x x:knows x:e0 LIMIT 5 }} AS ?p }} {order}"), &probable(subjects, 5));
    let adults = stored().into_iter().filter(|o| *o != 2 && *o != 5 && o * 7 % 10 > 4).map(|o| (question(0, 0, false, &[]), o));
    check_pairs(
        &format!(
            "SELECT (x:e0 AS ?s) ?x ?p {{ PREDICT {{ x:e0 x:knows ?x LIMIT 3 }} AS ?p AMONG {{ ?x x:age ?a FILTER(?a > 4) }} }} {order}"
        ),
        &probable(adults, 3),
    );
}

#[test]
fn both_members_can_be_open() {
    let knows = |s: usize| if [3, 4, 19, 20].contains(&s) { 0 } else { s + 2 };
    let pairs = |subjects: Vec<usize>| {
        subjects
            .into_iter()
            .flat_map(move |s| stored().into_iter().filter(move |o| *o != knows(s)).map(move |o| (question(s, 0, false, &[]), o)))
    };
    let order = "ORDER BY DESC(?p)";
    // Those that the model saw as subjects, as far as they are nodes here.
    let seen: Vec<usize> = stored().into_iter().filter(|s| s % 3 == 0 && *s != 5).collect();
    check_pairs(&format!("SELECT ?x ?y ?p {{ PREDICT {{ ?x x:knows ?y LIMIT 7 }} AS ?p }} {order}"), &probable(pairs(seen.clone()), 7));
    check_pairs(
        &format!("SELECT ?x ?y ?p {{ PREDICT {{ ?x x:knows ?y LIMIT 1000 }} AS ?p }} {order}"),
        &probable(pairs(seen.clone()), 1000),
    );
    let young: Vec<usize> = stored().into_iter().filter(|e| *e != 5 && e * 7 % 10 < 4).collect();
    let among = "AMONG { ?x x:age ?a FILTER(?a < 4) }";
    check_pairs(
        &format!("SELECT ?x ?y ?p {{ PREDICT {{ ?x x:knows ?y LIMIT 7 }} AS ?p {among} }} {order}"),
        &probable(pairs(young.clone()), 7),
    );
    let both = "AMONG { ?x x:age ?a . ?y x:age ?a FILTER(?x != ?y) }";
    let of_age = |(question, o): &(Question<'static>, usize)| {
        *o != 5 && *o != question.entity as usize && (*o * 7) % 10 == (question.entity as usize * 7) % 10
    };
    let expected = probable(pairs(stored().into_iter().filter(|s| *s != 5).collect()).filter(of_age), 7);
    check_pairs(&format!("SELECT ?x ?y ?p {{ PREDICT {{ ?x x:knows ?y LIMIT 7 }} AS ?p {both} }} {order}"), &expected);
    // The object alone.
    let object = probable(pairs(seen).filter(|(_, o)| *o != 5 && o * 7 % 10 < 4), 7);
    check_pairs(&format!("SELECT ?x ?y ?p {{ PREDICT {{ ?x x:knows ?y LIMIT 7 }} AS ?p {} }} {order}", among.replace("?x", "?y")), &object);
}

#[test]
fn one_claim_has_its_probability_or_is_there() {
    let p = Formula::new().probability(&question(0, 0, false, &[]), 3);
    assert_eq!(rows("SELECT ?p { PREDICT { x:e0 x:knows x:e3 } AS ?p }"), [[format!("{p:?}")]]);
    assert!(rows("SELECT ?p { PREDICT { x:e0 x:knows x:e2 } AS ?p }").is_empty(), "it is there");
    // The store lacks it.
    assert_eq!(rows("SELECT ?p { PREDICT { x:e0 x:knows x:e22 } AS ?p }").len(), 1);
}

#[test]
fn a_predicted_hyperedge_is_one_blank_node() {
    let edge = "PREDICT { HYPEREDGE ?h { hq:relation x:knows ; hq:subject x:e0 ; hq:object ?x } LIMIT 3 } AS ?p";
    let twice = rows(&format!("SELECT ?h {{ {{ {edge} }} UNION {{ {edge} }} }}"));
    let nodes: BTreeSet<String> = twice.iter().map(|row| row[0].clone()).collect();
    assert!(twice.len() == 6 && nodes.len() == 3 && nodes.iter().all(|node| node.starts_with("_:predicted")), "{twice:?}");
    let query = format!("CONSTRUCT {{ ?h a hq:Hyperedge ; hq:object ?x ; hq:confidence ?p }} {{ {edge} }}");
    let Answer::Graph(triples) = world().query(&text(&query), &options()).unwrap() else { panic!("no graph") };
    assert_eq!(triples.len(), 9);
    // Written down, it is there.
    let world = world();
    world.update(&text(&format!("INSERT {{ x:e0 x:knows ?x }} WHERE {{ {} }}", edge.replace("?h", ""))), &options()).unwrap();
    let found = rows_with(&world, "SELECT ?x { PREDICT { x:e0 x:knows ?x LIMIT 99 } }", &options());
    let written = rows(&format!("SELECT ?x {{ {edge} }}"));
    assert!(written.iter().all(|row| !found.contains(row)), "{written:?} {found:?}");
}

#[test]
fn conditions_before_a_model_spare_it_questions() {
    let model = Formula::new();
    let asked = Arc::clone(&model.asked);
    let options = QueryOptions { learned: Learned::default().with_links(model), ..QueryOptions::default() };
    let query = "SELECT * { PREDICT { ?x x:knows ?y LIMIT 7 } AS ?p AMONG { ?x x:age ?a FILTER(?x = x:e7) } }";
    world().query(&text(query), &options).unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    world().query(&text("SELECT * { PREDICT { ?x x:knows ?y LIMIT 7 } AS ?p }"), &options).unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 1 + stored().into_iter().filter(|s| s % 3 == 0).count());
}

#[test]
fn parameters_stand_for_nodes() {
    let (world, options) = (world(), options());
    let count = |query: &str, name: &str, value: Term| {
        let prepared = world.prepare(&text(query), &options)?;
        let Answer::Solutions(found) = prepared.query(&[(name, value)])? else { panic!("no solutions") };
        Ok::<usize, QueryError>(found.len())
    };
    assert_eq!(count("SELECT * { SIMILAR(?x, $who, 4) AS ?s }", "who", node("e3").into()).unwrap(), 4);
    assert_eq!(count("SELECT * { PREDICT { $who x:knows ?x LIMIT 4 } AS ?p }", "who", node("e3").into()).unwrap(), 4);
    assert_eq!(count("SELECT * { PREDICT { x:e3 $r ?x LIMIT 4 } AS ?p }", "r", node("likes").into()).unwrap(), 4);
    for (query, name, value, words) in [
        ("SELECT * { SIMILAR(?x, $who, 4) AS ?s }", "who", Term::from(Literal::from("a text")), ["an encoder of texts", "--encoder"]),
        ("SELECT * { SIMILAR($x, x:e3, 4) AS ?s }", "x", node("e3").into(), ["SIMILAR", "cannot be a parameter"]),
        ("SELECT * { SIMILAR(?x, x:e3, 4) AS $s }", "s", node("e3").into(), ["SIMILAR", "cannot be a parameter"]),
        ("SELECT * { PREDICT { x:e3 $r ?x LIMIT 4 } AS ?p }", "r", Literal::from("likes").into(), ["?r", "an IRI is expected"]),
        ("SELECT * { PREDICT { x:e3 $r ?x } AS ?p }", "r", node("hates").into(), ["http://x/hates", "relation"]),
    ] {
        let error = count(query, name, value).unwrap_err().to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{query}: {error}");
    }
    // What is a variable to the reader is a parameter only where it is given.
    let error = world.query(&text("SELECT * { PREDICT { x:e3 ?r ?x } }"), &options).unwrap_err().to_string();
    assert!(error.contains("line 1, column") && error.contains("the relation of PREDICT is an IRI, not ?r"), "{error}");
}

/// Letters that a text has, with some noise.
struct Letters(Arc<AtomicUsize>);

impl TextModel for Letters {
    fn device(&self) -> &str {
        "paper"
    }

    fn embed(&self, texts: &[&str]) -> Result<Embeddings, ModelFailure> {
        self.0.fetch_add(texts.len(), Ordering::Relaxed);
        if texts.contains(&"broken") {
            return Err("the pencil broke".into());
        }
        Ok(Embeddings { width: 26, values: texts.iter().flat_map(|text| letters(text)).map(|x| x as f32).collect() })
    }
}

fn letters(text: &str) -> Vec<f64> {
    (b'a'..=b'z').map(|letter| text.bytes().filter(|b| *b == letter).count() as f64).collect()
}

const LABELS: [(&str, &str); 7] = [
    ("cat", "\"a small cat\""),
    ("cat", "\"tomcat\"@en"),
    ("dog", "\"dog\""),
    ("cow", "\"cow\""),
    ("cow", "\"ox\""),
    ("act", "\"act of tom\""),
    ("none", "\"\""),
];

fn labelled() -> (Engine, QueryOptions, Arc<AtomicUsize>) {
    let label = |(node, text): &(&str, &str)| format!("<http://x/{node}> <http://x/label> {text} .\n");
    let world = engine(&LABELS.iter().map(label).collect::<String>());
    let asked: Arc<AtomicUsize> = Arc::default();
    let learned = Learned::default().with_texts(Letters(Arc::clone(&asked)), NamedNode::new_unchecked("http://x/label"));
    (world, QueryOptions { learned, ..QueryOptions::default() }, asked)
}

#[test]
fn texts_find_the_nodes_with_the_nearest_labels() {
    let (world, options, asked) = labelled();
    let cosine = |a: &str, b: &str| {
        let (a, b) = (letters(a), letters(b));
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
    };
    for wanted in ["tomcat", "a cow", "good dog"] {
        let mut expected: Vec<(&str, f64)> = vec![];
        for name in ["cat", "dog", "cow", "act"] {
            let texts = LABELS.iter().filter(|(node, _)| *node == name).map(|(_, text)| text.trim_end_matches("@en").trim_matches('"'));
            expected.push((name, texts.map(|text| cosine(wanted, text)).fold(f64::MIN, f64::max)));
        }
        expected.sort_by(|a, b| b.1.total_cmp(&a.1));
        for k in 1..=4 {
            let found = rows_with(&world, &format!("SELECT ?x ?s {{ SIMILAR(?x, \"{wanted}\", {k}) AS ?s }} ORDER BY DESC(?s)"), &options);
            let names: Vec<&str> = found.iter().map(|row| row[0].as_str()).collect();
            assert_eq!(names, expected[..k].iter().map(|(name, _)| *name).collect::<Vec<_>>(), "{wanted}");
            for (row, (_, score)) in found.iter().zip(&expected) {
                assert!((row[1].parse::<f64>().unwrap() - score).abs() < 1e-6, "{wanted}: {row:?} {score}");
            }
        }
    }
    // Labels are embedded once, and after an update only the new one.
    let before = asked.load(Ordering::Relaxed);
    world.update(&text("INSERT DATA { x:rat x:label 'rat' }"), &options).unwrap();
    let found = rows_with(&world, "SELECT ?x { SIMILAR(?x, \"rat\", 1) }", &options);
    assert_eq!(found, [["rat"]]);
    assert_eq!(asked.load(Ordering::Relaxed), before + 3, "the text twice, and the label");
    // Without a model of links, nodes are compared by their labels.
    assert_eq!(rows_with(&world, "SELECT ?x { SIMILAR(?x, x:act, 1) }", &options), [["cat"]]);
    assert_eq!(
        rows_with(&world, "SELECT ?x { ?y x:label 'rat' SIMILAR(?x, ?y, 1) AMONG { VALUES ?x { x:dog x:cat } } }", &options),
        [["cat"]]
    );
}

fn refused(engine: &Engine, query: &str, options: &QueryOptions) -> QueryError {
    match engine.query(&text(query), options) {
        Ok(_) => panic!("{query} was answered"),
        Err(error) => error,
    }
}

#[test]
fn what_cannot_be_asked_is_refused_with_a_reason() {
    let hyperedge = |incidences: &str| format!("SELECT * {{ PREDICT {{ HYPEREDGE ?h {{ {incidences} }} }} AS ?p }}");
    let parts = "hq:relation x:knows ; hq:subject x:e0 ; hq:object ?x";
    let with_model = [
        ("SELECT * { PREDICT { x:e0 x:hates ?x } }".to_owned(), ["Predict #", "no relation <http://x/hates>", "http://x/knows"]),
        ("SELECT * { PREDICT { x:stranger x:knows ?x } }".to_owned(), ["Predict #", "no entity <http://x/stranger>", "23"]),
        ("SELECT * { SIMILAR(?x, x:stranger, 3) }".to_owned(), ["Similar #", "no entity <http://x/stranger>", "namespace"]),
        ("SELECT * { SIMILAR(?x, \"a text\", 3) }".to_owned(), ["Similar #", "an encoder of texts", "--encoder DIR"]),
        ("SELECT * { ?x x:age ?y SIMILAR(?x, ?z, 3) }".to_owned(), ["line 1", "like ?z", "bind the variable"]),
        ("SELECT * { ?y x:age ?a OPTIONAL { SIMILAR(?x, ?y, 3) } }".to_owned(), ["line 1", "like ?y", "same group"]),
        ("SELECT * { SIMILAR(?x, x:e0, 3) AMONG { ?y x:age 3 } }".to_owned(), ["line 1", "AMONG", "?x"]),
        ("SELECT * { PREDICT { x:e0 x:knows ?x } AMONG { ?y x:age 3 } }".to_owned(), ["line 1", "AMONG", "subject nor the object"]),
        ("SELECT * { PREDICT { ?x x:knows ?x } }".to_owned(), ["line 1", "?x is subject and object", "FILTER"]),
        (hyperedge("x:author ?x ; x:paper ?y"), ["line 1", "hq:relation, hq:subject and hq:object", "write PREDICT"]),
        (hyperedge("hq:relation x:knows ; hq:subject x:e0 ; hq:subject ?x"), ["line 1", "subject> once", "write PREDICT"]),
        (hyperedge(&format!("{parts} ; x:since ?y")), ["line 1", "not the player ?y", "name the player"]),
        (hyperedge(&format!("{parts} ; ?role x:e3")), ["line 1", "no role ?role", "IRI"]),
        (hyperedge("hq:relation x:knows ; hq:subject x:e0 ; hq:object ?h"), ["line 1", "?h stands for the hyperedge", "another name"]),
        (hyperedge(parts).replace("?h", "x:h1"), ["line 1", "not there", "variable"]),
        (hyperedge(parts).replace("?h", "DISTINCT PLAYERS"), ["line 1", "DISTINCT PLAYERS", "FILTER"]),
        (hyperedge(&format!("{parts} ; x:place x:e3")), ["Predict #", "no relation <http://x/place>", "since"]),
        (hyperedge(&format!("{parts} ; x:since x:stranger")), ["Predict #", "no entity <http://x/stranger>", "others"]),
        ("ASK { FILTER EXISTS { PREDICT { x:e0 ?r x:e1 } } }".to_owned(), ["line 1", "relation of PREDICT", "?r"]),
    ];
    let world = world();
    for (query, words) in with_model {
        for unoptimized in [false, true] {
            let error = refused(&world, &query, &QueryOptions { unoptimized, ..options() }).to_string();
            assert!(words.iter().all(|word| error.contains(word)), "{query}\n{error}");
        }
    }
    for (query, words) in [
        ("SELECT * { PREDICT { x:e0 x:knows ?x } }", ["Predict #", "--model DIR"]),
        ("SELECT * { SIMILAR(?x, x:e0, 3) }", ["Similar #", "--model DIR"]),
        ("SELECT * { SIMILAR(?x, \"a\", 3) }", ["Similar #", "--encoder DIR"]),
        ("SELECT * { ?x x:nothing ?y FILTER NOT EXISTS { SIMILAR(?y, x:e0, 3) } }", ["Similar #", "--model DIR"]),
        ("SELECT * { GRAPH ?g { PREDICT { x:e0 x:knows ?x } } }", ["Predict #", "--model DIR"]),
    ] {
        let error = refused(&world, query, &QueryOptions::default());
        assert!(matches!(error, QueryError::NoModel { .. }), "{query}\n{error}");
        assert!(words.iter().all(|word| error.to_string().contains(word)), "{query}\n{error}");
    }
    let (labelled, texts, _) = labelled();
    for (query, words) in [
        ("SELECT * { SIMILAR(?x, \"broken\", 3) }", ["Similar #", "the pencil broke"]),
        ("SELECT * { SIMILAR(?x, x:nobody, 3) }", ["Similar #", "no label"]),
        ("SELECT * { PREDICT { x:cat x:eats ?x } }", ["Predict #", "--model DIR"]),
    ] {
        let error = refused(&labelled, query, &texts).to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{query}\n{error}");
    }
    let error = refused(&world, "SELECT * { SIMILAR(?x, \"a\", 3) }", &texts).to_string();
    assert!(error.contains("no node has a label <http://x/label>") && error.contains("--label"), "{error}");
}

#[test]
fn limits_hold_for_models() {
    let (world, pairs) = (world(), "SELECT * { PREDICT { ?x x:knows ?y LIMIT 1000 } AS ?p }");
    let slow = Formula { slow: Duration::from_millis(40), ..Formula::new() };
    let learned = Learned::default().with_links(slow);
    let options = QueryOptions { learned, ..QueryOptions::default() };
    let late = QueryOptions { timeout: Some(Duration::from_millis(20)), ..options.clone() };
    let error = refused(&world, pairs, &late);
    assert!(matches!(&error, QueryError::Timeout { operator, .. } if operator.starts_with("Predict #")), "{error}");
    let cancelled = QueryOptions { cancel: Some(Arc::new(AtomicBool::new(true))), ..options.clone() };
    assert!(matches!(refused(&world, pairs, &cancelled), QueryError::Cancelled { .. }));
    let error = refused(&world, pairs, &QueryOptions { memory: Some(500), ..options.clone() });
    assert!(matches!(&error, QueryError::Memory { operator, .. } if operator.starts_with("Predict #")), "{error}");
    let error =
        refused(&world, "SELECT * { ?y x:age ?a SIMILAR(?x, ?y, 20) AS ?s }", &QueryOptions { memory: Some(2000), ..options.clone() });
    assert!(matches!(&error, QueryError::Memory { operator, .. } if operator.starts_with("Similar #")), "{error}");
    let error = refused(&world, pairs, &QueryOptions { limit: Some(5), ..options.clone() });
    assert!(matches!(error, QueryError::TooManyRows { limit: 5, .. }), "{error}");
    let (_, profile) = world.profile(&text("SELECT * { PREDICT { x:e0 x:knows ?y LIMIT 3 } AS ?p }"), &options).unwrap();
    let ran: Vec<(&str, u64)> = profile.operators.iter().map(|of| (of.device.as_str(), of.rows)).collect();
    assert!(ran.contains(&("paper", 3)), "{ran:?}");
}

#[test]
fn patterns_around_see_what_is_found() {
    let ages: Vec<usize> = nearest(0, 5, |e| e != 5).into_iter().map(|(e, _)| e * 7 % 10).collect();
    let found = rows("SELECT ?a { SIMILAR(?x, x:e0, 5) AS ?s AMONG { ?x x:age ?b } OPTIONAL { ?x x:age ?a } } ORDER BY DESC(?s)");
    assert_eq!(found, ages.iter().map(|age| [age.to_string()]).collect::<Vec<_>>());
    let sum = rows("SELECT (SUM(?a) AS ?n) { ?x x:age ?a SIMILAR(?x, x:e0, 5) AMONG { ?x x:age ?b } }");
    assert_eq!(sum, [[ages.iter().sum::<usize>().to_string()]]);
    let graph = rows("SELECT DISTINCT ?x { { SIMILAR(?x, x:e0, 2) } UNION { SIMILAR(?x, x:e1, 2) } }");
    let expected: BTreeSet<usize> = [0, 1].into_iter().flat_map(|e| nearest(e, 2, |_| true)).map(|(e, _)| e).collect();
    assert_eq!(graph.iter().map(|row| entity(&row[0])).collect::<BTreeSet<_>>(), expected);
    assert_eq!(rows("SELECT ?s { ?x x:age ?a SIMILAR(?x, x:e0, 1) AS ?s AMONG { ?x x:age 3 } TEMPORAL { AS OF '2020' } }").len(), 1);
    assert!(rows("SELECT ?x { GRAPH x:nothing { SIMILAR(?x, x:e0, 2) } }").is_empty());
}
