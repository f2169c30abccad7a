//! `Path`: pairs of nodes that a property path joins (SPARQL 1.1, section 9 and 18.4).

mod reach;
mod step;
mod visited;

use std::sync::atomic::{AtomicU64, Ordering};

use hypergraphql_framework::store::{Id, Instant};
use hypergraphql_query::algebra::{Expression, Path, TermPattern};
use hypergraphql_query::graph::{GraphScope, Node, Source};

use super::gather::{self, concat, gather};
use super::graph_check::GraphCheck;
use super::incidence::Incidences;
use super::instants::Instants;
use super::masks::by_mask;
use super::matches::{lacks, within};
use super::snapshot::{Snapshot, ValidTimes};
use super::source::Statements;
use super::table::{Column, Table, UNBOUND};
use super::task::{MORSEL, Task};
use crate::engine::QueryError;
use crate::infer::Time;
use reach::{Checks, Reach};
use step::Step;

/// A path, its ends, and where it is matched.
#[derive(Clone, Copy)]
pub(crate) struct Pattern<'a> {
    /// Where it begins.
    pub(crate) subject: &'a TermPattern,
    /// The way.
    pub(crate) path: &'a Path,
    /// Where it ends.
    pub(crate) object: &'a TermPattern,
    /// In which graph.
    pub(crate) graph: &'a GraphScope,
    /// Against which statements.
    pub(crate) source: Source,
    /// When they hold.
    pub(crate) as_of: Option<&'a Expression>,
}

/// Starts whose ends are found by one thread at once.
const BLOCK: usize = 32;

/// Rows whose pairs are written by one thread at once.
const ROWS: usize = 1 << 12;

/// Runs the operator; without an input the table is [`Table::unit`].
pub(crate) fn path(task: &Task<'_, '_>, node: &Node, pattern: Pattern<'_>, input: &Table) -> Result<Table, QueryError> {
    let Some(as_of) = pattern.as_of else { return at(task, node, pattern, None, input) };
    let instants = match Instants::of(task, as_of, input)? {
        Instants::One(None) => return Ok(Table::empty(&node.schema)),
        Instants::One(instant) => return at(task, node, pattern, instant, input),
        Instants::Rows(instants) => instants,
    };
    let mut distinct: Vec<Instant> = instants.iter().copied().flatten().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let mut tables = vec![Table::empty(&node.schema)];
    for instant in distinct {
        let part = gather::kept(task, input.clone(), |row| instants[row] == Some(instant))?;
        tables.push(at(task, node, pattern, Some(instant), &part)?);
    }
    concat(task, tables)
}

/// The pairs over all statements, or over those of a snapshot.
fn at(task: &Task<'_, '_>, node: &Node, pattern: Pattern<'_>, instant: Option<Instant>, input: &Table) -> Result<Table, QueryError> {
    let GraphScope::Each(variable) = pattern.graph else {
        let table = match GraphCheck::new(task, pattern.graph) {
            Some(graph) => in_graph(task, pattern, (graph, instant), input)?,
            None => in_nothing(task, pattern, input)?,
        };
        return Ok(table.with_schema(&node.schema));
    };
    let mut tables = vec![Table::empty(&node.schema)];
    for &graph in &task.session.graphs.named {
        let part = match input.column(variable).cloned() {
            Some(known) => gather::kept(task, input.clone(), |row| known[row] == graph || known[row] == UNBOUND)?,
            None => input.clone(),
        };
        let rows = part.rows;
        let part = part.with_column(variable, Column::constant(graph, rows));
        tables.push(in_graph(task, pattern, (GraphCheck::One(graph), instant), &part)?.with_schema(&node.schema));
    }
    concat(task, tables)
}

/// In a graph that is not there, a constant still has a way of no steps to itself.
fn in_nothing(task: &Task<'_, '_>, pattern: Pattern<'_>, input: &Table) -> Result<Table, QueryError> {
    in_graph(task, pattern, (GraphCheck::Each(vec![]), None), input)
}

fn in_graph(
    task: &Task<'_, '_>,
    pattern: Pattern<'_>,
    (graph, instant): (GraphCheck, Option<Instant>),
    input: &Table,
) -> Result<Table, QueryError> {
    let Some(time) = Time::of(task.space(), pattern.as_of, false)? else { return Err(task.plan("a path at no instant")) };
    let (statements, graph) = Statements::new(task, pattern.source, time, graph)?;
    let valid = if instant.is_some() { ValidTimes::of(task, statements)? } else { None };
    let snapshot = instant.map(|instant| Snapshot::at(instant, valid)).transpose()?;
    let snapshot = snapshot.filter(|snapshot| !snapshot.has_all(None));
    let incidences = (pattern.source == Source::Incidences).then(|| Incidences::new(task.space()));
    let step = Step::new(task, statements, pattern.path)?;
    let reach = Reach::new(task, statements, step, Checks { graph, incidences, snapshot });
    let columns: Vec<usize> = [pattern.subject, pattern.object]
        .into_iter()
        .filter_map(|end| if let TermPattern::Variable(v) = end { input.index(v) } else { None })
        .collect();
    if !lacks(input, &columns) {
        return bound(task, pattern, &reach, input);
    }
    let mut tables = vec![];
    for (mask, rows) in by_mask(task, input, &columns)? {
        let mut part = gather::rows(task, input, &[rows])?;
        let mut open: Vec<usize> = columns.iter().enumerate().filter(|(bit, _)| mask >> bit & 1 == 0).map(|(_, &c)| c).collect();
        open.sort_unstable();
        open.dedup();
        for column in open.into_iter().rev() {
            part.variables.remove(column);
            part.columns.remove(column);
        }
        tables.push(bound(task, pattern, &reach, &part)?);
    }
    concat(task, tables)
}

/// An end of a path.
enum End<'a> {
    Constant(Id),
    Row(&'a [u32]),
    Free(&'a hypergraphql_query::algebra::Variable),
}

impl End<'_> {
    fn at(&self, row: usize) -> Option<Id> {
        match self {
            Self::Constant(id) => Some(*id),
            Self::Row(column) => Some(column[row]),
            Self::Free(_) => None,
        }
    }
}

fn end<'a>(task: &Task<'_, '_>, pattern: &'a TermPattern, input: &'a Table) -> Result<End<'a>, QueryError> {
    match pattern {
        TermPattern::Term(term) => Ok(End::Constant(task.intern(term)?)),
        TermPattern::Variable(variable) => Ok(input.column(variable).map_or(End::Free(variable), |column| End::Row(column))),
        TermPattern::Triple(_) => Err(task.plan("a triple term with variables is an end of a path")),
    }
}

/// Rows all of whose ends are bound or are no columns.
fn bound(task: &Task<'_, '_>, pattern: Pattern<'_>, reach: &Reach<'_, '_>, input: &Table) -> Result<Table, QueryError> {
    let (subject, object) = (end(task, pattern.subject, input)?, end(task, pattern.object, input)?);
    // Where no end is a constant, a way of no steps is only from nodes of the graph.
    let nodes_only = reach.can_be_empty() && !matches!(subject, End::Constant(_)) && !matches!(object, End::Constant(_));
    let backward = matches!((&subject, &object), (End::Free(_), End::Constant(_) | End::Row(_)) | (End::Row(_), End::Constant(_)));
    let forward = !backward;
    let (from, to) = if forward { (&subject, &object) } else { (&object, &subject) };
    let (of_row, starts): (Vec<u32>, Vec<u32>) = match from {
        End::Free(_) => {
            let all = reach.starts()?;
            task.room((input.rows * all.len()) as u64, 8)?;
            (0..input.rows as u32).flat_map(|row| all.iter().map(move |&start| (row, start))).unzip()
        }
        _ => (0..input.rows).filter_map(|row| from.at(row).map(|start| (row as u32, start))).unzip(),
    };
    let mut distinct = starts.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let looked_up = !matches!(to, End::Free(_));
    let ends: Vec<Vec<u32>> = task
        .morsels(distinct.len(), BLOCK, |range| {
            let of = |start: Id| match nodes_only && !reach.is_node(start) {
                true => Ok(vec![]),
                false => reach.ends(start, forward).map(|mut ends| {
                    if looked_up {
                        ends.sort_unstable();
                    }
                    ends
                }),
            };
            distinct[range].iter().map(|&start| of(start)).collect::<Result<Vec<_>, QueryError>>()
        })?
        .concat();
    let same = matches!((from, to), (End::Free(a), End::Free(b)) if a == b);
    let held = AtomicU64::new(0);
    let pieces = task.morsels(of_row.len(), ROWS, |range| {
        let (mut rows, mut first, mut last) = (vec![], vec![], vec![]);
        for (&row, &start) in of_row[range.clone()].iter().zip(&starts[range]) {
            let Ok(place) = distinct.binary_search(&start) else { continue };
            match to.at(row as usize) {
                Some(wanted) => last.extend_from_slice(&ends[place][within(&ends[place], 0..ends[place].len(), wanted)]),
                None if same => last.extend(ends[place].iter().filter(|&&end| end == start)),
                None => last.extend_from_slice(&ends[place]),
            }
            first.resize(last.len(), start);
            rows.resize(last.len(), row);
            if last.len() >= MORSEL {
                task.check()?;
                task.rows(last.len() as u64)?;
            }
        }
        let made = last.len() as u64;
        let made = held.fetch_add(made, Ordering::Relaxed) + made;
        task.rows(made)?;
        task.room(made, 12)?;
        Ok((rows, (first, last)))
    })?;
    let (rows, (first, last)): (Vec<Vec<u32>>, (Vec<Vec<u32>>, Vec<Vec<u32>>)) = pieces.into_iter().unzip();
    let (first, last) = (first.concat(), last.concat());
    let columns = input.columns.iter().map(|column| gather(task, column, &rows)).collect::<Result<Vec<_>, _>>()?;
    let mut table = Table { variables: input.variables.clone(), columns, weight: None, rows: last.len() };
    for (end, ids) in [(from, first), (to, last)] {
        if let End::Free(variable) = end {
            table = table.with_column(variable, Column::from(ids));
        }
    }
    Ok(table)
}
