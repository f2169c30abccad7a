//! From a plan to an answer.

use std::collections::BTreeMap;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Instant;

use hashbrown::HashSet;
use hypergraphql_framework::store::AtomSpace;
use hypergraphql_query::algebra::{Form, TriplePattern, Variable};
use hypergraphql_query::expr::Context;
use hypergraphql_query::graph::{Column, TensorGraph};
use oxiri::Iri;
use oxrdf::{Term, Triple};
use oxsdatatypes::DateTime;

use super::answer::{Answer, Solutions};
use super::describe::describe;
use super::{QueryError, QueryOptions, template};
use crate::executor::{Graphs, Limits, OperatorProfile, Profile, Scope, Session, StoreAnnotations, Table, expanded, run};
use crate::infer::{self, ClosureCache, prepare};
use crate::learned;

/// The answer of a plan on a snapshot, and what its operators did; `values` are those of its parameters, which are in the plan already.
pub(super) fn answer(
    space: &AtomSpace,
    plan: &TensorGraph,
    values: &BTreeMap<Variable, Term>,
    limits: Limits,
    options: &QueryOptions,
    cache: &ClosureCache,
) -> Result<(Answer, Profile), QueryError> {
    let (session, table) = solve(space, plan, limits, options, cache)?;
    let bounded = |rows: usize| match options.limit {
        Some(limit) if rows as u64 > limit => Err(QueryError::TooManyRows { operator: "the answer".to_owned(), rows: rows as u64, limit }),
        _ => Ok(()),
    };
    let begin = Instant::now();
    let (answer, made) = match &plan.form {
        Form::Ask => (Answer::Boolean(table.rows > 0), None),
        Form::Construct(template) => (Answer::Graph(construct(&session, template, &table)?), Some("Construct")),
        Form::Describe(of) => (Answer::Graph(describe(&session, of, &table)?), Some("Describe")),
        Form::Select(variables) => {
            bounded(table.rows)?;
            let table = selected(&session, table, variables, values)?;
            let profile = profile(&session);
            return Ok((Answer::Solutions(Solutions::new(table, session.terms, session.limits)), profile));
        }
    };
    if let (Answer::Graph(triples), Some(operator)) = (&answer, made) {
        bounded(triples.len())?;
        let input = session.profile().operators.last().map(|last| last.operator.clone());
        session.profile().add(OperatorProfile {
            operator: operator.to_owned(),
            detail: String::new(),
            inputs: input.into_iter().collect(),
            within: None,
            expected: plan[plan.root].rows,
            rows: triples.len() as u64,
            time: begin.elapsed(),
            bytes: 0,
            runs: 1,
            device: "cpu".to_owned(),
        });
    }
    Ok((answer, profile(&session)))
}

fn profile(session: &Session<'_>) -> Profile {
    Profile { total: session.limits.elapsed(), ..session.profile().clone() }
}

/// The columns of a `SELECT`; a parameter has its value in all rows.
fn selected(
    session: &Session<'_>,
    mut table: Table,
    variables: &[Variable],
    values: &BTreeMap<Variable, Term>,
) -> Result<Table, QueryError> {
    for variable in variables {
        if let Some(value) = values.get(variable) {
            let (id, rows) = (session.terms.intern(value)?, table.rows);
            table = table.with_column(variable, crate::executor::Column::constant(id, rows));
        }
    }
    let column = |variable| Column { variable, optional: true };
    Ok(table.with_schema(&variables.iter().cloned().map(column).collect::<Vec<_>>()))
}

/// The solutions of a plan, each a row of its own.
pub(super) fn solve<'s>(
    space: &'s AtomSpace,
    plan: &TensorGraph,
    limits: Limits,
    options: &QueryOptions,
    cache: &ClosureCache,
) -> Result<(Session<'s>, Table), QueryError> {
    learned::check(plan, &options.learned)?;
    let mut evaluation = Context::new(DateTime::now(), std::hash::RandomState::new().hash_one(0));
    evaluation.base = plan.base.clone().and_then(|base| Iri::parse(base).ok());
    let graphs = Graphs::new(space, plan.dataset.as_ref());
    evaluation.annotations = Some(Arc::new(StoreAnnotations::new(space.clone(), &graphs)));
    let closures = prepare(plan, infer::Context { cache, space, graphs: &graphs, base: options.store_base(), limits: &limits })?;
    let session = Session::new(space, graphs, closures, limits, evaluation)?;
    let namespace = options.learned.namespace().unwrap_or(options.store_base());
    let session = session.on(options.device.clone(), options.device_rows).asking(options.learned.clone(), namespace);
    let table = run(&session, plan, &Scope::default(), "")?;
    // A damaged part of a file reads as empty.
    space.health()?;
    let table = if matches!(plan.form, Form::Ask) { table } else { expanded(&session, table)? };
    Ok((session, table))
}

/// The set of triples that the solutions make of a template.
fn construct(session: &Session<'_>, template: &[TriplePattern], table: &Table) -> Result<Vec<Triple>, QueryError> {
    let (mut triples, mut known) = (vec![], HashSet::new());
    for row in 0..table.rows {
        if row % 1024 == 0 {
            session.limits.check("Construct")?;
            session.limits.room("Construct", 512 * triples.len() as u64)?;
        }
        let mut solution = template::Solution::new(table, &session.terms, row);
        for triple in template.iter().filter_map(|pattern| solution.triple(pattern)) {
            if known.insert(triple.clone()) {
                triples.push(triple);
            }
        }
    }
    Ok(triples)
}
