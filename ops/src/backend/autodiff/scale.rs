//! Scales as products with tensors, for the few gradients that no pass can fold them into.

use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, FloatDType, TensorMetadata};

use crate::backend::HyperBackend;

/// The type of sums for tensors like `x`.
pub(super) fn wide<B: HyperBackend>(x: &FloatTensor<B>) -> FloatDType {
    if x.dtype() == DType::F64 { FloatDType::F64 } else { FloatDType::F32 }
}

/// `x` as `dtype`.
pub(super) fn cast<B: HyperBackend>(x: FloatTensor<B>, dtype: FloatDType) -> FloatTensor<B> {
    if FloatDType::from(x.dtype()) == dtype {
        return x;
    }
    // Burn's casts panic on empty tensors on some devices.
    if x.shape().num_elements() == 0 {
        return B::float_zeros(x.shape(), &B::float_device(&x), dtype);
    }
    B::float_cast(x, dtype)
}

/// `x` with each row times its scale, in the type of sums.
pub(super) fn scaled_wide<B: HyperBackend>(scale: Option<&B::Scale>, x: FloatTensor<B>) -> FloatTensor<B> {
    match scale {
        Some(scale) => B::scale_rows(x, scale),
        None => {
            let dtype = wide::<B>(&x);
            cast::<B>(x, dtype)
        }
    }
}

/// `x` with each row times its scale.
pub(super) fn scaled<B: HyperBackend>(scale: Option<&B::Scale>, x: FloatTensor<B>) -> FloatTensor<B> {
    let Some(scale) = scale else { return x };
    let dtype = FloatDType::from(x.dtype());
    cast::<B>(B::scale_rows(x, scale), dtype)
}
