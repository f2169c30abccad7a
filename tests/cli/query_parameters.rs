//! `hgql query --param`: terms of a query that are not in its text.

use crate::query::World;

#[test]
fn parameters_are_terms_and_never_text() {
    let world = World::new();
    let ask = |query: &str, parameters: &[&str]| {
        let mut arguments = vec!["query", "world.hgql", query, "--format", "csv"];
        parameters.iter().for_each(|parameter| arguments.extend(["--param", parameter]));
        world.run(&arguments)
    };
    let answer = |query: &str, parameters: &[&str]| ask(query, parameters).ok().replace('\r', "");
    let age = "SELECT ?age { $who :age ?age }";
    for who in ["who=:ada", "who=<http://example.org/ada>", "$who=:ada", "?who= :ada "] {
        assert_eq!(answer(age, &[who]), "age\n36\n", "{who}");
    }
    assert_eq!(
        answer("SELECT ?p { ?p :age ?age FILTER(?age > $least && ?age < ?most) }", &["least=40", "most=90"]),
        "p\nhttp://example.org/grace\n"
    );
    assert_eq!(answer("SELECT ?p $name { ?p :name $name }", &["name=\"Ada\""]), "p,name\nhttp://example.org/ada,Ada\n");
    // What would be more of the query is a string here.
    assert_eq!(answer("SELECT ?p { ?p :name $name }", &["name=\"Ada\\\" . ?p ?q ?r } #\""]), "p\n");
    assert!(world.run(&["query", "world.hgql", age, "--param", "who=:ada", "--explain"]).ok().contains("example.org/ada"));
    ask(age, &["who=:ada :b"]).fails(2, &["--param who", "one term"]);
    ask(age, &["who=1 } VALUES ?x { 2"]).fails(2, &["--param who", "one term"]);
    ask(age, &["who=\"open"]).fails(2, &["--param who: line 1, column 1"]);
    ask(age, &["who=foaf:x"]).fails(2, &["foaf:", "PREFIX"]);
    ask(age, &["whom=:ada"]).fails(2, &["?whom", "?age, ?who"]);
    ask("SELECT ?age { $who $p ?age }", &["who=:ada"]).fails(2, &["$p has no value"]);
    ask("SELECT ?age { :ada $p ?age }", &["p=1"]).fails(2, &["?p", "predicate", "an IRI"]);
    ask(age, &["who"]).fails(2, &["NAME=TERM"]);
}
