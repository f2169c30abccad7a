//! Node classes, known for some or all nodes.

use super::length;
use crate::{Error, Result};

/// The class of every labelled node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// The number of classes C.
    pub classes: usize,
    /// For each node its class below C, or none where it is not known.
    pub of: Vec<Option<u32>>,
}

impl Labels {
    /// Labels of nodes that are all labelled; C is the highest class + 1.
    pub fn all(of: &[u32]) -> Self {
        let classes = of.iter().max().map_or(0, |c| *c as usize + 1);
        Self { classes, of: of.iter().copied().map(Some).collect() }
    }

    /// The labelled nodes, ascending.
    pub fn labelled(&self) -> Vec<u32> {
        (0..self.of.len() as u32).filter(|i| self.of[*i as usize].is_some()).collect()
    }

    /// The number of nodes of each class.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes];
        for class in self.of.iter().flatten() {
            counts[*class as usize] += 1;
        }
        counts
    }

    /// The most classes that so many nodes may have: counts per class are allocated on the word of a single label.
    pub(crate) fn most_classes(nodes: usize) -> usize {
        nodes.max(1 << 16)
    }

    pub(crate) fn check(&self, nodes: usize) -> Result<()> {
        if self.of.len() != nodes {
            return Err(length("labels", nodes, "node", self.of.len()));
        }
        let most = Self::most_classes(nodes);
        if self.classes > most {
            return Err(Error::invalid("number of classes", format!("at most {most}"), self.classes.to_string()));
        }
        for (i, class) in self.of.iter().enumerate() {
            if let Some(class) = class.filter(|c| *c as usize >= self.classes) {
                let expected = format!("a class below {}", self.classes);
                return Err(Error::invalid(format!("label of node {i}"), expected, class.to_string()));
            }
        }
        Ok(())
    }
}
