//! A dataset: a hypergraph with features, labels, splits and names.

mod features;
mod labels;
pub(crate) mod name;
mod relations;
pub(crate) mod split;

pub use features::{Features, synthetic_features};
pub use labels::Labels;
pub use name::Name;
pub use relations::{Relations, Tags};
pub use split::{Split, SplitSet};

use std::collections::HashSet;

use crate::{Error, Hypergraph, Result};

/// A hypergraph with what is known of its nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// The name, of the file or folder when read.
    pub name: String,
    /// The hypergraph of N nodes.
    pub hypergraph: Hypergraph,
    /// One row per node, or none.
    pub features: Features,
    /// One class per labelled node.
    pub labels: Option<Labels>,
    /// Train, validation and test nodes, a repetition each.
    pub splits: Vec<Split>,
    /// How `splits` fall into protocols, in order; empty when they are all of one.
    pub split_sets: Vec<SplitSet>,
    /// A name per class, or none.
    pub label_names: Vec<String>,
    /// A weight per node where the file had some other than 1; no operator uses them.
    pub node_weights: Option<Vec<f64>>,
    /// A name per node where the file had names other than 0, 1, 2, ...
    pub node_names: Option<Vec<Name>>,
    /// A name per hyperedge where the file had names other than 0, 1, 2, ...
    pub hyperedge_names: Option<Vec<Name>>,
    /// The relations of hyperedges and the roles of nodes, where the source had such.
    pub relations: Option<Relations>,
}

impl Dataset {
    /// A dataset of a hypergraph alone.
    pub fn new(name: impl Into<String>, hypergraph: Hypergraph) -> Self {
        Self {
            name: name.into(),
            hypergraph,
            features: Features::None,
            labels: None,
            splits: Vec::new(),
            split_sets: Vec::new(),
            label_names: Vec::new(),
            node_weights: None,
            node_names: None,
            hyperedge_names: None,
            relations: None,
        }
    }

    /// The splits of one protocol, e.g. `50_25_25`.
    pub fn split_set(&self, name: &str) -> Option<&[Split]> {
        let mut start = 0;
        for set in &self.split_sets {
            if set.name == name {
                return self.splits.get(start..start + set.count);
            }
            start += set.count;
        }
        None
    }

    /// Checks that every part fits the hypergraph.
    ///
    /// # Errors
    /// When features, labels or names have another length than the nodes, a feature is not finite, a label or a split
    /// is out of range, a node lies in two parts of a split, the split sets do not add up or one is empty, a name is there twice, or relations
    /// and roles are not those of these hyperedges and incidences.
    pub fn check(&self) -> Result<()> {
        let nodes = self.hypergraph.nodes();
        self.features.check(nodes)?;
        if let Some(labels) = &self.labels {
            labels.check(nodes)?;
            if !self.label_names.is_empty() && self.label_names.len() != labels.classes {
                return Err(length("label names", labels.classes, "class", self.label_names.len()));
            }
        }
        if let Some(weights) = &self.node_weights {
            if weights.len() != nodes {
                return Err(length("node weights", nodes, "node", weights.len()));
            }
            if let Some(i) = weights.iter().position(|w| !w.is_finite()) {
                return Err(Error::invalid(format!("weight of node {i}"), "a finite number", weights[i].to_string()));
            }
        }
        for (i, split) in self.splits.iter().enumerate() {
            split.check(nodes).map_err(|e| in_split(i, e))?;
        }
        distinct("label names", self.label_names.iter())?;
        distinct("names of split sets", self.split_sets.iter().map(|s| &s.name))?;
        if let Some(set) = self.split_sets.iter().find(|s| s.count == 0) {
            return Err(Error::invalid(format!("split set {:?}", set.name), "at least one split", "none"));
        }
        let counted: usize = self.split_sets.iter().map(|s| s.count).sum();
        if !self.split_sets.is_empty() && counted != self.splits.len() {
            return Err(Error::invalid("split sets", format!("{} splits in all", self.splits.len()), counted.to_string()));
        }
        name::check("node names", self.node_names.as_deref(), nodes)?;
        name::check("hyperedge names", self.hyperedge_names.as_deref(), self.hypergraph.hyperedges())?;
        let (hyperedges, incidences) = (self.hypergraph.hyperedges(), self.hypergraph.incidences());
        self.relations.as_ref().map_or(Ok(()), |relations| relations.check(hyperedges, incidences))
    }
}

fn distinct<'a>(what: &str, mut names: impl Iterator<Item = &'a String>) -> Result<()> {
    let mut seen = HashSet::new();
    match names.find(|n| !seen.insert(*n)) {
        None => Ok(()),
        Some(n) => Err(Error::invalid(what, "distinct names", format!("{n:?} twice"))),
    }
}

fn length(what: &str, expected: usize, each: &str, found: usize) -> Error {
    Error::invalid(what, format!("{expected}, one per {each}"), found.to_string())
}

fn in_split(i: usize, error: Error) -> Error {
    match error {
        Error::Invalid { what, expected, found } => Error::invalid(format!("split {i}, {what}"), expected, found),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Duplicates;

    fn sample() -> Dataset {
        let h = Hypergraph::from_members(5, [[0, 2], [2, 4]], Duplicates::Error).unwrap();
        Dataset::new("sample", h)
    }

    fn refused(change: impl FnOnce(&mut Dataset)) -> String {
        let mut d = sample();
        change(&mut d);
        d.check().unwrap_err().to_string()
    }

    #[test]
    fn every_part_must_fit() {
        sample().check().unwrap();
        let dense = |rows| Features::Dense(ndarray::Array2::zeros((rows, 3)));
        assert_eq!(refused(|d| d.features = dense(4)), "features: expected 5, one per node, found 4");
        let nan = |d: &mut Dataset| {
            let mut x = ndarray::Array2::zeros((5, 3));
            x[[3, 1]] = f32::NAN;
            d.features = Features::Dense(x);
        };
        assert_eq!(refused(nan), "feature at row 3, column 1: expected a finite number, found NaN");
        let labels = |of: Vec<Option<u32>>| Some(Labels { classes: 2, of });
        assert_eq!(refused(|d| d.labels = labels(vec![Some(0); 6])), "labels: expected 5, one per node, found 6");
        let high = vec![Some(0), None, Some(2), None, None];
        assert_eq!(refused(|d| d.labels = labels(high)), "label of node 2: expected a class below 2, found 2");
        let split = |train: &[u32], test: &[u32]| Split { train: train.to_vec(), valid: vec![], test: test.to_vec() };
        assert_eq!(refused(|d| d.splits = vec![split(&[0], &[5])]), "split 0, test: expected node ids below 5, found 5");
        let twice = refused(|d| d.splits = vec![split(&[0], &[1]), split(&[0, 1], &[1])]);
        assert_eq!(twice, "split 1, test: expected every node at most once, found node 1 again");
        assert!(refused(|d| d.node_weights = Some(vec![1.0; 4])).contains("node weights: expected 5, one per node, found 4"));
        assert!(refused(|d| d.node_weights = Some(vec![f64::NAN; 5])).contains("weight of node 0"));
        let twice = refused(|d| d.label_names = ["a", "b", "a"].map(str::to_owned).into());
        assert_eq!(twice, "label names: expected distinct names, found \"a\" twice");
        let names = refused(|d| d.node_names = Some(vec![Name::Number(1); 5]));
        assert_eq!(names, "node names: expected distinct names, found 1 twice");
        assert!(refused(|d| d.hyperedge_names = Some(vec![])).contains("expected 2, one per hyperedge"));
    }

    #[test]
    fn split_sets_are_consecutive() {
        let mut d = sample();
        d.splits = (0..3).map(|i| Split { train: vec![i], valid: vec![], test: vec![] }).collect();
        d.split_sets = vec![SplitSet { name: "a".into(), count: 2 }, SplitSet { name: "b".into(), count: 1 }];
        d.check().unwrap();
        assert_eq!(d.split_set("b"), Some(&d.splits[2..]));
        assert_eq!(d.split_set("c"), None);
        d.split_sets.push(SplitSet { name: "c".into(), count: 0 });
        assert_eq!(d.check().unwrap_err().to_string(), "split set \"c\": expected at least one split, found none");
        d.split_sets[2].name = "a".into();
        assert_eq!(d.check().unwrap_err().to_string(), "names of split sets: expected distinct names, found \"a\" twice");
        d.split_sets.truncate(1);
        assert!(d.check().unwrap_err().to_string().contains("split sets: expected 3 splits in all, found 2"));
    }
}
