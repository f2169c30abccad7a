//! validate -> sizes -> launch.

use cubecl::prelude::*;

use super::cube::{self, SizesLaunch};
use super::{CONTRACT, MemoryConfig, SlotLists};
use crate::device::buffer::{check_type, storage_type};
use crate::device::grid::{cube_count, lanes_by_groups, units, vector_size};
use crate::device::{Buf, Ids, capability};
use crate::element::DType;
use crate::error::{KernelError, check_len};
use crate::knn::launch::knn_of_groups;
use crate::knn::{KnnConfig, Metric};
use crate::search_sorted::{Side, launch::search_sorted};
use crate::sort::launch::{Sorted, sort};

const OP: &str = "memory_attention";

/// q, k and n.
#[derive(Debug, Clone, Copy)]
pub struct Keys<'a, R: Runtime> {
    /// q `[B, H, T, D]`
    pub q: &'a Buf<R>,
    /// k `[B, Hk, S, D]`
    pub k: &'a Buf<R>,
    /// n `[Hk, D]`
    pub null: &'a Buf<R>,
}

/// q `[B, H, T, D]`, k `[B, Hk, S, D]` -> t `[B, H, T, K]`.
///
/// # Errors
/// Arrays of another length or type than the contract's, a storage type that the device lacks, more kept slots than fit its shared memory.
pub fn select<R: Runtime>(client: &ComputeClient<R>, c: &MemoryConfig, q: &Buf<R>, k: &Buf<R>) -> Result<Ids<R>, KernelError> {
    c.check(q.len(), k.len(), k.len(), c.kv_heads * c.width)?;
    let search = KnnConfig { queries: c.sharing(), items: c.slots, width: c.width, k: c.kept, metric: Metric::InnerProduct };
    Ok(knn_of_groups(client, search, c.batch * c.kv_heads, q, k)?.0)
}

/// t `[B, H, T, K]` -> the entries of each slot.
///
/// # Errors
/// A length other than the contract's, more entries than 32-bit indices hold.
pub fn slot_lists<R: Runtime>(client: &ComputeClient<R>, c: &MemoryConfig, t: &Ids<R>) -> Result<SlotLists<Ids<R>>, KernelError> {
    check_len(OP, CONTRACT, "t", t.len(), c.entries())?;
    let (n, needles, cube) = (t.len(), Ids::empty(client, c.slot_rows() + 1), units(client));
    let (keys, entries) = (Ids::empty(client, n), Ids::empty(client, n));
    let cubes = |units: usize| cube_count(client, units.div_ceil(cube as usize));
    // SAFETY: t, keys and entries hold n indices, needles as many as they are numbered; the kernels guard the index.
    unsafe {
        if n > 0 {
            let per_head = c.sharing() * c.kept;
            cube::slot_keys::launch_unchecked::<R>(
                client,
                cubes(n),
                CubeDim::new_1d(cube),
                t.arg(),
                keys.arg(),
                entries.arg(),
                n,
                per_head,
                c.slots,
            );
        }
        cube::numbered::launch_unchecked::<R>(client, cubes(needles.len()), CubeDim::new_1d(cube), needles.arg(), needles.len());
    }
    let sorted = sort(client, &Sorted { low: keys, high: None, payload: Some(entries) })?;
    let ptr = search_sorted(client, &sorted.low, &needles, Side::Left)?;
    Ok(SlotLists { ptr, entries: sorted.payload.unwrap_or_else(|| Ids::empty(client, 0)) })
}

/// -> A `[B, H, T, K + 1]`.
///
/// # Errors
/// Arrays of another length or type than the contract's, a storage type that the device lacks.
pub fn weights<R: Runtime>(client: &ComputeClient<R>, c: &MemoryConfig, keys: &Keys<R>, t: &Ids<R>) -> Result<Buf<R>, KernelError> {
    let Keys { q, k, null } = keys;
    c.check(q.len(), k.len(), k.len(), null.len())?;
    let job = Job::new(client, c, t, q.dtype())?;
    for (argument, array) in [("k", k), ("null", null)] {
        check_type(OP, argument, array, q.dtype())?;
    }
    let a = Buf::empty(client, job.weights(), q.dtype());
    if a.is_empty() {
        return Ok(a);
    }
    let scores = job.entry_dots(q, k, null, DType::F32, (c.scale, c.bias), true);
    // SAFETY: `weights` elements of scores and of A for as many rows; the kernel guards the row.
    unsafe {
        cube::softmax_rows::launch_unchecked::<R>(
            client,
            job.cubes(c.query_rows()),
            CubeDim::new_1d(job.units),
            scores.arg(),
            a.arg(),
            c.query_rows(),
            c.kept + 1,
            storage_type(a.dtype()),
        );
    }
    Ok(a)
}

/// dA `[B, H, T, K + 1]` -> dq and dn, where they are wanted, and dk, where the lists of t are given.
///
/// # Errors
/// As [`weights`].
pub fn weights_backward<R: Runtime>(
    client: &ComputeClient<R>,
    c: &MemoryConfig,
    keys: &Keys<R>,
    t: &Ids<R>,
    [a, da]: [&Buf<R>; 2],
    lists: Option<&SlotLists<Ids<R>>>,
    (wants_q, wants_null): (bool, bool),
) -> Result<[Option<Buf<R>>; 3], KernelError> {
    let Keys { q, k, null } = keys;
    c.check(q.len(), k.len(), k.len(), null.len())?;
    let job = Job::new(client, c, t, q.dtype())?;
    for (argument, array, len) in [("k", *k, k.len()), ("null", null, null.len()), ("A", a, job.weights()), ("dA", da, job.weights())] {
        check_len(OP, CONTRACT, argument, array.len(), len)?;
        check_type(OP, argument, array, q.dtype())?;
    }
    let ds = Buf::empty(client, job.weights(), DType::F32);
    if !ds.is_empty() {
        // SAFETY: A, dA and ds hold `weights` elements; the kernel guards the row.
        unsafe {
            cube::softmax_gradient::launch_unchecked::<R>(
                client,
                job.cubes(c.query_rows()),
                CubeDim::new_1d(job.units),
                a.arg(),
                da.arg(),
                ds.arg(),
                c.query_rows(),
                c.kept + 1,
                storage_type(a.dtype()),
            );
        }
    }
    let dq = wants_q.then(|| job.row_sums(&ds, k, null, c.scale, true));
    let dk = lists.map(|lists| job.slot_sums(lists, &ds, q, c.scale)).transpose()?;
    let dn = wants_null.then(|| job.null_sums(&ds, q));
    Ok([dq, dk, dn])
}

/// A `[B, H, T, K + 1]`, v `[B, Hk, S, D]` -> o `[B, H, T, D]`.
///
/// # Errors
/// As [`weights`].
pub fn read<R: Runtime>(client: &ComputeClient<R>, c: &MemoryConfig, a: &Buf<R>, v: &Buf<R>, t: &Ids<R>) -> Result<Buf<R>, KernelError> {
    let job = Job::of_values(client, c, a, v, t)?;
    Ok(job.row_sums(a, v, v, 1.0, false))
}

/// dO `[B, H, T, D]` -> dA, where it is wanted, and dv, where the lists of t are given.
///
/// # Errors
/// As [`weights`].
pub fn read_backward<R: Runtime>(
    client: &ComputeClient<R>,
    c: &MemoryConfig,
    [a, v, dout]: [&Buf<R>; 3],
    t: &Ids<R>,
    lists: Option<&SlotLists<Ids<R>>>,
    wants_weights: bool,
) -> Result<[Option<Buf<R>>; 2], KernelError> {
    let job = Job::of_values(client, c, a, v, t)?;
    check_len(OP, CONTRACT, "dO", dout.len(), c.query_rows() * c.width)?;
    check_type(OP, "dO", dout, v.dtype())?;
    let da = wants_weights.then(|| job.entry_dots(dout, v, v, v.dtype(), (1.0, 0.0), false));
    let dv = lists.map(|lists| job.slot_sums(lists, a, dout, 1.0)).transpose()?;
    Ok([da, dv])
}

/// What the launches of one step share; its lengths and types are checked.
struct Job<'a, R: Runtime> {
    client: &'a ComputeClient<R>,
    c: &'a MemoryConfig,
    t: &'a Ids<R>,
    vector: usize,
    units: u32,
}

impl<'a, R: Runtime> Job<'a, R> {
    fn new(client: &'a ComputeClient<R>, c: &'a MemoryConfig, t: &'a Ids<R>, dtype: DType) -> Result<Self, KernelError> {
        capability::check_storage(client, dtype)?;
        check_len(OP, CONTRACT, "t", t.len(), c.entries())?;
        Ok(Self { client, c, t, vector: vector_size(client, dtype, &[c.width]), units: units(client) })
    }

    fn of_values(client: &'a ComputeClient<R>, c: &'a MemoryConfig, a: &Buf<R>, v: &Buf<R>, t: &'a Ids<R>) -> Result<Self, KernelError> {
        c.check(c.query_rows() * c.width, v.len(), v.len(), c.kv_heads * c.width)?;
        let job = Self::new(client, c, t, v.dtype())?;
        check_len(OP, CONTRACT, "A", a.len(), job.weights())?;
        check_type(OP, "A", a, v.dtype())?;
        Ok(job)
    }

    /// Elements of A.
    fn weights(&self) -> usize {
        self.c.query_rows() * (self.c.kept + 1)
    }

    fn cubes(&self, units: usize) -> CubeCount {
        cube_count(self.client, units.div_ceil(self.units as usize))
    }

    fn sizes(&self) -> SizesLaunch<R> {
        let c = self.c;
        SizesLaunch::new(c.query_rows(), c.kept, c.sharing(), c.slots, c.kv_heads, c.width / self.vector)
    }

    fn entry_dots(&self, x: &Buf<R>, y: &Buf<R>, null: &Buf<R>, dtype: DType, (factor, bias): (f64, f64), with_null: bool) -> Buf<R> {
        let out = Buf::empty(self.client, self.weights(), dtype);
        if out.is_empty() {
            return out;
        }
        // SAFETY: the caller checked x, y, n and t by the contract; out holds `weights` elements, and the kernel guards the entry.
        unsafe {
            cube::entry_dots::launch_unchecked::<R>(
                self.client,
                self.cubes(out.len()),
                CubeDim::new_1d(self.units),
                self.vector,
                x.arg(),
                y.arg(),
                null.arg(),
                self.t.arg(),
                out.arg(),
                self.sizes(),
                factor as f32,
                bias as f32,
                with_null,
                [storage_type(x.dtype()), storage_type(dtype)],
            );
        }
        out
    }

    fn row_sums(&self, weights: &Buf<R>, y: &Buf<R>, null: &Buf<R>, factor: f64, with_null: bool) -> Buf<R> {
        let out = Buf::empty(self.client, self.c.query_rows() * self.c.width, y.dtype());
        if out.is_empty() {
            return out;
        }
        // SAFETY: the caller checked the weights, y, n and t by the contract; out holds a vector per unit, which the kernel guards.
        unsafe {
            cube::row_sums::launch_unchecked::<R>(
                self.client,
                self.cubes(out.len() / self.vector),
                CubeDim::new_1d(self.units),
                self.vector,
                weights.arg(),
                y.arg(),
                null.arg(),
                self.t.arg(),
                out.arg(),
                self.sizes(),
                factor as f32,
                with_null,
                [storage_type(y.dtype()), storage_type(weights.dtype())],
            );
        }
        out
    }

    fn slot_sums(&self, lists: &SlotLists<Ids<R>>, weights: &Buf<R>, x: &Buf<R>, factor: f64) -> Result<Buf<R>, KernelError> {
        let slots = self.c.slot_rows();
        check_len(OP, CONTRACT, "pointers of slots", lists.ptr.len(), slots + 1)?;
        check_len(OP, CONTRACT, "entries of slots", lists.entries.len(), self.t.len())?;
        let out = Buf::empty(self.client, slots * self.c.width, x.dtype());
        if out.is_empty() {
            return Ok(out);
        }
        let (lanes, groups) = lanes_by_groups(self.client, self.c.width / self.vector);
        // SAFETY: the lengths of the lists were checked here, the weights and x by the caller; the kernel guards the slot and the vector, and all
        // units of a cube reach the sum over its groups.
        unsafe {
            cube::slot_sums::launch_unchecked::<R>(
                self.client,
                cube_count(self.client, slots),
                CubeDim::new_2d(lanes, groups),
                self.vector,
                lists.ptr.arg(),
                lists.entries.arg(),
                weights.arg(),
                x.arg(),
                out.arg(),
                slots,
                self.c.kept,
                self.c.width / self.vector,
                factor as f32,
                (lanes * groups) as usize,
                [storage_type(x.dtype()), storage_type(weights.dtype())],
            );
        }
        Ok(out)
    }

    fn null_sums(&self, ds: &Buf<R>, q: &Buf<R>) -> Buf<R> {
        let out = Buf::empty(self.client, self.c.kv_heads * self.c.width, q.dtype());
        if out.is_empty() {
            return out;
        }
        let (lanes, groups) = lanes_by_groups(self.client, self.c.width / self.vector);
        // SAFETY: ds holds `weights` elements, q rows of `width`, out one row per head; the kernel guards the head and the vector, and all units of
        // a cube reach the sum over its groups.
        unsafe {
            cube::null_sums::launch_unchecked::<R>(
                self.client,
                cube_count(self.client, self.c.kv_heads),
                CubeDim::new_2d(lanes, groups),
                self.vector,
                ds.arg(),
                q.arg(),
                out.arg(),
                self.sizes(),
                self.c.batch,
                self.c.scale as f32,
                (lanes * groups) as usize,
                storage_type(q.dtype()),
            );
        }
        out
    }
}
