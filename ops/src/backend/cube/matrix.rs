//! Burn's device tensors as the contiguous buffers that kernels take, and back.

use burn::tensor::{Shape, TensorMetadata};
use burn_cubecl::CubeRuntime;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use hypergraphql_kernels::aggregate::Weights;
use hypergraphql_kernels::device::Buf;

use super::CHECKED;
use crate::dtype::{burn_dtype, kernel_dtype};

/// A contiguous tensor as the kernels see it.
pub(super) struct Matrix<R: CubeRuntime> {
    pub(super) buf: Buf<R>,
    pub(super) rows: usize,
    pub(super) width: usize,
    pub(super) client: burn_cubecl::cubecl::client::ComputeClient<R>,
    device: R::Device,
}

impl<R: CubeRuntime> Matrix<R> {
    pub(super) fn of(x: CubeTensor<R>) -> Self {
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
    pub(super) fn tensor(&self, buf: Buf<R>, shape: Shape) -> CubeTensor<R> {
        let dtype = burn_dtype(buf.dtype());
        CubeTensor::new_contiguous(self.client.clone(), self.device.clone(), shape, buf.into_handle(), dtype)
    }

    pub(super) fn like(&self, buf: Buf<R>, rows: usize, width: usize) -> CubeTensor<R> {
        self.tensor(buf, Shape::new([rows, width]))
    }
}

pub(super) fn weights_of<R: CubeRuntime>(weights: Weights<CubeTensor<R>>) -> Weights<Buf<R>> {
    match weights {
        Weights::Ones => Weights::Ones,
        Weights::Values => Weights::Values,
        Weights::Entries(w) => Weights::Entries(Matrix::of(w).buf),
    }
}

pub(super) fn by_ref<T>(weights: &Weights<T>) -> Weights<&T> {
    match weights {
        Weights::Ones => Weights::Ones,
        Weights::Values => Weights::Values,
        Weights::Entries(w) => Weights::Entries(w),
    }
}
