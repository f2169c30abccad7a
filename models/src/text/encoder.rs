//! Texts to embeddings: an encoder with its tokenizer.

use std::marker::PhantomData;
use std::path::Path;

use hypergraphql_ops::HyperBackend;

use super::bert::Bert;
use super::config::BertConfig;
use super::embed::{EmbedOptions, Encoded, Encoder, embed_each};
use super::int8::Int8Bert;
use super::tokenizer::Tokenizer;
use crate::error::{ModelError, Result};
use crate::precision::Precision;

/// What to do with a text of more tokens than the encoder has places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overlong {
    /// It is an error.
    #[default]
    Refuse,
    /// Its last tokens are dropped, but for the special one that ends it.
    Truncate,
}

/// An encoder with everything of its folder: a [`Bert`], or what else E encodes tokens.
#[derive(Debug)]
pub struct TextEncoder<B: HyperBackend, E = Bert<B>> {
    /// The network.
    pub model: E,
    /// Its sizes.
    pub config: BertConfig,
    /// Its tokenizer.
    pub tokenizer: Tokenizer,
    precision: Precision,
    backend: PhantomData<B>,
}

impl<B: HyperBackend> TextEncoder<B> {
    /// Reads a Hugging Face folder: `config.json`, `model.safetensors` or its shards, and `tokenizer.json`.
    ///
    /// # Errors
    /// As [`Bert::from_folder`] and [`Tokenizer::from_folder`]; a tokenizer of another vocabulary; a precision that the device lacks.
    pub fn from_folder(folder: &Path, precision: Precision, device: &B::Device) -> Result<Self> {
        precision.check::<B>(device)?;
        let tokenizer = Tokenizer::from_folder(folder)?;
        tokenizer.check(BertConfig::from_folder(folder)?.vocab_size)?;
        let (model, config) = Bert::from_folder(folder, precision, device)?;
        Ok(Self { model, config, tokenizer, precision, backend: PhantomData })
    }

    /// The same with 8-bit integers for parameters.
    ///
    /// # Errors
    /// As [`Int8Bert::new`].
    pub fn into_int8(self) -> Result<TextEncoder<B, Int8Bert<B>>> {
        let Self { model, config, tokenizer, .. } = self;
        Ok(TextEncoder { model: Int8Bert::new(&model)?, config, tokenizer, precision: Precision::F32, backend: PhantomData })
    }
}

impl<B: HyperBackend, E: Encoder<B>> TextEncoder<B, E> {
    /// The embeddings of texts, of length 1.
    ///
    /// # Errors
    /// A text that is empty, or too long where that is refused.
    pub fn embed<S: AsRef<str>>(&self, texts: &[S], overlong: Overlong) -> Result<Vec<Vec<f32>>> {
        let mut embeddings = vec![Vec::new(); texts.len()];
        self.embed_each(texts, overlong, &mut |i, embedding| embeddings[i] = embedding)?;
        Ok(embeddings)
    }

    /// The same, each handed to `on_embedding` with the number of its text as soon as it is there: short texts come first.
    ///
    /// # Errors
    /// As [`embed`](Self::embed), before anything is embedded.
    pub fn embed_each<S: AsRef<str>>(&self, texts: &[S], overlong: Overlong, on_embedding: &mut dyn FnMut(usize, Vec<f32>)) -> Result<()> {
        let encoded =
            texts.iter().enumerate().map(|(number, text)| self.encode(number, text.as_ref(), overlong)).collect::<Result<Vec<_>>>()?;
        let options = EmbedOptions { precision: self.precision, ..EmbedOptions::default() };
        embed_each(&self.model, &encoded, options, on_embedding)
    }

    fn encode(&self, number: usize, text: &str, overlong: Overlong) -> Result<Encoded> {
        let what = || format!("text {number}");
        if text.is_empty() {
            return Err(ModelError::Tokens { what: what(), got: 0, expected: "some text".to_owned() });
        }
        let mut encoded = self.tokenizer.encode(text, true)?;
        if encoded.tokens.is_empty() {
            return Err(ModelError::Tokens { what: what(), got: 0, expected: "some that the tokenizer has tokens for".to_owned() });
        }
        let (got, places) = (encoded.tokens.len(), self.config.max_position_embeddings);
        match overlong {
            _ if got <= places => {}
            Overlong::Refuse => {
                let expected = format!("at most {places}, the places of the model; shorten or truncate the text");
                return Err(ModelError::Tokens { what: what(), got, expected });
            }
            Overlong::Truncate => {
                let ends_special = self.tokenizer.encode("", true)?.tokens.last() == encoded.tokens.last();
                let from = got - usize::from(ends_special);
                let kept = places - usize::from(ends_special);
                encoded.tokens.drain(kept..from);
                encoded.segments.drain(kept..from);
            }
        }
        Ok(encoded)
    }
}
