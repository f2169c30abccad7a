//! What comes of a query.

use std::fmt;

use oxrdf::{Term, Triple};

use crate::executor::{Profile, Table, Terms};

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
    table: Table,
    terms: Box<Terms>,
    profile: Profile,
}

impl Solutions {
    /// Of a table that has these variables as its columns, without weights.
    pub(super) fn new(table: Table, terms: Terms, profile: Profile) -> Self {
        let variables = table.variables.iter().map(|variable| variable.name().to_owned()).collect();
        Self { variables, table, terms: Box::new(terms), profile }
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

    /// The rows: for each variable its term, if it has one.
    pub fn rows(&self) -> impl Iterator<Item = Vec<Option<Term>>> + '_ {
        (0..self.table.rows).map(|row| self.table.columns.iter().map(|column| self.terms.term(column[row])).collect())
    }

    /// Ids of a column: those of the snapshot that was asked, ids above them for terms that the query computed, and `u32::MAX` for no value.
    ///
    /// # Panics
    /// When there is no such column.
    pub fn ids(&self, column: usize) -> &[u32] {
        &self.table.columns[column]
    }

    /// What the operators did.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }
}

impl fmt::Debug for Solutions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Solutions").field("variables", &self.variables).field("rows", &self.table.rows).finish()
    }
}
