//! Where a path leads from a node.

use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashMap;
use hypergraphql_framework::store::{Adjacency, Id, Order, Position, Rows};

use super::super::dataset::DEFAULT_GRAPH;
use super::super::graph_check::GraphCheck;
use super::super::incidence::Incidences;
use super::super::matches::within;
use super::super::snapshot::Snapshot;
use super::super::source::Statements as Source;
use super::super::task::{MORSEL, Task};
use super::step::Step;
use super::visited::Visited;
use crate::engine::QueryError;

/// Nodes from which on those of one distance are visited in order.
const WIDE: usize = 1 << 12;

/// A path in a graph.
pub(super) struct Reach<'a, 's> {
    task: &'a Task<'a, 's>,
    source: Source<'a>,
    step: Step,
    checks: Checks<'a>,
    /// Statements of each predicate, by subject and by object.
    edges: HashMap<Id, [Edges<'a>; 2]>,
}

/// Which statements count.
pub(super) struct Checks<'a> {
    pub(super) graph: GraphCheck,
    pub(super) incidences: Option<Incidences>,
    pub(super) snapshot: Option<Snapshot<'a>>,
}

impl Checks<'_> {
    /// Every statement of the store counts.
    fn is_plain(&self) -> bool {
        self.graph.is_any() && self.incidences.is_none() && self.snapshot.is_none()
    }

    /// Whether a statement is one of the graphs and of the snapshot.
    fn has(&self, statements: &Statements<'_>, statement: usize) -> bool {
        let there = |statement: usize| self.snapshot.as_ref().is_none_or(|snapshot| snapshot.has(0, statements.row(statement)));
        self.graph.allows(&statements.columns, statements.graphs, statement, there)
    }
}

/// Statements of a predicate in one order.
struct Edges<'a> {
    rows: Rows<'a>,
    adjacency: Option<Arc<Adjacency>>,
}

impl<'a> Edges<'a> {
    fn new(source: Source<'a>, order: Order, predicate: Id) -> Self {
        Self { rows: source.rows(order, &[predicate]), adjacency: source.adjacency(order, predicate) }
    }
}

/// Where statements lie and which of their places are the ends of a step.
struct Statements<'a> {
    columns: [&'a [u32]; 3],
    graphs: &'a [u32],
    range: Range<usize>,
    to: &'a [u32],
}

impl<'a> Statements<'a> {
    fn new(rows: &'a Rows<'_>, to: Position, range: Range<usize>) -> Self {
        let columns = [Position::Subject, Position::Predicate, Position::Object].map(|position| rows.column(position));
        Self { columns, graphs: rows.column(Position::Graph), range, to: rows.column(to) }
    }

    fn row(&self, statement: usize) -> [Id; 4] {
        let [subject, predicate, object] = self.columns.map(|column| column[statement]);
        [subject, predicate, object, self.graphs.get(statement).copied().unwrap_or(DEFAULT_GRAPH)]
    }
}

impl<'a, 's> Reach<'a, 's> {
    pub(super) fn new(task: &'a Task<'a, 's>, source: Source<'a>, step: Step, checks: Checks<'a>) -> Self {
        let of = |predicate: Id| [Order::Pso, Order::Pos].map(|order| Edges::new(source, order, predicate));
        let edges = step.predicates().into_iter().map(|predicate| (predicate, of(predicate))).collect();
        Self { task, source, step, checks, edges }
    }

    /// Whether a way may have no steps.
    pub(super) fn can_be_empty(&self) -> bool {
        self.step.can_be_empty()
    }

    /// The ends of the ways from a node, or of those to it; repeated where several ways count.
    pub(super) fn ends(&self, start: Id, forward: bool) -> Result<Vec<Id>, QueryError> {
        let mut ends = vec![];
        self.follow(&self.step, start, forward, &mut |end| ends.push(end))?;
        Ok(ends)
    }

    fn follow(&self, step: &Step, node: Id, forward: bool, to: &mut dyn FnMut(Id)) -> Result<(), QueryError> {
        match step {
            Step::Predicate(predicate) => {
                self.neighbours(*predicate, node, forward, to);
                Ok(())
            }
            Step::Inverse(inner) => self.follow(inner, node, !forward, to),
            Step::Sequence(first, second) => {
                let (first, second) = if forward { (first, second) } else { (second, first) };
                let mut middle = vec![];
                self.follow(first, node, forward, &mut |end| middle.push(end))?;
                middle.into_iter().try_for_each(|node| self.follow(second, node, forward, to))
            }
            Step::Alternative(one, other) => {
                self.follow(one, node, forward, to)?;
                self.follow(other, node, forward, to)
            }
            Step::Repeated { inner, zero, more } => self.repeated((inner, *zero, *more), node, forward, to),
            Step::Negated(predicates) => {
                let (order, end) = if forward { (Order::Spo, Position::Object) } else { (Order::Osp, Position::Subject) };
                let rows = self.source.rows(order, &[node]);
                let statements = Statements::new(&rows, end, 0..rows.len());
                self.each(&statements, |statement| {
                    if !predicates.contains(&statements.columns[1][statement]) {
                        to(statements.to[statement]);
                    }
                });
                Ok(())
            }
        }
    }

    /// Each node once that is reached, breadth first.
    fn repeated(
        &self,
        (inner, zero, more): (&Step, bool, bool),
        node: Id,
        forward: bool,
        to: &mut dyn FnMut(Id),
    ) -> Result<(), QueryError> {
        let mut visited = Visited::new(self.task.space().terms() + 1);
        if zero {
            visited.insert(node);
            to(node);
        }
        let mut found: Vec<Id> = vec![];
        let mut step = |node: Id, found: &mut Vec<Id>| {
            // A node that is its own neighbour has been visited, so that only new ones are added.
            self.follow(inner, node, forward, &mut |end| {
                if visited.insert(end) {
                    found.push(end);
                }
            })
        };
        step(node, &mut found)?;
        let mut at = 0;
        while more && at < found.len() {
            let level = at..found.len();
            if level.len() > WIDE {
                // In order, their statements lie one behind the other.
                found[level.clone()].sort_unstable();
            }
            for node in level {
                let node = found[node];
                step(node, &mut found)?;
                at += 1;
                if at % (MORSEL / 16) == 0 {
                    self.task.check()?;
                    self.task.room(found.len() as u64, 4)?;
                }
            }
        }
        found.into_iter().for_each(to);
        Ok(())
    }

    fn neighbours(&self, predicate: Id, node: Id, forward: bool, to: &mut dyn FnMut(Id)) {
        let Some(orders) = self.edges.get(&predicate) else { return };
        let (edges, key, end) = match forward {
            true => (&orders[0], Position::Subject, Position::Object),
            false => (&orders[1], Position::Object, Position::Subject),
        };
        let range = match &edges.adjacency {
            Some(adjacency) => adjacency.range(node),
            None => within(edges.rows.column(key), 0..edges.rows.len(), node),
        };
        if self.checks.is_plain() {
            return edges.rows.column(end)[range].iter().for_each(|&end| to(end));
        }
        let statements = Statements::new(&edges.rows, end, range);
        self.each(&statements, |statement| to(statements.to[statement]));
    }

    fn each(&self, statements: &Statements<'_>, mut found: impl FnMut(usize)) {
        let predicates = statements.columns[1];
        for statement in statements.range.clone() {
            if self.checks.has(statements, statement)
                && self.checks.incidences.as_ref().is_none_or(|incidences| incidences.has(predicates[statement]))
            {
                found(statement);
            }
        }
    }

    /// Whether an id is a subject or object of the graph.
    pub(super) fn is_node(&self, id: Id) -> bool {
        let has = |order: Order, end: Position| {
            let rows = self.source.rows(order, &[id]);
            let statements = Statements::new(&rows, end, 0..rows.len());
            statements.range.clone().any(|statement| self.checks.has(&statements, statement))
        };
        has(Order::Spo, Position::Subject) || has(Order::Osp, Position::Object)
    }

    /// The nodes from which there may be a way, ascending.
    pub(super) fn starts(&self) -> Result<Vec<Id>, QueryError> {
        let mut starts = vec![];
        match self.step.can_be_empty() {
            true => {
                self.all(Order::Spo, Position::Subject, &mut starts)?;
                self.all(Order::Osp, Position::Object, &mut starts)?;
            }
            false => self.firsts(&self.step, true, &mut starts)?,
        }
        starts.sort_unstable();
        starts.dedup();
        Ok(starts)
    }

    fn all(&self, order: Order, position: Position, starts: &mut Vec<Id>) -> Result<(), QueryError> {
        self.task.check()?;
        let rows = self.source.rows(order, &[]);
        let statements = Statements::new(&rows, position, 0..rows.len());
        self.each(&statements, |statement| {
            if starts.last() != Some(&statements.to[statement]) {
                starts.push(statements.to[statement]);
            }
        });
        Ok(())
    }

    fn firsts(&self, step: &Step, forward: bool, starts: &mut Vec<Id>) -> Result<(), QueryError> {
        match step {
            Step::Predicate(predicate) => {
                let Some(orders) = self.edges.get(predicate) else { return Ok(()) };
                let (edges, key) = if forward { (&orders[0], Position::Subject) } else { (&orders[1], Position::Object) };
                starts.extend(edges.rows.column(key).chunk_by(PartialEq::eq).map(|run| run[0]));
                Ok(())
            }
            Step::Inverse(inner) => self.firsts(inner, !forward, starts),
            Step::Sequence(first, second) => {
                let (first, second) = if forward { (first, second) } else { (second, first) };
                self.firsts(first, forward, starts)?;
                if first.can_be_empty() { self.firsts(second, forward, starts) } else { Ok(()) }
            }
            Step::Alternative(one, other) => {
                self.firsts(one, forward, starts)?;
                self.firsts(other, forward, starts)
            }
            Step::Repeated { inner, .. } => self.firsts(inner, forward, starts),
            Step::Negated(_) if forward => self.all(Order::Spo, Position::Subject, starts),
            Step::Negated(_) => self.all(Order::Osp, Position::Object, starts),
        }
    }
}
