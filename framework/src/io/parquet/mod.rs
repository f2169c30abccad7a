//! Parquet: `node,hyperedge[,weight]` with an incidence a row, as CSV has it, and tables in general.
//!
//! | column | type | what |
//! |---|---|---|
//! | `node` | a string or an integer | the node; never null |
//! | `hyperedge` or `edge` | a string or an integer | the hyperedge; null declares the node, as an empty field of CSV does |
//! | `weight`, not in every file | a number | the weight of the incidence |
//!
//! Columns may be in any order. Strings are names as in CSV: one of digits is a number. Snappy, gzip and LZ4 are read, Snappy is written.

mod cell;
mod read;
mod table;
mod write;

pub(super) use read::read;
pub(super) use write::write;

pub(crate) use cell::Cell;
pub(crate) use table::{Column, Kind, Table};
pub(crate) use write::save;
