//! What the operators of a query really did.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Serialize, Serializer};

/// What one operator did. As JSON its time is `ms`, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OperatorProfile {
    /// Its name and its place in the graph, with those of the operators around it: `EachGraph #2 / Scan #0`.
    pub operator: String,
    /// What it is to do, as the plan says it: a pattern, a condition, the keys of an order.
    pub detail: String,
    /// The operators whose rows it reads, by their names.
    pub inputs: Vec<String>,
    /// The operator whose sub-query it is part of.
    pub within: Option<String>,
    /// Rows that were expected.
    pub expected: f64,
    /// Rows that came out, of all its runs.
    pub rows: u64,
    /// Time of all its runs; that of a sub-query is in it.
    #[serde(rename = "ms", serialize_with = "milliseconds")]
    pub time: Duration,
    /// Bytes of its columns that were made, not borrowed from the store.
    pub bytes: u64,
    /// How often it ran: more than once in a sub-query.
    pub runs: u64,
    /// Where it ran: `cpu` or the name of a device; all of them, separated by commas, if its runs were on several.
    pub device: String,
}

/// What the operators of a query did, inputs before what uses them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Profile {
    /// One entry for each operator that ran.
    pub operators: Vec<OperatorProfile>,
    /// Time of the whole query, from its text to its solutions.
    #[serde(rename = "ms", serialize_with = "milliseconds")]
    pub total: Duration,
}

fn milliseconds<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(time.as_secs_f64() * 1e3)
}

impl Profile {
    /// The operators from the last to the first, each with its depth: under an operator stand its sub-query and those whose rows it reads. One that several
    /// read stands under the first of them.
    pub fn tree(&self) -> Vec<(usize, &OperatorProfile)> {
        let mut tree = Vec::with_capacity(self.operators.len());
        let mut seen = BTreeSet::new();
        let is_below = |name: &String, other: &OperatorProfile| other.inputs.contains(name) || other.within.as_ref() == Some(name);
        for root in self.operators.iter().rev() {
            let is_root = root.within.is_none() && !self.operators.iter().any(|other| other.inputs.contains(&root.operator));
            let mut waiting = if is_root { vec![(0, root)] } else { vec![] };
            while let Some((depth, operator)) = waiting.pop() {
                if !seen.insert(&operator.operator) {
                    continue;
                }
                tree.push((depth, operator));
                let is_input = |other: &&OperatorProfile| operator.inputs.contains(&other.operator);
                // The last operator of its sub-query, which no other of it reads.
                let is_sub_query = |other: &&OperatorProfile| {
                    other.within.as_ref() == Some(&operator.operator)
                        && !self.operators.iter().any(|reader| is_below(&other.operator, reader))
                };
                // In the order in which they ran, the first on top of what waits.
                let below: Vec<_> = self.operators.iter().filter(|other| is_input(other) || is_sub_query(other)).collect();
                waiting.extend(below.into_iter().rev().map(|other| (depth + 1, other)));
            }
        }
        tree
    }

    /// Adds a run of an operator.
    pub(crate) fn add(&mut self, run: OperatorProfile) {
        match self.operators.iter_mut().find(|known| known.operator == run.operator) {
            Some(known) => {
                known.rows += run.rows;
                known.time += run.time;
                known.bytes += run.bytes;
                known.runs += run.runs;
                if !known.device.split(", ").any(|device| device == run.device) {
                    known.device = format!("{}, {}", known.device, run.device);
                }
            }
            None => self.operators.push(run),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator(name: &str, inputs: &[&str], within: Option<&str>) -> OperatorProfile {
        OperatorProfile {
            operator: name.to_owned(),
            detail: String::new(),
            inputs: inputs.iter().map(|&input| input.to_owned()).collect(),
            within: within.map(str::to_owned),
            expected: 1.0,
            rows: 1,
            time: Duration::ZERO,
            bytes: 0,
            runs: 1,
            device: "cpu".to_owned(),
        }
    }

    #[test]
    fn a_tree_has_every_operator_once_below_what_reads_it() {
        let operators = vec![
            operator("Closure", &[], None),
            operator("Scan #0", &[], None),
            operator("Exists #1 / Scan #0", &[], Some("Exists #1")),
            operator("Exists #1 / Extend #1", &["Exists #1 / Scan #0"], Some("Exists #1")),
            operator("Exists #1", &["Scan #0"], None),
            operator("Join #2", &["Scan #0", "Exists #1"], None),
        ];
        let profile = Profile { operators, total: Duration::ZERO };
        let tree: Vec<(usize, &str)> = profile.tree().into_iter().map(|(depth, of)| (depth, of.operator.as_str())).collect();
        let expected =
            [(0, "Join #2"), (1, "Scan #0"), (1, "Exists #1"), (2, "Exists #1 / Extend #1"), (3, "Exists #1 / Scan #0"), (0, "Closure")];
        assert_eq!(tree, expected);
        assert!(Profile::default().tree().is_empty());
    }
}
