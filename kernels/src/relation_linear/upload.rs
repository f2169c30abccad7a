//! The rows of relations on a device, cut into tiles, uploaded once.

use cubecl::features::MmaConfig;
use cubecl::ir::{ElemType, FloatKind, StorageType};
use cubecl::prelude::*;

use super::{Products, RelationRows};
use crate::device::buffer::{Ids, storage_type};
use crate::device::grid::units;
use crate::device::lanes::plane_size;
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

/// Places of one relation each.
#[derive(Debug, Clone)]
pub(crate) struct Tiles<R: Runtime> {
    pub(crate) len: usize,
    /// The relation of each tile; for pieces of hubs, the number of the piece.
    pub(crate) keys: Ids<R>,
    /// Its first place.
    pub(crate) starts: Ids<R>,
    /// Its number of places.
    pub(crate) counts: Ids<R>,
}

#[derive(Default)]
struct List {
    keys: Vec<u32>,
    starts: Vec<u32>,
    counts: Vec<u32>,
}

impl List {
    fn push(&mut self, key: usize, start: usize, end: usize) {
        self.keys.push(key as u32);
        self.starts.push(start as u32);
        self.counts.push((end - start) as u32);
    }

    fn upload<R: Runtime>(&self, client: &ComputeClient<R>) -> Tiles<R> {
        let up = |ids: &[u32]| Ids::upload(client, ids);
        Tiles { len: self.keys.len(), keys: up(&self.keys), starts: up(&self.starts), counts: up(&self.counts) }
    }
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
    /// Relations of up to [`PIECE`] rows, whole, also those without any.
    pub(crate) whole: Tiles<R>,
    /// The pieces of the others.
    pub(crate) pieces: Tiles<R>,
    /// Those others, and the bounds of their pieces.
    pub(crate) hubs: Ids<R>,
    pub(crate) bounds: Ids<R>,
}

/// Units along one side of a cube, a power of two; each has four rows and four columns of a product.
pub(crate) fn side<R: Runtime>(client: &ComputeClient<R>) -> usize {
    1 << (units(client).ilog2() / 2)
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
        let (mut tiles, mut whole, mut pieces) = (List::default(), List::default(), List::default());
        let (mut hubs, mut bounds) = (vec![], vec![0]);
        for (r, places) in rows.ptr().windows(2).enumerate() {
            let (start, end) = (places[0] as usize, places[1] as usize);
            (start..end).step_by(height).for_each(|at| tiles.push(r, at, end.min(at + height)));
            if end - start <= PIECE {
                whole.push(r, start, end);
                continue;
            }
            for at in (start..end).step_by(PIECE) {
                pieces.push(pieces.keys.len(), at, end.min(at + PIECE));
            }
            hubs.push(r as u32);
            bounds.push(pieces.keys.len() as u32);
        }
        Self {
            client: client.clone(),
            rows: rows.rows(),
            relations: rows.relations(),
            ordered: rows.order().is_some(),
            order: Ids::upload(client, rows.order().unwrap_or(&[0])),
            tiles: tiles.upload(client),
            whole: whole.upload(client),
            pieces: pieces.upload(client),
            hubs: Ids::upload(client, &hubs),
            bounds: Ids::upload(client, &bounds),
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
