//! How a query is read and run.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use hypergraphql_query::algebra::Regime;
use hypergraphql_query::{CompileOptions, ParseOptions};

use crate::executor::{Limits, QueryDevice};
use crate::learned::Learned;

/// Base of the names `:name` unless the store or the options say otherwise.
const STORE_BASE: &str = "http://example.org/";

/// Rows from which on a device is worth its launches; see [`QueryOptions::device_rows`].
const DEVICE_ROWS: usize = 1 << 16;

/// How a query or an update is read and run.
#[derive(Clone, Debug)]
pub struct QueryOptions {
    /// Only what SPARQL allows, and HyperQL's own clauses; without the relaxations.
    pub strict: bool,
    /// Evaluate the pattern as it is written: no rules, no join order.
    pub unoptimized: bool,
    /// How long it may take; `None`: as long as it does.
    pub timeout: Option<Duration>,
    /// Bytes of intermediate results; `None`: half the memory of the machine, where that is known.
    pub memory: Option<u64>,
    /// Solutions, or triples of a constructed graph, at most; more are an error.
    pub limit: Option<u64>,
    /// Against what relative IRIs are resolved, unless the text says otherwise.
    pub base: Option<String>,
    /// What `:` stands for, unless the text says otherwise.
    pub store_base: Option<String>,
    /// Match the whole query over the closure under this regime.
    pub infer: Option<Regime>,
    /// The folder from which relative names of `LOAD` start; `None`: `LOAD` reads no files.
    pub load: Option<PathBuf>,
    /// Set to true, it ends the query.
    pub cancel: Option<Arc<AtomicBool>>,
    /// Where operators run that have a form for a device; the others run on the host.
    pub device: QueryDevice,
    /// Operators whose largest input has fewer rows run on the host all the same, as a launch takes longer than so many rows there; 0: none do.
    pub device_rows: usize,
    /// The models that `SIMILAR` and `PREDICT` ask.
    pub learned: Learned,
}

impl Default for QueryOptions {
    fn default() -> Self {
        Self {
            strict: false,
            unoptimized: false,
            timeout: None,
            memory: None,
            limit: None,
            base: None,
            store_base: None,
            infer: None,
            load: None,
            cancel: None,
            device: QueryDevice::host(),
            device_rows: DEVICE_ROWS,
            learned: Learned::default(),
        }
    }
}

impl QueryOptions {
    pub(crate) fn parse(&self) -> ParseOptions {
        ParseOptions { strict: self.strict, base: self.base.clone(), store_base: self.store_base().to_owned() }
    }

    /// The limits of a query that begins now.
    pub(crate) fn limits(&self) -> Limits {
        Limits::new(self.timeout, self.memory, self.cancel.clone())
    }

    /// The namespace of the store's own names.
    pub(crate) fn store_base(&self) -> &str {
        self.store_base.as_deref().unwrap_or(STORE_BASE)
    }

    pub(crate) fn compile(&self) -> CompileOptions {
        CompileOptions { optimize: !self.unoptimized, infer: self.infer }
    }
}
