//! CPU form: block row by block row, each block one product by `gemm`; the weight is applied to the rows of a block row while they are in the cache.

use std::ops::Range;

use super::Bsr;
use crate::csr::Direction;
use crate::dense::{Bias, Matrix, add_bias, product, times, widened};
use crate::element::{Acc, Element};
use crate::rows::{Sink, fill};
use crate::schedule::by_entries;
use crate::sparse_conv::Order;

/// A X Θ + bias (`ToRows`) or A^T X Θ + bias; theta (Θ, O, when).
pub(crate) fn multiply<E: Element>(
    a: &Bsr,
    direction: Direction,
    x: &[E],
    f: usize,
    theta: Option<(Matrix<E::Acc>, usize, Order)>,
    bias: Bias<E::Acc>,
) -> Vec<E> {
    match theta {
        None => Pass::new(a, direction, x, f).run(f, None, bias),
        Some((theta, o, Order::WeightFirst)) => {
            let x = times(x, a.inputs(direction), theta); // [inputs, O]
            Pass::new(a, direction, &x, o).run(o, None, bias)
        }
        Some((theta, o, Order::PassFirst)) => Pass::new(a, direction, x, f).run(o, Some(theta), bias),
    }
}

struct Pass<'a, E: Element> {
    a: &'a Bsr,
    direction: Direction,
    values: &'a [E::Acc],
    x: &'a [E],
    width: usize,
}

impl<'a, E: Element> Pass<'a, E> {
    fn new(a: &'a Bsr, direction: Direction, x: &'a [E], width: usize) -> Self {
        Self { a, direction, values: a.values::<E::Acc>(), x, width }
    }

    /// The rows of a block row among the `limit` that there are.
    fn rows(&self, block_row: usize, limit: usize) -> Range<usize> {
        let b = self.a.size().side();
        (block_row * b).min(limit)..(block_row * b + b).min(limit)
    }

    /// `[outputs, o]`: the sums, times Θ where there is one, + bias.
    fn run(&self, o: usize, theta: Option<Matrix<E::Acc>>, bias: Bias<E::Acc>) -> Vec<E> {
        let (b, blocks, outputs) = (self.a.size().side(), self.a.view(self.direction), self.a.outputs(self.direction));
        // What a block costs is its arithmetic, at about four operations for each byte that a thread moves.
        let tasks = by_entries(blocks.ptr, b * b * self.width.max(1) / 2, b * (self.width + o) * size_of::<E>());
        fill(
            &tasks,
            |block_row| self.rows(block_row, outputs).start * o,
            #[inline(always)]
            |task, sink: &mut Sink<E>| {
                let (mut sums, mut scratch, mut wide) = (vec![E::Acc::ZERO; b * self.width], Vec::new(), Vec::new());
                for block_row in task {
                    let rows = self.rows(block_row, outputs);
                    sink.sums(rows.len() * o, &mut scratch, |y| {
                        match theta {
                            None => self.sum(block_row, rows.len(), y, &mut wide),
                            Some(theta) => {
                                let sums = &mut sums[..rows.len() * self.width];
                                self.sum(block_row, rows.len(), sums, &mut wide);
                                product(y, Matrix::new(sums, rows.len(), self.width), theta, false);
                            }
                        }
                        add_bias(bias, rows.clone(), y);
                    });
                }
            },
        )
    }

    /// y `[n, width]` = the sum of one block row.
    fn sum(&self, block_row: usize, n: usize, y: &mut [E::Acc], wide: &mut Vec<E::Acc>) {
        let (b, blocks, inputs) = (self.a.size().side(), self.a.view(self.direction), self.a.inputs(self.direction));
        let own = blocks.range(block_row);
        if own.is_empty() {
            y.fill(E::Acc::ZERO);
        }
        for k in own.clone() {
            let from = self.rows(blocks.col[k] as usize, inputs);
            let values = &self.values[blocks.position(k) * b * b..][..b * b];
            let block = match self.direction {
                Direction::ToRows => Matrix::new(&values[..n * b], n, b).first(from.len()),
                Direction::ToCols => Matrix::new(&values[..from.len() * b], from.len(), b).first(n).t(),
            };
            let x = widened(&self.x[from.start * self.width..from.end * self.width], wide);
            product(y, block, Matrix::new(x, from.len(), self.width), k > own.start);
        }
    }
}
