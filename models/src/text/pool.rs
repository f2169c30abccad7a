//! One vector for each sequence.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::transformer::Group;

/// The mean over the tokens of each sequence: the mean under a mask, without padding and mask.
///
/// # Shapes
/// x `[N, d]` -> `[S, d]`
pub fn mean<B: Backend>(x: &Tensor<B, 2>, groups: &[Group]) -> Tensor<B, 2> {
    let [_, width] = x.dims();
    let mut row = 0;
    let mut means = Vec::with_capacity(groups.len());
    for group in groups {
        let rows = group.sequences * group.tokens;
        let x = x.clone().narrow(0, row, rows).reshape([group.sequences, group.tokens, width]);
        means.push(x.mean_dim(1).reshape([group.sequences, width]));
        row += rows;
    }
    Tensor::cat(means, 0)
}

/// Rows of length 1: `x / max(‖x‖, 1e-12)`.
///
/// # Shapes
/// x `[S, d]` -> `[S, d]`
pub fn normalise<B: Backend>(x: Tensor<B, 2>) -> Tensor<B, 2> {
    let length = x.clone().powi_scalar(2).sum_dim(1).sqrt().clamp_min(1e-12); // [S, 1]
    x / length
}
