//! How well scores tell connected pairs from others.

/// Scores with what they are of, best first; NaN last.
fn ordered(positives: &[f32], negatives: &[f32]) -> Vec<(f32, bool)> {
    let tell = |scores: &[f32], connected| {
        scores.iter().map(move |s| (if s.is_nan() { f32::NEG_INFINITY } else { *s }, connected)).collect::<Vec<_>>()
    };
    let mut all = [tell(positives, true), tell(negatives, false)].concat();
    all.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    all
}

/// How many positives and negatives there are of each score, best first.
fn steps(all: &[(f32, bool)]) -> impl Iterator<Item = (f64, f64)> {
    all.chunk_by(|a, b| a.0 == b.0).map(|same| {
        let positives = same.iter().filter(|one| one.1).count();
        (positives as f64, (same.len() - positives) as f64)
    })
}

/// The area under the ROC curve: the probability that a connected pair scores higher than another one, ties counted half. None where either is missing.
pub fn roc_auc(positives: &[f32], negatives: &[f32]) -> Option<f64> {
    if positives.is_empty() || negatives.is_empty() {
        return None;
    }
    let all = ordered(positives, negatives);
    let (mut area, mut above) = (0.0, 0.0);
    for (p, n) in steps(&all) {
        area += n * (above + 0.5 * p);
        above += p;
    }
    Some(area / (positives.len() as f64 * negatives.len() as f64))
}

/// Average precision, Σ (R_i − R_(i−1)) P_i over the different scores, with the precision as it were if there were as many connected pairs as others:
/// P = TPR / (TPR + FPR). A constant score has 0.5. None where either is missing.
pub fn average_precision(positives: &[f32], negatives: &[f32]) -> Option<f64> {
    if positives.is_empty() || negatives.is_empty() {
        return None;
    }
    let (of_positives, of_negatives) = (positives.len() as f64, negatives.len() as f64);
    let all = ordered(positives, negatives);
    let (mut sum, mut tpr, mut fpr) = (0.0, 0.0, 0.0);
    for (p, n) in steps(&all) {
        tpr += p / of_positives;
        fpr += n / of_negatives;
        if p > 0.0 {
            sum += p / of_positives * tpr / (tpr + fpr);
        }
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_those_of_plain_loops() {
        let (positives, negatives) = ([0.9_f32, 0.4, 0.4, -1.0, 2.5], [0.4_f32, 0.1, 2.5, -3.0, -3.0, 0.5, 0.4]);
        let pairs = positives.iter().flat_map(|p| negatives.iter().map(move |n| (p, n)));
        let auc: f64 = pairs.map(|(p, n)| if p > n { 1.0 } else { 0.5 * f64::from(u8::from(p == n)) }).sum::<f64>() / 35.0;
        assert!((roc_auc(&positives, &negatives).unwrap() - auc).abs() < 1e-12);
        let share = |scores: &[f32], least: f32| scores.iter().filter(|s| **s >= least).count() as f64 / scores.len() as f64;
        let precision = |p: f32| share(&positives, p) / (share(&positives, p) + share(&negatives, p));
        let ap = positives.iter().map(|p| precision(*p)).sum::<f64>() / 5.0;
        assert!((average_precision(&positives, &negatives).unwrap() - ap).abs() < 1e-12);
    }

    #[test]
    fn bounds_and_nothing() {
        assert_eq!((roc_auc(&[2.0, 3.0], &[1.0]), average_precision(&[2.0, 3.0], &[1.0])), (Some(1.0), Some(1.0)));
        assert_eq!(roc_auc(&[0.0], &[1.0, 1.0]), Some(0.0));
        assert_eq!((roc_auc(&[1.0; 3], &[1.0; 7]), average_precision(&[1.0; 3], &[1.0; 7])), (Some(0.5), Some(0.5)));
        assert_eq!((roc_auc(&[], &[1.0]), average_precision(&[1.0], &[])), (None, None));
        assert_eq!(roc_auc(&[f32::NAN], &[f32::NEG_INFINITY, 0.0]), Some(0.25), "a score that is no number is the last");
    }
}
