//! A graph of operators, run node by node.

use std::time::Instant;

use hashbrown::HashMap;
use hypergraphql_query::algebra::Variable;
use hypergraphql_query::explain::{detail, name};
use hypergraphql_query::graph::{Node, Op, TensorGraph};

use super::aggregate::aggregate;
use super::destructure::destructure;
use super::device::{self, Rows};
use super::distinct::distinct;
use super::evaluate::{bind, filter};
use super::exists::{exists, for_each};
use super::extend::extend;
use super::graphs::{each_graph, graphs};
use super::intersect::intersect;
use super::join::{Keep, filter_join, join, left_join};
use super::path::{Pattern, path};
use super::period::period;
use super::predict::predict;
use super::profile::OperatorProfile;
use super::runs::sorted;
use super::scan::scan;
use super::similar::similar;
use super::sort::{sort, top_k};
use super::table::Table;
use super::tables::{slice, union, values};
use super::task::{Scope, Session, Task};
use super::text_search::text_search;
use crate::engine::QueryError;

/// The rows of a graph's root; `around` names the operator whose sub-query it is, or is empty.
pub(crate) fn run(session: &Session<'_>, graph: &TensorGraph, scope: &Scope, around: &str) -> Result<Table, QueryError> {
    let uses = uses(graph)?;
    let mut left = uses.clone();
    let mut tables: Vec<Option<Rows>> = vec![None; graph.nodes.len()];
    let mut solutions = Solutions::default();
    for (index, node) in graph.nodes.iter().enumerate() {
        // What neither the root nor another node uses is not run.
        if uses[index] == 0 {
            continue;
        }
        let operator = named(around, graph, index);
        let mut task = Task { session, operator: &operator, scope, first_solution: 0 };
        let (mut inputs, mut freed) = (vec![], 0);
        for input in &node.inputs {
            let place = input.0 as usize;
            left[place] -= 1;
            let table = if left[place] == 0 { tables[place].take() } else { tables[place].clone() };
            let table = table.ok_or_else(|| task.plan(format!("its input #{place} comes after it")))?;
            freed += if left[place] == 0 { table.bytes() } else { 0 };
            inputs.push((table, graph.nodes[place].sorted_by.as_slice()));
        }
        task.first_solution = solutions.number(session, graph, &uses, index);
        let begin = Instant::now();
        let (table, device) = node_rows(&task, node, inputs)?;
        let bytes = table.bytes();
        session.profile().add(OperatorProfile {
            operator: operator.clone(),
            detail: detail(node),
            inputs: node.inputs.iter().map(|input| named(around, graph, input.0 as usize)).collect(),
            within: if around.is_empty() { None } else { Some(around.to_owned()) },
            expected: node.rows,
            rows: table.len() as u64,
            time: begin.elapsed(),
            bytes,
            runs: 1,
            device,
        });
        session.limits.hold(bytes);
        session.limits.release(freed);
        tables[index] = Some(table);
    }
    let root = tables.into_iter().nth(graph.root.0 as usize).flatten();
    let root = root.ok_or_else(|| QueryError::Plan { operator: format!("node #{}", graph.root.0), what: "it is not there".to_owned() })?;
    session.limits.release(root.bytes());
    root.host(&Task { session, operator: if around.is_empty() { "the answer" } else { around }, scope, first_solution: 0 })
}

/// The name of a node in errors and profiles.
fn named(around: &str, graph: &TensorGraph, index: usize) -> String {
    let (name, space) = (name(&graph.nodes[index].op), if around.is_empty() { "" } else { " / " });
    format!("{around}{space}{name} #{index}")
}

/// The numbers of solutions. Expressions that are evaluated one after the other on the same rows see the same solutions; any other rows are other ones,
/// those of another branch of a union or of another run of a sub-query included.
#[derive(Default)]
struct Solutions {
    /// By the node whose rows they are.
    of_rows: HashMap<usize, u64>,
}

impl Solutions {
    /// The number of the first solution that a node sees.
    fn number(&mut self, session: &Session<'_>, graph: &TensorGraph, uses: &[usize], index: usize) -> u64 {
        let keeps_rows = |op: &Op| matches!(op, Op::Bind(..) | Op::Exists { .. } | Op::Project);
        let mut origin = index;
        while let Some(input) = graph.nodes[origin].inputs.first().map(|input| input.0 as usize) {
            // Rows that go two ways are two solutions from there on.
            if uses[input] > 1 || (origin != index && !keeps_rows(&graph.nodes[origin].op)) {
                break;
            }
            origin = input;
        }
        *self.of_rows.entry(origin).or_insert_with(|| session.number_solutions())
    }
}

/// How many nodes use each node; the root is used once more.
fn uses(graph: &TensorGraph) -> Result<Vec<usize>, QueryError> {
    let mut uses = vec![0usize; graph.nodes.len()];
    let wrong = |id: u32| QueryError::Plan { operator: format!("node #{id}"), what: "it is not there".to_owned() };
    *uses.get_mut(graph.root.0 as usize).ok_or_else(|| wrong(graph.root.0))? += 1;
    for (index, node) in graph.nodes.iter().enumerate().rev() {
        for input in node.inputs.iter().filter(|_| uses[index] > 0).map(|input| input.0).collect::<Vec<_>>() {
            *uses.get_mut(input as usize).ok_or_else(|| wrong(input))? += 1;
        }
    }
    Ok(uses)
}

/// The rows of a node and where they were made; inputs come with the variables by which they ascend.
fn node_rows(task: &Task<'_, '_>, node: &Node, inputs: Vec<(Rows, &[Variable])>) -> Result<(Rows, String), QueryError> {
    task.check()?;
    let expected = arity(&node.op);
    if !expected.contains(&inputs.len()) {
        return Err(task.plan(format!("it has {} inputs, expected {} to {}", inputs.len(), expected.start(), expected.end())));
    }
    if let Some(done) = device::operator(task, node, &inputs)? {
        return Ok(done);
    }
    let inputs = inputs.into_iter().map(|(rows, _)| rows.host(task)).collect::<Result<_, _>>()?;
    let table = operator_table(task, node, inputs)?;
    let table = if has_schema(&table, node) { table } else { table.with_schema(&node.schema) };
    let device = match &node.op {
        Op::Predict { .. } => task.session.learned.links().map(|links| links.model.device()),
        _ => None,
    };
    Ok((Rows::Host(sorted(task, table, &node.sorted_by)?), device.unwrap_or("cpu").to_owned()))
}

fn has_schema(table: &Table, node: &Node) -> bool {
    table.variables.len() == node.schema.len() && table.variables.iter().zip(&node.schema).all(|(v, column)| *v == column.variable)
}

/// Inputs that an operator may have.
fn arity(op: &Op) -> std::ops::RangeInclusive<usize> {
    match op {
        Op::Unit | Op::Empty | Op::Values(_) | Op::Scan(_) | Op::TextSearch(..) | Op::EachGraph(..) | Op::Graphs(_) => 0..=0,
        Op::Path { .. } | Op::Service { .. } => 0..=1,
        Op::Join(_) | Op::LeftJoin(..) | Op::SemiJoin(_) | Op::AntiJoin(_) | Op::Minus(_) => 2..=2,
        Op::Union => 0..=usize::MAX,
        Op::Similar { .. } => 0..=2,
        Op::Predict { .. } => 1..=2,
        _ => 1..=1,
    }
}

fn operator_table(task: &Task<'_, '_>, node: &Node, mut inputs: Vec<Table>) -> Result<Table, QueryError> {
    match &node.op {
        Op::Similar { .. } => return similar(task, node, inputs),
        Op::Predict { .. } => return predict(task, node, inputs),
        _ => {}
    }
    let second = if inputs.len() == 2 { inputs.pop() } else { None };
    match &node.op {
        Op::Union => return union(task, node, inputs.into_iter().chain(second).collect()),
        Op::Join(on) => return second.map_or_else(|| Err(lacks_input(task)), |right| join(task, node, on, &inputs[0], &right)),
        _ => {}
    }
    let first = inputs.pop().unwrap_or_else(Table::unit);
    let right = || second.ok_or_else(|| lacks_input(task));
    Ok(match &node.op {
        Op::Unit => Table::unit(),
        Op::Empty => Table::empty(&node.schema),
        Op::Values(rows) => values(task, node, rows)?,
        Op::Scan(atom) => scan(task, node, atom)?,
        Op::TextSearch(variable, pattern) => text_search(task, variable, pattern)?,
        Op::Extend(atom) => extend(task, node, atom, &first)?,
        Op::Intersect(variable, atoms) => intersect(task, node, variable, atoms, &first)?,
        Op::Path { subject, path: way, object, graph, source, as_of } => {
            let pattern = Pattern { subject, path: way, object, graph, source: *source, as_of: as_of.as_ref() };
            path(task, node, pattern, &first)?
        }
        Op::Union | Op::Join(_) | Op::Similar { .. } | Op::Predict { .. } => return Err(lacks_input(task)),
        Op::LeftJoin(on, condition) => left_join(task, node, (on, condition.as_ref()), &first, &right()?)?,
        Op::SemiJoin(on) => filter_join(task, Keep::Compatible, on, first, &right()?)?,
        Op::AntiJoin(on) => filter_join(task, Keep::Incompatible, on, first, &right()?)?,
        Op::Minus(on) => filter_join(task, Keep::Apart, on, first, &right()?)?,
        Op::Filter(condition) => filter(task, condition, first)?,
        Op::Bind(variable, expression) => bind(task, variable, expression, first)?,
        Op::Exists { mark, correlated, query } => exists(task, mark, correlated, query, first)?,
        Op::EachGraph(variable, query) => each_graph(task, node, variable, query)?,
        Op::ForEach(variable, query) => for_each(task, node, variable, query, &first)?,
        Op::Graphs(name) => graphs(task, node, name),
        Op::Destructure(variable, pattern) => destructure(task, node, (variable, pattern), &first)?,
        Op::Distinct => distinct(task, &first.with_schema(&node.schema))?,
        Op::Aggregate { keys, aggregates, sampled } => aggregate(task, keys, aggregates, sampled, &first)?,
        Op::Sort(keys) => sort(task, keys, first)?,
        Op::TopK(keys, limit) => top_k(task, keys, *limit, first)?,
        Op::Slice(offset, limit) => slice(&first, *offset, *limit),
        Op::Project => first,
        Op::Period { periods, constraint } => period(task, node, periods, constraint, first)?,
        // Its failure is one solution that binds nothing.
        Op::Service { silent: true, .. } => Table::unbound(&node.schema),
        Op::Service { silent: false, name, at } => return Err(QueryError::Service { name: name.to_string(), at: at.0 }),
    })
}

fn lacks_input(task: &Task<'_, '_>) -> QueryError {
    task.plan("an input is missing")
}
