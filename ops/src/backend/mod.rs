//! The narrow waist between Burn and the kernels: one method per op, implemented for Flex, CubeBackend, Fusion and Autodiff.

mod autodiff;
#[cfg(feature = "cube")]
mod cube;
#[cfg(feature = "cpu")]
mod flex;
#[cfg(feature = "fusion")]
mod fusion;
#[cfg(any(feature = "cpu", feature = "cube"))]
mod shares;

mod discrete;
mod memory;
mod relation;
mod relational;
mod route;

use std::fmt::Debug;
use std::sync::Arc;

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};
use hypergraphql_kernels::aggregate::{Reduce, Wanted as PassWanted, Weights};
use hypergraphql_kernels::dropout::Mask;
use hypergraphql_kernels::edge_score::Wanted as ScoreWanted;
use hypergraphql_kernels::flash_attention::{FlashConfig, Wanted as FlashWanted};
use hypergraphql_kernels::hypergraph_attention::AttentionConfig;
use hypergraphql_kernels::hypergraph_conv::Scales;
use hypergraphql_kernels::rms_norm::Wanted as NormWanted;
use hypergraphql_kernels::rope::Turn;
use hypergraphql_kernels::scatter_add::Scatter;
use hypergraphql_kernels::set_attention::{SetAttentionConfig, Wanted as SetWanted};
use hypergraphql_kernels::sparse_conv::bsr::Bsr;
use hypergraphql_kernels::swiglu::Wanted as GateWanted;
use hypergraphql_kernels::{CsrPair, DType, Direction, KernelError};

pub use discrete::DiscreteBackend;
pub use memory::{Kept, MemoryBackend, MemoryKeys};
pub use relation::RelationBackend;
pub use relational::{Records, RelationalBackend};
pub use route::Route;

/// A Burn backend that runs the hypergraph kernels.
///
/// Arguments are checked by the functions of this crate before they come here; implementations only run kernels. All dense tensors
/// are `[rows, width]` matrices except where a shape is given.
pub trait HyperBackend: DiscreteBackend + MemoryBackend + RelationBackend {
    /// Both CSRs of a pattern with their schedules, resident on the device; cheap to clone.
    type Sparse: Clone + Debug + Send + Sync + 'static;
    /// A sparse matrix in blocks, resident on the device; cheap to clone.
    type Blocks: Clone + Debug + Send + Sync + 'static;
    /// A vector of constants (degrees, scales) resident on the device; f64 on the host, f32 on devices.
    type Scale: Clone + Debug + Send + Sync + 'static;

    /// Uploads a pattern.
    fn sparse(pair: Arc<CsrPair>, device: &Self::Device) -> Self::Sparse {
        Self::sparse_by(pair, device, Route::Auto)
    }
    /// Uploads a pattern whose kernels combine lanes by `route`; other routes than `Auto` are for tests.
    fn sparse_by(pair: Arc<CsrPair>, device: &Self::Device, route: Route) -> Self::Sparse;
    /// Uploads a matrix in blocks.
    fn blocks(blocks: Arc<Bsr>, device: &Self::Device) -> Self::Blocks;
    /// Uploads a vector of constants.
    fn scale(values: Arc<[f64]>, device: &Self::Device) -> Self::Scale;
    /// 1 / number of entries of each output of `direction`, uploaded with the pattern; 1 for outputs without entries.
    fn inverse_counts(s: &Self::Sparse, direction: Direction) -> Self::Scale;
    /// x `[rows, F]` with each row times its scale, in the type of sums.
    fn scale_rows(x: FloatTensor<Self>, scale: &Self::Scale) -> FloatTensor<Self>;
    /// Whether the kernels can store `dtype` on the device.
    ///
    /// # Errors
    /// Names the device, the type and the nearest alternative.
    fn supports(dtype: DType, device: &Self::Device) -> Result<(), KernelError>;
    /// Whether one allocation of the device can hold `elements` of `bytes` each.
    ///
    /// # Errors
    /// Names `what`, the bytes asked for and the most that there can be.
    fn supports_size(what: &'static str, elements: usize, bytes: usize, device: &Self::Device) -> Result<(), KernelError>;
    /// Whether the device has this form of `scatter_add`.
    ///
    /// # Errors
    /// Names the device, the type and the form that it has.
    fn supports_scatter(scatter: Scatter, device: &Self::Device) -> Result<(), KernelError>;
    /// Whether the device can combine lanes by `route`, with a remark where that is not what it would do by itself.
    ///
    /// # Errors
    /// Names the routes that it has.
    fn supports_route(route: Route, device: &Self::Device) -> Result<Option<&'static str>, KernelError>;

    /// Whether `flash_attention` takes heads of `width` features on the device.
    ///
    /// # Errors
    /// Names the device and the widths that it takes.
    fn supports_head_width(width: usize, device: &Self::Device) -> Result<(), KernelError>;

    /// x `[inputs, F]` -> y `[outputs, F]`; entry weights `[nnz]`.
    fn aggregate(s: &Self::Sparse, pass: &Pass<Self>, x: FloatTensor<Self>, weights: Weights<FloatTensor<Self>>) -> FloatTensor<Self>;
    /// Gradients of a max or min pass (without scales), as far as they are wanted: dy `[outputs, F]` -> dx `[inputs, F]`, and dw `[nnz]` when the
    /// weights are entries.
    fn extremum_backward(
        s: &Self::Sparse,
        pass: &Pass<Self>,
        x: FloatTensor<Self>,
        weights: Weights<FloatTensor<Self>>,
        dy: FloatTensor<Self>,
        wanted: PassWanted,
    ) -> (Option<FloatTensor<Self>>, Option<FloatTensor<Self>>);
    /// a `[rows, F]`, b `[cols, F]` -> `[nnz]`: inner products per entry.
    fn entry_dot(s: &Self::Sparse, a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self>;

    /// a `[rows, Hd]`, b `[cols, Hd]` -> `[nnz, Hd]`.
    fn edge_score(s: &Self::Sparse, a: FloatTensor<Self>, b: FloatTensor<Self>, slope: f64) -> FloatTensor<Self>;
    /// ds `[nnz, Hd]` -> da and db, as far as they are wanted.
    fn edge_score_backward(
        s: &Self::Sparse,
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        slope: f64,
        ds: FloatTensor<Self>,
        wanted: ScoreWanted,
    ) -> (Option<FloatTensor<Self>>, Option<FloatTensor<Self>>);

    /// x `[nnz, Hd]` -> `[nnz, Hd]`; segments are the outputs of `direction`.
    fn segment_softmax(s: &Self::Sparse, direction: Direction, x: FloatTensor<Self>) -> FloatTensor<Self>;
    /// p, dp `[nnz, Hd]` -> dx `[nnz, Hd]`.
    fn segment_softmax_backward(s: &Self::Sparse, direction: Direction, p: FloatTensor<Self>, dp: FloatTensor<Self>) -> FloatTensor<Self>;

    /// See `kernels::hypergraph_attention`.
    fn hypergraph_attention(s: &Self::Sparse, attention: &Attention<Self>, input: AttentionInput<Self>) -> AttentionOutput<Self>;
    /// dO `[rows, Hd·C]` -> the gradients that `wanted` asks for. `output.out` is read only where `normalise` is `ToRows`; elsewhere any tensor of its shape will do.
    fn hypergraph_attention_backward(
        s: &Self::Sparse,
        attention: &Attention<Self>,
        input: AttentionInput<Self>,
        output: AttentionOutput<Self>,
        dout: FloatTensor<Self>,
        wanted: AttentionWanted,
    ) -> AttentionGradients<Self>;

    /// See `kernels::set_attention`.
    fn set_attention(s: &Self::Sparse, config: SetAttentionConfig, input: SetInput<Self>) -> SetOutput<Self>;
    /// dO `[segments, S, Hd·C]` -> dQ, dK and dV, as far as they are wanted.
    fn set_attention_backward(
        s: &Self::Sparse,
        config: SetAttentionConfig,
        input: SetInput<Self>,
        output: SetOutput<Self>,
        dout: FloatTensor<Self>,
        wanted: SetWanted,
    ) -> [Option<FloatTensor<Self>>; 3];

    /// x `[rows, F]`, theta `[F, O]` -> `[rows, O]`; see `kernels::hypergraph_conv`.
    fn hypergraph_conv(
        s: &Self::Sparse,
        scales: &Scales<Self::Scale>,
        x: FloatTensor<Self>,
        theta: Option<FloatTensor<Self>>,
        bias: Option<Bias<Self>>,
    ) -> FloatTensor<Self>;
    /// dy `[rows, O]` -> the gradients that `wanted` asks for. `bias_scale` is c. `x` is read only for dΘ; elsewhere any tensor will do.
    fn hypergraph_conv_backward(
        s: &Self::Sparse,
        scales: &Scales<Self::Scale>,
        x: FloatTensor<Self>,
        theta: Option<FloatTensor<Self>>,
        bias_scale: Option<Self::Scale>,
        dy: FloatTensor<Self>,
        wanted: ConvWanted,
    ) -> ConvGradients<Self>;

    /// x `[rows, F]` -> `[rows, F]`, both passes at once; see `kernels::hypergraph_conv::fused`.
    fn fused_passes(s: &Self::Sparse, scales: &Scales<Self::Scale>, x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// A `[rows, cols]`, x `[cols, F]`, theta `[F, O]`, bias `[O]` -> `[rows, O]`; see `kernels::sparse_conv`.
    fn sparse_conv(
        a: &Operand<Self>,
        x: FloatTensor<Self>,
        theta: Option<FloatTensor<Self>>,
        bias: Option<FloatTensor<Self>>,
    ) -> FloatTensor<Self>;
    /// dy `[rows, O]` -> the gradients that `wanted` asks for. `x` is read only for dΘ; elsewhere any tensor will do.
    fn sparse_conv_backward(
        a: &Operand<Self>,
        x: FloatTensor<Self>,
        theta: Option<FloatTensor<Self>>,
        dy: FloatTensor<Self>,
        wanted: ConvWanted,
    ) -> ConvGradients<Self>;

    /// index pattern `[I, N]`, x `[N, F]` -> `[I, F]`.
    fn gather(index: &Self::Sparse, x: FloatTensor<Self>) -> FloatTensor<Self>;
    /// index pattern `[I, N]`, x `[I, F]` -> `[N, F]`.
    fn scatter_add(index: &Self::Sparse, x: FloatTensor<Self>, scatter: Scatter) -> FloatTensor<Self>;

    /// Any shape.
    fn dropout(x: FloatTensor<Self>, mask: Mask) -> FloatTensor<Self>;

    /// x `[N, I]`, w `[O, I]` -> x wᵀ `[N, O]`; see `kernels::linear`. The product of the back end, unless it has a better one for few rows.
    fn times_transposed(x: FloatTensor<Self>, w: FloatTensor<Self>) -> FloatTensor<Self> {
        let ([rows, inputs], outputs) = (x.shape().dims(), w.shape()[0]);
        // Not every device multiplies nothing.
        if rows * inputs * outputs == 0 {
            return Self::float_zeros(Shape::new([rows, outputs]), &Self::float_device(&x), x.dtype().into());
        }
        Self::float_matmul(x, Self::float_transpose(w))
    }

    /// x `[.., F]`, weight `[F]` -> y like x.
    fn rms_norm(x: FloatTensor<Self>, weight: FloatTensor<Self>, epsilon: f64) -> FloatTensor<Self>;
    /// dy like x -> dx and dweight, as far as they are wanted.
    fn rms_norm_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        epsilon: f64,
        dy: FloatTensor<Self>,
        wanted: NormWanted,
    ) -> (Option<FloatTensor<Self>>, Option<FloatTensor<Self>>);

    /// gate and up of one shape -> y likewise.
    fn swiglu(gate: FloatTensor<Self>, up: FloatTensor<Self>) -> FloatTensor<Self>;
    /// dy likewise -> the gradients of gate and up, as far as they are wanted.
    fn swiglu_backward(
        gate: FloatTensor<Self>,
        up: FloatTensor<Self>,
        dy: FloatTensor<Self>,
        wanted: GateWanted,
    ) -> (Option<FloatTensor<Self>>, Option<FloatTensor<Self>>);

    /// x `[.., T, D]`, angles `[P, D]` -> y like x.
    fn rope(x: FloatTensor<Self>, angles: &Self::Scale, turn: Turn) -> FloatTensor<Self>;

    /// x `[S, A, B, D]` -> y `[S, B, A, D]`.
    fn swap_axes(x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::float_swap_dims(x, 1, 2)
    }

    /// x `[T, V]`, targets `[T]` -> the loss `[T]` and N `[T, 2]` in the type of sums.
    fn cross_entropy(x: FloatTensor<Self>, targets: &Self::Ids) -> (FloatTensor<Self>, FloatTensor<Self>);
    /// dy `[T]` -> dx `[T, V]`.
    fn cross_entropy_backward(
        x: FloatTensor<Self>,
        targets: &Self::Ids,
        normaliser: FloatTensor<Self>,
        dy: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// See `kernels::flash_attention`.
    fn flash_attention(config: FlashConfig, input: FlashInput<Self>) -> FlashOutput<Self>;
    /// dO `[B, H, Tq, D]` -> dq, dk and dv, as far as they are wanted.
    fn flash_attention_backward(
        config: FlashConfig,
        input: FlashInput<Self>,
        output: FlashOutput<Self>,
        dout: FloatTensor<Self>,
        wanted: FlashWanted,
    ) -> [Option<FloatTensor<Self>>; 3];
}

/// One pass: its way, its reduction and the scales folded into it.
#[derive(Debug)]
pub struct Pass<B: HyperBackend> {
    /// The way of the pass.
    pub direction: Direction,
    /// The reduction.
    pub reduce: Reduce,
    /// One per input.
    pub input_scale: Option<B::Scale>,
    /// One per output.
    pub output_scale: Option<B::Scale>,
}

/// The sparse factor of a product.
#[derive(Debug)]
pub struct Operand<B: HyperBackend> {
    /// Its entries.
    pub pattern: B::Sparse,
    /// The same in blocks, where products are by blocks.
    pub blocks: Option<B::Blocks>,
}

/// Options of one attention.
#[derive(Debug)]
pub struct Attention<B: HyperBackend> {
    /// Sizes, slope and normalisation.
    pub config: AttentionConfig,
    /// u `[rows]`
    pub row_scale: Option<B::Scale>,
    /// t `[cols]`
    pub col_scale: Option<B::Scale>,
}

/// x `[rows, Hd·C]`, a `[rows, Hd]`, b `[cols, Hd]`.
#[derive(Debug, Clone)]
pub struct AttentionInput<B: Backend> {
    /// Features, heads side by side.
    pub x: FloatTensor<B>,
    /// Row part of the logits.
    pub a: FloatTensor<B>,
    /// Column part of the logits.
    pub b: FloatTensor<B>,
}

/// What the forward pass returns and the backward pass needs again.
#[derive(Debug, Clone)]
pub struct AttentionOutput<B: Backend> {
    /// O `[rows, Hd·C]`
    pub out: FloatTensor<B>,
    /// Y `[cols, Hd·C]`
    pub edge: FloatTensor<B>,
    /// The largest scores m and what Σ exp(s − m) is kept as `[rows or cols, 2·Hd]`, in the type of sums (f32, or f64 for f64 inputs).
    pub normaliser: FloatTensor<B>,
}

/// Which gradients of an attention are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionWanted {
    /// dx
    pub x: bool,
    /// da
    pub a: bool,
    /// db
    pub b: bool,
}

/// Gradients of an attention, as far as they were wanted.
#[derive(Debug)]
pub struct AttentionGradients<B: Backend> {
    /// `[rows, Hd·C]`
    pub x: Option<FloatTensor<B>>,
    /// `[rows, Hd]`
    pub a: Option<FloatTensor<B>>,
    /// `[cols, Hd]`
    pub b: Option<FloatTensor<B>>,
}

/// q `[S, Hd·C]`, k and v `[members, Hd·C]`.
#[derive(Debug, Clone)]
pub struct SetInput<B: Backend> {
    /// Seeds.
    pub q: FloatTensor<B>,
    /// Keys.
    pub k: FloatTensor<B>,
    /// Values.
    pub v: FloatTensor<B>,
}

/// What the forward pass returns and the backward pass needs again.
#[derive(Debug, Clone)]
pub struct SetOutput<B: Backend> {
    /// O `[segments, S, Hd·C]`
    pub out: FloatTensor<B>,
    /// N `[segments, 2·S·Hd]`: the largest scores m, then 1 / Σ exp(s − m), in the type of sums.
    pub normaliser: FloatTensor<B>,
}

/// q `[B, H, Tq, D]`, k and v `[B, Hk, Tk, D]`.
#[derive(Debug, Clone)]
pub struct FlashInput<B: Backend> {
    /// Queries.
    pub q: FloatTensor<B>,
    /// Keys.
    pub k: FloatTensor<B>,
    /// Values.
    pub v: FloatTensor<B>,
}

/// What the forward pass returns and the backward pass needs again.
#[derive(Debug, Clone)]
pub struct FlashOutput<B: Backend> {
    /// o `[B, H, Tq, D]`
    pub out: FloatTensor<B>,
    /// N `[B, H, Tq, 2]`: the largest score m and 1 / Σ exp(s − m) of each query, in the type of sums.
    pub normaliser: FloatTensor<B>,
}

/// Bias row `[O]` with the scale c `[rows]` that multiplies it per row (1 where `None`).
#[derive(Debug, Clone)]
pub struct Bias<B: HyperBackend> {
    /// `[O]`
    pub row: FloatTensor<B>,
    /// c `[rows]`
    pub scale: Option<B::Scale>,
}

/// Which gradients of a convolution are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvWanted {
    /// dX
    pub x: bool,
    /// dΘ
    pub theta: bool,
    /// dbias
    pub bias: bool,
}

/// Gradients of a convolution, as far as they were wanted.
#[derive(Debug)]
pub struct ConvGradients<B: Backend> {
    /// `[rows, F]`
    pub x: Option<FloatTensor<B>>,
    /// `[F, O]`
    pub theta: Option<FloatTensor<B>>,
    /// `[O]`
    pub bias: Option<FloatTensor<B>>,
}

impl<B: HyperBackend> Clone for Pass<B> {
    fn clone(&self) -> Self {
        let Self { direction, reduce, input_scale, output_scale } = self;
        Self { direction: *direction, reduce: *reduce, input_scale: input_scale.clone(), output_scale: output_scale.clone() }
    }
}

impl<B: HyperBackend> Clone for Operand<B> {
    fn clone(&self) -> Self {
        Self { pattern: self.pattern.clone(), blocks: self.blocks.clone() }
    }
}

impl<B: HyperBackend> Clone for Attention<B> {
    fn clone(&self) -> Self {
        Self { config: self.config, row_scale: self.row_scale.clone(), col_scale: self.col_scale.clone() }
    }
}
