//! Seeded splits of nodes into train, validation and test: random or stratified by class.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::dataset::{Labels, Split};
use crate::rng::{Stream, seeded};
use crate::{Error, Result};

/// Splits nodes 0..n at random into train, validation and test.
///
/// Part p ends at ⌊n · Σ fractions up to p⌋; what the fractions leave over is in no part. `[0.5, 0.25, 0.25]` is the
/// protocol of AllSet (Chien et al., 2022). The same seed gives the same split; ids are ascending in each part.
///
/// # Errors
/// When a fraction is negative or not finite, or they add up to more than 1.
pub fn random(n: usize, fractions: [f64; 3], seed: u64) -> Result<Split> {
    check(fractions)?;
    crate::hypergraph::build::check_size("nodes", n)?;
    let mut split = Split::default();
    deal(&mut (0..n as u32).collect::<Vec<_>>(), fractions, &mut split, &mut seeded(seed, Stream::Split));
    Ok(sorted(split))
}

/// Splits the labelled nodes so that every class is shared out by the same fractions.
///
/// # Errors
/// As [`random`], and when a label is not below the number of classes.
pub fn stratified(labels: &Labels, fractions: [f64; 3], seed: u64) -> Result<Split> {
    check(fractions)?;
    labels.check(labels.of.len())?;
    let mut of_class = vec![Vec::new(); labels.classes];
    for node in labels.labelled() {
        if let Some(class) = labels.of[node as usize] {
            of_class[class as usize].push(node);
        }
    }
    let (mut split, mut rng) = (Split::default(), seeded(seed, Stream::Split));
    for ids in &mut of_class {
        deal(ids, fractions, &mut split, &mut rng);
    }
    Ok(sorted(split))
}

fn deal(ids: &mut [u32], fractions: [f64; 3], split: &mut Split, rng: &mut ChaCha8Rng) {
    ids.shuffle(rng);
    let (mut begin, mut sum) = (0, 0.0);
    for (part, fraction) in [&mut split.train, &mut split.valid, &mut split.test].into_iter().zip(fractions) {
        sum += fraction;
        // The nudge lets 0.7 + 0.2 + 0.1 end at n.
        let end = ((ids.len() as f64 * sum + 1e-6) as usize).clamp(begin, ids.len());
        part.extend_from_slice(&ids[begin..end]);
        begin = end;
    }
}

fn sorted(mut split: Split) -> Split {
    [&mut split.train, &mut split.valid, &mut split.test].into_iter().for_each(|ids| ids.sort_unstable());
    split
}

fn check(fractions: [f64; 3]) -> Result<()> {
    let sum: f64 = fractions.iter().sum();
    if fractions.iter().all(|f| f.is_finite() && *f >= 0.0) && sum <= 1.0 + 1e-9 {
        return Ok(());
    }
    let expected = "numbers >= 0 that add up to at most 1";
    Err(Error::invalid("fractions of train, validation and test", expected, format!("{fractions:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLSET: [f64; 3] = [0.5, 0.25, 0.25];

    #[test]
    fn random_is_a_partition_drawn_from_the_seed() {
        let split = random(2708, ALLSET, 3).unwrap();
        assert_eq!((split.train.len(), split.valid.len(), split.test.len()), (1354, 677, 677));
        split.check(2708).unwrap();
        assert_eq!(split, random(2708, ALLSET, 3).unwrap());
        assert_ne!(split, random(2708, ALLSET, 4).unwrap());
        assert!(split.train.windows(2).all(|w| w[0] < w[1]));
        let all = random(1001, [0.7, 0.2, 0.1], 3).unwrap();
        assert_eq!(all.train.len() + all.valid.len() + all.test.len(), 1001);
    }

    #[test]
    fn the_draw_is_the_same_on_every_platform() {
        let split = random(11, ALLSET, 42).unwrap();
        assert_eq!(split.to_text(11), PINNED);
    }

    const PINNED: &str = "11002000212";

    #[test]
    fn stratified_shares_every_class() {
        let of: Vec<_> = (0..901).map(|i| (i % 10 != 9).then_some(u32::from(i % 3 == 0))).collect();
        let labels = Labels { classes: 2, of };
        let split = stratified(&labels, ALLSET, 5).unwrap();
        split.check(901).unwrap();
        for (class, count) in labels.counts().into_iter().enumerate() {
            let trained = split.train.iter().filter(|i| labels.of[**i as usize] == Some(class as u32)).count();
            assert_eq!(trained, count / 2);
        }
        assert_eq!(split.train.len() + split.valid.len() + split.test.len(), labels.labelled().len());
    }

    #[test]
    fn bad_fractions_are_refused() {
        for bad in [[0.5, 0.5, 0.5], [-0.1, 0.5, 0.5], [f64::NAN, 0.5, 0.5]] {
            assert!(random(10, bad, 0).unwrap_err().to_string().contains("at most 1"));
        }
    }
}
