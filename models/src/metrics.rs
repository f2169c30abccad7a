//! Accuracy, macro-F1 and the confusion matrix of a classifier, and mean and deviation over runs.

use serde::{Deserialize, Serialize};

/// How often class t was taken for class p.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// counts\[t\]\[p\]: nodes of class t that were predicted as p.
    pub counts: Vec<Vec<u64>>,
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
        let mut counts = vec![vec![0; classes]; classes];
        for node in nodes.iter().map(|n| *n as usize) {
            if let Some(class) = truth[node] {
                counts[class as usize][predicted[node] as usize] += 1;
            }
        }
        Self { counts }
    }

    /// The number of nodes counted.
    pub fn total(&self) -> u64 {
        self.counts.iter().flatten().sum()
    }

    /// Right predictions over all; 0 where nothing was counted.
    pub fn accuracy(&self) -> f64 {
        let right: u64 = (0..self.counts.len()).map(|c| self.counts[c][c]).sum();
        ratio(right, self.total())
    }

    /// The scores of every class.
    pub fn classes(&self) -> Vec<ClassScore> {
        (0..self.counts.len()).map(|c| self.class(c)).collect()
    }

    fn class(&self, c: usize) -> ClassScore {
        let right = self.counts[c][c];
        let support: u64 = self.counts[c].iter().sum();
        let predicted: u64 = self.counts.iter().map(|row| row[c]).sum();
        // F1 = 2 TP / (2 TP + FP + FN)
        let f1 = ratio(2 * right, support + predicted);
        ClassScore { precision: ratio(right, predicted), recall: ratio(right, support), f1, support }
    }

    /// The mean F1 of the classes that occur, as label or as prediction.
    pub fn macro_f1(&self) -> f64 {
        let occurs = |c: &usize| self.counts[*c].iter().any(|n| *n > 0) || self.counts.iter().any(|row| row[*c] > 0);
        let f1: Vec<f64> = (0..self.counts.len()).filter(occurs).map(|c| self.class(c).f1).collect();
        if f1.is_empty() { 0.0 } else { f1.iter().sum::<f64>() / f1.len() as f64 }
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
    /// Of these values; 0 and 0 where there are none.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        if values.is_empty() {
            return Self { mean: 0.0, std: 0.0 };
        }
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let std = if values.len() < 2 { 0.0 } else { (squares / (n - 1.0)).sqrt() };
        Self { mean, std }
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
        assert_eq!(c.counts[..3], [[1, 1, 0, 0], [0, 2, 0, 0], [0, 1, 0, 0]]);
        assert_eq!(c.total(), 5);
        assert!((c.accuracy() - 0.6).abs() < 1e-12);
        let s = c.classes();
        assert_eq!((s[0].precision, s[0].recall, s[0].support), (1.0, 0.5, 2));
        assert_eq!((s[1].precision, s[1].recall, s[1].support), (0.5, 1.0, 2));
        assert_eq!((s[2].precision, s[2].recall, s[2].f1, s[2].support), (0.0, 0.0, 0.0, 1));
        assert_eq!(s[3].support, 0);
        let expected = (2.0 / 3.0 + 2.0 / 3.0 + 0.0) / 3.0;
        assert!((c.macro_f1() - expected).abs() < 1e-12, "class 3 does not count");
    }

    #[test]
    fn nothing_counted_is_zero_not_nan() {
        let c = Confusion::new(3, &[], &[Some(1)], &[1]);
        assert_eq!((c.accuracy(), c.macro_f1(), c.total()), (0.0, 0.0, 0));
    }

    #[test]
    fn spread_is_the_sample_deviation() {
        let s = Spread::of(&[0.7, 0.8, 0.9]);
        assert!((s.mean - 0.8).abs() < 1e-12 && (s.std - 0.1).abs() < 1e-12);
        assert_eq!(Spread::of(&[0.5]), Spread { mean: 0.5, std: 0.0 });
        assert_eq!(Spread::of(&[]), Spread { mean: 0.0, std: 0.0 });
    }
}
