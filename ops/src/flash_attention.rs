//! `flash_attention`: scaled dot-product attention over sequences.

use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::KernelError;
use hypergraphql_kernels::flash_attention::{CONTRACT, FlashConfig};

use crate::arguments::Arguments;
use crate::backend::{FlashInput, HyperBackend};
use crate::error::Result;

/// Options of [`flash_attention`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FlashOptions {
    /// A query sees only the keys up to its own place. Places are counted from the end: query i sees the keys j <= i + Tk − Tq, so that the
    /// last query sees every key, as in decoding with a cache.
    pub causal: bool,
    /// Factor of the scores; 1 / √D where `None`.
    pub scale: Option<f64>,
}

/// o_i = Σ_j softmax_j(scale · ⟨q_i, k_j⟩) v_j, without the matrix of scores, in memory that grows with the length of the sequences alone.
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
    B::supports_head_width(width, &device)?;
    let input = FlashInput { q: q.into_primitive().tensor(), k: k.into_primitive().tensor(), v: v.into_primitive().tensor() };
    Ok(Tensor::from_primitive(TensorPrimitive::Float(B::flash_attention(config, input).out))) // [B, H, Tq, D]
}
