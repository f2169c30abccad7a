//! CPU form: each segment is copied into scratch in its own order, worked on there, and written back; the sums of hubs come first, by pieces.

use std::ops::Range;

use crate::csr::View;
use crate::element::{Acc, Element};
use crate::lanes::add;
use crate::rows::{Sink, fill, scatter};
use crate::schedule::{Hubs, by_entries};

/// s `[nnz, Hd]` -> p `[nnz, Hd]`.
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
        |block, z| {
            let (mut max, mut sum) = (vec![E::Acc::ZERO; heads], vec![E::Acc::ZERO; heads]);
            let places = Places::new(view, &block, heads);
            for r in block.clone().filter(|&r| hubs.of(r).is_none()) {
                let z = &mut z[places.of(r)];
                load(view, s, view.range(r), heads, z);
                subtract_max(z, &mut max);
            }
            // All rows between two hubs at once: most are shorter than a register.
            let mut start = 0;
            for (hub, _) in hubs.within(block.clone()) {
                let place = places.of(hub);
                z[start..place.start].iter_mut().for_each(|z| *z = z.exp());
                start = place.end;
            }
            z[start..].iter_mut().for_each(|z| *z = z.exp());
            for r in block {
                let z = &mut z[places.of(r)];
                if let Some(pieces) = hubs.of(r) {
                    join(pieces, z, &mut max, &mut sum);
                    continue;
                }
                sum_heads(z, &mut sum);
                for z in z.chunks_exact_mut(heads) {
                    for (z, &sum) in z.iter_mut().zip(&sum) {
                        *z = *z / sum;
                    }
                }
            }
        },
    )
}

/// Where the rows of a block have their values among those of the block.
struct Places<'a> {
    ptr: &'a [u32],
    start: usize,
    heads: usize,
}

impl<'a> Places<'a> {
    fn new(view: &View<'a>, block: &Range<usize>, heads: usize) -> Self {
        Self { ptr: view.ptr, start: view.ptr[block.start] as usize, heads }
    }

    #[inline(always)]
    fn of(&self, r: usize) -> Range<usize> {
        (self.ptr[r] as usize - self.start) * self.heads..(self.ptr[r + 1] as usize - self.start) * self.heads
    }
}

/// Some entries of a hub: z = exp(s − max) `[entries, heads]`, and the largest s and the sum of z per head.
struct Piece<A> {
    z: Vec<A>,
    max: Vec<A>,
    sum: Vec<A>,
}

/// z `[entries, heads]` becomes exp(z − max), per head.
#[inline(always)]
fn exponentials<A: Acc>(z: &mut [A], max: &mut [A], sum: &mut [A]) {
    subtract_max(z, max);
    z.iter_mut().for_each(|z| *z = z.exp());
    sum_heads(z, sum);
}

/// max = the largest z of each head; z `[entries, heads]` becomes z − max.
#[inline(always)]
pub(crate) fn subtract_max<A: Acc>(z: &mut [A], max: &mut [A]) {
    max.fill(A::NEG_INFINITY);
    z.chunks_exact(max.len()).for_each(|z| raise(max, z));
    for z in z.chunks_exact_mut(max.len()) {
        for (z, &m) in z.iter_mut().zip(&*max) {
            *z = *z - m;
        }
    }
}

/// sum = Σ z per head; z `[entries, heads]`.
#[inline(always)]
pub(crate) fn sum_heads<A: Acc>(z: &[A], sum: &mut [A]) {
    sum.fill(A::ZERO);
    z.chunks_exact(sum.len()).for_each(|z| add(sum, z));
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

/// p, dp `[nnz, Hd]` -> ds `[nnz, Hd]`.
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
        |block, ds| {
            let (mut dot, mut other) = (vec![E::Acc::ZERO; heads], Vec::new());
            let places = Places::new(view, &block, heads);
            for r in block {
                let ds = &mut ds[places.of(r)];
                other.resize(ds.len().max(other.len()), E::Acc::ZERO);
                let dp_row = &mut other[..ds.len()];
                load(view, p, view.range(r), heads, ds);
                load(view, dp, view.range(r), heads, dp_row);
                dot.fill(E::Acc::ZERO);
                match dots.of(r) {
                    Some(parts) => parts.iter().for_each(|part| add(&mut dot, part)),
                    None => add_products(ds, dp_row, &mut dot),
                }
                for (p, d) in ds.chunks_exact_mut(heads).zip(dp_row.chunks_exact(heads)) {
                    for h in 0..heads {
                        p[h] = p[h] * (d[h] - dot[h]);
                    }
                }
            }
        },
    )
}

/// dot += Σ p·d per head; p, d `[entries, heads]`.
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

/// Every segment in row-major order: `work(rows, values)` writes all values `[entries of the rows, heads]` of some rows.
fn segments<E: Element>(view: &View, heads: usize, work: impl Fn(Range<usize>, &mut [E::Acc]) + Sync) -> Vec<E> {
    let blocks = by_entries(view.ptr, heads * 4 * size_of::<E::Acc>() + 4, 4);
    let entries = |block: &Range<usize>| view.ptr[block.start] as usize..view.ptr[block.end] as usize;
    if view.canonical.is_none() {
        return fill(
            &blocks,
            |r| view.ptr[r] as usize * heads,
            #[inline(always)]
            |block, sink: &mut Sink<E>| {
                sink.sums(
                    entries(&block).len() * heads,
                    &mut Vec::new(),
                    #[inline(always)]
                    |values| work(block, values),
                );
            },
        );
    }
    scatter(
        view.nnz() * heads,
        &blocks,
        #[inline(always)]
        |block, out| {
            let entries = entries(&block);
            let mut values = vec![E::Acc::ZERO; entries.len() * heads];
            work(block, &mut values);
            for (k, values) in entries.zip(values.chunks_exact(heads)) {
                for (h, &v) in values.iter().enumerate() {
                    out.set(view.position(k) * heads + h, E::from_acc(v));
                }
            }
        },
    )
}
