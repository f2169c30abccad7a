//! The executor: a graph of operators on columns of ids, run against a snapshot of a store. One operator per file; `device/` has those that also run on a
//! CubeCL device.

mod aggregate;
mod annotations;
mod condition;
mod dataset;
mod destructure;
mod device;
mod distinct;
mod equal;
mod evaluate;
mod exists;
mod expression;
mod extend;
mod gather;
mod graph_check;
mod graphs;
mod incidence;
mod index;
mod instants;
mod intersect;
mod join;
mod limits;
mod masks;
mod matches;
mod pairs;
mod path;
mod period;
mod period_sets;
mod predict;
mod profile;
mod rank;
mod run;
mod runs;
mod scan;
mod similar;
mod snapshot;
mod sort;
mod source;
mod table;
mod tables;
mod task;
mod terms;
#[cfg(test)]
mod tests;
mod text_search;

pub use device::QueryDevice;
pub use profile::{OperatorProfile, Profile};

pub(crate) use annotations::StoreAnnotations;
pub(crate) use dataset::{DefaultGraph, Graphs};
pub(crate) use expression::has_exists;
pub(crate) use gather::expanded;
pub(crate) use graph_check::default_graph;
pub(crate) use instants::constant_instant;
pub(crate) use limits::Limits;
pub(crate) use run::run;
pub(crate) use table::{Column, Table, UNBOUND};
pub(crate) use task::{Scope, Session, Task};
pub(crate) use terms::Terms;
