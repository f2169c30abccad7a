//! A timed case: what a line of output, a report and a comparison are made of.

use serde::{Deserialize, Serialize};

use super::clock::Times;

/// What a case was run on; the fields that its kind of case has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shape {
    /// The data set, where the hypergraph is not drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) n: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) m: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) nnz: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tokens: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rows: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) d: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) heads: Option<usize>,
}

impl Shape {
    /// `n=20000 m=20000 d=64`
    pub(super) fn text(&self) -> String {
        let sizes = [
            ("n", self.n),
            ("m", self.m),
            ("nnz", self.nnz),
            ("tokens", self.tokens),
            ("rows", self.rows),
            ("d", self.d),
            ("heads", self.heads),
        ];
        let parts = sizes.iter().filter_map(|(name, size)| size.map(|size| format!("{name}={size}")));
        self.data.iter().cloned().chain(parts).collect::<Vec<_>>().join(" ")
    }
}

/// What a case must do, at least.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Work {
    /// Bytes that the algorithm must move.
    pub(super) bytes: usize,
    /// Multiplications and additions of its sums and products; 0 where they are not what it does.
    pub(super) operations: f64,
    /// Operations bound it, not bytes.
    pub(super) dense: bool,
}

/// What the hardware gives in the same run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Roofs {
    /// GB/s of a copy.
    pub(super) copy: f64,
    /// GB/s of a gather of random rows, where cases gather.
    pub(super) gather: Option<f64>,
    /// GFLOP/s of a product of two square matrices, where cases multiply.
    pub(super) matmul: Option<f64>,
}

/// A timed case, as printed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) kind: String,
    pub(super) case: String,
    #[serde(flatten)]
    pub(super) shape: Shape,
    pub(super) dtype: String,
    pub(super) device: String,
    /// Milliseconds: the median, the least, and the quarters of the samples.
    pub(super) ms: f64,
    pub(super) min: f64,
    pub(super) q1: f64,
    pub(super) q3: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) gbps: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) percent_of_copy: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) percent_of_gather: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) gflops: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) percent_of_matmul: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) million_rows_per_s: Option<f64>,
}

impl Record {
    pub(super) fn new(case: &str, shape: Shape, dtype: &str, device: &str, work: Work, times: Times, roofs: Roofs) -> Self {
        let Times { median: ms, min, q1, q3 } = times;
        let gbps = (work.bytes > 0).then(|| work.bytes as f64 / ms / 1e6);
        let gflops = (work.operations > 0.0).then(|| work.operations / ms / 1e6);
        Self {
            kind: "bench".to_owned(),
            case: case.to_owned(),
            dtype: dtype.to_owned(),
            device: device.to_owned(),
            ms,
            min,
            q1,
            q3,
            gbps,
            percent_of_copy: gbps.filter(|_| !work.dense).map(|g| 100.0 * g / roofs.copy),
            percent_of_gather: gbps.filter(|_| !work.dense).and_then(|g| Some(100.0 * g / roofs.gather?)),
            gflops,
            percent_of_matmul: gflops.filter(|_| work.dense).and_then(|g| Some(100.0 * g / roofs.matmul?)),
            million_rows_per_s: shape.rows.map(|rows| rows as f64 / ms / 1e3),
            shape,
        }
    }

    /// What makes two records comparable.
    pub(super) fn key(&self) -> String {
        format!("{} {} {} {}", self.case, self.shape.text(), self.dtype, self.device)
    }
}
