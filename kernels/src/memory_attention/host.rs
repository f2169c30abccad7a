//! CPU form: queries in parallel blocks, each gathering the rows of its slots; the gradients of slots by the entries of each, in order.

use rayon::prelude::*;

use super::{MemoryConfig, SlotLists};
use crate::element::{Acc, Element};
use crate::knn::host::knn;
use crate::knn::{KnnConfig, Metric};
use crate::lanes::{add, add1, dot, scale};
use crate::rows::{Sink, fill};
use crate::schedule::{by_entries, even};
use crate::simd::{dispatch, prefetch};

/// Queries whose parts of dn are summed at a time.
const PIECE: usize = 1024;

/// q `[B, H, T, D]`, k `[B, Hk, S, D]` -> t `[B, H, T, K]`.
pub fn select<E: Element>(c: &MemoryConfig, q: &[E], k: &[E]) -> Vec<u32> {
    let (rows, memory) = (c.sharing() * c.width, c.slots * c.width);
    let search = KnnConfig { queries: c.sharing(), items: c.slots, width: c.width, k: c.kept, metric: Metric::InnerProduct };
    let heads: Vec<Vec<u32>> = (0..c.batch * c.kv_heads)
        .into_par_iter()
        .map(|head| knn(search, &q[head * rows..(head + 1) * rows], &k[head * memory..(head + 1) * memory]).0)
        .collect();
    heads.concat()
}

/// t `[B, H, T, K]` -> the entries of each slot.
pub fn slot_lists(c: &MemoryConfig, t: &[u32]) -> SlotLists<Vec<u32>> {
    let mut ptr = vec![0; c.slot_rows() + 1];
    let mut entries = vec![0; t.len()];
    let per_head = c.sharing() * c.kept;
    if per_head > 0 {
        let heads = t.par_chunks(per_head).zip(entries.par_chunks_mut(per_head)).zip(ptr[1..].par_chunks_mut(c.slots));
        heads.enumerate().for_each(|(head, ((t, entries), ends))| {
            for &m in t {
                ends[m as usize] += 1;
            }
            // First the start of each slot, which moves up to its end as the entries come by.
            let mut start = 0;
            for end in ends.iter_mut() {
                start += std::mem::replace(end, start);
            }
            for (e, &m) in t.iter().enumerate() {
                let place = &mut ends[m as usize];
                entries[*place as usize] = (head * per_head + e) as u32;
                *place += 1;
            }
            for end in ends {
                *end += (head * per_head) as u32;
            }
        });
    }
    SlotLists { ptr, entries }
}

/// What the steps share: sizes, the kept slots, and x by rows.
#[derive(Clone, Copy)]
struct Job<'a> {
    c: &'a MemoryConfig,
    t: &'a [u32],
}

impl<'a> Job<'a> {
    /// The kept slots of row `r`, as rows of k and v.
    #[inline(always)]
    fn slots(self, r: usize) -> impl Iterator<Item = usize> + 'a {
        let first = self.c.slot_head(r) * self.c.slots;
        self.t[r * self.c.kept..(r + 1) * self.c.kept].iter().map(move |&m| first + m as usize)
    }

    #[inline(always)]
    fn row<T>(self, x: &[T], r: usize) -> &[T] {
        &x[r * self.c.width..(r + 1) * self.c.width]
    }

    /// The null key that row `r` of q reads.
    #[inline(always)]
    fn null<T>(self, null: &[T], r: usize) -> &[T] {
        self.row(null, self.c.slot_head(r) % self.c.kv_heads)
    }

    /// Asks for the rows of `x` that row `r` reads.
    #[inline(always)]
    fn fetch<T>(self, x: &[T], r: usize) {
        if r < self.c.query_rows() {
            for m in self.slots(r) {
                prefetch(x, m * self.c.width, self.c.width);
            }
        }
    }

    /// Bytes that a row moves.
    fn row_bytes<E>(self) -> usize {
        (self.c.kept + 2) * self.c.width * size_of::<E>()
    }

    /// An array of `per_row` elements a row, which `body` writes row by row into its argument.
    fn rows<E: Element>(self, per_row: usize, body: impl Fn(usize, &mut [E::Acc]) + Sync) -> Vec<E> {
        fill(
            &even(self.c.query_rows(), self.row_bytes::<E>()),
            |r| r * per_row,
            #[inline(always)]
            |block, sink: &mut Sink<E>| {
                let mut y = vec![E::Acc::ZERO; per_row];
                for r in block {
                    body(r, &mut y);
                    sink.round(&y);
                }
            },
        )
    }

    /// y_m = factor · Σ_e coefficient_e x_(row of e) over the entries of each slot; coefficients `[R, K + 1]`, the null slot's first.
    fn by_slot<E: Element, W: Copy + Sync>(
        self,
        lists: SlotLists<&[u32]>,
        coefficients: &[W],
        to_acc: impl Fn(W) -> E::Acc + Sync,
        x: &[E],
        factor: E::Acc,
    ) -> Vec<E> {
        let (kept, width) = (self.c.kept, self.c.width);
        fill(
            &by_entries(lists.ptr, width * size_of::<E>(), width * size_of::<E>()),
            |m| m * width,
            #[inline(always)]
            |block, sink: &mut Sink<E>| {
                let mut y = vec![E::Acc::ZERO; width];
                for m in block {
                    y.fill(E::Acc::ZERO);
                    for &e in &lists.entries[lists.ptr[m] as usize..lists.ptr[m + 1] as usize] {
                        let (r, j) = (e as usize / kept, e as usize % kept);
                        add1(&mut y, self.row(x, r), to_acc(coefficients[r * (kept + 1) + 1 + j]));
                    }
                    scale(&mut y, factor);
                    sink.round(&y);
                }
            },
        )
    }
}

/// q `[B, H, T, D]`, k `[B, Hk, S, D]`, n `[Hk, D]`, t `[B, H, T, K]` -> A `[B, H, T, K + 1]`.
pub fn weights<E: Element>(c: &MemoryConfig, q: &[E], k: &[E], null: &[E], t: &[u32]) -> Vec<E> {
    let (factor, bias, job) = (E::Acc::from_f64(c.scale), E::Acc::from_f64(c.bias), Job { c, t });
    job.rows(
        c.kept + 1,
        #[inline(always)]
        |r, a: &mut [E::Acc]| {
            job.fetch(k, r + 1);
            let query = job.row(q, r);
            a[0] = factor * dot(query, job.null(null, r));
            for (a, m) in a[1..].iter_mut().zip(job.slots(r)) {
                *a = factor * dot(query, job.row(k, m)) + bias;
            }
            let most = a.iter().fold(E::Acc::NEG_INFINITY, |m, &s| if s > m { s } else { m });
            let mut sum = E::Acc::ZERO;
            for a in a.iter_mut() {
                *a = (*a - most).exp_below();
                sum += *a;
            }
            scale(a, E::Acc::ONE / sum);
        },
    )
}

/// dA `[B, H, T, K + 1]` -> dq, dk and dn, as far as they are wanted; dk where the lists of t are given.
pub fn weights_backward<E: Element>(
    c: &MemoryConfig,
    [q, k, null]: [&[E]; 3],
    t: &[u32],
    [a, da]: [&[E]; 2],
    lists: Option<SlotLists<&[u32]>>,
    (wants_q, wants_null): (bool, bool),
) -> [Option<Vec<E>>; 3] {
    let (factor, job, entries) = (E::Acc::from_f64(c.scale), Job { c, t }, c.kept + 1);
    let ds: Vec<E::Acc> = fill(
        &even(c.query_rows(), 3 * entries * size_of::<E>()),
        |r| r * entries,
        #[inline(always)]
        |block, sink: &mut Sink<E::Acc>| {
            for r in block {
                let (a, da) = (&a[r * entries..(r + 1) * entries], &da[r * entries..(r + 1) * entries]);
                let mean = dot(a, da);
                sink.extend(entries, |j| a[j].to_acc() * (da[j].to_acc() - mean));
            }
        },
    );
    let dq = wants_q.then(|| {
        job.rows(
            c.width,
            #[inline(always)]
            |r, y: &mut [E::Acc]| {
                job.fetch(k, r + 1);
                let ds = &ds[r * entries..(r + 1) * entries];
                y.fill(E::Acc::ZERO);
                add1(y, job.null(null, r), ds[0]);
                for (&ds, m) in ds[1..].iter().zip(job.slots(r)) {
                    add1(y, job.row(k, m), ds);
                }
                scale(y, factor);
            },
        )
    });
    let dk = lists.map(|lists| job.by_slot(lists, &ds, |w| w, q, factor));
    let dn = wants_null.then(|| null_gradient(c, q, &ds, factor));
    [dq, dk, dn]
}

/// dn_h = scale Σ_i ds_(i,∅) q_i over the queries that read head h, in pieces that are added in order.
fn null_gradient<E: Element>(c: &MemoryConfig, q: &[E], ds: &[E::Acc], factor: E::Acc) -> Vec<E> {
    let mut sums = vec![E::Acc::ZERO; c.kv_heads * c.width];
    if c.sharing() == 0 || c.width == 0 {
        return vec![E::from_acc(E::Acc::ZERO); sums.len()];
    }
    let heads = 0..c.batch * c.kv_heads;
    let pieces: Vec<_> = heads.flat_map(|h| (0..c.sharing()).step_by(PIECE).map(move |start| (h, start))).collect();
    let part = |&(head, start): &(usize, usize)| {
        dispatch(
            #[inline(always)]
            || {
                let mut y = vec![E::Acc::ZERO; c.width];
                for r in head * c.sharing() + start..head * c.sharing() + c.sharing().min(start + PIECE) {
                    add1(&mut y, &q[r * c.width..(r + 1) * c.width], ds[r * (c.kept + 1)]);
                }
                y
            },
        )
    };
    let parts: Vec<Vec<E::Acc>> = pieces.par_iter().map(part).collect();
    for ((head, _), part) in pieces.iter().zip(&parts) {
        let head = head % c.kv_heads;
        add(&mut sums[head * c.width..(head + 1) * c.width], part);
    }
    sums.into_iter().map(|s| E::from_acc(factor * s)).collect()
}

/// A `[B, H, T, K + 1]`, v `[B, Hk, S, D]` -> o `[B, H, T, D]`.
pub fn read<E: Element>(c: &MemoryConfig, a: &[E], v: &[E], t: &[u32]) -> Vec<E> {
    let (job, entries) = (Job { c, t }, c.kept + 1);
    job.rows(
        c.width,
        #[inline(always)]
        |r, y: &mut [E::Acc]| {
            job.fetch(v, r + 1);
            y.fill(E::Acc::ZERO);
            for (a, m) in a[r * entries + 1..(r + 1) * entries].iter().zip(job.slots(r)) {
                add1(y, job.row(v, m), a.to_acc());
            }
        },
    )
}

/// dO `[B, H, T, D]` -> dA, where it is wanted, and dv, where the lists of t are given.
pub fn read_backward<E: Element>(
    c: &MemoryConfig,
    [a, v]: [&[E]; 2],
    t: &[u32],
    dout: &[E],
    lists: Option<SlotLists<&[u32]>>,
    wants_weights: bool,
) -> [Option<Vec<E>>; 2] {
    let job = Job { c, t };
    let da = wants_weights.then(|| {
        job.rows(
            c.kept + 1,
            #[inline(always)]
            |r, y: &mut [E::Acc]| {
                job.fetch(v, r + 1);
                y[0] = E::Acc::ZERO;
                let d = job.row(dout, r);
                for (y, m) in y[1..].iter_mut().zip(job.slots(r)) {
                    *y = dot(d, job.row(v, m));
                }
            },
        )
    });
    let dv = lists.map(|lists| job.by_slot(lists, a, |w: E| w.to_acc(), dout, E::Acc::ONE));
    [da, dv]
}
