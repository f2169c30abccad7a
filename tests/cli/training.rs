//! A small data set, and commands that run in its folder.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::fs;
use std::path::{Path, PathBuf};

use hypergraphql_framework::generate::{StochasticBlock, stochastic_block};
use hypergraphql_framework::{Dataset, SplitSet, io, splits};
use serde_json::Value;
use tempfile::TempDir;

use crate::program::{self, Run, command};

pub(crate) const NODES: usize = 127;

/// A short training on the data set of a [`Folder`].
pub(crate) const TRAIN: &str = "train node-classification --data data --hidden 16 --epochs 20 --lr 0.02";

/// 127 nodes in three named classes without features, and two splits.
pub(crate) fn dataset() -> Dataset {
    let sizes = StochasticBlock { nodes: NODES, hyperedges: 211, size: 5, classes: 3, homophily: 0.9 };
    let mut dataset = stochastic_block(&sizes, 5).unwrap();
    dataset.label_names = ["red", "green", "blue"].map(str::to_owned).into();
    dataset.splits = (0..2).map(|i| splits::random(NODES, [0.5, 0.25, 0.25], 40 + i).unwrap()).collect();
    dataset.split_sets = vec![SplitSet { name: "50_25_25".into(), count: 2 }];
    dataset
}

/// A folder with a data set in `data`.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new(dataset: &Dataset) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        io::write(dataset, folder.at("data")).unwrap();
        folder
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::write(self.at(path), text).unwrap();
    }

    pub(crate) fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.text(path)).unwrap()
    }

    /// A command line that runs in the folder.
    pub(crate) fn command(&self, line: &str) -> std::process::Command {
        let mut command = command();
        command.current_dir(self.0.path()).args(line.split_whitespace());
        command
    }

    pub(crate) fn run(&self, line: &str) -> Run {
        program::run(&mut self.command(line))
    }

    /// What a command that must succeed prints.
    pub(crate) fn ok(&self, line: &str) -> String {
        self.run(line).ok()
    }

    /// The JSON lines of a command that must succeed.
    pub(crate) fn lines(&self, line: &str) -> Vec<Value> {
        program::lines(&self.ok(line))
    }

    /// Exit code and message of a command that must fail without a panic.
    pub(crate) fn refused(&self, line: &str) -> (i32, String) {
        let Run { code, err, .. } = self.run(line);
        assert!(code != Some(0) && !err.contains("panicked"), "{line}: {err}");
        (code.unwrap(), err)
    }
}

/// The names in a folder, in order.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
