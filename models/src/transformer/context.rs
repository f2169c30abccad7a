//! What every pass of a decoder shares beside its parameters.

use std::sync::{Mutex, PoisonError};

use hypergraphql_ops::{HyperBackend, Rotary, RotaryConfig};

use super::batch::{Group, TokenBatch};
use super::cache::KvCache;
use super::config::LlamaConfig;
use crate::error::{ModelError, Result};
use crate::precision::Precision;

/// Fewest places that angles are made for at once.
const PLACES: usize = 256;

/// The precision of a decoder's activations, its longest sequence, and the angles of its rotary embedding: made as far as sequences reach, not as far as
/// the configuration claims. They are constants, so they are no part of the module.
#[derive(Debug)]
pub struct LlamaContext<B: HyperBackend> {
    config: RotaryConfig,
    blocks: usize,
    precision: Precision,
    device: B::Device,
    rotary: Mutex<Option<Rotary<B>>>,
}

impl<B: HyperBackend> LlamaContext<B> {
    /// For a decoder of this configuration.
    ///
    /// # Errors
    /// When the device lacks the precision, or the rotary embedding is none.
    pub fn new(config: &LlamaConfig, precision: Precision, device: &B::Device) -> Result<Self> {
        precision.check::<B>(device)?;
        let rotary = config.rotary(config.max_position_embeddings);
        Rotary::<B>::new(RotaryConfig { places: 1, ..rotary }, device)?;
        Ok(Self { config: rotary, blocks: config.num_hidden_layers, precision, device: device.clone(), rotary: Mutex::new(None) })
    }

    /// The type of activations.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Longest sequence.
    pub fn places(&self) -> usize {
        self.config.places
    }

    /// Where the decoder runs.
    pub fn device(&self) -> &B::Device {
        &self.device
    }

    /// A cache that has read nothing.
    pub fn cache(&self) -> KvCache<B> {
        KvCache::new(self.blocks)
    }

    /// The angles of at least `places`.
    fn rotary(&self, places: usize) -> Result<Rotary<B>> {
        // A panic elsewhere leaves the angles whole: they are replaced at once.
        let mut made = self.rotary.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rotary) = made.as_ref().filter(|rotary| rotary.config().places >= places) {
            return Ok(rotary.clone());
        }
        let places = places.max(PLACES).checked_next_power_of_two().unwrap_or(places).min(self.config.places);
        let rotary = Rotary::new(RotaryConfig { places, ..self.config }, &self.device)?;
        *made = Some(rotary.clone());
        Ok(rotary)
    }

    /// What the blocks need to know of a pass over this batch, which goes on from the cache where there is one.
    ///
    /// # Errors
    /// When a sequence exceeds the context, or the batch does not go on from the cache.
    pub fn pass(&self, batch: &TokenBatch, cache: Option<&KvCache<B>>) -> Result<Pass<B>> {
        let groups = batch.groups();
        let starts = cache.map_or_else(|| Ok(vec![0; groups.len()]), |cache| cache.starts(groups))?;
        let spans: Vec<Span> = groups.iter().zip(starts).map(|(&group, start)| Span { group, start }).collect();
        let longest = spans.iter().map(|span| span.start + span.group.tokens).max().unwrap_or(0);
        if longest > self.config.places {
            let expected = format!("at most {}, the context of the model; shorten the prompt or generate less", self.config.places);
            return Err(ModelError::Tokens { what: "a sequence".to_owned(), got: longest, expected });
        }
        Ok(Pass { spans, rotary: self.rotary(longest)?, precision: self.precision })
    }
}

/// A group and the tokens that its sequences have read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The group.
    pub group: Group,
    /// Tokens read before.
    pub start: usize,
}

/// What the blocks of one pass share.
#[derive(Debug, Clone)]
pub struct Pass<B: HyperBackend> {
    /// The groups, whose rows follow one another.
    pub spans: Vec<Span>,
    /// Angles of all places.
    pub rotary: Rotary<B>,
    /// The type of activations.
    pub precision: Precision,
}
