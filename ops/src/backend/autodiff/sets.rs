//! Gradients of the ops over relations and sets: `relation_linear` and `set_attention`.

use std::sync::Arc;

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops};
use burn::tensor::ops::FloatTensor;
use hypergraphql_kernels::relation_linear::{Products, RelationRows, Wanted};
use hypergraphql_kernels::set_attention::{SetAttentionConfig, Wanted as SetWanted};
use hypergraphql_kernels::{DType, KernelError};

use super::{Node, constant, node, once};
use crate::backend::{HyperBackend, RelationBackend, SetInput, SetOutput};

#[derive(Debug)]
struct RelationGradient;

/// The rows of every relation, x, w and which units multiply.
type RelationState<B> = (<B as RelationBackend>::Relations, FloatTensor<B>, FloatTensor<B>, Products);

impl<B: HyperBackend> Backward<B, 2> for RelationGradient {
    type State = RelationState<B>;

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        let Ops { parents, state: (relations, x, w, products), .. } = ops;
        let wanted = Wanted { x: parents[0].is_some(), weight: parents[1].is_some() };
        let (dx, dw) = B::relation_linear_backward(&relations, x, w, dy, wanted, products);
        for (parent, gradient) in parents.into_iter().zip([dx, dw]) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                grads.register::<B>(parent.id, gradient);
            }
        }
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> RelationBackend for Autodiff<B, C> {
    type Relations = B::Relations;

    fn relations(rows: Arc<RelationRows>, device: &Self::Device) -> Self::Relations {
        B::relations(rows, device)
    }

    fn supports_products(products: Products, dtype: DType, device: &Self::Device) -> Result<(), KernelError> {
        B::supports_products(products, dtype, device)
    }

    fn relation_linear(r: &Self::Relations, x: Node<B, C>, w: Node<B, C>, products: Products) -> Node<B, C> {
        let y = B::relation_linear(r, x.primitive.clone(), w.primitive.clone(), products);
        node::<B, C, _, 2>(RelationGradient, [&x, &w], y, || (r.clone(), x.primitive.clone(), w.primitive.clone(), products))
    }

    fn relation_linear_backward(
        r: &Self::Relations,
        x: Node<B, C>,
        w: Node<B, C>,
        dy: Node<B, C>,
        wanted: Wanted,
        products: Products,
    ) -> (Option<Node<B, C>>, Option<Node<B, C>>) {
        let (dx, dw) = B::relation_linear_backward(r, once::<B, C>(x), once::<B, C>(w), once::<B, C>(dy), wanted, products);
        (dx.map(constant::<B, C>), dw.map(constant::<B, C>))
    }
}

#[derive(Debug)]
struct SetAttentionGradient;

/// Inputs, O and the normalisers.
#[derive(Debug, Clone)]
struct SetState<B: HyperBackend> {
    pattern: B::Sparse,
    config: SetAttentionConfig,
    input: SetInput<B>,
    output: SetOutput<B>,
}

pub(super) fn set_attention<B: HyperBackend, C: CheckpointStrategy>(
    s: &B::Sparse,
    config: SetAttentionConfig,
    i: SetInput<Autodiff<B, C>>,
) -> SetOutput<Autodiff<B, C>> {
    let input = SetInput { q: i.q.primitive.clone(), k: i.k.primitive.clone(), v: i.v.primitive.clone() };
    let output = B::set_attention(s, config, input.clone());
    let (out, normaliser) = (output.out.clone(), output.normaliser.clone());
    let state = || SetState { pattern: s.clone(), config, input, output };
    let out = node::<B, C, _, 3>(SetAttentionGradient, [&i.q, &i.k, &i.v], out, state);
    SetOutput { out, normaliser: constant::<B, C>(normaliser) }
}

impl<B: HyperBackend> Backward<B, 3> for SetAttentionGradient {
    type State = SetState<B>;

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dout = grads.consume::<B>(&ops.node);
        let Ops { parents, state, .. } = ops;
        let SetState { pattern, config, input, output } = state;
        let [q, k, v] = parents.each_ref().map(Option::is_some);
        let gradients = B::set_attention_backward(&pattern, config, input, output, dout, SetWanted { q, k, v });
        for (parent, gradient) in parents.into_iter().zip(gradients) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                grads.register::<B>(parent.id, gradient);
            }
        }
    }
}
