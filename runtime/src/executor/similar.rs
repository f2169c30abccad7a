//! `Similar`: nodes with the nearest embeddings.

use hashbrown::{HashMap, HashSet};
use hypergraphql_query::algebra::{TermPattern, Variable};
use hypergraphql_query::graph::{Node, Op};
use oxrdf::vocab::xsd;
use oxrdf::{Literal, Term};

use super::distinct::firsts;
use super::evaluate::outer;
use super::gather;
use super::table::{Column, Table, UNBOUND};
use super::task::{MORSEL, Task};
use crate::engine::QueryError;
use crate::learned::{Items, Near};

/// Runs the operator on its inputs: rows of a variable, then the nodes that are looked at, as far as there are any.
pub(crate) fn similar(task: &Task<'_, '_>, node: &Node, inputs: Vec<Table>) -> Result<Table, QueryError> {
    let Op::Similar { variable, to, k, score, among } = &node.op else { return Err(task.plan("it is no Similar")) };
    let mut inputs = inputs.into_iter();
    let rows = if matches!(to, TermPattern::Variable(_)) { inputs.next() } else { None };
    let among = if *among { inputs.next() } else { None };
    let among = among.as_ref().map(|table| ids_of(task, table, variable)).transpose()?;
    let found = Found { variable, score: score.as_ref() };
    let k = usize::try_from(*k).unwrap_or(usize::MAX);
    with_items(task, to, &mut |items, term_vector| {
        let restricted = match &among {
            Some(among) => Some(items.only(task, |id| among.contains(&id))?),
            None => None,
        };
        let within = restricted.as_ref().unwrap_or(items);
        match (to, &rows) {
            (TermPattern::Variable(of), Some(rows)) => each(task, node, (items, within), (of, rows), k, &found),
            (TermPattern::Term(_), _) => {
                let (id, vector) = term_vector.ok_or_else(|| task.plan("its node has no vector"))?;
                let near = within.nearest(task, &[(id, vector)], k)?.pop().unwrap_or_default();
                found.table(task, &near)
            }
            _ => Err(task.plan("its input is missing")),
        }
    })
}

/// A node (0: none) with its vector.
type Vector<'a> = (u32, &'a [f32]);

/// The nodes that have vectors, and the vector of the constant that others are to be near to.
fn with_items(
    task: &Task<'_, '_>,
    to: &TermPattern,
    work: &mut dyn FnMut(&Items, Option<Vector<'_>>) -> Result<Table, QueryError>,
) -> Result<Table, QueryError> {
    let learned = &task.session.learned;
    match (to, learned.links(), learned.texts()) {
        (TermPattern::Term(Term::Literal(text)), _, Some(texts)) => {
            let vector = texts.embed(task, text.value())?;
            work(&*texts.items(task)?, Some((0, &vector)))
        }
        (TermPattern::Term(term), Some(links), _) => {
            let here = links.here(task)?;
            let entity = links.entity(task, &here, term)? as usize;
            let items = links.items(task, &here)?;
            match items.of_node(here.ids[entity]) {
                Some(vector) => work(items, Some((here.ids[entity], vector))),
                // The model knows it, and the store does not.
                None => {
                    let embeddings = links.embeddings(task)?;
                    let row = &embeddings.values[entity * embeddings.width..(entity + 1) * embeddings.width];
                    work(items, Some((0, &crate::learned::unit(row))))
                }
            }
        }
        (TermPattern::Term(term), None, Some(texts)) => {
            let (items, id) = (texts.items(task)?, task.space().id(term).unwrap_or(0));
            let missing =
                || QueryError::Unknown { operator: task.operator.to_owned(), what: format!("{term} has no label that could be compared") };
            let vector = items.of_node(id).ok_or_else(missing)?;
            work(&items, Some((id, vector)))
        }
        (_, Some(links), _) => {
            let here = links.here(task)?;
            work(links.items(task, &here)?, None)
        }
        (_, None, Some(texts)) => work(&*texts.items(task)?, None),
        _ => Err(task.plan("there is no model that it could ask")),
    }
}

/// The ids of a column.
fn ids_of(task: &Task<'_, '_>, table: &Table, variable: &Variable) -> Result<HashSet<u32>, QueryError> {
    let column = table.column(variable).ok_or_else(|| task.plan(format!("its input has no {variable}")))?;
    task.room(column.len() as u64, 9)?;
    Ok(column.iter().copied().filter(|&id| id != UNBOUND).collect())
}

/// The columns of what is found.
struct Found<'a> {
    variable: &'a Variable,
    score: Option<&'a Variable>,
}

impl Found<'_> {
    fn table(&self, task: &Task<'_, '_>, near: &[Near]) -> Result<Table, QueryError> {
        let ids: Vec<u32> = near.iter().map(|near| near.id).collect();
        let (mut variables, mut columns): (Vec<Variable>, Vec<Column>) = (vec![self.variable.clone()], vec![ids.into()]);
        if let Some(score) = self.score {
            variables.push(score.clone());
            columns.push(near.iter().map(|near| score_id(task, near.score)).collect::<Result<Vec<u32>, _>>()?.into());
        }
        Ok(Table { variables, columns, weight: None, rows: near.len() })
    }
}

/// What is near the value that each row has of a variable; rows whose value has no vector are dropped.
fn each(
    task: &Task<'_, '_>,
    node: &Node,
    (all, within): (&Items, &Items),
    (of, rows): (&Variable, &Table),
    k: usize,
    found: &Found<'_>,
) -> Result<Table, QueryError> {
    let outside = outer(task, of);
    let column: Column = match rows.column(of) {
        Some(column) if outside == UNBOUND => column.clone(),
        Some(column) => column.iter().map(|&id| if id == UNBOUND { outside } else { id }).collect::<Vec<u32>>().into(),
        None => Column::constant(outside, rows.rows),
    };
    let values: Vec<u32> = firsts(task, &[&column], rows.rows)?.into_iter().map(|row| column[row as usize]).collect();
    let queries: Vec<Vector<'_>> = values.iter().filter_map(|&id| Some((id, all.of_node(id)?))).collect();
    task.room((queries.len() as u64).saturating_mul(k as u64), 8)?;
    let near = within.nearest(task, &queries, k)?;
    let by_value: HashMap<u32, &[Near]> = queries.iter().zip(&near).map(|((id, _), near)| (*id, near.as_slice())).collect();
    let mut scores: HashMap<u32, u32> = HashMap::new();
    if found.score.is_some() {
        for near in near.iter().flatten() {
            if let hashbrown::hash_map::Entry::Vacant(entry) = scores.entry(near.score.to_bits()) {
                entry.insert(score_id(task, near.score)?);
            }
        }
    }
    let here = [Some(found.variable), found.score].map(|variable| variable.and_then(|variable| rows.column(variable)));
    let (mut places, mut ids, mut score_ids) = (vec![], vec![], vec![]);
    for row in 0..rows.rows {
        if row % MORSEL == 0 {
            task.check()?;
        }
        for near in by_value.get(&column[row]).copied().unwrap_or_default() {
            let score = scores.get(&near.score.to_bits()).copied().unwrap_or(UNBOUND);
            let agrees = |column: Option<&Column>, id: u32| column.is_none_or(|column| [UNBOUND, id].contains(&column[row]));
            if agrees(here[0], near.id) && agrees(here[1], score) {
                places.push(row as u32);
                ids.push(near.id);
                score_ids.push(score);
            }
        }
        task.room(places.len() as u64, 12)?;
    }
    task.rows(places.len() as u64)?;
    let mut table = gather::rows(task, rows, &[places])?.with_column(found.variable, ids.into());
    if let Some(score) = found.score {
        table = table.with_column(score, score_ids.into());
    }
    if rows.column(of).is_some() {
        return Ok(table.with_schema(&node.schema));
    }
    let count = table.rows;
    Ok(table.with_column(of, Column::constant(outside, count)).with_schema(&node.schema))
}

/// The id of a score, a double with no more digits than it has.
pub(super) fn score_id(task: &Task<'_, '_>, score: f32) -> Result<u32, QueryError> {
    task.intern(&Literal::new_typed_literal(format!("{score:?}"), xsd::DOUBLE).into())
}
