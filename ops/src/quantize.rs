//! `Int8Matrix`: rows of 8-bit integers on a device; `quantize`, `dequantize` and `int8_matmul`.

use std::fmt;

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::tensor::{Tensor, TensorPrimitive};
use hypergraphql_kernels::error::check_len;
use hypergraphql_kernels::{DType, KernelError, int8_matmul as multiplying, quantize as quantizing};

use crate::arguments::Arguments;
use crate::backend::HyperBackend;
use crate::dtype::burn_dtype;
use crate::error::Result;

/// A matrix `[rows, F]` of 8-bit integers with a scale for each row, a quarter of the size of f32. A clone shares everything.
pub struct Int8Matrix<B: HyperBackend> {
    inner: B::Int8Rows,
    shape: [usize; 2],
    device: B::Device,
}

impl<B: HyperBackend> Int8Matrix<B> {
    /// Uploads q `[rows, F]`, row after row, and scales `[rows]`: x = scale · q.
    ///
    /// # Errors
    /// Another number of q than rows·F.
    pub fn new(q: Vec<i8>, scales: Vec<f32>, width: usize, device: &B::Device) -> Result<Self> {
        let shape = [scales.len(), width];
        check_len("quantize", quantizing::CONTRACT, "q", q.len(), scales.len().saturating_mul(width))?;
        Ok(Self { inner: B::int8_rows(q, scales, width, device)?, shape, device: device.clone() })
    }

    /// `[rows, F]`
    pub fn dims(&self) -> [usize; 2] {
        self.shape
    }

    /// Where it lies.
    pub fn device(&self) -> &B::Device {
        &self.device
    }

    /// q `[rows, F]`, row after row, and scales `[rows]`; waits for the device.
    ///
    /// # Errors
    /// A read that fails.
    pub fn read(&self) -> Result<(Vec<i8>, Vec<f32>)> {
        Ok(B::read_int8_rows(&self.inner, &self.device)?)
    }
}

impl<B: HyperBackend, C: CheckpointStrategy> Int8Matrix<Autodiff<B, C>> {
    /// The same matrix for tensors without autodiff; nothing is copied.
    pub fn inner(&self) -> Int8Matrix<B> {
        Int8Matrix { inner: self.inner.clone(), shape: self.shape, device: self.device.clone() }
    }
}

impl<B: HyperBackend> Clone for Int8Matrix<B> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), shape: self.shape, device: self.device.clone() }
    }
}

impl<B: HyperBackend> fmt::Debug for Int8Matrix<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Int8Matrix({:?}, {:?})", self.shape, self.device)
    }
}

/// q_(r,f) = x_(r,f) / scale_r rounded to the nearest integer, ties to even, with scale_r = max_f |x_(r,f)| / 127.
///
/// |scale · q − x| <= scale / 2 but for rounding. A row of zeros has scale 0; one with NaN or an infinity has scale NaN. There is no gradient.
///
/// # Shapes
/// x `[rows, F]`; the result likewise.
///
/// # Errors
/// A tensor that autodiff tracks, a type that the device lacks, sizes over 32 bits.
pub fn quantize<B: HyperBackend>(x: Tensor<B, 2>) -> Result<Int8Matrix<B>> {
    let (shape, device) = (x.dims(), x.device());
    Arguments::new("quantize", quantizing::CONTRACT, &device, "x", &x, [None; 2])?;
    Ok(Int8Matrix { inner: B::quantize_rows(x.into_primitive().tensor())?, shape, device })
}

/// x_(r,f) = scale_r · q_(r,f)
///
/// # Shapes
/// x `[rows, F]`; the result likewise, in `dtype`.
///
/// # Errors
/// A type that the device lacks, sizes over 32 bits.
pub fn dequantize<B: HyperBackend>(x: &Int8Matrix<B>, dtype: DType) -> Result<Tensor<B, 2>> {
    B::supports(dtype, &x.device)?;
    let x = B::dequantize_rows(&x.inner, x.shape, burn_dtype(dtype), &x.device)?;
    Ok(Tensor::from_primitive(TensorPrimitive::Float(x))) // [rows, F]
}

/// y = x w^T with the rows of x quantised on the way: y_(t,o) = scale_t · w_scale_o · Σ_k q_(t,k) w_(o,k), the sum exact.
///
/// There is no gradient. Dettmers et al., "LLM.int8(): 8-bit Matrix Multiplication for Transformers at Scale", 2022, arXiv:2208.07339
/// (without its outliers).
///
/// # Shapes
/// x `[T, K]`, w `[O, K]` with K up to 131,072; result `[T, O]`, like x.
///
/// # Errors
/// A width or device that disagrees with w, a larger K, a tensor that autodiff tracks, a type that the device lacks, sizes over 32 bits.
pub fn int8_matmul<B: HyperBackend>(x: Tensor<B, 2>, w: &Int8Matrix<B>) -> Result<Tensor<B, 2>> {
    let ([rows, _], [outputs, width]) = (x.dims(), w.shape);
    Arguments::new("int8_matmul", multiplying::CONTRACT, &w.device, "x", &x, [None, Some(width)])?;
    multiplying::check(rows, width, rows * width, outputs, outputs * width)?;
    for (what, got) in [("elements of x", rows * width), ("integers of w", outputs * width), ("outputs", rows.saturating_mul(outputs))] {
        if got > u32::MAX as usize {
            return Err(KernelError::TooLarge { what, got, limit: u32::MAX as usize }.into());
        }
    }
    let y = B::int8_matmul(x.into_primitive().tensor(), &w.inner, outputs)?;
    Ok(Tensor::from_primitive(TensorPrimitive::Float(y))) // [T, O]
}
