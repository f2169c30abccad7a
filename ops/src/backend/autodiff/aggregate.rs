//! Gradients of `aggregate`.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::tensor::ops::FloatTensor;
use burn::tensor::{FloatDType, TensorMetadata};
use hypergraphql_kernels::Direction;
use hypergraphql_kernels::aggregate::{Reduce, Wanted, Weights};

use super::scale::{cast, scaled, scaled_wide};
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
    /// Where the gradient reads it.
    x: Option<FloatTensor<B>>,
    weights: Weights<FloatTensor<B>>,
    wanted: Wanted,
}

pub(super) fn sum<B: HyperBackend, C: CheckpointStrategy>(
    gradient: SumGradient,
    s: &B::Sparse,
    pass: Pass<B>,
    x: Node<B, C>,
    weights: Weights<Node<B, C>>,
) -> Node<B, C> {
    attach::<B, C, _>(gradient, |wanted| wanted.weights, s, pass, x, weights)
}

pub(super) fn extremum<B: HyperBackend, C: CheckpointStrategy>(
    gradient: ExtremumGradient,
    s: &B::Sparse,
    pass: Pass<B>,
    x: Node<B, C>,
    weights: Weights<Node<B, C>>,
) -> Node<B, C> {
    attach::<B, C, _>(gradient, |_| true, s, pass, x, weights)
}

fn attach<B: HyperBackend, C: CheckpointStrategy, G>(
    gradient: G,
    save_x: impl FnOnce(Wanted) -> bool,
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
    let wanted = Wanted { x: tracked::<B, C>(&x), weights: matches!(&weights, Weights::Entries(w) if tracked::<B, C>(w)) };
    let saved = save_x(wanted).then(|| x.primitive.clone());
    let state = || State { pattern: s.clone(), x: saved, weights: constants, pass, wanted };
    match &weights {
        Weights::Entries(w) => node::<B, C, _, 2>(gradient, [&x, w], y, state),
        Weights::Ones | Weights::Values => node::<B, C, _, 1>(gradient, [&x], y, state),
    }
}

/// dw of a sum or mean, `[nnz]`: the inner products of dy and x per entry.
fn weight_gradient<B: HyperBackend>(s: &B::Sparse, pass: &Pass<B>, x: FloatTensor<B>, dy: FloatTensor<B>) -> FloatTensor<B> {
    let shares = (pass.reduce == Reduce::Mean).then(|| B::inverse_counts(s, pass.direction));
    let dtype = FloatDType::from(x.dtype());
    let (x, dy) = if shares.is_none() && pass.input_scale.is_none() && pass.output_scale.is_none() {
        (x, dy)
    } else {
        // In the type of sums: dy over a large count may be less than the storage type holds.
        let dy = scaled_wide::<B>(shares.as_ref(), scaled_wide::<B>(pass.output_scale.as_ref(), dy));
        (scaled_wide::<B>(pass.input_scale.as_ref(), x), dy)
    };
    let dots = match pass.direction {
        Direction::ToRows => B::entry_dot(s, dy, x),
        Direction::ToCols => B::entry_dot(s, x, dy),
    };
    cast::<B>(dots, dtype)
}

impl<B: HyperBackend, const N: usize> Backward<B, N> for SumGradient {
    type State = State<B>;

    fn backward(self, ops: Ops<State<B>, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        let State { pattern, pass, x, weights, .. } = ops.state.clone();
        if let Some(x) = x {
            give::<B, _, N>(&ops, grads, 1, || weight_gradient::<B>(&pattern, &pass, x, dy.clone()));
        }
        give::<B, _, N>(&ops, grads, 0, || {
            let (direction, output_scale) = (pass.direction.reverse(), pass.input_scale);
            let (dy, input_scale) = match pass.reduce {
                // The shares are folded into the pass; where there is a scale too, the product with it comes first.
                Reduce::Mean => (scaled::<B>(pass.output_scale.as_ref(), dy), Some(B::inverse_counts(&pattern, pass.direction))),
                _ => (dy, pass.output_scale),
            };
            B::aggregate(&pattern, &Pass { direction, reduce: Reduce::Sum, input_scale, output_scale }, dy, weights)
        });
    }
}

impl<B: HyperBackend, const N: usize> Backward<B, N> for ExtremumGradient {
    type State = State<B>;

    fn backward(self, ops: Ops<State<B>, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        let State { pattern, mut pass, x, weights, wanted } = ops.state.clone();
        let (input_scale, output_scale) = (pass.input_scale.take(), pass.output_scale.take());
        let scale_input = |x| scaled::<B>(input_scale.as_ref(), x);
        let dy = scaled::<B>(output_scale.as_ref(), dy);
        let Some(x) = x.map(scale_input) else { return };
        let (dx, dw) = B::extremum_backward(&pattern, &pass, x, weights, dy, wanted);
        for (i, gradient) in [dx.map(scale_input), dw].into_iter().enumerate() {
            if let Some(gradient) = gradient {
                give::<B, _, N>(&ops, grads, i, || gradient);
            }
        }
    }
}
