//! Filtered ranks of right answers.

use serde::{Deserialize, Serialize};

/// Where right answers stand among all entities, without the other right answers (Bordes et al. 2013), ties counted by their mean rank.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct RankMetrics {
    /// Questions.
    pub count: u64,
    /// Mean reciprocal rank.
    pub mrr: f64,
    /// Mean rank.
    pub mean_rank: f64,
    /// Shares of ranks of at most 1, 3, 5 and 10.
    pub hits: [f64; 4],
}

/// The k of [`RankMetrics::hits`].
pub(super) const HITS: [f64; 4] = [1.0, 3.0, 5.0, 10.0];

impl RankMetrics {
    /// Of ranks from 1.
    pub fn of(ranks: impl IntoIterator<Item = f64>) -> Self {
        let mut sums = Self::default();
        for rank in ranks {
            sums.count += 1;
            sums.mrr += 1.0 / rank;
            sums.mean_rank += rank;
            for (hits, k) in sums.hits.iter_mut().zip(HITS) {
                *hits += f64::from(u8::from(rank <= k));
            }
        }
        let count = sums.count.max(1) as f64;
        Self { count: sums.count, mrr: sums.mrr / count, mean_rank: sums.mean_rank / count, hits: sums.hits.map(|h| h / count) }
    }
}

/// The rank of `answer` by its score, from 1: one more than the entities that score higher and half of those that score the same, of which the other
/// right answers (`known`, ascending) are none. A score that is no number ranks last.
pub fn rank(scores: &[f32], answer: u32, known: &[u32]) -> f64 {
    let own = scores[answer as usize];
    if own.is_nan() {
        return scores.len() as f64;
    }
    // Loops of their own, without branches: most of an evaluation is spent here. What is no number is above all.
    let above = scores.iter().map(|&score| u32::from(is_above(score, own))).sum::<u32>();
    let ties = scores.iter().map(|&score| u32::from(score == own)).sum::<u32>();
    let others = known.iter().filter(|&&other| other != answer).map(|&other| scores[other as usize]);
    let others: f64 = others.map(|score| if score == own { 0.5 } else { f64::from(u8::from(is_above(score, own))) }).sum();
    // The answer ties with itself.
    0.5 + f64::from(above) + 0.5 * f64::from(ties) - others
}

#[inline]
fn is_above(score: f32, own: f32) -> bool {
    score > own || score.is_nan()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_leave_out_other_right_answers_and_share_ties() {
        let scores = [0.5, 0.9, 0.5, 0.1, 0.5];
        assert_eq!(rank(&scores, 1, &[]), 1.0);
        assert_eq!(rank(&scores, 0, &[]), 3.0, "ranks 2, 3 and 4 are shared");
        assert_eq!(rank(&scores, 0, &[0, 1]), 2.0);
        assert_eq!(rank(&scores, 0, &[1, 2]), 1.5);
        assert_eq!(rank(&scores, 3, &[0, 1, 2, 3, 4]), 1.0);
        assert_eq!(rank(&[1.0; 4], 2, &[]), 2.5, "all the same is no knowledge");
        assert_eq!(rank(&[f32::NAN, 1.0], 0, &[]), 2.0);
        assert_eq!(rank(&[f32::NAN, 1.0], 1, &[]), 2.0);
    }

    #[test]
    fn metrics_are_means() {
        let metrics = RankMetrics::of([1.0, 2.0, 4.0, 20.0]);
        assert_eq!((metrics.count, metrics.mean_rank), (4, 6.75));
        assert!((metrics.mrr - (1.0 + 0.5 + 0.25 + 0.05) / 4.0).abs() < 1e-12);
        assert_eq!(metrics.hits, [0.25, 0.5, 0.75, 0.75]);
        assert_eq!(RankMetrics::of([]), RankMetrics::default());
    }
}
