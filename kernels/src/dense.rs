//! Dense products of row blocks, and passes that multiply each block of sums by a weight before it leaves the cache.

use std::ops::Range;

use crate::element::{Acc, Element};
use crate::row_sum::RowSum;
use crate::rows::{Sink, fill};
use crate::schedule::{by_entries, even_of};

/// A row-major matrix or its transpose.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, A> {
    data: &'a [A],
    rows: usize,
    cols: usize,
    strides: (isize, isize),
}

impl<'a, A> Matrix<'a, A> {
    /// data `[rows, cols]`
    pub(crate) fn new(data: &'a [A], rows: usize, cols: usize) -> Self {
        assert_eq!(data.len(), rows * cols, "a dense matrix has the wrong length: this is a bug");
        Self { data, rows, cols, strides: (cols as isize, 1) }
    }

    /// The first `cols` columns, without a copy.
    pub(crate) fn first(self, cols: usize) -> Self {
        assert!(cols <= self.cols, "a dense matrix has fewer columns: this is a bug");
        Self { cols, ..self }
    }

    /// The transpose, without a copy.
    pub(crate) fn t(self) -> Self {
        Self { rows: self.cols, cols: self.rows, strides: (self.strides.1, self.strides.0), ..self }
    }
}

/// out = a·b, or out += a·b when `add`; on the calling thread.
pub(crate) fn product<A: Acc>(out: &mut [A], a: Matrix<A>, b: Matrix<A>, add: bool) {
    assert!(a.cols == b.rows && out.len() == a.rows * b.cols, "a dense product has unequal sizes: this is a bug");
    if out.is_empty() || a.cols == 0 {
        if !add {
            out.fill(A::ZERO);
        }
        return;
    }
    // SAFETY: the assertions here and in `Matrix::new` keep every index that the sizes and strides produce inside the three slices, and
    // `out` is exclusive. A is f32 or f64, which gemm knows.
    unsafe {
        gemm::gemm(
            a.rows,
            b.cols,
            a.cols,
            out.as_mut_ptr(),
            1,
            b.cols as isize,
            add,
            a.data.as_ptr(),
            a.strides.1,
            a.strides.0,
            b.data.as_ptr(),
            b.strides.1,
            b.strides.0,
            A::ONE,
            A::ONE,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// Rows of a block that is multiplied at once: its scratch stays within the second-level cache.
pub(crate) fn block_rows<A>(width: usize) -> usize {
    ((256 << 10) / (width * size_of::<A>()).max(1)).clamp(16, 128)
}

/// `x` in the type of sums: itself where that is its type, else converted into `scratch`.
#[inline(always)]
pub(crate) fn widened<'a, E: Element>(x: &'a [E], scratch: &'a mut Vec<E::Acc>) -> &'a [E::Acc] {
    if size_of::<E>() == size_of::<E::Acc>() {
        return bytemuck::cast_slice(x);
    }
    scratch.clear();
    scratch.extend(x.iter().map(|v| v.to_acc()));
    scratch
}

/// `x` in the type of sums.
pub(crate) fn to_acc<E: Element>(x: &[E]) -> Vec<E::Acc> {
    x.iter().map(|v| v.to_acc()).collect()
}

/// X W for X `[rows, W's rows]`.
pub(crate) fn times<E: Element>(x: &[E], rows: usize, w: Matrix<E::Acc>) -> Vec<E> {
    let (f, o) = (w.rows, w.cols);
    let blocks = even_of(rows, block_rows::<E::Acc>(f.max(o)));
    fill(
        &blocks,
        |r| r * o,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            let (mut wide, mut scratch) = (Vec::new(), Vec::new());
            let x = widened(&x[block.start * f..block.end * f], &mut wide);
            sink.sums(block.len() * o, &mut scratch, |y| product(y, Matrix::new(x, block.len(), f), w, false));
        },
    )
}

/// What ends a pass: y += c_r·bias, for bias `[O]` and c `[rows]` (or all 1).
pub(crate) type Bias<'a, A> = Option<(&'a [A], Option<&'a [A]>)>;

/// Adds the bias to `rows`, whose y `[rows, O]` stand side by side.
#[inline(always)]
pub(crate) fn add_bias<A: Acc>(bias: Bias<A>, rows: Range<usize>, y: &mut [A]) {
    let Some((bias, c)) = bias else { return };
    for (i, r) in rows.enumerate() {
        let c = c.map_or(A::ONE, |c| c[r]);
        for (y, &b) in y[i * bias.len()..(i + 1) * bias.len()].iter_mut().zip(bias) {
            *y += c * b;
        }
    }
}

/// One pass: sums + bias, `[rows, width]`.
pub(crate) fn pass<E: Element, W: Fn(Range<usize>, Range<usize>, &mut [E::Acc]) + Sync>(
    ptr: &[u32],
    sums: &RowSum<E, W>,
    width: usize,
    bias: Bias<E::Acc>,
) -> Vec<E> {
    let blocks = by_entries(ptr, sums.entry_bytes(), width * size_of::<E>());
    fill(
        &blocks,
        |r| r * width,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            let step = sums.step();
            let (mut scratch, mut weights) = (Vec::new(), Vec::new());
            for start in block.clone().step_by(step) {
                let rows = start..block.end.min(start + step);
                sink.sums(rows.len() * width, &mut scratch, |y| {
                    sums.rows(rows.clone(), y, &mut weights);
                    add_bias(bias, rows, y);
                });
            }
        },
    )
}

/// sums · W + bias: one pass whose sums, `[rows, W's rows]`, never reach memory.
pub(crate) fn pass_times<E: Element, W: Fn(Range<usize>, Range<usize>, &mut [E::Acc]) + Sync>(
    ptr: &[u32],
    sums: &RowSum<E, W>,
    w: Matrix<E::Acc>,
    bias: Bias<E::Acc>,
) -> Vec<E> {
    let (f, o) = (w.rows, w.cols);
    let step = block_rows::<E::Acc>(f.max(o));
    let blocks = by_entries(ptr, sums.entry_bytes(), o * size_of::<E>() + f * o / 8);
    fill(
        &blocks,
        |r| r * o,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            let (mut x, mut scratch, mut weights) = (vec![E::Acc::ZERO; step * f], Vec::new(), Vec::new());
            for start in block.clone().step_by(step) {
                let n = step.min(block.end - start);
                sums.rows(start..start + n, &mut x[..n * f], &mut weights);
                sink.sums(n * o, &mut scratch, |y| {
                    product(y, Matrix::new(&x[..n * f], n, f), w, false);
                    add_bias(bias, start..start + n, y);
                });
            }
        },
    )
}
