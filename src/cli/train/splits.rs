//! Which nodes a run trains on, validates on and tests on.

use std::path::Path;

use hypergraphql_framework::{Dataset, Split, io, splits};
use hypergraphql_models::checkpoint::split_digest;

use super::options::Options;
use crate::cli::error::CliError;

/// The protocol that is taken from a data set without being asked for.
const PROTOCOL: &str = "50_25_25";

/// A split per run, and where they come from.
#[derive(Debug, Default)]
pub(in crate::cli) struct Splits {
    pub(in crate::cli) of: Vec<Split>,
    pub(super) source: String,
}

impl Splits {
    /// Tells other splits, also of the same sizes.
    pub(in crate::cli) fn digest(&self) -> String {
        split_digest(&self.of)
    }

    /// The text that `--splits` reads: a line per run, a character per node.
    pub(super) fn to_text(&self, nodes: usize) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.of.len() * (nodes + 1));
        for Split { train, valid, test } in &self.of {
            let mut line = vec![b'-'; nodes];
            for (ids, part) in [(train, b'0'), (valid, b'1'), (test, b'2')] {
                ids.iter().for_each(|id| line[*id as usize] = part);
            }
            text.extend(line);
            text.push(b'\n');
        }
        text
    }
}

/// The splits of a file, else of the data set, else drawn from the seed.
pub(in crate::cli) fn choose(dataset: &Dataset, file: Option<&Path>, options: &Options) -> Result<Splits, CliError> {
    let (runs, nodes) = (options.runs as usize, dataset.hypergraph.nodes());
    if let Some(file) = file {
        return take(io::read_splits(file, nodes)?, runs, file.display().to_string());
    }
    if let Some(stored) = dataset.split_set(PROTOCOL) {
        return take(stored.to_vec(), runs, format!("{}: splits {PROTOCOL}", dataset.name));
    }
    if dataset.split_sets.is_empty() && !dataset.splits.is_empty() {
        return take(dataset.splits.clone(), runs, format!("{}: its splits, which have no name", dataset.name));
    }
    let draw = |run: u32| splits::random(nodes, [0.5, 0.25, 0.25], options.seed.wrapping_add(run.into()));
    let of = (0..options.runs).map(draw).collect::<Result<_, _>>()?;
    Ok(Splits {
        of,
        source: format!("random 50/25/25, drawn from seeds {} to {}", options.seed, options.seed + u64::from(options.runs) - 1),
    })
}

fn take(mut stored: Vec<Split>, runs: usize, source: String) -> Result<Splits, CliError> {
    if stored.len() < runs {
        let message = format!("{source}: {} splits, expected one for each of {runs} runs", stored.len());
        return Err(CliError::input(message).with_help("lower --runs, or give --splits FILE"));
    }
    stored.truncate(runs);
    Ok(Splits { of: stored, source })
}
