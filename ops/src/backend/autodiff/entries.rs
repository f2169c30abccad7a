//! Gradients of the ops over entries and rows: `entry_dot`, `edge_score`, `segment_softmax`, `gather`, `scatter_add`, `dropout`, `rms_norm`, `swiglu`.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::tensor::ops::FloatTensor;
use hypergraphql_kernels::Direction;
use hypergraphql_kernels::aggregate::{Reduce, Weights};
use hypergraphql_kernels::dropout::Mask;
use hypergraphql_kernels::edge_score::Wanted;
use hypergraphql_kernels::rms_norm::Wanted as NormWanted;
use hypergraphql_kernels::scatter_add::Scatter;
use hypergraphql_kernels::swiglu::Wanted as GateWanted;

use super::give;
use crate::backend::{HyperBackend, Pass};

/// The gradients of two parents, as far as they were wanted.
fn give_both<B: HyperBackend, S>(ops: &Ops<S, 2>, grads: &mut Gradients, first: Option<FloatTensor<B>>, second: Option<FloatTensor<B>>) {
    for (i, gradient) in [first, second].into_iter().enumerate() {
        if let Some(gradient) = gradient {
            give::<B, _, 2>(ops, grads, i, || gradient);
        }
    }
}

/// da = pass to rows with weights dy, db = pass to columns.
#[derive(Debug)]
pub(super) struct EntryDotGradient;

impl<B: HyperBackend> Backward<B, 2> for EntryDotGradient {
    /// Pattern, a where b is tracked, b where a is tracked.
    type State = (B::Sparse, Option<FloatTensor<B>>, Option<FloatTensor<B>>);

    fn backward(self, mut ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        let (a, b) = (ops.state.1.take(), ops.state.2.take());
        let sum = |direction, x| {
            let pass = Pass { direction, reduce: Reduce::Sum, input_scale: None, output_scale: None };
            B::aggregate(&ops.state.0, &pass, x, Weights::Entries(dy.clone()))
        };
        for (i, direction, other) in [(0, Direction::ToRows, b), (1, Direction::ToCols, a)] {
            if let Some(other) = other {
                give::<B, _, 2>(&ops, grads, i, || sum(direction, other));
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct EdgeScoreGradient;

impl<B: HyperBackend> Backward<B, 2> for EdgeScoreGradient {
    type State = (B::Sparse, FloatTensor<B>, FloatTensor<B>, f64);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let ds = grads.consume::<B>(&ops.node);
        let (pattern, a, b, slope) = &ops.state;
        let wanted = Wanted { a: ops.parents[0].is_some(), b: ops.parents[1].is_some() };
        let (da, db) = B::edge_score_backward(pattern, a.clone(), b.clone(), *slope, ds, wanted);
        give_both::<B, _>(&ops, grads, da, db);
    }
}

#[derive(Debug)]
pub(super) struct SoftmaxGradient;

impl<B: HyperBackend> Backward<B, 1> for SoftmaxGradient {
    type State = (B::Sparse, Direction, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dp = grads.consume::<B>(&ops.node);
        let (pattern, direction, p) = &ops.state;
        give::<B, _, 1>(&ops, grads, 0, || B::segment_softmax_backward(pattern, *direction, p.clone(), dp));
    }
}

#[derive(Debug)]
pub(super) struct GatherGradient;

impl<B: HyperBackend> Backward<B, 1> for GatherGradient {
    type State = B::Sparse;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        give::<B, _, 1>(&ops, grads, 0, || B::scatter_add(&ops.state, dy, Scatter::Deterministic));
    }
}

#[derive(Debug)]
pub(super) struct ScatterGradient;

impl<B: HyperBackend> Backward<B, 1> for ScatterGradient {
    type State = B::Sparse;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        give::<B, _, 1>(&ops, grads, 0, || B::gather(&ops.state, dy));
    }
}

#[derive(Debug)]
pub(super) struct DropoutGradient;

impl<B: HyperBackend> Backward<B, 1> for DropoutGradient {
    type State = Mask;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        give::<B, _, 1>(&ops, grads, 0, || B::dropout(dy, ops.state));
    }
}

#[derive(Debug)]
pub(super) struct RmsNormGradient;

impl<B: HyperBackend> Backward<B, 2> for RmsNormGradient {
    /// x, weight, epsilon
    type State = (FloatTensor<B>, FloatTensor<B>, f64);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        let (x, weight, epsilon) = &ops.state;
        let wanted = NormWanted { x: ops.parents[0].is_some(), weight: ops.parents[1].is_some() };
        let (dx, dw) = B::rms_norm_backward(x.clone(), weight.clone(), *epsilon, dy, wanted);
        give_both::<B, _>(&ops, grads, dx, dw);
    }
}

#[derive(Debug)]
pub(super) struct SwigluGradient;

impl<B: HyperBackend> Backward<B, 2> for SwigluGradient {
    /// gate, up
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        let (gate, up) = &ops.state;
        let wanted = GateWanted { gate: ops.parents[0].is_some(), up: ops.parents[1].is_some() };
        let (da, db) = B::swiglu_backward(gate.clone(), up.clone(), dy, wanted);
        give_both::<B, _>(&ops, grads, da, db);
    }
}
