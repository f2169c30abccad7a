//! The binary `hgql` as a user meets it: what it prints, and how it ends.
#![cfg(feature = "cli")]

mod bad_input;
mod bench;
mod data;
mod devices;
mod help;
mod import;
mod program;
mod resume;
mod train;
mod training;
mod tune;
mod verify;
