//! Scales as tensors, for the few gradients that no pass can fold them into.

use burn::tensor::FloatDType;
use burn::tensor::TensorMetadata;
use burn::tensor::ops::FloatTensor;
use hypergraphql_kernels::Direction;
use hypergraphql_kernels::aggregate::{Reduce, Weights};

use crate::backend::{HyperBackend, Pass};

/// The type of sums for tensors like `x`.
fn wide<B: HyperBackend>(x: &FloatTensor<B>) -> FloatDType {
    if x.dtype() == burn::tensor::DType::F64 { FloatDType::F64 } else { FloatDType::F32 }
}

/// A pass over ones [inputs, 1].
fn pass_of_ones<B: HyperBackend>(s: &B::Sparse, pass: &Pass<B>, inputs: usize, like: &FloatTensor<B>) -> FloatTensor<B> {
    let ones = B::float_ones([inputs, 1].into(), &B::float_device(like), wide::<B>(like));
    B::aggregate(s, pass, ones, Weights::Ones)
}

/// The number of entries of each output [outputs, 1].
fn counts<B: HyperBackend>(s: &B::Sparse, direction: Direction, inputs: usize, like: &FloatTensor<B>) -> FloatTensor<B> {
    pass_of_ones::<B>(s, &Pass { direction, reduce: Reduce::Sum, input_scale: None, output_scale: None }, inputs, like)
}

/// `x` [outputs, F] times the scale of each output; rows of outputs without entries become 0, and no gradient reads them.
pub(super) fn scaled<B: HyperBackend>(
    s: &B::Sparse,
    direction: Direction,
    scale: Option<&B::Scale>,
    inputs: usize,
    x: FloatTensor<B>,
) -> FloatTensor<B> {
    let Some(scale) = scale else { return x };
    // Burn's products panic on empty tensors on some devices; without inputs there is no entry that would read the rows.
    if inputs == 0 || x.shape().num_elements() == 0 {
        return x;
    }
    // The largest of ones is 1, so that this pass writes the scale itself.
    let pass = Pass { direction, reduce: Reduce::Max, input_scale: None, output_scale: Some(scale.clone()) };
    let column = pass_of_ones::<B>(s, &pass, inputs, &x);
    in_wide::<B>(x, |x| B::float_mul(x, column))
}

/// `dy` [outputs, F] over the number of entries of each output.
pub(super) fn over_counts<B: HyperBackend>(s: &B::Sparse, direction: Direction, inputs: usize, dy: FloatTensor<B>) -> FloatTensor<B> {
    if inputs == 0 || dy.shape().num_elements() == 0 {
        return dy;
    }
    let counts = counts::<B>(s, direction, inputs, &dy);
    in_wide::<B>(dy, |dy| B::float_div(dy, counts))
}

/// Runs `f` in the type of sums.
fn in_wide<B: HyperBackend>(x: FloatTensor<B>, f: impl FnOnce(FloatTensor<B>) -> FloatTensor<B>) -> FloatTensor<B> {
    let (narrow, wide) = (FloatDType::from(x.dtype()), wide::<B>(&x));
    if narrow == wide { f(x) } else { B::float_cast(f(B::float_cast(x, wide)), narrow) }
}
