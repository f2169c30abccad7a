//! The session API: a store that is asked in HyperQL.

mod error;

pub use error::QueryError;
