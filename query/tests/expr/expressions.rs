//! Expressions of `*.txt` with their values; `HGQL_BLESS=1` writes the values that come out into the files. `?a`, `?b`, `?p` and `?s` are blank nodes,
//! `?u` is unbound.
//!
//! Every expression is evaluated as a constant and again with its terms as variables.

use std::path::Path;
use std::{env, fs};

use hypergraphql_query::algebra::{Expression, Variable};
use hypergraphql_query::expr::{Context, Program, Value, Values};
use oxsdatatypes::DateTime;

use crate::query::{parse, replace};

const NODES: [&str; 4] = ["a", "b", "p", "s"];

#[test]
fn operators() {
    check("operators.txt", true);
}

#[test]
fn functions() {
    check("functions.txt", true);
}

#[test]
fn casts() {
    check("casts.txt", true);
}

#[test]
fn relaxed() {
    check("relaxed.txt", false);
}

fn check(file: &str, strict: bool) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expr").join(file);
    let old = fs::read_to_string(&path).unwrap();
    let mut new = String::new();
    for line in old.lines() {
        match line.split(" => ").next().filter(|text| !text.is_empty() && !text.starts_with('#')) {
            Some(text) => new.push_str(&format!("{text} => {}\n", answer(text, strict))),
            None => new.push_str(&format!("{line}\n")),
        }
    }
    if env::var_os("HGQL_BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, &new).unwrap();
        return;
    }
    let differences: Vec<_> = old.lines().zip(new.lines()).filter(|(old, new)| old != new).collect();
    assert!(differences.is_empty(), "{file}: {differences:#?}");
    assert!(new.lines().count() > 10, "{file} is nearly empty");
}

/// The value as a term, or the error.
fn answer(text: &str, strict: bool) -> String {
    let expression = parse(text, strict);
    let mut values: Vec<_> = NODES.iter().map(|label| Some(Value::Blank((*label).into()))).collect();
    let folded = evaluate(&expression, &values);
    let lifted = replace(&expression, &mut |part| match part {
        Expression::Term(term) => {
            values.push(Some(term.into()));
            Some(Expression::Variable(Variable::new((values.len() - 1).to_string())))
        }
        _ => None,
    });
    assert_eq!(folded, evaluate(&lifted, &values), "{text}: folded and computed");
    folded
}

fn evaluate(expression: &Expression, values: &[Option<Value>]) -> String {
    let slot = |name: &str| NODES.iter().position(|node| *node == name).or_else(|| name.parse().ok());
    let program = Program::compile(expression, &mut |variable| slot(variable.name()));
    let now: DateTime = "2024-02-29T12:30:00.5Z".parse().unwrap();
    let mut context = Context::new(now, 7);
    context.base = Some(oxiri::Iri::parse("http://example.org/dir/".to_owned()).unwrap());
    let row = Values { values, solution: 3 };
    match program.evaluate(&row, &context) {
        Ok(value) => {
            assert_eq!(Value::from(&value.term()), *value, "{expression:?} gives a value that is not that of its term");
            value.term().to_string().replace("http://www.w3.org/2001/XMLSchema#", "xsd:")
        }
        Err(error) => format!("error: {}", error.to_string().replace('\n', "\\n")),
    }
}
