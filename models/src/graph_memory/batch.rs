//! Questions with their answers, for a training.

use crate::error::{ModelError, Result};
use crate::transformer::TokenBatch;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its tokens.
    pub prompt: Vec<u32>,
    /// The tokens of the answer, without the one that ends it.
    pub answer: Vec<u32>,
    /// The slots that hold the answer; none where no fact does.
    pub gold: Vec<u32>,
}

/// Questions with their answers as one pass of a decoder: each answer token, and the end after the last, is to be told from the row before.
#[derive(Debug, Clone)]
pub struct QuestionBatch {
    /// In the order of `tokens`.
    pub(super) questions: Vec<Asked>,
    pub(super) tokens: TokenBatch,
    /// Rows before the tokens to be told, `[n]`.
    pub(super) rows: Vec<u32>,
    /// The tokens to be told, `[n]`.
    pub(super) targets: Vec<u32>,
    /// The question of each row, and how many tokens of its answer have been said.
    pub(super) said: Vec<(usize, usize)>,
}

impl QuestionBatch {
    /// Of these questions, whose answers end with `end`. They are sorted by length, so that those of one length are read together.
    ///
    /// # Errors
    /// No question, or one without tokens.
    pub fn new(mut questions: Vec<Asked>, end: u32) -> Result<Self> {
        questions.sort_by_key(|asked| asked.prompt.len() + asked.answer.len());
        let (mut rows, mut targets, mut said, mut start) = (Vec::new(), Vec::new(), Vec::new(), 0);
        let mut sequences = Vec::with_capacity(questions.len());
        for (number, asked) in questions.iter().enumerate() {
            if asked.prompt.is_empty() {
                return Err(ModelError::Tokens { what: format!("question {number}"), got: 0, expected: "at least 1".to_owned() });
            }
            let first = start + asked.prompt.len() - 1;
            for (place, target) in asked.answer.iter().copied().chain([end]).enumerate() {
                rows.push((first + place) as u32);
                targets.push(target);
                said.push((number, place));
            }
            sequences.push([asked.prompt.as_slice(), &asked.answer].concat());
            start += asked.prompt.len() + asked.answer.len();
        }
        let tokens = TokenBatch::new(&sequences)?;
        Ok(Self { questions, tokens, rows, targets, said })
    }

    /// The tokens of the pass.
    pub fn tokens(&self) -> &TokenBatch {
        &self.tokens
    }

    /// n, tokens to be told.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is nothing to be told; never so.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The question of a row.
    pub(super) fn question(&self, row: usize) -> &Asked {
        &self.questions[self.said[row].0]
    }

    /// What has been said of the answer at a row.
    pub(super) fn text(&self, row: usize) -> &[u32] {
        &self.question(row).answer[..self.said[row].1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_before_the_answers_tokens() {
        let asked = |prompt: &[u32], answer: &[u32]| Asked { prompt: prompt.to_vec(), answer: answer.to_vec(), gold: vec![] };
        let batch = QuestionBatch::new(vec![asked(&[1, 2, 3], &[4, 5]), asked(&[6], &[])], 9).unwrap();
        assert_eq!(batch.tokens().ids(), [6, 1, 2, 3, 4, 5]);
        assert_eq!((batch.rows.as_slice(), batch.targets.as_slice()), (&[0, 3, 4, 5][..], &[9, 4, 5, 9][..]));
        assert_eq!((batch.text(1), batch.text(3)), (&[][..], &[4, 5][..]));
        assert!(QuestionBatch::new(vec![], 9).is_err());
        assert!(QuestionBatch::new(vec![asked(&[], &[1])], 9).unwrap_err().to_string().contains("question 0 has 0 tokens"));
    }
}
