//! Tables: columns of ids, slices of the store where they can be.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use hypergraphql_framework::store::Ids;
use hypergraphql_query::algebra::Variable;
use hypergraphql_query::graph;

/// A value that is not there.
pub(crate) const UNBOUND: u32 = u32::MAX;

/// A column of ids.
#[derive(Clone)]
pub(crate) enum Column {
    /// A slice of a column of the store.
    Stored(Ids, Range<usize>),
    /// Its own.
    Owned(Arc<Vec<u32>>),
}

impl Column {
    /// So many rows of one value.
    pub(crate) fn constant(id: u32, rows: usize) -> Self {
        vec![id; rows].into()
    }

    /// Whether a row has no value.
    pub(crate) fn has_unbound(&self) -> bool {
        self.contains(&UNBOUND)
    }

    /// Bytes that are not the store's.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::Stored(..) => 0,
            Self::Owned(ids) => 4 * ids.len() as u64,
        }
    }
}

impl Deref for Column {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        match self {
            Self::Stored(ids, range) => &ids[range.clone()],
            Self::Owned(ids) => ids,
        }
    }
}

impl AsRef<[u32]> for Column {
    fn as_ref(&self) -> &[u32] {
        self
    }
}

impl From<Vec<u32>> for Column {
    fn from(ids: Vec<u32>) -> Self {
        Self::Owned(Arc::new(ids))
    }
}

impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Rows of solutions.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// Names of the columns, each once.
    pub(crate) variables: Vec<Variable>,
    /// As many columns, of `rows` ids each.
    pub(crate) columns: Vec<Column>,
    /// For how many equal solutions each row stands; `None`: for one.
    pub(crate) weight: Option<Arc<Vec<u64>>>,
    /// Number of rows.
    pub(crate) rows: usize,
}

impl Table {
    /// No rows of the columns of a schema.
    pub(crate) fn empty(schema: &[graph::Column]) -> Self {
        let variables: Vec<Variable> = schema.iter().map(|column| column.variable.clone()).collect();
        let columns = variables.iter().map(|_| Vec::new().into()).collect();
        Self { variables, columns, weight: None, rows: 0 }
    }

    /// One row without values.
    pub(crate) fn unbound(schema: &[graph::Column]) -> Self {
        let variables: Vec<Variable> = schema.iter().map(|column| column.variable.clone()).collect();
        let columns = variables.iter().map(|_| vec![UNBOUND].into()).collect();
        Self { variables, columns, weight: None, rows: 1 }
    }

    /// One row without columns.
    pub(crate) fn unit() -> Self {
        Self { variables: vec![], columns: vec![], weight: None, rows: 1 }
    }

    /// So many solutions without values, which one row stands for.
    pub(crate) fn nothing(solutions: u64) -> Self {
        let weight = if solutions == 0 { vec![] } else { vec![solutions] };
        Self { variables: vec![], columns: vec![], rows: weight.len(), weight: Some(Arc::new(weight)) }
    }

    /// Place of a variable's column.
    pub(crate) fn index(&self, variable: &Variable) -> Option<usize> {
        self.variables.iter().position(|v| v == variable)
    }

    /// A variable's column.
    pub(crate) fn column(&self, variable: &Variable) -> Option<&Column> {
        self.index(variable).map(|index| &self.columns[index])
    }

    /// Solutions for which a row stands.
    pub(crate) fn weight(&self, row: usize) -> u64 {
        self.weight.as_ref().map_or(1, |weight| weight[row])
    }

    /// Bytes that are not the store's.
    pub(crate) fn bytes(&self) -> u64 {
        let weight = self.weight.as_ref().map_or(0, |weight| 8 * weight.len() as u64);
        self.columns.iter().map(Column::bytes).sum::<u64>() + weight
    }

    /// The table with the columns of a schema in its order: what is not in it is dropped, what is missing is unbound.
    pub(crate) fn with_schema(self, schema: &[graph::Column]) -> Self {
        let column = |c: &graph::Column| self.column(&c.variable).cloned().unwrap_or_else(|| Column::constant(UNBOUND, self.rows));
        let columns = schema.iter().map(column).collect();
        Self { variables: schema.iter().map(|c| c.variable.clone()).collect(), columns, weight: self.weight, rows: self.rows }
    }

    /// The table with one column more, or with this one instead of one of that name.
    pub(crate) fn with_column(mut self, variable: &Variable, column: Column) -> Self {
        match self.index(variable) {
            Some(index) => self.columns[index] = column,
            None => {
                self.variables.push(variable.clone());
                self.columns.push(column);
            }
        }
        self
    }

    /// Rows of a range; columns of the store stay there.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        let cut = |column: &Column| match column {
            Column::Stored(ids, all) => Column::Stored(ids.clone(), all.start + range.start..all.start + range.end),
            Column::Owned(_) if range == (0..self.rows) => column.clone(),
            Column::Owned(ids) => ids[range.clone()].to_vec().into(),
        };
        let columns = self.columns.iter().map(cut).collect();
        let weight = self.weight.as_ref().map(|weight| Arc::new(weight[range.clone()].to_vec()));
        Self { variables: self.variables.clone(), columns, weight, rows: range.len() }
    }
}
