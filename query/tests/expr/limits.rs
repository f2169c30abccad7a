//! Programs beyond values: what they read, what is constant, and that hostile expressions are errors.

use hypergraphql_query::algebra::{Expression, Function, Pattern, Variable};
use hypergraphql_query::expr::{Context, EvalError, MAX_DEPTH, MAX_STRING, Program, Value, Values, constant};

use crate::query;

fn parse(text: &str) -> Expression {
    query::parse(text, true)
}

fn evaluate(expression: &Expression, values: &[Option<Value>]) -> Result<Value, EvalError> {
    let program = Program::compile(expression, &mut |variable| variable.name().trim_start_matches('v').parse().ok());
    let context = Context::new("2020-01-01T00:00:00Z".parse().unwrap(), 1);
    program.evaluate(&Values { values, solution: 0 }, &context).map(std::borrow::Cow::into_owned)
}

fn not(expression: Expression) -> Expression {
    Expression::Not(Box::new(expression))
}

#[test]
fn nesting_is_bounded() {
    let variable = || Expression::Variable(Variable::new("0"));
    let row = [Some(Value::Boolean(true))];
    let deep = (0..MAX_DEPTH - 1).fold(variable(), |inner, _| not(inner));
    assert_eq!(evaluate(&deep, &row), Ok(Value::Boolean(MAX_DEPTH % 2 == 1)));
    assert_eq!(evaluate(&not(deep), &row), Err(EvalError::TooDeep));
    let triple = |object| Value::triple(Value::iri("a:s"), Value::iri("a:p"), object);
    let deep = (0..MAX_DEPTH).fold(Value::Integer(1), |object, _| triple(object).unwrap());
    assert_eq!(triple(deep), Err(EvalError::TooDeep));
}

#[test]
fn strings_are_bounded() {
    let row = [Some(Value::string("a".repeat(MAX_STRING / 2 + 1)))];
    assert_eq!(evaluate(&parse("STRLEN(CONCAT(?v0, \"a\"))"), &row), Ok(Value::Integer(MAX_STRING as i64 / 2 + 2)));
    assert_eq!(evaluate(&parse("CONCAT(?v0, ?v0)"), &row), Err(EvalError::TooLong { operation: "CONCAT" }));
    let row = [Some(Value::string("a".repeat(1 << 16))), Some(Value::string("b".repeat(1 << 11)))];
    let replaced = evaluate(&parse("REPLACE(?v0, \"a\", ?v1)"), &row);
    assert_eq!(replaced, Err(EvalError::TooLong { operation: "REPLACE" }));
}

#[test]
fn exists_has_to_be_lowered() {
    assert_eq!(evaluate(&Expression::Exists(Box::new(Pattern::Bgp(Vec::new()))), &[]), Err(EvalError::Exists));
}

#[test]
fn constants() {
    let of = |text: &str| constant(&parse(text));
    assert_eq!(of("1 + STRLEN(\"abc\")"), Some(Ok(Value::Integer(4))));
    assert_eq!(of("?x && false"), Some(Ok(Value::Boolean(false))));
    assert_eq!(of("true || ?x"), Some(Ok(Value::Boolean(true))));
    assert_eq!(of("COALESCE(1, ?x)"), Some(Ok(Value::Integer(1))));
    assert_eq!(of("IF(true, 2, ?x)"), Some(Ok(Value::Integer(2))));
    assert_eq!(of("?x + 1 / 0"), Some(Err(EvalError::DivisionByZero)));
    for varying in ["?x", "BOUND(?x)", "?x + 1", "?x && true", "COALESCE(?x, 1)", "NOW()", "RAND()", "UUID()", "BNODE(\"x\")", "IRI(\"x\")"]
    {
        assert_eq!(of(varying), None, "{varying}");
    }
}

#[test]
fn slots_and_determinism() {
    let compile = |text: &str| Program::compile(&parse(text), &mut |variable| variable.name().trim_start_matches('v').parse().ok());
    let program = compile("?v7 = ?v2 || BOUND(?v2) || ?gone < 1");
    assert_eq!(program.slots(), [2, 7]);
    assert!(program.is_deterministic());
    assert!(compile("NOW()").is_deterministic());
    for random in ["RAND()", "?v0 + RAND()", "UUID()", "STRUUID()", "BNODE()", "BNODE(STR(?v0))"] {
        assert!(!compile(random).is_deterministic(), "{random}");
    }
}

#[test]
fn random_values_depend_on_seed_operator_call_and_solution() {
    let program = Program::compile(&parse("RAND()"), &mut |_| None);
    let twice = Program::compile(&parse("RAND() - RAND()"), &mut |_| None);
    let at = |program: &Program, seed, operator, solution| {
        let mut context = Context::new("2020-01-01T00:00:00Z".parse().unwrap(), seed);
        context.operator = operator;
        program.evaluate(&Values { values: &[], solution }, &context).unwrap().into_owned()
    };
    let first = at(&program, 1, 0, 0);
    assert_eq!(at(&program, 1, 0, 0), first);
    assert_ne!(at(&program, 2, 0, 0), first);
    assert_ne!(at(&program, 1, 1, 0), first);
    assert_ne!(at(&program, 1, 0, 1), first);
    assert_ne!(at(&twice, 1, 0, 0), Value::from(0.0));
    // The same label is the same node in a solution, whatever the operator, and another one in another.
    let node = Program::compile(&Expression::Call(Function::BNode, vec![parse("\"x\"")]), &mut |_| None);
    assert_eq!(at(&node, 1, 0, 5), at(&node, 1, 3, 5));
    assert_ne!(at(&node, 1, 0, 5), at(&node, 1, 0, 6));
    assert_ne!(at(&node, 2, 0, 5), at(&node, 1, 0, 5));
    let mean = (0..1000).map(|solution| at(&program, 1, 0, solution)).map(|value| match value {
        Value::Double(value) => f64::from(value),
        other => panic!("{other:?}"),
    });
    let mean = mean.sum::<f64>() / 1000.0;
    assert!((mean - 0.5).abs() < 0.05, "{mean}");
}

#[test]
fn wrong_numbers_of_arguments_are_errors() {
    for (function, arguments) in
        [(Function::StrLen, 0), (Function::Now, 1), (Function::SubStr, 1), (Function::Replace, 5), (Function::BNode, 2)]
    {
        let call = Expression::Call(function, vec![parse("\"a\""); arguments]);
        assert!(matches!(evaluate(&call, &[]), Err(EvalError::Arity { found, .. }) if found == arguments), "{call:?}");
    }
    assert_eq!(evaluate(&Expression::And(Vec::new()), &[]), Ok(Value::Boolean(true)));
    assert_eq!(evaluate(&Expression::Or(Vec::new()), &[]), Ok(Value::Boolean(false)));
}
