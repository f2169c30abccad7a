//! The system under test: the parser, the engine and the loader of files.

use std::fmt;
use std::path::Path;

use hypergraphql_framework::store::{AtomSpace, LoadOptions};
use hypergraphql_query::algebra::{Pattern, Query, Regime};
use hypergraphql_query::{ParseOptions, parse_query, parse_update};
use hypergraphql_runtime::engine::{self, Engine, QueryDevice, QueryOptions};
use oxrdf::Quad;

use crate::results::Answer;

/// How a text is read and a query run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mode {
    /// As strict SPARQL.
    pub(crate) strict: bool,
    /// Without the optimiser.
    pub(crate) unoptimized: bool,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.strict { "strict" } else { "relaxed" })?;
        f.write_str(if self.unoptimized { ", unoptimised" } else { "" })
    }
}

/// What a query asks for, as far as the harness has to know.
pub(crate) struct Asked {
    /// Graphs of `FROM` and `FROM NAMED`.
    pub(crate) graphs: Vec<String>,
    /// The rows have an order.
    pub(crate) sorted: bool,
}

/// Whether a text is a query, or an update.
pub(crate) fn parse(text: &str, base: &str, update: bool, mode: Mode) -> Result<(), String> {
    let options = reading(base, mode);
    let parsed = if update { parse_update(text, &options).map(drop) } else { parse_query(text, &options).map(drop) };
    parsed.map_err(|error| error.to_string())
}

/// What a query asks for.
pub(crate) fn asked(text: &str, base: &str, mode: Mode) -> Result<Asked, String> {
    let query: Query = parse_query(text, &reading(base, mode)).map_err(|error| error.to_string())?;
    let dataset = query.dataset.unwrap_or_default();
    let graphs = dataset.default.into_iter().chain(dataset.named).map(|name| name.as_str().to_owned()).collect();
    Ok(Asked { graphs, sorted: is_sorted(&query.pattern) })
}

/// The statements of an RDF file, as the store loads it.
pub(crate) fn read(file: &Path, base: &str) -> Result<Vec<Quad>, String> {
    let options = LoadOptions { base: Some(base.to_owned()), ..LoadOptions::default() };
    Ok(AtomSpace::load(&[file], &options).map_err(|error| error.to_string())?.quads().collect())
}

/// A dataset that is asked and changed.
pub(crate) struct Store(Engine, QueryDevice);

impl Store {
    /// Of these statements, asked on a device.
    pub(crate) fn new(quads: Vec<Quad>, device: QueryDevice) -> Result<Self, String> {
        Ok(Self(Engine::new(AtomSpace::from_quads(quads).map_err(|error| error.to_string())?), device))
    }

    /// The answer of a query, over the RDFS closure if so asked.
    pub(crate) fn query(&self, text: &str, base: &str, mode: Mode, rdfs: bool) -> Result<Answer, String> {
        let infer = rdfs.then_some(Regime::Rdfs);
        let answer = self.0.query(text, &QueryOptions { infer, ..self.running(base, mode) }).map_err(|error| error.to_string())?;
        Ok(match answer {
            engine::Answer::Boolean(value) => Answer::Boolean(value),
            engine::Answer::Graph(triples) => Answer::Graph(triples),
            engine::Answer::Solutions(solutions) => {
                Answer::Solutions { variables: solutions.variables().to_vec(), rows: solutions.rows().collect(), ordered: true }
            }
        })
    }

    /// Applies an update.
    pub(crate) fn update(&self, text: &str, base: &str, mode: Mode) -> Result<(), String> {
        self.0.update(text, &self.running(base, mode)).map_err(|error| error.to_string())
    }

    fn running(&self, base: &str, mode: Mode) -> QueryOptions {
        // However few rows there are, they are for the device.
        let (base, device) = (Some(base.to_owned()), self.1.clone());
        QueryOptions { strict: mode.strict, unoptimized: mode.unoptimized, base, device, device_rows: 0, ..QueryOptions::default() }
    }

    /// All statements.
    pub(crate) fn quads(&self) -> Vec<Quad> {
        self.0.space().quads().collect()
    }
}

fn reading(base: &str, mode: Mode) -> ParseOptions {
    ParseOptions { strict: mode.strict, base: Some(base.to_owned()), ..ParseOptions::default() }
}

/// Whether `ORDER BY` decides on the order of the rows.
fn is_sorted(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::OrderBy { .. } => true,
        Pattern::Slice { inner, .. } | Pattern::Project { inner, .. } | Pattern::Distinct(inner) | Pattern::Reduced(inner) => {
            is_sorted(inner)
        }
        _ => false,
    }
}
