//! The runs of a training on one back end.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use hypergraphql_framework::{Dataset, Split};
use hypergraphql_models::checkpoint::{self, DatasetPrint};
use hypergraphql_models::memory::{self, MemoryEstimate};
use hypergraphql_models::task::{NodeTask, TaskConfig};
use hypergraphql_models::train::Trainer;
use hypergraphql_models::{ModelError, NodeClassifierConfig};
use hypergraphql_ops::HyperBackend;
use hypergraphql_runtime::DeviceKind;

use super::checkpoints::{self, Notes, Resumed};
use super::options::{Options, Switch};
use super::progress::{self, Progress};
use super::report::{self, EpochLine, RunReport, Setup, Summary};
use super::splits::Splits;
use super::{NodeClassificationArgs, curve};
use crate::cli::Global;
use crate::cli::backend::WithBackend;
use crate::cli::error::CliError;

/// Everything that a training needs but the device.
pub(super) struct Training<'a> {
    pub(super) args: &'a NodeClassificationArgs,
    pub(super) global: &'a Global,
    pub(super) options: Options,
    pub(super) dataset: &'a Dataset,
    pub(super) splits: Splits,
    pub(super) resumed: Option<Resumed>,
}

impl WithBackend for Training<'_> {
    type Out = Result<(), CliError>;

    fn call<B: HyperBackend>(mut self, device: B::Device) -> Self::Out {
        let task_config = TaskConfig::for_dataset(self.dataset, self.options.self_loops == Switch::On, self.options.seed);
        let prepared = task_config.prepare(self.dataset)?;
        let classes = self.dataset.labels.as_ref().map_or(1, |l| l.classes);
        let network = self.options.network(prepared.features.width(), classes);
        network.check()?;
        let estimate = MemoryEstimate::of(&prepared, &network, self.options.precision);
        if self.args.device.device.kind == DeviceKind::Cpu && !self.args.force {
            estimate.check(memory::available())?;
        }
        let task = NodeTask::<B>::new(self.dataset, &prepared, task_config, &device)?;
        let setup = self.setup(&task, &prepared, estimate);
        drop(prepared);
        if self.global.json {
            crate::cli::output::json(&setup)?;
        } else {
            setup.print()?;
        }
        progress::watch_interrupts()?;
        if let Some(out) = &self.args.out {
            fs::create_dir_all(out).map_err(|e| CliError::failed(format!("{}: {e}", out.display())))?;
        }
        let runs = self.runs(&task, &network)?;
        self.finish(&setup, &runs)
    }
}

impl Training<'_> {
    fn setup<B: HyperBackend>(&self, task: &NodeTask<B>, prepared: &Dataset, memory_estimate: MemoryEstimate) -> Setup {
        Setup {
            kind: "setup",
            version: env!("CARGO_PKG_VERSION"),
            data: self.args.data.display().to_string(),
            dataset: DatasetPrint::clone(&task.print),
            hyperedges_with_self_loops: prepared.hypergraph.hyperedges(),
            synthetic_features: task.config.synthetic,
            splits: self.splits.source.clone(),
            device: self.args.device.device.to_string(),
            threads: rayon::current_num_threads(),
            parameters: memory_estimate.parameter_count,
            memory_estimate,
            options: self.options.clone(),
        }
    }

    fn runs<B: HyperBackend>(&mut self, task: &NodeTask<B>, network: &NodeClassifierConfig) -> Result<Vec<RunReport>, CliError> {
        let splits = std::mem::take(&mut self.splits.of);
        let (mut done, first) = match &mut self.resumed {
            Some(resumed) => (std::mem::take(&mut resumed.notes.done), resumed.notes.run),
            None => (Vec::new(), 0),
        };
        for (run, split) in (0..).zip(&splits).skip(first as usize) {
            let mut one = self.start(task, network, run, split)?;
            self.train(&mut one, &done)?;
            let Run { trainer, seconds, .. } = &one;
            let report = RunReport::new(run, trainer.config().seed, trainer.outcome()?, *seconds, trainer.progress().curve.clone());
            report.print(self.global.json)?;
            if let Some(folder) = checkpoints::folder(self.args, run) {
                self.save(&one, &done, &folder)?;
            }
            done.push(report);
        }
        Ok(done)
    }

    fn start<'t, B: HyperBackend>(
        &mut self,
        task: &'t NodeTask<B>,
        network: &NodeClassifierConfig,
        run: u32,
        split: &'t Split,
    ) -> Result<Run<'t, B>, CliError> {
        let Some(Resumed { checkpoint, notes, folder, .. }) = self.resumed.take() else {
            return Ok(Run { run, trainer: Trainer::new(task, split, network, &self.options.training(run))?, seconds: 0.0 });
        };
        Ok(Run { run, trainer: Trainer::resume(task, split, checkpoint, &folder)?, seconds: notes.seconds })
    }

    fn train<B: HyperBackend>(&self, one: &mut Run<'_, B>, done: &[RunReport]) -> Result<(), CliError> {
        let (totals, nodes) = (one.trainer.progress().totals, self.dataset.hypergraph.nodes());
        let title = format!("run {}/{}", one.run + 1, self.options.runs);
        let bar = Progress::new(self.global, title, one.trainer.config().epochs, one.trainer.progress().epoch, nodes, totals);
        while !one.trainer.is_finished() {
            let start = Instant::now();
            let record = one.trainer.epoch().map_err(|e| self.with_last_checkpoint(e, one.run))?;
            let time = start.elapsed();
            one.seconds += time.as_secs_f64();
            bar.show(&record, time);
            if every(self.args.log_every, record.epoch) {
                EpochLine::new(one.run, &record, totals).print(self.global.json)?;
            }
            if progress::is_interrupted() {
                bar.clear();
                return Err(self.interrupt(one, done));
            }
            if every(self.args.checkpoint_every, record.epoch)
                && let Some(folder) = checkpoints::folder(self.args, one.run)
            {
                self.save(one, done, &folder)?;
            }
        }
        bar.clear();
        Ok(())
    }

    /// The error, with the checkpoint that is still good, if there is one.
    fn with_last_checkpoint(&self, error: ModelError, run: u32) -> CliError {
        let error = CliError::from(error);
        match checkpoints::folder(self.args, run).filter(|f| f.exists()) {
            None => error,
            Some(folder) => error.with_help(format!("the last good checkpoint is {}", folder.display())),
        }
    }

    /// Saves and says how to go on.
    fn interrupt<B: HyperBackend>(&self, one: &Run<'_, B>, done: &[RunReport]) -> CliError {
        let folder = checkpoints::folder_of_interrupted(self.args, one.run);
        if let Err(error) = self.save(one, done, &folder) {
            return error;
        }
        let epoch = one.trainer.progress().epoch;
        eprintln!("saved epoch {epoch} of run {} in {}; go on with:", one.run, folder.display());
        eprintln!("  {}", checkpoints::command(self.args, &folder));
        CliError::Interrupted
    }

    fn save<B: HyperBackend>(&self, one: &Run<'_, B>, done: &[RunReport], folder: &Path) -> Result<(), CliError> {
        let notes = Notes { options: self.options.clone(), run: one.run, done: done.to_vec(), seconds: one.seconds };
        let checkpoint = one.trainer.checkpoint(serde_json::to_value(&notes)?)?;
        let start = Instant::now();
        checkpoint::write(folder, checkpoint)?;
        tracing::info!(folder = %folder.display(), took = ?Duration::from_millis(start.elapsed().as_millis() as u64), "saved a checkpoint");
        Ok(())
    }

    fn finish(&self, setup: &Setup, runs: &[RunReport]) -> Result<(), CliError> {
        let summary = Summary::new(setup, runs);
        if let Some(out) = &self.args.out {
            report::write(&out.join("report.json"), setup, runs, &summary)?;
            let title = format!("{} on {}", setup.options.layer, setup.dataset.name);
            curve::write(&out.join("curve.svg"), &title, runs)?;
            if !self.global.json {
                crate::cli::output::line(format!("report, learning curve and checkpoints in {}", out.display()))?;
            }
        }
        summary.print(self.global.json)
    }
}

/// A run under way, and the time that its epochs took.
struct Run<'t, B: HyperBackend> {
    run: u32,
    trainer: Trainer<'t, B>,
    seconds: f64,
}

fn every(epochs: usize, epoch: usize) -> bool {
    epochs > 0 && epoch.is_multiple_of(epochs)
}
