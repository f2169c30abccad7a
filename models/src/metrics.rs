//! Accuracy, macro-F1 and the confusion matrix of a classifier, and mean and deviation over runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How often class t was taken for class p; only pairs that occur are kept, so that thousands of classes cost no square of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// C
    pub classes: usize,
    /// `[t, p, nodes of class t that were predicted as p]`, ascending.
    pub cells: Vec<(u32, u32, u64)>,
}

/// Precision, recall and F1 of one class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassScore {
    /// Right predictions of the class over all predictions of it; 0 where there are none.
    pub precision: f64,
    /// Right predictions of the class over all nodes of it; 0 where there are none.
    pub recall: f64,
    /// 2 · precision · recall / (precision + recall); 0 where both are 0.
    pub f1: f64,
    /// Nodes of the class.
    pub support: u64,
}

impl Confusion {
    /// Counts the labelled nodes among `nodes`; unlabelled ones are not counted.
    ///
    /// `truth` and `predicted` hold one class per node of the hypergraph, all below `classes`.
    pub fn new(classes: usize, nodes: &[u32], truth: &[Option<u32>], predicted: &[u32]) -> Self {
        let mut counts = BTreeMap::new();
        for node in nodes.iter().map(|n| *n as usize) {
            if let Some(class) = truth[node] {
                *counts.entry((class, predicted[node])).or_default() += 1;
            }
        }
        Self { classes, cells: counts.into_iter().map(|((t, p), n)| (t, p, n)).collect() }
    }

    /// Nodes of class `truth` that were predicted as `predicted`.
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        let place = self.cells.binary_search_by_key(&(truth, predicted), |(t, p, _)| (*t as usize, *p as usize));
        place.map_or(0, |i| self.cells[i].2)
    }

    /// The number of nodes counted.
    pub fn total(&self) -> u64 {
        self.cells.iter().map(|(_, _, n)| n).sum()
    }

    /// Right predictions over all; `None` where nothing was counted.
    pub fn accuracy(&self) -> Option<f64> {
        let right: u64 = self.cells.iter().filter(|(t, p, _)| t == p).map(|(_, _, n)| n).sum();
        let total = self.total();
        (total > 0).then(|| ratio(right, total))
    }

    /// The scores of every class.
    pub fn classes(&self) -> Vec<ClassScore> {
        self.tallies().into_iter().map(Tally::score).collect()
    }

    /// The mean F1 of the classes that occur, as label or as prediction; `None` where nothing was counted.
    pub fn macro_f1(&self) -> Option<f64> {
        let occurring = self.tallies().into_iter().filter(|t| t.support + t.predicted > 0);
        let f1: Vec<f64> = occurring.map(|t| t.score().f1).collect();
        (!f1.is_empty()).then(|| f1.iter().sum::<f64>() / f1.len() as f64)
    }

    fn tallies(&self) -> Vec<Tally> {
        let mut tallies = vec![Tally::default(); self.classes];
        for &(t, p, n) in &self.cells {
            tallies[t as usize].support += n;
            tallies[p as usize].predicted += n;
            if t == p {
                tallies[t as usize].right += n;
            }
        }
        tallies
    }
}

/// What the scores of a class are made of.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    right: u64,
    predicted: u64,
    support: u64,
}

impl Tally {
    fn score(self) -> ClassScore {
        let Self { right, predicted, support } = self;
        // F1 = 2 TP / (2 TP + FP + FN)
        let f1 = ratio(2 * right, support + predicted);
        ClassScore { precision: ratio(right, predicted), recall: ratio(right, support), f1, support }
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Mean and deviation of a number over runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The sample standard deviation (divided by n − 1); 0 for a single run.
    pub std: f64,
}

impl Spread {
    /// Of these values; `None` where there are none.
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let std = if values.len() < 2 { 0.0 } else { (squares / (n - 1.0)).sqrt() };
        Some(Self { mean, std })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confusion_scores_follow_the_definitions() {
        // Node 5 is unlabelled, node 6 is not asked for, class 3 never occurs.
        let truth = [Some(0), Some(0), Some(1), Some(2), Some(1), None, Some(0)];
        let predicted = [0, 1, 1, 1, 1, 0, 2];
        let c = Confusion::new(4, &[0, 1, 2, 3, 4, 5], &truth, &predicted);
        assert_eq!(c.cells, [(0, 0, 1), (0, 1, 1), (1, 1, 2), (2, 1, 1)]);
        assert_eq!((c.count(1, 1), c.count(1, 0), c.count(3, 3)), (2, 0, 0));
        assert_eq!(c.total(), 5);
        assert!((c.accuracy().unwrap() - 0.6).abs() < 1e-12);
        let s = c.classes();
        assert_eq!((s[0].precision, s[0].recall, s[0].support), (1.0, 0.5, 2));
        assert_eq!((s[1].precision, s[1].recall, s[1].support), (0.5, 1.0, 2));
        assert_eq!((s[2].precision, s[2].recall, s[2].f1, s[2].support), (0.0, 0.0, 0.0, 1));
        assert_eq!(s[3].support, 0);
        let expected = (2.0 / 3.0 + 2.0 / 3.0 + 0.0) / 3.0;
        assert!((c.macro_f1().unwrap() - expected).abs() < 1e-12, "class 3 does not count");
    }

    #[test]
    fn nothing_counted_has_no_accuracy() {
        let c = Confusion::new(3, &[], &[Some(1)], &[1]);
        assert_eq!((c.accuracy(), c.macro_f1(), c.total()), (None, None, 0));
        assert_eq!(serde_json::to_value(c.accuracy()).unwrap(), serde_json::Value::Null);
    }

    #[test]
    fn many_classes_cost_no_square() {
        let truth: Vec<Option<u32>> = (0..100_000).map(Some).collect();
        let predicted: Vec<u32> = (0..100_000).rev().collect();
        let nodes: Vec<u32> = (0..100_000).step_by(7).collect();
        let c = Confusion::new(100_000, &nodes, &truth, &predicted);
        assert_eq!(c.cells.len(), nodes.len());
        assert_eq!(c.accuracy(), Some(0.0));
    }

    #[test]
    fn spread_is_the_sample_deviation() {
        let s = Spread::of(&[0.7, 0.8, 0.9]).unwrap();
        assert!((s.mean - 0.8).abs() < 1e-12 && (s.std - 0.1).abs() < 1e-12);
        assert_eq!(Spread::of(&[0.5]), Some(Spread { mean: 0.5, std: 0.0 }));
        assert_eq!(Spread::of(&[]), None);
    }
}
