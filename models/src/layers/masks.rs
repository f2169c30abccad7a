//! Dropout of one forward pass.

use std::cell::Cell;

use burn::tensor::Tensor;
use hypergraphql_ops::{HyperBackend, dropout};

use crate::classifier::DropoutSeed;
use crate::error::Result;
use crate::input::NodeFeatures;

/// The dropout masks of one forward pass, each from a seed of its own: the first that is asked for, the second, and so on. A step that is repeated, after a
/// resume say, asks for the same ones.
#[derive(Debug)]
pub struct Masks {
    probability: f64,
    seed: Option<DropoutSeed>,
    drawn: Cell<u64>,
}

impl Masks {
    /// Masks that drop activations with this probability in training; `seed` is `None` outside it.
    pub fn new(probability: f64, seed: Option<DropoutSeed>) -> Self {
        Self { probability, seed, drawn: Cell::new(0) }
    }

    /// The masks that come after `drawn` others: those of a part of the pass that is run again.
    pub fn after(drawn: u64, probability: f64, seed: Option<DropoutSeed>) -> Self {
        Self { probability, seed, drawn: Cell::new(drawn) }
    }

    /// How many masks were asked for.
    pub fn drawn(&self) -> u64 {
        self.drawn.get()
    }

    /// No dropout.
    pub fn none() -> Self {
        Self::new(0.0, None)
    }

    /// Drops activations and scales the others by 1 / (1 − p), in training.
    ///
    /// # Errors
    /// A type that the device lacks.
    pub fn drop_out<B: HyperBackend>(&self, x: Tensor<B, 2>) -> Result<Tensor<B, 2>> {
        match self.next() {
            Some(DropoutSeed { seed, step }) if self.probability > 0.0 => Ok(dropout(x, self.probability, seed, step)?),
            _ => Ok(x),
        }
    }

    /// The same of what a network reads, with a probability of its own; of sparse features it drops entries. No mask is drawn where that is 0.
    ///
    /// # Errors
    /// A probability outside [0, 1), or a type that the device lacks.
    pub fn drop_out_features<B: HyperBackend>(&self, features: &NodeFeatures<B>, probability: f64) -> Result<NodeFeatures<B>> {
        if probability == 0.0 {
            return Ok(features.clone());
        }
        Ok(match (self.next(), features) {
            (None, features) => features.clone(),
            (Some(DropoutSeed { seed, step }), NodeFeatures::Dense(x)) => NodeFeatures::Dense(dropout(x.clone(), probability, seed, step)?),
            (Some(DropoutSeed { seed, step }), NodeFeatures::Sparse(x)) => NodeFeatures::Sparse(x.drop_out(probability, seed, step)?),
        })
    }

    /// Of the next mask: those of one step draw from different seeds, an odd constant apart.
    fn next(&self) -> Option<DropoutSeed> {
        let number = self.drawn.get();
        self.drawn.set(number + 1);
        let apart = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.seed.map(|DropoutSeed { seed, step }| DropoutSeed { seed: seed.wrapping_add(apart), step })
    }
}
