//! Gradients of the ops over sequences: `linear`, `rope`, `swap_axes`, `cross_entropy`, `flash_attention`.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::tensor::ops::FloatTensor;
use hypergraphql_kernels::flash_attention::{FlashConfig, Wanted};
use hypergraphql_kernels::rope::Turn;

use super::give;
use crate::backend::{FlashInput, FlashOutput, HyperBackend};

/// dx = dy w, dw = dyᵀ x
#[derive(Debug)]
pub(super) struct LinearGradient;

impl<B: HyperBackend> Backward<B, 2> for LinearGradient {
    /// x, w
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        let (x, w) = &ops.state;
        let transposed = |x: &FloatTensor<B>| B::float_transpose(x.clone());
        give::<B, _, 2>(&ops, grads, 0, || B::times_transposed(dy.clone(), transposed(w)));
        give::<B, _, 2>(&ops, grads, 1, || B::times_transposed(transposed(&dy), transposed(x)));
    }
}

/// The opposite rotation.
#[derive(Debug)]
pub(super) struct RopeGradient;

impl<B: HyperBackend> Backward<B, 1> for RopeGradient {
    type State = (B::Scale, Turn);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        let (angles, turn) = &ops.state;
        give::<B, _, 1>(&ops, grads, 0, || B::rope(dy, angles, Turn { back: !turn.back, ..*turn }));
    }
}

/// The axes swapped back.
#[derive(Debug)]
pub(super) struct SwapGradient;

impl<B: HyperBackend> Backward<B, 1> for SwapGradient {
    type State = ();

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        give::<B, _, 1>(&ops, grads, 0, || B::swap_axes(dy));
    }
}

#[derive(Debug)]
pub(super) struct CrossEntropyGradient;

/// The logits, and what their probabilities are made of again.
#[derive(Debug, Clone)]
pub(super) struct CrossEntropyState<B: HyperBackend> {
    pub(super) x: FloatTensor<B>,
    pub(super) targets: B::Ids,
    pub(super) normaliser: FloatTensor<B>,
}

impl<B: HyperBackend> Backward<B, 1> for CrossEntropyGradient {
    type State = CrossEntropyState<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        let CrossEntropyState { x, targets, normaliser } = ops.state.clone();
        give::<B, _, 1>(&ops, grads, 0, || B::cross_entropy_backward(x, &targets, normaliser, dy));
    }
}

#[derive(Debug)]
pub(super) struct FlashGradient;

/// Inputs, o and the normaliser.
#[derive(Debug, Clone)]
pub(super) struct FlashState<B: HyperBackend> {
    pub(super) config: FlashConfig,
    pub(super) input: FlashInput<B>,
    pub(super) output: FlashOutput<B>,
}

impl<B: HyperBackend> Backward<B, 3> for FlashGradient {
    type State = FlashState<B>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dout = grads.consume::<B>(&ops.node);
        let Ops { parents, state, .. } = ops;
        let FlashState { config, input, output } = state;
        let [q, k, v] = parents.each_ref().map(Option::is_some);
        let gradients = B::flash_attention_backward(config, input, output, dout, Wanted { q, k, v });
        for (parent, gradient) in parents.into_iter().zip(gradients) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                grads.register::<B>(parent.id, gradient);
            }
        }
    }
}
