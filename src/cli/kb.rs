//! Knowledge bases: folders that `hgql load` wrote, or files of RDF and hyperedges, which are read into memory.

use std::path::Path;
use std::time::Duration;

use hypergraphql_framework::store::{AtomSpace, Format, LoadOptions, Progress};
use hypergraphql_runtime::engine::Engine;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::error::CliError;
use super::{Global, logging, query};

/// The engine over a knowledge base or a file.
pub(crate) fn engine(path: &Path, global: &Global) -> Result<Engine, CliError> {
    if is_source(path) { Ok(Engine::new(space(path, global)?)) } else { Engine::open(path).map_err(query::failed) }
}

/// The statements of a file that is known by its extension as RDF or hyperedges, else of a knowledge base.
pub(crate) fn space(path: &Path, global: &Global) -> Result<AtomSpace, CliError> {
    if is_source(path) {
        return load(&[path], &LoadOptions::default(), global);
    }
    Ok(AtomSpace::open(path)?)
}

/// Whether a file is one to be loaded, by its extension.
pub(crate) fn is_source(path: &Path) -> bool {
    !path.is_dir() && Format::of(path).is_ok()
}

/// Loads files, with a spinner on a terminal.
pub(crate) fn load<P: AsRef<Path>>(files: &[P], options: &LoadOptions<'_>, global: &Global) -> Result<AtomSpace, CliError> {
    let bar = spinner(global);
    let show = |progress: &Progress<'_>| {
        let (file, refused) = (progress.file.display(), progress.rejected);
        let refused = if refused == 0 { String::new() } else { format!(", {refused} lines refused") };
        bar.set_message(format!("{file}: {:.1} million statements{refused}", progress.statements as f64 / 1e6));
    };
    let space = AtomSpace::load(files, &LoadOptions { progress: Some(&show), ..options.clone() });
    logging::set_bar(None);
    bar.finish_and_clear();
    Ok(space?)
}

/// Draws nothing without a terminal, with --json or with -q.
fn spinner(global: &Global) -> ProgressBar {
    let hidden = global.json || global.quiet > 0 || !std::io::IsTerminal::is_terminal(&std::io::stderr());
    let bar =
        ProgressBar::with_draw_target(None, if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(10) });
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    logging::set_bar(Some(bar.clone()));
    bar
}

/// Bytes on disk of the files in a folder.
pub(crate) fn bytes(folder: &Path) -> u64 {
    let sizes = std::fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| entry.metadata().ok());
    sizes.map(|meta| meta.len()).sum()
}
