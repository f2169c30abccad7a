//! Node features, dense or sparse, and the synthetic ones of datasets that have none.

use ndarray::Array2;
use rand_distr::{Distribution, StandardNormal};
use sprs::CsMat;

use super::{Labels, length};
use crate::hypergraph::build::plausible_count;
use crate::rng::{Stream, seeded};
use crate::{Error, Result};

/// A feature row per node.
#[derive(Debug, Clone, PartialEq)]
pub enum Features {
    /// Every value is stored.
    Dense(Array2<f32>),
    /// Only non-zero values are stored, as CSR; [`Features::from_sparse`] takes CSC too.
    Sparse(CsMat<f32>),
    /// There are none.
    None,
}

impl Features {
    /// Sparse features from CSR or CSC.
    pub fn from_sparse(matrix: CsMat<f32>) -> Self {
        Self::Sparse(matrix.into_csr())
    }

    /// One column per node, for datasets that have no features: row i has a 1 in column i.
    ///
    /// # Shapes
    /// `[nodes, nodes]`, sparse.
    pub fn identity(nodes: usize) -> Self {
        Self::Sparse(CsMat::eye(nodes))
    }

    /// The number of rows; 0 when there are no features.
    pub fn rows(&self) -> usize {
        match self {
            Self::Dense(x) => x.nrows(),
            Self::Sparse(x) => x.rows(),
            Self::None => 0,
        }
    }

    /// The number of columns; 0 when there are no features.
    pub fn width(&self) -> usize {
        match self {
            Self::Dense(x) => x.ncols(),
            Self::Sparse(x) => x.cols(),
            Self::None => 0,
        }
    }

    /// The number of stored values.
    pub fn nnz(&self) -> usize {
        match self {
            Self::Dense(x) => x.len(),
            Self::Sparse(x) => x.nnz(),
            Self::None => 0,
        }
    }

    /// All values, row after row; none when there are no features.
    pub fn to_dense(&self) -> Option<Array2<f32>> {
        match self {
            Self::Dense(x) => Some(x.clone()),
            Self::Sparse(x) => Some(x.to_dense()),
            Self::None => None,
        }
    }

    pub(super) fn check(&self, nodes: usize) -> Result<()> {
        if !matches!(self, Self::None) && self.rows() != nodes {
            return Err(length("features", nodes, "node", self.rows()));
        }
        if let Self::Sparse(x) = self
            && x.is_csc()
        {
            // Whatever walks the rows would take the columns for them.
            return Err(Error::invalid("sparse features", "CSR, as Features::from_sparse makes it", "CSC"));
        }
        let most = plausible_count(self.nnz());
        if self.width() > most {
            return Err(Error::invalid("feature columns", format!("at most {most}"), self.width().to_string()));
        }
        let bad = match self {
            Self::Dense(x) => x.indexed_iter().find(|(_, v)| !v.is_finite()).map(|(at, v)| (at, *v)),
            Self::Sparse(x) => x.iter().find(|(v, _)| !v.is_finite()).map(|(v, at)| (at, *v)),
            Self::None => None,
        };
        match bad {
            None => Ok(()),
            Some(((row, col), v)) => Err(Error::invalid(format!("feature at row {row}, column {col}"), "a finite number", v.to_string())),
        }
    }
}

/// Features for a dataset without any: the one-hot label padded to `width` columns plus N(0, sigma²).
///
/// `x[i, j] = [j = label(i)] + sigma · z`, z standard normal; an unlabelled node has noise only. `width` 100 and `sigma`
/// 1 are the protocol of AllSet (Chien et al., 2022) for house-committees and walmart-trips. The same seed draws the
/// same features.
///
/// # Shapes
/// `[N, width]`.
///
/// # Errors
/// When `width` is smaller than the number of classes, or `sigma` is negative or not finite.
pub fn synthetic_features(labels: &Labels, width: usize, sigma: f32, seed: u64) -> Result<Features> {
    if width < labels.classes {
        return Err(Error::invalid("width", format!("at least {} (the classes)", labels.classes), width.to_string()));
    }
    if !sigma.is_finite() || sigma < 0.0 {
        return Err(Error::invalid("sigma", "a finite number >= 0", sigma.to_string()));
    }
    let mut rng = seeded(seed, Stream::Features);
    let mut x = Array2::zeros((labels.of.len(), width)); // [N, width]
    for (mut row, label) in x.rows_mut().into_iter().zip(&labels.of) {
        for v in &mut row {
            let z: f32 = StandardNormal.sample(&mut rng);
            *v = sigma * z;
        }
        if let Some(class) = label {
            row[*class as usize] += 1.0;
        }
    }
    Ok(Features::Dense(x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synthetic_features_are_label_plus_noise() {
        let labels = Labels { classes: 3, of: (0..3001).map(|i| (i % 4 < 3).then_some(i % 3)).collect() };
        let Features::Dense(noisy) = synthetic_features(&labels, 7, 0.5, 11).unwrap() else { panic!() };
        let Features::Dense(exact) = synthetic_features(&labels, 7, 0.0, 11).unwrap() else { panic!() };
        assert_eq!(noisy.dim(), (3001, 7));
        assert_eq!(exact.sum(), labels.of.iter().flatten().count() as f32);
        assert_eq!(exact[[5, 2]], 1.0);
        let noise = &noisy - &exact;
        assert!(noise.mean().unwrap().abs() < 0.02 && (noise.std(0.0) - 0.5).abs() < 0.02);
        assert_eq!(Features::Dense(noisy.clone()), synthetic_features(&labels, 7, 0.5, 11).unwrap());
        assert_ne!(Features::Dense(noisy), synthetic_features(&labels, 7, 0.5, 12).unwrap());
    }

    #[test]
    fn identity_tells_nodes_apart() {
        let x = Features::identity(5);
        assert_eq!((x.rows(), x.width(), x.nnz()), (5, 5, 5));
        assert_eq!(x.to_dense().unwrap(), Array2::<f32>::eye(5));
        assert_eq!(Features::identity(0).rows(), 0);
    }

    #[test]
    fn synthetic_features_refuse_bad_arguments() {
        let labels = Labels { classes: 3, of: vec![Some(2)] };
        assert!(synthetic_features(&labels, 2, 1.0, 0).unwrap_err().to_string().contains("at least 3"));
        assert!(synthetic_features(&labels, 3, f32::NAN, 0).is_err());
    }
}
