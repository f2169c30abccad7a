//! Gradient of `hypergraph_attention`, by recompute from Y and the normalisers.

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::tensor::ops::FloatTensor;
use hypergraphql_kernels::Direction;

use super::{constant, node};
use crate::backend::{Attention, AttentionInput, AttentionOutput, HyperBackend};

#[derive(Debug)]
pub(super) struct AttentionGradient;

/// Inputs, Y and the normalisers; O only where the backward pass reads it.
#[derive(Debug, Clone)]
pub(super) struct State<B: HyperBackend> {
    pattern: B::Sparse,
    attention: Attention<B>,
    input: AttentionInput<B>,
    out: Option<FloatTensor<B>>,
    edge: FloatTensor<B>,
    normaliser: FloatTensor<B>,
}

pub(super) fn attention<B: HyperBackend, C: CheckpointStrategy>(
    gradient: AttentionGradient,
    s: &B::Sparse,
    attention: Attention<B>,
    i: AttentionInput<Autodiff<B, C>>,
) -> AttentionOutput<Autodiff<B, C>> {
    let input = AttentionInput { x: i.x.primitive.clone(), a: i.a.primitive.clone(), b: i.b.primitive.clone() };
    let AttentionOutput { out, edge, normaliser } = B::hypergraph_attention(s, &attention, input.clone());
    let kept = (edge.clone(), normaliser.clone());
    let saved_out = (attention.config.normalise == Direction::ToRows).then(|| out.clone());
    let out = node::<B, C, _, 3>(gradient, [&i.x, &i.a, &i.b], out, || State {
        pattern: s.clone(),
        attention,
        input,
        out: saved_out,
        edge: kept.0,
        normaliser: kept.1,
    });
    AttentionOutput { out, edge: constant::<B, C>(edge), normaliser: constant::<B, C>(normaliser) }
}

impl<B: HyperBackend> Backward<B, 3> for AttentionGradient {
    type State = State<B>;

    fn backward(self, ops: Ops<State<B>, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dout = grads.consume::<B>(&ops.node);
        let Ops { parents, state, .. } = ops;
        let State { pattern, attention, input, out, edge, normaliser } = state;
        // Over columns O is not read, and x stands in: it has the same shape.
        let output = AttentionOutput { out: out.unwrap_or_else(|| input.x.clone()), edge, normaliser };
        let (dx, da, db) = B::hypergraph_attention_backward(&pattern, &attention, input, output, dout);
        for (parent, gradient) in parents.into_iter().zip([dx, da, db]) {
            if let Some(parent) = parent {
                grads.register::<B>(parent.id, gradient);
            }
        }
    }
}
