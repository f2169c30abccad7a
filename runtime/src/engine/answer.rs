//! What comes of a query.

use std::fmt;

use hypergraphql_framework::store::AtomSpace;
use oxrdf::{Term, Triple};

use super::QueryError;
use crate::executor::{Column, Limits, Table, Terms};

/// What a query gives.
#[derive(Debug)]
pub enum Answer {
    /// Of `SELECT`.
    Solutions(Solutions),
    /// Of `ASK`.
    Boolean(bool),
    /// Of `CONSTRUCT` and `DESCRIBE`: a set, each triple once.
    Graph(Vec<Triple>),
}

/// Rows of terms, decoded when they are looked at.
pub struct Solutions {
    variables: Vec<String>,
    pub(super) table: Table,
    pub(super) terms: Box<Terms>,
    pub(super) limits: Limits,
}

impl Solutions {
    /// Of a table that has these variables as its columns, without weights.
    pub(super) fn new(table: Table, terms: Terms, limits: Limits) -> Self {
        let variables = table.variables.iter().map(|variable| variable.name().to_owned()).collect();
        Self { variables, table, terms: Box::new(terms), limits }
    }

    /// Names of the columns, without `?`.
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.table.rows
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.table.rows == 0
    }

    /// The term of a row in a column, if it has one: it is decoded now.
    ///
    /// # Panics
    /// When there is no such row or column.
    pub fn term(&self, row: usize, column: usize) -> Option<Term> {
        self.terms.term(self.table.columns[column][row])
    }

    /// The rows: for each variable its term, if it has one. Each is decoded when it is asked for.
    pub fn rows(&self) -> impl Iterator<Item = Vec<Option<Term>>> + '_ {
        (0..self.table.rows).map(|row| self.table.columns.iter().map(|column| self.terms.term(column[row])).collect())
    }

    /// The ids of a variable's column, as they are, not copied; none if there is no such column. Ids up to [`AtomSpace::terms`] are those of the snapshot
    /// that was asked, [`Self::version`]; above them are those of terms that the query computed; `u32::MAX` is no value.
    pub fn ids(&self, variable: &str) -> Option<&[u32]> {
        self.column(variable).map(|column| &**column)
    }

    pub(crate) fn column(&self, variable: &str) -> Option<&Column> {
        let column = self.variables.iter().position(|name| name == variable)?;
        Some(&self.table.columns[column])
    }

    /// The snapshot whose numbering the ids have. Compaction renumbers, so ids are to be used with a snapshot only if [`AtomSpace::is_same`] says that it is
    /// this one.
    pub fn version(&self) -> &AtomSpace {
        self.terms.space()
    }

    /// That the query's time is not over yet and nobody has cancelled it: for those who read very many rows, which are decoded as they are read.
    ///
    /// # Errors
    /// [`QueryError::Timeout`] or [`QueryError::Cancelled`].
    pub fn check(&self) -> Result<(), QueryError> {
        self.limits.check("the rows of the answer")
    }
}

impl fmt::Debug for Solutions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Solutions").field("variables", &self.variables).field("rows", &self.table.rows).finish()
    }
}
