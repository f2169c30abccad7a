//! A split of the nodes and its text form.

use crate::{Error, Result};

/// Disjoint train, validation and test nodes; a node may be in none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// Nodes to learn from.
    pub train: Vec<u32>,
    /// Nodes to choose the epoch by.
    pub valid: Vec<u32>,
    /// Nodes to report on.
    pub test: Vec<u32>,
}

/// Consecutive splits of one protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitSet {
    /// The protocol, e.g. `50_25_25`.
    pub name: String,
    /// How many splits it has.
    pub count: usize,
}

/// The splits by protocol; those of no protocol have the empty name.
pub(crate) fn by_set<'a>(splits: &'a [Split], sets: &'a [SplitSet]) -> Vec<(&'a str, &'a [Split])> {
    if sets.is_empty() {
        return if splits.is_empty() { Vec::new() } else { vec![("", splits)] };
    }
    let mut rest = splits;
    let mut parts = Vec::new();
    for set in sets {
        let (head, tail) = rest.split_at(set.count.min(rest.len()));
        parts.push((set.name.as_str(), head));
        rest = tail;
    }
    parts
}

/// The reverse of [`by_set`].
pub(crate) fn from_sets(sets: Vec<(String, Vec<Split>)>) -> (Vec<Split>, Vec<SplitSet>) {
    let named = sets.len() > 1 || sets.iter().any(|s| !s.0.is_empty());
    let names = sets.iter().map(|(name, splits)| SplitSet { name: name.clone(), count: splits.len() });
    let names = if named { names.collect() } else { Vec::new() };
    (sets.into_iter().flat_map(|s| s.1).collect(), names)
}

/// The characters of the text form for train, validation, test and none.
const PARTS: [u8; 4] = *b"012-";

impl Split {
    /// From one character per node: `0` train, `1` validation, `2` test, `-` in none.
    ///
    /// # Errors
    /// The position (from 0) of the first other character.
    pub(crate) fn from_text(text: &[u8]) -> Result<Self, usize> {
        let mut split = Self::default();
        for (i, byte) in text.iter().enumerate() {
            match byte {
                b'0' => split.train.push(i as u32),
                b'1' => split.valid.push(i as u32),
                b'2' => split.test.push(i as u32),
                b'-' => {}
                _ => return Err(i),
            }
        }
        Ok(split)
    }

    /// One character per node; the ids must be below `nodes`.
    pub(crate) fn to_text(&self, nodes: usize) -> String {
        let mut text = vec![PARTS[3]; nodes];
        for ((_, ids), part) in self.parts().into_iter().zip(PARTS) {
            ids.iter().for_each(|i| text[*i as usize] = part);
        }
        text.into_iter().map(char::from).collect()
    }

    fn parts(&self) -> [(&'static str, &[u32]); 3] {
        [("train", &self.train), ("valid", &self.valid), ("test", &self.test)]
    }

    /// Checks that the ids are below `nodes` and that no node appears twice.
    ///
    /// # Errors
    /// When they are not, or one does.
    pub fn check(&self, nodes: usize) -> Result<()> {
        let mut seen = vec![false; nodes];
        for (part, ids) in self.parts() {
            for &id in ids {
                match seen.get_mut(id as usize) {
                    None => return Err(Error::invalid(part, format!("node ids below {nodes}"), id.to_string())),
                    Some(true) => {
                        return Err(Error::invalid(part, "every node at most once", format!("node {id} again")));
                    }
                    Some(slot) => *slot = true,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips_and_points_at_other_characters() {
        let split = Split::from_text(b"0212-0").unwrap();
        assert_eq!(split, Split { train: vec![0, 5], valid: vec![2], test: vec![1, 3] });
        assert_eq!(split.to_text(6), "0212-0");
        assert_eq!(Split::from_text(b"012x0"), Err(3));
    }
}
