//! Pairs that are not connected, made of some that are.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::known::Known;
use crate::error::{ModelError, Result};

/// Draws for one negative before it is given up; in the second half both nodes are drawn.
const ATTEMPTS: usize = 1000;

/// Draws pairs that are not connected. A draw is a function of [`Draw`] and the positives.
#[derive(Debug, Clone, Copy)]
pub struct Corruption<'a> {
    /// What is connected, and therefore no negative.
    pub known: &'a Known,
    /// Whether (u, v) and (v, u) are two pairs.
    pub directed: bool,
}

/// Which draw it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// Seed of the training.
    pub seed: u64,
    /// The epoch, or a number that no epoch has.
    pub epoch: u64,
    /// The step in the epoch.
    pub step: u64,
}

impl Corruption<'_> {
    /// `each` negatives of each positive (u, v), one after the other: u or v, by the toss of a coin, is replaced by any node. In directed data the first negative of
    /// a positive is (v, u), where that is not connected: which way a connection leads is else never asked.
    ///
    /// # Errors
    /// When a thousand draws find none: nearly all nodes are connected.
    pub fn draw(&self, positives: &[(u32, u32)], each: usize, draw: Draw) -> Result<Vec<(u32, u32)>> {
        let mut key = [0_u8; 32];
        // "pair" keeps the stream apart from others of the seed.
        for (part, number) in key.chunks_exact_mut(8).zip([draw.seed, draw.epoch, draw.step, 0x7061_6972]) {
            part.copy_from_slice(&number.to_le_bytes());
        }
        let mut rng = ChaCha8Rng::from_seed(key);
        let mut negatives = Vec::with_capacity(positives.len() * each);
        for &(u, v) in positives {
            for number in 0..each {
                let turned = self.directed && number == 0 && !self.known.contains(v, u);
                negatives.push(if turned { (v, u) } else { self.one((u, v), &mut rng)? });
            }
        }
        Ok(negatives)
    }

    fn one(&self, (u, v): (u32, u32), rng: &mut ChaCha8Rng) -> Result<(u32, u32)> {
        let nodes = self.known.nodes() as u32;
        for attempt in 0..ATTEMPTS {
            let drawn = below(nodes, rng);
            let pair = match rng.next_u32() >> 31 {
                _ if attempt >= ATTEMPTS / 2 => (drawn, below(nodes, rng)),
                0 => (u, drawn),
                _ => (drawn, v),
            };
            if pair.0 != pair.1 && !self.known.contains(pair.0, pair.1) {
                return Ok(if self.directed { pair } else { (pair.0.min(pair.1), pair.0.max(pair.1)) });
            }
        }
        let expected = format!("some: of {nodes} nodes nearly every two are connected, and {ATTEMPTS} draws found none that are not");
        Err(ModelError::option("pairs that are not connected", "none", expected))
    }
}

/// Uniform below `n`, which is at least 1.
fn below(n: u32, rng: &mut ChaCha8Rng) -> u32 {
    ((u128::from(rng.next_u64()) * u128::from(n)) >> 64) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negatives_are_no_pairs_and_keep_an_end() {
        let pairs: Vec<(u32, u32)> = (0..30).map(|i| (i, (i * 7 + 3) % 31)).filter(|(u, v)| u != v).collect();
        for directed in [false, true] {
            let known = Known::of(pairs.iter().copied(), 31, directed);
            let corruption = Corruption { known: &known, directed };
            let draw = Draw { seed: 5, epoch: 1, step: 2 };
            let drawn = corruption.draw(&pairs, 4, draw).unwrap();
            assert_eq!(drawn.len(), 4 * pairs.len());
            let (mut sources, mut turned) = (0, 0);
            for (negative, of) in drawn.chunks(4).zip(&pairs).flat_map(|(four, of)| four.iter().map(move |n| (n, of))) {
                assert!(negative.0 != negative.1 && !known.contains(negative.0, negative.1), "{negative:?}");
                let ends = [negative.0, negative.1];
                assert!(ends.contains(&of.0) || ends.contains(&of.1), "{negative:?} of {of:?}");
                assert!(directed || negative.0 < negative.1);
                sources += usize::from(ends.contains(&of.0));
                turned += usize::from((negative.1, negative.0) == *of);
            }
            assert!((40..90).contains(&sources), "{sources} of {} keep the source", drawn.len());
            assert_eq!(turned >= 20, directed, "{turned}");
            assert_eq!(drawn, corruption.draw(&pairs, 4, draw).unwrap());
            assert_ne!(drawn, corruption.draw(&pairs, 4, Draw { step: 3, ..draw }).unwrap());
        }
    }

    #[test]
    fn a_complete_graph_has_none() {
        let known = Known::of([(0, 1), (1, 2), (0, 2)].into_iter(), 3, false);
        let draw = Draw { seed: 0, epoch: 0, step: 0 };
        let error = Corruption { known: &known, directed: false }.draw(&[(0, 1)], 1, draw).unwrap_err().to_string();
        assert!(error.contains("pairs that are not connected is none") && error.contains("3 nodes"), "{error}");
        // With one more node every negative has it.
        let known = Known::of([(0, 1), (1, 2), (0, 2)].into_iter(), 4, false);
        let drawn = Corruption { known: &known, directed: false }.draw(&[(0, 1)], 9, draw).unwrap();
        assert!(drawn.iter().all(|pair| pair.1 == 3));
    }
}
