//! CPU form: the rows of one relation, a block at a time, by `gemm`; gathered into scratch where they do not stand side by side.

use std::ops::Range;

use super::{RelationRows, Wanted};
use crate::dense::{Matrix, block_rows, product, widened};
use crate::element::{Acc, Element};
use crate::lanes::add;
use crate::rows::{RowSink, Sink, fill, fill_permuted};
use crate::schedule::{Hubs, by_entries, even};
use crate::simd::prefetch;

/// x `[rows, I]`, W `[R, I, O]` -> y `[rows, O]`.
pub fn relation_linear<E: Element>(rows: &RelationRows, x: &[E], w: &[E], inputs: usize, outputs: usize) -> Vec<E> {
    multiply(rows, x, w, [inputs, outputs], false)
}

/// dy `[rows, O]` -> dx `[rows, I]` and dW `[R, I, O]`, as far as they are wanted.
pub fn relation_linear_backward<E: Element>(
    rows: &RelationRows,
    x: &[E],
    w: &[E],
    inputs: usize,
    outputs: usize,
    dy: &[E],
    wanted: Wanted,
) -> (Option<Vec<E>>, Option<Vec<E>>) {
    let dx = wanted.x.then(|| multiply(rows, dy, w, [inputs, outputs], true));
    (dx, wanted.weight.then(|| weight_gradient(rows, x, dy, [inputs, outputs])))
}

/// x `W[rel]`, or x `W[rel]`^T when `transposed`; every weight is a matrix of `shape`.
fn multiply<E: Element>(rows: &RelationRows, x: &[E], w: &[E], shape: [usize; 2], transposed: bool) -> Vec<E> {
    let [inner, outer] = if transposed { [shape[1], shape[0]] } else { shape };
    let step = block_rows::<E::Acc>(inner.max(outer));
    let blocks = even(rows.rows(), 4 * (inner + outer) * size_of::<E>());
    let run = Multiply { rows, x, w, shape, transposed, inner };
    let Some(order) = rows.order() else {
        return fill(
            &blocks,
            |r| r * outer,
            #[inline(always)]
            |block, sink: &mut Sink<E>| {
                let (mut work, mut scratch) = (Work::new(), Vec::new());
                each_tile(rows, block, step, |r, places| {
                    sink.sums(places.len() * outer, &mut scratch, |y| run.tile(r, places, y, &mut work));
                });
            },
        );
    };
    fill_permuted(
        order,
        outer,
        &blocks,
        #[inline(always)]
        |block, sink: &mut RowSink<E>| {
            let (mut work, mut y) = (Work::new(), vec![E::Acc::ZERO; step * outer]);
            each_tile(rows, block, step, |r, places| {
                let y = &mut y[..places.len() * outer];
                // The rows to be written arrive during the product.
                sink.fetch(places.len());
                run.tile(r, places.clone(), y, &mut work);
                (0..places.len()).for_each(|i| sink.round(&y[i * outer..(i + 1) * outer]));
            });
        },
    )
}

/// Calls `tile(relation, places)` for up to `step` places of one relation at a time, in order, over all of `block`.
#[inline(always)]
fn each_tile(rows: &RelationRows, block: Range<usize>, step: usize, mut tile: impl FnMut(usize, Range<usize>)) {
    let (mut start, mut r) = (block.start, rows.relation_at(block.start));
    while start < block.end {
        while rows.ptr()[r + 1] as usize <= start {
            r += 1;
        }
        let end = block.end.min(rows.ptr()[r + 1] as usize).min(start + step);
        tile(r, start..end);
        start = end;
    }
}

struct Multiply<'a, E> {
    rows: &'a RelationRows,
    x: &'a [E],
    w: &'a [E],
    shape: [usize; 2],
    transposed: bool,
    inner: usize,
}

/// The scratch of a thread.
struct Work<A> {
    x: Vec<A>,
    weight: Vec<A>,
    /// Whose weight is in `weight`.
    relation: Option<usize>,
}

impl<A> Work<A> {
    fn new() -> Self {
        Self { x: Vec::new(), weight: Vec::new(), relation: None }
    }
}

impl<E: Element> Multiply<'_, E> {
    /// y `[places, outer]` of some places of relation `r`.
    #[inline(always)]
    fn tile(&self, r: usize, places: Range<usize>, y: &mut [E::Acc], work: &mut Work<E::Acc>) {
        let [f, o] = self.shape;
        let own = &self.w[r * f * o..(r + 1) * f * o];
        let w = if size_of::<E>() == size_of::<E::Acc>() {
            bytemuck::cast_slice(own)
        } else {
            if work.relation != Some(r) {
                widened(own, &mut work.weight);
                work.relation = Some(r);
            }
            &work.weight[..]
        };
        let w = Matrix::new(w, f, o);
        let n = places.len();
        let x = gathered(self.rows, self.x, self.inner, places, &mut work.x);
        product(y, Matrix::new(x, n, self.inner), if self.transposed { w.t() } else { w }, false);
    }
}

/// The rows at `places`, in the type of sums: themselves where they stand side by side in that type.
#[inline(always)]
fn gathered<'a, E: Element>(
    rows: &RelationRows,
    x: &'a [E],
    width: usize,
    places: Range<usize>,
    scratch: &'a mut Vec<E::Acc>,
) -> &'a [E::Acc] {
    let Some(order) = rows.order() else { return widened(&x[places.start * width..places.end * width], scratch) };
    let (n, end, own) = (places.len() * width, places.end, &order[places.clone()]);
    if scratch.len() < n {
        scratch.resize(n, E::Acc::ZERO);
    }
    for (i, &row) in own.iter().enumerate() {
        let (from, to) = (&x[row as usize * width..(row as usize + 1) * width], &mut scratch[i * width..(i + 1) * width]);
        if size_of::<E>() == size_of::<E::Acc>() {
            to.copy_from_slice(bytemuck::cast_slice(from));
        } else {
            to.iter_mut().zip(from).for_each(|(to, v)| *to = v.to_acc());
        }
    }
    // Rows lie anywhere: those of the next tile arrive during the product of this one.
    order[end..order.len().min(end + own.len())].iter().for_each(|&row| prefetch(x, row as usize * width, width));
    &scratch[..n]
}

/// dW_r = Σ x_i^T dy_i.
fn weight_gradient<E: Element>(rows: &RelationRows, x: &[E], dy: &[E], shape: [usize; 2]) -> Vec<E> {
    let size = shape[0] * shape[1];
    let step = block_rows::<E::Acc>(shape[0].max(shape[1]));
    // Σ over some places of one relation, added to dw.
    let add_places = |places: Range<usize>, dw: &mut [E::Acc], wide: &mut [Vec<E::Acc>; 2]| {
        let [wide_x, wide_dy] = wide;
        for start in places.clone().step_by(step) {
            let (tile, n) = (start..places.end.min(start + step), places.end.min(start + step) - start);
            let x = Matrix::new(gathered(rows, x, shape[0], tile.clone(), wide_x), n, shape[0]);
            let dy = Matrix::new(gathered(rows, dy, shape[1], tile, wide_dy), n, shape[1]);
            product(dw, x.t(), dy, true);
        }
    };
    let hubs = Hubs::over(
        rows.ptr(),
        #[inline(always)]
        |_, places| {
            let mut dw = vec![E::Acc::ZERO; size];
            add_places(places, &mut dw, &mut [Vec::new(), Vec::new()]);
            dw
        },
    );
    fill(
        &by_entries(rows.ptr(), 4 * (shape[0] + shape[1]) * size_of::<E>(), size * size_of::<E>()),
        |r| r * size,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            let (mut scratch, mut wide) = (Vec::new(), [Vec::new(), Vec::new()]);
            for r in block {
                let places = rows.ptr()[r] as usize..rows.ptr()[r + 1] as usize;
                sink.sums(size, &mut scratch, |dw| {
                    dw.fill(E::Acc::ZERO);
                    match hubs.of(r) {
                        Some(parts) => parts.iter().for_each(|part| add(dw, part)),
                        None => add_places(places, dw, &mut wide),
                    }
                });
            }
        },
    )
}
