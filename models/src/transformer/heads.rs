//! Between rows of tokens and heads of sequences.

use burn::tensor::Tensor;
use hypergraphql_ops::{HyperBackend, swap_axes};

use super::batch::Group;
use crate::error::Result;

/// The rows of a group, from `row` on, with their heads of `width` features apart.
///
/// # Shapes
/// x `[N, H·D]` -> `[S, H, T, D]`
///
/// # Errors
/// A type that the device lacks.
pub(crate) fn split<B: HyperBackend>(x: &Tensor<B, 2>, group: Group, row: usize, width: usize) -> Result<Tensor<B, 4>> {
    let [all, features] = x.dims();
    let rows = group.sequences * group.tokens;
    let x = if rows == all { x.clone() } else { x.clone().narrow(0, row, rows) };
    Ok(swap_axes(x.reshape([group.sequences, group.tokens, features / width, width]))?)
}

/// The rows of groups, one after another, from their heads.
///
/// # Shapes
/// each x `[S, H, T, D]` -> `[N, H·D]`
///
/// # Errors
/// A type that the device lacks.
pub(crate) fn join<B: HyperBackend>(groups: Vec<Tensor<B, 4>>) -> Result<Tensor<B, 2>> {
    let rows = |x: Tensor<B, 4>| -> Result<Tensor<B, 2>> {
        let [sequences, heads, tokens, width] = x.dims();
        Ok(swap_axes(x)?.reshape([sequences * tokens, heads * width]))
    };
    let mut groups = groups.into_iter().map(rows).collect::<Result<Vec<_>>>()?;
    Ok(if groups.len() == 1 { groups.swap_remove(0) } else { Tensor::cat(groups, 0) })
}
