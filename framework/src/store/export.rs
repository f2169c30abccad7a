//! From an AtomSpace to text.

use std::io::{self, Write};
use std::path::Path;

use oxrdf::vocab::{rdf, rdfs, xsd};
use oxrdf::{GraphName, NamedNode, NamedOrBlankNode, Quad, Term};
use oxttl::{NQuadsSerializer, NTriplesSerializer, TriGSerializer, TurtleSerializer};

use super::{AtomSpace, Format, Id, Order, Position};
use crate::{Error, Result};

/// Prefixes of Turtle and TriG.
const PREFIXES: [(&str, &str); 4] =
    [("rdf", rdf::TYPE.as_str()), ("rdfs", rdfs::LABEL.as_str()), ("xsd", xsd::STRING.as_str()), ("hq", "https://hypergraphql.org/ns#")];

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
    /// When the file cannot be written, the format is not one of RDF, or it has no graphs but the space has named ones.
    pub fn export(&self, path: impl AsRef<Path>, format: Format) -> Result<()> {
        let path = path.as_ref();
        self.exportable(path, format)?;
        crate::io::replace(path, |to| self.write(to, format).map_err(Error::io(path, "write")))
    }

    /// Whether a format holds the space.
    fn exportable(&self, path: &Path, format: Format) -> Result<()> {
        let (what, instead) = match format {
            Format::NQuads | Format::TriG => return Ok(()),
            Format::NTriples | Format::Turtle if !self.has_named_graphs() => return Ok(()),
            Format::NTriples | Format::Turtle => (format!("named graphs (there are {})", self.graphs().len()), "write nquads or trig"),
            _ => ("every RDF dataset".to_owned(), "write ntriples, nquads, turtle or trig"),
        };
        Err(Error::Unsupported { path: path.to_path_buf(), format: format.name(), what, instead })
    }

    /// Writes all statements; of formats without graphs, the statements of all graphs.
    ///
    /// # Errors
    /// When the writer fails, or the format is not one of RDF.
    pub fn write(&self, to: impl Write, format: Format) -> io::Result<()> {
        match format {
            Format::NTriples => {
                let mut to = NTriplesSerializer::new().for_writer(to);
                self.quads().try_for_each(|quad| to.serialize_triple(quad.as_ref()))?;
                to.finish().flush()
            }
            Format::NQuads => {
                let mut to = NQuadsSerializer::new().for_writer(to);
                self.quads().try_for_each(|quad| to.serialize_quad(quad.as_ref()))?;
                to.finish().flush()
            }
            Format::Turtle => {
                let with = |to: TurtleSerializer, (name, iri)| to.with_prefix(name, namespace(iri));
                let mut to = PREFIXES.into_iter().try_fold(TurtleSerializer::new(), with).map_err(io::Error::other)?.for_writer(to);
                self.quads().try_for_each(|quad| to.serialize_triple(quad.as_ref()))?;
                to.finish()?.flush()
            }
            Format::TriG => {
                let with = |to: TriGSerializer, (name, iri)| to.with_prefix(name, namespace(iri));
                let mut to = PREFIXES.into_iter().try_fold(TriGSerializer::new(), with).map_err(io::Error::other)?.for_writer(to);
                self.quads_by_graph().try_for_each(|quad| to.serialize_quad(quad.as_ref()))?;
                to.finish()?.flush()
            }
            other => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{other} cannot be written; write ntriples, nquads, turtle or trig"),
            )),
        }
    }

    /// The default graph, then each named graph as a whole.
    fn quads_by_graph(&self) -> impl Iterator<Item = Quad> + '_ {
        let rows = self.rows(Order::Spo, &[]);
        let graph = |at: usize| rows.column(Position::Graph).get(at).copied();
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|at| graph(*at));
        order.into_iter().filter_map(move |at| self.quad(rows.row(at)))
    }
}

/// The namespace of a term.
fn namespace(iri: &str) -> &str {
    &iri[..=iri.rfind('#').unwrap_or(iri.len() - 1)]
}
