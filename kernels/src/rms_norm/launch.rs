//! validate -> config -> launch.

use cubecl::prelude::*;

use super::cube::{self, RowPlan};
use super::{CONTRACT, Wanted, check_epsilon};
use crate::device::buffer::{check_type, storage_type};
use crate::device::grid::{check_index_space, cube_count, units, vector_size};
use crate::device::{Buf, Lanes, capability};
use crate::element::DType;
use crate::error::{KernelError, check_len};
use crate::hypergraph_conv::launch::sum_rows;

const OP: &str = "rms_norm";

/// x `[rows, F]`, w `[F]` -> y `[rows, F]`.
///
/// # Errors
/// Arrays of another length or type than the contract's, an ε that is not positive, a storage type that the device lacks, sizes over 32 bits.
pub fn rms_norm<R: Runtime>(client: &ComputeClient<R>, x: &Buf<R>, w: &Buf<R>, epsilon: f64, lanes: Lanes) -> Result<Buf<R>, KernelError> {
    let rows = validate(client, x, w, epsilon)?;
    let y = Buf::empty(client, x.len(), x.dtype());
    if y.is_empty() {
        return Ok(y);
    }
    let job = Job::new(client, x, w, lanes);
    // SAFETY: `validate` checked that x holds rows of w's length, and y holds as much; the kernel guards the row and the feature, and all
    // units reach the sum.
    unsafe {
        cube::rms_norm::launch_unchecked::<R>(
            client,
            job.cubes(rows),
            job.dim(),
            job.vector,
            x.arg(),
            w.arg(),
            y.arg(),
            rows,
            w.len() / job.vector,
            1.0 / w.len() as f32,
            epsilon as f32,
            job.plan(false),
            storage_type(x.dtype()),
        );
    }
    Ok(y)
}

/// dy `[rows, F]` -> dx `[rows, F]` and dw `[F]`, as far as they are wanted.
///
/// # Errors
/// As [`rms_norm`].
pub fn rms_norm_backward<R: Runtime>(
    client: &ComputeClient<R>,
    x: &Buf<R>,
    w: &Buf<R>,
    epsilon: f64,
    dy: &Buf<R>,
    wanted: Wanted,
    lanes: Lanes,
) -> Result<(Option<Buf<R>>, Option<Buf<R>>), KernelError> {
    let rows = validate(client, x, w, epsilon)?;
    check("dy", dy, x.len(), x.dtype())?;
    let s = Buf::empty(client, rows, DType::F32);
    let dx = Buf::empty(client, if wanted.x { x.len() } else { 0 }, x.dtype());
    if !x.is_empty() {
        let job = Job::new(client, x, w, lanes);
        // SAFETY: as in `rms_norm`; dy holds as much as x, s a value per row, and dx as much as x where the plan writes it.
        unsafe {
            cube::rows_backward::launch_unchecked::<R>(
                client,
                job.cubes(rows),
                job.dim(),
                job.vector,
                x.arg(),
                w.arg(),
                dy.arg(),
                s.arg(),
                dx.arg(),
                rows,
                w.len() / job.vector,
                1.0 / w.len() as f32,
                epsilon as f32,
                job.plan(wanted.x),
                storage_type(x.dtype()),
            );
        }
    }
    let dw = wanted.weight.then(|| sum_rows(client, dy, Some(x), (s.arg(), true), rows, w.len()));
    Ok((wanted.x.then_some(dx), dw))
}

/// How the units of a cube share rows.
struct Job<'a, R: Runtime> {
    client: &'a ComputeClient<R>,
    plan: RowPlan,
    vector: usize,
}

impl<'a, R: Runtime> Job<'a, R> {
    fn new(client: &'a ComputeClient<R>, x: &Buf<R>, w: &Buf<R>, lanes: Lanes) -> Self {
        let vector = vector_size(client, x.dtype(), &[w.len()]);
        let group = lanes.group_over(client, w.len() / vector);
        Self { client, plan: RowPlan { group, units: units(client) as usize, dx: false }, vector }
    }

    fn plan(&self, dx: bool) -> RowPlan {
        RowPlan { dx, ..self.plan }
    }

    fn dim(&self) -> CubeDim {
        CubeDim::new_2d(self.plan.group.lanes, self.plan.units as u32 / self.plan.group.lanes)
    }

    fn cubes(&self, rows: usize) -> CubeCount {
        cube_count(self.client, rows.div_ceil(self.plan.units / self.plan.group.lanes as usize))
    }
}

/// The number of rows.
fn validate<R: Runtime>(client: &ComputeClient<R>, x: &Buf<R>, w: &Buf<R>, epsilon: f64) -> Result<usize, KernelError> {
    capability::check_storage(client, x.dtype())?;
    check_epsilon(epsilon)?;
    let rows = x.len() / w.len().max(1);
    check_len(OP, CONTRACT, "x", x.len(), rows * w.len())?;
    check("w", w, w.len(), x.dtype())?;
    check_index_space(&[("elements", x)])?;
    Ok(rows)
}

fn check<R: Runtime>(argument: &'static str, array: &Buf<R>, len: usize, dtype: DType) -> Result<(), KernelError> {
    check_len(OP, CONTRACT, argument, array.len(), len)?;
    check_type(OP, argument, array, dtype)
}
