//! The runs of a training on one back end.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use hypergraphql_framework::{Dataset, Split, io};
use hypergraphql_models::checkpoint::{self, Checkpoint, DatasetPrint};
use hypergraphql_models::memory::{self, MemoryEstimate};
use hypergraphql_models::task::{NodeTask, TaskConfig};
use hypergraphql_models::train::{Batches, Trainer};
use hypergraphql_models::{ModelError, NodeClassifierConfig, typed};
use hypergraphql_ops::HyperBackend;
use hypergraphql_runtime::DeviceKind;

use super::checkpoints::{self, Notes, Place, Resumed};
use super::options::{Options, Switch};
use super::progress::{self, Progress};
use super::report::{self, EpochLine, RunReport, Setup, Summary};
use super::splits::Splits;
use super::stdout::Stdout;
use super::{NodeClassificationArgs, confusion, curve};
use crate::cli::backend::WithBackend;
use crate::cli::error::CliError;
use crate::cli::{Global, output};

/// Everything that a training needs but the device.
pub(super) struct Training<'a> {
    args: &'a NodeClassificationArgs,
    global: &'a Global,
    options: Options,
    dataset: &'a Dataset,
    splits: Splits,
    resumed: Option<Resumed>,
    place: Place,
    stdout: Stdout,
    /// The first run whose last checkpoint could not be written; told at the end, so that no later run is lost.
    unsaved: Option<CliError>,
}

impl<'a> Training<'a> {
    pub(super) fn new(
        args: &'a NodeClassificationArgs,
        global: &'a Global,
        options: Options,
        dataset: &'a Dataset,
        splits: Splits,
        resumed: Option<Resumed>,
    ) -> Self {
        // Opened once it is known that there is something to train.
        let (place, stdout) = (Place::default(), Stdout::new(false));
        Self { args, global, options, dataset, splits, resumed, place, stdout, unsaved: None }
    }
}

impl WithBackend for Training<'_> {
    type Out = Result<(), CliError>;

    fn call<B: HyperBackend>(mut self, device: B::Device) -> Self::Out {
        self.options.precision.check::<B>(&device)?;
        let task_config = TaskConfig::for_dataset(self.dataset, self.options.self_loops == Switch::On, self.options.seed)
            .with_encoding(self.options.encoding);
        let prepared = task_config.prepare(self.dataset)?;
        let classes = self.dataset.labels.as_ref().map_or(1, |l| l.classes);
        let mut network = self.options.network(prepared.features.width(), classes);
        if network.layer.has_kinds() && prepared.relations.is_some() {
            network.kinds = Some(typed::kinds(&prepared.hypergraph, prepared.relations.as_ref()));
        }
        network.check()?;
        let trained_on = self.splits.of.iter().map(|s| s.train.len()).max().unwrap_or(0);
        let estimate = MemoryEstimate::of(&prepared, trained_on, &network, self.options.precision);
        if self.args.device.device.kind == DeviceKind::Cpu && !self.args.force {
            let enough = estimate.check(memory::available());
            match self.options.training(0).batches {
                Batches::Full => enough?,
                // A batch needs less, and the evaluation keeps nothing for a backward pass.
                _ => enough.unwrap_or_else(|error| tracing::warn!("in full batches, {error}")),
            }
        }
        let task = NodeTask::<B>::new(self.dataset, &prepared, task_config, &device)?;
        let setup = self.setup(&task, &prepared, estimate);
        drop(prepared);
        self.open()?;
        self.stdout.print(|| if self.global.json { output::json(&setup) } else { setup.print() })?;
        progress::watch_interrupts()?;
        let runs = self.runs(&task, &network)?;
        self.finish(&setup, &runs)?;
        self.unsaved.take().map_or(Ok(()), Err)
    }
}

impl Training<'_> {
    /// Looks before hours of training whether the results can be written, and records the splits beside them.
    fn open(&mut self) -> Result<(), CliError> {
        self.place = Place::new(self.args, self.resumed.as_ref())?;
        self.stdout = Stdout::new(self.place.out.is_some());
        let first = self.resumed.as_ref().map_or(0, |r| r.notes.run);
        self.place.probe(first, self.options.runs)?;
        match &self.place.out {
            None => Ok(()),
            Some(out) => Ok(io::write_file(&out.join("splits.txt"), &self.splits.to_text(self.dataset.hypergraph.nodes()))?),
        }
    }

    fn setup<B: HyperBackend>(&self, task: &NodeTask<B>, prepared: &Dataset, memory_estimate: MemoryEstimate) -> Setup {
        Setup {
            kind: "setup",
            version: env!("CARGO_PKG_VERSION"),
            data: self.args.data.display().to_string(),
            dataset: DatasetPrint::clone(&task.print),
            hyperedges_with_self_loops: prepared.hypergraph.hyperedges(),
            synthetic_features: task.config.synthetic,
            splits: self.splits.source.clone(),
            splits_digest: self.splits.digest(),
            device: self.args.device.device.to_string(),
            threads: rayon::current_num_threads(),
            parameters: memory_estimate.parameter_count,
            memory_estimate,
            options: self.options.clone(),
        }
    }

    fn runs<B: HyperBackend>(&mut self, task: &NodeTask<B>, network: &NodeClassifierConfig) -> Result<Vec<RunReport>, CliError> {
        let splits = std::mem::take(&mut self.splits);
        let digest = splits.digest();
        let (mut done, first) = match &mut self.resumed {
            Some(resumed) => (std::mem::take(&mut resumed.notes.done), resumed.notes.run),
            None => (Vec::new(), 0),
        };
        for (run, split) in (0..).zip(&splits.of).skip(first as usize) {
            let mut one = self.start(task, network, run, split)?;
            self.train(&mut one, &done, &digest)?;
            let Run { trainer, seconds, .. } = &one;
            let report = RunReport::new(run, trainer.config().seed, trainer.outcome()?, *seconds, trainer.progress().curve.clone());
            self.stdout.print(|| report.print(self.global.json))?;
            if progress::is_interrupted() {
                return Err(self.interrupt(&one, &done, &digest));
            }
            if let Some(folder) = self.place.of_run(run)
                && let Err(error) = checkpoint::write(&folder, self.checkpoint(&one, &done, &digest)?)
            {
                tracing::warn!("{error}; run {run} is not saved");
                self.unsaved.get_or_insert(CliError::failed(format!("run {run} is not saved: {error}")));
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

    fn train<B: HyperBackend>(&self, one: &mut Run<'_, B>, done: &[RunReport], splits: &str) -> Result<(), CliError> {
        let (totals, nodes) = (one.trainer.progress().totals, self.dataset.hypergraph.nodes());
        let title = format!("run {}/{}", one.run + 1, self.options.runs);
        let bar = Progress::new(self.global, title, one.trainer.config().epochs, one.trainer.progress().epoch, nodes, totals);
        while !one.trainer.is_finished() {
            let start = Instant::now();
            let mut watch = |done: usize, of: usize| {
                bar.show_batch(done, of);
                if progress::is_interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let record = one.trainer.epoch_watched(&mut watch).map_err(|e| self.with_last_checkpoint(e, one.run))?;
            let Some(record) = record else {
                drop(bar);
                return Err(self.interrupt(one, done, splits));
            };
            let time = start.elapsed();
            one.seconds += time.as_secs_f64();
            bar.show(&record, time);
            if every(self.args.log_every, record.epoch) {
                self.stdout.print(|| EpochLine::new(one.run, &record, totals).print(self.global.json))?;
            }
            if progress::is_interrupted() {
                drop(bar);
                return Err(self.interrupt(one, done, splits));
            }
            if every(self.args.checkpoint_every, record.epoch)
                && let Some(folder) = self.place.of_run(one.run)
                && let Err(error) = checkpoint::write(&folder, self.checkpoint(one, done, splits)?)
            {
                tracing::warn!("{error}; the training goes on");
            }
        }
        Ok(())
    }

    /// The error, with the checkpoint that is still good, if there is one.
    fn with_last_checkpoint(&self, error: ModelError, run: u32) -> CliError {
        let error = CliError::from(error);
        match self.place.of_run(run).filter(|f| f.exists()) {
            None => error,
            Some(folder) => error.with_help(format!("the last good checkpoint is {}", folder.display())),
        }
    }

    /// Saves and says how to go on.
    fn interrupt<B: HyperBackend>(&self, one: &Run<'_, B>, done: &[RunReport], splits: &str) -> CliError {
        let folder = self.place.of_interrupted(one.run);
        let saved = self.checkpoint(one, done, splits).and_then(|checkpoint| Ok(checkpoint::write(&folder, checkpoint)?));
        if let Err(error) = saved {
            return error;
        }
        let epoch = one.trainer.progress().epoch;
        eprintln!("saved epoch {epoch} of run {} in {}; go on with:", one.run, folder.display());
        eprintln!("  {}", checkpoints::command(self.args, &folder));
        CliError::Interrupted
    }

    fn checkpoint<B: HyperBackend>(&self, one: &Run<'_, B>, done: &[RunReport], splits: &str) -> Result<Checkpoint, CliError> {
        let (options, splits) = (self.options.clone(), splits.to_owned());
        let notes = Notes { options, splits, run: one.run, done: done.to_vec(), seconds: one.seconds };
        Ok(one.trainer.checkpoint(serde_json::to_value(&notes)?)?)
    }

    /// Writes and prints the report; what could not be written keeps nothing from being printed.
    fn finish(&self, setup: &Setup, runs: &[RunReport]) -> Result<(), CliError> {
        let summary = Summary::new(setup, runs);
        let written = self.place.out.as_deref().map_or(Ok(()), |out| self.write(out, setup, runs, &summary));
        if !self.global.json
            && let Some(last) = runs.last()
        {
            self.stdout.print(|| confusion::print(&last.outcome.test, &setup.dataset.label_names))?;
        }
        self.stdout.print(|| summary.print(self.global.json))?;
        written
    }

    fn write(&self, out: &Path, setup: &Setup, runs: &[RunReport], summary: &Summary) -> Result<(), CliError> {
        report::write(&out.join("report.json"), setup, runs, summary)?;
        let title = format!("{} on {}", setup.options.layer, setup.dataset.name);
        curve::write(&out.join("curve.svg"), &title, runs)?;
        self.place.remove_stale(self.options.runs)?;
        if self.global.json {
            return Ok(());
        }
        self.stdout.print(|| output::line(format!("report, learning curve, splits and checkpoints in {}", out.display())))
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
