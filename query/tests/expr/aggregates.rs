//! Aggregates against their definitions in section 18.5.1 of SPARQL 1.1; weights and merging change nothing.

use hypergraphql_query::algebra::AggregateFunction;
use hypergraphql_query::expr::{Accumulator, Value};
use proptest::prelude::*;
use proptest::sample::select;

use AggregateFunction::{Avg, Count, GroupConcat, Max, Min, Sample, Sum};

/// The aggregate of terms, of which `!` is an error.
fn aggregate(function: &AggregateFunction, distinct: bool, terms: &[&str]) -> String {
    let mut accumulator = Accumulator::new(function, distinct);
    for text in terms {
        accumulator.add(value(text).as_ref(), 1);
    }
    print(accumulator.finish())
}

fn value(text: &str) -> Option<Value> {
    (text != "!").then(|| Value::from(&crate::query::term(text)))
}

fn print(value: Option<Value>) -> String {
    value.map_or("unbound".to_owned(), |value| value.term().to_string().replace("^^<http://www.w3.org/2001/XMLSchema#", "^^<"))
}

#[test]
fn values() {
    let concat = GroupConcat(" ".to_owned());
    let comma = GroupConcat(",".to_owned());
    let cases: &[(&AggregateFunction, bool, &[&str], &str)] = &[
        (&Count, false, &[], "\"0\"^^<integer>"),
        (&Count, false, &["1", "!", "1"], "\"2\"^^<integer>"),
        (&Count, true, &["1", "!", "1", "01", "1.0"], "\"3\"^^<integer>"),
        (&Sum, false, &[], "\"0\"^^<integer>"),
        (&Sum, false, &["1", "2", "3"], "\"6\"^^<integer>"),
        (&Sum, false, &["1.0", "2.2", "3.5"], "\"6.7\"^^<decimal>"),
        (&Sum, false, &["100", "2.0E3", "3.0E4"], "\"3.21E4\"^^<double>"),
        (&Sum, false, &["0.2", "\"0.25\"^^xsd:float"], "\"4.5E-1\"^^<float>"),
        (&Sum, false, &["1", "!"], "unbound"),
        (&Sum, false, &["1", "\"1\""], "unbound"),
        (&Sum, false, &["\"P1D\"^^xsd:dayTimeDuration"], "unbound"),
        (&Sum, false, &["9223372036854775807", "9223372036854775807", "1"], "\"18446744073709551615\"^^<integer>"),
        (&Sum, true, &["1", "1", "1.0", "2"], "\"4\"^^<decimal>"),
        (&Avg, false, &[], "\"0\"^^<integer>"),
        (&Avg, false, &["1", "2", "3", "4"], "\"2.5\"^^<decimal>"),
        (&Avg, false, &["1.0", "2.0", "3.0", "4"], "\"2.5\"^^<decimal>"),
        (&Avg, false, &["1", "\"2\"^^xsd:double", "3", "4"], "\"2.5E0\"^^<double>"),
        (&Avg, false, &["1", "_:b2", "3", "4"], "unbound"),
        (&Avg, true, &["1", "1", "2"], "\"1.5\"^^<decimal>"),
        (&Min, false, &[], "unbound"),
        (&Min, false, &["1", "2.0", "2.0E-1"], "\"2.0E-1\"^^<double>"),
        (&Min, false, &["2", "1.0", "1", "01"], "\"01\"^^<integer>"),
        (&Min, false, &["\"b\"", "3", "<a:b>"], "<a:b>"),
        (&Min, false, &["1", "!"], "unbound"),
        (&Max, false, &["1", "2.2", "2"], "\"2.2\"^^<decimal>"),
        (&Max, false, &["\"b\"", "\"a\"", "3"], "\"b\""),
        (&Max, true, &["!", "3"], "unbound"),
        (&Sample, false, &[], "unbound"),
        (&Sample, false, &["2", "!", "1"], "\"1\"^^<integer>"),
        (&Sample, true, &["!"], "unbound"),
        (&concat, false, &[], "\"\""),
        (&concat, false, &["\"1\"", "\"22\""], "\"1 22\""),
        (&concat, false, &["\"\"", "\"\""], "\" \""),
        (&concat, false, &["\"1\"@en", "\"2\"@fr"], "\"1 2\""),
        (&concat, false, &["1", "<a:b>"], "\"1 a:b\""),
        (&concat, false, &["1", "_:b"], "unbound"),
        (&comma, true, &["\"1\"", "\"2\"", "\"1\""], "\"1,2\""),
        (&comma, true, &["\"1\"", "!"], "unbound"),
    ];
    for (function, distinct, terms, expected) in cases {
        assert_eq!(aggregate(function, *distinct, terms), *expected, "{function:?} distinct {distinct} of {terms:?}");
    }
}

proptest! {
    /// The rows one by one, with weights, and in two parts that are merged.
    #[test]
    fn weights_and_parts(
        function in select(vec![Count, Sum, Avg, Min, Max, Sample, GroupConcat(";".to_owned())]),
        distinct in any::<bool>(),
        rows in prop::collection::vec((select(&["1", "2", "-7", "2.5", "1.0", "\"3\"^^xsd:byte", "4.0E0", "<a:b>", "!"][..]), 0_u64..4), 0..8),
        part in 0_usize..8,
    ) {
        let part = part.min(rows.len());
        let one_by_one = rows.iter().flat_map(|(term, weight)| std::iter::repeat_n(*term, *weight as usize)).collect::<Vec<_>>();
        let expected = aggregate(&function, distinct, &one_by_one);
        let mut parts = [Accumulator::new(&function, distinct), Accumulator::new(&function, distinct)];
        for (place, (term, weight)) in rows.iter().enumerate() {
            parts[usize::from(place >= part)].add(value(term).as_ref(), *weight);
        }
        let [mut first, second] = parts;
        first.merge(second);
        prop_assert_eq!(print(first.finish()), expected);
    }
}
