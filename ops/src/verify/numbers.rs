//! Numbers for the suite: the same on every machine, rounded to a storage type.

use half::{bf16, f16};
use hypergraphql_kernels::DType;
use hypergraphql_kernels::dropout::mix;

/// `n` numbers in ±1 from `seed`.
pub(super) fn numbers(n: usize, seed: u32) -> Vec<f64> {
    let key = mix(seed ^ 0x5bd1_e995);
    (0..n as u32).map(|i| f64::from(mix(i.wrapping_mul(0x9e37_79b9) ^ key)) / f64::from(1u32 << 31) - 1.0).collect()
}

/// Rounds to what `dtype` can hold.
pub(super) fn rounded(x: &[f64], dtype: DType) -> Vec<f64> {
    let round: fn(f64) -> f64 = match dtype {
        DType::F64 => |v| v,
        DType::F32 => |v| f64::from(v as f32),
        DType::F16 => |v| f16::from_f64(v).to_f64(),
        DType::BF16 => |v| bf16::from_f64(v).to_f64(),
    };
    x.iter().map(|&v| round(v)).collect()
}

/// Rounds to at most 8 significant bits, so that products of two are exact in every type of sums and comparisons of them have one answer.
pub(super) fn coarse(x: &[f64]) -> Vec<f64> {
    rounded(x, DType::BF16)
}

/// Positive scales in 0.25..1.25, with a zero now and then, as isolated nodes have.
pub(super) fn scales(n: usize, seed: u32) -> Vec<f64> {
    numbers(n, seed).iter().enumerate().map(|(i, v)| if i % 11 == 5 { 0.0 } else { f64::from((0.75 + 0.5 * v) as f32) }).collect()
}

/// Powers of two, which round nothing.
pub(super) fn exact_scales(n: usize, seed: u32) -> Vec<f64> {
    numbers(n, seed).iter().map(|v| if *v < 0.0 { 0.5 } else { 2.0 }).collect()
}

pub(super) fn abs(x: &[f64]) -> Vec<f64> {
    x.iter().map(|v| v.abs()).collect()
}

/// x `[rows, width]` with each row times its scale.
pub(super) fn scale_rows(x: &[f64], width: usize, scale: Option<&[f64]>) -> Vec<f64> {
    let Some(scale) = scale else { return x.to_vec() };
    x.iter().enumerate().map(|(i, v)| v * scale[i / width]).collect()
}
