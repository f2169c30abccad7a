//! Where checkpoints go, and what of the command line they hold: the options, the run, and the runs done before it.

use std::path::{Path, PathBuf};

use hypergraphql_models::checkpoint::{self, Checkpoint, MANIFEST};
use serde::{Deserialize, Serialize};

use super::NodeClassificationArgs;
use super::options::Options;
use super::report::RunReport;
use super::splits::Splits;
use crate::cli::error::CliError;

/// Where Ctrl-C saves a training that has neither --out nor --resume; with a number where that is taken.
const INTERRUPTED: &str = "hgql-interrupted";

/// What the command line keeps in a checkpoint.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct Notes {
    pub(in crate::cli) options: Options,
    /// Digest of the splits of all runs.
    pub(in crate::cli) splits: String,
    pub(in crate::cli) run: u32,
    pub(in crate::cli) done: Vec<RunReport>,
    /// Of this run so far.
    pub(in crate::cli) seconds: f64,
}

/// A checkpoint that a training goes on from.
pub(super) struct Resumed {
    pub(super) options: Options,
    pub(super) notes: Notes,
    pub(super) checkpoint: Checkpoint,
    pub(super) folder: PathBuf,
}

impl Resumed {
    pub(super) fn read(folder: &Path) -> Result<Self, CliError> {
        // Absolute: the folder that the program runs in may be the one that is replaced.
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
        let checkpoint = checkpoint::read(&folder)?;
        let broken = |e: serde_json::Error| {
            CliError::input(format!("checkpoint {}: its notes are not those of `hgql train`: {e}", folder.join(MANIFEST).display()))
        };
        let notes: Notes = serde_json::from_value(checkpoint.manifest.notes.clone()).map_err(broken)?;
        if notes.run >= notes.options.runs || notes.done.len() != notes.run as usize {
            let message =
                format!("checkpoint {}: run {} after {} runs of {}", folder.display(), notes.run, notes.done.len(), notes.options.runs);
            return Err(CliError::input(message));
        }
        Ok(Self { options: notes.options.clone(), notes, checkpoint, folder })
    }

    /// Refuses other splits than those that the training began with, also those of later runs.
    pub(super) fn check_splits(&self, splits: &Splits) -> Result<(), CliError> {
        if self.notes.splits == splits.digest() {
            return Ok(());
        }
        let (folder, expected, found) = (self.folder.display(), &self.notes.splits, splits.digest());
        let message = format!("checkpoint {folder}: expected the splits with digest {expected}, found {found} from {}", splits.source);
        Err(CliError::input(message).with_help("give the file of the first training with --splits; --out DIR keeps it as DIR/splits.txt"))
    }

    /// The folder that `hgql train --out` wrote this checkpoint into.
    fn out(&self) -> Option<PathBuf> {
        let is_of_run = self.folder.file_name()? == name(self.notes.run).as_str();
        is_of_run.then(|| self.folder.parent().map(Path::to_path_buf)).flatten()
    }
}

/// Where a training leaves what it has done.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// The folder of the report and of a checkpoint per run.
    pub(super) out: Option<PathBuf>,
    /// The checkpoint gone on from, where there is no such folder: it then holds where the training stands, whatever the run.
    resumed: Option<PathBuf>,
}

impl Place {
    /// From the flags; a checkpoint named `run-I` brings its folder along.
    pub(super) fn new(args: &NodeClassificationArgs, resumed: Option<&Resumed>) -> Result<Self, CliError> {
        let folder = resumed.map(|r| r.folder.clone());
        let Some(out) = &args.out else {
            return Ok(Self { out: resumed.and_then(Resumed::out), resumed: folder });
        };
        let failed = |e: std::io::Error| CliError::failed(format!("{}: cannot write: {e}", out.display()));
        std::fs::create_dir_all(out).map_err(failed)?;
        Ok(Self { out: Some(out.canonicalize().map_err(failed)?), resumed: folder })
    }

    /// The folder that a run is saved in as it goes, if it is.
    pub(super) fn of_run(&self, run: u32) -> Option<PathBuf> {
        self.out.as_ref().map(|out| out.join(name(run))).or_else(|| self.resumed.clone())
    }

    /// The folder that a run is saved in when it is interrupted.
    pub(super) fn of_interrupted(&self, run: u32) -> PathBuf {
        let numbered = (2..).map(|i| PathBuf::from(format!("{INTERRUPTED}-{i}")));
        let mut free = std::iter::once(PathBuf::from(INTERRUPTED)).chain(numbered).filter(|path| path.symlink_metadata().is_err());
        self.of_run(run).or_else(|| free.next()).unwrap_or_else(|| INTERRUPTED.into())
    }

    /// Looks whether the runs from `first` on can be saved, before hours of training.
    pub(super) fn probe(&self, first: u32, runs: u32) -> Result<(), CliError> {
        if let Some(folder) = self.of_run(first) {
            checkpoint::probe(&folder)?;
        }
        Ok((first..runs).filter_map(|run| self.of_run(run)).try_for_each(|folder| checkpoint::check_place(&folder))?)
    }

    /// Removes the checkpoints of an earlier training that had more runs.
    pub(super) fn remove_stale(&self, runs: u32) -> Result<(), CliError> {
        let Some(out) = &self.out else { return Ok(()) };
        let failed = |path: &Path, e: std::io::Error| CliError::failed(format!("{}: cannot remove: {e}", path.display()));
        for entry in out.read_dir().map_err(|e| failed(out, e))?.flatten() {
            let run = entry.file_name().to_str().and_then(|n| n.strip_prefix("run-")?.parse::<u32>().ok());
            if run.is_some_and(|run| run >= runs) && checkpoint::is_checkpoint(&entry.path()) {
                tracing::info!(folder = %entry.path().display(), "removing a checkpoint of an earlier training");
                std::fs::remove_dir_all(entry.path()).map_err(|e| failed(&entry.path(), e))?;
            }
        }
        Ok(())
    }
}

/// The folder of a run's checkpoint.
fn name(run: u32) -> String {
    format!("run-{run}")
}

/// The command that goes on from `folder`.
pub(super) fn command(args: &NodeClassificationArgs, folder: &Path) -> String {
    let mut command = format!("hgql train node-classification --data {} --resume {}", quoted(&args.data), quoted(folder));
    let options = [("--splits", &args.splits), ("--out", &args.out)];
    for (flag, path) in options.into_iter().filter_map(|(flag, path)| Some((flag, path.as_ref()?))) {
        command.push_str(&format!(" {flag} {}", quoted(path)));
    }
    if args.device.device != Default::default() {
        command.push_str(&format!(" --device {}", args.device.device));
    }
    command
}

/// As a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_as_a_shell_takes_them() {
        assert_eq!(quoted(Path::new("a/b-1.x")), "a/b-1.x");
        assert_eq!(quoted(Path::new("a b")), "'a b'");
        assert_eq!(quoted(Path::new("it's")), r"'it'\''s'");
    }
}
