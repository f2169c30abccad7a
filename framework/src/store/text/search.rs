//! The strings of a space that may be meant.

use super::super::record::{Kind, Record};
use super::super::{AtomSpace, Block, Id};
use super::fold;
use crate::Result;

impl AtomSpace {
    /// The same statements with an index of texts; ids are other ones.
    ///
    /// # Errors
    /// When a file of the space is damaged.
    pub fn with_text_index(&self) -> Result<Self> {
        self.rebuilt(true)
    }

    /// Keys and bytes of the index of texts, if the space has one.
    pub fn text_index(&self) -> Option<(usize, u64)> {
        self.base().text.as_ref().map(|index| (index.keys(), index.bytes()))
    }

    /// Ids, ascending, of strings with a language or without: all that begin with the prefix and contain all parts, whatever the case of the parts, and perhaps
    /// others. Without an index, and of parts shorter than three bytes, many others.
    pub fn texts(&self, prefix: &str, parts: &[String]) -> Vec<Id> {
        let folded = folded(parts);
        let (ranges, dictionary) = (self.beginning_with(prefix), &self.base().dictionary);
        let listed = || self.base().text.as_ref().and_then(|index| index.candidates(&folded));
        let is_string = |id: &Id| dictionary.record(*id).is_some_and(is_text);
        let mut found: Vec<Id> = match self.is_shorter(&folded, &ranges).then(listed).flatten() {
            // A damaged file could name any id.
            Some(listed) => listed.into_iter().filter(|id| ranges.iter().any(|range| range.contains(id))).collect(),
            None => ranges[0].clone().chain(ranges[1].clone().filter(is_string)).collect(),
        };
        let fits = |record: Record<'_>| {
            let text = record.lexical();
            is_text(record) && text.starts_with(prefix) && contains(text, &folded)
        };
        found.extend((self.ordered_terms() + 1..=self.terms()).filter(|id| self.lookup().record(*id).is_some_and(fits)));
        found
    }

    /// How many ids [`AtomSpace::texts`] gives at most; none where it gives all strings.
    pub fn texts_expected(&self, prefix: &str, parts: &[String]) -> Option<u64> {
        let listed = self.base().text.as_ref().and_then(|index| index.fewest(&folded(parts)));
        let ranges = (!prefix.is_empty()).then(|| self.beginning_with(prefix).iter().map(|range| range.len() as u64).sum());
        let sorted = listed.into_iter().chain(ranges).min()?;
        Some(sorted + u64::from(self.terms() - self.ordered_terms()))
    }

    /// Sorted strings, and strings with a language among other literals, that begin with a prefix.
    fn beginning_with(&self, prefix: &str) -> [std::ops::Range<Id>; 2] {
        [Block::String, Block::Other].map(|block| self.base().dictionary.beginning_with(block, prefix))
    }

    /// Whether the lists of the index are shorter than the ranges.
    fn is_shorter(&self, folded: &[String], ranges: &[std::ops::Range<Id>]) -> bool {
        let all: u64 = ranges.iter().map(|range| range.len() as u64).sum();
        self.base().text.as_ref().and_then(|index| index.fewest(folded)).is_some_and(|fewest| fewest < all)
    }
}

fn folded(parts: &[String]) -> Vec<String> {
    let one = |part: &String| {
        let mut folded = String::new();
        fold(part, &mut folded);
        folded
    };
    parts.iter().map(one).collect()
}

fn is_text(record: Record<'_>) -> bool {
    matches!(record.kind(), Kind::String | Kind::Language(_))
}

/// Whether a text contains all parts, which are folded.
fn contains(text: &str, parts: &[String]) -> bool {
    let mut folded = String::new();
    fold(text, &mut folded);
    parts.iter().all(|part| folded.contains(part))
}
