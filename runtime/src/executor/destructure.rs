//! `Destructure`: triple terms and their components.

use hashbrown::HashMap;
use hypergraphql_query::algebra::{TermPattern, TriplePattern, Variable};
use hypergraphql_query::graph::Node;
use oxrdf::{Term, Triple};

use super::gather;
use super::table::{Column, Table, UNBOUND};
use super::task::{MORSEL, Task};
use crate::engine::QueryError;

/// Runs the operator: each different term is taken apart once.
pub(crate) fn destructure(
    task: &Task<'_, '_>,
    node: &Node,
    (variable, pattern): (&Variable, &TriplePattern),
    input: &Table,
) -> Result<Table, QueryError> {
    let column = input.column(variable).ok_or_else(|| task.plan(format!("its input has no {variable}")))?;
    let mut names = vec![];
    collect(pattern, &mut names);
    let mut parts: HashMap<u32, Option<Vec<u32>>> = HashMap::new();
    let (mut kept, mut values) = (vec![], vec![vec![]; names.len()]);
    for row in 0..input.rows {
        let id = column[row];
        if !parts.contains_key(&id) {
            parts.insert(id, part(task, id, pattern, &names)?);
        }
        let Some(Some(found)) = parts.get(&id) else { continue };
        let known = |name: &Variable| input.column(name).map_or(UNBOUND, |column| column[row]);
        if names.iter().zip(found).all(|(name, &id)| known(name) == UNBOUND || known(name) == id) {
            kept.push(row as u32);
            values.iter_mut().zip(found).for_each(|(column, &id)| column.push(id));
        }
        if row % MORSEL == 0 {
            task.check()?;
            task.room(kept.len() as u64, 4 * names.len() as u64)?;
        }
    }
    let mut table = gather::rows(task, input, &[kept])?;
    for (name, ids) in names.iter().zip(values) {
        table = table.with_column(name, Column::from(ids));
    }
    Ok(table.with_schema(&node.schema))
}

/// Ids of the components for the names, if the term agrees with the pattern.
fn part(task: &Task<'_, '_>, id: u32, pattern: &TriplePattern, names: &[&Variable]) -> Result<Option<Vec<u32>>, QueryError> {
    let Some(Term::Triple(triple)) = task.session.terms.term(id) else { return Ok(None) };
    let mut found = vec![UNBOUND; names.len()];
    Ok(agrees(task, &triple, pattern, names, &mut found)?.then_some(found))
}

fn agrees(
    task: &Task<'_, '_>,
    triple: &Triple,
    pattern: &TriplePattern,
    names: &[&Variable],
    found: &mut [u32],
) -> Result<bool, QueryError> {
    let components: [Term; 3] = [triple.subject.clone().into(), triple.predicate.clone().into(), triple.object.clone()];
    for (term, pattern) in components.iter().zip([&pattern.subject, &pattern.predicate, &pattern.object]) {
        let same = match (pattern, term) {
            (TermPattern::Term(constant), _) => constant == term,
            (TermPattern::Triple(inner), Term::Triple(triple)) => agrees(task, triple, inner, names, found)?,
            (TermPattern::Triple(_), _) => false,
            (TermPattern::Variable(variable), _) => {
                let id = task.intern(term)?;
                let place = names.iter().position(|name| *name == variable);
                let before = place.map(|place| std::mem::replace(&mut found[place], id));
                before.is_some_and(|before| before == UNBOUND || before == id)
            }
        };
        if !same {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The variables of a pattern, each once.
fn collect<'a>(pattern: &'a TriplePattern, names: &mut Vec<&'a Variable>) {
    for part in [&pattern.subject, &pattern.predicate, &pattern.object] {
        match part {
            TermPattern::Variable(variable) if !names.contains(&variable) => names.push(variable),
            TermPattern::Triple(inner) => collect(inner, names),
            _ => {}
        }
    }
}
