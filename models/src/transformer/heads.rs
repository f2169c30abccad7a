//! Between rows of tokens and heads of sequences.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::batch::Group;

/// The rows of a group, from `row` on, with their heads of `width` features apart.
///
/// # Shapes
/// x `[N, H·D]` -> `[S, H, T, D]`
pub(crate) fn split<B: Backend>(x: &Tensor<B, 2>, group: Group, row: usize, width: usize) -> Tensor<B, 4> {
    let [all, features] = x.dims();
    let rows = group.sequences * group.tokens;
    let x = if rows == all { x.clone() } else { x.clone().narrow(0, row, rows) };
    x.reshape([group.sequences, group.tokens, features / width, width]).swap_dims(1, 2)
}

/// The rows of groups, one after another, from their heads.
///
/// # Shapes
/// each x `[S, H, T, D]` -> `[N, H·D]`
pub(crate) fn join<B: Backend>(groups: Vec<Tensor<B, 4>>) -> Tensor<B, 2> {
    let rows = |x: Tensor<B, 4>| {
        let [sequences, heads, tokens, width] = x.dims();
        x.swap_dims(1, 2).reshape([sequences * tokens, heads * width])
    };
    let mut groups: Vec<Tensor<B, 2>> = groups.into_iter().map(rows).collect();
    if groups.len() == 1 { groups.swap_remove(0) } else { Tensor::cat(groups, 0) }
}
