//! The files of the tests: their IRIs, and RDF read from them.

use std::path::{Path, PathBuf};

use oxrdf::{BlankNode, Graph, GraphName, NamedNode, NamedOrBlankNode, Quad, Term, Triple};
use oxrdfxml::RdfXmlParser;
use oxttl::{NQuadsParser, NTriplesParser, TriGParser, TurtleParser};

use crate::manifest::Data;

/// Where the W3C publishes the tests: the IRI of a file is this and its path below the root.
const PUBLISHED: &str = "https://w3c.github.io/rdf-tests/";

/// The folder that holds `sparql` and `rdf`.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    root: PathBuf,
}

impl Files {
    /// The root over `path`: the nearest folder that holds `sparql` or `rdf`; without one, the folder itself.
    pub(crate) fn around(path: &Path) -> Result<Self, String> {
        let path = path.canonicalize().map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let holds = |folder: &&Path| folder.join("sparql").is_dir() || folder.join("rdf").is_dir();
        let folder = if path.is_file() { path.parent().unwrap_or(&path) } else { &path };
        Ok(Self { root: folder.ancestors().find(holds).unwrap_or(folder).to_owned() })
    }

    /// The IRI of a file.
    pub(crate) fn iri(&self, path: &Path) -> Result<String, String> {
        let relative = path.strip_prefix(&self.root).map_err(|_| format!("{} is outside {}", path.display(), self.root.display()))?;
        Ok(format!("{PUBLISHED}{}", relative.to_string_lossy()))
    }

    /// The file of an IRI.
    pub(crate) fn path(&self, iri: &str) -> Result<PathBuf, String> {
        let relative = iri.strip_prefix(PUBLISHED).ok_or_else(|| format!("<{iri}> is no file of the tests"))?;
        Ok(self.root.join(relative))
    }

    /// An IRI without what all have in common.
    pub(crate) fn relative<'a>(&self, iri: &'a str) -> &'a str {
        iri.strip_prefix(PUBLISHED).unwrap_or(iri)
    }

    /// The bytes of a file.
    pub(crate) fn bytes(&self, iri: &str) -> Result<Vec<u8>, String> {
        let path = self.path(iri)?;
        std::fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    }

    /// The text of a file.
    pub(crate) fn text(&self, iri: &str) -> Result<String, String> {
        String::from_utf8(self.bytes(iri)?).map_err(|error| format!("<{iri}> is not UTF-8: {error}"))
    }

    /// The triples of a file.
    pub(crate) fn graph(&self, iri: &str) -> Result<Graph, String> {
        Ok(self.quads(iri, iri)?.into_iter().map(Triple::from).collect())
    }

    /// The quads of a file, which is read with this base.
    pub(crate) fn quads(&self, iri: &str, base: &str) -> Result<Vec<Quad>, String> {
        let bytes = self.bytes(iri)?;
        let extension = iri.rsplit_once('.').map_or("", |(_, extension)| extension);
        let quad = |triple: Triple| triple.in_graph(GraphName::DefaultGraph);
        let quads: Result<Vec<Quad>, String> = match extension {
            "ttl" => turtle(base)?.for_slice(&bytes).map(|t| t.map(quad).map_err(|error| error.to_string())).collect(),
            "nt" => NTriplesParser::new().for_slice(&bytes).map(|t| t.map(quad).map_err(|error| error.to_string())).collect(),
            "trig" => trig(base)?.for_slice(&bytes).map(|q| q.map_err(|error| error.to_string())).collect(),
            "nq" => NQuadsParser::new().for_slice(&bytes).map(|q| q.map_err(|error| error.to_string())).collect(),
            "rdf" => xml(base)?.for_slice(&bytes).map(|t| t.map(quad).map_err(|error| error.to_string())).collect(),
            _ => Err(format!("its extension is `{extension}`, expected ttl, nt, trig, nq or rdf")),
        };
        quads.map_err(|error| format!("cannot read <{iri}>: {error}"))
    }

    /// All quads of a dataset in files; blank nodes of different files are different.
    pub(crate) fn dataset(&self, data: &Data) -> Result<Vec<Quad>, String> {
        let default = data.default.iter().map(|file| (GraphName::DefaultGraph, file));
        let named = data.named.iter().map(|(name, file)| (GraphName::NamedNode(NamedNode::new_unchecked(name)), file));
        let mut all = Vec::new();
        for (number, (graph, file)) in default.chain(named).enumerate() {
            for quad in self.quads(file, file)? {
                let graph = if graph.is_default_graph() { quad.graph_name } else { graph.clone() };
                all.push(Quad::new(apart_subject(quad.subject, number), quad.predicate, apart(quad.object, number), graph));
            }
        }
        Ok(all)
    }
}

fn turtle(base: &str) -> Result<TurtleParser, String> {
    TurtleParser::new().with_base_iri(base).map_err(|error| format!("<{base}>: {error}"))
}

fn trig(base: &str) -> Result<TriGParser, String> {
    TriGParser::new().with_base_iri(base).map_err(|error| format!("<{base}>: {error}"))
}

fn xml(base: &str) -> Result<RdfXmlParser, String> {
    RdfXmlParser::new().with_base_iri(base).map_err(|error| format!("<{base}>: {error}"))
}

fn apart_blank(node: &BlankNode, file: usize) -> BlankNode {
    BlankNode::new_unchecked(format!("f{file}.{}", node.as_str()))
}

fn apart_subject(subject: NamedOrBlankNode, file: usize) -> NamedOrBlankNode {
    match subject {
        NamedOrBlankNode::BlankNode(node) => apart_blank(&node, file).into(),
        named => named,
    }
}

fn apart(term: Term, file: usize) -> Term {
    match term {
        Term::BlankNode(node) => apart_blank(&node, file).into(),
        Term::Triple(triple) => Triple::new(apart_subject(triple.subject, file), triple.predicate, apart(triple.object, file)).into(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_nodes_of_files_are_kept_apart_inside_triple_terms_too() {
        let blank = BlankNode::new_unchecked("a");
        let inner = Triple::new(blank.clone(), NamedNode::new_unchecked("http://x/p"), blank);
        let Term::Triple(renamed) = apart(inner.into(), 3) else { panic!("no triple") };
        assert_eq!(renamed.to_string(), "_:f3.a <http://x/p> _:f3.a");
    }

    #[test]
    fn the_root_holds_sparql() {
        let root = tempfile::tempdir().expect("a folder");
        let suite = root.path().join("sparql/sparql11/bind");
        std::fs::create_dir_all(&suite).expect("a suite");
        let files = Files::around(&suite).expect("a root");
        let manifest = suite.canonicalize().expect("a path").join("manifest.ttl");
        let iri = files.iri(&manifest).expect("inside");
        assert_eq!(iri, "https://w3c.github.io/rdf-tests/sparql/sparql11/bind/manifest.ttl");
        assert_eq!(files.path(&iri).expect("inside"), manifest);
        assert!(files.path("http://example.org/").is_err());
    }
}
