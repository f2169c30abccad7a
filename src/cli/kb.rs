//! Knowledge bases: folders that `hgql load` wrote, or files of RDF and hyperedges, which are read into memory.

use std::path::Path;
use std::time::Duration;

use hypergraphql_framework::store::{AtomSpace, DatasetOptions, Format, Hyperedges, LoadOptions, Progress};
use hypergraphql_framework::{Dataset, io};
use hypergraphql_runtime::engine::Engine;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use oxrdf::NamedNode;

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

/// That a folder may be written: it is not there, or may be replaced, and does not look like a file to load.
pub(crate) fn check_output(output: &Path, replace: bool) -> Result<(), CliError> {
    if output.exists() && !replace {
        return Err(CliError::input(format!("{} exists already", output.display())).with_help("give --force to replace it"));
    }
    if is_source(output) {
        let message = format!("{} has the extension of a file to load", output.display());
        return Err(CliError::input(message).with_help("another one, such as .hgql, tells the other commands that it is a knowledge base"));
    }
    Ok(())
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
pub(crate) fn spinner(global: &Global) -> ProgressBar {
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

/// Whether a folder is a knowledge base, which is then no data set.
pub(crate) fn is_store(path: &Path) -> bool {
    path.is_dir() && path.join("CURRENT").is_file()
}

/// How a knowledge base becomes a data set.
#[derive(Debug, clap::Args)]
pub(crate) struct DatasetArgs {
    /// Of a knowledge base: what its hyperedges are: nodes (those of type hq:Hyperedge), triples (statements) or all.
    #[arg(long, value_name = "KIND")]
    hyperedges: Option<Hyperedges>,
    /// Of a knowledge base: literals are nodes, too; without, incidences with them are left out.
    #[arg(long)]
    literals: bool,
    /// Of a knowledge base: the predicate whose objects are the classes of nodes.
    #[arg(long, value_name = "IRI", value_parser = super::load::iri)]
    labels: Option<NamedNode>,
}

impl DatasetArgs {
    /// The data set of a knowledge base; none of another path, for which these flags have no meaning, as `options` have none for a knowledge base.
    pub(crate) fn dataset(&self, path: &Path, options: io::Options) -> Result<Option<Dataset>, CliError> {
        self.dataset_or(path, options, Hyperedges::default())
    }

    /// The same, with what the hyperedges are where nobody says.
    pub(crate) fn dataset_or(&self, path: &Path, options: io::Options, unsaid: Hyperedges) -> Result<Option<Dataset>, CliError> {
        if !is_store(path) {
            if self.hyperedges.is_none() && !self.literals && self.labels.is_none() {
                return Ok(None);
            }
            let help = "--hyperedges, --literals and --labels say how a folder of `hgql load` becomes a data set";
            return Err(CliError::input(format!("{} is no knowledge base", path.display())).with_help(help));
        }
        if options != io::Options::default() {
            let help = "--from and --duplicates are for files of data sets; a knowledge base has each incidence once";
            return Err(CliError::input(format!("{} is a knowledge base", path.display())).with_help(help));
        }
        let hyperedges = self.hyperedges.unwrap_or(unsaid);
        let options = DatasetOptions { hyperedges, literals: self.literals, labels: self.labels.clone() };
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        AtomSpace::open(path)?.dataset(&name, &options).map(Some).map_err(|error| {
            let found = CliError::from(error);
            let help = "--hyperedges triples makes a hyperedge of each statement between nodes";
            if hyperedges == Hyperedges::Nodes && found.to_string().contains("hq:Hyperedge") { found.with_help(help) } else { found }
        })
    }
}

/// Bytes on disk of the files in a folder.
pub(crate) fn bytes(folder: &Path) -> u64 {
    let sizes = std::fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| entry.metadata().ok());
    sizes.map(|meta| meta.len()).sum()
}
