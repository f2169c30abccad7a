//! Embeddings of several encoders as one.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;
use burn::tensor::backend::Backend;

use super::pool::normalise;
use crate::error::{ModelError, Result};

/// The members' embeddings side by side, of length 1.
///
/// # Shapes
/// each x `[S, d_m]` -> `[S, Σ d_m]`
///
/// # Errors
/// No members, or another number of rows in one.
pub fn concatenate<B: Backend>(members: &[Tensor<B, 2>]) -> Result<Tensor<B, 2>> {
    let [rows, _] = first(members)?;
    match members.iter().find(|x| x.dims()[0] != rows) {
        Some(x) => Err(ModelError::shape("a member of the ensemble", &x.dims(), &[rows, x.dims()[1]])),
        None => Ok(normalise(Tensor::cat(members.to_vec(), 1))),
    }
}

/// `Σ_m w_m x_m`, of length 1.
///
/// # Shapes
/// each x `[S, d]` -> `[S, d]`
///
/// # Errors
/// No members, another shape of one, another number of weights, or weights that are negative, not finite or all 0.
pub fn average<B: Backend>(members: &[Tensor<B, 2>], weights: &[f64]) -> Result<Tensor<B, 2>> {
    alike(members)?;
    let usable = weights.iter().all(|w| *w >= 0.0 && w.is_finite()) && weights.iter().any(|w| *w > 0.0);
    if weights.len() != members.len() || !usable {
        let expected = format!("{} numbers from 0 up, not all 0", members.len());
        return Err(ModelError::option("weights of the ensemble", format!("{weights:?}"), expected));
    }
    let mut terms = members.iter().zip(weights).map(|(x, w)| x.clone().mul_scalar(*w));
    let first = terms.next().ok_or_else(none)?;
    Ok(normalise(terms.fold(first, |sum, x| sum + x)))
}

/// A learned query that weighs the members anew for each text, of length 1:
///
/// ```text
/// a_m = softmax_m( ⟨u, x_m⟩ )      y = Σ_m a_m x_m
/// ```
///
/// With u = 0, as it begins, it is the plain average.
#[derive(Module, Debug)]
pub struct AttentionFusion<B: Backend> {
    /// u `[d]`
    pub query: Param<Tensor<B, 1>>,
}

impl<B: Backend> AttentionFusion<B> {
    /// For embeddings of `width` features.
    pub fn new(width: usize, device: &B::Device) -> Self {
        Self { query: Param::from_tensor(Tensor::zeros([width], (device, crate::Precision::F32.dtype()))) }
    }

    /// Fuses the members' embeddings.
    ///
    /// # Shapes
    /// each x `[S, d]` -> `[S, d]`, and the weights `[S, members]`
    ///
    /// # Errors
    /// No members, or another shape of one.
    pub fn forward(&self, members: &[Tensor<B, 2>]) -> Result<(Tensor<B, 2>, Tensor<B, 2>)> {
        let [rows, width] = alike(members)?;
        let query = self.query.val();
        if query.dims() != [width] {
            return Err(ModelError::shape("the query of the ensemble", &query.dims(), &[width]));
        }
        let x: Tensor<B, 3> = Tensor::stack(members.to_vec(), 1); // [S, M, d]
        let query = query.cast(x.dtype()).reshape([1, 1, width]);
        let scores = (x.clone() * query).sum_dim(2); // [S, M, 1]
        let weights = softmax(scores, 1);
        let fused = (x * weights.clone()).sum_dim(1).reshape([rows, width]); // [S, d]
        Ok((normalise(fused), weights.reshape([rows, members.len()])))
    }
}

fn none() -> ModelError {
    ModelError::option("number of members of the ensemble", 0, "at least 1")
}

fn first<B: Backend>(members: &[Tensor<B, 2>]) -> Result<[usize; 2]> {
    members.first().map(Tensor::dims).ok_or_else(none)
}

fn alike<B: Backend>(members: &[Tensor<B, 2>]) -> Result<[usize; 2]> {
    let shape = first(members)?;
    match members.iter().find(|x| x.dims() != shape) {
        Some(x) => Err(ModelError::shape("a member of the ensemble", &x.dims(), &shape)),
        None => Ok(shape),
    }
}
