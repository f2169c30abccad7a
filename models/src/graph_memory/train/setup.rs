//! What a training from nothing begins with.

use super::presets::Preset;
use super::trainer::MemorySetup;
use crate::episodes::{NameOptions, Names, Schema, corpus};
use crate::error::{ModelError, Result};
use crate::graph_memory::Words;
use crate::text::{BpeOptions, Tokenizer};

/// The tokens around a text, of a tokenizer that is learned here.
const START: &str = "<s>";
const END: &str = "</s>";

impl MemorySetup {
    /// Sizes of a preset, and a tokenizer of so many tokens at most, learned from every way to say the questions and facts of the schema with such names.
    ///
    /// # Errors
    /// Names that cannot be made, or a vocabulary that has no room for every byte.
    pub fn from_nothing(schema: Schema, names: &NameOptions, vocabulary: usize, preset: Preset) -> Result<Self> {
        let text = corpus(&schema, &Names::new(names)?);
        let tokenizer = Tokenizer::train(text.lines(), &BpeOptions { vocabulary, ..BpeOptions::default() })?;
        let special = |token: &str| {
            let missing =
                || ModelError::option("special tokens of a learned tokenizer", format!("without {token}"), "one of them; this is a bug");
            tokenizer.id(token).ok_or_else(missing)
        };
        let (start, end) = (Some(special(START)?), special(END)?);
        let base = preset.decoder(tokenizer.size());
        Ok(Self { schema, words: Words { tokenizer, start, end }, base, memory: preset.memory() })
    }
}
