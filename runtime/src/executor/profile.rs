//! What the operators of a query really did.

use std::time::Duration;

/// What one operator did.
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorProfile {
    /// Its name and its place in the graph, with those of the operators around it: `EachGraph #2 / Scan #0`.
    pub operator: String,
    /// Rows that were expected.
    pub expected: f64,
    /// Rows that came out, of all its runs.
    pub rows: u64,
    /// Time of all its runs; that of a sub-query is in it.
    pub time: Duration,
    /// Bytes of its columns that were made, not borrowed from the store.
    pub bytes: u64,
    /// How often it ran: more than once in a sub-query.
    pub runs: u64,
    /// Where it ran: `cpu` or the name of a device; all of them, separated by commas, if its runs were on several.
    pub device: String,
}

/// What the operators of a query did, inputs before what uses them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// One entry for each operator that ran.
    pub operators: Vec<OperatorProfile>,
    /// Time of the whole query, from its text to its solutions.
    pub total: Duration,
}

impl Profile {
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
