//! Values on random terms: nothing is lost on the way to a value and back, `ORDER BY` is a total order that agrees with `<`, and no expression panics.

use std::cmp::Ordering;
use std::sync::LazyLock;

use hypergraphql_query::algebra::{Comparison, Expression};
use hypergraphql_query::expr::{Context, Program, Value, Values, compare, compare_order_by, compare_values, equal};
use oxrdf::{BaseDirection, BlankNode, Literal, NamedNode, Term, Triple};
use proptest::prelude::*;
use proptest::sample::select;

use crate::query::{parse, replace};

/// Lexical forms that are near the edges of datatypes.
#[rustfmt::skip]
const FORMS: [&str; 62] = [
    "", "0", "-0", "+0", "1", "01", "1.", ".5", "1.0", "1.50", "-1", "2", "10", "1e0", "1.0E0", "1E0", "-0.0E0", "0.0E0", "NaN", "INF",
    "-INF", "inf", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "9007199254740993", "9007199254740992",
    "170141183460469231731.687303715884105727", "170141183460469231732", "0.1", "0.100000000000000006", "1e-400", "1e400", "5e-324",
    "true", "false", "TRUE", "2020-01-01", "2020-01-01Z", "2020-01-01+14:00", "2020-01-01T00:00:00", "2020-01-01T00:00:00Z",
    "2020-01-01T24:00:00", "2019-12-31T14:00:00Z", "2020-01-01T00:00:00.10-14:00", "24:00:00", "00:00:00", "12:00:00Z", "2020", "-0044",
    "2020Z", "2020-02", "--02-29", "--12", "---31", "P1M", "P30D", "P1Y", "P12M", "PT0S", "P1M9999999999999D", "a b\n\"é👪",
];

#[rustfmt::skip]
const DATATYPES: [&str; 24] = [
    "string", "boolean", "integer", "decimal", "float", "double", "byte", "unsignedLong", "nonPositiveInteger", "dateTime",
    "dateTimeStamp", "date", "time", "gYear", "gYearMonth", "gMonthDay", "gMonth", "gDay", "duration", "dayTimeDuration",
    "yearMonthDuration", "token", "anyURI", "unknown",
];

fn literal() -> impl Strategy<Value = Term> {
    let form = prop_oneof![4 => select(&FORMS[..]).prop_map(str::to_owned), 1 => "[-+]?[0-9]{1,22}(\\.[0-9]{0,20})?([eE]-?[0-9]{1,3})?", 1 => ".{0,6}"];
    let language = select(&["en", "en-gb", "fr"][..]);
    let direction = select(&[None, Some(BaseDirection::Ltr), Some(BaseDirection::Rtl)][..]);
    prop_oneof![
        6 => (form.clone(), select(&DATATYPES[..])).prop_map(|(form, datatype)| {
            Literal::new_typed_literal(form, NamedNode::new_unchecked(format!("http://www.w3.org/2001/XMLSchema#{datatype}"))).into()
        }),
        1 => (form, language, direction).prop_map(|(form, language, direction)| match direction {
            None => Literal::new_language_tagged_literal_unchecked(form, language).into(),
            Some(direction) => Literal::new_directional_language_tagged_literal_unchecked(form, language, direction).into(),
        }),
    ]
}

fn term() -> impl Strategy<Value = Term> {
    let leaf = prop_oneof![
        8 => literal(),
        1 => select(&["a", "b0", "2f"][..]).prop_map(|label| BlankNode::new_unchecked(label).into()),
        1 => select(&["a:b", "http://example.org/é"][..]).prop_map(|iri| NamedNode::new_unchecked(iri).into()),
    ];
    leaf.prop_recursive(3, 3, 1, |object| {
        (select(&["a:s", "a:t"][..]), object)
            .prop_map(|(subject, object)| Triple::new(NamedNode::new_unchecked(subject), NamedNode::new_unchecked("a:p"), object).into())
    })
}

/// Operators and functions of `?x`, `?y` and `?z`.
#[rustfmt::skip]
const CALLS: [&str; 74] = [
    "?x = ?y", "?x != ?y", "?x < ?y", "?x >= ?y", "?x + ?y", "?x - ?y", "?x * ?y", "?x / ?y", "-?x", "+?x", "!?x", "?x || ?y", "?x && ?y",
    "?x IN (?y, ?z)", "IF(?x, ?y, ?z)", "COALESCE(?x, ?y)", "STR(?x)", "LANG(?x)", "LANGDIR(?x)", "LANGMATCHES(?x, ?y)", "DATATYPE(?x)", "IRI(?x)",
    "BNODE(?x)", "ABS(?x)", "CEIL(?x)", "FLOOR(?x)", "ROUND(?x)", "CONCAT(?x, ?y, ?z)", "SUBSTR(?x, ?y)", "SUBSTR(?x, ?y, ?z)", "STRLEN(?x)",
    "REPLACE(?x, ?y, ?z)", "UCASE(?x)", "LCASE(?x)", "ENCODE_FOR_URI(?x)", "CONTAINS(?x, ?y)", "STRSTARTS(?x, ?y)", "STRENDS(?x, ?y)",
    "STRBEFORE(?x, ?y)", "STRAFTER(?x, ?y)", "YEAR(?x)", "MONTH(?x)", "DAY(?x)", "HOURS(?x)", "MINUTES(?x)", "SECONDS(?x)", "TIMEZONE(?x)", "TZ(?x)",
    "MD5(?x)", "STRLANG(?x, ?y)", "STRLANGDIR(?x, ?y, ?z)", "STRDT(?x, ?y)", "sameTerm(?x, ?y)", "isNUMERIC(?x)", "REGEX(?x, ?y)", "REGEX(?x, ?y, ?z)",
    "TRIPLE(?x, ?y, ?z)", "SUBJECT(?x)", "xsd:string(?x)", "xsd:boolean(?x)", "xsd:integer(?x)", "xsd:decimal(?x)", "xsd:float(?x)", "xsd:double(?x)",
    "xsd:byte(?x)", "xsd:dateTime(?x)", "xsd:dateTimeStamp(?x)", "xsd:date(?x)", "xsd:time(?x)", "xsd:gYear(?x)", "xsd:gYearMonth(?x)",
    "xsd:duration(?x)", "xsd:dayTimeDuration(?x)", "xsd:yearMonthDuration(?x)",
];

static PARSED: LazyLock<Vec<Expression>> = LazyLock::new(|| CALLS.iter().map(|call| parse(call, true)).collect());

fn expression() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![9 => term().prop_map(Expression::Term), 1 => literal().prop_map(Expression::Loose)];
    leaf.prop_recursive(3, 12, 3, |inner| {
        (select(&PARSED[..]), [inner.clone(), inner.clone(), inner]).prop_map(|(call, arguments)| {
            replace(&call, &mut |part| match part {
                Expression::Variable(variable) => Some(arguments["xyz".find(variable.name())?].clone()),
                _ => None,
            })
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn terms_survive(term in term()) {
        prop_assert_eq!(&Value::from(&term).term(), &term);
    }

    #[test]
    fn equality_is_that_of_terms(a in term(), b in term()) {
        let same = Value::from(&a) == Value::from(&b);
        prop_assert_eq!(same, a == b);
        if same {
            prop_assert_eq!(compare_values(&Value::from(&a), &Value::from(&b)), Ordering::Equal);
        }
    }

    #[test]
    fn order_is_total(a in prop::option::weighted(0.9, term()), b in prop::option::weighted(0.9, term()), c in prop::option::weighted(0.9, term())) {
        let [a, b, c] = [a, b, c].map(|term| term.map(|term| Value::from(&term)));
        let (ab, bc, ac) = (compare_order_by(a.as_ref(), b.as_ref()), compare_order_by(b.as_ref(), c.as_ref()), compare_order_by(a.as_ref(), c.as_ref()));
        prop_assert_eq!(compare_order_by(b.as_ref(), a.as_ref()), ab.reverse());
        prop_assert_eq!(ab.is_eq(), a == b);
        if ab == bc {
            prop_assert_eq!(ac, ab, "{:?} {:?} {:?}", a, b, c);
        }
    }

    #[test]
    fn order_agrees_with_less(a in literal(), b in literal()) {
        let (a, b) = (Value::from(&a), Value::from(&b));
        if compare(Comparison::Less, &a, &b) == Ok(true) {
            prop_assert_eq!(compare_values(&a, &b), Ordering::Less);
            prop_assert_eq!(equal(&a, &b), Ok(false));
        }
        prop_assert_eq!(equal(&a, &b), equal(&b, &a).map_err(|_| equal(&a, &b).unwrap_err()));
    }

    /// With terms and with variables for them; the value is that of its term.
    #[test]
    fn expressions_do_not_panic(expression in expression()) {
        let context = Context::new("2020-01-01T00:00:00Z".parse().unwrap(), 1);
        let row = Values { values: &[], solution: 0 };
        let program = Program::compile(&expression, &mut |_| None);
        if let Ok(value) = program.evaluate(&row, &context) {
            prop_assert_eq!(&Value::from(&value.term()), &*value, "{:?}", expression);
        }
    }
}

#[test]
fn order_of_kinds() {
    #[rustfmt::skip]
    let ascending = [
        "_:a", "_:b", "<a:a>", "<a:b>", "\"-INF\"^^xsd:double", "-1", "01", "1", "1.0", "\"1\"^^xsd:byte", "1.5", "\"INF\"^^xsd:float",
        "\"NaN\"^^xsd:float", "\"NaN\"^^xsd:double", "\"\"", "\"B\"", "\"a\"", "\"é\"", "\"a\"@en", "\"a\"@en--ltr", "\"a\"@fr",
        "\"b\"@en", "false", "true", "\"2019-12-31T14:00:00Z\"^^xsd:dateTime", "\"2020-01-01T00:00:00\"^^xsd:dateTime",
        "\"2020-01-01T00:00:00Z\"^^xsd:dateTime", "\"2020-01-01\"^^xsd:date", "\"2020-01-01Z\"^^xsd:date", "\"12:00:00\"^^xsd:time",
        "\"2020\"^^xsd:gYear", "\"2020-01\"^^xsd:gYearMonth", "\"P1D\"^^xsd:dayTimeDuration", "\"P1M\"^^xsd:yearMonthDuration",
        "\"x\"^^<a:s>", "\"x\"^^xsd:integer", "\"y\"^^<a:s>",
    ];
    let terms: Vec<Value> = ascending.iter().map(|text| Value::from(&crate::query::term(text))).collect();
    for (i, a) in terms.iter().enumerate() {
        assert_eq!(compare_order_by(None, Some(a)), Ordering::Less);
        for (j, b) in terms.iter().enumerate() {
            assert_eq!(compare_values(a, b), i.cmp(&j), "{} {}", ascending[i], ascending[j]);
        }
    }
    // sparql12/eval-triple-terms/order-2
    let triple = |subject: &str, predicate: &str, object: Value| Value::triple(Value::iri(subject), Value::iri(predicate), object).unwrap();
    let inner = triple("x", "y", Value::iri("z"));
    let triples = [
        triple("s", "p", Value::Integer(-456)),
        triple("s", "p", Value::Integer(123)),
        triple("s", "p", inner),
        triple("s1", "a", Value::Integer(999)),
        triple("s1", "p", Value::Integer(999)),
        triple("s2", "p", Value::Integer(900)),
    ];
    assert!(triples.windows(2).all(|pair| compare_values(&pair[0], &pair[1]).is_lt()));
    assert!(terms.iter().all(|term| compare_values(term, &triples[0]).is_lt()));
}
