//! All scores, sorted: the definition of the op.

use super::{KnnConfig, Metric, best_first};

/// q `[Q, D]`, x `[N, D]` -> the items `[Q, k]` and their scores `[Q, k]`.
pub fn knn(c: KnnConfig, q: &[f64], x: &[f64]) -> (Vec<u32>, Vec<f64>) {
    let (mut ids, mut scores) = (Vec::new(), Vec::new());
    for i in 0..c.queries {
        let query = &q[i * c.width..(i + 1) * c.width];
        let mut all: Vec<(f64, u32)> = (0..c.items).map(|j| (score(c, query, &x[j * c.width..(j + 1) * c.width]), j as u32)).collect();
        let sign = if c.metric == Metric::InnerProduct { 1.0 } else { -1.0 };
        all.sort_by(|a, b| best_first((sign * a.0, a.1), (sign * b.0, b.1)));
        for &(score, item) in &all[..c.k] {
            ids.push(item);
            scores.push(score);
        }
    }
    (ids, scores)
}

/// The score of one item for one query.
pub fn score(c: KnnConfig, query: &[f64], item: &[f64]) -> f64 {
    let pairs = query.iter().zip(item);
    match c.metric {
        Metric::InnerProduct => pairs.map(|(q, x)| q * x).sum(),
        Metric::SquaredL2 => pairs.map(|(q, x)| (q - x) * (q - x)).sum(),
    }
}
