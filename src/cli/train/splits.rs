//! Which nodes a run trains on, validates on and tests on.

use std::path::Path;

use hypergraphql_framework::{Dataset, Split, io, splits};

use super::options::Options;
use crate::cli::error::CliError;

/// The protocol that is taken from a data set without being asked for.
const PROTOCOL: &str = "50_25_25";

/// A split per run, and where they come from.
pub(super) struct Splits {
    pub(super) of: Vec<Split>,
    pub(super) source: String,
}

/// The splits of a file, else of the data set, else drawn from the seed.
pub(super) fn choose(dataset: &Dataset, file: Option<&Path>, options: &Options) -> Result<Splits, CliError> {
    let (runs, nodes) = (options.runs as usize, dataset.hypergraph.nodes());
    if let Some(file) = file {
        return take(io::read_splits(file, nodes)?, runs, file.display().to_string());
    }
    let unnamed = (dataset.split_sets.is_empty() && !dataset.splits.is_empty()).then_some(dataset.splits.as_slice());
    if let Some(stored) = dataset.split_set(PROTOCOL).or(unnamed) {
        return take(stored.to_vec(), runs, format!("{}: splits {PROTOCOL}", dataset.name));
    }
    let draw = |run: u32| splits::random(nodes, [0.5, 0.25, 0.25], options.seed.wrapping_add(run.into()));
    let of = (0..options.runs).map(draw).collect::<Result<_, _>>()?;
    Ok(Splits { of, source: format!("random 50/25/25, drawn from seeds {} to {}", options.seed, options.seed + u64::from(options.runs) - 1) })
}

fn take(mut stored: Vec<Split>, runs: usize, source: String) -> Result<Splits, CliError> {
    if stored.len() < runs {
        let message = format!("{source}: {} splits, expected one for each of {runs} runs", stored.len());
        return Err(CliError::input(message).with_help("lower --runs, or give --splits FILE"));
    }
    stored.truncate(runs);
    Ok(Splits { of: stored, source })
}
