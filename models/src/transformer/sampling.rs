//! The next token from its logits.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::error::{ModelError, Result};

/// How many candidates are sorted at first where all of them may be wanted.
const FIRST: usize = 256;

/// How the next token is drawn, in this order: penalty, temperature, top-k, top-p.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SamplingOptions {
    /// Divides the logits; 0 takes the most probable token always (greedy).
    pub temperature: f64,
    /// Only so many of the most probable tokens, of equal ones the smaller; 0: all.
    pub top_k: usize,
    /// Only the fewest most probable tokens whose probabilities sum to this; 1: all (Holtzman et al. 2020, arXiv:1904.09751).
    pub top_p: f64,
    /// Logits of tokens of the prompt or of the answer are divided by this where positive and multiplied where negative; 1: as they are (Keskar et al. 2019,
    /// arXiv:1909.05858).
    pub repetition_penalty: f64,
    /// Every random number is a function of this, of the number of the sequence and of the number of the token.
    pub seed: u64,
}

impl Default for SamplingOptions {
    fn default() -> Self {
        Self { temperature: 0.0, top_k: 0, top_p: 1.0, repetition_penalty: 1.0, seed: 0 }
    }
}

/// Checked options.
#[derive(Debug, Clone, Copy)]
pub struct Sampler(SamplingOptions);

impl Sampler {
    /// Checks the options.
    ///
    /// # Errors
    /// A temperature that is negative or no number, a top-p outside (0, 1], a penalty that is not positive.
    pub fn new(options: SamplingOptions) -> Result<Self> {
        let SamplingOptions { temperature, top_p, repetition_penalty, .. } = options;
        if !(temperature >= 0.0 && temperature.is_finite()) {
            return Err(ModelError::option("temperature", temperature, "a number from 0 (greedy) up"));
        }
        if !(top_p > 0.0 && top_p <= 1.0) {
            return Err(ModelError::option("top-p", top_p, "a number above 0, up to 1 (all tokens)"));
        }
        if !(repetition_penalty > 0.0 && repetition_penalty.is_finite()) {
            return Err(ModelError::option("repetition penalty", repetition_penalty, "a positive number, 1 for none"));
        }
        Ok(Self(options))
    }

    /// The token after those `seen`, which is number `step` of the answer of sequence `sequence`. The logits `[V]` are changed.
    ///
    /// # Errors
    /// When a logit is no number, or none is finite.
    pub fn next(&self, logits: &mut [f32], seen: &BTreeSet<u32>, sequence: u64, step: u64) -> Result<u32> {
        if let Some(token) = logits.iter().position(|x| x.is_nan()) {
            let got = format!("NaN for token {token} of sequence {sequence} at step {step}");
            return Err(ModelError::option("a logit", got, "a number; use --precision f32, or look for NaN in the weights"));
        }
        self.penalise(logits, seen);
        let best = logits.iter().enumerate().max_by(|a, b| rank(*b.1, b.0, *a.1, a.0)).map(|(token, &x)| (token as u32, x));
        let Some((token, most)) = best.filter(|(_, most)| most.is_finite()) else {
            return Err(ModelError::option("the largest logit", best.map_or(f32::NAN, |(_, x)| x), "a finite number"));
        };
        if self.0.temperature == 0.0 {
            return Ok(token);
        }
        let weight = |x: f32| (f64::from(x - most) / self.0.temperature).exp();
        let candidates = self.candidates(logits, weight);
        let sum: f64 = candidates.iter().map(|&token| weight(logits[token as usize])).sum();
        let mut left = sum * self.unit(sequence, step);
        let drawn = candidates.iter().find(|&&token| {
            left -= weight(logits[token as usize]);
            left < 0.0
        });
        // Rounding may leave a remainder; the first candidate is never impossible.
        Ok(drawn.or(candidates.first()).copied().unwrap_or(token))
    }

    fn penalise(&self, logits: &mut [f32], seen: &BTreeSet<u32>) {
        let penalty = self.0.repetition_penalty as f32;
        if penalty == 1.0 {
            return;
        }
        for &token in seen {
            if let Some(x) = logits.get_mut(token as usize) {
                *x = if *x > 0.0 { *x / penalty } else { *x * penalty };
            }
        }
    }

    /// The tokens that may be drawn: by falling logit where there is a limit.
    fn candidates(&self, logits: &[f32], weight: impl Fn(f32) -> f64) -> Vec<u32> {
        let SamplingOptions { top_k, top_p, .. } = self.0;
        let most = if top_k == 0 { logits.len() } else { top_k.min(logits.len()) };
        if top_p == 1.0 {
            return if top_k == 0 { (0..logits.len() as u32).collect() } else { largest(logits, most) };
        }
        let sum_of = |tokens: &[u32]| tokens.iter().map(|&token| weight(logits[token as usize])).sum::<f64>();
        // The probabilities of top-p are those among the tokens of top-k.
        let limited = (top_k > 0).then(|| largest(logits, most));
        let wanted = top_p * limited.as_deref().map_or_else(|| logits.iter().map(|&x| weight(x)).sum::<f64>(), sum_of);
        let mut size = FIRST.min(most);
        loop {
            let tokens = limited.clone().unwrap_or_else(|| largest(logits, size));
            let mut reached = 0.0;
            let last = tokens.iter().position(|&token| {
                reached += weight(logits[token as usize]);
                reached >= wanted
            });
            match last {
                Some(last) => return tokens[..=last].to_vec(),
                None if size >= most || limited.is_some() => return tokens,
                None => size = size.saturating_mul(8).min(most),
            }
        }
    }

    /// Uniform in [0, 1), of 53 bits.
    fn unit(&self, sequence: u64, step: u64) -> f64 {
        let mut random = ChaCha8Rng::seed_from_u64(self.0.seed);
        random.set_stream(sequence);
        random.set_word_pos(2 * u128::from(step));
        (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Larger logits first, of equal ones the smaller token.
fn rank(a: f32, token_a: usize, b: f32, token_b: usize) -> Ordering {
    b.total_cmp(&a).then(token_a.cmp(&token_b))
}

/// The tokens of the `size` largest logits, by falling logit.
fn largest(logits: &[f32], size: usize) -> Vec<u32> {
    let mut tokens: Vec<u32> = (0..logits.len() as u32).collect();
    let order = |a: &u32, b: &u32| rank(logits[*a as usize], *a as usize, logits[*b as usize], *b as usize);
    if size > 0 && size < tokens.len() {
        tokens.select_nth_unstable_by(size - 1, order);
        tokens.truncate(size);
    }
    tokens.sort_unstable_by(order);
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f32; 5] = [0.5, 2.0, -1.0, 2.0, 1.0];

    fn next(options: SamplingOptions, step: u64) -> u32 {
        Sampler::new(options).unwrap().next(&mut LOGITS.clone(), &BTreeSet::new(), 0, step).unwrap()
    }

    #[test]
    fn greedy_takes_the_smaller_of_equal_tokens() {
        assert_eq!(next(SamplingOptions::default(), 0), 1);
        let warm = SamplingOptions { temperature: 1.0, top_k: 1, ..SamplingOptions::default() };
        assert!((0..50).all(|step| next(warm, step) == 1));
    }

    #[test]
    fn a_penalty_falls_on_what_was_seen() {
        let options = SamplingOptions { repetition_penalty: 4.0, ..SamplingOptions::default() };
        let seen: BTreeSet<u32> = [1, 2, 3].into();
        let mut logits = LOGITS;
        let token = Sampler::new(options).unwrap().next(&mut logits, &seen, 0, 0).unwrap();
        assert_eq!((token, logits), (4, [0.5, 0.5, -4.0, 0.5, 1.0]));
    }

    #[test]
    fn samples_follow_the_probabilities() {
        const DRAWS: u64 = 20_000;
        let options = SamplingOptions { temperature: 2.0, seed: 7, ..SamplingOptions::default() };
        let mut counts = [0u32; 5];
        (0..DRAWS).for_each(|step| counts[next(options, step) as usize] += 1);
        let weights = LOGITS.map(|x| (f64::from(x) / 2.0).exp());
        let sum: f64 = weights.iter().sum();
        for (count, weight) in counts.into_iter().zip(weights) {
            let (got, p) = (f64::from(count) / DRAWS as f64, weight / sum);
            // Five standard deviations.
            assert!((got - p).abs() < 5.0 * (p * (1.0 - p) / DRAWS as f64).sqrt(), "{got} {p}");
        }
    }

    #[test]
    fn top_p_keeps_the_fewest_tokens() {
        // Probabilities 0.379, 0.379, 0.139, 0.084, 0.019 by falling logit.
        let kept = |top_p, top_k| {
            let options = SamplingOptions { temperature: 1.0, top_p, top_k, ..SamplingOptions::default() };
            Sampler::new(options).unwrap().candidates(&LOGITS, |x| f64::from(x - 2.0).exp())
        };
        assert_eq!(kept(0.3, 0), [1]);
        assert_eq!(kept(0.5, 0), [1, 3]);
        assert_eq!(kept(0.85, 0), [1, 3, 4]);
        assert_eq!(kept(0.95, 0), [1, 3, 4, 0]);
        assert_eq!(kept(0.99, 0), [1, 3, 4, 0, 2]);
        assert_eq!(kept(0.9, 2), [1, 3], "of the probability of the two");
        assert_eq!(kept(1.0, 3), [1, 3, 4]);
        assert_eq!(kept(1.0, 0).len(), 5);
    }

    #[test]
    fn more_candidates_are_sorted_when_the_first_do_not_do() {
        let logits = vec![0.0; 4 * FIRST];
        let options = SamplingOptions { temperature: 1.0, top_p: 0.75, ..SamplingOptions::default() };
        let kept = Sampler::new(options).unwrap().candidates(&logits, |x| f64::from(x).exp());
        assert_eq!(kept.len(), 3 * FIRST);
    }

    #[test]
    fn draws_depend_on_seed_sequence_and_step() {
        let options = SamplingOptions { temperature: 1.0, ..SamplingOptions::default() };
        let unit = |seed, sequence, step| Sampler(SamplingOptions { seed, ..options }).unit(sequence, step);
        assert_eq!(unit(1, 2, 3), unit(1, 2, 3));
        let all = [unit(1, 2, 3), unit(2, 2, 3), unit(1, 3, 3), unit(1, 2, 4)];
        assert!((0..4).all(|i| (0..i).all(|j| all[i] != all[j])), "{all:?}");
    }

    #[test]
    fn nonsense_is_refused() {
        let refused = |options| Sampler::new(options).unwrap_err().to_string();
        let options = SamplingOptions::default();
        assert!(refused(SamplingOptions { temperature: -1.0, ..options }).starts_with("temperature is -1, expected"));
        assert!(refused(SamplingOptions { top_p: 0.0, ..options }).starts_with("top-p is 0, expected"));
        assert!(refused(SamplingOptions { repetition_penalty: f64::NAN, ..options }).starts_with("repetition penalty is NaN"));
        let sampler = Sampler::new(options).unwrap();
        let text = sampler.next(&mut [0.0, f32::NAN], &BTreeSet::new(), 4, 9).unwrap_err().to_string();
        assert!(text.starts_with("a logit is NaN for token 1 of sequence 4 at step 9"), "{text}");
        assert!(sampler.next(&mut [f32::NEG_INFINITY; 2], &BTreeSet::new(), 0, 0).is_err());
    }
}
