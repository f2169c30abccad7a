//! CPU form: each segment is copied into scratch in its own order, worked on there, and written back.

use std::ops::Range;

use crate::csr::View;
use crate::element::{Acc, Element};
use crate::lanes::add;
use crate::rows::{Sink, fill, scatter};
use crate::schedule::by_entries;

/// s [nnz, Hd] -> p [nnz, Hd].
pub fn segment_softmax<E: Element>(view: &View, s: &[E], heads: usize) -> Vec<E> {
    segments(
        view,
        heads,
        #[inline(always)]
        |entries, z, _, per_head| {
            load(view, s, entries, heads, z);
            per_head.fill(E::Acc::NEG_INFINITY);
            for z in z.chunks_exact(heads) {
                for (m, &z) in per_head.iter_mut().zip(z) {
                    *m = if z > *m { z } else { *m };
                }
            }
            for z in z.chunks_exact_mut(heads) {
                for (z, &m) in z.iter_mut().zip(&*per_head) {
                    *z = *z - m;
                }
            }
            z.iter_mut().for_each(|z| *z = z.exp());
            per_head.fill(E::Acc::ZERO);
            z.chunks_exact(heads).for_each(|z| add(per_head, z));
            for z in z.chunks_exact_mut(heads) {
                for (z, &sum) in z.iter_mut().zip(&*per_head) {
                    *z = *z / sum;
                }
            }
        },
    )
}

/// p, dp [nnz, Hd] -> ds [nnz, Hd].
pub fn segment_softmax_backward<E: Element>(view: &View, p: &[E], dp: &[E], heads: usize) -> Vec<E> {
    segments(
        view,
        heads,
        #[inline(always)]
        |entries, p_row, dp_row, per_head| {
            load(view, p, entries.clone(), heads, p_row);
            load(view, dp, entries, heads, dp_row);
            per_head.fill(E::Acc::ZERO);
            for (p, d) in p_row.chunks_exact(heads).zip(dp_row.chunks_exact(heads)) {
                for h in 0..heads {
                    per_head[h] += p[h] * d[h];
                }
            }
            for (p, d) in p_row.chunks_exact_mut(heads).zip(dp_row.chunks_exact(heads)) {
                for h in 0..heads {
                    p[h] = p[h] * (d[h] - per_head[h]);
                }
            }
        },
    )
}

#[inline(always)]
fn load<E: Element>(view: &View, s: &[E], entries: Range<usize>, heads: usize, out: &mut [E::Acc]) {
    match view.canonical {
        None => {
            for (o, v) in out.iter_mut().zip(&s[entries.start * heads..entries.end * heads]) {
                *o = v.to_acc();
            }
        }
        Some(place) => {
            for (o, &p) in out.chunks_exact_mut(heads).zip(&place[entries]) {
                for (o, v) in o.iter_mut().zip(&s[p as usize * heads..(p as usize + 1) * heads]) {
                    *o = v.to_acc();
                }
            }
        }
    }
}

/// Every segment through `work(entries, result, scratch, scratch per head)`, into row-major order.
fn segments<E: Element>(
    view: &View,
    heads: usize,
    work: impl Fn(Range<usize>, &mut [E::Acc], &mut [E::Acc], &mut [E::Acc]) + Sync,
) -> Vec<E> {
    if heads == 0 {
        return vec![];
    }
    let blocks = by_entries(view.ptr, heads * 4 * size_of::<E::Acc>() + 4, 4);
    if view.canonical.is_none() {
        return fill(
            &blocks,
            |r| view.ptr[r] as usize * heads,
            #[inline(always)]
            |block, sink: &mut Sink<E>| each_segment(view, heads, block, &work, |_, row| sink.round(row)),
        );
    }
    scatter(
        view.nnz() * heads,
        &blocks,
        #[inline(always)]
        |block, out| {
            each_segment(
                view,
                heads,
                block,
                &work,
                #[inline(always)]
                |entries, row| {
                    for (k, row) in entries.zip(row.chunks_exact(heads)) {
                        for (h, &v) in row.iter().enumerate() {
                            out.set(view.position(k) * heads + h, E::from_acc(v));
                        }
                    }
                },
            );
        },
    )
}

#[inline(always)]
fn each_segment<A: Acc>(
    view: &View,
    heads: usize,
    block: Range<usize>,
    work: &impl Fn(Range<usize>, &mut [A], &mut [A], &mut [A]),
    mut write: impl FnMut(Range<usize>, &[A]),
) {
    let (mut result, mut scratch, mut per_head) = (Vec::new(), Vec::new(), vec![A::ZERO; heads]);
    for r in block {
        let entries = view.range(r);
        let n = entries.len() * heads;
        result.resize(n.max(result.len()), A::ZERO);
        scratch.resize(n.max(scratch.len()), A::ZERO);
        work(entries.clone(), &mut result[..n], &mut scratch[..n], &mut per_head);
        write(entries, &result[..n]);
    }
}
