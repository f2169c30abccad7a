//! What an update changes.

use hashbrown::HashMap;
use hypergraphql_framework::store::{AtomSpace, Id, Order};
use oxrdf::{GraphName, NamedOrBlankNode, Quad, Term, Triple};

use super::QueryError;

/// A snapshot and what is to become of its quads.
pub(super) struct Changes {
    space: AtomSpace,
    /// Whether each quad is to be there, of those that `space` does not have so yet.
    pending: HashMap<Quad, bool>,
    /// The same of all changes since the first snapshot.
    all: HashMap<Quad, bool>,
}

impl Changes {
    /// None yet.
    pub(super) fn new(space: AtomSpace) -> Self {
        Self { space, pending: HashMap::new(), all: HashMap::new() }
    }

    /// A quad is to be there.
    pub(super) fn insert(&mut self, quad: Quad) {
        self.all.insert(quad.clone(), true);
        self.pending.insert(quad, true);
    }

    /// A quad is not to be there.
    pub(super) fn delete(&mut self, quad: Quad) {
        self.all.insert(quad.clone(), false);
        self.pending.insert(quad, false);
    }

    /// The snapshot without the changes that are not in it yet.
    pub(super) fn base(&self) -> AtomSpace {
        self.space.clone()
    }

    /// The snapshot with the changes so far.
    pub(super) fn space(&mut self) -> Result<AtomSpace, QueryError> {
        if !self.pending.is_empty() {
            let (inserts, deletes) = split(std::mem::take(&mut self.pending));
            self.space = self.space.with_changes(&inserts, &deletes)?;
        }
        Ok(self.space.clone())
    }

    /// All quads that are to be there, and all that are not to be.
    pub(super) fn all(self) -> (Vec<Quad>, Vec<Quad>) {
        split(self.all)
    }

    /// The quads of some graphs; id 0 is the default graph.
    pub(super) fn graphs(&mut self, of: impl Fn(Id) -> bool) -> Result<Vec<Quad>, QueryError> {
        Ok(quads(&self.space()?, of).collect())
    }

    /// The quads of one graph.
    pub(super) fn graph(&mut self, name: &GraphName) -> Result<Vec<Quad>, QueryError> {
        let space = self.space()?;
        match graph_id(&space, name) {
            Some(id) => Ok(quads(&space, |graph| graph == id).collect()),
            None => Ok(vec![]),
        }
    }
}

/// Those that are to be there, and the others.
fn split(wanted: HashMap<Quad, bool>) -> (Vec<Quad>, Vec<Quad>) {
    let (inserts, deletes): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|(_, wanted)| *wanted);
    let quads = |list: Vec<(Quad, bool)>| list.into_iter().map(|(quad, _)| quad).collect();
    (quads(inserts), quads(deletes))
}

fn graph_id(space: &AtomSpace, name: &GraphName) -> Option<Id> {
    match name {
        GraphName::DefaultGraph => Some(0),
        GraphName::NamedNode(node) => space.id(node),
        GraphName::BlankNode(node) => space.id(node),
    }
}

/// The statements of some graphs as quads.
pub(super) fn quads(space: &AtomSpace, of: impl Fn(Id) -> bool) -> impl Iterator<Item = Quad> {
    let rows = space.rows(Order::Spo, &[]);
    (0..rows.len()).map(move |at| rows.row(at)).filter(move |row| of(row[3])).filter_map(|row| quad(|id| space.term(id), row))
}

/// The statement of these ids; graph 0, which has no term, is the default graph. None if RDF does not allow its subject, predicate or graph.
pub(super) fn quad(term: impl Fn(Id) -> Option<Term>, [subject, predicate, object, graph]: [Id; 4]) -> Option<Quad> {
    let subject: NamedOrBlankNode = match term(subject)? {
        Term::NamedNode(node) => node.into(),
        Term::BlankNode(node) => node.into(),
        Term::Literal(_) | Term::Triple(_) => return None,
    };
    let Term::NamedNode(predicate) = term(predicate)? else { return None };
    let graph = match term(graph) {
        None => GraphName::DefaultGraph,
        Some(Term::NamedNode(node)) => node.into(),
        Some(Term::BlankNode(node)) => node.into(),
        Some(_) => return None,
    };
    Some(Triple::new(subject, predicate, term(object)?).in_graph(graph))
}
