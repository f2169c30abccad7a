//! Gradients of the steps of `memory_attention`. Which slots are kept is constant.

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::tensor::ops::FloatTensor;
use hypergraphql_kernels::KernelError;
use hypergraphql_kernels::memory_attention::MemoryConfig;

use super::{Node, constant, node, once};
use crate::backend::HyperBackend;
use crate::backend::memory::{Kept, MemoryBackend, MemoryKeys};

#[derive(Debug)]
struct WeightsGradient;

/// Inputs, kept slots and A.
#[derive(Debug, Clone)]
struct WeightsState<B: HyperBackend> {
    config: MemoryConfig,
    keys: MemoryKeys<B>,
    kept: Kept<B::Ids>,
    weights: FloatTensor<B>,
}

impl<B: HyperBackend> Backward<B, 3> for WeightsGradient {
    type State = WeightsState<B>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let da = grads.consume::<B>(&ops.node);
        let WeightsState { config, keys, kept, weights } = ops.state;
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let gradients = B::memory_weights_backward(config, keys, &kept, [weights, da], wanted);
        for (parent, gradient) in ops.parents.into_iter().zip(gradients) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                grads.register::<B>(parent.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct ReadGradient;

/// A, v and kept slots.
#[derive(Debug, Clone)]
struct ReadState<B: HyperBackend> {
    config: MemoryConfig,
    weights: FloatTensor<B>,
    v: FloatTensor<B>,
    kept: Kept<B::Ids>,
}

impl<B: HyperBackend> Backward<B, 2> for ReadGradient {
    type State = ReadState<B>;

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dout = grads.consume::<B>(&ops.node);
        let ReadState { config, weights, v, kept } = ops.state;
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let gradients = B::memory_read_backward(config, weights, v, &kept, dout, wanted);
        for (parent, gradient) in ops.parents.into_iter().zip(gradients) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                grads.register::<B>(parent.id, gradient);
            }
        }
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> MemoryBackend for Autodiff<B, C> {
    fn memory_select(c: MemoryConfig, q: Node<B, C>, k: Node<B, C>) -> Result<Self::Ids, KernelError> {
        B::memory_select(c, q.primitive, k.primitive)
    }

    fn memory_weights(c: MemoryConfig, i: MemoryKeys<Self>, kept: &Kept<Self::Ids>) -> Node<B, C> {
        let keys = MemoryKeys { q: i.q.primitive.clone(), k: i.k.primitive.clone(), null: i.null.primitive.clone() };
        let a = B::memory_weights(c, keys.clone(), kept);
        let state = || WeightsState { config: c, keys, kept: kept.clone(), weights: a.clone() };
        node::<B, C, _, 3>(WeightsGradient, [&i.q, &i.k, &i.null], a.clone(), state)
    }

    fn memory_weights_backward(
        c: MemoryConfig,
        i: MemoryKeys<Self>,
        kept: &Kept<Self::Ids>,
        weights: [Node<B, C>; 2],
        wanted: [bool; 3],
    ) -> [Option<Node<B, C>>; 3] {
        let keys = MemoryKeys { q: once::<B, C>(i.q), k: once::<B, C>(i.k), null: once::<B, C>(i.null) };
        let gradients = B::memory_weights_backward(c, keys, kept, weights.map(once::<B, C>), wanted);
        gradients.map(|d| d.map(constant::<B, C>))
    }

    fn memory_read(c: MemoryConfig, weights: Node<B, C>, v: Node<B, C>, kept: &Kept<Self::Ids>) -> Node<B, C> {
        let out = B::memory_read(c, weights.primitive.clone(), v.primitive.clone(), kept);
        let state = || ReadState { config: c, weights: weights.primitive.clone(), v: v.primitive.clone(), kept: kept.clone() };
        node::<B, C, _, 2>(ReadGradient, [&weights, &v], out, state)
    }

    fn memory_read_backward(
        c: MemoryConfig,
        weights: Node<B, C>,
        v: Node<B, C>,
        kept: &Kept<Self::Ids>,
        dout: Node<B, C>,
        wanted: [bool; 2],
    ) -> [Option<Node<B, C>>; 2] {
        let gradients = B::memory_read_backward(c, once::<B, C>(weights), once::<B, C>(v), kept, once::<B, C>(dout), wanted);
        gradients.map(|d| d.map(constant::<B, C>))
    }
}
