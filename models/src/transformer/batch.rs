//! The tokens of one pass, without padding.

use crate::error::{ModelError, Result};

/// Neighbouring sequences of one length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// How many there are.
    pub sequences: usize,
    /// Tokens of each.
    pub tokens: usize,
}

/// The tokens of sequences one after another, each row of a pass one token: nothing is padded. Neighbours of one length make a group, whose attention is one
/// call, so sort by length where there are many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenBatch {
    ids: Vec<u32>,
    groups: Vec<Group>,
}

impl TokenBatch {
    /// Of these sequences.
    ///
    /// # Errors
    /// When there are none, or one is empty.
    pub fn new<S: AsRef<[u32]>>(sequences: &[S]) -> Result<Self> {
        let mut batch = Self { ids: Vec::new(), groups: Vec::new() };
        for (number, sequence) in sequences.iter().map(AsRef::as_ref).enumerate() {
            if sequence.is_empty() {
                return Err(ModelError::Tokens { what: format!("sequence {number}"), got: 0, expected: "at least 1".to_owned() });
            }
            batch.ids.extend_from_slice(sequence);
            match batch.groups.last_mut() {
                Some(group) if group.tokens == sequence.len() => group.sequences += 1,
                _ => batch.groups.push(Group { sequences: 1, tokens: sequence.len() }),
            }
        }
        if batch.ids.is_empty() {
            return Err(ModelError::option("number of sequences", 0, "at least 1"));
        }
        Ok(batch)
    }

    /// One more token for each sequence of the groups, in their order: a step of decoding.
    ///
    /// # Errors
    /// When there is another number of tokens than of sequences, or none.
    pub fn step(ids: Vec<u32>, sequences: &[usize]) -> Result<Self> {
        let expected: usize = sequences.iter().sum();
        if ids.is_empty() || ids.len() != expected {
            return Err(ModelError::option(
                "number of next tokens",
                ids.len(),
                format!("{expected}, one of each sequence, and at least 1"),
            ));
        }
        let groups = sequences.iter().filter(|&&n| n > 0).map(|&sequences| Group { sequences, tokens: 1 }).collect();
        Ok(Self { ids, groups })
    }

    /// N tokens, sequence after sequence.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// The groups, in order.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Number of sequences.
    pub fn sequences(&self) -> usize {
        self.groups.iter().map(|group| group.sequences).sum()
    }

    /// The row of the last token of each sequence.
    pub fn last_rows(&self) -> Vec<u32> {
        let mut rows = Vec::with_capacity(self.sequences());
        let mut end = 0;
        for group in &self.groups {
            for _ in 0..group.sequences {
                end += group.tokens;
                rows.push((end - 1) as u32);
            }
        }
        rows
    }

    /// Checks that every token has an embedding.
    ///
    /// # Errors
    /// Names the first that has none.
    pub fn check_vocabulary(&self, vocabulary: usize) -> Result<()> {
        match self.ids.iter().find(|id| **id as usize >= vocabulary) {
            Some(&id) => Err(ModelError::Token { what: "the input".to_owned(), id, vocabulary }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_of_one_length_make_a_group() {
        let batch = TokenBatch::new(&[vec![1, 2], vec![3, 4], vec![5], vec![6, 7]]).unwrap();
        let group = |sequences, tokens| Group { sequences, tokens };
        assert_eq!(batch.groups(), [group(2, 2), group(1, 1), group(1, 2)]);
        assert_eq!((batch.ids(), batch.last_rows()), (&[1, 2, 3, 4, 5, 6, 7][..], vec![1, 3, 4, 6]));
        assert_eq!(TokenBatch::step(vec![8, 9, 8, 7], &[2, 1, 1]).unwrap().groups(), [group(2, 1), group(1, 1), group(1, 1)]);
    }

    #[test]
    fn empty_sequences_are_refused() {
        let text = TokenBatch::new(&[vec![1], vec![]]).unwrap_err().to_string();
        assert_eq!(text, "sequence 1 has 0 tokens, expected at least 1");
        assert!(TokenBatch::new::<Vec<u32>>(&[]).is_err());
        assert!(TokenBatch::step(vec![1], &[2]).is_err());
        let text = TokenBatch::new(&[[3u32]]).unwrap().check_vocabulary(3).unwrap_err().to_string();
        assert!(text.starts_with("the input: token 3 is outside the vocabulary of 3 tokens"), "{text}");
    }
}
