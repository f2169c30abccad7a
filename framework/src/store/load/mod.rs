//! From files to an AtomSpace.
//!
//! Lines (N-Triples, N-Quads) are parsed in chunks by all threads; each chunk interns its terms for itself and then gives them to the shared table. Turtle is read
//! so, too, in parts of a document that is held whole; TriG and hyperedges in one piece, but for Parquet, which is read batch by batch.

mod builder;
mod dataset;
mod documents;
mod edges;
mod format;
mod hif;
mod hyperedges;
mod input;
mod lines;
mod names;
mod parquet;
mod rejects;
mod role;

use std::path::{Path, PathBuf};
use std::time::Instant;

use oxrdf::NamedNode;

pub use format::Format;
pub use names::term_of_name;

pub(super) use builder::Builder;
pub(super) use dataset::space_of;
pub(super) use format::is_gzip;
pub(super) use names::{hq, name_of};
pub(super) use role::{annotation, header};

use super::base::fresh_number;
use super::{AtomSpace, time};
use crate::Result;
use input::Input;
use rejects::Rejects;

/// How to load.
#[derive(Clone, Default)]
pub struct LoadOptions<'a> {
    /// The format; none: told from each file's extension, before which there may be `.gz`.
    pub format: Option<Format>,
    /// Base of relative IRIs in Turtle and TriG, where the file gives none.
    pub base: Option<String>,
    /// What names in HIF, CSV, TSV, Parquet and statement lines are appended to; none: `http://example.org/`.
    pub namespace: Option<String>,
    /// The graph of statements that name none; none: the default graph.
    pub graph: Option<NamedNode>,
    /// Statements to which those of the files are added; its blank nodes are none of the files'.
    pub onto: Option<AtomSpace>,
    /// Make an index of texts, with which strings are found that contain a part; none: if the space to which is added has one.
    pub text_index: Option<bool>,
    /// Lines that cannot be read are written to this file instead of ending the load; formats of lines only.
    pub rejects: Option<PathBuf>,
    /// Told how far it is, now and then.
    pub progress: Option<&'a (dyn Fn(&Progress<'_>) + Sync)>,
}

/// How far a load is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file that is being read.
    pub file: &'a Path,
    /// Bytes of it that were read, after decompression.
    pub bytes: u64,
    /// Statements read from all files, repeated ones counted again.
    pub statements: u64,
    /// Lines refused in all files.
    pub rejected: u64,
}

impl AtomSpace {
    /// Loads files into a space. Blank nodes of one label in several files are different; those of a single file keep their labels.
    ///
    /// # Errors
    /// When a file cannot be read, its format is not known, or it holds something else than its format allows: the error names file, line and column;
    /// or when an annotation is wrong ([`super::Periods::of`], strength and confidence outside 0..1): the error names its node.
    pub fn load<P: AsRef<Path>>(files: &[P], options: &LoadOptions<'_>) -> Result<Self> {
        let builder = Builder::default();
        let mut prefix = "f".to_owned();
        if let Some(space) = &options.onto {
            builder.add_space(space)?;
            // Earlier loads may have left any label.
            prefix = format!("f{:016x}_", fresh_number());
        }
        let scope = |file: usize| if files.len() > 1 || options.onto.is_some() { format!("{prefix}{file}_") } else { String::new() };
        let mut rejects = Rejects::new(options.rejects.as_deref())?;
        for (i, file) in files.iter().enumerate() {
            load_file(&builder, file.as_ref(), &scope(i), options, &mut rejects)?;
        }
        rejects.finish()?;
        let (read, start) = (builder.statements(), Instant::now());
        let text = options.text_index.unwrap_or_else(|| options.onto.as_ref().is_some_and(|space| space.text_index().is_some()));
        let space = builder.finish(text)?;
        time::check(&space)?;
        tracing::info!(read, statements = space.len(), terms = space.terms(), took = ?start.elapsed(), "sorted the statements");
        Ok(space)
    }
}

/// Gives the statements of a file to the builder.
fn load_file(builder: &Builder, file: &Path, scope: &str, options: &LoadOptions<'_>, rejects: &mut Rejects) -> Result<()> {
    let (start, before) = (Instant::now(), builder.statements());
    let format = options.format.map_or_else(|| Format::of(file), Ok)?;
    let mut input = Input { path: file, scope, options, builder, bytes: 0 };
    match format {
        Format::NTriples | Format::NQuads => lines::load(&mut input, format, rejects)?,
        Format::Turtle | Format::TriG => documents::load(&mut input, format)?,
        Format::Hif | Format::Npz | Format::Csv | Format::Tsv | Format::Statements | Format::Parquet => {
            hyperedges::load(&mut input, format)?;
        }
    }
    tracing::info!(%format, statements = builder.statements() - before, took = ?start.elapsed(), "read {}", file.display());
    Ok(())
}
