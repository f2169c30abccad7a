//! The entities that a step compares its questions with.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::queries::Question;

/// Entities that stand for all of them in the sum of a softmax: the answers of a batch, each for itself, and some of the others, drawn without replacement,
/// each for as many as there are others to one that was drawn. Weighted so the sum of exponentials is estimated without bias (a stratified sample; Horvitz
/// and Thompson 1952), and with all others drawn it is exact.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidates {
    /// The answers in ascending order, then the others.
    pub(super) ids: Vec<u32>,
    answers: usize,
    others: usize,
}

impl Candidates {
    /// All answers of `questions` and `negatives` others of so many entities; the same for the same seed and step.
    pub(super) fn draw(questions: &[&Question<'_>], entities: usize, negatives: usize, seed: u64, step: usize) -> Self {
        let mut ids: Vec<u32> = questions.iter().flat_map(|question| question.answers.iter().copied()).collect();
        ids.sort_unstable();
        ids.dedup();
        let answers = ids.len();
        let mut others: Vec<u32> = (0..entities as u32).filter(|id| ids.binary_search(id).is_err()).collect();
        let mut key = [0_u8; 32];
        // "link" keeps the stream apart from others of the seed.
        for (part, number) in key.chunks_exact_mut(8).zip([seed, step as u64, 0, 0x6c69_6e6b]) {
            part.copy_from_slice(&number.to_le_bytes());
        }
        let mut rng = ChaCha8Rng::from_seed(key);
        let (all, drawn) = (others.len(), negatives.min(others.len()));
        for at in 0..drawn {
            let rest = (all - at) as u128;
            others.swap(at, at + ((u128::from(rng.next_u64()) * rest) >> 64) as usize);
        }
        ids.extend(&others[..drawn]);
        Self { ids, answers, others: all }
    }

    /// How many entities each one stands for.
    pub(super) fn weights(&self) -> Vec<f32> {
        let other = self.others as f32 / (self.ids.len() - self.answers).max(1) as f32;
        (0..self.ids.len()).map(|at| if at < self.answers { 1.0 } else { other }).collect()
    }

    /// Where an answer of the batch is among them.
    pub(super) fn place(&self, answer: u32) -> u32 {
        self.ids[..self.answers].partition_point(|&id| id < answer) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::super::queries::Query;
    use super::*;

    fn question(answers: &[u32]) -> Question<'static> {
        Question { query: Query { entity: 0, relation: 0, qualifiers: &[] }, answers: answers.to_vec() }
    }

    #[test]
    fn answers_stand_for_themselves_and_the_drawn_for_all_others() {
        let questions = [question(&[4, 9]), question(&[2]), question(&[4])];
        let batch: Vec<&Question<'_>> = questions.iter().collect();
        for negatives in [0, 1, 5, 17, 100] {
            let drawn = Candidates::draw(&batch, 20, negatives, 7, 3);
            assert_eq!(drawn, Candidates::draw(&batch, 20, negatives, 7, 3));
            assert_eq!(drawn.ids[..3], [2, 4, 9]);
            let mut once = drawn.ids.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!((once.len(), drawn.ids.len()), (3 + negatives.min(17), 3 + negatives.min(17)), "each once");
            assert!(once.iter().all(|&id| id < 20));
            assert_eq!([2, 4, 9].map(|answer| drawn.place(answer)), [0, 1, 2]);
            let all: f32 = drawn.weights().iter().sum();
            assert!(negatives == 0 || (all - 20.0).abs() < 1e-4, "{negatives} drawn stand for {all}");
        }
        assert_ne!(Candidates::draw(&batch, 20, 5, 7, 3), Candidates::draw(&batch, 20, 5, 7, 4), "another step");
        assert_ne!(Candidates::draw(&batch, 20, 5, 7, 3), Candidates::draw(&batch, 20, 5, 8, 3), "another seed");
    }

    #[test]
    fn every_other_is_drawn_equally_often() {
        let questions = [question(&[0, 5])];
        let batch: Vec<&Question<'_>> = questions.iter().collect();
        let mut counts = [0_u32; 12];
        for step in 0..2000 {
            Candidates::draw(&batch, 12, 3, 1, step).ids.iter().for_each(|&id| counts[id as usize] += 1);
        }
        assert_eq!((counts[0], counts[5]), (2000, 2000));
        // 600 expected, with a deviation of 20.5.
        assert!((0..12).filter(|id| ![0, 5].contains(id)).all(|id| counts[id].abs_diff(600) < 100), "{counts:?}");
    }
}
