//! The encoder with maps and tables of 8-bit integers.

use burn::tensor::{DType, Tensor, TensorData};
use hypergraphql_ops::{HyperBackend, Int8Matrix, int8_matmul, quantize};

use super::bert::{Bert, ids};
use super::embed::Encoder;
use super::layer::{BertLayer, Parts, apply};
use super::norm::TokenNorm;
use crate::error::{ModelError, Result};
use crate::precision::Precision;
use crate::transformer::{Projection, TokenBatch};

/// A table of embeddings on the host: a quarter of f32 and read row by row.
#[derive(Debug, Clone)]
struct Int8Table {
    q: Vec<i8>,
    scales: Vec<f32>,
    width: usize,
}

impl Int8Table {
    fn of<B: HyperBackend>(table: Tensor<B, 2>) -> Result<Self> {
        let [_, width] = table.dims();
        let (q, scales) = quantize(table.cast(DType::F32))?.read()?;
        Ok(Self { q, scales, width })
    }

    /// Adds the rows of these ids to x `[ids, width]`.
    fn add(&self, ids: &[u32], x: &mut [f32]) -> Result<()> {
        for (id, x) in ids.iter().zip(x.chunks_mut(self.width)) {
            let Some(scale) = self.scales.get(*id as usize) else {
                return Err(ModelError::Token { what: "the segments".to_owned(), id: *id, vocabulary: self.scales.len() });
            };
            let q = &self.q[*id as usize * self.width..][..self.width];
            x.iter_mut().zip(q).for_each(|(x, &q)| *x += scale * f32::from(q));
        }
        Ok(())
    }

    fn bytes(&self) -> usize {
        self.q.len() + 4 * self.scales.len()
    }
}

/// `y = x Wᵀ + b`, W with a scale for each output and x quantised on the way.
#[derive(Debug, Clone)]
struct Int8Projection<B: HyperBackend> {
    weight: Int8Matrix<B>,
    bias: Option<Tensor<B, 1>>,
}

impl<B: HyperBackend> Int8Projection<B> {
    fn of(p: &Projection<B>) -> Result<Self> {
        let bias = p.bias.as_ref().map(|b| b.val().cast(DType::F32));
        Ok(Self { weight: quantize(p.weight.val().cast(DType::F32))?, bias })
    }

    fn forward(&self, x: Tensor<B, 2>) -> Result<Tensor<B, 2>> {
        let y = int8_matmul(x, &self.weight)?;
        Ok(match &self.bias {
            Some(bias) => y + bias.clone().unsqueeze(),
            None => y,
        })
    }

    fn bytes(&self) -> usize {
        let [outputs, inputs] = self.weight.dims();
        outputs * (inputs + 4) + self.bias.as_ref().map_or(0, |b| 4 * b.dims()[0])
    }
}

#[derive(Debug, Clone)]
struct Int8Layer<B: HyperBackend> {
    /// In the order of [`Parts`].
    maps: [Int8Projection<B>; 6],
    norms: [TokenNorm<B>; 2],
    head_width: usize,
    relu: bool,
}

impl<B: HyperBackend> Int8Layer<B> {
    fn of(layer: &BertLayer<B>) -> Result<Self> {
        let BertLayer { query, key, value, output, attention_norm, up, down, feed_forward_norm, head_width, relu } = layer;
        let map = Int8Projection::of;
        let maps = [map(query)?, map(key)?, map(value)?, map(output)?, map(up)?, map(down)?];
        Ok(Self { maps, norms: [attention_norm.clone(), feed_forward_norm.clone()], head_width: *head_width, relu: *relu })
    }
}

/// A [`Bert`] for inference in about a quarter of the memory: tables and maps are 8-bit integers with a scale per row, activations are quantised for each
/// product (Dettmers et al. 2022, arXiv:2208.07339, without its outliers), norms and attention are in f32. It has no gradient.
#[derive(Debug, Clone)]
pub struct Int8Bert<B: HyperBackend> {
    /// Of tokens, places and segments.
    tables: [Int8Table; 3],
    norm: TokenNorm<B>,
    layers: Vec<Int8Layer<B>>,
}

impl<B: HyperBackend> Int8Bert<B> {
    /// Quantises an encoder.
    ///
    /// # Errors
    /// When a parameter is tracked by autodiff, or the device lacks 8-bit products.
    pub fn new(model: &Bert<B>) -> Result<Self> {
        let table = |p: &burn::module::Param<Tensor<B, 2>>| Int8Table::of(p.val());
        let tables = [table(&model.tokens)?, table(&model.places)?, table(&model.segments)?];
        Ok(Self { tables, norm: model.norm.clone(), layers: model.layers.iter().map(Int8Layer::of).collect::<Result<_>>()? })
    }

    /// Bytes of the parameters.
    pub fn bytes(&self) -> usize {
        let norm = |norm: &TokenNorm<B>| 8 * norm.gamma.dims()[0];
        let layer = |l: &Int8Layer<B>| l.maps.iter().map(Int8Projection::bytes).sum::<usize>() + l.norms.iter().map(norm).sum::<usize>();
        self.tables.iter().map(Int8Table::bytes).sum::<usize>() + norm(&self.norm) + self.layers.iter().map(layer).sum::<usize>()
    }

    /// Encodes sequences, as [`Bert::forward`].
    ///
    /// # Shapes
    /// -> `[N, d]`, in f32
    ///
    /// # Errors
    /// When a token is outside the vocabulary, a sequence is too long, or there is another number of segments than of tokens.
    pub fn forward(&self, batch: &TokenBatch, segments: Option<&[u32]>) -> Result<Tensor<B, 2>> {
        let [tokens, places, _] = &self.tables;
        let rows = ids(batch, segments, [tokens.scales.len(), places.scales.len()])?;
        let (n, d) = (batch.ids().len(), tokens.width);
        let mut x = vec![0.0; n * d];
        self.tables.iter().zip(&rows).try_for_each(|(table, ids)| table.add(ids, &mut x))?;
        let device = self.norm.gamma.val().device();
        let mut x = self.norm.forward(Tensor::from_data(TensorData::new(x, [n, d]), (&device, DType::F32)), Precision::F32);
        for layer in &self.layers {
            let [a, b] = &layer.norms;
            let parts = Parts { maps: layer.maps.each_ref(), norms: [a, b], head_width: layer.head_width, relu: layer.relu };
            x = apply(&parts, Int8Projection::forward, x, batch.groups(), Precision::F32)?;
        }
        Ok(x)
    }
}

impl<B: HyperBackend> Encoder<B> for Int8Bert<B> {
    fn encode(&self, batch: &TokenBatch, segments: &[u32], precision: Precision) -> Result<Tensor<B, 2>> {
        Ok(precision.widen(self.forward(batch, Some(segments))?))
    }
}
