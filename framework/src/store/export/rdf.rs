//! RDF.

use std::io::{self, Write};

use oxrdf::Quad;
use oxrdf::vocab::{rdf, rdfs, xsd};
use oxttl::{NQuadsSerializer, NTriplesSerializer, TriGSerializer, TurtleSerializer};

use crate::store::{AtomSpace, Format, Order, Position};

/// Prefixes of Turtle and TriG.
const PREFIXES: [(&str, &str); 4] =
    [("rdf", rdf::TYPE.as_str()), ("rdfs", rdfs::LABEL.as_str()), ("xsd", xsd::STRING.as_str()), ("hq", "https://hypergraphql.org/ns#")];

/// Writes all statements; of formats without graphs, the statements of all graphs.
pub(super) fn write(space: &AtomSpace, to: impl Write, format: Format) -> io::Result<()> {
    match format {
        Format::NTriples => {
            let mut to = NTriplesSerializer::new().for_writer(to);
            space.quads().try_for_each(|quad| to.serialize_triple(quad.as_ref()))?;
            to.finish().flush()
        }
        Format::NQuads => {
            let mut to = NQuadsSerializer::new().for_writer(to);
            space.quads().try_for_each(|quad| to.serialize_quad(quad.as_ref()))?;
            to.finish().flush()
        }
        Format::Turtle => {
            let with = |to: TurtleSerializer, (name, iri)| to.with_prefix(name, namespace(iri));
            let mut to = PREFIXES.into_iter().try_fold(TurtleSerializer::new(), with).map_err(io::Error::other)?.for_writer(to);
            space.quads().try_for_each(|quad| to.serialize_triple(quad.as_ref()))?;
            to.finish()?.flush()
        }
        Format::TriG => {
            let with = |to: TriGSerializer, (name, iri)| to.with_prefix(name, namespace(iri));
            let mut to = PREFIXES.into_iter().try_fold(TriGSerializer::new(), with).map_err(io::Error::other)?.for_writer(to);
            quads_by_graph(space).try_for_each(|quad| to.serialize_quad(quad.as_ref()))?;
            to.finish()?.flush()
        }
        other => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{other} is no format of RDF"))),
    }
}

/// The default graph, then each named graph as a whole.
fn quads_by_graph(space: &AtomSpace) -> impl Iterator<Item = Quad> + '_ {
    let rows = space.rows(Order::Spo, &[]);
    let graph = |at: usize| rows.column(Position::Graph).get(at).copied();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|at| graph(*at));
    order.into_iter().filter_map(move |at| space.quad(rows.row(at)))
}

/// The namespace of a term.
fn namespace(iri: &str) -> &str {
    &iri[..=iri.rfind('#').unwrap_or(iri.len() - 1)]
}
