//! CPU form: blocks of elements in parallel.

use super::Wanted;
use crate::element::{Acc, Element};
use crate::rows::{Sink, fill};
use crate::schedule::even;

#[inline(always)]
fn sigmoid<A: Acc>(a: A) -> A {
    A::ONE / (A::ONE + (A::ZERO - a).exp())
}

/// a, b `[n]` -> y `[n]`.
pub fn swiglu<E: Element>(a: &[E], b: &[E]) -> Vec<E> {
    each(
        a.len(),
        #[inline(always)]
        |i| {
            let gate = a[i].to_acc();
            gate * sigmoid(gate) * b[i].to_acc()
        },
    )
}

/// dy `[n]` -> da `[n]` and db `[n]`, as far as they are wanted.
pub fn swiglu_backward<E: Element>(a: &[E], b: &[E], dy: &[E], wanted: Wanted) -> (Option<Vec<E>>, Option<Vec<E>>) {
    let da = wanted.gate.then(|| {
        each(
            a.len(),
            #[inline(always)]
            |i| {
                let gate = a[i].to_acc();
                let s = sigmoid(gate);
                dy[i].to_acc() * b[i].to_acc() * s * (E::Acc::ONE + gate * (E::Acc::ONE - s))
            },
        )
    });
    let db = wanted.up.then(|| {
        each(
            a.len(),
            #[inline(always)]
            |i| {
                let gate = a[i].to_acc();
                dy[i].to_acc() * gate * sigmoid(gate)
            },
        )
    });
    (da, db)
}

/// f(0), …, f(n − 1), rounded to the storage type.
#[inline(always)]
fn each<E: Element>(n: usize, f: impl Fn(usize) -> E::Acc + Sync) -> Vec<E> {
    fill(
        &even(n, 4 * size_of::<E>()),
        |i| i,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            let start = block.start;
            sink.extend(block.len(), |i| E::from_acc(f(start + i)));
        },
    )
}
