//! Sizes of a HypergraphQL transformer.

use serde::{Deserialize, Serialize};

use crate::error::{ModelError, Result};
use crate::transformer::LlamaConfig;

/// Sizes and options of [`HypergraphTransformer`](super::HypergraphTransformer) beside those of its decoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HypergraphTransformerConfig {
    /// d_g, the width of names, relations and facts.
    pub width: usize,
    /// H, heads of the attention that pools the tokens of a name.
    pub name_heads: usize,
    /// J, the places of a name's tokens that are told apart.
    pub name_places: usize,
    /// Hm, heads of a memory layer.
    pub heads: usize,
    /// d_h, the width of a head of a memory layer. Where Hm·d_h is twice d_g, halves of keys begin as sums of names; otherwise training has to find them.
    pub head_width: usize,
    /// Width between the linear maps of a memory layer's feed-forward part.
    pub feed_forward: usize,
    /// C, gates of each half of a query.
    pub query_gates: usize,
    /// V, gates of the tokens of a question that no fact tells.
    pub missing_gates: usize,
    /// The blocks of the decoder that a memory layer stands before, rising.
    pub blocks: Vec<usize>,
    /// Slots that a token keeps.
    pub top_k: usize,
    /// Whether a slot hears of its members' other facts; without it two-hop questions lack their first hop.
    pub message_passing: bool,
}

impl Default for HypergraphTransformerConfig {
    fn default() -> Self {
        Self {
            width: 128,
            name_heads: 4,
            name_places: 16,
            heads: 1,
            head_width: 256,
            feed_forward: 256,
            query_gates: 3,
            missing_gates: 4,
            blocks: vec![3],
            top_k: 32,
            message_passing: true,
        }
    }
}

impl HypergraphTransformerConfig {
    /// Checks the domains.
    ///
    /// # Errors
    /// Names the option.
    pub fn check(&self, base: &LlamaConfig) -> Result<()> {
        let limit = |what, got: usize, range: std::ops::RangeInclusive<usize>| {
            let expected = format!("{} to {}", range.start(), range.end());
            if range.contains(&got) { Ok(()) } else { Err(ModelError::option(what, got, expected)) }
        };
        limit("memory width", self.width, 1..=1 << 16)?;
        limit("name places", self.name_places, 1..=1 << 12)?;
        limit("memory heads", self.heads, 1..=1 << 10)?;
        limit("memory head width", self.head_width, 1..=1 << 12)?;
        limit("memory feed-forward", self.feed_forward, 1..=1 << 20)?;
        limit("query gates", self.query_gates, 1..=1 << 10)?;
        limit("gates of missing tokens", self.missing_gates, 1..=1 << 10)?;
        limit("memory top-k", self.top_k, 1..=1 << 16)?;
        limit("name heads", self.name_heads, 1..=1 << 10)?;
        let keys = self.heads * self.head_width;
        if !keys.is_multiple_of(2) {
            return Err(ModelError::option("memory heads times head width", keys, "an even number: keys have two halves"));
        }
        let rising = self.blocks.windows(2).all(|pair| pair[0] < pair[1]);
        if self.blocks.is_empty() || !rising || self.blocks.iter().any(|&block| block >= base.num_hidden_layers) {
            let expected = format!("at least one number below {}, the blocks of the decoder, rising", base.num_hidden_layers);
            return Err(ModelError::option("blocks with a memory layer", format!("{:?}", self.blocks), expected));
        }
        Ok(())
    }
}
