//! CPU form: rows in parallel blocks; the sums of dw by fixed blocks of rows, added in order.

use super::Wanted;
use crate::dense::widened;
use crate::element::{Acc, Element};
use crate::hypergraph_conv::host::in_order;
use crate::lanes::{dot, dot_by};
use crate::rows::{Sink, fill, fill_two};
use crate::schedule::{even, even_of};

/// Bytes of rows that are made at once: they stay in the first-level cache until they are written.
const WRITE_BYTES: usize = 16 << 10;

/// 1 / sqrt(mean x² + ε)
#[inline(always)]
fn inverse_rms<E: Element>(x: &[E], epsilon: E::Acc) -> E::Acc {
    E::Acc::ONE / (dot(x, x) / E::Acc::from_f64(x.len() as f64) + epsilon).sqrt()
}

/// x `[rows, F]`, w `[F]` -> y `[rows, F]`.
pub fn rms_norm<E: Element>(x: &[E], w: &[E], epsilon: f64) -> Vec<E> {
    let width = w.len();
    if x.is_empty() {
        return vec![];
    }
    let (epsilon, mut wide) = (E::Acc::from_f64(epsilon), Vec::new());
    let w = widened(w, &mut wide);
    let step = (WRITE_BYTES / size_of_val(w)).max(1);
    fill(
        &even(x.len() / width, 2 * width * size_of::<E>()),
        |r| r * width,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            let mut scratch = Vec::new();
            for rows in x[block.start * width..block.end * width].chunks(step * width) {
                sink.sums(
                    rows.len(),
                    &mut scratch,
                    #[inline(always)]
                    |y| {
                        for (row, y) in rows.chunks_exact(width).zip(y.chunks_exact_mut(width)) {
                            let s = inverse_rms(row, epsilon);
                            for ((y, &w), x) in y.iter_mut().zip(w).zip(row) {
                                *y = w * x.to_acc() * s;
                            }
                        }
                    },
                );
            }
        },
    )
}

/// dy `[rows, F]` -> dx `[rows, F]` and dw `[F]`, as far as they are wanted.
pub fn rms_norm_backward<E: Element>(x: &[E], w: &[E], epsilon: f64, dy: &[E], wanted: Wanted) -> (Option<Vec<E>>, Option<Vec<E>>) {
    let width = w.len();
    if x.is_empty() {
        return (wanted.x.then(Vec::new), wanted.weight.then(|| vec![E::from_acc(E::Acc::ZERO); width]));
    }
    let (epsilon, mut wide) = (E::Acc::from_f64(epsilon), Vec::new());
    let w = widened(w, &mut wide);
    let rows = x.len() / width;
    let share = E::Acc::ONE / E::Acc::from_f64(width as f64);
    let (dx, _, parts) = fill_two(
        &even_of(rows, rows.div_ceil(64).max(64)),
        |r| if wanted.x { r * width } else { 0 },
        |_| 0,
        #[inline(always)]
        |block, sink: &mut Sink<E>, _: &mut Sink<()>| {
            let (mut g, mut dw) = (vec![E::Acc::ZERO; width], vec![E::Acc::ZERO; if wanted.weight { width } else { 0 }]);
            for r in block {
                let (row, dy) = (&x[r * width..(r + 1) * width], &dy[r * width..(r + 1) * width]);
                let s = inverse_rms(row, epsilon);
                for ((dw, x), d) in dw.iter_mut().zip(row).zip(dy) {
                    *dw += d.to_acc() * (x.to_acc() * s);
                }
                if wanted.x {
                    for ((g, &w), d) in g.iter_mut().zip(w).zip(dy) {
                        *g = w * d.to_acc();
                    }
                    let mean = dot_by(row, &g, |x, g| x.to_acc() * g) * share * s * s;
                    sink.extend(width, |f| E::from_acc(s * (g[f] - row[f].to_acc() * mean)));
                }
            }
            dw
        },
    );
    let dw = wanted.weight.then(|| in_order(parts, width).into_iter().map(E::from_acc).collect());
    (wanted.x.then_some(dx), dw)
}
