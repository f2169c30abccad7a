//! The metrics of a part of the pairs.

use burn::tensor::Tensor;
use hypergraphql_ops::HyperBackend;
use serde::{Deserialize, Serialize};

use super::data::{Connection, PairData};
use super::known::Known;
use super::loss::PairBatch;
use super::metrics::{average_precision, roc_auc};
use super::negatives::{Corruption, Draw};
use super::scorer::PairScorer;
use super::train::PairTrainConfig;
use crate::error::Result;
use crate::layers::Masks;
use crate::link::{RankMetrics, rank};
use crate::metrics::Confusion;

/// Pairs that are scored at a time.
pub(super) const SCORED: usize = 1 << 14;

/// An epoch that no training has, so that evaluations draw negatives of their own.
const EVALUATION: u64 = u64::MAX;

/// How well connected pairs are told from others, and types from each other.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct PairScores {
    /// Connected pairs.
    pub pairs: u64,
    /// Area under the ROC curve, against all negatives; see [`roc_auc`].
    pub auc: Option<f64>,
    /// Average precision, in balance; see [`average_precision`].
    pub average_precision: Option<f64>,
    /// Of each connected pair among the negatives that were drawn for it, ties counted by their mean rank.
    pub ranks: RankMetrics,
    /// Share of right types, where there are types. Of a pair with several types each is right.
    pub type_accuracy: Option<f64>,
    /// Mean F1 of the types that occur.
    pub macro_f1: Option<f64>,
}

/// Scores with what was taken for what.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PairEvaluation {
    /// The numbers.
    #[serde(flatten)]
    pub scores: PairScores,
    /// Types of pairs; a pair of several types counts as the predicted one if that is among them, else as its most frequent one.
    pub confusion: Option<Confusion>,
}

/// The metrics of connections by the states of their nodes. Negatives are pairs that no part connects ([`Corruption`]), drawn from the seed, the same in every
/// evaluation.
///
/// # Errors
/// Pairs that the states do not fit, a graph without negatives, or a type that the device lacks.
pub fn evaluate<B: HyperBackend>(
    scorer: &PairScorer<B>,
    states: &Tensor<B, 2>,
    part: &[Connection],
    data: &PairData,
    known: &Known,
    config: &PairTrainConfig,
) -> Result<PairEvaluation> {
    let batch = PairBatch::of(part, data);
    let mut scores = Vec::new();
    let mut predicted = Vec::new();
    for pairs in batch.pairs.chunks(SCORED) {
        let logits = scorer.forward(states, pairs, config.train.precision, &Masks::none())?;
        scores.extend(values(logits.score));
        if let Some(types) = logits.types {
            let width = types.dims()[1];
            predicted.extend(values(types).chunks_exact(width).map(highest));
        }
    }
    let draw = Draw { seed: config.train.seed, epoch: EVALUATION, step: part.len() as u64 };
    let corruption = Corruption { known, directed: data.options.directed };
    let negatives = corruption.draw(&batch.pairs, config.eval_negatives, draw)?;
    let mut below = Vec::with_capacity(negatives.len());
    for pairs in negatives.chunks(SCORED) {
        below.extend(values(scorer.forward(states, pairs, config.train.precision, &Masks::none())?.score));
    }
    let ranks = scores.iter().zip(below.chunks(config.eval_negatives)).map(|(own, others)| {
        let row: Vec<f32> = std::iter::once(*own).chain(others.iter().copied()).collect();
        rank(&row, 0, &[])
    });
    let confusion = (!predicted.is_empty()).then(|| confusion(&batch, &predicted, data.types.len()));
    Ok(PairEvaluation {
        scores: PairScores {
            pairs: batch.pairs.len() as u64,
            auc: roc_auc(&scores, &below),
            average_precision: average_precision(&scores, &below),
            ranks: RankMetrics::of(ranks),
            type_accuracy: confusion.as_ref().and_then(Confusion::accuracy),
            macro_f1: confusion.as_ref().and_then(Confusion::macro_f1),
        },
        confusion,
    })
}

fn confusion(batch: &PairBatch, predicted: &[u32], types: usize) -> Confusion {
    let mut truth: Vec<Option<u32>> = vec![None; predicted.len()];
    for (&row, &class) in batch.rows.iter().zip(&batch.types) {
        let found = predicted[row as usize];
        let of = &mut truth[row as usize];
        *of = match *of {
            _ if class == found => Some(class),
            Some(known) if known == found => Some(known),
            // Types are numbered by frequency.
            known => Some(known.map_or(class, |known| known.min(class))),
        };
    }
    let all: Vec<u32> = (0..predicted.len() as u32).collect();
    Confusion::new(types, &all, &truth, predicted)
}

/// The first class of the highest logit.
pub(super) fn highest(logits: &[f32]) -> u32 {
    let better = |best: usize, i: usize| if logits[i] > logits[best] { i } else { best };
    (1..logits.len()).fold(0, better) as u32
}

pub(super) fn values<B: HyperBackend, const D: usize>(x: Tensor<B, D>) -> Vec<f32> {
    x.into_data().convert::<f32>().iter::<f32>().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_several_types_is_right() {
        // Pair 0 has types 2 and 1, pair 1 has 0 and 3, pair 2 has 1.
        let batch = PairBatch { pairs: vec![(0, 1), (0, 2), (3, 1)], positives: 3, rows: vec![0, 0, 1, 1, 2], types: vec![2, 1, 3, 0, 1] };
        let found = confusion(&batch, &[2, 1, 1], 4);
        assert_eq!(found.cells, [(0, 1, 1), (1, 1, 1), (2, 2, 1)]);
        let found = confusion(&batch, &[3, 3, 0], 4);
        assert_eq!(found.cells, [(1, 0, 1), (1, 3, 1), (3, 3, 1)]);
        assert_eq!((highest(&[0.5, 2.0, 2.0]), highest(&[f32::NAN, 1.0]), highest(&[3.0])), (1, 0, 0));
    }
}
