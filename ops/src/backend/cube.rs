//! CubeBackend: the CubeCL kernels on Burn's device tensors, without copies of contiguous inputs.

mod discrete;
mod matrix;
mod memory;
mod relation;
mod steps;

use std::ops::Deref;
use std::sync::Arc;

use burn::tensor::ops::{FloatTensor, FloatTensorOps};
use burn::tensor::{FloatDType, Shape, TensorMetadata};
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement};
use hypergraphql_kernels::aggregate::{self, Fold, Wanted as PassWanted, Weights};
use hypergraphql_kernels::cross_entropy;
use hypergraphql_kernels::device::{Buf, DevicePattern, Lanes, Strategy, capability, grid, lanes};
use hypergraphql_kernels::dropout::{self, Mask};
use hypergraphql_kernels::edge_score::{self, Wanted as ScoreWanted};
use hypergraphql_kernels::flash_attention::{FlashConfig, Wanted as FlashWanted, launch as flash};
use hypergraphql_kernels::hypergraph_attention::launch as attention;
use hypergraphql_kernels::hypergraph_conv::fused::launch::fused;
use hypergraphql_kernels::hypergraph_conv::{Scales, ThetaSide, backward_side, choose_side};
use hypergraphql_kernels::rms_norm::{self, Wanted as NormWanted};
use hypergraphql_kernels::rope::{self, Turn};
use hypergraphql_kernels::scatter_add::{self, Scatter};
use hypergraphql_kernels::set_attention::{SetAttentionConfig, Wanted as SetWanted, launch as sets};
use hypergraphql_kernels::sparse_conv::Order;
use hypergraphql_kernels::sparse_conv::bsr::{Bsr, DeviceBlocks};
use hypergraphql_kernels::swiglu::{self, Wanted as GateWanted};
use hypergraphql_kernels::{CsrPair, DType, Direction, KernelError, gather, segment_softmax};

use crate::dtype::burn_dtype;

use super::shares::inverse_counts;
use super::{
    Attention, AttentionGradients, AttentionInput, AttentionOutput, AttentionWanted, Bias, ConvGradients, ConvWanted, FlashInput,
    FlashOutput, HyperBackend, Operand, Pass, Route, SetInput, SetOutput,
};

use matrix::{Matrix, by_ref, weights_of};
use steps::{Dense, add_bias, bias_gradient, multiply, order, scale_refs, to_edges, to_nodes};

/// Why a launch cannot fail: the functions of this crate check every argument before they call the backend.
const CHECKED: &str = "the ops check their arguments before they launch; this is a bug";

type Sparse<R> = Arc<CubePattern<R>>;

/// A pattern with what its means divide by.
#[derive(Debug)]
pub struct CubePattern<R: CubeRuntime> {
    pattern: DevicePattern<R>,
    of_rows: Buf<R>,
    of_cols: Buf<R>,
}

impl<R: CubeRuntime> Deref for CubePattern<R> {
    type Target = DevicePattern<R>;

    fn deref(&self) -> &DevicePattern<R> {
        &self.pattern
    }
}

impl<R, F, I, BT> HyperBackend for CubeBackend<R, F, I, BT>
where
    R: CubeRuntime,
    F: FloatElement,
    I: IntElement,
    BT: BoolElement,
{
    type Sparse = Sparse<R>;
    type Blocks = Arc<DeviceBlocks<R>>;
    type Scale = Buf<R>;

    fn sparse_by(pair: Arc<CsrPair>, device: &Self::Device, route: Route) -> Self::Sparse {
        let lanes = match route {
            Route::Auto => Lanes::Auto,
            Route::Plane => Lanes::Plane,
            Route::Shared => Lanes::Shared,
        };
        Arc::new(CubePattern {
            pattern: DevicePattern::upload_with(&R::client(device), &pair, Strategy::Auto, lanes),
            of_rows: Self::scale(inverse_counts(&pair, Direction::ToRows), device),
            of_cols: Self::scale(inverse_counts(&pair, Direction::ToCols), device),
        })
    }

    fn blocks(blocks: Arc<Bsr>, device: &Self::Device) -> Self::Blocks {
        Arc::new(DeviceBlocks::upload(&R::client(device), &blocks))
    }

    fn scale(values: Arc<[f64]>, device: &Self::Device) -> Self::Scale {
        let rounded: Vec<f32> = values.iter().map(|&v| v as f32).collect();
        Buf::from_f32(&R::client(device), &rounded)
    }

    fn inverse_counts(s: &Self::Sparse, direction: Direction) -> Self::Scale {
        match direction {
            Direction::ToRows => s.of_rows.clone(),
            Direction::ToCols => s.of_cols.clone(),
        }
    }

    fn scale_rows(x: FloatTensor<Self>, scale: &Self::Scale) -> FloatTensor<Self> {
        let (shape, client, device) = (x.shape(), x.client.clone(), x.device.clone());
        // Burn's products panic on empty tensors on some devices.
        if shape.num_elements() == 0 {
            return Self::float_zeros(shape, &device, FloatDType::F32);
        }
        let column = Shape::new([scale.len(), 1]);
        let column = CubeTensor::new_contiguous(client, device, column, scale.handle().clone(), burn_dtype(DType::F32));
        Self::float_mul(Self::float_cast(x, FloatDType::F32), column)
    }

    fn supports(dtype: DType, device: &Self::Device) -> Result<(), KernelError> {
        capability::check_arithmetic(&R::client(device), dtype)
    }

    fn supports_size(what: &'static str, elements: usize, bytes: usize, device: &Self::Device) -> Result<(), KernelError> {
        grid::check_room(&R::client(device), what, elements, bytes)
    }

    fn supports_scatter(scatter: Scatter, device: &Self::Device) -> Result<(), KernelError> {
        match scatter {
            Scatter::Deterministic => Ok(()),
            Scatter::Atomic => capability::check_atomic_add(&R::client(device)),
        }
    }

    fn supports_route(route: Route, device: &Self::Device) -> Result<Option<&'static str>, KernelError> {
        let client = R::client(device);
        if route != Route::Plane {
            return Ok(None);
        }
        if lanes::plane_size(&client).is_none() {
            let expected = "auto or shared: the planes of this device have no fixed size";
            return Err(KernelError::Option { op: "verify", argument: "strategy", got: route.name().to_owned(), expected });
        }
        Ok((!lanes::has_planes(&client))
            .then_some("plane operations are forced: the device does not advertise them, and auto never uses them"))
    }

    fn supports_head_width(width: usize, device: &Self::Device) -> Result<(), KernelError> {
        flash::check_width(&R::client(device), width)
    }

    fn aggregate(s: &Self::Sparse, pass: &Pass<Self>, x: FloatTensor<Self>, weights: Weights<FloatTensor<Self>>) -> FloatTensor<Self> {
        let (x, weights) = (Matrix::of(x), weights_of(weights));
        let fold = Fold { input_scale: pass.input_scale.as_ref(), output_scale: pass.output_scale.as_ref(), bias: None };
        let y = aggregate::launch::aggregate(s, pass.direction, pass.reduce, &x.buf, x.width, by_ref(&weights), fold).expect(CHECKED);
        x.like(y, s.side(pass.direction).outputs, x.width)
    }

    fn extremum_backward(
        s: &Self::Sparse,
        pass: &Pass<Self>,
        x: FloatTensor<Self>,
        weights: Weights<FloatTensor<Self>>,
        dy: FloatTensor<Self>,
        wanted: PassWanted,
    ) -> (Option<FloatTensor<Self>>, Option<FloatTensor<Self>>) {
        let (x, weights, dy) = (Matrix::of(x), weights_of(weights), Matrix::of(dy));
        let launch = aggregate::extremum::launch::extremum_gradients;
        let (dx, dw) = launch(s, pass.direction, pass.reduce, &x.buf, x.width, by_ref(&weights), &dy.buf, wanted).expect(CHECKED);
        (dx.map(|dx| x.like(dx, x.rows, x.width)), dw.map(|dw| x.tensor(dw, Shape::new([s.nnz()]))))
    }

    fn entry_dot(s: &Self::Sparse, a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        let (a, b) = (Matrix::of(a), Matrix::of(b));
        let out = aggregate::entry::launch::entry_dot(s, &a.buf, &b.buf, a.width).expect(CHECKED);
        a.tensor(out, Shape::new([s.nnz()]))
    }

    fn edge_score(s: &Self::Sparse, a: FloatTensor<Self>, b: FloatTensor<Self>, slope: f64) -> FloatTensor<Self> {
        let (a, b) = (Matrix::of(a), Matrix::of(b));
        let out = edge_score::launch::edge_score(s, &a.buf, &b.buf, a.width, slope).expect(CHECKED);
        a.like(out, s.nnz(), a.width)
    }

    fn edge_score_backward(
        s: &Self::Sparse,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        slope: f64,
        ds: FloatTensor<Self>,
        wanted: ScoreWanted,
    ) -> (Option<FloatTensor<Self>>, Option<FloatTensor<Self>>) {
        let (a, b, ds) = (Matrix::of(a), Matrix::of(b), Matrix::of(ds));
        let gradient = |direction, own: &Matrix<R>| {
            let d = edge_score::launch::edge_score_gradient(s, direction, &a.buf, &b.buf, a.width, slope, &ds.buf).expect(CHECKED);
            own.like(d, own.rows, own.width)
        };
        (wanted.a.then(|| gradient(Direction::ToRows, &a)), wanted.b.then(|| gradient(Direction::ToCols, &b)))
    }

    fn segment_softmax(s: &Self::Sparse, direction: Direction, x: FloatTensor<Self>) -> FloatTensor<Self> {
        let x = Matrix::of(x);
        let p = segment_softmax::launch::segment_softmax(s, direction, &x.buf, x.width).expect(CHECKED);
        x.like(p, x.rows, x.width)
    }

    fn segment_softmax_backward(s: &Self::Sparse, direction: Direction, p: FloatTensor<Self>, dp: FloatTensor<Self>) -> FloatTensor<Self> {
        let (p, dp) = (Matrix::of(p), Matrix::of(dp));
        let dx = segment_softmax::launch::segment_softmax_backward(s, direction, &p.buf, &dp.buf, p.width).expect(CHECKED);
        p.like(dx, p.rows, p.width)
    }

    fn hypergraph_attention(s: &Self::Sparse, options: &Attention<Self>, input: AttentionInput<Self>) -> AttentionOutput<Self> {
        let (x, a, b) = (Matrix::of(input.x), Matrix::of(input.a), Matrix::of(input.b));
        let inputs = attention_inputs(options, &x, &a, &b);
        let o = attention::hypergraph_attention(s, options.config, &inputs).expect(CHECKED);
        let segments = s.side(options.config.normalise).outputs;
        AttentionOutput {
            out: x.like(o.out, x.rows, x.width),
            edge: x.like(o.edge, s.cols(), x.width),
            normaliser: x.like(o.normaliser, segments, 2 * options.config.heads),
        }
    }

    fn hypergraph_attention_backward(
        s: &Self::Sparse,
        options: &Attention<Self>,
        input: AttentionInput<Self>,
        output: AttentionOutput<Self>,
        dout: FloatTensor<Self>,
        wanted: AttentionWanted,
    ) -> AttentionGradients<Self> {
        let (x, a, b, dout) = (Matrix::of(input.x), Matrix::of(input.a), Matrix::of(input.b), Matrix::of(dout));
        let inputs = attention_inputs(options, &x, &a, &b);
        let (out, edge, normaliser) = (Matrix::of(output.out).buf, Matrix::of(output.edge).buf, Matrix::of(output.normaliser).buf);
        let saved = attention::Output { out, edge, normaliser };
        if !wanted.a && !wanted.b {
            let dx = wanted.x.then(|| attention::input_gradient(s, options.config, &inputs, &saved, &dout.buf).expect(CHECKED));
            return AttentionGradients { x: dx.map(|dx| x.like(dx, x.rows, x.width)), a: None, b: None };
        }
        let launch = attention::hypergraph_attention_backward;
        let (dx, da, db) = launch(s, options.config, &inputs, &saved, &dout.buf).expect(CHECKED);
        AttentionGradients {
            x: wanted.x.then(|| x.like(dx, x.rows, x.width)),
            a: wanted.a.then(|| a.like(da, a.rows, a.width)),
            b: wanted.b.then(|| b.like(db, b.rows, b.width)),
        }
    }

    fn set_attention(s: &Self::Sparse, c: SetAttentionConfig, i: SetInput<Self>) -> SetOutput<Self> {
        let (q, k, v) = (Matrix::of(i.q), Matrix::of(i.k), Matrix::of(i.v));
        let o = sets::set_attention(s, c, &sets::Inputs { q: &q.buf, k: &k.buf, v: &v.buf }).expect(CHECKED);
        let segments = s.side(c.direction).outputs;
        let out = q.tensor(o.out, Shape::new([segments, c.seeds, c.width()]));
        SetOutput { out, normaliser: q.like(o.normaliser, segments, 2 * c.parts()) }
    }

    fn set_attention_backward(
        s: &Self::Sparse,
        c: SetAttentionConfig,
        i: SetInput<Self>,
        o: SetOutput<Self>,
        dout: FloatTensor<Self>,
        wanted: SetWanted,
    ) -> [Option<FloatTensor<Self>>; 3] {
        let (q, k, v, dout) = (Matrix::of(i.q), Matrix::of(i.k), Matrix::of(i.v), Matrix::of(dout));
        let saved = sets::Output { out: Matrix::of(o.out).buf, normaliser: Matrix::of(o.normaliser).buf };
        let inputs = sets::Inputs { q: &q.buf, k: &k.buf, v: &v.buf };
        let [dq, dk, dv] = sets::set_attention_backward(s, c, &inputs, &saved, &dout.buf, wanted).expect(CHECKED);
        let like = |d: Option<Buf<R>>, x: &Matrix<R>| d.map(|d| x.like(d, x.rows, x.width));
        [like(dq, &q), like(dk, &k), like(dv, &v)]
    }

    fn hypergraph_conv(
        s: &Self::Sparse,
        scales: &Scales<Self::Scale>,
        x: FloatTensor<Self>,
        theta: Option<FloatTensor<Self>>,
        bias: Option<Bias<Self>>,
    ) -> FloatTensor<Self> {
        let Some(theta) = theta else { return to_nodes(s, scales, to_edges(s, scales, x), bias) };
        let [f, o] = theta.shape().dims();
        match choose_side(s.rows(), s.cols(), s.nnz(), f, o) {
            ThetaSide::Input => to_nodes(s, scales, to_edges(s, scales, Self::dense(x, theta)), bias),
            ThetaSide::Middle => to_nodes(s, scales, Self::dense(to_edges(s, scales, x), theta), bias),
            ThetaSide::Output => {
                let y = to_nodes::<R, Self>(s, scales, to_edges(s, scales, x), None);
                add_bias::<R, Self>(s, Self::dense(y, theta), bias)
            }
        }
    }

    fn hypergraph_conv_backward(
        s: &Self::Sparse,
        scales: &Scales<Self::Scale>,
        x: FloatTensor<Self>,
        theta: Option<FloatTensor<Self>>,
        bias_scale: Option<Self::Scale>,
        dy: FloatTensor<Self>,
        wanted: ConvWanted,
    ) -> ConvGradients<Self> {
        let back = scales.clone().transposed();
        let bias = wanted.bias.then(|| bias_gradient(s, dy.clone(), bias_scale.as_ref()));
        let Some(theta) = theta else {
            let x = wanted.x.then(|| to_nodes::<R, Self>(s, &back, to_edges(s, &back, dy), None));
            return ConvGradients { x, theta: None, bias };
        };
        if !wanted.theta {
            // Only dX: the transposed convolution, with Θ^T on its own cheaper side.
            let dx = wanted.x.then(|| Self::hypergraph_conv(s, &back, dy, Some(Self::float_transpose(theta)), None));
            return ConvGradients { x: dx, theta: None, bias };
        }
        let [f, o] = theta.shape().dims();
        let p = to_edges(s, &back, dy);
        if backward_side(s.rows(), s.cols(), s.nnz(), f, o, 1 + usize::from(wanted.x)) == ThetaSide::Middle {
            let dx = |p| to_nodes::<R, Self>(s, &back, Self::dense(p, Self::float_transpose(theta)), None);
            let e = to_edges(s, &Scales { input: scales.input.clone(), ..Scales::default() }, x);
            return ConvGradients { x: wanted.x.then(|| dx(p.clone())), theta: Some(Self::dense(Self::float_transpose(e), p)), bias };
        }
        let g = to_nodes::<R, Self>(s, &back, p, None);
        let dx = wanted.x.then(|| Self::dense(g.clone(), Self::float_transpose(theta)));
        ConvGradients { x: dx, theta: Some(Self::dense(Self::float_transpose(x), g)), bias }
    }

    fn fused_passes(s: &Self::Sparse, scales: &Scales<Self::Scale>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        let x = Matrix::of(x);
        let y = fused(s, &scale_refs(scales), &x.buf, x.width).expect(CHECKED);
        x.like(y, s.rows(), x.width)
    }

    fn sparse_conv(
        a: &Operand<Self>,
        x: FloatTensor<Self>,
        theta: Option<FloatTensor<Self>>,
        bias: Option<FloatTensor<Self>>,
    ) -> FloatTensor<Self> {
        let Some(theta) = theta else { return multiply(a, Direction::ToRows, x, bias) };
        let [f, o] = theta.shape().dims();
        match order(a, Direction::ToRows, f, o) {
            Order::WeightFirst => multiply(a, Direction::ToRows, Self::dense(x, theta), bias),
            Order::PassFirst => {
                let y = Self::dense(multiply(a, Direction::ToRows, x, None), theta);
                add_bias::<R, Self>(&a.pattern, y, bias.map(|row| Bias { row, scale: None }))
            }
        }
    }

    fn sparse_conv_backward(
        a: &Operand<Self>,
        x: FloatTensor<Self>,
        theta: Option<FloatTensor<Self>>,
        dy: FloatTensor<Self>,
        wanted: ConvWanted,
    ) -> ConvGradients<Self> {
        let bias = wanted.bias.then(|| bias_gradient(&a.pattern, dy.clone(), None));
        let Some(theta) = theta else {
            return ConvGradients { x: wanted.x.then(|| multiply(a, Direction::ToCols, dy, None)), theta: None, bias };
        };
        let ([f, o], turned) = (theta.shape().dims(), Self::float_transpose(theta));
        if !wanted.theta {
            // Only dX: the transposed product, with Θ^T on its own cheaper side.
            let dx = wanted.x.then(|| match order(a, Direction::ToCols, o, f) {
                Order::WeightFirst => multiply(a, Direction::ToCols, Self::dense(dy, turned), None),
                Order::PassFirst => Self::dense(multiply(a, Direction::ToCols, dy, None), turned),
            });
            return ConvGradients { x: dx, theta: None, bias };
        }
        let (dx, dtheta) = match order(a, Direction::ToRows, f, o) {
            Order::WeightFirst => {
                let g = multiply(a, Direction::ToCols, dy, None); // A^T dY [cols, O]
                (wanted.x.then(|| Self::dense(g.clone(), turned)), Self::dense(Self::float_transpose(x), g))
            }
            Order::PassFirst => {
                let e = multiply(a, Direction::ToRows, x, None); // A X [rows, F]
                let dx = wanted.x.then(|| multiply(a, Direction::ToCols, Self::dense(dy.clone(), turned), None));
                (dx, Self::dense(Self::float_transpose(e), dy))
            }
        };
        ConvGradients { x: dx, theta: Some(dtheta), bias }
    }

    fn gather(index: &Self::Sparse, x: FloatTensor<Self>) -> FloatTensor<Self> {
        let x = Matrix::of(x);
        let y = gather::launch::gather(index, &x.buf, x.width).expect(CHECKED);
        x.like(y, index.rows(), x.width)
    }

    fn scatter_add(index: &Self::Sparse, x: FloatTensor<Self>, scatter: Scatter) -> FloatTensor<Self> {
        let x = Matrix::of(x);
        let y = scatter_add::launch::scatter_add(index, &x.buf, x.width, scatter).expect(CHECKED);
        x.like(y, index.cols(), x.width)
    }

    fn dropout(x: FloatTensor<Self>, mask: Mask) -> FloatTensor<Self> {
        let shape = x.shape();
        let x = Matrix::of(x);
        let y = dropout::launch::dropout(&x.client, &x.buf, mask).expect(CHECKED);
        x.tensor(y, shape)
    }

    fn rms_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, epsilon: f64) -> FloatTensor<Self> {
        let shape = x.shape();
        let (x, w) = (Matrix::of(x), Matrix::of(weight));
        let y = rms_norm::launch::rms_norm(&x.client, &x.buf, &w.buf, epsilon, Lanes::Auto).expect(CHECKED);
        x.tensor(y, shape)
    }

    fn rms_norm_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        epsilon: f64,
        dy: FloatTensor<Self>,
        wanted: NormWanted,
    ) -> (Option<FloatTensor<Self>>, Option<FloatTensor<Self>>) {
        let (like_x, like_w) = (x.shape(), weight.shape());
        let (x, w, dy) = (Matrix::of(x), Matrix::of(weight), Matrix::of(dy));
        let gradients = rms_norm::launch::rms_norm_backward(&x.client, &x.buf, &w.buf, epsilon, &dy.buf, wanted, Lanes::Auto);
        let (dx, dw) = gradients.expect(CHECKED);
        (dx.map(|d| x.tensor(d, like_x)), dw.map(|d| x.tensor(d, like_w)))
    }

    fn swiglu(gate: FloatTensor<Self>, up: FloatTensor<Self>) -> FloatTensor<Self> {
        let shape = gate.shape();
        let (a, b) = (Matrix::of(gate), Matrix::of(up));
        let y = swiglu::launch::swiglu(&a.client, &a.buf, &b.buf).expect(CHECKED);
        a.tensor(y, shape)
    }

    fn swiglu_backward(
        gate: FloatTensor<Self>,
        up: FloatTensor<Self>,
        dy: FloatTensor<Self>,
        wanted: GateWanted,
    ) -> (Option<FloatTensor<Self>>, Option<FloatTensor<Self>>) {
        let shape = gate.shape();
        let (a, b, dy) = (Matrix::of(gate), Matrix::of(up), Matrix::of(dy));
        let (da, db) = swiglu::launch::swiglu_backward(&a.client, &a.buf, &b.buf, &dy.buf, wanted).expect(CHECKED);
        (da.map(|d| a.tensor(d, shape.clone())), db.map(|d| a.tensor(d, shape.clone())))
    }

    fn rope(x: FloatTensor<Self>, angles: &Self::Scale, turn: Turn) -> FloatTensor<Self> {
        let shape = x.shape();
        let x = Matrix::of(x);
        let y = rope::launch::rope(&x.client, turn, &x.buf, angles).expect(CHECKED);
        x.tensor(y, shape)
    }

    fn cross_entropy(x: FloatTensor<Self>, targets: &Self::Ids) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let x = Matrix::of(x);
        let (loss, normaliser) = cross_entropy::launch::cross_entropy(&x.client, &x.buf, targets, x.width, Lanes::Auto).expect(CHECKED);
        (x.tensor(loss, Shape::new([x.rows])), x.like(normaliser, x.rows, 2))
    }

    fn cross_entropy_backward(
        x: FloatTensor<Self>,
        targets: &Self::Ids,
        normaliser: FloatTensor<Self>,
        dy: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (x, n, dy) = (Matrix::of(x), Matrix::of(normaliser), Matrix::of(dy));
        let dx = cross_entropy::launch::cross_entropy_backward(&x.client, &x.buf, targets, x.width, &n.buf, &dy.buf).expect(CHECKED);
        x.like(dx, x.rows, x.width)
    }

    fn flash_attention(c: FlashConfig, i: FlashInput<Self>) -> FlashOutput<Self> {
        let (q, k, v) = (Matrix::of(i.q), Matrix::of(i.k), Matrix::of(i.v));
        let o = flash::flash_attention(&q.client, c, &flash::Inputs { q: &q.buf, k: &k.buf, v: &v.buf }).expect(CHECKED);
        let shape = |width| Shape::new([c.batch, c.heads, c.queries, width]);
        FlashOutput { out: q.tensor(o.out, shape(c.width)), normaliser: q.tensor(o.normaliser, shape(2)) }
    }

    fn flash_attention_backward(
        c: FlashConfig,
        i: FlashInput<Self>,
        o: FlashOutput<Self>,
        dout: FloatTensor<Self>,
        wanted: FlashWanted,
    ) -> [Option<FloatTensor<Self>>; 3] {
        let shapes = [i.q.shape(), i.k.shape(), i.v.shape()];
        let (q, k, v, dout) = (Matrix::of(i.q), Matrix::of(i.k), Matrix::of(i.v), Matrix::of(dout));
        let saved = flash::Output { out: Matrix::of(o.out).buf, normaliser: Matrix::of(o.normaliser).buf };
        let inputs = flash::Inputs { q: &q.buf, k: &k.buf, v: &v.buf };
        let mut gradients = flash::flash_attention_backward(&q.client, c, &inputs, &saved, &dout.buf, wanted).expect(CHECKED).into_iter();
        shapes.map(|shape| gradients.next().flatten().map(|d| q.tensor(d, shape)))
    }
}

fn attention_inputs<'a, R, B>(options: &'a Attention<B>, x: &'a Matrix<R>, a: &'a Matrix<R>, b: &'a Matrix<R>) -> attention::Inputs<'a, R>
where
    R: CubeRuntime,
    B: HyperBackend<Scale = Buf<R>>,
{
    let (row_scale, col_scale) = (options.row_scale.as_ref(), options.col_scale.as_ref());
    attention::Inputs { x: &x.buf, a: &a.buf, b: &b.buf, row_scale, col_scale }
}
