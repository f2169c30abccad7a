//! Blocks on a device, uploaded once.

use cubecl::prelude::*;

use super::{BlockSize, Bsr};
use crate::csr::{Direction, View};
use crate::device::tiles::CutRows;
use crate::device::{Buf, Ids};
use crate::element::DType;
use crate::error::KernelError;
use crate::relation_linear::Products;

/// Rows of blocks that a cube sums at most, so that long block rows are shared out.
const PIECE_ROWS: usize = 4096;

/// The blocks of one direction.
#[derive(Debug, Clone)]
pub(crate) struct BlockSide<R: Runtime> {
    pub(crate) outputs: usize,
    pub(crate) inputs: usize,
    /// The input block of each block and where its values are, in this side's order.
    pub(crate) places: Ids<R>,
    pub(crate) cut: CutRows<R>,
}

/// A sparse matrix in blocks on a device: the values once, f32, for both directions.
///
/// Its arrays agree with one another, which unchecked launches rely on; nothing outside the crate changes them.
#[derive(Clone)]
pub struct DeviceBlocks<R: Runtime> {
    pub(crate) client: ComputeClient<R>,
    pub(crate) size: BlockSize,
    pub(crate) values: Buf<R>,
    to_rows: BlockSide<R>,
    to_cols: BlockSide<R>,
    /// The least and the largest size of an entry that is not 0.
    sizes: (f32, f32),
    stored: usize,
    /// Stands for a bias that a kernel does not read.
    pub(crate) spare: Buf<R>,
}

impl<R: Runtime> std::fmt::Debug for DeviceBlocks<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sizes = (self.to_rows.outputs, self.to_cols.outputs, self.size, self.stored);
        f.debug_struct("DeviceBlocks").field("rows, cols, size, stored", &sizes).finish_non_exhaustive()
    }
}

impl<R: Runtime> DeviceBlocks<R> {
    /// Uploads the blocks.
    pub fn upload(client: &ComputeClient<R>, blocks: &Bsr) -> Self {
        let values = blocks.values::<f32>();
        let widen = |(least, most): (f32, f32), v: &f32| if *v == 0.0 { (least, most) } else { (least.min(v.abs()), most.max(v.abs())) };
        Self {
            client: client.clone(),
            size: blocks.size(),
            values: Buf::from_f32(client, values),
            to_rows: side(client, blocks, Direction::ToRows),
            to_cols: side(client, blocks, Direction::ToCols),
            sizes: values.iter().fold((f32::INFINITY, 0.0), widen),
            stored: values.len(),
            spare: Buf::from_f32(client, &[0.0; 16]),
        }
    }

    /// The device's client.
    pub fn client(&self) -> &ComputeClient<R> {
        &self.client
    }

    /// Numbers in the blocks.
    pub fn stored(&self) -> usize {
        self.stored
    }

    /// Outputs of a pass in `direction`.
    pub fn outputs(&self, direction: Direction) -> usize {
        self.side(direction).outputs
    }

    /// The cheaper order of a product with a weight `[f, o]`; see [`Bsr::order`].
    pub fn order(&self, direction: Direction, f: usize, o: usize) -> super::Order {
        super::choose_order(self.side(direction).inputs, self.side(direction).outputs, self.stored, f, o)
    }

    pub(crate) fn side(&self, direction: Direction) -> &BlockSide<R> {
        match direction {
            Direction::ToRows => &self.to_rows,
            Direction::ToCols => &self.to_cols,
        }
    }

    /// Whether tensor cores multiply by these blocks. They take the entries rounded to `dtype`, which `Auto` accepts where all are normal numbers of it.
    ///
    /// # Errors
    /// `TensorCores` on a device that has none for the type.
    pub(crate) fn on_tensor_cores(&self, products: Products, dtype: DType) -> Result<bool, KernelError> {
        let normal = match dtype {
            DType::F16 => self.sizes.0 >= half::f16::MIN_POSITIVE.to_f32() && self.sizes.1 <= half::f16::MAX.to_f32(),
            _ => true,
        };
        let able = products.on_tensor_cores(&self.client, dtype)?;
        Ok(able && (normal || products == Products::TensorCores))
    }
}

fn side<R: Runtime>(client: &ComputeClient<R>, blocks: &Bsr, direction: Direction) -> BlockSide<R> {
    let view: View = blocks.view(direction);
    let places: Vec<u32> = (0..view.nnz()).flat_map(|k| [view.col[k], view.position(k) as u32]).collect();
    BlockSide {
        outputs: blocks.outputs(direction),
        inputs: blocks.inputs(direction),
        places: Ids::upload(client, &places),
        cut: CutRows::upload(client, view.ptr, PIECE_ROWS / blocks.size().side()),
    }
}
