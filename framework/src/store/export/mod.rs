//! From an AtomSpace to files: RDF holds everything; tables of hyperedges, statement lines and data sets hold a part, which is counted first.

mod dataset;
mod lines;
mod parquet;
mod rdf;
mod roles;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use oxrdf::{GraphName, NamedNode, NamedOrBlankNode, Quad, Term};

use super::load::is_gzip;
use super::{AtomSpace, Format, Id, Order, Position};
use crate::{Error, Result};
use lines::Lines;
use roles::Roles;

/// How to export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExportOptions {
    /// The format.
    pub format: Format,
    /// Leave out what the format cannot hold, instead of refusing to write.
    pub lenient: bool,
}

impl AtomSpace {
    /// All statements, ascending by subject, predicate, object and graph.
    pub fn quads(&self) -> impl Iterator<Item = Quad> + '_ {
        let rows = self.rows(Order::Spo, &[]);
        (0..rows.len()).filter_map(move |at| self.quad(rows.row(at)))
    }

    /// The statement of these ids; none if they are not those of a statement's terms.
    pub fn quad(&self, [subject, predicate, object, graph]: [Id; 4]) -> Option<Quad> {
        let graph = match graph {
            0 => GraphName::DefaultGraph,
            id => match self.term(id)? {
                Term::NamedNode(node) => node.into(),
                Term::BlankNode(node) => node.into(),
                _ => return None,
            },
        };
        let subject = NamedOrBlankNode::try_from(self.term(subject)?).ok()?;
        Some(Quad::new(subject, NamedNode::try_from(self.term(predicate)?).ok()?, self.term(object)?, graph))
    }

    /// Writes all statements to a file, which is replaced when they are all written.
    ///
    /// # Errors
    /// When the file cannot be written, or the format does not hold all statements: the error says how many.
    pub fn export(&self, path: impl AsRef<Path>, format: Format) -> Result<()> {
        self.export_with(path, &ExportOptions { format, lenient: false }).map(drop)
    }

    /// Writes the statements to a file, which is replaced when they are all written; through gzip if its name says so. Returns how many the file does not
    /// hold:
    ///
    /// | format | what a file of it holds |
    /// |---|---|
    /// | N-Quads, TriG | everything |
    /// | N-Triples, Turtle | the default graph; statements of other graphs are written without their graph, and counted |
    /// | CSV, TSV, Parquet | in the default graph, what is said of nodes of type `hq:Hyperedge`: a row each, roles as columns |
    /// | statement lines | in the default graph, blank nodes of type `hq:Hyperedge` with one `hq:relation`, `hq:subject` and `hq:object`, and that statement |
    /// | HIF, npz | what [`AtomSpace::from_dataset`] makes of [`AtomSpace::dataset`] with all hyperedges and literals |
    ///
    /// # Errors
    /// When the file cannot be written, or, unless lenient, the format does not hold all statements.
    pub fn export_with(&self, path: impl AsRef<Path>, options: &ExportOptions) -> Result<u64> {
        let path = path.as_ref();
        let check =
            |left_out: u64| if left_out == 0 || options.lenient { Ok(left_out) } else { Err(self.refused(path, options.format, left_out)) };
        let left_out = match options.format {
            Format::Hif | Format::Npz => {
                refuse_gzip(path, options.format)?;
                let (dataset, left_out) = dataset::of(self, path)?;
                check(left_out)?;
                let format = if options.format == Format::Hif { crate::io::Format::Hif } else { crate::io::Format::Npz };
                crate::io::write_as(&dataset, path, format)?;
                left_out
            }
            Format::Parquet => {
                refuse_gzip(path, options.format)?;
                let roles = Roles::of(self);
                check(roles.left_out())?;
                crate::io::replace(path, |to| parquet::write(&roles, to).map_err(Error::io(path, "write")))?;
                roles.left_out()
            }
            format => {
                let left_out = check(self.left_out(format)?)?;
                crate::io::replace(path, |to| self.write_file(path, to, format).map_err(Error::io(path, "write")))?;
                left_out
            }
        };
        // What is damaged read as nothing.
        self.health()?;
        Ok(left_out)
    }

    /// How many statements a format does not hold; see [`AtomSpace::export_with`].
    ///
    /// # Errors
    /// Of HIF and npz, when there is no data set.
    pub fn left_out(&self, format: Format) -> Result<u64> {
        Ok(match format {
            Format::NQuads | Format::TriG => 0,
            Format::NTriples | Format::Turtle => self.in_named_graphs(),
            Format::Csv | Format::Tsv | Format::Parquet => Roles::of(self).left_out(),
            Format::Statements => Lines::of(self).left_out(),
            Format::Hif | Format::Npz => dataset::of(self, Path::new("the store"))?.1,
        })
    }

    /// Writes all statements, or those that the format holds; of N-Triples and Turtle, which have no graphs, the statements of all graphs.
    ///
    /// # Errors
    /// When the writer fails, a table has more columns than its readers take, or the format is one of files alone: HIF, npz, Parquet.
    pub fn write(&self, to: impl Write, format: Format) -> io::Result<()> {
        match format {
            Format::NTriples | Format::NQuads | Format::Turtle | Format::TriG => rdf::write(self, to, format),
            Format::Csv => Roles::of(self).write(to, b','),
            Format::Tsv => Roles::of(self).write(to, b'\t'),
            Format::Statements => Lines::of(self).write(to),
            Format::Hif | Format::Npz | Format::Parquet => {
                Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{format} is written to a file, not to a stream")))
            }
        }
    }

    fn write_file(&self, path: &Path, to: &mut BufWriter<File>, format: Format) -> io::Result<()> {
        if !is_gzip(path) {
            return self.write(to, format);
        }
        let mut packed = GzEncoder::new(to, Compression::default());
        self.write(BufWriter::with_capacity(1 << 16, &mut packed), format)?;
        packed.finish().map(drop)
    }

    fn in_named_graphs(&self) -> u64 {
        if !self.has_named_graphs() {
            return 0;
        }
        self.rows(Order::Spo, &[]).column(Position::Graph).iter().filter(|graph| **graph != 0).count() as u64
    }

    fn refused(&self, path: &Path, format: Format, left_out: u64) -> Error {
        let (what, instead) = match format {
            Format::NTriples | Format::Turtle => (format!("named graphs (there are {})", self.graphs().len()), "write nquads or trig"),
            Format::Hif | Format::Npz => ("which are no hyperedges, players, relations or weights".to_owned(), ""),
            Format::Statements => ("which are no part of a qualified statement in the default graph".to_owned(), ""),
            _ => ("which are not about a node of type hq:Hyperedge in the default graph".to_owned(), ""),
        };
        if !instead.is_empty() {
            return Error::Unsupported { path: path.to_path_buf(), format: format.name(), what, instead };
        }
        let what = format!("{left_out} of the {} statements, {what}", self.len());
        let instead = "write nquads or trig, or leave them out (lenient)";
        Error::Unsupported { path: path.to_path_buf(), format: format.name(), what, instead }
    }
}

/// Files that are compressed inside.
fn refuse_gzip(path: &Path, format: Format) -> Result<()> {
    if is_gzip(path) {
        let instead = "it is written as it is: leave out .gz";
        return Err(Error::Unsupported { path: path.to_path_buf(), format: format.name(), what: "itself in gzip".to_owned(), instead });
    }
    Ok(())
}
