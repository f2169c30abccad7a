//! Gradients of `hypergraph_conv` and `sparse_conv`.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::tensor::ops::FloatTensor;
use hypergraphql_kernels::hypergraph_conv::Scales;

use super::{Node, give, node, tracked};
use crate::backend::{ConvWanted, HyperBackend, Operand};

#[derive(Debug)]
struct ConvGradient;

/// What X Θ is multiplied by.
#[derive(Debug, Clone)]
pub(super) enum Operator<B: HyperBackend> {
    /// Both passes with their scales, and the scale of the bias.
    Hypergraph(B::Sparse, Scales<B::Scale>, Option<B::Scale>),
    /// One pass.
    Sparse(Operand<B>),
}

#[derive(Debug, Clone)]
struct State<B: HyperBackend> {
    operator: Operator<B>,
    /// Where dΘ is wanted.
    x: Option<FloatTensor<B>>,
    theta: Option<FloatTensor<B>>,
    wanted: ConvWanted,
}

/// The node of `y`, the convolution of `x` with a weight and a bias row.
pub(super) fn convolution<B: HyperBackend, C: CheckpointStrategy>(
    operator: Operator<B>,
    x: &Node<B, C>,
    theta: Option<&Node<B, C>>,
    row: Option<&Node<B, C>>,
    y: FloatTensor<B>,
) -> Node<B, C> {
    let is_tracked = |t: Option<&Node<B, C>>| t.is_some_and(tracked::<B, C>);
    let wanted = ConvWanted { x: tracked::<B, C>(x), theta: is_tracked(theta), bias: is_tracked(row) };
    let state = || State { operator, x: wanted.theta.then(|| x.primitive.clone()), theta: theta.map(|t| t.primitive.clone()), wanted };
    match (theta, row) {
        (None, None) => node::<B, C, _, 1>(ConvGradient, [x], y, state),
        (Some(t), None) => node::<B, C, _, 2>(ConvGradient, [x, t], y, state),
        (None, Some(r)) => node::<B, C, _, 2>(ConvGradient, [x, r], y, state),
        (Some(t), Some(r)) => node::<B, C, _, 3>(ConvGradient, [x, t, r], y, state),
    }
}

impl<B: HyperBackend, const N: usize> Backward<B, N> for ConvGradient {
    type State = State<B>;

    fn backward(self, ops: Ops<State<B>, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        let Ops { parents, state, .. } = ops;
        let State { operator, x, theta, wanted } = state;
        // Without dΘ x is not read, and dy stands in.
        let x = x.unwrap_or_else(|| dy.clone());
        let g = match operator {
            Operator::Hypergraph(s, scales, c) => B::hypergraph_conv_backward(&s, &scales, x, theta, c, dy, wanted),
            Operator::Sparse(a) => B::sparse_conv_backward(&a, x, theta, dy, wanted),
        };
        // The parents are x, Θ if there is one, bias if there is one; each untracked one left no gradient.
        let wanted = [g.x, g.theta, g.bias].into_iter().flatten();
        for (parent, gradient) in parents.into_iter().flatten().zip(wanted) {
            grads.register::<B>(parent.id, gradient);
        }
    }
}

/// Both passes at once: their transpose is the same op with the outer scales swapped.
#[derive(Debug)]
pub(super) struct FusedGradient;

impl<B: HyperBackend> Backward<B, 1> for FusedGradient {
    type State = (B::Sparse, Scales<B::Scale>);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        let (s, scales) = &ops.state;
        give::<B, _, 1>(&ops, grads, 0, || B::fused_passes(s, &scales.clone().transposed(), dy));
    }
}
