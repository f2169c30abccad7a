//! The manifests: which tests there are, each once by its IRI, with the files that it names.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use oxrdf::vocab::{rdf, rdfs};
use oxrdf::{Graph, NamedNode, NamedNodeRef, NamedOrBlankNode, NamedOrBlankNodeRef, Term, TermRef};

use crate::files::Files;

/// A test of a manifest.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    /// Its IRI.
    pub(crate) iri: String,
    /// Folder of its manifest under the root of the tests.
    pub(crate) suite: String,
    /// What is to be done.
    pub(crate) kind: Kind,
}

/// What a test asks for; files by their IRIs.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A query or an update is accepted or refused.
    Syntax { file: String, update: bool, positive: bool },
    /// The answer of a query.
    Query(QueryTest),
    /// The dataset after an update.
    Update { request: String, before: Data, after: Data },
    /// An RDF file is accepted, with these statements, or refused.
    Parser { file: String, base: String, positive: bool, result: Option<String> },
    /// Something that this project does not have, by name.
    NotOurs(&'static str),
}

/// An evaluation test of queries.
#[derive(Clone, Debug)]
pub(crate) struct QueryTest {
    /// File of the query.
    pub(crate) query: String,
    /// What is queried.
    pub(crate) data: Data,
    /// File of the answer.
    pub(crate) result: String,
    /// Duplicates may be fewer (`REDUCED`).
    pub(crate) lax: bool,
    /// The answer is compared as the values of CSV.
    pub(crate) csv: bool,
    /// Over the RDFS closure.
    pub(crate) rdfs: bool,
}

/// A dataset in files: those of the default graph, and named graphs with their files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Data {
    /// Merged in the default graph.
    pub(crate) default: Vec<String>,
    /// Name and file.
    pub(crate) named: Vec<(String, String)>,
}

const MF: &str = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#";
const QT: &str = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#";
const UT: &str = "http://www.w3.org/2009/sparql/tests/test-update#";
const RDFT: &str = "http://www.w3.org/ns/rdftest#";
const REGIME: &str = "http://www.w3.org/ns/sparql-service-description#entailmentRegime";
const RDFS_REGIME: &str = "http://www.w3.org/ns/entailment/RDFS";

/// All tests of the manifests under `path` and of those that they include.
pub(crate) fn tests(files: &Files, path: &Path) -> Result<Vec<Test>, String> {
    let mut queue = VecDeque::from(manifests(path)?);
    if queue.is_empty() {
        return Err(format!("no manifest*.ttl under {}: expected a folder of the W3C rdf-tests, such as sparql/sparql11", path.display()));
    }
    let (mut read, mut seen, mut tests) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    while let Some(manifest) = queue.pop_front() {
        if !read.insert(manifest.clone()) {
            continue;
        }
        let iri = files.iri(&manifest)?;
        let reader = Manifest { graph: files.graph(&iri)?, folder: iri.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned() };
        for included in reader.included() {
            queue.push_back(files.path(&included)?);
        }
        let suite = reader.suite(files);
        for entry in reader.entries() {
            if seen.insert(entry.as_str().to_owned()) {
                tests.push(Test { iri: entry.as_str().to_owned(), suite: suite.clone(), kind: reader.kind(&entry)? });
            }
        }
    }
    tests.sort_by(|a, b| (&a.suite, &a.iri).cmp(&(&b.suite, &b.iri)));
    Ok(tests)
}

/// Paths of the manifests under a folder, or the file itself, in order.
fn manifests(path: &Path) -> Result<Vec<PathBuf>, String> {
    let error = |error| format!("cannot read {}: {error}", path.display());
    let path = path.canonicalize().map_err(error)?;
    if path.is_file() {
        return Ok(vec![path]);
    }
    let (mut folders, mut found) = (vec![path.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(error)? {
            let entry = entry.map_err(error)?.path();
            let name = entry.file_name().unwrap_or_default().to_string_lossy();
            if entry.is_dir() {
                folders.push(entry);
            } else if name.starts_with("manifest") && name.ends_with(".ttl") {
                found.push(entry);
            }
        }
    }
    found.sort();
    Ok(found)
}

struct Manifest {
    graph: Graph,
    folder: String,
}

impl Manifest {
    /// The folder under the root of the tests, which names the suite.
    fn suite(&self, files: &Files) -> String {
        files.relative(&self.folder).to_owned()
    }

    fn included(&self) -> Vec<String> {
        let lists = self.graph.triples_for_predicate(&named(MF, "include")).map(|triple| triple.object);
        lists.flat_map(|list| self.list(list)).map(|term| text(&term)).collect()
    }

    fn entries(&self) -> Vec<NamedNode> {
        let lists = self.graph.triples_for_predicate(&named(MF, "entries")).map(|triple| triple.object);
        let entries = lists.flat_map(|list| self.list(list));
        entries.filter_map(|term| if let Term::NamedNode(node) = term { Some(node) } else { None }).collect()
    }

    fn kind(&self, test: &NamedNode) -> Result<Kind, String> {
        let class = self.one(test, &rdf::TYPE.into_owned()).map(|class| text(&class)).unwrap_or_default();
        let name = class.rsplit_once('#').map_or(class.as_str(), |(_, name)| name);
        match name {
            "PositiveSyntaxTest" | "PositiveSyntaxTest11" => self.syntax(test, false, true),
            "NegativeSyntaxTest" | "NegativeSyntaxTest11" => self.syntax(test, false, false),
            "PositiveUpdateSyntaxTest" | "PositiveUpdateSyntaxTest11" => self.syntax(test, true, true),
            "NegativeUpdateSyntaxTest" | "NegativeUpdateSyntaxTest11" => self.syntax(test, true, false),
            "QueryEvaluationTest" => self.query(test, false),
            "CSVResultFormatTest" => self.query(test, true),
            "UpdateEvaluationTest" => self.update(test),
            "ProtocolTest" | "GraphStoreProtocolTest" | "ServiceDescriptionTest" => Ok(Kind::NotOurs("an HTTP protocol")),
            "PositiveEntailmentTest" | "NegativeEntailmentTest" => Ok(Kind::NotOurs("RDF semantics, apart from queries")),
            "TestXMLEval" | "TestXMLNegativeSyntax" => Ok(Kind::NotOurs("RDF/XML")),
            name if name.ends_with("C14N") => Ok(Kind::NotOurs("canonical N-Triples and N-Quads")),
            name if name.starts_with("Test") && class.starts_with(RDFT) => self.parser(test, name),
            _ => Err(format!("{test} is of class <{class}>, which is no kind of test known here")),
        }
    }

    fn syntax(&self, test: &NamedNode, update: bool, positive: bool) -> Result<Kind, String> {
        Ok(Kind::Syntax { file: self.need(test, MF, "action")?, update, positive })
    }

    fn query(&self, test: &NamedNode, csv: bool) -> Result<Kind, String> {
        let action = self.node(test, MF, "action")?;
        if self.any(&action, QT, "serviceData") {
            return Ok(Kind::NotOurs("SERVICE on other endpoints"));
        }
        let regimes = self.regimes(&action);
        let rdfs = regimes.iter().any(|regime| regime == RDFS_REGIME);
        if !regimes.is_empty() && !rdfs {
            return Ok(Kind::NotOurs("an entailment regime other than RDFS"));
        }
        let data = self.data(&action, QT);
        let query = self.need(&action, QT, "query")?;
        let lax = self.any(&test.clone().into(), MF, "resultCardinality");
        Ok(Kind::Query(QueryTest { query, data, result: self.need(test, MF, "result")?, lax, csv, rdfs }))
    }

    fn update(&self, test: &NamedNode) -> Result<Kind, String> {
        let action = self.node(test, MF, "action")?;
        let after = self.node(test, MF, "result").map(|node| self.data(&node, UT)).unwrap_or_default();
        Ok(Kind::Update { request: self.need(&action, UT, "request")?, before: self.data(&action, UT), after })
    }

    fn parser(&self, test: &NamedNode, class: &str) -> Result<Kind, String> {
        let file = self.need(test, MF, "action")?;
        let assumed =
            self.graph.triples_for_predicate(&named(MF, "assumedTestBase")).next().map(|triple| text(&triple.object.into_owned()));
        let file_name = file.rsplit_once('/').map_or(file.as_str(), |(_, name)| name);
        let base = assumed.map_or_else(|| file.clone(), |base| format!("{base}{file_name}"));
        let result = self.one(test, &named(MF, "result")).map(|term| text(&term));
        Ok(Kind::Parser { file, base, positive: !class.contains("Negative"), result })
    }

    fn regimes(&self, action: &NamedOrBlankNode) -> Vec<String> {
        let values = self.graph.objects_for_subject_predicate(action, NamedNodeRef::new_unchecked(REGIME));
        values.flat_map(|value| if value.is_blank_node() { self.list(value) } else { vec![value.into_owned()] }).map(|v| text(&v)).collect()
    }

    /// `data` and `graphData` of the vocabulary; a named graph is a file that names itself, or one with a label.
    fn data(&self, node: &NamedOrBlankNode, vocabulary: &str) -> Data {
        let objects =
            |key| self.graph.objects_for_subject_predicate(node, &named(vocabulary, key)).map(TermRef::into_owned).collect::<Vec<_>>();
        let named_graph = |term: &Term| match term {
            Term::BlankNode(blank) => {
                let file = self.need(&blank.clone(), vocabulary, "graph").ok()?;
                let label = self.one(&blank.clone(), &rdfs::LABEL.into_owned())?;
                Some((text(&label), file))
            }
            term => Some((text(term), text(term))),
        };
        let default = objects("data").iter().map(text).collect();
        Data { default, named: objects("graphData").iter().filter_map(named_graph).collect() }
    }

    fn list(&self, head: TermRef<'_>) -> Vec<Term> {
        let (mut items, mut head) = (Vec::new(), head.into_owned());
        // A list is at most as long as the graph has triples: a circular one ends.
        for _ in 0..self.graph.len() {
            let Some(node) = subject(&head) else { break };
            let Some(first) = self.graph.object_for_subject_predicate(&node, rdf::FIRST) else { break };
            items.push(first.into_owned());
            let Some(rest) = self.graph.object_for_subject_predicate(&node, rdf::REST) else { break };
            head = rest.into_owned();
        }
        items
    }

    fn one(&self, node: &(impl Clone + Into<NamedOrBlankNode>), predicate: &NamedNode) -> Option<Term> {
        let node: NamedOrBlankNode = node.clone().into();
        self.graph.object_for_subject_predicate(NamedOrBlankNodeRef::from(&node), predicate).map(TermRef::into_owned)
    }

    fn any(&self, node: &NamedOrBlankNode, vocabulary: &str, key: &str) -> bool {
        self.one(node, &named(vocabulary, key)).is_some()
    }

    fn need(&self, node: &(impl Clone + Into<NamedOrBlankNode>), vocabulary: &str, key: &str) -> Result<String, String> {
        let found = self.one(node, &named(vocabulary, key));
        let node: NamedOrBlankNode = node.clone().into();
        found.map(|term| text(&term)).ok_or_else(|| format!("{node} in the manifest of {} has no {key}", self.folder))
    }

    fn node(&self, node: &NamedNode, vocabulary: &str, key: &str) -> Result<NamedOrBlankNode, String> {
        let found = self.one(node, &named(vocabulary, key)).and_then(|term| subject(&term));
        found.ok_or_else(|| format!("{node} has no {key} with properties"))
    }
}

fn subject(term: &Term) -> Option<NamedOrBlankNode> {
    match term {
        Term::NamedNode(node) => Some(node.clone().into()),
        Term::BlankNode(node) => Some(node.clone().into()),
        _ => None,
    }
}

fn named(vocabulary: &str, name: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("{vocabulary}{name}"))
}

fn text(term: &Term) -> String {
    match term {
        Term::NamedNode(node) => node.as_str().to_owned(),
        Term::Literal(literal) => literal.value().to_owned(),
        other => other.to_string(),
    }
}
