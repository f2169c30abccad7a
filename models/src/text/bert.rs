//! The encoder: embeddings, then layers.

use std::path::Path;

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use hypergraphql_ops::{HyperBackend, Index, gather};

use super::config::BertConfig;
use super::layer::BertLayer;
use super::norm::TokenNorm;
use crate::error::{ModelError, Result};
use crate::import::StateDict;
use crate::layers::WeightStream;
use crate::precision::Precision;
use crate::transformer::projection::initial;
use crate::transformer::{Source, TokenBatch};

/// A BERT encoder (Devlin et al. 2019, arXiv:1810.04805): tokens to features that know their neighbours. Sequences stand one after another without padding,
/// so that there is no mask.
#[derive(Module, Debug)]
pub struct Bert<B: Backend> {
    /// Of tokens, `[V, d]`.
    pub tokens: Param<Tensor<B, 2>>,
    /// Of places, `[P, d]`.
    pub places: Param<Tensor<B, 2>>,
    /// Of segments, `[2, d]`.
    pub segments: Param<Tensor<B, 2>>,
    /// After their sum.
    pub norm: TokenNorm<B>,
    /// The layers, in order.
    pub layers: Vec<BertLayer<B>>,
}

impl BertConfig {
    /// An encoder with weights of standard deviation 0.02 from a seed, the same on every device.
    ///
    /// # Errors
    /// When the sizes do not fit together, or a weight exceeds 2³¹ elements.
    pub fn init<B: Backend>(&self, seed: u64, device: &B::Device) -> Result<Bert<B>> {
        self.check()?;
        let weights = &mut WeightStream::new(seed);
        let d = self.hidden_size;
        Ok(Bert {
            tokens: initial([self.vocab_size, d], device, weights)?,
            places: initial([self.max_position_embeddings, d], device, weights)?,
            segments: initial([self.type_vocab_size, d], device, weights)?,
            norm: TokenNorm::new(d, self.layer_norm_eps, device),
            layers: (0..self.num_hidden_layers).map(|_| BertLayer::new(self, device, weights)).collect::<Result<_>>()?,
        })
    }
}

impl<B: Backend> Bert<B> {
    /// Reads a Hugging Face folder: `config.json` and `model.safetensors` or its shards. Names may begin with `bert.`; the pooler and the heads of
    /// pre-training are left out. Parameters are kept in the type of `precision`.
    ///
    /// # Errors
    /// When a file is damaged or of another architecture, or a tensor is missing, left over, misshapen or not of floating point.
    pub fn from_folder(folder: &Path, precision: Precision, device: &B::Device) -> Result<(Self, BertConfig)> {
        let config = BertConfig::from_folder(folder)?;
        let mut dict = StateDict::open_folder(folder)?;
        let model = Self::take(&config, Source { dict: &mut dict, precision, device })?;
        dict.ignore(|name| {
            let own = name.strip_prefix("bert.").unwrap_or(name);
            own.starts_with("pooler.") || own == "embeddings.position_ids" || own.starts_with("cls.")
        });
        dict.finish()?;
        Ok((model, config))
    }

    /// Takes the tensors of `BertModel`, or of a model that has it as `bert`.
    ///
    /// # Errors
    /// When one is missing, misshapen or not of floating point. What is left over shows in [`StateDict::finish`].
    pub fn take(config: &BertConfig, mut source: Source<'_, B>) -> Result<Self> {
        let d = config.hidden_size;
        let prefix = if source.dict.names().any(|name| name.starts_with("bert.")) { "bert." } else { "" };
        let mut table = |name, rows| source.param(&format!("{prefix}embeddings.{name}_embeddings.weight"), [rows, d]);
        let tokens = table("word", config.vocab_size)?;
        let places = table("position", config.max_position_embeddings)?;
        let segments = table("token_type", config.type_vocab_size)?;
        let norm = TokenNorm::take(d, config.layer_norm_eps, &format!("{prefix}embeddings.LayerNorm"), &mut source)?;
        let layer = |i| BertLayer::take(config, &format!("{prefix}encoder.layer.{i}."), &mut source);
        let layers = (0..config.num_hidden_layers).map(layer).collect::<Result<_>>()?;
        Ok(Self { tokens, places, segments, norm, layers })
    }
}

impl<B: HyperBackend> Bert<B> {
    /// Encodes sequences; `segments` has the segment of each token, the first for all where there are none.
    ///
    /// # Shapes
    /// -> `[N, d]`, in f32 (f64 for [`Precision::F64`]); products and attention are in `precision`
    ///
    /// # Errors
    /// When a token is outside the vocabulary, a sequence is too long, or there is another number of segments than of tokens.
    pub fn forward(&self, batch: &TokenBatch, segments: Option<&[u32]>, precision: Precision) -> Result<Tensor<B, 2>> {
        let mut x = self.norm.forward(self.embed(batch, segments, precision)?, precision);
        for layer in &self.layers {
            x = layer.forward(x, batch.groups(), precision)?;
        }
        Ok(x)
    }

    fn embed(&self, batch: &TokenBatch, segments: Option<&[u32]>, precision: Precision) -> Result<Tensor<B, 2>> {
        let [tokens, places, segments] = ids(batch, segments, [self.tokens.dims()[0], self.places.dims()[0]])?;
        let rows = |table: &Param<Tensor<B, 2>>, ids: &[u32]| -> Result<_> {
            let table = table.val();
            Ok(precision.widen(gather(table.clone(), &Index::new(ids, table.dims()[0], &table.device())?)?)) // [N, d]
        };
        Ok(rows(&self.tokens, &tokens)? + rows(&self.places, &places)? + rows(&self.segments, &segments)?)
    }
}

/// Token, place and segment of each row; the first segment for all where there are none.
///
/// # Errors
/// When a token is outside the vocabulary, a sequence is longer than there are places, or there is another number of segments than of tokens.
pub(super) fn ids(batch: &TokenBatch, segments: Option<&[u32]>, [vocabulary, places]: [usize; 2]) -> Result<[Vec<u32>; 3]> {
    batch.check_vocabulary(vocabulary)?;
    let tokens = batch.ids().len();
    let mut at = Vec::with_capacity(tokens);
    for group in batch.groups() {
        if group.tokens > places {
            let expected = format!("at most {places}, the places of the model; shorten or truncate the text");
            return Err(ModelError::Tokens { what: "a sequence".to_owned(), got: group.tokens, expected });
        }
        (0..group.sequences).for_each(|_| at.extend(0..group.tokens as u32));
    }
    let segments = segments.map_or_else(|| vec![0; tokens], <[u32]>::to_vec);
    if segments.len() != tokens {
        return Err(ModelError::option("number of segments", segments.len(), format!("{tokens}, one for each token")));
    }
    Ok([batch.ids().to_vec(), at, segments])
}
