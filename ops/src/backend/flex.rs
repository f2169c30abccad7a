//! The CPU: host kernels on the slices of Flex tensors. A contiguous input is read in place, a result's vector becomes the tensor.

mod discrete;
mod memory;
mod relation;
mod sets;

use std::ops::Deref;
use std::sync::Arc;

use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{DType as BurnDType, Element as BurnElement, FloatDType, TensorData, TensorMetadata};
use burn_flex::{Flex, FlexDevice, FlexTensor};
use hypergraphql_kernels::aggregate::{Fold, Wanted as PassWanted, Weights};
use hypergraphql_kernels::dropout::Mask;
use hypergraphql_kernels::edge_score::Wanted as ScoreWanted;
use hypergraphql_kernels::element::Acc;
use hypergraphql_kernels::flash_attention::{FlashConfig, Wanted as FlashWanted};
use hypergraphql_kernels::hypergraph_conv::Scales;
use hypergraphql_kernels::rms_norm::Wanted as NormWanted;
use hypergraphql_kernels::rope::Turn;
use hypergraphql_kernels::scatter_add::Scatter;
use hypergraphql_kernels::set_attention::{SetAttentionConfig, Wanted as SetWanted};
use hypergraphql_kernels::sparse_conv::bsr::Bsr;
use hypergraphql_kernels::sparse_conv::host::Stored as StoredMatrix;
use hypergraphql_kernels::swiglu::Wanted as GateWanted;
use hypergraphql_kernels::{CsrPair, DType, Direction, Element, KernelError};
use hypergraphql_kernels::{
    aggregate, cross_entropy, dropout, edge_score, flash_attention, gather, hypergraph_attention, hypergraph_conv, linear, rms_norm, rope,
    scatter_add, segment_softmax, sparse_conv, swap_axes, swiglu,
};

use super::shares::inverse_counts;
use super::{
    Attention, AttentionGradients, AttentionInput, AttentionOutput, AttentionWanted, Bias, ConvGradients, ConvWanted, FlashInput,
    FlashOutput, HyperBackend, Operand, Pass, Route, SetInput, SetOutput,
};

/// A pattern with what its means divide by.
#[derive(Debug)]
pub struct HostPattern {
    pair: Arc<CsrPair>,
    of_rows: Arc<[f64]>,
    of_cols: Arc<[f64]>,
}

impl Deref for HostPattern {
    type Target = CsrPair;

    fn deref(&self) -> &CsrPair {
        &self.pair
    }
}

/// Runs `$body` with `$E` standing for the element type of `$tensor`.
macro_rules! with_element {
    ($tensor:expr, $E:ident => $body:expr) => {
        match $tensor.dtype() {
            BurnDType::F64 => {
                type $E = f64;
                $body
            }
            BurnDType::F32 => {
                type $E = f32;
                $body
            }
            BurnDType::F16 => {
                type $E = half::f16;
                $body
            }
            BurnDType::BF16 => {
                type $E = half::bf16;
                $body
            }
            other => unreachable!("a float op was handed {other:?}; this is a bug"),
        }
    };
}

use with_element;

/// A type that is an element both of Burn and of the kernels.
trait Stored: Element + BurnElement {}
impl<E: Element + BurnElement> Stored for E {}

fn width(x: &FlexTensor) -> usize {
    x.shape()[1]
}

/// Wraps the vector; nothing is copied.
fn tensor<E: BurnElement, const D: usize>(values: Vec<E>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

fn entries<E: Stored>(w: &Weights<FlexTensor>) -> Weights<&[E]> {
    match w {
        Weights::Ones => Weights::Ones,
        Weights::Values => Weights::Values,
        Weights::Entries(w) => Weights::Entries(w.storage()),
    }
}

fn contiguous(w: Weights<FlexTensor>) -> Weights<FlexTensor> {
    match w {
        Weights::Entries(w) => Weights::Entries(w.to_contiguous()),
        constant => constant,
    }
}

/// F and O, from Θ `[F, O]` or from dY where there is none.
fn weight_shape(theta: Option<&FlexTensor>, dy: &FlexTensor) -> (usize, usize) {
    theta.map_or_else(|| (width(dy), width(dy)), |t| (t.shape()[0], width(t)))
}

/// Each row times its scale, in the type of sums.
fn scaled_rows<E: Element>(x: &[E], width: usize, scale: &[f64]) -> Vec<E::Acc> {
    x.iter().enumerate().map(|(i, v)| v.to_acc() * E::Acc::from_f64(scale[i / width])).collect()
}

fn slices(scales: &Scales<Arc<[f64]>>) -> Scales<&[f64]> {
    Scales { input: scales.input.as_deref(), middle: scales.middle.as_deref(), output: scales.output.as_deref() }
}

fn stored(a: &Operand<Flex>) -> StoredMatrix<'_> {
    a.blocks.as_deref().map_or_else(|| StoredMatrix::Csr(&a.pattern), StoredMatrix::Bsr)
}

fn attention_inputs<'a, E: Stored>(
    attention: &'a Attention<Flex>,
    i: &'a AttentionInput<Flex>,
) -> hypergraph_attention::host::Inputs<'a, E> {
    hypergraph_attention::host::Inputs {
        x: i.x.storage(),
        a: i.a.storage(),
        b: i.b.storage(),
        row_scale: attention.row_scale.as_deref(),
        col_scale: attention.col_scale.as_deref(),
    }
}

impl AttentionInput<Flex> {
    fn contiguous(self) -> Self {
        Self { x: self.x.to_contiguous(), a: self.a.to_contiguous(), b: self.b.to_contiguous() }
    }
}

impl FlashInput<Flex> {
    fn contiguous(self) -> Self {
        Self { q: self.q.to_contiguous(), k: self.k.to_contiguous(), v: self.v.to_contiguous() }
    }
}

impl HyperBackend for Flex {
    type Sparse = Arc<HostPattern>;
    type Blocks = Arc<Bsr>;
    type Scale = Arc<[f64]>;

    fn sparse_by(pair: Arc<CsrPair>, _device: &FlexDevice, _route: Route) -> Self::Sparse {
        let (of_rows, of_cols) = (inverse_counts(&pair, Direction::ToRows), inverse_counts(&pair, Direction::ToCols));
        Arc::new(HostPattern { pair, of_rows, of_cols })
    }

    fn blocks(blocks: Arc<Bsr>, _device: &FlexDevice) -> Self::Blocks {
        blocks
    }

    fn scale(values: Arc<[f64]>, _device: &FlexDevice) -> Self::Scale {
        values
    }

    fn inverse_counts(s: &Self::Sparse, direction: Direction) -> Self::Scale {
        match direction {
            Direction::ToRows => s.of_rows.clone(),
            Direction::ToCols => s.of_cols.clone(),
        }
    }

    fn scale_rows(x: FlexTensor, scale: &Self::Scale) -> FlexTensor {
        let (x, f) = (x.to_contiguous(), width(&x));
        with_element!(x, E => tensor(scaled_rows::<E>(x.storage(), f, scale), [scale.len(), f]))
    }

    fn supports(_dtype: DType, _device: &FlexDevice) -> Result<(), KernelError> {
        Ok(())
    }

    fn supports_size(_what: &'static str, _elements: usize, _bytes: usize, _device: &FlexDevice) -> Result<(), KernelError> {
        // The allocator of the host has the last word.
        Ok(())
    }

    fn supports_scatter(_scatter: Scatter, _device: &FlexDevice) -> Result<(), KernelError> {
        // The host sums by segments, which satisfies the atomic variant too.
        Ok(())
    }

    fn supports_route(route: Route, _device: &FlexDevice) -> Result<Option<&'static str>, KernelError> {
        if route == Route::Auto {
            return Ok(None);
        }
        let expected = "auto: the kernels of the CPU have no lanes to combine";
        Err(KernelError::Option { op: "verify", argument: "strategy", got: route.name().to_owned(), expected })
    }

    fn supports_head_width(_width: usize, _device: &FlexDevice) -> Result<(), KernelError> {
        Ok(())
    }

    fn aggregate(s: &Self::Sparse, pass: &Pass<Self>, x: FlexTensor, weights: Weights<FlexTensor>) -> FlexTensor {
        let (view, x, w, f) = (s.view(pass.direction), x.to_contiguous(), contiguous(weights), width(&x));
        with_element!(x, E => {
            let fold = Fold { input_scale: pass.input_scale.as_deref(), output_scale: pass.output_scale.as_deref(), bias: None };
            let y = aggregate::host::aggregate::<E>(&view, pass.reduce, x.storage(), f, entries(&w), fold);
            tensor(y, [view.rows(), f])
        })
    }

    fn extremum_backward(
        s: &Self::Sparse,
        pass: &Pass<Self>,
        x: FlexTensor,
        weights: Weights<FlexTensor>,
        dy: FlexTensor,
        wanted: PassWanted,
    ) -> (Option<FlexTensor>, Option<FlexTensor>) {
        let (x, w, dy, f) = (x.to_contiguous(), contiguous(weights), dy.to_contiguous(), width(&x));
        with_element!(x, E => {
            let backward = aggregate::host::extremum_backward::<E>;
            let (dx, dw) = backward(s, pass.direction, pass.reduce, x.storage(), f, entries(&w), dy.storage(), wanted);
            (dx.map(|dx| tensor(dx, [x.shape()[0], f])), dw.map(|dw| tensor(dw, [s.nnz()])))
        })
    }

    fn entry_dot(s: &Self::Sparse, a: FlexTensor, b: FlexTensor) -> FlexTensor {
        let (a, b, f) = (a.to_contiguous(), b.to_contiguous(), width(&a));
        with_element!(a, E => {
            let dots = aggregate::host::entry_dot::<E>(&s.view(Direction::ToRows), a.storage(), b.storage(), f);
            tensor(dots, [s.nnz()])
        })
    }

    fn edge_score(s: &Self::Sparse, a: FlexTensor, b: FlexTensor, slope: f64) -> FlexTensor {
        let (a, b, heads) = (a.to_contiguous(), b.to_contiguous(), width(&a));
        with_element!(a, E => {
            tensor(edge_score::host::edge_score::<E>(s, a.storage(), b.storage(), heads, slope), [s.nnz(), heads])
        })
    }

    fn edge_score_backward(
        s: &Self::Sparse,
        a: FlexTensor,
        b: FlexTensor,
        slope: f64,
        ds: FlexTensor,
        wanted: ScoreWanted,
    ) -> (Option<FlexTensor>, Option<FlexTensor>) {
        let (a, b, ds, heads) = (a.to_contiguous(), b.to_contiguous(), ds.to_contiguous(), width(&a));
        with_element!(a, E => {
            let (da, db) = edge_score::host::edge_score_backward::<E>(s, a.storage(), b.storage(), heads, slope, ds.storage(), wanted);
            (da.map(|da| tensor(da, [s.rows(), heads])), db.map(|db| tensor(db, [s.cols(), heads])))
        })
    }

    fn segment_softmax(s: &Self::Sparse, direction: Direction, x: FlexTensor) -> FlexTensor {
        let (x, heads) = (x.to_contiguous(), width(&x));
        with_element!(x, E => {
            tensor(segment_softmax::host::segment_softmax::<E>(&s.view(direction), x.storage(), heads), [s.nnz(), heads])
        })
    }

    fn segment_softmax_backward(s: &Self::Sparse, direction: Direction, p: FlexTensor, dp: FlexTensor) -> FlexTensor {
        let (p, dp, heads) = (p.to_contiguous(), dp.to_contiguous(), width(&p));
        with_element!(p, E => {
            let dx = segment_softmax::host::segment_softmax_backward::<E>(&s.view(direction), p.storage(), dp.storage(), heads);
            tensor(dx, [s.nnz(), heads])
        })
    }

    fn hypergraph_attention(s: &Self::Sparse, attention: &Attention<Self>, input: AttentionInput<Self>) -> AttentionOutput<Self> {
        let (i, config) = (input.contiguous(), attention.config);
        let f = width(&i.x);
        with_element!(i.x, E => {
            let o = hypergraph_attention::host::hypergraph_attention::<E>(s, config, attention_inputs(attention, &i));
            AttentionOutput {
                out: tensor(o.out, [s.rows(), f]),
                edge: tensor(o.edge, [s.cols(), f]),
                normaliser: tensor(o.normaliser, [s.outputs(config.normalise), 2 * config.heads]),
            }
        })
    }

    fn hypergraph_attention_backward(
        s: &Self::Sparse,
        attention: &Attention<Self>,
        input: AttentionInput<Self>,
        output: AttentionOutput<Self>,
        dout: FlexTensor,
        wanted: AttentionWanted,
    ) -> AttentionGradients<Self> {
        use hypergraph_attention::host::{Saved, hypergraph_attention_backward, input_gradient};
        let (i, config) = (input.contiguous(), attention.config);
        let (out, edge, normaliser, dout) =
            (output.out.to_contiguous(), output.edge.to_contiguous(), output.normaliser.to_contiguous(), dout.to_contiguous());
        let f = width(&i.x);
        with_element!(i.x, E => {
            let saved = Saved { out: out.storage(), edge: edge.storage(), normaliser: normaliser.storage() };
            let inputs = attention_inputs::<E>(attention, &i);
            if !wanted.a && !wanted.b {
                let x = wanted.x.then(|| tensor(input_gradient(s, config, inputs, saved.normaliser, dout.storage()), [s.rows(), f]));
                return AttentionGradients { x, a: None, b: None };
            }
            let (dx, da, db) = hypergraph_attention_backward(s, config, inputs, saved, dout.storage());
            AttentionGradients {
                x: wanted.x.then(|| tensor(dx, [s.rows(), f])),
                a: wanted.a.then(|| tensor(da, [s.rows(), config.heads])),
                b: wanted.b.then(|| tensor(db, [s.cols(), config.heads])),
            }
        })
    }

    fn set_attention(s: &Self::Sparse, c: SetAttentionConfig, i: SetInput<Self>) -> SetOutput<Self> {
        sets::set_attention(s, c, i)
    }

    fn set_attention_backward(
        s: &Self::Sparse,
        c: SetAttentionConfig,
        i: SetInput<Self>,
        o: SetOutput<Self>,
        dout: FlexTensor,
        wanted: SetWanted,
    ) -> [Option<FlexTensor>; 3] {
        sets::set_attention_backward(s, c, i, o, dout, wanted)
    }

    fn hypergraph_conv(
        s: &Self::Sparse,
        scales: &Scales<Self::Scale>,
        x: FlexTensor,
        theta: Option<FlexTensor>,
        bias: Option<Bias<Self>>,
    ) -> FlexTensor {
        let (x, theta, f) = (x.to_contiguous(), theta.map(|t| t.to_contiguous()), width(&x));
        let bias = bias.map(|b| (b.row.to_contiguous(), b.scale));
        let o = theta.as_ref().map_or(f, width);
        with_element!(x, E => {
            let theta = theta.as_ref().map(|t| (t.storage(), o));
            let bias = bias.as_ref().map(|(row, c)| (row.storage(), c.as_deref()));
            tensor(hypergraph_conv::host::hypergraph_conv::<E>(s, slices(scales), x.storage(), f, theta, bias), [s.rows(), o])
        })
    }

    fn hypergraph_conv_backward(
        s: &Self::Sparse,
        scales: &Scales<Self::Scale>,
        x: FlexTensor,
        theta: Option<FlexTensor>,
        bias_scale: Option<Self::Scale>,
        dy: FlexTensor,
        wanted: ConvWanted,
    ) -> ConvGradients<Self> {
        use hypergraph_conv::host::{Wanted, hypergraph_conv_backward};
        let (x, theta, dy) = (x.to_contiguous(), theta.map(|t| t.to_contiguous()), dy.to_contiguous());
        let (f, o) = weight_shape(theta.as_ref(), &dy);
        let wanted = Wanted { x: wanted.x, theta: wanted.theta, bias: wanted.bias };
        with_element!(dy, E => {
            let theta = theta.as_ref().map(|t| (t.storage(), o));
            let c = bias_scale.as_deref();
            let g = hypergraph_conv_backward::<E>(s, slices(scales), x.storage(), f, theta, c, dy.storage(), wanted);
            ConvGradients {
                x: g.x.map(|d| tensor(d, [s.rows(), f])),
                theta: g.theta.map(|d| tensor(d, [f, o])),
                bias: g.bias.map(|d| tensor(d, [o])),
            }
        })
    }

    fn fused_passes(s: &Self::Sparse, scales: &Scales<Self::Scale>, x: FlexTensor) -> FlexTensor {
        let (x, width) = (x.to_contiguous(), width(&x));
        with_element!(x, E => {
            tensor(hypergraph_conv::fused::host::fused::<E>(s, slices(scales), x.storage(), width), [s.rows(), width])
        })
    }

    fn sparse_conv(a: &Operand<Self>, x: FlexTensor, theta: Option<FlexTensor>, bias: Option<FlexTensor>) -> FlexTensor {
        let (x, theta, f) = (x.to_contiguous(), theta.map(|t| t.to_contiguous()), width(&x));
        let bias = bias.map(|b| b.to_contiguous());
        let o = theta.as_ref().map_or(f, width);
        with_element!(x, E => {
            let theta = theta.as_ref().map(|t| (t.storage(), o));
            let bias = bias.as_ref().map(FlexTensor::storage);
            let y = sparse_conv::host::sparse_conv::<E>(stored(a), Direction::ToRows, x.storage(), f, theta, bias);
            tensor(y, [a.pattern.rows(), o])
        })
    }

    fn sparse_conv_backward(
        a: &Operand<Self>,
        x: FlexTensor,
        theta: Option<FlexTensor>,
        dy: FlexTensor,
        wanted: ConvWanted,
    ) -> ConvGradients<Self> {
        let (x, theta, dy) = (x.to_contiguous(), theta.map(|t| t.to_contiguous()), dy.to_contiguous());
        let (f, o) = weight_shape(theta.as_ref(), &dy);
        let wanted = hypergraph_conv::host::Wanted { x: wanted.x, theta: wanted.theta, bias: wanted.bias };
        with_element!(dy, E => {
            let theta = theta.as_ref().map(|t| (t.storage(), o));
            let g = sparse_conv::host::sparse_conv_backward::<E>(stored(a), x.storage(), f, theta, dy.storage(), wanted);
            ConvGradients {
                x: g.x.map(|d| tensor(d, [a.pattern.cols(), f])),
                theta: g.theta.map(|d| tensor(d, [f, o])),
                bias: g.bias.map(|d| tensor(d, [o])),
            }
        })
    }

    fn gather(index: &Self::Sparse, x: FlexTensor) -> FlexTensor {
        let (x, f) = (x.to_contiguous(), width(&x));
        with_element!(x, E => {
            tensor(gather::host::gather::<E>(index.view(Direction::ToRows).col, x.storage(), f), [index.rows(), f])
        })
    }

    fn scatter_add(index: &Self::Sparse, x: FlexTensor, _scatter: Scatter) -> FlexTensor {
        let (x, f) = (x.to_contiguous(), width(&x));
        with_element!(x, E => tensor(scatter_add::host::scatter_add::<E>(index, x.storage(), f), [index.cols(), f]))
    }

    fn dropout(x: FlexTensor, mask: Mask) -> FlexTensor {
        let x = x.to_contiguous();
        with_element!(x, E => FlexTensor::from_data(TensorData::new(dropout::host::dropout::<E>(x.storage(), mask), x.shape())))
    }

    fn rms_norm(x: FlexTensor, weight: FlexTensor, epsilon: f64) -> FlexTensor {
        let (x, w) = (x.to_contiguous(), weight.to_contiguous());
        with_element!(x, E => {
            FlexTensor::from_data(TensorData::new(rms_norm::host::rms_norm::<E>(x.storage(), w.storage(), epsilon), x.shape()))
        })
    }

    fn rms_norm_backward(
        x: FlexTensor,
        weight: FlexTensor,
        epsilon: f64,
        dy: FlexTensor,
        wanted: NormWanted,
    ) -> (Option<FlexTensor>, Option<FlexTensor>) {
        let (x, w, dy) = (x.to_contiguous(), weight.to_contiguous(), dy.to_contiguous());
        with_element!(x, E => {
            let (dx, dw) = rms_norm::host::rms_norm_backward::<E>(x.storage(), w.storage(), epsilon, dy.storage(), wanted);
            let like = |values: Option<Vec<E>>, t: &FlexTensor| values.map(|v| FlexTensor::from_data(TensorData::new(v, t.shape())));
            (like(dx, &x), like(dw, &w))
        })
    }

    fn times_transposed(x: FlexTensor, w: FlexTensor) -> FlexTensor {
        let [rows, inputs, outputs] = [x.shape()[0], width(&x), w.shape()[0]];
        let few = with_element!(x, E => linear::host::few(<E as Element>::DTYPE));
        // A transpose of w would have to be copied first; the product by blocks knows its strides.
        if rows * inputs * outputs > 0 && (rows > few || !w.is_contiguous()) {
            if x.dtype() != BurnDType::F16 {
                return Self::float_matmul(x, Self::float_transpose(w));
            }
            // The back end rounds partial sums of f16 on the way, so that a row of 1003 terms is off by 1 %.
            let [x, w] = [x, w].map(|half| Self::float_cast(half, FloatDType::F32));
            return Self::float_cast(Self::float_matmul(x, Self::float_transpose(w)), FloatDType::F16);
        }
        let (x, w) = (x.to_contiguous(), w.to_contiguous());
        with_element!(x, E => tensor(linear::host::linear::<E>(x.storage(), w.storage(), [rows, inputs, outputs]), [rows, outputs]))
    }

    fn swiglu(gate: FlexTensor, up: FlexTensor) -> FlexTensor {
        let (a, b) = (gate.to_contiguous(), up.to_contiguous());
        with_element!(a, E => FlexTensor::from_data(TensorData::new(swiglu::host::swiglu::<E>(a.storage(), b.storage()), a.shape())))
    }

    fn swiglu_backward(gate: FlexTensor, up: FlexTensor, dy: FlexTensor, wanted: GateWanted) -> (Option<FlexTensor>, Option<FlexTensor>) {
        let (a, b, dy) = (gate.to_contiguous(), up.to_contiguous(), dy.to_contiguous());
        with_element!(a, E => {
            let (da, db) = swiglu::host::swiglu_backward::<E>(a.storage(), b.storage(), dy.storage(), wanted);
            let like = |values: Option<Vec<E>>| values.map(|v| FlexTensor::from_data(TensorData::new(v, a.shape())));
            (like(da), like(db))
        })
    }

    fn rope(x: FlexTensor, angles: &Self::Scale, turn: Turn) -> FlexTensor {
        let x = x.to_contiguous();
        with_element!(x, E => FlexTensor::from_data(TensorData::new(rope::host::rope::<E>(turn, x.storage(), angles), x.shape())))
    }

    fn swap_axes(x: FlexTensor) -> FlexTensor {
        let x = x.to_contiguous();
        let [s, a, b, d] = x.shape().dims();
        with_element!(x, E => tensor(swap_axes::host::swap_axes::<E>(x.storage(), [s, a, b, d]), [s, b, a, d]))
    }

    fn cross_entropy(x: FlexTensor, targets: &Self::Ids) -> (FlexTensor, FlexTensor) {
        let x = x.to_contiguous();
        with_element!(x, E => {
            let (loss, normaliser) = cross_entropy::host::cross_entropy::<E>(x.storage(), targets);
            (tensor(loss, [targets.len()]), tensor(normaliser, [targets.len(), 2]))
        })
    }

    fn cross_entropy_backward(x: FlexTensor, targets: &Self::Ids, normaliser: FlexTensor, dy: FlexTensor) -> FlexTensor {
        let (x, n, dy, classes) = (x.to_contiguous(), normaliser.to_contiguous(), dy.to_contiguous(), width(&x));
        with_element!(x, E => {
            let dx = cross_entropy::host::cross_entropy_backward::<E>(x.storage(), targets, n.storage(), dy.storage());
            tensor(dx, [targets.len(), classes])
        })
    }

    fn flash_attention(c: FlashConfig, i: FlashInput<Self>) -> FlashOutput<Self> {
        let i = i.contiguous();
        with_element!(i.q, E => {
            let (out, normaliser) = flash_attention::host::flash_attention::<E>(c, i.q.storage(), i.k.storage(), i.v.storage());
            let rows = [c.batch, c.heads, c.queries];
            FlashOutput { out: tensor(out, [rows[0], rows[1], rows[2], c.width]), normaliser: tensor(normaliser, [rows[0], rows[1], rows[2], 2]) }
        })
    }

    fn flash_attention_backward(
        c: FlashConfig,
        i: FlashInput<Self>,
        o: FlashOutput<Self>,
        dout: FlexTensor,
        wanted: FlashWanted,
    ) -> [Option<FlexTensor>; 3] {
        let (i, out, normaliser, dout) = (i.contiguous(), o.out.to_contiguous(), o.normaliser.to_contiguous(), dout.to_contiguous());
        with_element!(i.q, E => {
            let (q, k, v) = (i.q.storage(), i.k.storage(), i.v.storage());
            let saved = flash_attention::host::Saved::<E> { q, k, v, out: out.storage(), normaliser: normaliser.storage() };
            let [dq, dk, dv] = flash_attention::host::flash_attention_backward(c, saved, dout.storage(), wanted);
            let keys = [c.batch, c.kv_heads, c.keys, c.width];
            [dq.map(|d| tensor(d, [c.batch, c.heads, c.queries, c.width])), dk.map(|d| tensor(d, keys)), dv.map(|d| tensor(d, keys))]
        })
    }
}
