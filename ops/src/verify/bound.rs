//! Expected values with the error allowed for each.

use hypergraphql_kernels::DType;

/// Expected numbers and how they were made; see the module for the rule.
pub(super) struct Expected {
    /// By the f64 reference.
    pub(super) values: Vec<f64>,
    /// Sum of the absolute terms of each.
    pub(super) magnitudes: Vec<f64>,
    /// Roundings to the storage type.
    pub(super) stages: f64,
    /// Longest sum.
    pub(super) terms: usize,
    /// Further multiples of the round-off of sums.
    pub(super) slack: f64,
    /// Per value, by how much the smallest positive number of the type may change it: what stored intermediates too small to be normal are
    /// multiplied by. Nothing if empty.
    pub(super) underflow: Vec<f64>,
}

/// The worst element of a comparison.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Worst {
    pub(super) at: usize,
    pub(super) got: f64,
    pub(super) expected: f64,
    pub(super) error: f64,
    pub(super) bound: f64,
}

impl Worst {
    /// NaN errors are over every bound.
    pub(super) fn passed(&self) -> bool {
        self.error <= self.bound
    }

    fn ratio(&self) -> f64 {
        match self.error {
            0.0 => 0.0,
            error if error.is_nan() => f64::INFINITY,
            error => error / self.bound,
        }
    }

    pub(super) fn or_worse(self, other: Self) -> Self {
        if other.ratio() > self.ratio() { other } else { self }
    }
}

impl Expected {
    pub(super) fn new(values: Vec<f64>, magnitudes: Vec<f64>, stages: f64, terms: usize) -> Self {
        Self { values, magnitudes, stages, terms, slack: 0.0, underflow: Vec::new() }
    }

    pub(super) fn with_slack(self, slack: f64) -> Self {
        Self { slack, ..self }
    }

    pub(super) fn with_underflow(self, underflow: Vec<f64>) -> Self {
        Self { underflow, ..self }
    }

    fn factor(&self, dtype: DType) -> f64 {
        let sums = if dtype == DType::F64 { DType::F64 } else { DType::F32 };
        self.stages * dtype.unit_roundoff() + (16.0 + 2.0 * (self.terms as f64).sqrt() + self.slack) * sums.unit_roundoff()
    }

    /// The element nearest to its bound, or furthest over it.
    pub(super) fn compare(&self, got: &[f64], dtype: DType) -> Worst {
        // Half of the smallest positive number: below it a value rounds to 0.
        let tiny = match dtype {
            DType::F64 => 2.5e-324 * 2.0,
            DType::F32 | DType::BF16 => 1.2e-38,
            DType::F16 => 3.0e-8,
        };
        let factor = self.factor(dtype);
        let elements = got.iter().zip(&self.values).zip(&self.magnitudes).enumerate();
        elements
            .map(|(at, ((&got, &expected), &m))| {
                let bound = factor * m + (self.stages + self.underflow.get(at).unwrap_or(&0.0)) * tiny;
                Worst { at, got, expected, error: (got - expected).abs(), bound }
            })
            .reduce(Worst::or_worse)
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_term_and_a_nan_are_over_the_bound() {
        let expected = Expected::new(vec![2.0, 3.0], vec![2.0, 3.0], 1.0, 5000);
        assert!(expected.compare(&[2.0, 3.0 + 1e-6], DType::F32).passed());
        assert!(!expected.compare(&[2.0, 3.0 + 3.0 / 5000.0], DType::F32).passed());
        assert!(!expected.compare(&[f64::NAN, 3.0], DType::F32).passed());
        assert!(!expected.compare(&[2.0, f64::INFINITY], DType::BF16).passed());
        assert!(expected.compare(&[2.0, 3.0], DType::F64).passed());
    }

    #[test]
    fn underflow_counts_where_it_is_stated() {
        let expected = Expected::new(vec![0.0, 0.0], vec![0.0, 0.0], 1.0, 3).with_underflow(vec![0.0, 1e4]);
        assert!(expected.compare(&[0.0, 2e-4], DType::F16).passed());
        assert!(!expected.compare(&[2e-4, 0.0], DType::F16).passed());
        assert!(!expected.compare(&[0.0, 2e-4], DType::F32).passed());
    }

    #[test]
    fn nothing_expected_means_nothing_allowed() {
        let expected = Expected::new(vec![0.0], vec![0.0], 1.0, 3);
        assert!(expected.compare(&[0.0], DType::F16).passed());
        assert!(!expected.compare(&[1e-6], DType::F16).passed());
    }
}
