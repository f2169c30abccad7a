//! CPU form: blocks of elements in parallel.

use super::Wanted;
use crate::element::{Acc, Element};
use crate::rows::{Sink, fill, fill_two};
use crate::schedule::even;

#[inline(always)]
fn sigmoid<A: Acc>(a: A) -> A {
    A::ONE / (A::ONE + (A::ZERO - a).exp())
}

/// a, b `[n]` -> y `[n]`.
pub fn swiglu<E: Element>(a: &[E], b: &[E]) -> Vec<E> {
    fill(
        &even(a.len(), 3 * size_of::<E>()),
        |i| i,
        #[inline(always)]
        |block, y: &mut Sink<E>| {
            let n = block.len();
            let [a, b] = [a, b].map(|x| &x[block.clone()][..n]);
            y.extend(n, |i| {
                let gate = a[i].to_acc();
                E::from_acc(gate * sigmoid(gate) * b[i].to_acc())
            });
        },
    )
}

/// dy `[n]` -> da `[n]` and db `[n]`, as far as they are wanted.
pub fn swiglu_backward<E: Element>(a: &[E], b: &[E], dy: &[E], wanted: Wanted) -> (Option<Vec<E>>, Option<Vec<E>>) {
    let (da, db, _) = fill_two(
        &even(a.len(), 5 * size_of::<E>()),
        |i| if wanted.gate { i } else { 0 },
        |i| if wanted.up { i } else { 0 },
        #[inline(always)]
        |block, da: &mut Sink<E>, db: &mut Sink<E>| {
            let n = block.len();
            let [a, b, dy] = [a, b, dy].map(|x| &x[block.clone()][..n]);
            if wanted.gate {
                da.extend(n, |i| {
                    let gate = a[i].to_acc();
                    let s = sigmoid(gate);
                    E::from_acc(dy[i].to_acc() * b[i].to_acc() * s * (E::Acc::ONE + gate * (E::Acc::ONE - s)))
                });
            }
            if wanted.up {
                db.extend(n, |i| {
                    let gate = a[i].to_acc();
                    E::from_acc(dy[i].to_acc() * gate * sigmoid(gate))
                });
            }
        },
    );
    (wanted.gate.then_some(da), wanted.up.then_some(db))
}
