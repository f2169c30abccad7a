//! A trained network that scores pairs.

use burn::tensor::{DType, Tensor, TensorData};
use hypergraphql_ops::HyperBackend;

use super::checkpoint::PairCheckpoint;
use super::data::PairData;
use super::evaluate::{SCORED, highest, values};
use super::scorer::PairScorer;
use crate::error::{ModelError, Result};
use crate::layers::Masks;
use crate::precision::Precision;

/// The best epoch's network of a checkpoint, with the states of its nodes. It needs neither messages nor features.
pub struct TrainedPairs<'a, B: HyperBackend> {
    data: &'a PairData,
    scorer: PairScorer<B>,
    /// `[N, F]`
    states: Tensor<B, 2>,
    precision: Precision,
}

/// What the network says of a pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FoundPair {
    /// A node; where direction is of no account, the smaller one.
    pub source: u32,
    /// Another node.
    pub target: u32,
    /// The score of [`PairScorer`], without bounds.
    pub logit: f32,
    /// The most probable type of the connection and its probability, where types are told apart.
    pub kind: Option<(u32, f32)>,
}

impl FoundPair {
    /// Probability of a connection where one of two pairs is connected: the sigmoid of the score.
    pub fn score(&self) -> f64 {
        1.0 / (1.0 + (-f64::from(self.logit)).exp())
    }
}

impl<'a, B: HyperBackend> TrainedPairs<'a, B> {
    /// Uploads it.
    ///
    /// # Errors
    /// When the tensors are not those of the network, or a type that the device lacks.
    pub fn new(checkpoint: &'a PairCheckpoint, device: &B::Device) -> Result<Self> {
        let precision = checkpoint.config.train.precision;
        precision.check::<B>(device)?;
        let states = TensorData::new(checkpoint.states.values.clone(), checkpoint.states.shape.clone());
        Ok(Self {
            data: &checkpoint.data,
            scorer: checkpoint.predictor::<B>(device)?.scorer,
            states: precision.cast(Tensor::from_data(states, (device, DType::F32))),
            precision,
        })
    }

    /// Names and connections.
    pub fn data(&self) -> &'a PairData {
        self.data
    }

    /// Where it computes.
    pub fn device(&self) -> B::Device {
        self.states.device()
    }

    /// The scores of pairs, in their order; the ends of each are put in order where direction is of no account.
    ///
    /// # Errors
    /// A node that there is not.
    pub fn score(&self, pairs: &[(u32, u32)]) -> Result<Vec<FoundPair>> {
        let nodes = self.data.nodes.len();
        if let Some((u, v)) = pairs.iter().find(|(u, v)| (*u).max(*v) as usize >= nodes) {
            return Err(ModelError::option("node of a pair", u.max(v), format!("an id below {nodes}")));
        }
        let order = |&(u, v): &(u32, u32)| if self.data.options.directed { (u, v) } else { (u.min(v), u.max(v)) };
        let pairs: Vec<(u32, u32)> = pairs.iter().map(order).collect();
        let mut found = Vec::with_capacity(pairs.len());
        for some in pairs.chunks(SCORED) {
            let logits = self.scorer.forward(&self.states, some, self.precision, &Masks::none())?;
            let scores = values(logits.score);
            let width = self.data.types.len().max(1);
            let types = logits.types.map(values);
            for (i, (&(source, target), logit)) in some.iter().zip(scores).enumerate() {
                let kind = types.as_ref().map(|types| most_probable(&types[i * width..][..width]));
                found.push(FoundPair { source, target, logit, kind });
            }
        }
        Ok(found)
    }

    /// s and t of every node on the host, row after row ([`PairScorer::tables`]), and their width.
    pub(super) fn tables(&self) -> ([Vec<f32>; 2], usize) {
        let tables = self.scorer.tables(self.states.clone(), self.precision);
        let width = tables[0].dims()[1];
        (tables.map(values), width)
    }
}

/// The class of the highest logit and its softmax.
fn most_probable(logits: &[f32]) -> (u32, f32) {
    let class = highest(logits);
    let sum: f64 = logits.iter().map(|x| f64::from(x - logits[class as usize]).exp()).sum();
    (class, sum.recip() as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_a_softmax() {
        let (class, probability) = most_probable(&[0.5, 2.0, -90.0, 1.0]);
        assert_eq!(class, 1);
        assert!((f64::from(probability) - 2f64.exp() / (0.5f64.exp() + 2f64.exp() + 1f64.exp())).abs() < 1e-6);
        assert_eq!(most_probable(&[-1e30]), (0, 1.0));
    }
}
