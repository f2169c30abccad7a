//! The loss of a batch of pairs.

use std::collections::HashMap;

use burn::tensor::Tensor;
use hypergraphql_ops::{HyperBackend, Index, Targets, cross_entropy, gather};
use serde::{Deserialize, Serialize};

use super::data::{Connection, PairData};
use super::scorer::PairLogits;
use crate::error::{ModelError, Result};

/// What each part of the loss counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairWeights {
    /// Of the cross entropy of the head that the search follows.
    pub candidate: f64,
    /// Of the cross entropy of types.
    pub types: f64,
}

impl Default for PairWeights {
    fn default() -> Self {
        Self { candidate: 1.0, types: 1.0 }
    }
}

impl PairWeights {
    /// Checks the domains.
    ///
    /// # Errors
    /// Names the option.
    pub fn check(&self) -> Result<()> {
        for (what, weight) in [("candidate-weight", self.candidate), ("type-weight", self.types)] {
            if !weight.is_finite() || weight < 0.0 {
                return Err(ModelError::option(what, weight, "a finite number >= 0"));
            }
        }
        Ok(())
    }
}

/// Pairs of a step: connected ones, each once, then negatives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PairBatch {
    /// Positives, then negatives.
    pub pairs: Vec<(u32, u32)>,
    /// How many are connected.
    pub positives: usize,
    /// Which positive each connection joins; one of several types is there several times.
    pub rows: Vec<u32>,
    /// The type of each connection.
    pub types: Vec<u32>,
}

impl PairBatch {
    /// The positives of connections; negatives are to be added.
    pub fn of<'a>(connections: impl IntoIterator<Item = &'a Connection>, data: &PairData) -> Self {
        let (mut batch, mut place) = (Self::default(), HashMap::new());
        for connection in connections {
            let row = *place.entry(connection.pair()).or_insert_with(|| {
                batch.pairs.push(connection.pair());
                batch.pairs.len() as u32 - 1
            });
            batch.rows.push(row);
            batch.types.push(data.type_of(connection));
        }
        batch.positives = batch.pairs.len();
        batch
    }
}

/// The loss and its parts, each a number on the device.
#[derive(Debug, Clone)]
pub struct PairLosses<B: HyperBackend> {
    /// edge + candidate weight · candidate + type weight · types `[1]`
    pub total: Tensor<B, 1>,
    /// Of the score `[1]`.
    pub edge: Tensor<B, 1>,
    /// Of the head that the search follows `[1]`.
    pub candidate: Tensor<B, 1>,
    /// Of the types `[1]`; 0 where there are none.
    pub types: Tensor<B, 1>,
}

/// The losses of a batch: binary cross entropy, in which connected pairs together count as much as negatives together, and cross entropy over types, the mean over
/// connections:
///
/// ```text
/// L_edge = ½ mean over positives of ln(1 + exp(−score)) + ½ mean over negatives of ln(1 + exp(score))        L_candidate the same of a
/// L      = L_edge + w_a L_candidate + w_t L_types
/// ```
///
/// # Errors
/// Logits of other pairs than the batch has, a batch without positives or without negatives, or a type that the device lacks.
pub fn losses<B: HyperBackend>(logits: &PairLogits<B>, batch: &PairBatch, weights: PairWeights) -> Result<PairLosses<B>> {
    let (count, device) = (batch.pairs.len(), logits.score.device());
    if logits.score.dims() != [count] {
        return Err(ModelError::shape("logits of pairs", &logits.score.dims(), &[count]));
    }
    if batch.positives == 0 || batch.positives >= count {
        let got = format!("{} of {count}", batch.positives);
        return Err(ModelError::option("connected pairs of a batch", got, "some, and some that are not connected"));
    }
    let connected: Vec<Option<u32>> = (0..count).map(|i| Some(u32::from(i < batch.positives))).collect();
    let connected = Targets::new(&connected, 2, &device)?;
    let binary = |score: &Tensor<B, 1>| -> Result<Tensor<B, 1>> {
        let score = score.clone().reshape([count, 1]);
        // ln(1 + exp(s)) as the cross entropy over (0, s), which does not overflow.
        let loss = cross_entropy(Tensor::cat(vec![score.zeros_like(), score], 1), &connected)?; // [P]
        let mean = |from: usize, len: usize| loss.clone().narrow(0, from, len).sum().div_scalar(2.0 * len as f64); // [1]
        Ok(mean(0, batch.positives) + mean(batch.positives, count - batch.positives))
    };
    let (edge, candidate) = (binary(&logits.score)?, binary(&logits.candidate)?);
    let types = match &logits.types {
        Some(types) if !batch.rows.is_empty() => {
            let classes: Vec<Option<u32>> = batch.types.iter().copied().map(Some).collect();
            let classes = Targets::new(&classes, types.dims()[1], &device)?;
            let rows = gather(types.clone(), &Index::new(&batch.rows, count, &device)?)?; // [connections, C]
            cross_entropy(rows, &classes)?.sum().div_scalar(batch.rows.len() as f64) // [1]
        }
        _ => edge.zeros_like(),
    };
    let total = edge.clone() + candidate.clone().mul_scalar(weights.candidate) + types.clone().mul_scalar(weights.types);
    Ok(PairLosses { total, edge, candidate, types })
}
