//! Tensors of the suite, also as views of larger ones, and back.

use burn::tensor::{Tensor, TensorData};
use hypergraphql_kernels::DType;

use crate::backend::HyperBackend;
use crate::dtype::burn_dtype;

/// How a matrix lies in memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Layout {
    /// Contiguous.
    Plain,
    /// The transpose of a contiguous matrix.
    Transposed,
    /// Rows and columns inside a larger matrix.
    Sliced,
    /// Whole rows behind others: contiguous at an offset.
    Offset,
}

impl Layout {
    pub(super) const VIEWS: [Self; 3] = [Self::Transposed, Self::Sliced, Self::Offset];
}

/// What surrounds a view; a kernel that reads it is far off.
const AROUND: f64 = 1000.0;

/// Rows and columns around a view: so many that the view begins at a multiple of 256 bytes, as devices copy it otherwise.
const MARGIN: usize = 128;

/// `values` `[rows, cols]` in a layout. Empty matrices are contiguous, as Burn has no views of nothing on devices.
pub(super) fn leaf<B: HyperBackend>(
    values: &[f64],
    [rows, cols]: [usize; 2],
    layout: Layout,
    dtype: DType,
    device: &B::Device,
) -> Tensor<B, 2> {
    let up = |values, shape| upload::<B>(values, shape, dtype, device);
    match layout {
        _ if values.is_empty() => up(values.to_vec(), [rows, cols]),
        Layout::Plain => up(values.to_vec(), [rows, cols]),
        Layout::Transposed => up(transposed(values, [rows, cols]), [cols, rows]).transpose(),
        Layout::Sliced => {
            let size = [MARGIN + rows, MARGIN + cols + MARGIN];
            let mut all = vec![AROUND; size[0] * size[1]];
            for (r, row) in values.chunks(cols).enumerate() {
                let start = (MARGIN + r) * size[1] + MARGIN;
                all[start..start + cols].copy_from_slice(row);
            }
            up(all, size).slice([MARGIN..MARGIN + rows, MARGIN..MARGIN + cols])
        }
        Layout::Offset => {
            let all = [vec![AROUND; MARGIN * cols], values.to_vec()].concat();
            up(all, [MARGIN + rows, cols]).narrow(0, MARGIN, rows)
        }
    }
}

/// The transpose of x `[rows, cols]`.
pub(super) fn transposed(x: &[f64], [rows, cols]: [usize; 2]) -> Vec<f64> {
    (0..rows * cols).map(|i| x[(i % rows) * cols + i / rows]).collect()
}

pub(super) fn upload<B: HyperBackend>(values: Vec<f64>, shape: [usize; 2], dtype: DType, device: &B::Device) -> Tensor<B, 2> {
    let dtype = burn_dtype(dtype);
    Tensor::from_data(TensorData::new(values, shape).convert_dtype(dtype), (device, dtype))
}

pub(super) fn downloaded<B: HyperBackend>(x: Tensor<B, 2>) -> Vec<f64> {
    if x.shape().num_elements() == 0 {
        return Vec::new();
    }
    x.into_data().iter::<f64>().collect()
}
