//! A sparse pattern on a device: both directions with their schedules, uploaded once.

use cubecl::prelude::*;

use super::buffer::{Buf, Ids};
use super::lanes::Lanes;
use super::worklist::{Schedule, Strategy};
use crate::csr::{CsrPair, Direction};

/// One direction of a pattern.
#[derive(Debug, Clone)]
pub struct Side<R: Runtime> {
    /// Number of outputs (segments).
    pub outputs: usize,
    /// Number of inputs.
    pub inputs: usize,
    /// Bounds of the entries of each output.
    pub ptr: Ids<R>,
    /// Input of each entry, in this side's order.
    pub col: Ids<R>,
    /// Row-major position of each entry; `None` says that this side is row-major.
    pub canonical: Option<Ids<R>>,
    /// Constant value of each entry, in this side's order.
    pub values: Option<Buf<R>>,
    /// Its rows by length.
    pub schedule: Schedule<R>,
}

/// Both directions of a sparse pattern on a device.
///
/// Its arrays agree with one another, which unchecked launches rely on; so nothing outside the crate changes them:
///
/// ```compile_fail,E0616
/// fn longer<R: cubecl::Runtime>(pattern: &mut hypergraphql_kernels::device::DevicePattern<R>) {
///     pattern.nnz = 7; // private
/// }
/// ```
#[derive(Clone)]
pub struct DevicePattern<R: Runtime> {
    pub(crate) client: ComputeClient<R>,
    pub(crate) nnz: usize,
    /// Row of each entry, in row-major order.
    pub(crate) row_of: Ids<R>,
    pub(crate) lanes: Lanes,
    to_rows: Side<R>,
    to_cols: Side<R>,
    spare: Buf<R>,
    sink: Buf<R>,
}

impl<R: Runtime> std::fmt::Debug for DevicePattern<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sizes = (self.rows(), self.cols(), self.nnz);
        f.debug_struct("DevicePattern").field("rows, cols, nnz", &sizes).field("runtime", &R::name(&self.client)).finish_non_exhaustive()
    }
}

impl<R: Runtime> DevicePattern<R> {
    /// Uploads `pair` in O(nnz + rows + cols), plus a sort of the rows by length.
    pub fn upload(client: &ComputeClient<R>, pair: &CsrPair) -> Self {
        Self::upload_with(client, pair, Strategy::Auto, Lanes::Auto)
    }

    /// As [`Self::upload`], with every row sent one way and the lanes combined one way.
    pub fn upload_with(client: &ComputeClient<R>, pair: &CsrPair, strategy: Strategy, lanes: Lanes) -> Self {
        let rows = pair.view(Direction::ToRows);
        let mut row_of = Vec::with_capacity(pair.nnz());
        for r in 0..pair.rows() {
            row_of.resize(rows.ptr[r + 1] as usize, r as u32);
        }
        Self {
            client: client.clone(),
            nnz: pair.nnz(),
            row_of: Ids::upload(client, &row_of),
            lanes,
            to_rows: side(client, pair, Direction::ToRows, strategy),
            to_cols: side(client, pair, Direction::ToCols, strategy),
            spare: Buf::from_f32(client, &[0.0; 16]),
            sink: Buf::from_f32(client, &[0.0; 16]),
        }
    }

    /// The device's client.
    pub fn client(&self) -> &ComputeClient<R> {
        &self.client
    }

    /// Number of entries.
    pub fn nnz(&self) -> usize {
        self.nnz
    }

    /// How lanes combine; `Auto` unless a test forces it.
    pub fn lanes(&self) -> Lanes {
        self.lanes
    }

    /// The segments whose rows are the outputs of a pass in `direction`.
    pub fn side(&self, direction: Direction) -> &Side<R> {
        match direction {
            Direction::ToRows => &self.to_rows,
            Direction::ToCols => &self.to_cols,
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.to_rows.outputs
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.to_cols.outputs
    }

    /// The array, or a small one that stands for it where the kernel does not read it.
    pub(crate) fn floats(&self, array: Option<&Buf<R>>) -> ArrayArg<R> {
        array.filter(|a| !a.is_empty()).unwrap_or(&self.spare).arg()
    }

    /// The indices, or a small array that stands for them where the kernel does not read them.
    pub(crate) fn ids(&self, array: Option<&Ids<R>>) -> ArrayArg<R> {
        array.filter(|a| !a.is_empty()).map_or_else(|| self.spare.arg(), Ids::arg)
    }

    /// An output that the kernel does not write.
    pub(crate) fn unused_output(&self) -> ArrayArg<R> {
        self.sink.arg()
    }
}

fn side<R: Runtime>(client: &ComputeClient<R>, pair: &CsrPair, direction: Direction, strategy: Strategy) -> Side<R> {
    let view = pair.view(direction);
    Side {
        outputs: view.rows(),
        inputs: view.cols,
        ptr: Ids::upload(client, view.ptr),
        col: Ids::upload(client, view.col),
        canonical: view.canonical.map(|c| Ids::upload(client, c)),
        values: view.values.map(|v| Buf::from_f32(client, &v.iter().map(|&x| x as f32).collect::<Vec<_>>())),
        schedule: Schedule::upload(client, view.ptr, strategy),
    }
}
