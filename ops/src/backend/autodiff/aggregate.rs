//! Gradients of `aggregate`.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::tensor::TensorMetadata;
use burn::tensor::ops::FloatTensor;
use hypergraphql_kernels::Direction;
use hypergraphql_kernels::aggregate::{Reduce, Weights};

use super::scale::{over_counts, scaled};
use super::{Node, give, map, node, tracked};
use crate::backend::{HyperBackend, Pass};

/// Sum and mean: dx is the pass the other way with the scales swapped, dw the inner products of dy and x per entry.
#[derive(Debug)]
pub(super) struct SumGradient;

/// Max and min: the entry that attained the extremum receives dy.
#[derive(Debug)]
pub(super) struct ExtremumGradient;

#[derive(Debug, Clone)]
pub(super) struct State<B: HyperBackend> {
    pattern: B::Sparse,
    pass: Pass<B>,
    inputs: usize,
    /// Where the gradient reads it.
    x: Option<FloatTensor<B>>,
    weights: Weights<FloatTensor<B>>,
}

pub(super) fn sum<B: HyperBackend, C: CheckpointStrategy>(
    gradient: SumGradient,
    s: &B::Sparse,
    pass: Pass<B>,
    x: Node<B, C>,
    weights: Weights<Node<B, C>>,
) -> Node<B, C> {
    let save_x = matches!(&weights, Weights::Entries(w) if tracked::<B, C>(w));
    attach::<B, C, _>(gradient, save_x, s, pass, x, weights)
}

pub(super) fn extremum<B: HyperBackend, C: CheckpointStrategy>(
    gradient: ExtremumGradient,
    s: &B::Sparse,
    pass: Pass<B>,
    x: Node<B, C>,
    weights: Weights<Node<B, C>>,
) -> Node<B, C> {
    attach::<B, C, _>(gradient, true, s, pass, x, weights)
}

fn attach<B: HyperBackend, C: CheckpointStrategy, G>(
    gradient: G,
    save_x: bool,
    s: &B::Sparse,
    pass: Pass<B>,
    x: Node<B, C>,
    weights: Weights<Node<B, C>>,
) -> Node<B, C>
where
    G: Backward<B, 1, State = State<B>> + Backward<B, 2, State = State<B>>,
{
    let constants = map(weights.clone(), |w: Node<B, C>| w.primitive);
    let y = B::aggregate(s, &pass, x.primitive.clone(), constants.clone());
    let state =
        || State { pattern: s.clone(), inputs: x.primitive.shape()[0], x: save_x.then(|| x.primitive.clone()), weights: constants, pass };
    match &weights {
        Weights::Entries(w) => node::<B, C, _, 2>(gradient, [&x, w], y, state),
        Weights::Ones | Weights::Values => node::<B, C, _, 1>(gradient, [&x], y, state),
    }
}

impl<B: HyperBackend, const N: usize> Backward<B, N> for SumGradient {
    type State = State<B>;

    fn backward(self, ops: Ops<State<B>, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let mut dy = grads.consume::<B>(&ops.node);
        let State { pattern, pass, inputs, x, weights } = ops.state.clone();
        if pass.reduce == Reduce::Mean {
            dy = over_counts::<B>(&pattern, pass.direction, inputs, dy);
        }
        if let Some(x) = x {
            give::<B, _, N>(&ops, grads, 1, || {
                let x = scaled::<B>(&pattern, pass.direction.reverse(), pass.input_scale.as_ref(), dy.shape()[0], x);
                let dy = scaled::<B>(&pattern, pass.direction, pass.output_scale.as_ref(), inputs, dy.clone());
                match pass.direction {
                    Direction::ToRows => B::entry_dot(&pattern, dy, x),
                    Direction::ToCols => B::entry_dot(&pattern, x, dy),
                }
            });
        }
        let back = Pass {
            direction: pass.direction.reverse(),
            reduce: Reduce::Sum,
            input_scale: pass.output_scale,
            output_scale: pass.input_scale,
        };
        give::<B, _, N>(&ops, grads, 0, || B::aggregate(&pattern, &back, dy, weights));
    }
}

impl<B: HyperBackend, const N: usize> Backward<B, N> for ExtremumGradient {
    type State = State<B>;

    fn backward(self, ops: Ops<State<B>, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        let State { pattern, mut pass, inputs, x, weights } = ops.state.clone();
        let (input_scale, output_scale) = (pass.input_scale.take(), pass.output_scale.take());
        let outputs = dy.shape()[0];
        let scale_input = |x| scaled::<B>(&pattern, pass.direction.reverse(), input_scale.as_ref(), outputs, x);
        let dy = scaled::<B>(&pattern, pass.direction, output_scale.as_ref(), inputs, dy);
        let Some(x) = x.map(scale_input) else { return };
        let (dx, dw) = B::extremum_backward(&pattern, &pass, x, weights, dy);
        give::<B, _, N>(&ops, grads, 0, || scale_input(dx));
        if let Some(dw) = dw {
            give::<B, _, N>(&ops, grads, 1, || dw);
        }
    }
}
