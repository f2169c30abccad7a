//! The op suite: every op and gradient on a backend against the f64 references, as library code, so that `hgql verify kernels` can run it
//! on any machine.
//!
//! Inputs are rounded to the storage type first, so that the reference sees the same numbers. The forward pass runs on `Autodiff<B>`,
//! which calls the method of `B`, and the gradients through its graph, which calls the backward methods of `B`. The cases over one pattern run
//! again with views as inputs, those over another with each input tracked alone, and those with hubs must repeat their bits.
//!
//! The bound of an element is `(stages·u + (16 + 2·sqrt(terms) + slack)·v)·m + stages·tiny`, where u is the unit round-off of the storage
//! type, v that of the type of sums, `stages` the number of times a value is rounded to the storage type on its way, `terms` the length of
//! the longest sum (rounding errors of a sum walk at random), `slack` covers exponentials, m is the sum of the absolute values of the
//! terms, and tiny half the smallest number of the storage type. A hub of 5,000 terms in f32 may thus err by 1e-5 of m, where one wrong index errs by 2e-4.

mod aggregate;
mod attention;
mod bound;
mod conv;
mod discrete;
mod entries;
mod leaf;
mod memory;
mod numbers;
mod pattern;
mod relational;
mod rows;
mod sequence;
mod sets;
mod suite;

use hypergraphql_kernels::DType;
use serde::{Deserialize, Serialize};

use crate::backend::{HyperBackend, Route};
use suite::Suite;

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct VerifyOptions {
    /// Only cases whose "op/case" contains this.
    pub filter: Option<String>,
    /// How lanes combine; other routes than `Auto` are for finding out whether they are right too.
    pub strategy: Route,
}

/// How one case went: the result or gradient whose error came nearest to its bound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseResult {
    /// The op.
    pub op: String,
    /// Pattern, sizes and options.
    pub case: String,
    /// Storage type.
    pub dtype: String,
    /// Absolute error of the worst element.
    pub max_error: f64,
    /// Bound of that element.
    pub bound: f64,
    /// Whether every element of every result is within its bound.
    pub passed: bool,
    /// What went wrong; empty when nothing did.
    pub detail: String,
}

/// The count of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Cases within their bounds.
    pub passed: usize,
    /// Cases outside.
    pub failed: usize,
    /// Cases that were not run, or all ops where the device lacks the type or the strategy.
    pub skipped: usize,
    /// Why, of the first.
    pub reason: Option<String>,
    /// What the reader should know of the strategy.
    pub note: Option<String>,
}

/// The ops of the suite, in the order in which they run.
pub const OPS: [&str; 32] = [
    "gather",
    "scatter_add",
    "dropout",
    "rms_norm",
    "swiglu",
    "linear",
    "rope",
    "swap_axes",
    "cross_entropy",
    "flash_attention",
    "memory_attention",
    "scan",
    "sort",
    "search_sorted",
    "extend",
    "intersect",
    "compact",
    "distinct",
    "segment_reduce",
    "top_k",
    "knn",
    "quantize",
    "int8_matmul",
    "relation_linear",
    "edge_score",
    "segment_softmax",
    "entry_dot",
    "aggregate",
    "sparse_conv",
    "hypergraph_conv",
    "hypergraph_attention",
    "set_attention",
];

/// Runs the suite in `dtype` on `device` and reports each case as it ends.
///
/// A type or a strategy that the device lacks skips every op and says why; so does a form of an op, for its cases. A panic, of this thread or of a device thread, fails its case.
pub fn run<B: HyperBackend>(device: &B::Device, dtype: DType, options: &VerifyOptions, on_case: &mut dyn FnMut(&CaseResult)) -> Summary {
    let note = match B::supports(dtype, device).and_then(|()| B::supports_route(options.strategy, device)) {
        Ok(note) => note,
        Err(error) => return Summary { skipped: OPS.len(), reason: Some(error.to_string()), ..Summary::default() },
    };
    let mut suite = Suite::<B>::new(device, dtype, options, on_case);
    rows::run(&mut suite);
    sequence::run(&mut suite);
    memory::run(&mut suite);
    relational::run(&mut suite);
    discrete::run(&mut suite);
    sets::relations(&mut suite);
    entries::run(&mut suite);
    aggregate::run(&mut suite);
    conv::run(&mut suite);
    attention::run(&mut suite);
    sets::run(&mut suite);
    Summary { note: note.map(str::to_owned), ..suite.finish() }
}
