//! CPU form: each segment is copied into scratch in its own order, worked on there, and written back; the sums of hubs come first, by pieces.

use std::ops::Range;

use crate::csr::View;
use crate::element::{Acc, Element};
use crate::lanes::add;
use crate::rows::{Sink, fill, scatter};
use crate::schedule::{Hubs, by_entries};

/// s [nnz, Hd] -> p [nnz, Hd].
pub fn segment_softmax<E: Element>(view: &View, s: &[E], heads: usize) -> Vec<E> {
    if heads == 0 {
        return vec![];
    }
    let hubs = Hubs::new(
        view,
        #[inline(always)]
        |_, entries| {
            let mut piece =
                Piece { z: vec![E::Acc::ZERO; entries.len() * heads], max: vec![E::Acc::ZERO; heads], sum: vec![E::Acc::ZERO; heads] };
            load(view, s, entries, heads, &mut piece.z);
            exponentials(&mut piece.z, &mut piece.max, &mut piece.sum);
            piece
        },
    );
    segments(
        view,
        heads,
        #[inline(always)]
        |row, entries, z, _, per_head| {
            let (max, sum) = per_head.split_at_mut(heads);
            if let Some(pieces) = hubs.of(row) {
                return join(pieces, z, max, sum);
            }
            load(view, s, entries, heads, z);
            exponentials(z, max, sum);
            for z in z.chunks_exact_mut(heads) {
                for (z, &sum) in z.iter_mut().zip(&*sum) {
                    *z = *z / sum;
                }
            }
        },
    )
}

/// Some entries of a hub: z = exp(s − max) [entries, heads], and the largest s and the sum of z per head.
struct Piece<A> {
    z: Vec<A>,
    max: Vec<A>,
    sum: Vec<A>,
}

/// z [entries, heads] becomes exp(z − max), per head.
#[inline(always)]
fn exponentials<A: Acc>(z: &mut [A], max: &mut [A], sum: &mut [A]) {
    let heads = max.len();
    max.fill(A::NEG_INFINITY);
    for z in z.chunks_exact(heads) {
        raise(max, z);
    }
    for z in z.chunks_exact_mut(heads) {
        for (z, &m) in z.iter_mut().zip(&*max) {
            *z = *z - m;
        }
    }
    z.iter_mut().for_each(|z| *z = z.exp());
    sum.fill(A::ZERO);
    z.chunks_exact(heads).for_each(|z| add(sum, z));
}

#[inline(always)]
fn raise<A: Acc>(max: &mut [A], z: &[A]) {
    for (m, &z) in max.iter_mut().zip(z) {
        *m = if z > *m { z } else { *m };
    }
}

/// z: the softmax of a hub from its pieces.
#[inline(always)]
fn join<A: Acc>(pieces: &[Piece<A>], z: &mut [A], max: &mut [A], sum: &mut [A]) {
    let heads = max.len();
    max.fill(A::NEG_INFINITY);
    pieces.iter().for_each(|piece| raise(max, &piece.max));
    let factor = |piece: &Piece<A>, h: usize, max: &[A]| (piece.max[h] - max[h]).exp();
    sum.fill(A::ZERO);
    for piece in pieces {
        for h in 0..heads {
            sum[h] += piece.sum[h] * factor(piece, h, max);
        }
    }
    let mut results = z.chunks_exact_mut(heads);
    for piece in pieces {
        let factors: Vec<A> = (0..heads).map(|h| factor(piece, h, max) / sum[h]).collect();
        for (own, z) in piece.z.chunks_exact(heads).zip(&mut results) {
            for h in 0..heads {
                z[h] = own[h] * factors[h];
            }
        }
    }
}

/// p, dp [nnz, Hd] -> ds [nnz, Hd].
pub fn segment_softmax_backward<E: Element>(view: &View, p: &[E], dp: &[E], heads: usize) -> Vec<E> {
    if heads == 0 {
        return vec![];
    }
    let dots = Hubs::new(
        view,
        #[inline(always)]
        |_, entries| {
            let n = entries.len() * heads;
            let (mut own, mut other, mut dot) = (vec![E::Acc::ZERO; n], vec![E::Acc::ZERO; n], vec![E::Acc::ZERO; heads]);
            load(view, p, entries.clone(), heads, &mut own);
            load(view, dp, entries, heads, &mut other);
            add_products(&own, &other, &mut dot);
            dot
        },
    );
    segments(
        view,
        heads,
        #[inline(always)]
        |row, entries, p_row, dp_row, per_head| {
            let dot = &mut per_head[..heads];
            load(view, p, entries.clone(), heads, p_row);
            load(view, dp, entries, heads, dp_row);
            dot.fill(E::Acc::ZERO);
            match dots.of(row) {
                Some(parts) => parts.iter().for_each(|part| add(dot, part)),
                None => add_products(p_row, dp_row, dot),
            }
            for (p, d) in p_row.chunks_exact_mut(heads).zip(dp_row.chunks_exact(heads)) {
                for h in 0..heads {
                    p[h] = p[h] * (d[h] - dot[h]);
                }
            }
        },
    )
}

/// dot += Σ p·d per head; p, d [entries, heads].
#[inline(always)]
fn add_products<A: Acc>(p: &[A], d: &[A], dot: &mut [A]) {
    let heads = dot.len();
    for (p, d) in p.chunks_exact(heads).zip(d.chunks_exact(heads)) {
        for h in 0..heads {
            dot[h] += p[h] * d[h];
        }
    }
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

/// Every segment through `work(row, entries, result, scratch, two scratches per head)`, into row-major order.
fn segments<E: Element>(
    view: &View,
    heads: usize,
    work: impl Fn(usize, Range<usize>, &mut [E::Acc], &mut [E::Acc], &mut [E::Acc]) + Sync,
) -> Vec<E> {
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
    work: &impl Fn(usize, Range<usize>, &mut [A], &mut [A], &mut [A]),
    mut write: impl FnMut(Range<usize>, &[A]),
) {
    let (mut result, mut scratch, mut per_head) = (Vec::new(), Vec::new(), vec![A::ZERO; 2 * heads]);
    for r in block {
        let entries = view.range(r);
        let n = entries.len() * heads;
        result.resize(n.max(result.len()), A::ZERO);
        scratch.resize(n.max(scratch.len()), A::ZERO);
        work(r, entries.clone(), &mut result[..n], &mut scratch[..n], &mut per_head);
        write(entries, &result[..n]);
    }
}
