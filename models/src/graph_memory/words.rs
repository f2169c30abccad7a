//! Knowledge bases and questions as the tokens of a model.

use super::batch::Asked;
use super::copy::Names;
use super::facts::FactList;
use crate::episodes::{KnowledgeBase, Question, REFUSAL};
use crate::error::Result;
use crate::text::Tokenizer;

/// A tokenizer with the tokens around a text. Names, labels and questions are read as after a space, so that a word has the same tokens wherever it stands.
#[derive(Debug, Clone)]
pub struct Words {
    /// Text to tokens and back.
    pub tokenizer: Tokenizer,
    /// The token before a question, where there is one.
    pub start: Option<u32>,
    /// The token after an answer.
    pub end: u32,
}

impl Words {
    /// The tokens of a name or a label.
    ///
    /// # Errors
    /// When the tokenizer has no token for a part of it.
    pub fn name(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.tokenizer.encode(&format!(" {}", text.trim()), false)?.tokens)
    }

    /// The tokens of a question, as far as the answer.
    ///
    /// # Errors
    /// As [`name`](Self::name).
    pub fn prompt(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.start.into_iter().chain(self.name(text)?).collect())
    }

    /// The facts of a knowledge base.
    ///
    /// # Errors
    /// A name without tokens, or a fact of too many members.
    pub fn facts(&self, base: &KnowledgeBase) -> Result<FactList> {
        let all = |words: &[String]| words.iter().map(|word| self.name(word)).collect::<Result<Vec<_>>>();
        let mut list = FactList::new(all(&base.entities)?, all(&base.relations)?, all(&base.roles)?)?;
        let mut members = Vec::new();
        for fact in &base.facts {
            members.clear();
            members.extend(fact.members.iter().map(|member| (member.entity, member.role)));
            list.push(fact.relation, &members)?;
        }
        Ok(list)
    }

    /// How answers spell the entities of facts.
    pub fn names(&self, facts: &FactList) -> Names {
        Names::new(facts.entities().to_vec(), self.end)
    }

    /// The answer to an unanswerable question.
    ///
    /// # Errors
    /// As [`name`](Self::name).
    pub fn refusal(&self) -> Result<Vec<u32>> {
        self.name(REFUSAL)
    }

    /// A question about facts with its answer; `offsets` are those of their base.
    ///
    /// # Errors
    /// As [`name`](Self::name).
    pub fn asked(&self, facts: &FactList, question: &Question, offsets: &[u32]) -> Result<Asked> {
        let answer = match question.answer {
            Some(entity) => facts.entities()[entity as usize].clone(),
            None => self.refusal()?,
        };
        let gold = question.gold.iter().map(|slot| offsets[slot.fact as usize] + slot.member).collect();
        Ok(Asked { prompt: self.prompt(&question.text)?, answer, gold })
    }
}
