//! The rows of relations on a device, cut into tiles, uploaded once.

use cubecl::features::MmaConfig;
use cubecl::ir::{ElemType, FloatKind, StorageType};
use cubecl::prelude::*;

use super::{Products, RelationRows};
use crate::device::buffer::{Ids, storage_type};
use crate::device::grid::{side, units};
use crate::device::lanes::plane_size;
use crate::device::tiles::{CutRows, HostTiles, Tiles};
use crate::element::DType;
use crate::error::KernelError;

/// Numbers along one side of a product of tensor cores.
const FRAGMENT: u32 = 16;

/// Rows that are summed at once for dW: hub relations are cut into pieces of so many.
const PIECE: usize = 1024;

impl Products {
    /// Whether tensor cores multiply arrays of `dtype`: in cubes of 256 units, which are 8 planes of 32.
    ///
    /// # Errors
    /// `TensorCores` on a device that has none for the type.
    pub fn on_tensor_cores<R: Runtime>(self, client: &ComputeClient<R>, dtype: DType) -> Result<bool, KernelError> {
        let cubes = units(client) == 256 && plane_size(client) == Some(32);
        let able = cubes && client.properties().features.matmul.cmma.contains(&fragment(dtype)) && dtype != DType::F32;
        if self == Self::TensorCores && !able {
            let (device, dtype) = (R::name(client).into(), dtype.name());
            return Err(KernelError::Unsupported { device, dtype, use_: "tensor cores", alternative: "the variant simple" });
        }
        Ok(able && self != Self::Simple)
    }
}

fn fragment(dtype: DType) -> MmaConfig {
    let (a_type, cd_type) = (storage_type(dtype), StorageType::Scalar(ElemType::Float(FloatKind::F32)));
    MmaConfig { a_type, b_type: a_type, cd_type, m: FRAGMENT, n: FRAGMENT, k: FRAGMENT }
}

/// The rows of every relation on a device.
///
/// Its arrays agree with one another, which unchecked launches rely on; nothing outside the crate changes them.
#[derive(Clone)]
pub struct DeviceRelations<R: Runtime> {
    pub(crate) client: ComputeClient<R>,
    pub(crate) rows: usize,
    pub(crate) relations: usize,
    /// Whether the rows are not sorted, so that `order` is read.
    pub(crate) ordered: bool,
    /// The row at each place.
    pub(crate) order: Ids<R>,
    /// All places, in tiles of up to [`rows_of_tile`].
    pub(crate) tiles: Tiles<R>,
    /// The relations, whole or in pieces of [`PIECE`] places.
    pub(crate) cut: CutRows<R>,
}

impl<R: Runtime> std::fmt::Debug for DeviceRelations<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sizes = (self.rows, self.relations, self.tiles.len);
        f.debug_struct("DeviceRelations").field("rows, relations, tiles", &sizes).finish_non_exhaustive()
    }
}

impl<R: Runtime> DeviceRelations<R> {
    /// Cuts the rows into tiles and uploads them, in O(rows + R).
    pub fn upload(client: &ComputeClient<R>, rows: &RelationRows) -> Self {
        let height = 4 * side(client);
        let mut tiles = HostTiles::default();
        for (r, places) in rows.ptr().windows(2).enumerate() {
            let (start, end) = (places[0] as usize, places[1] as usize);
            (start..end).step_by(height).for_each(|at| tiles.push(r, at, end.min(at + height)));
        }
        Self {
            client: client.clone(),
            rows: rows.rows(),
            relations: rows.relations(),
            ordered: rows.order().is_some(),
            order: Ids::upload(client, rows.order().unwrap_or(&[0])),
            tiles: tiles.upload(client),
            cut: CutRows::upload(client, rows.ptr(), PIECE),
        }
    }

    /// The device's client.
    pub fn client(&self) -> &ComputeClient<R> {
        &self.client
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// R, the number of relations.
    pub fn relations(&self) -> usize {
        self.relations
    }
}
