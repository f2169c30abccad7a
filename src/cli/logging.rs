//! `tracing` to stderr, at the level that `-v` and `-q` ask for; `HGQL_LOG` overrides with a filter such as `hypergraphql_models=debug`.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::Global;

/// Starts the log of the process.
pub(crate) fn init(global: &Global) {
    let level = level(global);
    let filter = match std::env::var("HGQL_LOG") {
        Ok(text) => EnvFilter::builder().with_default_directive(level.into()).parse_lossy(text),
        // Our own crates only: the device libraries report their own business at `info`.
        Err(_) => EnvFilter::builder().parse_lossy(format!("{},hgql={level},hypergraphql={level}", level.min(LevelFilter::WARN))),
    };
    let subscriber = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter).with_target(global.verbose > 1);
    if subscriber.without_time().try_init().is_err() {
        // A second subscriber in one process: only a test harness does that, and the first one is as good.
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
