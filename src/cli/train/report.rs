//! What a training reports: JSON lines and `report.json`, and a table for people.

use std::path::Path;

use hypergraphql_framework::io;
use hypergraphql_models::checkpoint::DatasetPrint;
use hypergraphql_models::memory::MemoryEstimate;
use hypergraphql_models::metrics::Spread;
use hypergraphql_models::task::SyntheticFeatures;
use hypergraphql_models::train::{Batches, EpochRecord, Outcome, TrainConfig};
use serde::{Deserialize, Serialize};

use super::options::Options;
use crate::cli::error::CliError;
use crate::cli::output;

/// What is trained, on what; the first JSON line.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Setup {
    pub(super) kind: &'static str,
    pub(super) version: &'static str,
    pub(super) data: String,
    pub(super) dataset: DatasetPrint,
    pub(super) hyperedges_with_self_loops: usize,
    /// What was drawn for a data set without features.
    pub(super) synthetic_features: Option<SyntheticFeatures>,
    pub(super) splits: String,
    pub(super) splits_digest: String,
    pub(super) device: String,
    pub(super) threads: usize,
    pub(super) parameters: usize,
    pub(super) memory_estimate: MemoryEstimate,
    pub(super) options: Options,
}

/// One epoch; a JSON line with --log-every.
#[derive(Debug, Serialize)]
pub(super) struct EpochLine {
    kind: &'static str,
    run: u32,
    epoch: usize,
    loss: f32,
    train_accuracy: Option<f64>,
    valid_accuracy: Option<f64>,
    test_accuracy: Option<f64>,
    skipped: bool,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunReport {
    pub(super) kind: String,
    pub(super) run: u32,
    pub(super) seed: u64,
    pub(super) epochs: usize,
    pub(super) best_epoch: usize,
    pub(super) train_accuracy: Option<f64>,
    pub(super) valid_accuracy: Option<f64>,
    pub(super) test_accuracy: Option<f64>,
    pub(super) test_macro_f1: Option<f64>,
    pub(super) seconds: f64,
    pub(super) ms_per_epoch: f64,
    pub(super) outcome: Outcome,
    /// Only in `report.json` and checkpoints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) curve: Vec<EpochRecord>,
}

/// All runs; the last JSON line.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Summary {
    kind: &'static str,
    data: String,
    layer: String,
    device: String,
    precision: String,
    runs: usize,
    test_accuracy: Option<Spread>,
    valid_accuracy: Option<Spread>,
    train_accuracy: Option<Spread>,
    test_macro_f1: Option<Spread>,
    /// What `std` is.
    std: &'static str,
    ms_per_epoch: f64,
    epochs: usize,
    seconds: f64,
}

impl EpochLine {
    pub(super) fn new(run: u32, record: &EpochRecord, totals: [u64; 3]) -> Self {
        let [train_accuracy, valid_accuracy, test_accuracy] = record.right.accuracy(totals);
        let EpochRecord { epoch, loss, skipped, .. } = *record;
        Self { kind: "epoch", run, epoch, loss, train_accuracy, valid_accuracy, test_accuracy, skipped }
    }

    pub(super) fn print(&self, json: bool) -> Result<(), CliError> {
        if json {
            return output::json(self);
        }
        let Self { run, epoch, loss, train_accuracy, valid_accuracy, test_accuracy, skipped, .. } = self;
        let skipped = if *skipped { "  (step skipped: infinite gradient in f16)" } else { "" };
        let [train, valid, test] = [train_accuracy, valid_accuracy, test_accuracy].map(|a| percent(*a, 2));
        output::line(format!("run {run}  epoch {epoch:>4}  loss {loss:.4}  train {train:>8}  valid {valid:>8}  test {test:>8}{skipped}"))
    }
}

impl RunReport {
    pub(super) fn new(run: u32, seed: u64, outcome: Outcome, seconds: f64, curve: Vec<EpochRecord>) -> Self {
        Self {
            kind: "run".to_owned(),
            run,
            seed,
            epochs: curve.len(),
            best_epoch: outcome.best.epoch,
            train_accuracy: outcome.train.accuracy,
            valid_accuracy: outcome.valid.accuracy,
            test_accuracy: outcome.test.accuracy,
            test_macro_f1: outcome.test.macro_f1,
            seconds,
            ms_per_epoch: 1e3 * seconds / curve.len().max(1) as f64,
            outcome,
            curve,
        }
    }

    /// A line of its own: JSON without the curve, or text.
    pub(super) fn print(&self, json: bool) -> Result<(), CliError> {
        if json {
            return output::json(&Self { curve: Vec::new(), ..self.clone() });
        }
        let [valid, test, f1] = [self.valid_accuracy, self.test_accuracy, self.test_macro_f1].map(|a| percent(a, 2));
        let Self { run, best_epoch, epochs, ms_per_epoch, .. } = self;
        let chosen = if self.valid_accuracy.is_some() { "epoch" } else { "the last epoch," };
        output::line(format!(
            "run {run}: test {test}, macro-F1 {f1}, valid {valid} at {chosen} {best_epoch} of {epochs}, {ms_per_epoch:.1} ms per epoch"
        ))
    }
}

impl Summary {
    pub(super) fn new(setup: &Setup, runs: &[RunReport]) -> Self {
        let spread = |of: fn(&RunReport) -> Option<f64>| Spread::of(&runs.iter().filter_map(of).collect::<Vec<_>>());
        let (epochs, seconds) = runs.iter().fold((0, 0.0), |(e, s), r| (e + r.epochs, s + r.seconds));
        Self {
            kind: "summary",
            data: setup.data.clone(),
            layer: setup.options.layer.to_string(),
            device: setup.device.clone(),
            precision: setup.options.precision.to_string(),
            runs: runs.len(),
            test_accuracy: spread(|r| r.test_accuracy),
            valid_accuracy: spread(|r| r.valid_accuracy),
            train_accuracy: spread(|r| r.train_accuracy),
            test_macro_f1: spread(|r| r.test_macro_f1),
            std: "sample (n - 1)",
            ms_per_epoch: 1e3 * seconds / epochs.max(1) as f64,
            epochs,
            seconds,
        }
    }

    pub(super) fn print(&self, json: bool) -> Result<(), CliError> {
        if json {
            return output::json(self);
        }
        let percent = |s: Option<Spread>| s.map_or_else(|| NONE.to_owned(), |s| format!("{:.2} ± {:.2} %", 100.0 * s.mean, 100.0 * s.std));
        let (test, f1, valid) = (percent(self.test_accuracy), percent(self.test_macro_f1), percent(self.valid_accuracy));
        let Self { runs, ms_per_epoch, layer, .. } = self;
        output::line(format!(
            "{layer}: test accuracy {test}, macro-F1 {f1}, valid {valid} over {runs} runs, {ms_per_epoch:.1} ms per epoch"
        ))
    }
}

impl Setup {
    /// For people; programs get the JSON line.
    pub(super) fn print(&self) -> Result<(), CliError> {
        let DatasetPrint { name, nodes, hyperedges, incidences, features, classes, .. } = &self.dataset;
        let loops = self.hyperedges_with_self_loops - hyperedges;
        output::line(format!(
            "{name}: {nodes} nodes, {hyperedges} hyperedges (+ {loops} self-loops), {incidences} incidences, {features} features, {classes} classes"
        ))?;
        if let Some(SyntheticFeatures { width, sigma, seed }) = self.synthetic_features {
            output::line(format!("features: one-hot label padded to {width} columns plus N(0, {sigma}²), drawn from seed {seed}"))?;
        }
        let (layer, device, threads) = (self.options.layer, &self.device, self.threads);
        let (parameters, memory) = (self.parameters, output::bytes(self.memory_estimate.total()));
        output::line(format!(
            "{layer}: {parameters} parameters, about {memory} of memory, on {device} with {threads} threads; splits: {}",
            self.splits
        ))?;
        let TrainConfig { batches, accumulate, .. } = self.options.training(0);
        if batches == Batches::Full {
            return Ok(());
        }
        let added = if accumulate > 1 { format!(", {accumulate} for a step") } else { String::new() };
        output::line(format!("{batches}{added}; the memory is that of full batches"))
    }
}

/// Writes `report.json`.
pub(super) fn write(path: &Path, setup: &Setup, runs: &[RunReport], summary: &Summary) -> Result<(), CliError> {
    #[derive(Serialize)]
    struct Report<'a> {
        kind: &'static str,
        setup: &'a Setup,
        runs: &'a [RunReport],
        summary: &'a Summary,
    }
    let mut text = serde_json::to_string_pretty(&Report { kind: "report", setup, runs, summary })?;
    text.push('\n');
    Ok(io::write_file(path, text.as_bytes())?)
}

/// In place of the accuracy of a part without nodes.
const NONE: &str = "–";

/// A share as people read it.
pub(super) fn percent(share: Option<f64>, digits: usize) -> String {
    share.map_or_else(|| NONE.to_owned(), |share| format!("{:.digits$} %", 100.0 * share))
}
