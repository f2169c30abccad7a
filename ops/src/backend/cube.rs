//! CubeBackend: the CubeCL kernels on Burn's device tensors, without copies of contiguous inputs.

use std::sync::Arc;

use burn::tensor::ops::{FloatTensor, FloatTensorOps};
use burn::tensor::{Shape, TensorMetadata};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement};
use hypergraphql_kernels::aggregate::{self, Fold, Weights};
use hypergraphql_kernels::device::{Buf, DevicePattern, capability};
use hypergraphql_kernels::dropout::{self, Mask};
use hypergraphql_kernels::hypergraph_attention::launch as attention;
use hypergraphql_kernels::hypergraph_conv::{Scales, ThetaSide, choose_side, launch as conv};
use hypergraphql_kernels::scatter_add::{self, Scatter};
use hypergraphql_kernels::{CsrPair, DType, Direction, KernelError, edge_score, gather, segment_softmax};

use crate::dtype::{burn_dtype, kernel_dtype};

use super::{Attention, AttentionInput, AttentionOutput, Bias, ConvGradients, ConvWanted, HyperBackend, Pass};

/// Why a launch cannot fail: the functions of this crate check every argument before they call the backend.
const CHECKED: &str = "the ops check their arguments before they launch; this is a bug";

type Sparse<R> = Arc<DevicePattern<R>>;

impl<R, F, I, BT> HyperBackend for CubeBackend<R, F, I, BT>
where
    R: CubeRuntime,
    F: FloatElement,
    I: IntElement,
    BT: BoolElement,
{
    type Sparse = Sparse<R>;
    type Scale = Buf<R>;

    fn sparse(pair: Arc<CsrPair>, device: &Self::Device) -> Self::Sparse {
        Arc::new(DevicePattern::upload(&R::client(device), &pair))
    }

    fn scale(values: Arc<[f64]>, device: &Self::Device) -> Self::Scale {
        let rounded: Vec<f32> = values.iter().map(|&v| v as f32).collect();
        Buf::from_f32(&R::client(device), &rounded)
    }

    fn supports(dtype: DType, device: &Self::Device) -> Result<(), KernelError> {
        capability::check_arithmetic(&R::client(device), dtype)
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
    ) -> (FloatTensor<Self>, Option<FloatTensor<Self>>) {
        let (x, weights, dy) = (Matrix::of(x), weights_of(weights), Matrix::of(dy));
        let launch = aggregate::extremum::launch::extremum_backward;
        let (dx, dw) = launch(s, pass.direction, pass.reduce, &x.buf, x.width, by_ref(&weights), &dy.buf).expect(CHECKED);
        (x.like(dx, x.rows, x.width), dw.map(|dw| x.tensor(dw, Shape::new([s.nnz()]))))
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
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (a, b, ds) = (Matrix::of(a), Matrix::of(b), Matrix::of(ds));
        let (da, db) = edge_score::launch::edge_score_backward(s, &a.buf, &b.buf, a.width, slope, &ds.buf).expect(CHECKED);
        (a.like(da, a.rows, a.width), b.like(db, b.rows, b.width))
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
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (x, a, b, dout) = (Matrix::of(input.x), Matrix::of(input.a), Matrix::of(input.b), Matrix::of(dout));
        let inputs = attention_inputs(options, &x, &a, &b);
        let (out, edge, normaliser) = (Matrix::of(output.out).buf, Matrix::of(output.edge).buf, Matrix::of(output.normaliser).buf);
        let saved = attention::Output { out, edge, normaliser };
        let launch = attention::hypergraph_attention_backward;
        let (dx, da, db) = launch(s, options.config, &inputs, &saved, &dout.buf).expect(CHECKED);
        (x.like(dx, x.rows, x.width), a.like(da, a.rows, a.width), b.like(db, b.rows, b.width))
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
                Self::add_bias(Self::dense(y, theta), bias)
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
        let bias = wanted.bias.then(|| {
            let dy = Matrix::of(dy.clone());
            let sum = conv::bias_gradient(s, &dy.buf, dy.width, bias_scale.as_ref()).expect(CHECKED);
            dy.tensor(sum, Shape::new([dy.width]))
        });
        let Some(theta) = theta else {
            let x = wanted.x.then(|| to_nodes::<R, Self>(s, &back, to_edges(s, &back, dy), None));
            return ConvGradients { x, theta: None, bias };
        };
        if !wanted.theta {
            // Only dX: the transposed convolution, with Θ^T on its own cheaper side.
            let dx = wanted.x.then(|| Self::hypergraph_conv(s, &back, dy, Some(Self::float_transpose(theta)), None));
            return ConvGradients { x: dx, theta: None, bias };
        }
        let g = to_nodes::<R, Self>(s, &back, to_edges(s, &back, dy), None);
        let dx = wanted.x.then(|| Self::dense(g.clone(), Self::float_transpose(theta)));
        ConvGradients { x: dx, theta: Some(Self::dense(Self::float_transpose(x), g)), bias }
    }

    fn gather(index: &Self::Sparse, x: FloatTensor<Self>) -> FloatTensor<Self> {
        let x = Matrix::of(x);
        let y = gather::launch::gather(index, &x.buf, x.width).expect(CHECKED);
        x.like(y, index.rows(), x.width)
    }

    fn scatter_add(index: &Self::Sparse, x: FloatTensor<Self>, scatter: Scatter) -> FloatTensor<Self> {
        let x = Matrix::of(x);
        // Where the device has no f32 atomics the segments give what the atomic variant promises, in one of its orders.
        let form = if capability::can_add_atomically(index.client()) { scatter } else { Scatter::Deterministic };
        let y = scatter_add::launch::scatter_add(index, &x.buf, x.width, form).expect(CHECKED);
        x.like(y, index.cols(), x.width)
    }

    fn dropout(x: FloatTensor<Self>, mask: Mask) -> FloatTensor<Self> {
        let shape = x.shape();
        let x = Matrix::of(x);
        let y = dropout::launch::dropout(&x.client, &x.buf, mask).expect(CHECKED);
        x.tensor(y, shape)
    }
}

/// The dense steps around the passes.
trait Dense: HyperBackend {
    /// a [m, k] · b [k, n], also where a size is 0.
    fn dense(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self>;
    /// y [rows, O] + c ⊗ bias.
    fn add_bias(y: FloatTensor<Self>, bias: Option<Bias<Self>>) -> FloatTensor<Self>;
}

impl<R: CubeRuntime, F: FloatElement, I: IntElement, BT: BoolElement> Dense for CubeBackend<R, F, I, BT> {
    fn dense(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        let ([m, k], [_, n]) = (a.shape().dims(), b.shape().dims());
        if m * k * n == 0 {
            let (device, dtype) = (a.device.clone(), a.dtype);
            return Self::float_zeros(Shape::new([m, n]), &device, dtype.into());
        }
        Self::float_matmul(a, b)
    }

    fn add_bias(y: FloatTensor<Self>, bias: Option<Bias<Self>>) -> FloatTensor<Self> {
        let [rows, o] = y.shape().dims();
        let Some(Bias { row, scale }) = bias else { return y };
        if rows * o == 0 {
            return y;
        }
        let dtype = y.dtype;
        let row = Self::float_reshape(row, Shape::new([1, o]));
        let term = match scale {
            Some(c) => {
                let column = Matrix::of(y.clone()).tensor(c, Shape::new([rows, 1]));
                Self::float_mul(Self::float_cast(column, dtype.into()), row)
            }
            None => row,
        };
        Self::float_add(y, term)
    }
}

/// A contiguous tensor as the kernels see it.
struct Matrix<R: CubeRuntime> {
    buf: Buf<R>,
    rows: usize,
    width: usize,
    client: burn_cubecl::cubecl::client::ComputeClient<R>,
    device: R::Device,
}

impl<R: CubeRuntime> Matrix<R> {
    fn of(x: CubeTensor<R>) -> Self {
        let x = into_contiguous(x);
        let shape = x.shape();
        let dims: &[usize] = &shape;
        let rows = dims.first().copied().unwrap_or(1);
        let width = dims.iter().skip(1).product();
        let dtype = kernel_dtype(x.dtype).expect(CHECKED);
        let buf = Buf::wrap(x.handle, shape.num_elements(), dtype).expect(CHECKED);
        Self { buf, rows, width, client: x.client, device: x.device }
    }

    /// A tensor on the same device.
    fn tensor(&self, buf: Buf<R>, shape: Shape) -> CubeTensor<R> {
        let dtype = burn_dtype(buf.dtype());
        CubeTensor::new_contiguous(self.client.clone(), self.device.clone(), shape, buf.into_handle(), dtype)
    }

    fn like(&self, buf: Buf<R>, rows: usize, width: usize) -> CubeTensor<R> {
        self.tensor(buf, Shape::new([rows, width]))
    }
}

fn weights_of<R: CubeRuntime>(weights: Weights<CubeTensor<R>>) -> Weights<Buf<R>> {
    match weights {
        Weights::Ones => Weights::Ones,
        Weights::Values => Weights::Values,
        Weights::Entries(w) => Weights::Entries(Matrix::of(w).buf),
    }
}

fn by_ref<T>(weights: &Weights<T>) -> Weights<&T> {
    match weights {
        Weights::Ones => Weights::Ones,
        Weights::Values => Weights::Values,
        Weights::Entries(w) => Weights::Entries(w),
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

fn scale_refs<R: CubeRuntime>(scales: &Scales<Buf<R>>) -> Scales<&Buf<R>> {
    Scales { input: scales.input.as_ref(), middle: scales.middle.as_ref(), output: scales.output.as_ref() }
}

/// First pass of a convolution.
fn to_edges<R: CubeRuntime>(s: &Sparse<R>, scales: &Scales<Buf<R>>, x: CubeTensor<R>) -> CubeTensor<R> {
    let x = Matrix::of(x);
    let e = conv::to_edges(s, &scale_refs(scales), &x.buf, x.width).expect(CHECKED);
    x.like(e, s.cols(), x.width)
}

/// Second pass of a convolution, with its bias.
fn to_nodes<R, B>(s: &Sparse<R>, scales: &Scales<Buf<R>>, e: CubeTensor<R>, bias: Option<Bias<B>>) -> CubeTensor<R>
where
    R: CubeRuntime,
    B: HyperBackend<Scale = Buf<R>, FloatTensorPrimitive = CubeTensor<R>>,
{
    let e = Matrix::of(e);
    let bias = bias.map(|b| (Matrix::of(b.row).buf, b.scale));
    let folded = bias.as_ref().map(|(row, scale)| (row, scale.as_ref()));
    let y = conv::to_nodes(s, &scale_refs(scales), &e.buf, e.width, folded).expect(CHECKED);
    e.like(y, s.rows(), e.width)
}
