//! Where checkpoints go, and what of the command line they hold: the options, the run, and the runs done before it.

use std::path::{Path, PathBuf};

use hypergraphql_models::checkpoint::{self, Checkpoint, MANIFEST};
use serde::{Deserialize, Serialize};

use super::NodeClassificationArgs;
use super::options::Options;
use super::report::RunReport;
use crate::cli::error::CliError;

/// Where Ctrl-C saves a training that has neither --out nor --resume.
const INTERRUPTED: &str = "hgql-interrupted";

/// What the command line keeps in a checkpoint.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notes {
    pub(super) options: Options,
    pub(super) run: u32,
    pub(super) done: Vec<RunReport>,
    /// Of this run so far.
    pub(super) seconds: f64,
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
        let checkpoint = checkpoint::read(folder)?;
        let broken = |e: serde_json::Error| {
            CliError::input(format!("checkpoint {}: its notes are not those of `hgql train`: {e}", folder.join(MANIFEST).display()))
        };
        let notes: Notes = serde_json::from_value(checkpoint.manifest.notes.clone()).map_err(broken)?;
        if notes.run >= notes.options.runs || notes.done.len() != notes.run as usize {
            let message =
                format!("checkpoint {}: run {} after {} runs of {}", folder.display(), notes.run, notes.done.len(), notes.options.runs);
            return Err(CliError::input(message));
        }
        Ok(Self { options: notes.options.clone(), notes, checkpoint, folder: folder.to_path_buf() })
    }
}

/// The folder that a run is saved in as it goes, if it is.
pub(super) fn folder(args: &NodeClassificationArgs, run: u32) -> Option<PathBuf> {
    match (&args.out, &args.resume) {
        (Some(out), _) => Some(out.join(format!("run-{run}"))),
        (None, resumed) => resumed.clone(),
    }
}

/// The folder that a run is saved in when it is interrupted.
pub(super) fn folder_of_interrupted(args: &NodeClassificationArgs, run: u32) -> PathBuf {
    folder(args, run).unwrap_or_else(|| PathBuf::from(INTERRUPTED))
}

/// The command that goes on from `folder`.
pub(super) fn command(args: &NodeClassificationArgs, folder: &Path) -> String {
    let mut command = format!("hgql train node-classification --data {} --resume {}", quoted(&args.data), quoted(folder));
    let options = [("--splits", &args.splits), ("--out", &args.out)];
    for (flag, path) in options.into_iter().filter_map(|(flag, path)| Some((flag, path.as_ref()?))) {
        command.push_str(&format!(" {flag} {}", quoted(path)));
    }
    if args.duplicates != Default::default() {
        command.push_str(&format!(" --duplicates {}", args.duplicates));
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
