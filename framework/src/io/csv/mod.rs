//! CSV and TSV, with a header that tells the layout.
//!
//! `node,hyperedge[,weight]`, columns in any order, holds an incidence a row; this one is written. An empty hyperedge
//! declares the node: declared nodes come first, in their order. The others are numbered ascending when they are all
//! integers, else as they appear; hyperedges are numbered as they appear.
//!
//! `hyperedge,members` holds a hyperedge a row: its name, then its members, as many as it has.
//!
//! A field in double quotes holds everything up to the closing one, a quote in it doubled. Blanks around a field are not part of it.

mod fields;
mod read;
mod write;

pub(crate) use fields::{Field, Rows};
pub(super) use read::read;
pub(super) use write::write;
