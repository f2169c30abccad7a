//! How much a step computes.

use crate::graph_memory::{FactList, HypergraphTransformerConfig, QuestionBatch};
use crate::transformer::LlamaConfig;

/// What a step of a training has read and multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StepWork {
    /// Tokens of the questions and of their answers.
    pub tokens: usize,
    /// Operations of the products of matrices, forward and backward, a multiplication and an addition being two. Attention over tokens, norms and sums are not counted.
    pub operations: f64,
}

/// Sizes of a network.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes<'a> {
    pub(super) base: &'a LlamaConfig,
    pub(super) memory: &'a HypergraphTransformerConfig,
}

/// Products forward, with a backward one for what is met and one for the weights.
const TRAINED: f64 = 3.0;
/// Without one for the weights.
const FROZEN: f64 = 2.0;

impl Sizes<'_> {
    /// Weights of a block of the decoder.
    fn block(self) -> f64 {
        let b = self.base;
        let attention = 2 * b.hidden_size * b.head_dim * (b.num_attention_heads + b.num_key_value_heads);
        (attention + 3 * b.hidden_size * b.intermediate_size) as f64
    }

    fn logits(self) -> f64 {
        (self.base.vocab_size * self.base.hidden_size) as f64
    }

    /// Of a step of stage 0.
    pub(super) fn decoder(self, batch: &QuestionBatch) -> StepWork {
        let tokens = batch.tokens().ids().len();
        let of_token = self.base.num_hidden_layers as f64 * self.block() * tokens as f64;
        StepWork { tokens, operations: 2.0 * TRAINED * (of_token + self.logits() * batch.len() as f64) }
    }

    /// Of a step of stage 1.
    pub(super) fn memory(self, batch: &QuestionBatch, facts: &FactList) -> StepWork {
        let (m, blocks) = (self.memory, self.base.num_hidden_layers);
        let (tokens, rows, slots) = (batch.tokens().ids().len() as f64, batch.len() as f64, facts.slots() as f64);
        let [d, g, keys, inner] = [self.base.hidden_size, m.width, m.heads * m.head_width, m.feed_forward].map(|size| size as f64);
        let first = m.blocks.first().copied().unwrap_or(blocks);
        // Nothing before the first memory layer has a gradient.
        let frozen = tokens * self.block() * (first as f64 + FROZEN * (blocks - first) as f64) + FROZEN * rows * self.logits();
        let names = facts.names() as f64;
        let encoder = facts.tokens() as f64 * (d * g + g * g) + names * m.name_heads as f64 * g * g + slots * 12.0 * g * g;
        let query = tokens * (d * g + 2.0 * m.query_gates as f64 * g * keys / 2.0 + d * keys) + rows * 4.0 * keys * keys;
        let layer = tokens * self.block() + query + slots * 4.0 * g * keys + rows * (2.0 * slots * keys + 3.0 * d * inner + keys * d);
        let trained = encoder + m.blocks.len() as f64 * layer;
        StepWork { tokens: tokens as usize, operations: 2.0 * (frozen + TRAINED * trained) }
    }
}
