//! Expressions of `*.txt` with their values. Lines are calls, `name(argument, …)`, of functions by their SPARQL names, of operators by their
//! symbols and of casts as `xsd:name`; `HGQL_BLESS=1` writes the values that come out into the files.
//!
//! Every expression is evaluated as a constant and again with its terms as variables.

use std::path::Path;
use std::{env, fs};

use hypergraphql_query::algebra::{Expression, Variable};
use hypergraphql_query::expr::{Context, Program, Value, Values};
use oxsdatatypes::DateTime;

#[test]
fn values_are_those_of_the_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expr");
    let mut cases = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let old = fs::read_to_string(&path).unwrap();
        let mut new = String::new();
        for line in old.lines() {
            let Some(text) = line.split(" => ").next().filter(|text| !text.trim().is_empty() && !text.starts_with('#')) else {
                new.push_str(line);
                new.push('\n');
                continue;
            };
            cases += 1;
            new.push_str(&format!("{text} => {}\n", answer(text)));
        }
        if env::var_os("HGQL_BLESS").is_some() {
            fs::write(&path, &new).unwrap();
        }
        let differences: Vec<_> = old.lines().zip(new.lines()).filter(|(old, new)| old != new).collect();
        assert!(differences.is_empty() || env::var_os("HGQL_BLESS").is_some(), "{}: {differences:#?}", path.display());
    }
    assert!(cases > 300, "{cases} cases");
}

/// The value as a term, or the error.
fn answer(text: &str) -> String {
    let expression = crate::prefix::parse(text);
    let folded = evaluate(&expression, &[]);
    let mut values = Vec::new();
    let lifted = lift(&expression, &mut values);
    let computed = evaluate(&lifted, &values);
    assert_eq!(folded, computed, "{text}: folded and computed");
    folded
}

fn evaluate(expression: &Expression, values: &[Option<Value>]) -> String {
    let program = Program::compile(expression, &mut |variable| variable.name().parse().ok().filter(|slot| *slot < values.len()));
    let now: DateTime = "2024-02-29T12:30:00.5Z".parse().unwrap();
    let mut context = Context::new(now, 7);
    context.base = Some(oxiri::Iri::parse("http://example.org/dir/".to_owned()).unwrap());
    let row = Values { values, solution: 3 };
    match program.evaluate(&row, &context) {
        Ok(value) => {
            assert_eq!(Value::from(&value.term()), *value, "{expression:?} gives a value that is not that of its term");
            value.term().to_string().replace("http://www.w3.org/2001/XMLSchema#", "xsd:").replace('\n', "\\n")
        }
        Err(error) => format!("error: {}", error.to_string().replace('\n', "\\n")),
    }
}

/// The expression with variables for its terms, whose values are added. Literals that may be read as dates have to stay.
fn lift(expression: &Expression, values: &mut Vec<Option<Value>>) -> Expression {
    let mut all = |parts: &[Expression]| parts.iter().map(|part| lift(part, values)).collect::<Vec<_>>();
    let mut one = |part: &Expression| Box::new(all(std::slice::from_ref(part)).remove(0));
    match expression {
        Expression::Term(term) => {
            values.push(Some(term.into()));
            Expression::Variable(Variable::new((values.len() - 1).to_string()))
        }
        Expression::Or(parts) => Expression::Or(all(parts)),
        Expression::And(parts) => Expression::And(all(parts)),
        Expression::Not(part) => Expression::Not(one(part)),
        Expression::Compare(comparison, a, b) => Expression::Compare(*comparison, one(a), one(b)),
        Expression::In(value, list) => {
            let value = one(value);
            Expression::In(value, list.iter().map(|item| lift(item, values)).collect())
        }
        Expression::Arithmetic(operator, a, b) => Expression::Arithmetic(*operator, one(a), one(b)),
        Expression::Negate(part) => Expression::Negate(one(part)),
        Expression::Plus(part) => Expression::Plus(one(part)),
        Expression::Coalesce(parts) => Expression::Coalesce(all(parts)),
        Expression::If(a, b, c) => Expression::If(one(a), one(b), one(c)),
        Expression::Call(function, arguments) => Expression::Call(function.clone(), all(arguments)),
        other => other.clone(),
    }
}
