//! The binary `hgql` as a user meets it: what it prints, and how it ends.
#![cfg(feature = "cli")]

mod backup;
mod bad_input;
mod batches;
mod bench;
mod data;
mod devices;
mod help;
mod hyperql_page;
mod import;
mod learned;
mod links;
mod pairs;
mod program;
mod query;
mod query_bad_input;
mod query_parameters;
mod resume;
mod text;
mod train;
mod training;
mod transformer;
mod tune;
mod verify;
