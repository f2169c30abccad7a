//! Hierarchies and what their members inherit.

use super::{check, engine};

const ANIMALS: &str = r#"
    :Mammal :isA :Animal ; :hasProperty :warmBlood .
    :Cat :isA :Mammal ; :hasProperty "purrs" . :Bat :isA :Mammal . :tom :isA :Cat ; :livesIn :house . :bruce :isA :Bat .
    :Animal :hasProperty :life . :tux :isA :Animal ; :livesIn :ice ."#;

#[test]
fn the_query_of_the_requirements_answers() {
    let text = "SELECT ?animal ?habitat
WHERE {
    ?animal :isA :Mammal .
    ?animal :livesIn ?habitat .
    
    # Infer properties from parent classes
    INFER {
        ?animal :hasProperty ?property .
        ?property :inheritedFrom :Mammal
    }
}";
    // The patterns outside see what was asserted: tom is a mammal only where it is said so.
    check(&engine(ANIMALS), text, &[]);
    check(&engine(&format!("{ANIMALS} :tom :isA :Mammal .")), text, &[":tom :house"]);
    check(&engine(&format!("{ANIMALS} :Cat :livesIn :home .")), text, &[":Cat :home"]);
}

#[test]
fn isa_is_transitive_and_says_from_where_a_property_comes() {
    let engine = engine(ANIMALS);
    check(&engine, "SELECT ?x { INFER { ?x :isA :Animal } }", &[":Mammal", ":Cat", ":Bat", ":tom", ":bruce", ":tux"]);
    check(&engine, "SELECT ?p { INFER { :tom :hasProperty ?p } }", &["\"purrs\"", ":life", ":warmBlood"]);
    check(&engine, "SELECT ?p ?c { INFER { ?p :inheritedFrom ?c } }", &["\"purrs\" :Cat", ":life :Animal", ":warmBlood :Mammal"]);
    check(&engine, "SELECT ?x { ?x :isA :Animal }", &[":Mammal", ":tux"]);
    check(&engine, "SELECT ?x { ?x :hasProperty :life . INFER { ?x :isA ?c } }", &[]);
}

#[test]
fn declared_hierarchies_inherit_declared_predicates() {
    let engine = engine(
        ":partOf hq:hierarchy true . :colour hq:inheritable true . :wheel :partOf :car . :car :partOf :fleet ; :colour :red ; :owner :me .",
    );
    check(&engine, "SELECT ?x { INFER { ?x :partOf :fleet } }", &[":wheel", ":car"]);
    check(&engine, "SELECT ?x ?c { INFER { ?x :colour ?c } }", &[":car :red", ":wheel :red"]);
    check(&engine, "SELECT ?x ?c { INFER { ?x :owner ?c } }", &[":car :me"]);
    check(&engine, "SELECT ?v ?c { INFER { ?v :inheritedFrom ?c } }", &[":red :car"]);
}

#[test]
fn rdf_type_is_no_hierarchy() {
    let engine = engine(":Cat :isA :Animal . :tom a :Cat . :Cat rdfs:subClassOf :Pet .");
    check(&engine, "SELECT ?c { INFER { :tom a ?c } }", &[":Cat", ":Pet"]);
}

#[test]
fn a_cycle_is_below_itself() {
    let engine = engine(":a :isA :b . :b :isA :a ; :hasProperty :p .");
    check(&engine, "SELECT ?x ?y { INFER { ?x :isA ?y } }", &[":a :a", ":a :b", ":b :a", ":b :b"]);
    check(&engine, "SELECT ?x ?p { INFER { ?x :hasProperty ?p . ?p :inheritedFrom :b } }", &[":a :p", ":b :p"]);
}

#[test]
fn negation_and_paths_see_the_finished_closure() {
    let engine = engine(ANIMALS);
    check(&engine, "SELECT ?x { INFER { ?x :isA :Animal . FILTER NOT EXISTS { ?x :isA :Mammal } } }", &[":Mammal", ":tux"]);
    check(&engine, "SELECT ?x { INFER { ?x :isA :Animal } MINUS { ?x :isA :Mammal } }", &[":Mammal", ":tom", ":bruce", ":tux"]);
    check(&engine, "SELECT DISTINCT ?p { INFER { :bruce :isA/:hasProperty ?p } FILTER (?p = :life) }", &[":life"]);
    check(&engine, "SELECT DISTINCT ?c { INFER { :warmBlood :inheritedFrom+ ?c } }", &[":Mammal"]);
}
