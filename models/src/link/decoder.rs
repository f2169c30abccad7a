//! The transformer that reads a question.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{FlashOptions, HyperBackend, flash_attention, swap_axes};

use super::LinkConfig;
use crate::error::Result;
use crate::input::NodeFeatures;
use crate::layers::{LayerNorm, Linear, Masks, WeightStream};
use crate::precision::Precision;

/// An encoder layer of Vaswani et al. 2017 with the norms after the sums: `x = LN(x + A(x)); x = LN(x + W_2 relu(W_1 x))`.
#[derive(Module, Debug)]
struct Block<B: Backend> {
    query: Linear<B>,
    key: Linear<B>,
    value: Linear<B>,
    out: Linear<B>,
    attended: LayerNorm<B>,
    up: Linear<B>,
    down: Linear<B>,
    mapped: LayerNorm<B>,
    heads: usize,
}

/// The decoder of StarE (Galkin et al. 2020, "StarE + Transformer"): the tokens of a question (entity, relation, and the relation and entity of each qualifier),
/// with an embedding of their places, pass through a transformer; the mean of what comes out, mapped once more, is what the answer is compared with.
#[derive(Module, Debug)]
pub struct LinkDecoder<B: Backend> {
    /// An embedding for each place `[P, F]`.
    pub places: Param<Tensor<B, 2>>,
    blocks: Vec<Block<B>>,
    out: Linear<B>,
}

impl<B: Backend> LinkDecoder<B> {
    /// With weights from the stream.
    ///
    /// # Errors
    /// When a size is 0 or a weight exceeds 2³¹ elements.
    pub fn new(config: &LinkConfig, device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        let width = config.width;
        let mut block = || {
            let mut linear = |inputs, outputs| Linear::new(inputs, outputs, device, weights);
            Ok(Block {
                query: linear(width, width)?,
                key: linear(width, width)?,
                value: linear(width, width)?,
                out: linear(width, width)?,
                attended: LayerNorm::new(width, device),
                up: linear(width, config.feed_forward)?,
                down: linear(config.feed_forward, width)?,
                mapped: LayerNorm::new(width, device),
                heads: config.heads,
            })
        };
        let blocks = (0..config.decoder_layers).map(|_| block()).collect::<Result<_>>()?;
        let places = weights.glorot([config.places(), width], device)?;
        Ok(Self { places, blocks, out: Linear::new(width, width, device, weights)? })
    }
}

impl<B: HyperBackend> LinkDecoder<B> {
    /// Reads questions of the same length.
    ///
    /// # Shapes
    /// tokens `[Q, T, F]` with T <= P -> `[Q, F]`, in the type of `precision`
    ///
    /// # Errors
    /// When tokens do not fit the decoder, or a type that the device lacks.
    pub fn forward(&self, tokens: Tensor<B, 3>, precision: Precision, masks: &Masks) -> Result<Tensor<B, 2>> {
        let [questions, length, width] = tokens.dims();
        let places = precision.cast(self.places.val()).narrow(0, 0, length).unsqueeze::<3>(); // [1, T, F]
        let mut x = masks.drop_out((tokens + places).reshape([questions * length, width]))?; // [Q*T, F]
        for block in &self.blocks {
            x = block.forward(x, [questions, length], precision, masks)?;
        }
        let mean = x.reshape([questions, length, width]).mean_dim(1).reshape([questions, width]); // [Q, F]
        self.out.forward(&NodeFeatures::Dense(mean), precision)
    }
}

impl<B: HyperBackend> Block<B> {
    fn forward(&self, x: Tensor<B, 2>, [questions, length]: [usize; 2], precision: Precision, masks: &Masks) -> Result<Tensor<B, 2>> {
        let width = x.dims()[1];
        let rows = NodeFeatures::Dense(x.clone());
        let heads = |map: &Linear<B>| -> Result<Tensor<B, 4>> {
            let y = map.forward(&rows, precision)?.reshape([questions, length, self.heads, width / self.heads]);
            Ok(swap_axes(y)?) // [Q, H, T, D]
        };
        let attended = flash_attention(heads(&self.query)?, heads(&self.key)?, heads(&self.value)?, FlashOptions::default())?;
        let attended = swap_axes(attended)?.reshape([questions * length, width]);
        let attended = masks.drop_out(self.out.forward(&NodeFeatures::Dense(attended), precision)?)?;
        let x = precision.cast(self.attended.forward(x + attended, precision)); // [Q*T, F]
        let hidden = masks.drop_out(relu(self.up.forward(&NodeFeatures::Dense(x.clone()), precision)?))?;
        let mapped = masks.drop_out(self.down.forward(&NodeFeatures::Dense(hidden), precision)?)?;
        Ok(precision.cast(self.mapped.forward(x + mapped, precision)))
    }
}
