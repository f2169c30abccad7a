//! Gradients: every op of the narrow waist as one node of Burn's graph, with a hand-written backward pass.
//!
//! The ops are differentiable once: a gradient of a gradient through one of them stops with a message.

mod aggregate;
mod conv;
mod discrete;
mod entries;
mod hypergraph_attention;
mod memory;
mod scale;
mod sequence;
mod sets;

use std::sync::Arc;

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::ops::FloatTensor;
use hypergraphql_kernels::aggregate::{Reduce, Wanted as PassWanted, Weights};
use hypergraphql_kernels::dropout::Mask;
use hypergraphql_kernels::edge_score::Wanted as ScoreWanted;
use hypergraphql_kernels::flash_attention::{FlashConfig, Wanted as FlashWanted};
use hypergraphql_kernels::hypergraph_conv::Scales;
use hypergraphql_kernels::rms_norm::Wanted as NormWanted;
use hypergraphql_kernels::rope::Turn;
use hypergraphql_kernels::scatter_add::Scatter;
use hypergraphql_kernels::set_attention::{SetAttentionConfig, Wanted as SetWanted};
use hypergraphql_kernels::sparse_conv::bsr::Bsr;
use hypergraphql_kernels::swiglu::Wanted as GateWanted;
use hypergraphql_kernels::{CsrPair, DType, Direction, KernelError};

use super::{
    Attention, AttentionGradients, AttentionInput, AttentionOutput, AttentionWanted, Bias, ConvGradients, ConvWanted, FlashInput,
    FlashOutput, HyperBackend, Operand, Pass, Route, SetInput, SetOutput,
};
use aggregate::{ExtremumGradient, SumGradient};
use conv::{FusedGradient, Operator, convolution};
use entries::{
    DropoutGradient, EdgeScoreGradient, EntryDotGradient, GatherGradient, RmsNormGradient, ScatterGradient, SoftmaxGradient, SwigluGradient,
};
use hypergraph_attention::AttentionGradient;
use sequence::{CrossEntropyGradient, CrossEntropyState, FlashGradient, FlashState, LinearGradient, RopeGradient, SwapGradient};

/// A tensor with its node in the graph.
type Node<B, C> = FloatTensor<Autodiff<B, C>>;

/// Adds a node for `output` to the graph where one of `parents` is tracked; only then is its state made.
fn node<B: HyperBackend, C: CheckpointStrategy, G: Backward<B, N>, const N: usize>(
    gradient: G,
    parents: [&Node<B, C>; N],
    output: FloatTensor<B>,
    state: impl FnOnce() -> G::State,
) -> Node<B, C> {
    match gradient.prepare::<C>(parents.map(|p| p.node.clone())).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish(state(), output),
        OpsKind::UnTracked(prep) => prep.finish(output),
    }
}

/// Adds `gradient` to the gradient of parent `i`, if that parent is tracked.
fn give<B: HyperBackend, S, const N: usize>(ops: &Ops<S, N>, grads: &mut Gradients, i: usize, gradient: impl FnOnce() -> FloatTensor<B>) {
    if let Some(Some(parent)) = ops.parents.get(i) {
        grads.register::<B>(parent.id, gradient());
    }
}

fn tracked<B: HyperBackend, C: CheckpointStrategy>(x: &Node<B, C>) -> bool {
    !x.node.requirement.is_none()
}

/// The tensor without its node.
///
/// # Panics
/// When the tensor is tracked: a silent zero would be a wrong second derivative.
fn once<B: HyperBackend, C: CheckpointStrategy>(x: Node<B, C>) -> FloatTensor<B> {
    assert!(!tracked::<B, C>(&x), "hypergraph ops are differentiable once; a second derivative was asked for");
    x.primitive
}

/// A constant of the graph.
fn constant<B: HyperBackend, C: CheckpointStrategy>(x: FloatTensor<B>) -> Node<B, C> {
    <Autodiff<B, C> as AutodiffBackend>::from_inner(x)
}

fn constants<B: HyperBackend, C: CheckpointStrategy>(g: ConvGradients<B>) -> ConvGradients<Autodiff<B, C>> {
    ConvGradients { x: g.x.map(constant::<B, C>), theta: g.theta.map(constant::<B, C>), bias: g.bias.map(constant::<B, C>) }
}

fn map<T, U>(weights: Weights<T>, f: impl FnOnce(T) -> U) -> Weights<U> {
    match weights {
        Weights::Ones => Weights::Ones,
        Weights::Values => Weights::Values,
        Weights::Entries(w) => Weights::Entries(f(w)),
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> Pass<Autodiff<B, C>> {
    fn inner(&self) -> Pass<B> {
        let Self { direction, reduce, input_scale, output_scale } = self;
        Pass { direction: *direction, reduce: *reduce, input_scale: input_scale.clone(), output_scale: output_scale.clone() }
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> Attention<Autodiff<B, C>> {
    fn inner(&self) -> Attention<B> {
        Attention { config: self.config, row_scale: self.row_scale.clone(), col_scale: self.col_scale.clone() }
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> Operand<Autodiff<B, C>> {
    fn inner(&self) -> Operand<B> {
        Operand { pattern: self.pattern.clone(), blocks: self.blocks.clone() }
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> HyperBackend for Autodiff<B, C> {
    type Sparse = B::Sparse;
    type Blocks = B::Blocks;
    type Scale = B::Scale;

    fn sparse_by(pair: Arc<CsrPair>, device: &Self::Device, route: Route) -> Self::Sparse {
        B::sparse_by(pair, device, route)
    }

    fn blocks(blocks: Arc<Bsr>, device: &Self::Device) -> Self::Blocks {
        B::blocks(blocks, device)
    }

    fn scale(values: Arc<[f64]>, device: &Self::Device) -> Self::Scale {
        B::scale(values, device)
    }

    fn inverse_counts(s: &Self::Sparse, direction: Direction) -> Self::Scale {
        B::inverse_counts(s, direction)
    }

    fn scale_rows(x: Node<B, C>, scale: &Self::Scale) -> Node<B, C> {
        constant::<B, C>(B::scale_rows(once::<B, C>(x), scale))
    }

    fn supports(dtype: DType, device: &Self::Device) -> Result<(), KernelError> {
        B::supports(dtype, device)
    }

    fn supports_size(what: &'static str, elements: usize, bytes: usize, device: &Self::Device) -> Result<(), KernelError> {
        B::supports_size(what, elements, bytes, device)
    }

    fn supports_scatter(scatter: Scatter, device: &Self::Device) -> Result<(), KernelError> {
        B::supports_scatter(scatter, device)
    }

    fn supports_route(route: Route, device: &Self::Device) -> Result<Option<&'static str>, KernelError> {
        B::supports_route(route, device)
    }

    fn supports_head_width(width: usize, device: &Self::Device) -> Result<(), KernelError> {
        B::supports_head_width(width, device)
    }

    fn aggregate(s: &Self::Sparse, pass: &Pass<Self>, x: Node<B, C>, weights: Weights<Node<B, C>>) -> Node<B, C> {
        match pass.reduce {
            Reduce::Sum | Reduce::Mean => aggregate::sum::<B, C>(SumGradient, s, pass.inner(), x, weights),
            Reduce::Max | Reduce::Min => aggregate::extremum::<B, C>(ExtremumGradient, s, pass.inner(), x, weights),
        }
    }

    fn extremum_backward(
        s: &Self::Sparse,
        pass: &Pass<Self>,
        x: Node<B, C>,
        weights: Weights<Node<B, C>>,
        dy: Node<B, C>,
        wanted: PassWanted,
    ) -> (Option<Node<B, C>>, Option<Node<B, C>>) {
        let weights = map(weights, once::<B, C>);
        let (dx, dw) = B::extremum_backward(s, &pass.inner(), once::<B, C>(x), weights, once::<B, C>(dy), wanted);
        (dx.map(constant::<B, C>), dw.map(constant::<B, C>))
    }

    fn entry_dot(s: &Self::Sparse, a: Node<B, C>, b: Node<B, C>) -> Node<B, C> {
        let y = B::entry_dot(s, a.primitive.clone(), b.primitive.clone());
        node::<B, C, _, 2>(EntryDotGradient, [&a, &b], y, || {
            let saved = (tracked::<B, C>(&b).then(|| a.primitive.clone()), tracked::<B, C>(&a).then(|| b.primitive.clone()));
            (s.clone(), saved.0, saved.1)
        })
    }

    fn edge_score(s: &Self::Sparse, a: Node<B, C>, b: Node<B, C>, slope: f64) -> Node<B, C> {
        let y = B::edge_score(s, a.primitive.clone(), b.primitive.clone(), slope);
        node::<B, C, _, 2>(EdgeScoreGradient, [&a, &b], y, || (s.clone(), a.primitive.clone(), b.primitive.clone(), slope))
    }

    fn edge_score_backward(
        s: &Self::Sparse,
        a: Node<B, C>,
        b: Node<B, C>,
        slope: f64,
        ds: Node<B, C>,
        wanted: ScoreWanted,
    ) -> (Option<Node<B, C>>, Option<Node<B, C>>) {
        let (da, db) = B::edge_score_backward(s, once::<B, C>(a), once::<B, C>(b), slope, once::<B, C>(ds), wanted);
        (da.map(constant::<B, C>), db.map(constant::<B, C>))
    }

    fn segment_softmax(s: &Self::Sparse, direction: Direction, x: Node<B, C>) -> Node<B, C> {
        let p = B::segment_softmax(s, direction, x.primitive.clone());
        node::<B, C, _, 1>(SoftmaxGradient, [&x], p.clone(), || (s.clone(), direction, p))
    }

    fn segment_softmax_backward(s: &Self::Sparse, direction: Direction, p: Node<B, C>, dp: Node<B, C>) -> Node<B, C> {
        constant::<B, C>(B::segment_softmax_backward(s, direction, once::<B, C>(p), once::<B, C>(dp)))
    }

    fn hypergraph_attention(s: &Self::Sparse, attention: &Attention<Self>, i: AttentionInput<Self>) -> AttentionOutput<Self> {
        hypergraph_attention::attention::<B, C>(AttentionGradient, s, attention.inner(), i)
    }

    fn hypergraph_attention_backward(
        s: &Self::Sparse,
        attention: &Attention<Self>,
        i: AttentionInput<Self>,
        o: AttentionOutput<Self>,
        dout: Node<B, C>,
        wanted: AttentionWanted,
    ) -> AttentionGradients<Self> {
        let input = AttentionInput { x: once::<B, C>(i.x), a: once::<B, C>(i.a), b: once::<B, C>(i.b) };
        let output = AttentionOutput { out: once::<B, C>(o.out), edge: once::<B, C>(o.edge), normaliser: once::<B, C>(o.normaliser) };
        let g = B::hypergraph_attention_backward(s, &attention.inner(), input, output, once::<B, C>(dout), wanted);
        AttentionGradients { x: g.x.map(constant::<B, C>), a: g.a.map(constant::<B, C>), b: g.b.map(constant::<B, C>) }
    }

    fn set_attention(s: &Self::Sparse, config: SetAttentionConfig, i: SetInput<Self>) -> SetOutput<Self> {
        sets::set_attention::<B, C>(s, config, i)
    }

    fn set_attention_backward(
        s: &Self::Sparse,
        config: SetAttentionConfig,
        i: SetInput<Self>,
        o: SetOutput<Self>,
        dout: Node<B, C>,
        wanted: SetWanted,
    ) -> [Option<Node<B, C>>; 3] {
        let input = SetInput { q: once::<B, C>(i.q), k: once::<B, C>(i.k), v: once::<B, C>(i.v) };
        let output = SetOutput { out: once::<B, C>(o.out), normaliser: once::<B, C>(o.normaliser) };
        let gradients = B::set_attention_backward(s, config, input, output, once::<B, C>(dout), wanted);
        gradients.map(|d| d.map(constant::<B, C>))
    }

    fn hypergraph_conv(
        s: &Self::Sparse,
        scales: &Scales<Self::Scale>,
        x: Node<B, C>,
        theta: Option<Node<B, C>>,
        bias: Option<Bias<Self>>,
    ) -> Node<B, C> {
        let (row, c) = bias.map_or((None, None), |b| (Some(b.row), b.scale));
        let inner_bias = row.as_ref().map(|r| Bias { row: r.primitive.clone(), scale: c.clone() });
        let y = B::hypergraph_conv(s, scales, x.primitive.clone(), theta.as_ref().map(|t| t.primitive.clone()), inner_bias);
        convolution::<B, C>(Operator::Hypergraph(s.clone(), scales.clone(), c), &x, theta.as_ref(), row.as_ref(), y)
    }

    fn hypergraph_conv_backward(
        s: &Self::Sparse,
        scales: &Scales<Self::Scale>,
        x: Node<B, C>,
        theta: Option<Node<B, C>>,
        bias_scale: Option<Self::Scale>,
        dy: Node<B, C>,
        wanted: ConvWanted,
    ) -> ConvGradients<Self> {
        let theta = theta.map(once::<B, C>);
        constants::<B, C>(B::hypergraph_conv_backward(s, scales, once::<B, C>(x), theta, bias_scale, once::<B, C>(dy), wanted))
    }

    fn fused_passes(s: &Self::Sparse, scales: &Scales<Self::Scale>, x: Node<B, C>) -> Node<B, C> {
        let y = B::fused_passes(s, scales, x.primitive.clone());
        node::<B, C, _, 1>(FusedGradient, [&x], y, || (s.clone(), scales.clone()))
    }

    fn sparse_conv(a: &Operand<Self>, x: Node<B, C>, theta: Option<Node<B, C>>, bias: Option<Node<B, C>>) -> Node<B, C> {
        let inner = |t: &Option<Node<B, C>>| t.as_ref().map(|t| t.primitive.clone());
        let a = a.inner();
        let y = B::sparse_conv(&a, x.primitive.clone(), inner(&theta), inner(&bias));
        convolution::<B, C>(Operator::Sparse(a), &x, theta.as_ref(), bias.as_ref(), y)
    }

    fn sparse_conv_backward(
        a: &Operand<Self>,
        x: Node<B, C>,
        theta: Option<Node<B, C>>,
        dy: Node<B, C>,
        wanted: ConvWanted,
    ) -> ConvGradients<Self> {
        constants::<B, C>(B::sparse_conv_backward(&a.inner(), once::<B, C>(x), theta.map(once::<B, C>), once::<B, C>(dy), wanted))
    }

    fn gather(index: &Self::Sparse, x: Node<B, C>) -> Node<B, C> {
        let y = B::gather(index, x.primitive.clone());
        node::<B, C, _, 1>(GatherGradient, [&x], y, || index.clone())
    }

    fn scatter_add(index: &Self::Sparse, x: Node<B, C>, scatter: Scatter) -> Node<B, C> {
        let y = B::scatter_add(index, x.primitive.clone(), scatter);
        node::<B, C, _, 1>(ScatterGradient, [&x], y, || index.clone())
    }

    fn dropout(x: Node<B, C>, mask: Mask) -> Node<B, C> {
        let y = B::dropout(x.primitive.clone(), mask);
        node::<B, C, _, 1>(DropoutGradient, [&x], y, || mask)
    }

    fn rms_norm(x: Node<B, C>, weight: Node<B, C>, epsilon: f64) -> Node<B, C> {
        let y = B::rms_norm(x.primitive.clone(), weight.primitive.clone(), epsilon);
        node::<B, C, _, 2>(RmsNormGradient, [&x, &weight], y, || (x.primitive.clone(), weight.primitive.clone(), epsilon))
    }

    fn rms_norm_backward(
        x: Node<B, C>,
        weight: Node<B, C>,
        epsilon: f64,
        dy: Node<B, C>,
        wanted: NormWanted,
    ) -> (Option<Node<B, C>>, Option<Node<B, C>>) {
        let (dx, dw) = B::rms_norm_backward(once::<B, C>(x), once::<B, C>(weight), epsilon, once::<B, C>(dy), wanted);
        (dx.map(constant::<B, C>), dw.map(constant::<B, C>))
    }

    fn times_transposed(x: Node<B, C>, w: Node<B, C>) -> Node<B, C> {
        let y = B::times_transposed(x.primitive.clone(), w.primitive.clone());
        node::<B, C, _, 2>(LinearGradient, [&x, &w], y, || (x.primitive.clone(), w.primitive.clone()))
    }

    fn swiglu(gate: Node<B, C>, up: Node<B, C>) -> Node<B, C> {
        let y = B::swiglu(gate.primitive.clone(), up.primitive.clone());
        node::<B, C, _, 2>(SwigluGradient, [&gate, &up], y, || (gate.primitive.clone(), up.primitive.clone()))
    }

    fn swiglu_backward(gate: Node<B, C>, up: Node<B, C>, dy: Node<B, C>, wanted: GateWanted) -> (Option<Node<B, C>>, Option<Node<B, C>>) {
        let (da, db) = B::swiglu_backward(once::<B, C>(gate), once::<B, C>(up), once::<B, C>(dy), wanted);
        (da.map(constant::<B, C>), db.map(constant::<B, C>))
    }

    fn rope(x: Node<B, C>, angles: &Self::Scale, turn: Turn) -> Node<B, C> {
        let y = B::rope(x.primitive.clone(), angles, turn);
        node::<B, C, _, 1>(RopeGradient, [&x], y, || (angles.clone(), turn))
    }

    fn swap_axes(x: Node<B, C>) -> Node<B, C> {
        let y = B::swap_axes(x.primitive.clone());
        node::<B, C, _, 1>(SwapGradient, [&x], y, || ())
    }

    fn cross_entropy(x: Node<B, C>, targets: &Self::Ids) -> (Node<B, C>, Node<B, C>) {
        let (y, normaliser) = B::cross_entropy(x.primitive.clone(), targets);
        let kept = normaliser.clone();
        let state = || CrossEntropyState { x: x.primitive.clone(), targets: targets.clone(), normaliser: kept };
        (node::<B, C, _, 1>(CrossEntropyGradient, [&x], y, state), constant::<B, C>(normaliser))
    }

    fn cross_entropy_backward(x: Node<B, C>, targets: &Self::Ids, normaliser: Node<B, C>, dy: Node<B, C>) -> Node<B, C> {
        let (x, normaliser, dy) = (once::<B, C>(x), once::<B, C>(normaliser), once::<B, C>(dy));
        constant::<B, C>(B::cross_entropy_backward(x, targets, normaliser, dy))
    }

    fn flash_attention(config: FlashConfig, i: FlashInput<Self>) -> FlashOutput<Self> {
        let input = FlashInput { q: i.q.primitive.clone(), k: i.k.primitive.clone(), v: i.v.primitive.clone() };
        let output = B::flash_attention(config, input.clone());
        let (out, normaliser) = (output.out.clone(), output.normaliser.clone());
        let out = node::<B, C, _, 3>(FlashGradient, [&i.q, &i.k, &i.v], out, || FlashState { config, input, output });
        FlashOutput { out, normaliser: constant::<B, C>(normaliser) }
    }

    fn flash_attention_backward(
        config: FlashConfig,
        i: FlashInput<Self>,
        o: FlashOutput<Self>,
        dout: Node<B, C>,
        wanted: FlashWanted,
    ) -> [Option<Node<B, C>>; 3] {
        let input = FlashInput { q: once::<B, C>(i.q), k: once::<B, C>(i.k), v: once::<B, C>(i.v) };
        let output = FlashOutput { out: once::<B, C>(o.out), normaliser: once::<B, C>(o.normaliser) };
        let gradients = B::flash_attention_backward(config, input, output, once::<B, C>(dout), wanted);
        gradients.map(|d| d.map(constant::<B, C>))
    }
}
