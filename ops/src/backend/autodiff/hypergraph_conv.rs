//! Gradient of `hypergraph_conv`.

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::tensor::ops::FloatTensor;
use hypergraphql_kernels::hypergraph_conv::Scales;

use super::{Node, node, tracked};
use crate::backend::{Bias, ConvWanted, HyperBackend};

#[derive(Debug)]
pub(super) struct ConvGradient;

#[derive(Debug, Clone)]
pub(super) struct State<B: HyperBackend> {
    pattern: B::Sparse,
    scales: Scales<B::Scale>,
    /// Where there is a Θ.
    x: Option<FloatTensor<B>>,
    theta: Option<FloatTensor<B>>,
    bias_scale: Option<B::Scale>,
    wanted: ConvWanted,
}

pub(super) fn convolution<B: HyperBackend, C: CheckpointStrategy>(
    gradient: ConvGradient,
    s: &B::Sparse,
    scales: &Scales<B::Scale>,
    x: Node<B, C>,
    theta: Option<Node<B, C>>,
    bias: Option<Bias<Autodiff<B, C>>>,
) -> Node<B, C> {
    let (row, bias_scale) = bias.map_or((None, None), |b| (Some(b.row), b.scale));
    let weight = theta.as_ref().map(|t| t.primitive.clone());
    let inner_bias = row.as_ref().map(|r| Bias { row: r.primitive.clone(), scale: bias_scale.clone() });
    let y = B::hypergraph_conv(s, scales, x.primitive.clone(), weight.clone(), inner_bias);
    let is_tracked = |t: Option<&Node<B, C>>| t.is_some_and(tracked::<B, C>);
    let wanted = ConvWanted { x: tracked::<B, C>(&x), theta: is_tracked(theta.as_ref()), bias: is_tracked(row.as_ref()) };
    let state = || State {
        pattern: s.clone(),
        scales: scales.clone(),
        x: weight.is_some().then(|| x.primitive.clone()),
        theta: weight,
        bias_scale,
        wanted,
    };
    match (&theta, &row) {
        (None, None) => node::<B, C, _, 1>(gradient, [&x], y, state),
        (Some(t), None) => node::<B, C, _, 2>(gradient, [&x, t], y, state),
        (None, Some(r)) => node::<B, C, _, 2>(gradient, [&x, r], y, state),
        (Some(t), Some(r)) => node::<B, C, _, 3>(gradient, [&x, t, r], y, state),
    }
}

impl<B: HyperBackend, const N: usize> Backward<B, N> for ConvGradient {
    type State = State<B>;

    fn backward(self, ops: Ops<State<B>, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        let Ops { parents, state, .. } = ops;
        let State { pattern, scales, x, theta, bias_scale, wanted } = state;
        // Without Θ x is not read, and dy stands in: it has the same shape.
        let x = x.unwrap_or_else(|| dy.clone());
        let g = B::hypergraph_conv_backward(&pattern, &scales, x, theta, bias_scale, dy, wanted);
        // The parents are x, Θ if there is one, bias if there is one; each untracked one left no gradient.
        let wanted = [g.x, g.theta, g.bias].into_iter().flatten();
        for (parent, gradient) in parents.into_iter().flatten().zip(wanted) {
            grads.register::<B>(parent.id, gradient);
        }
    }
}
