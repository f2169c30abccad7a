//! Text from tokens as they come, up to a stop string.

use crate::error::Result;

/// Tokens of the prompt that the first of the answer are decoded with, as some decoders drop the space before the first token.
const BEFORE: usize = 6;

/// What a decoder gives for half a character.
const HALF: char = '\u{fffd}';

/// The text of one answer as it grows. Text is held back while it may be the beginning of a stop string or of a character.
#[derive(Debug, Clone)]
pub struct TextStream<'a> {
    stop: &'a [String],
    tokens: Vec<u32>,
    /// Where the tokens begin that the next are decoded with.
    context: usize,
    /// How many tokens are text already.
    read: usize,
    held: String,
    text: String,
    stopped: bool,
}

impl<'a> TextStream<'a> {
    /// Of the answer to a prompt; empty stop strings are none.
    pub fn new(prompt: &[u32], stop: &'a [String]) -> Self {
        let tokens = prompt[prompt.len().saturating_sub(BEFORE)..].to_vec();
        Self { stop, read: tokens.len(), tokens, context: 0, held: String::new(), text: String::new(), stopped: false }
    }

    /// The text so far, without what is held back and without the stop string.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a stop string was met.
    pub fn stopped(&self) -> bool {
        self.stopped
    }

    /// Takes a token and gives the text that is certain now.
    ///
    /// # Errors
    /// Those of `decode`.
    pub fn push(&mut self, token: u32, decode: impl Fn(&[u32]) -> Result<String>) -> Result<String> {
        self.tokens.push(token);
        self.advance(decode, false)
    }

    /// No more tokens: gives what was held back.
    ///
    /// # Errors
    /// Those of `decode`.
    pub fn finish(&mut self, decode: impl Fn(&[u32]) -> Result<String>) -> Result<String> {
        self.advance(decode, true)
    }

    fn advance(&mut self, decode: impl Fn(&[u32]) -> Result<String>, last: bool) -> Result<String> {
        if self.stopped {
            return Ok(String::new());
        }
        let known = decode(&self.tokens[self.context..self.read])?;
        let all = decode(&self.tokens[self.context..])?;
        if let Some(new) = all.strip_prefix(known.as_str()).filter(|new| last || !new.ends_with(HALF)) {
            self.held.push_str(new);
            if !new.is_empty() {
                (self.context, self.read) = (self.read, self.tokens.len());
            }
        }
        let out = self.release(last);
        self.text.push_str(&out);
        Ok(out)
    }

    /// The part of the held text that no stop string can take back.
    fn release(&mut self, last: bool) -> String {
        let stops = || self.stop.iter().filter(|stop| !stop.is_empty());
        if let Some(at) = stops().filter_map(|stop| self.held.find(stop.as_str())).min() {
            self.stopped = true;
            self.held.truncate(at);
            return std::mem::take(&mut self.held);
        }
        if last {
            return std::mem::take(&mut self.held);
        }
        let begun = |from: usize| stops().any(|stop| stop.starts_with(&self.held[from..]));
        let keep = self.held.char_indices().map(|(at, _)| at).find(|&at| begun(at)).unwrap_or(self.held.len());
        let rest = self.held.split_off(keep);
        std::mem::replace(&mut self.held, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each token a byte.
    fn decode(tokens: &[u32]) -> Result<String> {
        let bytes: Vec<u8> = tokens.iter().map(|&t| t as u8).collect();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn run(text: &str, stop: &[&str]) -> (Vec<String>, String, bool) {
        let stop: Vec<String> = stop.iter().map(|&s| s.to_owned()).collect();
        let mut stream = TextStream::new(&[80, 58], &stop);
        let mut pieces: Vec<String> = text.bytes().map(|b| stream.push(b.into(), decode).unwrap()).collect();
        pieces.push(stream.finish(decode).unwrap());
        assert_eq!(pieces.concat(), stream.text());
        (pieces, stream.text().to_owned(), stream.stopped())
    }

    #[test]
    fn pieces_make_the_text_and_characters_stay_whole() {
        let (pieces, text, stopped) = run("aü🦀b", &[]);
        assert_eq!((text.as_str(), stopped), ("aü🦀b", false));
        assert_eq!(pieces, ["a", "", "ü", "", "", "", "🦀", "b", ""]);
    }

    #[test]
    fn a_stop_string_over_several_tokens_is_cut_off() {
        let (pieces, text, stopped) = run("one\n\ntwo", &["\n\n"]);
        assert_eq!((text.as_str(), stopped), ("one", true));
        assert_eq!(pieces[3], "", "the first newline is held back");
        let (pieces, text, stopped) = run("one\ntwo", &["\n\n", ""]);
        assert_eq!((text.as_str(), stopped), ("one\ntwo", false));
        assert_eq!(pieces[4], "\nt", "and given when it is certain");
        assert_eq!(run("ababac!", &["abac"]).1, "ab");
        assert_eq!(run("xyz\n", &["\n\n"]).1, "xyz\n", "what is held at the end is text");
        assert_eq!(run("aXYb", &["Yb", "XY"]).1, "a", "the first of several");
    }
}
