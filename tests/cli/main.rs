//! The binary `hgql` as a user meets it: what it prints, and how it ends.

mod bad_input;
mod data;
mod devices;
mod help;
mod program;
mod verify;
