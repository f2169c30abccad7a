//! Knowledge bases: files of `hgql load`, or RDF files that are read into memory.

use std::path::Path;
use std::time::Duration;

use hypergraphql_framework::store::{AtomSpace, Format, LoadOptions, Order, Progress};
use hypergraphql_runtime::engine::Engine;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use oxrdf::{GraphName, NamedOrBlankNode, Quad, Term};

use super::error::CliError;
use super::{Global, logging};

/// The engine over a file.
pub(crate) fn engine(path: &Path, global: &Global) -> Result<Engine, CliError> {
    Ok(Engine::new(space(path, global)?))
}

/// The statements of a file: of one that is known by its extension as RDF or hyperedges, else of one that `hgql load` wrote.
pub(crate) fn space(path: &Path, global: &Global) -> Result<AtomSpace, CliError> {
    if is_source(path) {
        return load(&[path], &LoadOptions::default(), global);
    }
    Ok(AtomSpace::open(path)?)
}

/// Whether a file is one to be loaded, by its extension.
pub(crate) fn is_source(path: &Path) -> bool {
    Format::of(path).is_ok()
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
    let bar = ProgressBar::with_draw_target(None, if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(10) });
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    logging::set_bar(Some(bar.clone()));
    bar
}

/// The statements one after another, by subject.
pub(crate) fn quads(space: &AtomSpace) -> impl Iterator<Item = Result<Quad, CliError>> {
    let rows = space.rows(Order::Spo, &[]);
    (0..rows.len()).map(move |at| quad(space, rows.row(at)).ok_or_else(|| CliError::failed(format!("statement {at} is damaged: `hgql check` says more"))))
}

fn quad(space: &AtomSpace, [subject, predicate, object, graph]: [u32; 4]) -> Option<Quad> {
    let node = |id| match space.term(id)? {
        Term::NamedNode(node) => Some(NamedOrBlankNode::from(node)),
        Term::BlankNode(node) => Some(node.into()),
        Term::Literal(_) | Term::Triple(_) => None,
    };
    let NamedOrBlankNode::NamedNode(predicate) = node(predicate)? else { return None };
    let graph = if graph == 0 { GraphName::DefaultGraph } else { node(graph)?.into() };
    Some(Quad::new(node(subject)?, predicate, space.term(object)?, graph))
}
