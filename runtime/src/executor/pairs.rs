//! Pairs of rows of two tables that are compatible: they agree where both have a value. Rows go by which join columns have a value, so that
//! any two groups of rows join on equal ids alone.

use std::sync::Arc;

use hypergraphql_query::algebra::Variable;

use super::index::Index;
use super::masks::by_mask;
use super::table::Table;
use super::task::{MORSEL, Task};
use crate::engine::QueryError;

/// The rows of two tables by which of the join variables they have.
pub(crate) struct Sides<'a> {
    left: &'a Table,
    right: &'a Table,
    /// Columns of each join variable.
    columns: Vec<(usize, usize)>,
    groups: Vec<Group>,
}

/// Rows of both sides with the columns that they are joined on.
struct Group {
    left: Rows,
    right: Rows,
    on: Vec<(usize, usize)>,
}

/// Some of a table's rows.
#[derive(Clone)]
pub(crate) enum Rows {
    /// All of them, so many.
    All(usize),
    /// These.
    Some(Arc<Vec<u32>>),
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::All(rows) => *rows,
            Self::Some(rows) => rows.len(),
        }
    }

    #[inline]
    pub(crate) fn get(&self, at: usize) -> usize {
        match self {
            Self::All(_) => at,
            Self::Some(rows) => rows[at] as usize,
        }
    }
}

impl<'a> Sides<'a> {
    /// Two tables that are joined on these variables, which both have.
    pub(crate) fn new(task: &Task<'_, '_>, left: &'a Table, right: &'a Table, on: &[Variable]) -> Result<Self, QueryError> {
        let column = |table: &Table, v: &Variable| table.index(v).ok_or_else(|| task.plan(format!("an input has no {v} to join on")));
        let columns = on.iter().map(|v| Ok((column(left, v)?, column(right, v)?))).collect::<Result<Vec<_>, QueryError>>()?;
        let groups = |table: &Table, columns: &[usize]| -> Result<Vec<(u64, Rows)>, QueryError> {
            if columns.iter().any(|&column| table.columns[column].has_unbound()) {
                let groups = by_mask(task, table, columns)?;
                return Ok(groups.into_iter().map(|(mask, rows)| (mask, Rows::Some(Arc::new(rows)))).collect());
            }
            Ok(vec![(u64::MAX, Rows::All(table.rows))])
        };
        let of_left = groups(left, &columns.iter().map(|c| c.0).collect::<Vec<_>>())?;
        let of_right = groups(right, &columns.iter().map(|c| c.1).collect::<Vec<_>>())?;
        let mut all = vec![];
        for (left_mask, left) in &of_left {
            for (right_mask, right) in &of_right {
                let both = left_mask & right_mask;
                let on = columns.iter().enumerate().filter(|(bit, _)| both >> bit & 1 == 1).map(|(_, &pair)| pair).collect();
                all.push(Group { left: left.clone(), right: right.clone(), on });
            }
        }
        Ok(Self { left, right, columns, groups: all })
    }

    /// Columns of each join variable, left and right.
    pub(crate) fn columns(&self) -> &[(usize, usize)] {
        &self.columns
    }

    /// All compatible pairs, as pieces of left rows and of right rows.
    pub(crate) fn pairs(&self, task: &Task<'_, '_>) -> Result<(Vec<Vec<u32>>, Vec<Vec<u32>>), QueryError> {
        let mut pairs = (vec![], vec![]);
        for group in &self.groups {
            // The larger side asks, the smaller one is indexed.
            let swapped = group.left.len() < group.right.len();
            let side = |left: bool| if left { (self.left, &group.left) } else { (self.right, &group.right) };
            let (probe, build) = (side(!swapped), side(swapped));
            let on = |left: bool| group.on.iter().map(|pair| if left { pair.0 } else { pair.1 }).collect::<Vec<usize>>();
            let index = Index::new(task, build.0, build.1, &on(swapped))?;
            let (of_probe, of_build) = probe_all(task, probe, &on(!swapped), &index)?;
            let (left, right) = if swapped { (of_build, of_probe) } else { (of_probe, of_build) };
            pairs.0.extend(left);
            pairs.1.extend(right);
        }
        Ok(pairs)
    }

    /// Which rows of the left have a compatible one on the right; `sharing`: that shares a bound variable with it.
    pub(crate) fn matched(&self, task: &Task<'_, '_>, sharing: bool) -> Result<Vec<bool>, QueryError> {
        let mut matched = vec![false; self.left.rows];
        for group in self.groups.iter().filter(|group| !sharing || !group.on.is_empty()) {
            if group.right.len() == 0 {
                continue;
            }
            let (of_left, of_right): (Vec<usize>, Vec<usize>) = group.on.iter().copied().unzip();
            let index = Index::new(task, self.right, &group.right, &of_right)?;
            let keys = index.keys(self.left, &of_left);
            let found = task.morsels(group.left.len(), MORSEL, |range| {
                Ok(range.map(|at| group.left.get(at)).filter(|&row| index.has(&keys, row)).collect::<Vec<usize>>())
            })?;
            found.into_iter().flatten().for_each(|row| matched[row] = true);
        }
        Ok(matched)
    }
}

type Pieces = (Vec<Vec<u32>>, Vec<Vec<u32>>);

fn probe_all(task: &Task<'_, '_>, probe: (&Table, &Rows), on: &[usize], index: &Index<'_>) -> Result<Pieces, QueryError> {
    let (table, rows) = probe;
    let keys = index.keys(table, on);
    // Candidates are counted first, so that a product that does not fit is refused before it is made.
    let sizes = task.morsels(rows.len(), MORSEL, |range| Ok(range.map(|at| index.candidates(&keys, rows.get(at)) as u64).sum::<u64>()))?;
    let candidates = sizes.iter().sum();
    task.rows(candidates)?;
    task.room(candidates, 8)?;
    let pieces = task.morsels(rows.len(), MORSEL / 16, |range| {
        let (mut of_probe, mut of_build) = (vec![], vec![]);
        let mut next = MORSEL;
        for at in range {
            let row = rows.get(at);
            index.matches(&keys, row, &mut of_build);
            of_probe.resize(of_build.len(), row as u32);
            if of_build.len() >= next {
                task.check()?;
                next = of_build.len() + MORSEL;
            }
        }
        Ok((of_probe, of_build))
    })?;
    Ok(pieces.into_iter().unzip())
}
