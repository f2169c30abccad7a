//! Formats of hyperedges: a node of type `hq:Hyperedge` each, with a statement for each incidence.

use oxrdf::vocab::rdf;
use oxrdf::{BlankNode, GraphName, Literal, NamedNode, NamedOrBlankNode, Quad, Term};

use super::input::Input;
use super::names::{Names, hq};
use super::role::Role;
use super::{Builder, Format};
use crate::io::{Field, Source, TableRows};
use crate::store::Id;
use crate::store::interner::Interner;
use crate::{Error, Result};

pub(super) fn load(input: &mut Input<'_>, format: Format) -> Result<()> {
    let graph = input.options.graph.clone().map_or(GraphName::DefaultGraph, Into::into);
    let mut sink = Sink::of(input.builder.local(input.scope), input.options.namespace.as_deref(), graph);
    match format {
        Format::Npz => super::dataset::put(&crate::io::read_with(input.path, npz())?, &mut sink)?,
        Format::Hif => super::hif::read(input.path, &input.text()?, &mut sink)?,
        Format::Parquet => super::parquet::read(input, &mut sink)?,
        _ => {
            let text = input.text()?;
            let source = Source::of(input.path, text.into_bytes());
            let separator = if format == Format::Tsv { b'\t' } else { b',' };
            let rows = TableRows::new(&source, separator)?;
            let table = Table { source: &source, names: Names::new(input.options.namespace.as_deref()), rows };
            if format == Format::Statements { table.statements(&mut sink)? } else { table.roles(&mut sink)? }
        }
    }
    sink.give(input.builder)?;
    input.report(0);
    Ok(())
}

fn npz() -> crate::io::Options {
    crate::io::Options { format: Some(crate::io::Format::Npz), ..crate::io::Options::default() }
}

/// Where the statements go.
pub(super) struct Sink<'a> {
    pub(super) names: Names<'a>,
    interner: Interner,
    statements: Vec<[Id; 4]>,
    graph: GraphName,
    blanks: u64,
}

impl<'a> Sink<'a> {
    pub(super) fn of(interner: Interner, namespace: Option<&'a str>, graph: GraphName) -> Self {
        Self { names: Names::new(namespace), interner, statements: Vec::new(), graph, blanks: 0 }
    }

    /// Gives everything to the builder that made the interner.
    pub(super) fn give(self, builder: &Builder) -> Result<()> {
        builder.add(&self.interner, self.statements)
    }

    pub(super) fn put(&mut self, subject: &NamedOrBlankNode, predicate: impl Into<NamedNode>, object: impl Into<Term>) -> Result<()> {
        let quad = Quad::new(subject.clone(), predicate, object, self.graph.clone());
        self.statements.push(self.interner.intern_quad(quad.as_ref())?);
        Ok(())
    }

    /// Says that a node is a hyperedge.
    pub(super) fn hyperedge(&mut self, node: &NamedOrBlankNode) -> Result<()> {
        self.put(node, rdf::TYPE, hq("Hyperedge"))
    }

    /// A hyperedge without a name.
    pub(super) fn blank(&mut self) -> NamedOrBlankNode {
        self.blanks += 1;
        BlankNode::new_unchecked(format!("hyperedge{}", self.blanks)).into()
    }
}

struct Table<'a> {
    source: &'a Source,
    names: Names<'a>,
    rows: TableRows<'a>,
}

impl<'a> Table<'a> {
    /// `s,r,o[,q,v]*`: the hyperedge with its qualifiers, and the statement itself.
    fn statements(mut self, sink: &mut Sink<'_>) -> Result<()> {
        let mut fields = Vec::new();
        while self.rows.next(&mut fields)? {
            if fields.len() < 3 || fields.len() % 2 == 0 {
                let found = format!("{} fields", fields.len());
                return Err(Error::parse(self.source.place(fields[0].offset), "s,r,o and pairs of a qualifier and a value", found));
            }
            let subject = self.read(&fields[0], Names::node)?;
            let relation = self.read(&fields[1], Names::iri)?;
            let object = self.read(&fields[2], Names::term)?;
            let hyperedge = sink.blank();
            sink.hyperedge(&hyperedge)?;
            sink.put(&hyperedge, hq("relation"), relation.clone())?;
            sink.put(&hyperedge, hq("subject"), subject.clone())?;
            sink.put(&hyperedge, hq("object"), object.clone())?;
            for pair in fields[3..].chunks_exact(2) {
                sink.put(&hyperedge, self.read(&pair[0], Names::iri)?, self.read(&pair[1], Names::term)?)?;
            }
            sink.put(&subject, relation, object)?;
        }
        Ok(())
    }

    /// A header of roles, then a hyperedge a row; an empty cell is no incidence.
    fn roles(mut self, sink: &mut Sink<'_>) -> Result<()> {
        let mut fields = Vec::new();
        if !self.rows.next(&mut fields)? {
            return Err(Error::parse(self.source.place(0), "a header of roles", "an empty file"));
        }
        let named = fields[0].text == "hyperedge";
        let roles = fields[usize::from(named)..].iter().map(|field| self.read(field, Role::of)).collect::<Result<Vec<_>>>()?;
        let width = fields.len();
        while self.rows.next(&mut fields)? {
            if fields.len() != width {
                let found = format!("{} fields", fields.len());
                return Err(Error::parse(self.source.place(fields[0].offset), format!("{width} fields, as in the header"), found));
            }
            let hyperedge = if named { self.read(&fields[0], Names::node)? } else { sink.blank() };
            sink.hyperedge(&hyperedge)?;
            for (role, field) in roles.iter().zip(&fields[usize::from(named)..]).filter(|(_, field)| !field.text.is_empty()) {
                let player = match &role.datatype {
                    Some(datatype) => Literal::new_typed_literal(&*field.text, datatype.clone()).into(),
                    None => self.read(field, Names::term)?,
                };
                sink.put(&hyperedge, role.predicate.clone(), player)?;
            }
        }
        Ok(())
    }

    fn read<T>(&self, field: &Field<'_>, of: impl Fn(&Names<'a>, &str) -> Result<T, String>) -> Result<T> {
        of(&self.names, &field.text)
            .map_err(|expected| Error::parse(self.source.place(field.offset), expected, format!("{:?}", field.text)))
    }
}
