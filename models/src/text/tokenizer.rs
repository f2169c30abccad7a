//! Text to tokens and back: `tokenizer.json` of a Hugging Face folder, or trained here.

use std::path::{Path, PathBuf};

use tokenizers::decoders::byte_level::ByteLevel as ByteLevelDecoder;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Tokenizer as Inner};

use super::embed::Encoded;
use crate::error::{ModelError, Result};

/// The file of a folder.
pub const TOKENIZER: &str = "tokenizer.json";

/// Embeddings without a token that are no sign of a wrong tokenizer: models pad their vocabularies for speed.
const PADDING: usize = 1024;

/// Text to tokens and back, by the `tokenizers` crate of Hugging Face.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    inner: Inner,
    path: PathBuf,
    size: usize,
}

/// How byte pairs are learned (Sennrich et al. 2016, arXiv:1508.07909).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BpeOptions {
    /// Most tokens, special ones and the 256 bytes included.
    pub vocabulary: usize,
    /// Times that a pair must occur to become a token.
    pub min_frequency: u64,
    /// Tokens that stand for no text, with the first ids.
    pub special: Vec<String>,
}

impl Default for BpeOptions {
    fn default() -> Self {
        Self { vocabulary: 4096, min_frequency: 2, special: ["<pad>", "<s>", "</s>"].map(str::to_owned).into() }
    }
}

impl Tokenizer {
    /// Reads `tokenizer.json` of a folder.
    ///
    /// # Errors
    /// When it cannot be read or is none.
    pub fn from_folder(folder: &Path) -> Result<Self> {
        let path = folder.join(TOKENIZER);
        if folder.is_dir() && !path.exists() {
            let expected = "the tokenizer of the model; write it there with AutoTokenizer.from_pretrained(…).save_pretrained(DIR) of Python's transformers";
            return Err(ModelError::checkpoint(&path, expected, "no such file"));
        }
        Self::from_json(&std::fs::read(&path).map_err(ModelError::read(&path))?, &path)
    }

    /// Of the bytes of a `tokenizer.json`, which were read from `path`.
    ///
    /// # Errors
    /// When they are none.
    pub fn from_json(bytes: &[u8], path: &Path) -> Result<Self> {
        let mut inner = Inner::from_bytes(bytes).map_err(|e| ModelError::checkpoint(path, "a tokenizer.json", e.to_string()))?;
        // Sequences are cut and put side by side by their readers, who say so.
        inner.with_truncation(None).map_err(failed(path, "a tokenizer that need not truncate"))?.with_padding(None);
        Ok(Self::of(inner, path.to_path_buf()))
    }

    /// The text of a `tokenizer.json`.
    ///
    /// # Errors
    /// When the `tokenizers` crate cannot write it.
    pub fn to_json(&self) -> Result<String> {
        self.inner.to_string(true).map_err(failed(&self.path, "a tokenizer that can be written"))
    }

    /// Learns byte pairs from texts: every text has tokens, and its tokens give it back. Equal texts give equal tokenizers.
    ///
    /// # Errors
    /// When there is no room for the bytes and the special tokens, or there is no text.
    pub fn train<S: AsRef<str> + Send>(texts: impl Iterator<Item = S> + Send, options: &BpeOptions) -> Result<Self> {
        let path = PathBuf::from("the trained tokenizer");
        let least = 256 + options.special.len();
        if options.vocabulary < least {
            let expected = format!("at least {least}: every byte and the special tokens");
            return Err(ModelError::option("size of the vocabulary", options.vocabulary, expected));
        }
        let mut inner = Inner::new(BPE::default());
        inner.with_pre_tokenizer(Some(ByteLevel::new(false, true, true))).with_decoder(Some(ByteLevelDecoder::default()));
        let special = options.special.iter().map(|token| AddedToken::from(token.as_str(), true)).collect();
        let trainer = BpeTrainer::builder()
            .show_progress(false)
            .vocab_size(options.vocabulary)
            .min_frequency(options.min_frequency)
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .special_tokens(special)
            .build();
        inner.train(&mut TrainerWrapper::from(trainer), texts).map_err(failed(&path, "texts to learn byte pairs from"))?;
        Ok(Self::of(inner, path))
    }

    fn of(inner: Inner, path: PathBuf) -> Self {
        let size = inner.get_vocab(true).into_values().max().map_or(0, |id| id as usize + 1);
        Self { inner, path, size }
    }

    /// Writes a `tokenizer.json` into a folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let path = folder.join(TOKENIZER);
        std::fs::write(&path, self.to_json()?).map_err(ModelError::write(&path))
    }

    /// The largest token and one.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Checks it against the embeddings of a model: each token needs one, and at most 1024 or a sixteenth of them may have no token.
    ///
    /// # Errors
    /// When it belongs to another model.
    pub fn check(&self, vocabulary: usize) -> Result<()> {
        let padded = self.size + PADDING.max(self.size / 16);
        if (self.size..=padded).contains(&vocabulary) {
            return Ok(());
        }
        let expected = format!("the tokenizer of a model with a vocabulary of {vocabulary}");
        let found = format!("one of {} tokens; take tokenizer.json and weights from the same model", self.size);
        Err(ModelError::checkpoint(&self.path, expected, found))
    }

    /// The id of a token.
    pub fn id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The tokens of a text, with the special ones that the model expects around it where `special`.
    ///
    /// # Errors
    /// When the tokenizer has no token for a part of it.
    pub fn encode(&self, text: &str, special: bool) -> Result<Encoded> {
        let encoding = self.inner.encode(text, special).map_err(failed(&self.path, "a tokenizer with tokens for every text"))?;
        Ok(Encoded { tokens: encoding.get_ids().to_vec(), segments: encoding.get_type_ids().to_vec() })
    }

    /// The text of tokens, without special ones.
    ///
    /// # Errors
    /// When the tokenizer cannot decode.
    pub fn decode(&self, tokens: &[u32]) -> Result<String> {
        self.inner.decode(tokens, true).map_err(failed(&self.path, "a tokenizer whose tokens have a text"))
    }
}

fn failed<'a>(path: &'a Path, expected: &'static str) -> impl Fn(tokenizers::Error) -> ModelError + 'a {
    move |error| ModelError::checkpoint(path, expected, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 4] =
        ["the cat sat on the mat", "the dog sat on the cat", "a cat, a dog; the mat: ünïcode – ok 123", "on and on and on"];

    fn trained() -> Tokenizer {
        let options = BpeOptions { vocabulary: 290, ..BpeOptions::default() };
        Tokenizer::train(TEXTS.into_iter(), &options).unwrap()
    }

    #[test]
    fn trained_tokens_give_any_text_back() {
        let tokenizer = trained();
        for text in TEXTS.into_iter().chain(["never seen: 漢字 🦀\n\ttabs", ""]) {
            let tokens = tokenizer.encode(text, true).unwrap().tokens;
            assert_eq!(tokenizer.decode(&tokens).unwrap(), text);
        }
        assert!(tokenizer.encode("the cat", false).unwrap().tokens.len() <= 2, "frequent words are tokens");
        assert_eq!([tokenizer.id("<pad>"), tokenizer.id("</s>"), tokenizer.id("nothing")], [Some(0), Some(2), None]);
        assert_eq!(tokenizer.encode("<s>the", false).unwrap().tokens[0], 1);
        assert!((260..=290).contains(&tokenizer.size()), "{}", tokenizer.size());
    }

    #[test]
    fn equal_texts_give_equal_tokenizers_and_files_keep_them() {
        let (a, b, dir) = (trained(), trained(), tempfile::tempdir().unwrap());
        a.save(dir.path()).unwrap();
        let first = std::fs::read(dir.path().join(TOKENIZER)).unwrap();
        b.save(dir.path()).unwrap();
        assert_eq!(first, std::fs::read(dir.path().join(TOKENIZER)).unwrap());
        let read = Tokenizer::from_folder(dir.path()).unwrap();
        assert_eq!(read.encode(TEXTS[2], true).unwrap(), a.encode(TEXTS[2], true).unwrap());
    }

    #[test]
    fn another_vocabulary_and_no_tokenizer_are_refused() {
        let tokenizer = trained();
        let size = tokenizer.size();
        tokenizer.check(size).unwrap();
        tokenizer.check(size + 1024).unwrap();
        for other in [size - 1, size + 1025, 32_000] {
            let text = tokenizer.check(other).unwrap_err().to_string();
            assert!(
                text.ends_with(&format!("expected the tokenizer of a model with a vocabulary of {other}, found one of {size} tokens; take tokenizer.json and weights from the same model")),
                "{text}"
            );
        }
        let dir = tempfile::tempdir().unwrap();
        let text = Tokenizer::from_folder(dir.path()).unwrap_err().to_string();
        assert!(
            text.contains("tokenizer.json: expected the tokenizer of the model; write it there with")
                && text.ends_with("found no such file")
        );
        std::fs::write(dir.path().join(TOKENIZER), "{}").unwrap();
        assert!(Tokenizer::from_folder(dir.path()).unwrap_err().to_string().contains("expected a tokenizer.json, found"));
        let options = BpeOptions { vocabulary: 258, ..BpeOptions::default() };
        assert!(Tokenizer::train(TEXTS.into_iter(), &options).unwrap_err().to_string().contains("258, expected at least 259"));
    }
}
