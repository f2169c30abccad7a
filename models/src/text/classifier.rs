//! Classes of texts from their embeddings, with a confidence that means what it says.

use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use burn::tensor::backend::Backend;
use hypergraphql_ops::HyperBackend;

use crate::error::{ModelError, Result};
use crate::layers::WeightStream;
use crate::precision::Precision;
use crate::transformer::Projection;

/// Temperatures that are looked at: e^−4 to e^4.
const RANGE: f64 = 4.0;
/// Narrowings of the range, each to 0.62 of it: to 1e-9.
const STEPS: usize = 48;

/// `p = softmax( (x Wᵀ + b) / T )`, T fitted after training on texts that it did not see (Guo et al. 2017, arXiv:1706.04599).
#[derive(Module, Debug)]
pub struct TextClassifier<B: Backend> {
    /// W `[C, d]`, b `[C]`
    pub head: Projection<B>,
    /// T; 1 until it is fitted.
    pub temperature: f64,
}

impl<B: HyperBackend> TextClassifier<B> {
    /// From embeddings of `width` features to `classes`, not calibrated.
    ///
    /// # Errors
    /// When a size is 0 or the weight exceeds 2³¹ elements.
    pub fn new(width: usize, classes: usize, device: &B::Device, weights: &mut WeightStream) -> Result<Self> {
        Ok(Self { head: Projection::new([width, classes], true, device, weights)?, temperature: 1.0 })
    }

    /// Logits, for a loss and for [`temperature`].
    ///
    /// # Shapes
    /// x `[S, d]` -> `[S, C]` in f32
    pub fn logits(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.head.forward(x, Precision::F32)
    }

    /// Probabilities of the classes.
    ///
    /// # Shapes
    /// x `[S, d]` -> `[S, C]` in f32
    pub fn probabilities(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        softmax(self.logits(x).div_scalar(self.temperature), 1)
    }

    /// The same with the temperature that fits these logits best.
    ///
    /// # Errors
    /// As [`temperature`].
    pub fn calibrated(self, logits: &[f32], labels: &[u32]) -> Result<Self> {
        let [classes, _] = self.head.weight.dims();
        Ok(Self { temperature: temperature(logits, classes, labels)?, ..self })
    }
}

/// The temperature T in e^±4 at which `mean_s −ln softmax(z_s / T)_(label_s)` is least; the classes' order does not change with it.
///
/// # Shapes
/// logits `[S, C]`, labels `[S]`
///
/// # Errors
/// No rows, lengths that disagree, a label that is no class, a logit that is not finite.
pub fn temperature(logits: &[f32], classes: usize, labels: &[u32]) -> Result<f64> {
    check("logits of a calibration", logits, classes, labels)?;
    let loss = |log_t: f64| -> f64 {
        let t = log_t.exp();
        let row = |(z, &label): (&[f32], &u32)| {
            let most = z.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = z.iter().map(|&z| (f64::from(z - most) / t).exp()).sum();
            sum.ln() - f64::from(z[label as usize] - most) / t
        };
        logits.chunks(classes).zip(labels).map(row).sum()
    };
    // The loss is convex in 1 / T, so that it falls and then rises in ln T: golden sections find the bottom.
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (-RANGE, RANGE);
    for _ in 0..STEPS {
        let (a, b) = (high - golden * (high - low), low + golden * (high - low));
        if loss(a) < loss(b) { high = b } else { low = a }
    }
    Ok(((low + high) / 2.0).exp())
}

/// Expected calibration error: over `bins` of equal width of the largest probability, `Σ_b n_b / S · |right_b − confidence_b|` (Naeini et al. 2015).
///
/// # Shapes
/// probabilities `[S, C]`, labels `[S]`
///
/// # Errors
/// No rows or bins, lengths that disagree, a label that is no class, a probability that is not finite.
pub fn calibration_error(probabilities: &[f32], classes: usize, labels: &[u32], bins: usize) -> Result<f64> {
    check("probabilities of a calibration", probabilities, classes, labels)?;
    if bins == 0 {
        return Err(ModelError::option("number of bins", 0, "at least 1"));
    }
    // Of each bin the sum of right answers less that of confidences: counts cancel.
    let mut gaps = vec![0.0; bins];
    for (row, &label) in probabilities.chunks(classes).zip(labels) {
        let (best, confidence) = row.iter().enumerate().fold((0, f32::MIN), |best, (i, &p)| if p > best.1 { (i, p) } else { best });
        let bin = ((f64::from(confidence) * bins as f64) as usize).min(bins - 1);
        gaps[bin] += f64::from(u8::from(best as u32 == label)) - f64::from(confidence);
    }
    Ok(gaps.iter().map(|gap: &f64| gap.abs()).sum::<f64>() / labels.len() as f64)
}

fn check(what: &'static str, values: &[f32], classes: usize, labels: &[u32]) -> Result<()> {
    if labels.is_empty() || classes == 0 || labels.len().checked_mul(classes) != Some(values.len()) {
        return Err(ModelError::shape(what, &[values.len()], &[labels.len().max(1), classes.max(1)]));
    }
    if let Some(label) = labels.iter().find(|label| **label as usize >= classes) {
        return Err(ModelError::option("a label", label, format!("a class below {classes}")));
    }
    match values.iter().find(|x| !x.is_finite()) {
        Some(x) => Err(ModelError::option(what, x, "finite numbers")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: usize = 3;

    /// Logits that are three times too sure of themselves, and labels drawn by what they should say.
    fn overconfident() -> (Vec<f32>, Vec<u32>) {
        let mut random = WeightStream::new(11);
        let device = hypergraphql_ops::CpuDevice::default();
        let mut draw = |n: usize| -> Vec<f32> {
            random.uniform::<hypergraphql_ops::Cpu, 1>([n], 1.0, &device).unwrap().val().into_data().into_vec().unwrap()
        };
        const ROWS: usize = 20_000;
        let (honest, draws) = (draw(ROWS * CLASSES), draw(ROWS));
        let label = |(z, u): (&[f32], &f32)| {
            let weights: Vec<f64> = z.iter().map(|z| f64::from(2.0 * z).exp()).collect();
            let mut left = f64::from((u + 1.0) / 2.0) * weights.iter().sum::<f64>();
            weights.iter().position(|w| {
                left -= w;
                left < 0.0
            })
        };
        let labels = honest.chunks(CLASSES).zip(&draws).map(|row| label(row).unwrap_or(CLASSES - 1) as u32).collect();
        (honest.iter().map(|z| 6.0 * z).collect(), labels)
    }

    fn softmax(logits: &[f32], t: f64) -> Vec<f32> {
        let row = |z: &[f32]| {
            let e: Vec<f64> = z.iter().map(|&z| (f64::from(z) / t).exp()).collect();
            let sum: f64 = e.iter().sum();
            e.into_iter().map(move |e| (e / sum) as f32).collect::<Vec<_>>()
        };
        logits.chunks(CLASSES).flat_map(row).collect()
    }

    #[test]
    fn the_temperature_undoes_overconfidence() {
        let (logits, labels) = overconfident();
        let t = temperature(&logits, CLASSES, &labels).unwrap();
        assert!((t - 3.0).abs() < 0.15, "{t}");
        let error = |t| calibration_error(&softmax(&logits, t), CLASSES, &labels, 15).unwrap();
        assert!(error(1.0) > 0.15 && error(t) < 0.02, "{} {}", error(1.0), error(t));
    }

    #[test]
    fn the_calibration_error_is_that_of_its_formula() {
        // Bins of a half: 0.9 right, 0.7 wrong and 0.4 right.
        let p = [0.9, 0.05, 0.05, 0.7, 0.2, 0.1, 0.3, 0.4, 0.3];
        let got = calibration_error(&p, CLASSES, &[0, 1, 1], 2).unwrap();
        assert!((got - (0.6 + 0.6) / 3.0).abs() < 1e-6, "{got}");
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(temperature(&[], CLASSES, &[]).is_err());
        assert!(temperature(&[0.0; 5], CLASSES, &[0, 1]).is_err());
        assert!(temperature(&[0.0; 3], CLASSES, &[3]).unwrap_err().to_string().starts_with("a label is 3"));
        assert!(temperature(&[f32::NAN; 3], CLASSES, &[1]).is_err());
        assert!(calibration_error(&[0.5; 3], CLASSES, &[1], 0).is_err());
    }
}
