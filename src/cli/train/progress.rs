//! The progress bar on stderr and the Ctrl-C flag.

use std::cell::RefCell;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hypergraphql_models::train::EpochRecord;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::report::percent;
use crate::cli::error::CliError;
use crate::cli::{Global, logging};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C asks the training to stop after the epoch; a second one ends the process.
pub(super) fn watch_interrupts() -> Result<(), CliError> {
    let handler = || {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    };
    ctrlc::set_handler(handler).map_err(|e| CliError::failed(format!("cannot watch for Ctrl-C: {e}")))
}

/// As if Ctrl-C was pressed.
pub(super) fn interrupt() {
    INTERRUPTED.store(true, Ordering::SeqCst);
}

/// Whether Ctrl-C was pressed.
pub(super) fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// The bar of one run; it draws nothing without a terminal, with --json or with -q.
pub(super) struct Progress {
    bar: ProgressBar,
    nodes: usize,
    totals: [u64; 3],
    /// Of the last epoch.
    last: RefCell<String>,
}

impl Progress {
    /// A bar of `epochs`, of which `done` are done.
    pub(super) fn new(global: &Global, title: String, epochs: usize, done: usize, nodes: usize, totals: [u64; 3]) -> Self {
        let hidden = global.json || global.quiet > 0 || !std::io::stderr().is_terminal();
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(10) };
        let bar = ProgressBar::with_draw_target(Some(epochs as u64), target).with_prefix(title).with_position(done as u64);
        if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:24} {pos}/{len} {msg} {eta}") {
            bar.set_style(style);
        }
        logging::set_bar(Some(bar.clone()));
        Self { bar, nodes, totals, last: RefCell::default() }
    }

    /// Shows how many mini-batches of the epoch under way are done, after what the epoch before it came to.
    pub(super) fn show_batch(&self, done: usize, of: usize) {
        if !self.bar.is_hidden() {
            let last = self.last.borrow();
            self.bar.set_message(format!("batch {done}/{of}{}{last}", if last.is_empty() { "" } else { "  " }));
        }
    }

    /// Shows an epoch that took `time`.
    pub(super) fn show(&self, record: &EpochRecord, time: Duration) {
        if !self.bar.is_hidden() {
            let [train, valid, test] = record.right.accuracy(self.totals).map(|a| percent(a, 1));
            let speed = self.nodes as f64 / time.as_secs_f64().max(1e-9);
            let speed = if speed < 1e6 { format!("{:.0} k", speed / 1e3) } else { format!("{:.1} M", speed / 1e6) };
            let loss = record.loss;
            let message = format!("loss {loss:.4}  train {train}  valid {valid}  test {test}  {speed}nodes/s");
            self.bar.set_message(message.clone());
            self.last.replace(message);
        }
        self.bar.inc(1);
    }
}

/// Takes the bar off the screen, also where the run ends in an error.
impl Drop for Progress {
    fn drop(&mut self) {
        logging::set_bar(None);
        self.bar.finish_and_clear();
    }
}

/// The bar of an epoch's steps; it draws nothing without a terminal, with --json or with -q.
pub(super) struct StepBar(ProgressBar);

impl StepBar {
    /// Of epoch `epoch` of `epochs`, which has `steps`.
    pub(super) fn new(global: &Global, epoch: usize, epochs: usize, steps: usize) -> Self {
        let hidden = global.json || global.quiet > 0 || !std::io::stderr().is_terminal();
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(10) };
        let bar = ProgressBar::with_draw_target(Some(steps as u64), target).with_prefix(format!("epoch {epoch} of {epochs}"));
        if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:24} {pos}/{len} {msg} {eta}") {
            bar.set_style(style);
        }
        logging::set_bar(Some(bar.clone()));
        Self(bar)
    }

    /// Shows a step; whether to go on.
    pub(super) fn show(&self, step: usize, loss: f64) -> bool {
        self.0.set_position(step as u64);
        self.0.set_message(format!("loss {loss:.4}"));
        !is_interrupted()
    }
}

impl Drop for StepBar {
    fn drop(&mut self) {
        logging::set_bar(None);
        self.0.finish_and_clear();
    }
}
