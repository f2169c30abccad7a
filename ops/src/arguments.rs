//! The checks that every op makes of its tensors: shape, type, device.

use burn::tensor::Tensor;
use hypergraphql_kernels::{CsrPair, DType};

use crate::backend::HyperBackend;
use crate::dtype::{burn_dtype, kernel_dtype};
use crate::error::{OpError, Result};

/// What the tensors of one call must agree on, taken from its first tensor.
pub(crate) struct Arguments<'a, B: HyperBackend> {
    op: &'static str,
    contract: &'static str,
    device: &'a B::Device,
    dtype: DType,
}

impl<'a, B: HyperBackend> Arguments<'a, B> {
    /// Starts from the first tensor, `first`; `device` is that of the sparse pattern.
    pub(crate) fn new<const D: usize>(
        op: &'static str,
        contract: &'static str,
        device: &'a B::Device,
        argument: &'static str,
        first: &Tensor<B, D>,
        expected: [Option<usize>; D],
    ) -> Result<Self> {
        let dtype = kernel_dtype(first.dtype()).ok_or_else(|| OpError::Type {
            op,
            argument,
            expected: "f64, f32, f16 or bf16".to_owned(),
            got: format!("{:?}", first.dtype()).to_lowercase(),
        })?;
        let arguments = Self { op, contract, device, dtype };
        arguments.check(argument, first, expected)?;
        B::supports(dtype, device)?;
        Ok(arguments)
    }

    /// The type of all tensors.
    pub(crate) fn dtype(&self) -> DType {
        self.dtype
    }

    /// Checks a tensor; `None` in `expected` allows any size.
    pub(crate) fn check<const D: usize>(&self, argument: &'static str, tensor: &Tensor<B, D>, expected: [Option<usize>; D]) -> Result<()> {
        let (op, got) = (self.op, tensor.dims());
        if got.iter().zip(expected).any(|(&g, e)| e.is_some_and(|e| e != g)) {
            let expected: Vec<_> = expected.iter().map(|e| e.map_or_else(|| "_".to_owned(), |e| e.to_string())).collect();
            let expected = format!("[{}]", expected.join(", "));
            return Err(OpError::Shape { op, argument, expected, got: format!("{got:?}"), contract: self.contract });
        }
        if tensor.dtype() != burn_dtype(self.dtype) {
            let got = format!("{:?}", tensor.dtype()).to_lowercase();
            return Err(OpError::Type { op, argument, expected: self.dtype.to_string(), got });
        }
        if tensor.device() != *self.device {
            let (expected, got) = (format!("{:?}", self.device), format!("{:?}", tensor.device()));
            return Err(OpError::Device { op, argument, expected, got });
        }
        Ok(())
    }

    /// Checks that the device can hold an array of this shape that the op makes, before it launches anything.
    pub(crate) fn room<const D: usize>(&self, what: &'static str, shape: [usize; D]) -> Result<()> {
        let elements = shape.into_iter().fold(1usize, usize::saturating_mul);
        Ok(B::supports_size(what, elements, self.dtype.bytes(), self.device)?)
    }

    /// The same for an array in the type of sums.
    pub(crate) fn room_for_sums<const D: usize>(&self, what: &'static str, shape: [usize; D]) -> Result<()> {
        let elements = shape.into_iter().fold(1usize, usize::saturating_mul);
        Ok(B::supports_size(what, elements, self.dtype.bytes().max(4), self.device)?)
    }

    /// Checks an optional tensor.
    pub(crate) fn check_some<const D: usize>(
        &self,
        argument: &'static str,
        tensor: Option<&Tensor<B, D>>,
        expected: [Option<usize>; D],
    ) -> Result<()> {
        tensor.map_or(Ok(()), |t| self.check(argument, t, expected))
    }
}

/// Whether the device can hold the arrays of a pattern.
///
/// # Errors
/// Names the array, the bytes asked for and the most that there can be.
pub(crate) fn supports_pattern<B: HyperBackend>(pair: &CsrPair, device: &B::Device) -> Result<()> {
    B::supports_size("entries", pair.nnz(), 4, device)?;
    Ok(B::supports_size("bounds of rows and columns", pair.rows().max(pair.cols()) + 1, 4, device)?)
}
