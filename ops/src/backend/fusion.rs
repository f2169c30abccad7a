//! `Fusion`: each op is recorded in the stream as a custom operation and runs on the inner backend. The sparse pattern, the scales and
//! the options travel inside the operation; only dense tensors are tensors of the stream.

mod discrete;
mod memory;
mod operation;
mod relation;

use std::sync::Arc;

use burn::tensor::{DType as BurnDType, Shape, TensorMetadata};
use burn_fusion::{Fusion, FusionBackend, FusionTensor};
use hypergraphql_kernels::aggregate::{Wanted as PassWanted, Weights};
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
pub(super) use operation::known_int;
use operation::{record, record_one, record_some};

type FloatTensor<B> = FusionTensor<<B as FusionBackend>::FusionRuntime>;

/// A pattern of the inner backend with its sizes, from which the shapes of results follow before anything runs.
#[derive(Debug, Clone)]
pub struct SizedPattern<S> {
    inner: S,
    rows: usize,
    cols: usize,
    nnz: usize,
}

impl<S> SizedPattern<S> {
    fn outputs(&self, direction: Direction) -> usize {
        match direction {
            Direction::ToRows => self.rows,
            Direction::ToCols => self.cols,
        }
    }
}

/// The weights without their tensor, which travels among the inputs.
fn split<T>(weights: Weights<T>) -> (Weights<()>, Option<T>) {
    match weights {
        Weights::Ones => (Weights::Ones, None),
        Weights::Values => (Weights::Values, None),
        Weights::Entries(w) => (Weights::Entries(()), Some(w)),
    }
}

fn join<T>(kind: Weights<()>, tensor: Option<T>) -> Weights<T> {
    match (kind, tensor) {
        (_, Some(w)) => Weights::Entries(w),
        (Weights::Values, None) => Weights::Values,
        _ => Weights::Ones,
    }
}

/// The type of sums.
fn wide(dtype: BurnDType) -> BurnDType {
    if dtype == BurnDType::F64 { BurnDType::F64 } else { BurnDType::F32 }
}

impl<B: FusionBackend + HyperBackend> Pass<Fusion<B>> {
    fn inner(&self) -> Pass<B> {
        let Self { direction, reduce, input_scale, output_scale } = self;
        Pass { direction: *direction, reduce: *reduce, input_scale: input_scale.clone(), output_scale: output_scale.clone() }
    }
}

impl<B: FusionBackend + HyperBackend> Attention<Fusion<B>> {
    fn inner(&self) -> Attention<B> {
        Attention { config: self.config, row_scale: self.row_scale.clone(), col_scale: self.col_scale.clone() }
    }
}

impl<B: FusionBackend + HyperBackend> Operand<Fusion<B>> {
    fn inner(&self) -> Operand<B> {
        Operand { pattern: self.pattern.inner.clone(), blocks: self.blocks.clone() }
    }
}

impl<B: FusionBackend + HyperBackend> HyperBackend for Fusion<B> {
    type Sparse = SizedPattern<B::Sparse>;
    type Blocks = B::Blocks;
    type Scale = B::Scale;

    fn sparse_by(pair: Arc<CsrPair>, device: &Self::Device, route: Route) -> Self::Sparse {
        let (rows, cols, nnz) = (pair.rows(), pair.cols(), pair.nnz());
        SizedPattern { inner: B::sparse_by(pair, device, route), rows, cols, nnz }
    }

    fn blocks(blocks: Arc<Bsr>, device: &Self::Device) -> Self::Blocks {
        B::blocks(blocks, device)
    }

    fn scale(values: Arc<[f64]>, device: &Self::Device) -> Self::Scale {
        B::scale(values, device)
    }

    fn inverse_counts(s: &Self::Sparse, direction: Direction) -> Self::Scale {
        B::inverse_counts(&s.inner, direction)
    }

    fn scale_rows(x: FloatTensor<B>, scale: &Self::Scale) -> FloatTensor<B> {
        let (out, scale) = ((x.shape(), wide(x.dtype)), scale.clone());
        record_one::<B, _>("hg_scale_rows", [Some(x)], out, move |[x]| B::scale_rows(needed(x), &scale))
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

    fn aggregate(s: &Self::Sparse, pass: &Pass<Self>, x: FloatTensor<B>, weights: Weights<FloatTensor<B>>) -> FloatTensor<B> {
        let out = (Shape::new([s.outputs(pass.direction), x.shape[1]]), x.dtype);
        let ((kind, w), s, pass) = (split(weights), s.inner.clone(), pass.inner());
        record_one::<B, _>("hg_aggregate", [Some(x), w], out, move |[x, w]| B::aggregate(&s, &pass, needed(x), join(kind, w)))
    }

    fn extremum_backward(
        s: &Self::Sparse,
        pass: &Pass<Self>,
        x: FloatTensor<B>,
        weights: Weights<FloatTensor<B>>,
        dy: FloatTensor<B>,
        wanted: PassWanted,
    ) -> (Option<FloatTensor<B>>, Option<FloatTensor<B>>) {
        let (kind, w) = split(weights);
        let like = [wanted.x.then_some(&x), w.as_ref().filter(|_| wanted.weights)].map(|t| t.map(meta));
        let (s, pass) = (s.inner.clone(), pass.inner());
        let inputs = [Some(x), w, Some(dy)];
        let results = record_some::<B, 3, 2>("hg_extremum_backward", inputs, like, move |[x, w, dy]| {
            let (dx, dw) = B::extremum_backward(&s, &pass, needed(x), join(kind, w), needed(dy), wanted);
            [dx, dw]
        });
        results.into()
    }

    fn entry_dot(s: &Self::Sparse, a: FloatTensor<B>, b: FloatTensor<B>) -> FloatTensor<B> {
        let (out, s) = ((Shape::new([s.nnz]), a.dtype), s.inner.clone());
        record_one::<B, _>("hg_entry_dot", [Some(a), Some(b)], out, move |[a, b]| B::entry_dot(&s, needed(a), needed(b)))
    }

    fn edge_score(s: &Self::Sparse, a: FloatTensor<B>, b: FloatTensor<B>, slope: f64) -> FloatTensor<B> {
        let (out, s) = ((Shape::new([s.nnz, a.shape[1]]), a.dtype), s.inner.clone());
        record_one::<B, _>("hg_edge_score", [Some(a), Some(b)], out, move |[a, b]| B::edge_score(&s, needed(a), needed(b), slope))
    }

    fn edge_score_backward(
        s: &Self::Sparse,
        a: FloatTensor<B>,
        b: FloatTensor<B>,
        slope: f64,
        ds: FloatTensor<B>,
        wanted: ScoreWanted,
    ) -> (Option<FloatTensor<B>>, Option<FloatTensor<B>>) {
        let (like, s) = ([wanted.a.then(|| meta(&a)), wanted.b.then(|| meta(&b))], s.inner.clone());
        let inputs = [Some(a), Some(b), Some(ds)];
        let results = record_some::<B, 3, 2>("hg_edge_score_backward", inputs, like, move |[a, b, ds]| {
            B::edge_score_backward(&s, needed(a), needed(b), slope, needed(ds), wanted).into()
        });
        results.into()
    }

    fn segment_softmax(s: &Self::Sparse, direction: Direction, x: FloatTensor<B>) -> FloatTensor<B> {
        let (out, s) = ((x.shape(), x.dtype), s.inner.clone());
        record_one::<B, _>("hg_segment_softmax", [Some(x)], out, move |[x]| B::segment_softmax(&s, direction, needed(x)))
    }

    fn segment_softmax_backward(s: &Self::Sparse, direction: Direction, p: FloatTensor<B>, dp: FloatTensor<B>) -> FloatTensor<B> {
        let (out, s) = ((p.shape(), p.dtype), s.inner.clone());
        record_one::<B, _>("hg_segment_softmax_backward", [Some(p), Some(dp)], out, move |[p, dp]| {
            B::segment_softmax_backward(&s, direction, needed(p), needed(dp))
        })
    }

    fn hypergraph_attention(s: &Self::Sparse, attention: &Attention<Self>, i: AttentionInput<Self>) -> AttentionOutput<Self> {
        let (config, dtype, width) = (attention.config, i.x.dtype, i.x.shape[1]);
        let outputs = vec![
            (Shape::new([s.rows, width]), dtype),
            (Shape::new([s.cols, width]), dtype),
            (Shape::new([s.outputs(config.normalise), 2 * config.heads]), wide(dtype)),
        ];
        let (s, attention) = (s.inner.clone(), attention.inner());
        let mut results = record::<B, 3>("hg_attention", [Some(i.x), Some(i.a), Some(i.b)], outputs, move |[x, a, b]| {
            let o = B::hypergraph_attention(&s, &attention, AttentionInput { x: needed(x), a: needed(a), b: needed(b) });
            vec![o.out, o.edge, o.normaliser]
        });
        AttentionOutput { out: needed(results.next()), edge: needed(results.next()), normaliser: needed(results.next()) }
    }

    fn hypergraph_attention_backward(
        s: &Self::Sparse,
        attention: &Attention<Self>,
        i: AttentionInput<Self>,
        o: AttentionOutput<Self>,
        dout: FloatTensor<B>,
        wanted: AttentionWanted,
    ) -> AttentionGradients<Self> {
        let like = [wanted.x.then(|| meta(&i.x)), wanted.a.then(|| meta(&i.a)), wanted.b.then(|| meta(&i.b))];
        let (s, attention) = (s.inner.clone(), attention.inner());
        let inputs = [i.x, i.a, i.b, o.out, o.edge, o.normaliser, dout].map(Some);
        let [x, a, b] = record_some::<B, 7, 3>("hg_attention_backward", inputs, like, move |inputs| {
            let [x, a, b, out, edge, normaliser, dout] = inputs.map(needed);
            let (input, output) = (AttentionInput { x, a, b }, AttentionOutput { out, edge, normaliser });
            let g = B::hypergraph_attention_backward(&s, &attention, input, output, dout, wanted);
            [g.x, g.a, g.b]
        });
        AttentionGradients { x, a, b }
    }

    fn set_attention(s: &Self::Sparse, c: SetAttentionConfig, i: SetInput<Self>) -> SetOutput<Self> {
        let segments = s.outputs(c.direction);
        let out = (Shape::new([segments, c.seeds, c.width()]), i.q.dtype);
        let outputs = vec![out, (Shape::new([segments, 2 * c.parts()]), wide(i.q.dtype))];
        let s = s.inner.clone();
        let mut results = record::<B, 3>("hg_set_attention", [i.q, i.k, i.v].map(Some), outputs, move |inputs| {
            let [q, k, v] = inputs.map(needed);
            let o = B::set_attention(&s, c, SetInput { q, k, v });
            vec![o.out, o.normaliser]
        });
        SetOutput { out: needed(results.next()), normaliser: needed(results.next()) }
    }

    fn set_attention_backward(
        s: &Self::Sparse,
        c: SetAttentionConfig,
        i: SetInput<Self>,
        o: SetOutput<Self>,
        dout: FloatTensor<B>,
        wanted: SetWanted,
    ) -> [Option<FloatTensor<B>>; 3] {
        let like = [wanted.q.then(|| meta(&i.q)), wanted.k.then(|| meta(&i.k)), wanted.v.then(|| meta(&i.v))];
        let (s, inputs) = (s.inner.clone(), [i.q, i.k, i.v, o.out, o.normaliser, dout].map(Some));
        record_some::<B, 6, 3>("hg_set_attention_backward", inputs, like, move |inputs| {
            let [q, k, v, out, normaliser, dout] = inputs.map(needed);
            B::set_attention_backward(&s, c, SetInput { q, k, v }, SetOutput { out, normaliser }, dout, wanted)
        })
    }

    fn hypergraph_conv(
        s: &Self::Sparse,
        scales: &Scales<Self::Scale>,
        x: FloatTensor<B>,
        theta: Option<FloatTensor<B>>,
        bias: Option<Bias<Self>>,
    ) -> FloatTensor<B> {
        let out = (Shape::new([s.rows, theta.as_ref().map_or(x.shape[1], |t| t.shape[1])]), x.dtype);
        let (row, c) = bias.map_or((None, None), |b| (Some(b.row), b.scale));
        let (s, scales) = (s.inner.clone(), scales.clone());
        record_one::<B, _>("hg_conv", [Some(x), theta, row], out, move |[x, theta, row]| {
            B::hypergraph_conv(&s, &scales, needed(x), theta, row.map(|row| Bias { row, scale: c.clone() }))
        })
    }

    fn hypergraph_conv_backward(
        s: &Self::Sparse,
        scales: &Scales<Self::Scale>,
        x: FloatTensor<B>,
        theta: Option<FloatTensor<B>>,
        bias_scale: Option<Self::Scale>,
        dy: FloatTensor<B>,
        wanted: ConvWanted,
    ) -> ConvGradients<Self> {
        let like = conv_gradients(s.rows, theta.as_ref(), &dy, wanted);
        let (s, scales) = (s.inner.clone(), scales.clone());
        let [x, theta, bias] = record_some::<B, 3, 3>("hg_conv_backward", [Some(x), theta, Some(dy)], like, move |[x, theta, dy]| {
            let g = B::hypergraph_conv_backward(&s, &scales, needed(x), theta, bias_scale.clone(), needed(dy), wanted);
            [g.x, g.theta, g.bias]
        });
        ConvGradients { x, theta, bias }
    }

    fn fused_passes(s: &Self::Sparse, scales: &Scales<Self::Scale>, x: FloatTensor<B>) -> FloatTensor<B> {
        let (out, s, scales) = (meta(&x), s.inner.clone(), scales.clone());
        record_one::<B, _>("hg_fused_passes", [Some(x)], out, move |[x]| B::fused_passes(&s, &scales, needed(x)))
    }

    fn sparse_conv(a: &Operand<Self>, x: FloatTensor<B>, theta: Option<FloatTensor<B>>, bias: Option<FloatTensor<B>>) -> FloatTensor<B> {
        let out = (Shape::new([a.pattern.rows, theta.as_ref().map_or(x.shape[1], |t| t.shape[1])]), x.dtype);
        let a = a.inner();
        record_one::<B, _>("hg_sparse_conv", [Some(x), theta, bias], out, move |[x, theta, bias]| {
            B::sparse_conv(&a, needed(x), theta, bias)
        })
    }

    fn sparse_conv_backward(
        a: &Operand<Self>,
        x: FloatTensor<B>,
        theta: Option<FloatTensor<B>>,
        dy: FloatTensor<B>,
        wanted: ConvWanted,
    ) -> ConvGradients<Self> {
        let like = conv_gradients(a.pattern.cols, theta.as_ref(), &dy, wanted);
        let a = a.inner();
        let inputs = [Some(x), theta, Some(dy)];
        let [x, theta, bias] = record_some::<B, 3, 3>("hg_sparse_conv_backward", inputs, like, move |[x, theta, dy]| {
            let g = B::sparse_conv_backward(&a, needed(x), theta, needed(dy), wanted);
            [g.x, g.theta, g.bias]
        });
        ConvGradients { x, theta, bias }
    }

    fn gather(index: &Self::Sparse, x: FloatTensor<B>) -> FloatTensor<B> {
        let (out, index) = ((Shape::new([index.rows, x.shape[1]]), x.dtype), index.inner.clone());
        record_one::<B, _>("hg_gather", [Some(x)], out, move |[x]| B::gather(&index, needed(x)))
    }

    fn scatter_add(index: &Self::Sparse, x: FloatTensor<B>, scatter: Scatter) -> FloatTensor<B> {
        let (out, index) = ((Shape::new([index.cols, x.shape[1]]), x.dtype), index.inner.clone());
        record_one::<B, _>("hg_scatter_add", [Some(x)], out, move |[x]| B::scatter_add(&index, needed(x), scatter))
    }

    fn dropout(x: FloatTensor<B>, mask: Mask) -> FloatTensor<B> {
        let out = (x.shape(), x.dtype);
        record_one::<B, _>("hg_dropout", [Some(x)], out, move |[x]| B::dropout(needed(x), mask))
    }

    fn rms_norm(x: FloatTensor<B>, weight: FloatTensor<B>, epsilon: f64) -> FloatTensor<B> {
        let out = meta(&x);
        record_one::<B, _>("hg_rms_norm", [Some(x), Some(weight)], out, move |[x, w]| B::rms_norm(needed(x), needed(w), epsilon))
    }

    fn rms_norm_backward(
        x: FloatTensor<B>,
        weight: FloatTensor<B>,
        epsilon: f64,
        dy: FloatTensor<B>,
        wanted: NormWanted,
    ) -> (Option<FloatTensor<B>>, Option<FloatTensor<B>>) {
        let like = [wanted.x.then(|| meta(&x)), wanted.weight.then(|| meta(&weight))];
        let inputs = [x, weight, dy].map(Some);
        let [dx, dw] = record_some::<B, 3, 2>("hg_rms_norm_backward", inputs, like, move |inputs| {
            let [x, w, dy] = inputs.map(needed);
            B::rms_norm_backward(x, w, epsilon, dy, wanted).into()
        });
        (dx, dw)
    }

    fn swiglu(gate: FloatTensor<B>, up: FloatTensor<B>) -> FloatTensor<B> {
        let out = meta(&gate);
        record_one::<B, _>("hg_swiglu", [Some(gate), Some(up)], out, move |[a, b]| B::swiglu(needed(a), needed(b)))
    }

    fn swiglu_backward(
        gate: FloatTensor<B>,
        up: FloatTensor<B>,
        dy: FloatTensor<B>,
        wanted: GateWanted,
    ) -> (Option<FloatTensor<B>>, Option<FloatTensor<B>>) {
        let like = [wanted.gate.then(|| meta(&gate)), wanted.up.then(|| meta(&up))];
        let [da, db] = record_some::<B, 3, 2>("hg_swiglu_backward", [gate, up, dy].map(Some), like, move |inputs| {
            let [a, b, dy] = inputs.map(needed);
            B::swiglu_backward(a, b, dy, wanted).into()
        });
        (da, db)
    }

    fn rope(x: FloatTensor<B>, angles: &Self::Scale, turn: Turn) -> FloatTensor<B> {
        let (out, angles) = (meta(&x), angles.clone());
        record_one::<B, _>("hg_rope", [Some(x)], out, move |[x]| B::rope(needed(x), &angles, turn))
    }

    fn cross_entropy(x: FloatTensor<B>, targets: &Self::Ids) -> (FloatTensor<B>, FloatTensor<B>) {
        let (rows, dtype, targets) = (x.shape[0], x.dtype, targets.clone());
        let outputs = vec![(Shape::new([rows]), dtype), (Shape::new([rows, 2]), wide(dtype))];
        let mut results = record::<B, 1>("hg_cross_entropy", [Some(x)], outputs, move |[x]| {
            let (loss, normaliser) = B::cross_entropy(needed(x), &targets);
            vec![loss, normaliser]
        });
        (needed(results.next()), needed(results.next()))
    }

    fn cross_entropy_backward(x: FloatTensor<B>, targets: &Self::Ids, normaliser: FloatTensor<B>, dy: FloatTensor<B>) -> FloatTensor<B> {
        let (out, targets) = (meta(&x), targets.clone());
        record_one::<B, _>("hg_cross_entropy_backward", [x, normaliser, dy].map(Some), out, move |inputs| {
            let [x, normaliser, dy] = inputs.map(needed);
            B::cross_entropy_backward(x, &targets, normaliser, dy)
        })
    }

    fn flash_attention(c: FlashConfig, i: FlashInput<Self>) -> FlashOutput<Self> {
        let outputs = vec![meta(&i.q), (Shape::new([c.batch, c.heads, c.queries, 2]), wide(i.q.dtype))];
        let mut results = record::<B, 3>("hg_flash_attention", [i.q, i.k, i.v].map(Some), outputs, move |inputs| {
            let [q, k, v] = inputs.map(needed);
            let o = B::flash_attention(c, FlashInput { q, k, v });
            vec![o.out, o.normaliser]
        });
        FlashOutput { out: needed(results.next()), normaliser: needed(results.next()) }
    }

    fn flash_attention_backward(
        c: FlashConfig,
        i: FlashInput<Self>,
        o: FlashOutput<Self>,
        dout: FloatTensor<B>,
        wanted: FlashWanted,
    ) -> [Option<FloatTensor<B>>; 3] {
        let like = [wanted.q.then(|| meta(&i.q)), wanted.k.then(|| meta(&i.k)), wanted.v.then(|| meta(&i.v))];
        let inputs = [i.q, i.k, i.v, o.out, o.normaliser, dout].map(Some);
        record_some::<B, 6, 3>("hg_flash_attention_backward", inputs, like, move |inputs| {
            let [q, k, v, out, normaliser, dout] = inputs.map(needed);
            B::flash_attention_backward(c, FlashInput { q, k, v }, FlashOutput { out, normaliser }, dout, wanted)
        })
    }
}

/// A tensor that the same function put in.
fn needed<T>(tensor: Option<T>) -> T {
    tensor.expect("a recorded operation keeps its tensors; this is a bug")
}

/// Shape and type.
fn meta<T: TensorMetadata>(x: &T) -> (Shape, BurnDType) {
    (x.shape(), x.dtype())
}

/// Shapes and types of dX `[inputs, F]`, dΘ and dbias, as far as they are wanted.
fn conv_gradients<T: TensorMetadata>(inputs: usize, theta: Option<&T>, dy: &T, wanted: ConvWanted) -> [Option<(Shape, BurnDType)>; 3] {
    let o = dy.shape()[1];
    let f = theta.map_or(o, |t| t.shape()[0]);
    [
        wanted.x.then(|| Shape::new([inputs, f])),
        (wanted.theta && theta.is_some()).then(|| Shape::new([f, o])),
        wanted.bias.then(|| Shape::new([o])),
    ]
    .map(|shape| shape.map(|shape| (shape, dy.dtype())))
}
