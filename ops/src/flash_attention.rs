//! `flash_attention`: scaled dot-product attention over sequences.

use burn::tensor::activation::softmax;
use burn::tensor::{Bool, DType, Tensor, TensorPrimitive};
use hypergraphql_kernels::KernelError;
use hypergraphql_kernels::flash_attention::{CONTRACT, FlashConfig};

use crate::arguments::Arguments;
use crate::backend::{FlashInput, HyperBackend};
use crate::error::Result;
use crate::kernel_config::{AttentionKernel, KernelConfig};

/// Options of [`flash_attention`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FlashOptions {
    /// A query sees only the keys up to its own place. Places are counted from the end: query i sees the keys j <= i + Tk − Tq, so that the
    /// last query sees every key, as in decoding with a cache.
    pub causal: bool,
    /// Factor of the scores; 1 / √D where `None`.
    pub scale: Option<f64>,
    /// How it runs.
    pub kernel: AttentionKernel,
}

/// o_i = Σ_j softmax_j(scale · ⟨q_i, k_j⟩) v_j, without the matrix of scores, in memory that grows with the length of the sequences alone
/// (unless [`AttentionKernel::Reference`] is asked for, or was measured to be faster).
///
/// Head h of the queries reads head h / (H / Hk) of the keys and values (grouped queries). A query that sees no key has the output 0.
///
/// Dao, "FlashAttention-2", 2023, arXiv:2307.08691.
///
/// # Shapes
/// q `[B, H, Tq, D]`, k and v `[B, Hk, Tk, D]` with Hk dividing H; result `[B, H, Tq, D]`.
///
/// # Errors
/// Shapes, types or devices that disagree, a scale that is no finite number, a width of heads that no kernel of the device takes, or a type
/// that the device lacks.
pub fn flash_attention<B: HyperBackend>(q: Tensor<B, 4>, k: Tensor<B, 4>, v: Tensor<B, 4>, options: FlashOptions) -> Result<Tensor<B, 4>> {
    const OP: &str = "flash_attention";
    let ([batch, heads, queries, width], [_, kv_heads, keys, _], device) = (q.dims(), k.dims(), q.device());
    let arguments = Arguments::new(OP, CONTRACT, &device, "q", &q, [None; 4])?;
    arguments.check("k", &k, [Some(batch), None, None, Some(width)])?;
    arguments.check("v", &v, k.dims().map(Some))?;
    let scale = options.scale.unwrap_or_else(|| (width.max(1) as f64).powf(-0.5));
    let config = FlashConfig { batch, heads, kv_heads, queries, keys, width, causal: options.causal, scale };
    let elements = |t: &Tensor<B, 4>| t.dims().iter().product();
    config.check(elements(&q), elements(&k), elements(&v))?;
    for (what, n) in [("elements of q", elements(&q)), ("elements of k", elements(&k))] {
        if n > u32::MAX as usize {
            return Err(KernelError::TooLarge { what, got: n, limit: u32::MAX as usize }.into());
        }
    }
    let kernel = KernelConfig::attention::<B>(options.kernel, &device, arguments.dtype().name(), [queries, keys, width, batch * heads]);
    // Burn's products panic on empty tensors on some devices.
    if kernel == AttentionKernel::Reference && elements(&q) * elements(&k) > 0 {
        return Ok(by_scores(q, k, v, config));
    }
    B::supports_head_width(width, &device)?;
    let input = FlashInput { q: q.into_primitive().tensor(), k: k.into_primitive().tensor(), v: v.into_primitive().tensor() };
    Ok(Tensor::from_primitive(TensorPrimitive::Float(B::flash_attention(config, input).out))) // [B, H, Tq, D]
}

/// By the whole matrix of scores, with the backend's products; the softmax in f32 (f64 for f64).
fn by_scores<B: HyperBackend>(q: Tensor<B, 4>, k: Tensor<B, 4>, v: Tensor<B, 4>, c: FlashConfig) -> Tensor<B, 4> {
    let (dtype, shape) = (q.dtype(), q.dims());
    let wide = if dtype == DType::F64 { DType::F64 } else { DType::F32 };
    // Heads that share keys stand side by side.
    let shared = [c.batch, c.kv_heads, c.group() * c.queries];
    let q = q.mul_scalar(c.scale).reshape([shared[0], shared[1], shared[2], c.width]);
    let scores = q.matmul(k.swap_dims(2, 3)).cast(wide).reshape([c.batch, c.heads, c.queries, c.keys]);
    let weights = if c.causal {
        let hidden = Tensor::<B, 2, Bool>::tril_mask([c.queries, c.keys], c.keys as i64 - c.queries as i64, &scores.device());
        let hidden = hidden.reshape([1, 1, c.queries, c.keys]).expand([c.batch, c.heads, c.queries, c.keys]);
        // Not −∞, which leaves no number where a query sees no key.
        softmax(scores.mask_fill(hidden.clone(), -1e30), 3).mask_fill(hidden, 0.0)
    } else {
        softmax(scores, 3)
    };
    weights.cast(dtype).reshape([shared[0], shared[1], shared[2], c.keys]).matmul(v).reshape(shape) // [B, H, Tq, D]
}
