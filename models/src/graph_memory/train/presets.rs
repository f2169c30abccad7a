//! Sizes that are known to work.

use std::fmt;
use std::str::FromStr;

use crate::graph_memory::HypergraphTransformerConfig;
use crate::transformer::LlamaConfig;

/// The size of a network that is trained from nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preset {
    /// d = 128, 4 blocks: minutes on a CPU.
    #[default]
    Tiny,
    /// d = 256, 6 blocks.
    Small,
    /// d = 512, 12 blocks: for a GPU.
    Base,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Tiny, Self::Small, Self::Base];

    /// The decoder, for a vocabulary of so many tokens.
    pub fn decoder(self, vocabulary: usize) -> LlamaConfig {
        let (d, inner, blocks, heads) = match self {
            Self::Tiny => (128, 352, 4, 4),
            Self::Small => (256, 704, 6, 8),
            Self::Base => (512, 1408, 12, 8),
        };
        LlamaConfig {
            num_key_value_heads: heads / 2,
            max_position_embeddings: 1024,
            tie_word_embeddings: true,
            ..LlamaConfig::new(vocabulary, d, inner, blocks, heads)
        }
    }

    /// The memory: one layer, before the last block.
    pub fn memory(self) -> HypergraphTransformerConfig {
        let decoder = self.decoder(1);
        HypergraphTransformerConfig {
            width: decoder.hidden_size,
            head_width: 2 * decoder.hidden_size,
            feed_forward: 2 * decoder.hidden_size,
            blocks: vec![decoder.num_hidden_layers - 1],
            ..HypergraphTransformerConfig::default()
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tiny => "tiny",
            Self::Small => "small",
            Self::Base => "base",
        })
    }
}

impl FromStr for Preset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|preset| preset.to_string() == text)
            .ok_or_else(|| format!("expected tiny, small or base, found {text:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_fit_together() {
        for preset in Preset::ALL {
            let decoder = preset.decoder(300);
            decoder.check().unwrap();
            preset.memory().check(&decoder).unwrap();
            assert_eq!(preset.to_string().parse(), Ok(preset));
        }
        assert!("large".parse::<Preset>().unwrap_err().contains("tiny, small or base"));
    }
}
