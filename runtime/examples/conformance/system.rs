//! The system under test.

use std::fmt;
use std::path::Path;

use oxrdf::Quad;

use crate::results::Answer;

/// How a text is read and a query run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mode {
    /// As strict SPARQL.
    pub(crate) strict: bool,
    /// Without the optimiser.
    pub(crate) unoptimized: bool,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.strict { "strict" } else { "relaxed" })?;
        f.write_str(if self.unoptimized { ", unoptimised" } else { "" })
    }
}

/// What a query asks for, as far as the harness has to know.
pub(crate) struct Asked {
    /// Graphs of `FROM` and `FROM NAMED`.
    pub(crate) graphs: Vec<String>,
    /// The rows have an order.
    pub(crate) sorted: bool,
}

pub(crate) fn parse(_text: &str, _base: &str, _update: bool, _mode: Mode) -> Result<(), String> {
    Err("no parser yet".to_owned())
}

pub(crate) fn asked(_text: &str, _base: &str, _mode: Mode) -> Result<Asked, String> {
    Err("no parser yet".to_owned())
}

pub(crate) fn read(_file: &Path, _base: &str) -> Result<Vec<Quad>, String> {
    Err("no store yet".to_owned())
}

pub(crate) struct Store;

impl Store {
    pub(crate) fn new(_quads: Vec<Quad>) -> Result<Self, String> {
        Ok(Self)
    }
    pub(crate) fn query(&self, _text: &str, _base: &str, _mode: Mode, _rdfs: bool) -> Result<Answer, String> {
        Err("no engine yet".to_owned())
    }
    pub(crate) fn update(&mut self, _text: &str, _base: &str, _mode: Mode) -> Result<(), String> {
        Err("no engine yet".to_owned())
    }
    pub(crate) fn quads(&self) -> Result<Vec<Quad>, String> {
        Ok(Vec::new())
    }
}
