//! Runs one test in each of its modes.

use std::time::Duration;

use hypergraphql_runtime::engine::QueryDevice;
use oxrdf::{GraphName, Quad, Term};

use crate::compare::{self, Order, Row};
use crate::files::Files;
use crate::guard;
use crate::manifest::{Data, Kind, QueryTest, Test};
use crate::report::Outcome;
use crate::results::{self, Answer, Rules};
use crate::system::{self, Mode, Store};

/// How tests are run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Strict SPARQL alone, not HyperQL's relaxed reading too.
    pub(crate) strict: bool,
    /// For each mode of a test.
    pub(crate) timeout: Duration,
    /// Where queries run.
    pub(crate) device: QueryDevice,
}

/// Runs a test in all its modes; the first failure is that of the test.
pub(crate) fn run(files: &Files, test: &Test, options: &Options) -> Outcome {
    if let Kind::NotOurs(what) = &test.kind {
        return Outcome::Skipped(format!("not ours: {what}"));
    }
    for mode in modes(&test.kind, options.strict) {
        let (files, kind, device) = (files.clone(), test.kind.clone(), options.device.clone());
        if let Err(why) = guard::run(options.timeout, move || check(&files, &kind, mode, device)) {
            return Outcome::Failed(format!("{mode}: {why}"));
        }
    }
    Outcome::Passed
}

/// What is relaxed may accept what SPARQL refuses, so negative tests are strict; only evaluation knows an optimiser.
fn modes(kind: &Kind, strict_alone: bool) -> Vec<Mode> {
    let evaluates = matches!(kind, Kind::Query(_) | Kind::Update { .. });
    let negative = matches!(kind, Kind::Syntax { positive: false, .. });
    let parses_rdf = matches!(kind, Kind::Parser { .. });
    let all = [(true, false), (true, true), (false, false), (false, true)].map(|(strict, unoptimized)| Mode { strict, unoptimized });
    let runs = |mode: &Mode| (mode.strict || !(strict_alone || negative || parses_rdf)) && (evaluates || !mode.unoptimized);
    all.into_iter().filter(runs).collect()
}

fn check(files: &Files, kind: &Kind, mode: Mode, device: QueryDevice) -> Result<(), String> {
    match kind {
        Kind::Syntax { file, update, positive } => syntax(files, file, *update, *positive, mode),
        Kind::Query(test) => query(files, test, mode, device),
        Kind::Update { request, before, after } => update(files, request, (before, after), mode, device),
        Kind::Parser { file, base, positive, result } => parser(files, file, base, *positive, result.as_deref()),
        Kind::NotOurs(_) => Ok(()),
    }
}

fn syntax(files: &Files, file: &str, update: bool, positive: bool, mode: Mode) -> Result<(), String> {
    // A text that is not UTF-8 is refused before it is parsed.
    let parsed = files.text(file).and_then(|text| system::parse(&text, file, update, mode));
    match (parsed, positive) {
        (Ok(()), true) | (Err(_), false) => Ok(()),
        (Err(why), true) => Err(why),
        (Ok(()), false) => Err("accepted, though it is no legal text".to_owned()),
    }
}

fn query(files: &Files, test: &QueryTest, mode: Mode, device: QueryDevice) -> Result<(), String> {
    let text = files.text(&test.query)?;
    let asked = system::asked(&text, &test.query, mode)?;
    let mut data = test.data.clone();
    // A graph that `FROM` names is a file of the tests that the harness has to load.
    for name in asked.graphs {
        if !data.named.iter().any(|(known, _)| *known == name) {
            data.named.push((name.clone(), name));
        }
    }
    let quads = files.dataset(&data)?;
    let answer = Store::new(quads, device)?.query(&text, &test.query, mode, test.rdfs)?;
    let rules = Rules { lax: test.lax, sorted: asked.sorted };
    let expected = Answer::read(files, &test.result)?;
    if test.csv {
        return results::same(&expected, &Answer::csv(&answer.to_csv()?)?, rules);
    }
    results::same(&expected, &answer, rules)
}

fn update(files: &Files, request: &str, (before, after): (&Data, &Data), mode: Mode, device: QueryDevice) -> Result<(), String> {
    let store = Store::new(files.dataset(before)?, device)?;
    store.update(&files.text(request)?, request, mode)?;
    same_quads(files.dataset(after)?, store.quads())
}

fn parser(files: &Files, file: &str, base: &str, positive: bool, result: Option<&str>) -> Result<(), String> {
    match (system::read(&files.path(file)?, base), positive) {
        (Err(_), false) => Ok(()),
        (Ok(_), false) => Err("accepted, though it is no legal file".to_owned()),
        (Err(why), true) => Err(why),
        (Ok(quads), true) => result.map_or(Ok(()), |result| same_quads(files.quads(result, result)?, quads)),
    }
}

fn same_quads(expected: Vec<Quad>, actual: Vec<Quad>) -> Result<(), String> {
    compare::same(&rows(expected), &rows(actual), Order::Any)
}

/// Each quad once: a dataset is a set.
fn rows(mut quads: Vec<Quad>) -> Vec<Row> {
    quads.sort_by_cached_key(ToString::to_string);
    quads.dedup();
    quads.into_iter().map(row).collect()
}

fn row(quad: Quad) -> Row {
    let graph: Option<Term> = match quad.graph_name {
        GraphName::DefaultGraph => None,
        GraphName::NamedNode(node) => Some(node.into()),
        GraphName::BlankNode(node) => Some(node.into()),
    };
    vec![Some(quad.subject.into()), Some(quad.predicate.into()), Some(quad.object), graph]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluation_runs_in_four_modes_and_negative_syntax_in_one() {
        let syntax = |positive| Kind::Syntax { file: String::new(), update: false, positive };
        let update = Kind::Update { request: String::new(), before: Data::default(), after: Data::default() };
        let count = |kind: &Kind, strict| modes(kind, strict).len();
        assert_eq!((count(&update, false), count(&update, true)), (4, 2));
        assert_eq!((count(&syntax(true), false), count(&syntax(true), true)), (2, 1));
        assert!(modes(&syntax(false), false).iter().all(|mode| mode.strict && !mode.unoptimized));
    }
}
