//! Embeddings of many sequences, in batches.

use burn::tensor::{DType, Tensor};
use hypergraphql_ops::HyperBackend;

use super::bert::Bert;
use super::pool::{mean, normalise};
use crate::error::Result;
use crate::precision::Precision;
use crate::transformer::TokenBatch;

/// A sequence of tokens with the segment of each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Encoded {
    /// Tokens.
    pub tokens: Vec<u32>,
    /// Segments, as many.
    pub segments: Vec<u32>,
}

/// How sequences become embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbedOptions {
    /// Tokens that are encoded at once, at least one sequence.
    pub batch_tokens: usize,
    /// The type of products and attention.
    pub precision: Precision,
}

impl Default for EmbedOptions {
    fn default() -> Self {
        Self { batch_tokens: 8192, precision: Precision::F32 }
    }
}

/// What makes rows of the tokens of a batch.
pub trait Encoder<B: HyperBackend> {
    /// Encodes sequences; `segments` has the segment of each token.
    ///
    /// # Shapes
    /// -> `[N, d]`, in f32 (f64 for [`Precision::F64`])
    ///
    /// # Errors
    /// Those of the network.
    fn encode(&self, batch: &TokenBatch, segments: &[u32], precision: Precision) -> Result<Tensor<B, 2>>;
}

impl<B: HyperBackend> Encoder<B> for Bert<B> {
    fn encode(&self, batch: &TokenBatch, segments: &[u32], precision: Precision) -> Result<Tensor<B, 2>> {
        self.forward(batch, Some(segments), precision)
    }
}

/// The normalised means over the tokens of each sequence, in their order.
///
/// Sequences of about one length are encoded together; an embedding does not depend on those beside it, but for the last bits of products of other sizes.
///
/// # Errors
/// When a sequence is empty or too long, or has a token outside the vocabulary.
pub fn embed_all<B: HyperBackend>(encoder: &impl Encoder<B>, sequences: &[Encoded], options: EmbedOptions) -> Result<Vec<Vec<f32>>> {
    let mut embeddings = vec![Vec::new(); sequences.len()];
    embed_each(encoder, sequences, options, &mut |i, embedding| embeddings[i] = embedding)?;
    Ok(embeddings)
}

/// The same, each handed to `on_embedding` with the number of its sequence as soon as it is there: short sequences come first.
///
/// # Errors
/// As [`embed_all`].
pub fn embed_each<B: HyperBackend>(
    encoder: &impl Encoder<B>,
    sequences: &[Encoded],
    options: EmbedOptions,
    on_embedding: &mut dyn FnMut(usize, Vec<f32>),
) -> Result<()> {
    let mut order: Vec<usize> = (0..sequences.len()).collect();
    order.sort_by_key(|&i| sequences[i].tokens.len());
    let mut rest = order.as_slice();
    while !rest.is_empty() {
        // Sorted by length, so that the last of a batch is its longest.
        let fits = |n: &usize| n * sequences[rest[n - 1]].tokens.len() <= options.batch_tokens;
        let size = (2..=rest.len()).take_while(fits).last().unwrap_or(1);
        let (now, later) = rest.split_at(size);
        let batch = TokenBatch::new(&now.iter().map(|&i| sequences[i].tokens.as_slice()).collect::<Vec<_>>())?;
        let segments: Vec<u32> = now.iter().flat_map(|&i| sequences[i].segments.iter().copied()).collect();
        let x = encoder.encode(&batch, &segments, options.precision)?; // [N, d]
        let rows = rows(normalise(mean(&x, batch.groups())));
        now.iter().zip(rows).for_each(|(&i, row)| on_embedding(i, row));
        rest = later;
    }
    Ok(())
}

/// Rows on the host.
fn rows<B: HyperBackend>(x: Tensor<B, 2>) -> Vec<Vec<f32>> {
    let [_, width] = x.dims();
    let values: Vec<f32> = x.into_data().convert_dtype(DType::F32).into_vec().expect("it was converted to f32; another type is a bug");
    values.chunks(width.max(1)).map(<[f32]>::to_vec).collect()
}
