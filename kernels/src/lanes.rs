//! Inner loops over the features of a row, written so that the compiler's loop vectoriser takes them.

use crate::element::{Acc, Element};

const LANES: usize = 16;

/// acc += w·x
#[inline(always)]
pub(crate) fn add1<E: Element>(acc: &mut [E::Acc], x: &[E], w: E::Acc) {
    zip(acc, x, |a, x| a + w * x);
}

/// acc_i = f(acc_i, x_i)
#[inline(always)]
pub(crate) fn zip<E: Element>(acc: &mut [E::Acc], x: &[E], f: impl Fn(E::Acc, E::Acc) -> E::Acc) {
    for (a, x) in acc.iter_mut().zip(x) {
        *a = f(*a, x.to_acc());
    }
}

/// acc += b for sums already in the type of sums.
#[inline(always)]
pub(crate) fn add<A: Acc>(acc: &mut [A], b: &[A]) {
    for (a, &b) in acc.iter_mut().zip(b) {
        *a += b;
    }
}

/// acc *= s
#[inline(always)]
pub(crate) fn scale<A: Acc>(acc: &mut [A], s: A) {
    for a in acc {
        *a = *a * s;
    }
}

/// Σ_i a_i b_i, in 16 interleaved partial sums.
#[inline(always)]
pub(crate) fn dot<E: Element>(a: &[E], b: &[E]) -> E::Acc {
    dot_by(a, b, |a, b| a.to_acc() * b.to_acc())
}

/// Σ_i product(a_i, b_i), likewise.
#[inline(always)]
pub(crate) fn dot_by<T: Copy, U: Copy, A: Acc>(a: &[T], b: &[U], product: impl Fn(T, U) -> A) -> A {
    let (a, b) = (a.as_chunks::<LANES>(), b[..a.len()].as_chunks::<LANES>());
    let mut sums = [A::ZERO; LANES];
    for (a, b) in a.0.iter().zip(b.0) {
        for j in 0..LANES {
            sums[j] += product(a[j], b[j]);
        }
    }
    let mut step = LANES / 2;
    while step > 0 {
        for j in 0..step {
            let other = sums[j + step];
            sums[j] += other;
        }
        step /= 2;
    }
    a.1.iter().zip(b.1).fold(sums[0], |s, (&a, &b)| s + product(a, b))
}

/// The largest of x, −∞ of nothing; NaN is passed over.
#[inline(always)]
pub(crate) fn largest<E: Element>(x: &[E]) -> E::Acc {
    let larger = |a: E::Acc, x: E| if x.to_acc() > a { x.to_acc() } else { a };
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut most = [E::Acc::NEG_INFINITY; LANES];
    for chunk in chunks {
        for j in 0..LANES {
            most[j] = larger(most[j], chunk[j]);
        }
    }
    let most = most.into_iter().fold(E::Acc::NEG_INFINITY, |a, b| if b > a { b } else { a });
    rest.iter().copied().fold(most, larger)
}
