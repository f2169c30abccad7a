//! Lines `s,r,o[,q,v]*`: qualified statements, whose hyperedges have no names.

use std::io::{self, Write};

use csv::WriterBuilder;
use hashbrown::HashSet;
use oxrdf::Term;

use super::roles::{hyperedge_class, hyperedges};
use crate::store::load::{hq, name_of};
use crate::store::{AtomSpace, Id, Order};

/// Labels of hyperedges begin so when lines are read; players of such a label would become one with them.
const LABEL: &str = "hyperedge";

/// The qualified statements of a space.
pub(super) struct Lines<'a> {
    space: &'a AtomSpace,
    lines: Vec<Line>,
    held: u64,
}

struct Line {
    statement: [Id; 3],
    qualifiers: Vec<(Id, Id)>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(space: &'a AtomSpace) -> Self {
        let class = hyperedge_class(space);
        // Reading numbers the hyperedges by line: as far as these were numbered so, they get their labels again.
        let mut found: Vec<(usize, String, Id)> = hyperedges(space, class)
            .into_iter()
            .filter_map(|id| {
                if let Some(Term::BlankNode(node)) = space.term(id) { Some((node.as_str().len(), node.into_string(), id)) } else { None }
            })
            .collect();
        found.sort_unstable();
        let roles = ["relation", "subject", "object"].map(|role| space.id(&hq(role)).unwrap_or(0));
        let (mut lines, mut held, mut statements) = (vec![], 0, HashSet::new());
        for (_, _, hyperedge) in found {
            let Some((line, said)) = line(space, hyperedge, class, roles) else { continue };
            held += said;
            held += u64::from(statements.insert(line.statement));
            lines.push(line);
        }
        Self { space, lines, held }
    }

    /// Statements that are not in the lines.
    pub(super) fn left_out(&self) -> u64 {
        self.space.len() - self.held
    }

    pub(super) fn write(&self, to: impl Write) -> io::Result<()> {
        let mut rows = WriterBuilder::new().flexible(true).has_headers(false).from_writer(to);
        let name = |id: &Id| self.space.term(*id).map(|term| name_of(&term)).unwrap_or_default();
        for line in &self.lines {
            let qualifiers = line.qualifiers.iter().flat_map(|(role, value)| [name(role), name(value)]);
            rows.write_record(line.statement.iter().map(name).chain(qualifiers))?;
        }
        rows.flush()
    }
}

/// The line of a hyperedge and how many statements are about it; none if a line says less or something else.
fn line(space: &AtomSpace, hyperedge: Id, class: [Id; 2], roles: [Id; 3]) -> Option<(Line, u64)> {
    // A line gives it no name that others could know it by.
    if !space.rows(Order::Osp, &[hyperedge]).is_empty() || space.graphs().contains(&hyperedge) {
        return None;
    }
    let rows = space.rows(Order::Spo, &[hyperedge]);
    let (mut parts, mut qualifiers) = ([None; 3], vec![]);
    for at in 0..rows.len() {
        let [_, predicate, object, graph] = rows.row(at);
        if graph != 0 {
            return None;
        }
        if [predicate, object] == class {
            continue;
        }
        match roles.iter().position(|role| *role == predicate) {
            Some(role) if parts[role].replace(object).is_some() => return None,
            Some(_) => {}
            None => qualifiers.push((predicate, object)),
        }
    }
    let [Some(relation), Some(subject), Some(object)] = parts else { return None };
    let statement = [subject, relation, object];
    let asserted = space.rows(Order::Spo, &statement);
    let is_node =
        matches!(space.term(subject)?, Term::NamedNode(_) | Term::BlankNode(_)) && matches!(space.term(relation)?, Term::NamedNode(_));
    let in_default = (0..asserted.len()).any(|at| asserted.row(at)[3] == 0);
    let players = [subject, object].into_iter().chain(qualifiers.iter().map(|(_, value)| *value));
    let clear = players.filter_map(|id| space.term(id)).all(|term| is_clear(&term));
    (is_node && in_default && clear).then_some((Line { statement, qualifiers }, rows.len() as u64))
}

/// Whether a term is itself again when it is read beside numbered hyperedges.
fn is_clear(term: &Term) -> bool {
    match term {
        Term::BlankNode(node) => !node.as_str().starts_with(LABEL),
        Term::NamedNode(_) | Term::Literal(_) => true,
        Term::Triple(triple) => is_clear(&triple.subject.clone().into()) && is_clear(&triple.object),
    }
}
