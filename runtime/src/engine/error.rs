//! The error of queries and updates.

use std::time::Duration;

use hypergraphql_kernels::KernelError;
use hypergraphql_query::parameters::ParameterError;
use hypergraphql_query::{CompileError, SyntaxError};
use oxrdf::NamedNode;

use crate::infer::InferError;
use crate::learned::ModelFailure;

/// What can go wrong between a query's text and its answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The text is not what it should be.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// The text asks for more than one plan can hold.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// A parameter of a prepared query cannot be what it is wanted to be.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The store cannot be read or made.
    #[error(transparent)]
    Store(#[from] hypergraphql_framework::Error),
    /// It took longer than it may.
    #[error("the query was stopped in {operator} after {after:?}: allow more time, or ask for less")]
    Timeout {
        /// The operator that was running.
        operator: String,
        /// The time it had.
        after: Duration,
    },
    /// It needs more memory than it may use.
    #[error(
        "{operator} wants {wanted} bytes more, which the query's budget of {budget} bytes does not allow: allow more memory, or ask for less"
    )]
    Memory {
        /// The operator that asked for it.
        operator: String,
        /// How much it asked for.
        wanted: u64,
        /// What the query may use in all.
        budget: u64,
    },
    /// Somebody stopped it.
    #[error("the query was cancelled in {operator}")]
    Cancelled {
        /// The operator that was running.
        operator: String,
    },
    /// More rows than an operator can make, or than the caller wants.
    #[error("{operator} makes {rows} rows, at most {limit} are allowed: make the pattern more selective, or count the solutions instead")]
    TooManyRows {
        /// The operator.
        operator: String,
        /// How many it would make.
        rows: u64,
        /// How many it may make.
        limit: u64,
    },
    /// More different terms than there are ids.
    #[error("the query computes more different terms than there are ids: {limit} are left beside the store's")]
    TooManyTerms {
        /// How many it may compute.
        limit: u64,
    },
    /// A row whose text does not fit into an array.
    #[error("a row of {operator} has a text of more than 1 GiB: leave its column out, or shorten it with SUBSTR")]
    TooLong {
        /// What was being made.
        operator: String,
    },
    /// A plan that cannot be run.
    #[error("{operator} cannot be run: {what}")]
    Plan {
        /// The operator.
        operator: String,
        /// Why.
        what: String,
    },
    /// Something that is not there.
    #[error("{operator} needs {what}, which is not available in this version")]
    NotAvailable {
        /// The operator.
        operator: String,
        /// What it needs.
        what: &'static str,
    },
    /// `SIMILAR` or `PREDICT` without a model.
    #[error("{operator} asks {what}")]
    NoModel {
        /// The operator.
        operator: String,
        /// What it asks, and how to give it.
        what: &'static str,
    },
    /// A node, a relation or a text of which a model, or the store, knows nothing.
    #[error("{operator}: {what}")]
    Unknown {
        /// The operator.
        operator: String,
        /// What is not known, and what is.
        what: String,
    },
    /// A model that gave no answer.
    #[error("{operator}: the model failed: {source}")]
    Model {
        /// The operator.
        operator: String,
        /// What it said.
        source: ModelFailure,
    },
    /// `SERVICE`, where the text and the place in it are not known.
    #[error("SERVICE {name} cannot be asked: there is no client for other endpoints; load their data, or write SERVICE SILENT")]
    Service {
        /// The IRI or the variable.
        name: String,
        /// The byte of the text where it stands.
        at: usize,
    },
    /// `LOAD` of something that cannot be loaded.
    #[error("LOAD <{source_name}>: {what}")]
    Load {
        /// What was to be loaded.
        source_name: String,
        /// Why it is not, and what to do.
        what: String,
    },
    /// A device did not do what it was asked to.
    #[error("{operator} failed on {device}: {source}; without a device the query runs on the host")]
    Device {
        /// The operator.
        operator: String,
        /// The device's name.
        device: String,
        /// What went wrong there.
        source: Box<KernelError>,
    },
    /// A closure cannot be made.
    #[error(transparent)]
    Infer(InferError),
    /// `CREATE` of a graph that has triples.
    #[error("the graph {name} exists already: drop it first, or create it with SILENT")]
    GraphExists {
        /// Its name.
        name: NamedNode,
    },
}

impl QueryError {
    /// With line and column, if it is one of a place in this text.
    pub(super) fn located(self, text: &str) -> Self {
        match self {
            Self::Service { name, at } => {
                let message = format!("SERVICE {name} cannot be asked: there is no client for other endpoints");
                Self::Syntax(SyntaxError::at(
                    text,
                    at,
                    message,
                    "load the data of the endpoint, or write SERVICE SILENT for one solution that binds nothing",
                ))
            }
            Self::Compile(CompileError::Learned { message, hint, at }) => Self::Syntax(SyntaxError::at(text, at.0, message, hint)),
            other => other,
        }
    }
}

impl From<InferError> for QueryError {
    fn from(error: InferError) -> Self {
        match error {
            // What stopped it is an error of queries as a rule.
            InferError::Stopped(why) => why.downcast::<Self>().map_or_else(|why| Self::Infer(InferError::Stopped(why)), |error| *error),
            error => Self::Infer(error),
        }
    }
}
