//! CPU form: rows in parallel blocks, each in 16 interleaved maxima and sums.

use super::NO_TARGET;
use crate::element::{Acc, Element};
use crate::lanes::{dot_by, largest};
use crate::rows::{Sink, fill, fill_two};
use crate::schedule::even;

/// x `[T, V]`, targets `[T]` below V -> y `[T]` and N `[T, 2]`.
pub fn cross_entropy<E: Element>(x: &[E], targets: &[u32]) -> (Vec<E>, Vec<E::Acc>) {
    let classes = x.len() / targets.len().max(1);
    let (y, normaliser, _) = fill_two(
        &even(targets.len(), classes * size_of::<E>()),
        |t| t,
        |t| 2 * t,
        #[inline(always)]
        |block, y: &mut Sink<E>, normaliser: &mut Sink<E::Acc>| {
            for t in block {
                let zero = E::Acc::ZERO;
                if targets[t] == NO_TARGET {
                    y.extend(1, |_| E::from_acc(zero));
                    normaliser.copy(&[zero, zero]);
                    continue;
                }
                let row = &x[t * classes..(t + 1) * classes];
                let m = largest(row);
                let sum = dot_by(row, row, |x, _| (x.to_acc() - m).exp());
                let target = row[targets[t] as usize].to_acc();
                y.extend(1, |_| E::from_acc(m - target + sum.ln()));
                normaliser.copy(&[m, E::Acc::ONE / sum]);
            }
        },
    );
    (y, normaliser)
}

/// dy `[T]` -> dx `[T, V]`.
pub fn cross_entropy_backward<E: Element>(x: &[E], targets: &[u32], normaliser: &[E::Acc], dy: &[E]) -> Vec<E> {
    let classes = x.len() / targets.len().max(1);
    if x.is_empty() {
        return vec![];
    }
    fill(
        &even(targets.len(), 2 * classes * size_of::<E>()),
        |t| t * classes,
        #[inline(always)]
        |block, dx: &mut Sink<E>| {
            for t in block {
                if targets[t] == NO_TARGET {
                    dx.extend(classes, |_| E::from_acc(E::Acc::ZERO));
                    continue;
                }
                let row = &x[t * classes..(t + 1) * classes];
                let (m, inverse, d, target) = (normaliser[2 * t], normaliser[2 * t + 1], dy[t].to_acc(), targets[t] as usize);
                dx.extend(target, |v| E::from_acc(d * ((row[v].to_acc() - m).exp() * inverse)));
                dx.extend(1, |_| E::from_acc(d * ((row[target].to_acc() - m).exp() * inverse - E::Acc::ONE)));
                let rest = &row[target + 1..];
                dx.extend(rest.len(), |v| E::from_acc(d * ((rest[v].to_acc() - m).exp() * inverse)));
            }
        },
    )
}
