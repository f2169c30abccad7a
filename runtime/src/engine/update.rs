//! The operations of an update (SPARQL 1.1 Update, section 3). Graphs exist by their triples alone: an empty graph is no different from none, so
//! that clearing, dropping and copying one that is not there are no failures.

use hypergraphql_framework::store::AtomSpace;
use hypergraphql_query::algebra::{
    Dataset, Form, GraphTarget, Operation, Pattern, QuadPattern, Query, TermPattern, Transfer, Update, Variable,
};
use hypergraphql_query::compile;
use oxrdf::{GraphName, NamedNode, Quad};

use super::ask::solve;
use super::changes::Changes;
use super::load;
use super::statistics::StoreStatistics;
use super::template::Solution;
use super::{QueryError, QueryOptions};
use crate::executor::{Limits, Table, Terms};
use crate::infer::ClosureCache;

/// What an update changes of a snapshot.
pub(super) fn changes(space: AtomSpace, update: &Update, options: &QueryOptions) -> Result<Changes, QueryError> {
    let mut changes = Changes::new(space);
    for operation in &update.operations {
        let limits = options.limits();
        limits.check("Update")?;
        one(&mut changes, operation, update.base.as_ref(), limits, options)?;
    }
    Ok(changes)
}

fn one(
    changes: &mut Changes,
    operation: &Operation,
    base: Option<&String>,
    limits: Limits,
    options: &QueryOptions,
) -> Result<(), QueryError> {
    match operation {
        Operation::InsertData(quads) => {
            let quads = data(changes.base(), quads);
            quads.into_iter().for_each(|quad| changes.insert(quad));
        }
        Operation::DeleteData(quads) => {
            let quads = data(changes.base(), quads);
            quads.into_iter().for_each(|quad| changes.delete(quad));
        }
        Operation::DeleteInsert { delete, insert, using, pattern } => {
            let query = selection(delete, insert, using.as_ref(), pattern, base);
            let space = changes.space()?;
            // Its snapshot is asked once.
            let plan = compile(&query, &StoreStatistics(&space), &options.compile())?;
            let (session, table) = solve(&space, &plan, limits, options, &ClosureCache::default())?;
            let (mut deleted, mut inserted) = (vec![], vec![]);
            for row in 0..table.rows {
                if row % 1024 == 0 {
                    session.limits.check("Update")?;
                    session.limits.room("Update", 512 * (deleted.len() + inserted.len()) as u64)?;
                }
                let mut solution = Solution::new(&table, &session.terms, row);
                deleted.extend(delete.iter().filter_map(|pattern| solution.quad(pattern)));
                inserted.extend(insert.iter().filter_map(|pattern| solution.quad(pattern)));
            }
            deleted.into_iter().for_each(|quad| changes.delete(quad));
            inserted.into_iter().for_each(|quad| changes.insert(quad));
        }
        Operation::Load { source, graph, silent } => match load::document(changes, source, graph.as_ref(), &limits, options) {
            Err(QueryError::Load { .. }) if *silent => {}
            other => other?,
        },
        Operation::Clear(target, _) | Operation::Drop(target, _) => {
            let quads = targeted(changes, target)?;
            quads.into_iter().for_each(|quad| changes.delete(quad));
        }
        Operation::Create(name, silent) => {
            if !silent && !changes.graph(&name.clone().into())?.is_empty() {
                return Err(QueryError::GraphExists { name: name.clone() });
            }
        }
        Operation::Transfer(transfer, from, to, _) => moved(changes, *transfer, &graph(from.as_ref()), &graph(to.as_ref()))?,
    }
    Ok(())
}

fn graph(name: Option<&NamedNode>) -> GraphName {
    name.map_or(GraphName::DefaultGraph, |name| name.clone().into())
}

/// Quads without variables; each label of a blank node is one new node.
fn data(space: AtomSpace, quads: &[QuadPattern]) -> Vec<Quad> {
    let (table, terms) = (Table::unit(), Terms::new(space));
    let mut solution = Solution::new(&table, &terms, 0);
    quads.iter().filter_map(|pattern| solution.quad(pattern)).collect()
}

/// The query for the variables of both templates.
fn selection(delete: &[QuadPattern], insert: &[QuadPattern], using: Option<&Dataset>, pattern: &Pattern, base: Option<&String>) -> Query {
    let mut variables: Vec<Variable> = vec![];
    for quad in delete.iter().chain(insert) {
        let places = [&quad.triple.subject, &quad.triple.predicate, &quad.triple.object].into_iter().chain(&quad.graph);
        places.for_each(|place| collect(place, &mut variables));
    }
    Query { form: Form::Select(variables), dataset: using.cloned(), pattern: pattern.clone(), base: base.cloned() }
}

fn collect(pattern: &TermPattern, variables: &mut Vec<Variable>) {
    match pattern {
        TermPattern::Variable(variable) if !variables.contains(variable) => variables.push(variable.clone()),
        TermPattern::Triple(triple) => {
            [&triple.subject, &triple.predicate, &triple.object].into_iter().for_each(|place| collect(place, variables));
        }
        TermPattern::Variable(_) | TermPattern::Term(_) => {}
    }
}

fn targeted(changes: &mut Changes, target: &GraphTarget) -> Result<Vec<Quad>, QueryError> {
    match target {
        GraphTarget::Graph(name) => changes.graph(&name.clone().into()),
        GraphTarget::Default => changes.graphs(|graph| graph == 0),
        GraphTarget::Named => changes.graphs(|graph| graph != 0),
        GraphTarget::All => changes.graphs(|_| true),
    }
}

fn moved(changes: &mut Changes, transfer: Transfer, from: &GraphName, to: &GraphName) -> Result<(), QueryError> {
    if from == to {
        return Ok(());
    }
    let (source, target) = (changes.graph(from)?, changes.graph(to)?);
    if transfer != Transfer::Add {
        target.into_iter().for_each(|quad| changes.delete(quad));
    }
    for quad in source {
        if transfer == Transfer::Move {
            changes.delete(quad.clone());
        }
        changes.insert(Quad { graph_name: to.clone(), ..quad });
    }
    Ok(())
}
