//! Patterns, as SPARQL 1.1 section 18.5 defines them.

use super::{bag, engine, people, rows};

#[test]
fn triple_patterns_join() {
    let people = people();
    assert_eq!(bag(&people, "SELECT ?a ?c { ?a x:knows ?b . ?b x:knows ?c }"), ["ann ann", "ann cid", "bob ann", "cid bob", "cid cid"]);
    assert_eq!(rows(&people, "SELECT (COUNT(*) AS ?n) { ?a x:knows ?b . ?b x:knows ?c }"), ["5"]);
    assert_eq!(
        bag(&people, "SELECT ?a ?b ?c { ?a x:knows ?b . ?b x:knows ?c . ?c x:knows ?a }"),
        ["ann bob cid", "bob cid ann", "cid ann bob"]
    );
    assert_eq!(rows(&people, "SELECT (COUNT(*) AS ?n) { ?a x:knows ?b . ?b x:knows ?c . ?c x:knows ?a }"), ["3"]);
    assert_eq!(bag(&people, "SELECT ?a ?b { ?a x:knows ?b . ?b x:knows ?a }"), ["ann cid", "cid ann"]);
    assert_eq!(bag(&people, "SELECT ?a { ?a x:knows ?a }"), [""; 0]);
    assert_eq!(bag(&people, "SELECT ?a { ?a x:nothing ?b }"), [""; 0]);
}

#[test]
fn optional_keeps_what_has_no_match() {
    let people = people();
    assert_eq!(
        bag(&people, "SELECT ?a ?g { ?a x:knows ?b OPTIONAL { ?b x:age ?g FILTER(?g > 40) } }"),
        ["ann -", "ann 42", "bob -", "cid -"]
    );
    assert_eq!(
        bag(&people, "SELECT ?s ?n ?g { ?s ?p ?o OPTIONAL { ?s x:name ?n } OPTIONAL { ?s x:age ?g } FILTER(?p IN (x:friend, x:age)) }"),
        ["ann - 31", "bob - 42", "cid - 4.5", "dan Dan -"]
    );
    // A variable that is unbound after OPTIONAL is compatible with every value.
    assert_eq!(
        bag(&people, "SELECT ?a ?g { VALUES ?a { x:ann x:dan } OPTIONAL { ?a x:age ?g } VALUES ?g { 31 42 } }"),
        ["ann 31", "dan 31", "dan 42"]
    );
}

#[test]
fn union_minus_and_exists() {
    let people = people();
    assert_eq!(bag(&people, "SELECT ?a { { ?a x:age 31 } UNION { ?a x:age 42 } UNION { ?a x:name 'Eve' } }"), ["_", "ann", "bob"]);
    assert_eq!(bag(&people, "SELECT ?a { ?a x:age ?g MINUS { ?a x:knows x:cid } }"), ["cid"]);
    assert_eq!(bag(&people, "SELECT ?a { ?a x:age ?g MINUS { ?x x:knows x:cid } }"), ["ann", "bob", "cid"]);
    assert_eq!(bag(&people, "SELECT ?a { ?a x:age ?g FILTER NOT EXISTS { ?a x:knows x:cid } }"), ["cid"]);
    assert_eq!(bag(&people, "SELECT ?a { ?a x:age ?g FILTER EXISTS { ?a x:knows ?b . ?b x:age ?h FILTER(?h > ?g) } }"), ["ann", "cid"]);
    assert_eq!(bag(&people, "SELECT ?a { ?a x:age ?g FILTER(?g > 40 || EXISTS { ?a x:knows x:ann }) }"), ["bob", "cid"]);
}

#[test]
fn filters_use_the_order_of_numbers() {
    let people = people();
    assert_eq!(bag(&people, "SELECT ?a { ?a x:age ?g FILTER(?g >= 31) }"), ["ann", "bob"]);
    assert_eq!(bag(&people, "SELECT ?a { ?a x:age ?g FILTER(?g < 31.0 && ?g > 4e0) }"), ["cid"]);
    assert_eq!(bag(&people, "SELECT ?a { ?a x:age ?g FILTER(4.50 = ?g) }"), ["cid"]);
    assert_eq!(bag(&people, "SELECT ?a ?b { ?a x:knows ?b FILTER(?a != x:ann && ?b != ?a) }"), ["bob cid", "cid ann"]);
    assert_eq!(bag(&people, "SELECT ?h { ?a x:age ?g BIND(?g * 2 AS ?h) FILTER(?h > 10) }"), ["62", "84"]);
    assert_eq!(bag(&people, "SELECT ?s { ?s x:name ?n FILTER(LANG(?n) = 'en') }"), ["dan"]);
}

#[test]
fn computed_terms_are_the_terms_of_the_store() {
    let people = people();
    assert_eq!(bag(&people, "SELECT ?a { BIND(30 + 1 AS ?g) ?a x:age ?g }"), ["ann"]);
    assert_eq!(bag(&people, "SELECT DISTINCT ?g { { ?a x:age ?g } UNION { BIND(40 + 2 AS ?g) } }"), ["31", "4.5", "42"]);
}

#[test]
fn graphs_of_the_dataset() {
    let people = people();
    assert_eq!(bag(&people, "SELECT ?a { ?a x:city ?c }"), [""; 0]);
    assert_eq!(bag(&people, "SELECT ?g ?a { GRAPH ?g { ?a x:city ?c } }"), ["g1 ann", "g2 ann", "g2 bob"]);
    assert_eq!(bag(&people, "SELECT ?a { GRAPH x:g2 { ?a x:city ?c } }"), ["ann", "bob"]);
    assert_eq!(bag(&people, "SELECT ?a { GRAPH x:none { ?a x:city ?c } }"), [""; 0]);
    assert_eq!(bag(&people, "SELECT ?a FROM x:g1 FROM x:g2 { ?a x:city ?c }"), ["ann", "bob"]);
    assert_eq!(bag(&people, "SELECT ?a FROM x:g1 FROM x:g2 { ?a x:city ?c . ?a ?p ?c }"), ["ann", "bob"]);
    assert_eq!(bag(&people, "SELECT ?g ?a FROM NAMED x:g1 { GRAPH ?g { ?a x:city ?c } }"), ["g1 ann"]);
    assert_eq!(bag(&people, "SELECT ?g { GRAPH ?g { } }"), ["g1", "g2"]);
    assert_eq!(bag(&people, "SELECT ?g ?a { GRAPH ?g { x:ann x:city ?c . ?a x:city ?c } }"), ["g1 ann", "g2 ann", "g2 bob"]);
    assert_eq!(bag(&people, "SELECT ?g ?n { GRAPH ?g { ?a x:city ?c OPTIONAL { ?a x:name ?n } MINUS { x:bob x:city ?c } } }"), ["g1 -"]);
}

#[test]
fn paths() {
    let people = people();
    assert_eq!(bag(&people, "SELECT ?x { x:ann x:knows+ ?x }"), ["ann", "bob", "cid"]);
    assert_eq!(bag(&people, "SELECT ?x { ?x x:knows+ x:bob }"), ["ann", "bob", "cid"]);
    assert_eq!(bag(&people, "SELECT ?x { x:dan x:knows* ?x }"), ["dan"]);
    assert_eq!(bag(&people, "SELECT ?x { x:stranger x:knows* ?x }"), ["stranger"]);
    assert_eq!(bag(&people, "SELECT ?x { x:stranger x:knows? ?x }"), ["stranger"]);
    assert_eq!(bag(&people, "SELECT ?x { x:ann x:knows/x:knows ?x }"), ["ann", "cid"]);
    assert_eq!(bag(&people, "SELECT ?x { x:cid ^x:knows ?x }"), ["ann", "bob"]);
    assert_eq!(bag(&people, "SELECT ?x { x:ann (x:knows|x:age) ?x }"), ["31", "bob", "cid"]);
    assert_eq!(bag(&people, "SELECT ?x { x:ann !(x:knows) ?x }"), ["31"]);
    assert_eq!(bag(&people, "SELECT ?x { x:cid !(^x:knows|x:age) ?x }"), ["ann"]);
    assert_eq!(bag(&people, "SELECT ?a ?b { ?a x:age 42 . ?a x:knows+ ?b }"), ["bob ann", "bob bob", "bob cid"]);
    assert_eq!(bag(&people, "SELECT ?a { ?a x:knows+ ?a }"), ["ann", "bob", "cid"]);
    assert_eq!(rows(&people, "SELECT (COUNT(*) AS ?n) { ?a x:knows* ?b }"), ["16"]);
    assert_eq!(bag(&people, "SELECT ?g ?x { GRAPH ?g { x:bob x:city+ ?x } }"), ["g2 rome"]);
    assert_eq!(bag(&people, "SELECT ?x { GRAPH x:g2 { ?x x:city? x:rome } }"), ["ann", "bob", "rome"]);
}

#[test]
fn values_bind_and_unbound() {
    let people = people();
    assert_eq!(bag(&people, "SELECT ?a ?g { VALUES (?a ?g) { (x:ann UNDEF) (UNDEF 42) (x:cid 31) } ?a x:age ?g }"), ["ann 31", "bob 42"]);
    assert_eq!(bag(&people, "SELECT ?a ?b { VALUES ?a { 1 2 } VALUES ?b { 3 } BIND(?a / 0 AS ?c) }"), ["1 3", "2 3"]);
}

/// Both patterns of `?b` stand apart from what is known, and both have to hold.
#[test]
fn patterns_that_share_nothing_with_the_rest_all_count() {
    let engine = engine(
        "<http://x/n0> <http://x/p> <http://x/n2> .\n<http://x/n2> <http://x/q> <http://x/n1> .\n<http://x/n0> <http://x/q> <http://x/n0> .\n",
    );
    let query = "SELECT ?a ?b ?c { x:n0 x:p ?a OPTIONAL { ?b x:q x:n0 . x:n0 x:p ?b . ?a x:q ?c } }";
    assert_eq!(bag(&engine, query), ["n2 - -"]);
    let found = "SELECT ?a ?b ?c { x:n0 x:p ?a OPTIONAL { ?b x:q x:n0 . x:n0 x:q ?b . ?a x:q ?c } }";
    assert_eq!(bag(&engine, found), ["n2 n0 n1"]);
    let counted = "SELECT (COUNT(*) AS ?n) { VALUES ?a { x:n2 x:n2 } OPTIONAL { ?b x:q x:n0 . x:n0 x:q ?b . ?b x:p x:n2 . ?a x:q ?c } }";
    assert_eq!(bag(&engine, counted), ["2"]);
}

/// Rows that are only counted are not kept apart, unless a join has to pair them.
#[test]
fn counts_over_patterns_that_share_nothing_are_products() {
    let people = people();
    let knows = rows(&people, "SELECT (COUNT(?b) AS ?n) { ?a x:knows ?b }")[0].parse::<u64>().unwrap();
    let product = "SELECT (COUNT(?b) AS ?n) (COUNT(DISTINCT ?a) AS ?m) { ?a x:knows ?b . ?c x:knows ?d }";
    assert_eq!(rows(&people, product), [format!("{} 3", knows * knows)]);
    let three = "SELECT ?a (COUNT(*) AS ?n) { ?a x:knows ?b . ?c x:knows ?d . ?e x:age ?f } GROUP BY ?a";
    assert_eq!(bag(&people, three), ["ann 24", "bob 12", "cid 12"]);
}

/// A row without a value is not the row that has one.
#[test]
fn rows_without_a_value_are_told_apart_when_an_optional_asks_exists() {
    let engine = engine("<http://x/n3> <http://x/p> <http://x/n0> .");
    let query =
        "SELECT ?a ?b ?c { VALUES (?a ?b) { (x:n3 UNDEF) (UNDEF 0) (x:n0 x:n3) } OPTIONAL { ?a x:p ?c FILTER NOT EXISTS { ?a x:q ?a } } }";
    assert_eq!(bag(&engine, query), ["n0 n3 -", "n3 - n0", "n3 0 n0"]);
}
