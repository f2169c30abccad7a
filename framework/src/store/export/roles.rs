//! Tables with a hyperedge a row: roles as columns.
//!
//! A role has a column for each datatype of its literals, `role^^type` with their lexical forms, and one for all other players, as
//! [`name_of`](crate::store::load::name_of) writes them; as many of each as a hyperedge has players there at most.

use std::collections::BTreeMap;
use std::io::{self, Write};

use csv::WriterBuilder;
use oxrdf::vocab::{rdf, xsd};
use oxrdf::{NamedNode, Term};

use crate::store::load::{annotation, header, hq, name_of};
use crate::store::{AtomSpace, Id, Order};

/// Columns of a file of text at most: readers keep a row of as many fields.
const MOST_COLUMNS: usize = 10_000;

/// Which column a player stands in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    predicate: Id,
    /// The IRI.
    datatype: Option<String>,
}

/// A column of players.
pub(super) struct Column {
    pub(super) name: String,
    pub(super) datatype: Option<NamedNode>,
    /// The most players of a hyperedge.
    pub(super) width: usize,
    /// The first column of them, beside that of the hyperedges.
    start: usize,
}

/// The table of a space.
pub(super) struct Roles<'a> {
    space: &'a AtomSpace,
    /// The statement that says what a hyperedge is.
    class: [Id; 2],
    pub(super) hyperedges: Vec<Id>,
    pub(super) columns: Vec<Column>,
    numbers: BTreeMap<Key, usize>,
    held: u64,
}

impl<'a> Roles<'a> {
    pub(super) fn of(space: &'a AtomSpace) -> Self {
        let class = hyperedge_class(space);
        let hyperedges = hyperedges(space, class);
        let mut roles = Self { space, class, hyperedges, columns: vec![], numbers: BTreeMap::new(), held: 0 };
        let mut widths: BTreeMap<Key, usize> = BTreeMap::new();
        for hyperedge in &roles.hyperedges {
            let mut counts: BTreeMap<Key, usize> = BTreeMap::new();
            roles.held += 1;
            for (key, _) in roles.players(*hyperedge) {
                roles.held += 1;
                *counts.entry(key).or_default() += 1;
            }
            for (key, count) in counts {
                let width = widths.entry(key).or_default();
                *width = count.max(*width);
            }
        }
        let mut start = 0;
        for (key, width) in widths {
            let Some(Term::NamedNode(predicate)) = space.term(key.predicate) else { continue };
            let datatype = key.datatype.clone().map(NamedNode::new_unchecked);
            roles.columns.push(Column { name: header(&predicate, datatype.as_ref()), datatype, width, start });
            roles.numbers.insert(key, roles.columns.len() - 1);
            start += width;
        }
        roles
    }

    /// Statements that are not in the table.
    pub(super) fn left_out(&self) -> u64 {
        self.space.len() - self.held
    }

    /// The name of a hyperedge.
    pub(super) fn name(&self, hyperedge: Id) -> String {
        self.space.term(hyperedge).map(|term| name_of(&term)).unwrap_or_default()
    }

    /// The columns and texts of the players of a hyperedge.
    pub(super) fn cells(&self, hyperedge: Id) -> impl Iterator<Item = (usize, String)> + '_ {
        self.players(hyperedge).filter_map(|(key, text)| Some((*self.numbers.get(&key)?, text)))
    }

    fn players(&self, hyperedge: Id) -> impl Iterator<Item = (Key, String)> + use<'a> {
        let (space, class) = (self.space, self.class);
        let rows = space.rows(Order::Spo, &[hyperedge]);
        (0..rows.len()).filter_map(move |at| {
            let [_, predicate, object, graph] = rows.row(at);
            if graph != 0 || [predicate, object] == class {
                return None;
            }
            let Some(Term::NamedNode(role)) = space.term(predicate) else { return None };
            let (datatype, text) = cell(&space.term(object)?, &role)?;
            Some((Key { predicate, datatype }, text))
        })
    }

    /// Writes rows of text.
    pub(super) fn write(&self, to: impl Write, delimiter: u8) -> io::Result<()> {
        let width = self.columns.last().map_or(0, |column| column.start + column.width);
        if width > MOST_COLUMNS {
            let most = self.columns.iter().map(|column| column.width).max().unwrap_or_default();
            let what = format!(
                "{width} columns, {most} of one role, are more than the {MOST_COLUMNS} of a table of text: write parquet, which has lists"
            );
            return Err(io::Error::other(what));
        }
        let mut rows = WriterBuilder::new().delimiter(delimiter).from_writer(to);
        let names = self.columns.iter().flat_map(|column| std::iter::repeat_n(column.name.as_str(), column.width));
        rows.write_record(std::iter::once("hyperedge").chain(names))?;
        let mut fields = vec![String::new(); width + 1];
        for hyperedge in &self.hyperedges {
            fields.iter_mut().for_each(String::clear);
            fields[0] = self.name(*hyperedge);
            let mut used = vec![0; self.columns.len()];
            for (column, text) in self.cells(*hyperedge) {
                fields[1 + self.columns[column].start + used[column]] = text;
                used[column] += 1;
            }
            rows.write_record(&fields)?;
        }
        rows.flush()
    }
}

/// `rdf:type` and `hq:Hyperedge`; 0 where the space lacks one.
pub(super) fn hyperedge_class(space: &AtomSpace) -> [Id; 2] {
    [space.id(rdf::TYPE).unwrap_or(0), space.id(&hq("Hyperedge")).unwrap_or(0)]
}

/// The hyperedges of the default graph, ascending.
pub(super) fn hyperedges(space: &AtomSpace, class: [Id; 2]) -> Vec<Id> {
    if class.contains(&0) {
        return vec![];
    }
    let rows = space.rows(Order::Pos, &class);
    let mut found: Vec<Id> = (0..rows.len()).map(|at| rows.row(at)).filter(|row| row[3] == 0).map(|row| row[0]).collect();
    found.sort_unstable();
    found
}

/// The datatype of a player's column and its text there; none if the role's column cannot hold it.
fn cell(term: &Term, role: &NamedNode) -> Option<(Option<String>, String)> {
    if let Term::Literal(literal) = term
        && literal.language().is_none()
        && is_plain(literal.value())
    {
        return Some((Some(literal.datatype().as_str().to_owned()), literal.value().to_owned()));
    }
    // A column without a datatype is one of decimals there.
    if annotation(role.as_str()).is_some() {
        return None;
    }
    Some((None, name_of(term)))
}

/// Whether a field of a table is this text again when it is read.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains('\0') && text.trim_matches([' ', '\t']) == text
}

/// Whether a column has the datatype of strings.
pub(super) fn is_text(column: &Column) -> bool {
    column.datatype.as_ref().is_none_or(|datatype| *datatype == xsd::STRING)
}
