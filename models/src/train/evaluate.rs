//! Accuracy on all three parts of a split from one forward pass, counted on the device.

use burn::tensor::{Int, Tensor, TensorData};
use hypergraphql_framework::{Labels, Split};
use hypergraphql_ops::HyperBackend;
use serde::{Deserialize, Serialize};

/// Labels and parts, resident on the device.
#[derive(Debug, Clone)]
pub struct Evaluation<B: HyperBackend> {
    /// `[N, 1]`; −1 where there is none.
    labels: Tensor<B, 2, Int>,
    /// 1 where a labelled node is in the part. `[N, 3]`
    parts: Tensor<B, 2, Int>,
    /// Labelled nodes of each part.
    pub totals: [u64; 3],
}

/// Right predictions per part: train, validation, test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Right(pub [u64; 3]);

/// The labelled nodes of train, validation and test.
pub fn labelled(labels: &Labels, split: &Split) -> [u64; 3] {
    let count = |nodes: &[u32]| nodes.iter().filter(|n| labels.of[**n as usize].is_some()).count() as u64;
    [count(&split.train), count(&split.valid), count(&split.test)]
}

impl<B: HyperBackend> Evaluation<B> {
    /// Of the labelled nodes of a split.
    pub fn new(labels: &Labels, split: &Split, device: &B::Device) -> Self {
        let n = labels.of.len();
        let mut parts = vec![0_i32; n * 3];
        for (part, nodes) in [&split.train, &split.valid, &split.test].into_iter().enumerate() {
            for node in nodes.iter().map(|i| *i as usize).filter(|i| labels.of[*i].is_some()) {
                parts[node * 3 + part] = 1;
            }
        }
        let of: Vec<i32> = labels.of.iter().map(|l| l.map_or(-1, |class| class as i32)).collect();
        Self {
            labels: Tensor::from_data(TensorData::new(of, [n, 1]), device),
            parts: Tensor::from_data(TensorData::new(parts, [n, 3]), device),
            totals: labelled(labels, split),
        }
    }

    /// How many predictions are right in each part.
    ///
    /// # Shapes
    /// logits `[N, C]` -> `[3]`
    pub fn right(&self, logits: Tensor<B, 2>) -> Tensor<B, 1> {
        let right = logits.argmax(1).equal(self.labels.clone()).int(); // [N, 1]
        (right * self.parts.clone()).sum_dim(0).float().reshape([3]) // [N, 3] -> [3]
    }
}

impl Right {
    /// Right over all, per part; `None` where a part is empty.
    pub fn accuracy(self, totals: [u64; 3]) -> [Option<f64>; 3] {
        let of = |i: usize| (totals[i] > 0).then(|| self.0[i] as f64 / totals[i] as f64);
        [of(0), of(1), of(2)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_part_has_no_accuracy() {
        assert_eq!(Right([3, 0, 0]).accuracy([4, 0, 5]), [Some(0.75), None, Some(0.0)]);
    }
}
