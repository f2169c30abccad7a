//! `tracing` to stderr, at the level that `-v` and `-q` ask for; `HGQL_LOG` overrides with a filter such as `hypergraphql_models=debug`.
//! Lines go beside the progress bar, if one is shown.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::Global;

/// The bar that is shown now.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Starts the log of the process.
pub(crate) fn init(global: &Global) {
    let level = level(global);
    let filter = match std::env::var("HGQL_LOG") {
        Ok(text) => EnvFilter::builder().with_default_directive(level.into()).parse_lossy(text),
        Err(_) => EnvFilter::builder().parse_lossy(unasked(level)),
    };
    let subscriber = tracing_subscriber::fmt().with_writer(|| BesideTheBar).with_env_filter(filter).with_target(global.verbose > 1);
    if subscriber.with_ansi(io::stderr().is_terminal()).without_time().try_init().is_err() {
        // A second subscriber in one process: only a test harness does that, and the first one is as good.
    }
}

/// What is logged at `level`: our own crates. The device libraries report their own business at `info`, and `wgpu_hal` passes on as
/// warnings what the Vulkan loader says of every layer that it leaves out.
fn unasked(level: LevelFilter) -> String {
    let others = level.min(LevelFilter::WARN);
    let loader = if level > LevelFilter::WARN { others } else { level.min(LevelFilter::ERROR) };
    format!("{others},wgpu_hal={loader},hgql={level},hypergraphql={level}")
}

/// From now on lines are written beside this bar, until `None`.
pub(crate) fn set_bar(bar: Option<ProgressBar>) {
    *BAR.lock().unwrap_or_else(PoisonError::into_inner) = bar;
}

/// Writes while the bar is taken off the screen.
pub(crate) fn beside_the_bar<T>(write: impl FnOnce() -> T) -> T {
    // A clone, so that the lock is free while `write` runs.
    let bar = BAR.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match bar {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// Stderr; an event comes as one write.
struct BesideTheBar;

impl Write for BesideTheBar {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        beside_the_bar(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

fn level(global: &Global) -> LevelFilter {
    match (global.quiet, global.verbose) {
        (0, 0) => LevelFilter::WARN,
        (0, 1) => LevelFilter::INFO,
        (0, 2) => LevelFilter::DEBUG,
        (0, _) => LevelFilter::TRACE,
        (1, _) => LevelFilter::ERROR,
        (_, _) => LevelFilter::OFF,
    }
}
