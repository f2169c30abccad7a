//! `hgql backup` and `hgql restore`: a copy of a knowledge base as it is now, and the way back.

use std::path::{Path, PathBuf};
use std::time::Instant;

use hypergraphql_framework::store::AtomSpace;
use hypergraphql_runtime::engine::Engine;
use serde::Serialize;

use super::error::CliError;
use super::{Global, kb, logging, output, query};

/// Write a copy of a knowledge base as it is now.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Verifies all of a knowledge base and writes it into another folder, a knowledge base of its own that can be asked. Others may go on asking and                   changing the first: the copy holds what the last update before it left. A damaged knowledge base is not copied; the error names the                   damaged section."
)]
#[command(after_help = "Examples:\n  \
                        hgql backup kb.hgql -o backups/2026-11-26.hgql\n  \
                        hgql backup kb.hgql -o latest.hgql --force")]
pub(crate) struct BackupArgs {
    /// Folder of `hgql load`.
    kb: PathBuf,
    /// Folder to write.
    #[arg(short, long, value_name = "KB")]
    output: PathBuf,
    /// Replace the output when it exists, once the new copy is on the disk.
    #[arg(long)]
    force: bool,
}

/// Put a backup in the place of a knowledge base.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Verifies all of a backup (or of any other knowledge base) and makes its statements those of a knowledge base, which is replaced when they are on                   the disk: a crash leaves the one or the other. Queries that run meanwhile keep what they see; a process that has the knowledge base open for                   updates has to be ended first, and the error names it."
)]
#[command(after_help = "Examples:\n  \
                        hgql restore backups/2026-11-26.hgql -o kb.hgql --force")]
pub(crate) struct RestoreArgs {
    /// Folder that `hgql backup` wrote.
    backup: PathBuf,
    /// Knowledge base to write.
    #[arg(short, long, value_name = "KB")]
    output: PathBuf,
    /// Replace the knowledge base when it exists.
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Copied<'a> {
    kind: &'static str,
    output: &'a Path,
    statements: u64,
    bytes: u64,
    ms: f64,
}

/// Copies a knowledge base.
pub(crate) fn backup(args: &BackupArgs, global: &Global) -> Result<(), CliError> {
    copy("backup", &args.kb, &args.output, args.force, global)
}

/// Copies it back.
pub(crate) fn restore(args: &RestoreArgs, global: &Global) -> Result<(), CliError> {
    copy("restore", &args.backup, &args.output, args.force, global)
}

fn copy(kind: &'static str, from: &Path, to: &Path, force: bool, global: &Global) -> Result<(), CliError> {
    if !kb::is_store(from) {
        let help = "`hgql load` makes one of files, which are their own backup";
        return Err(CliError::input(format!("{} is no knowledge base", from.display())).with_help(help));
    }
    kb::check_output(to, force)?;
    if to.canonicalize().is_ok_and(|to| from.canonicalize().is_ok_and(|from| from == to)) {
        return Err(CliError::input(format!("{} is the knowledge base itself", to.display())).with_help("name another folder"));
    }
    let start = Instant::now();
    let bar = kb::spinner(global);
    bar.set_message(format!("copying {}", from.display()));
    let copied = Engine::new(AtomSpace::open(from)?).backup(to).map_err(query::failed);
    logging::set_bar(None);
    bar.finish_and_clear();
    let copied = Copied { kind, output: to, statements: copied?, bytes: kb::bytes(to), ms: start.elapsed().as_secs_f64() * 1e3 };
    if global.json {
        return output::json(&copied);
    }
    let Copied { statements, bytes, ms, .. } = copied;
    output::line(format!("{}: {statements} statements, {}, {:.1} s", to.display(), output::bytes(bytes), ms / 1e3))
}
