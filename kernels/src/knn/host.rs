//! CPU form: tiles of scores by `gemm`, `[items, queries]`, each row compared with the worst candidate of every query at once. Candidates
//! gather in a buffer of twice what is wanted, which is cut down whenever it is full, so that a score costs one comparison and no sorting.

use std::ops::Range;

use rayon::prelude::*;

use super::{KnnConfig, Metric, SPARE, best_first};
use crate::dense::{Matrix, product, widened};
use crate::element::{Acc, Element};
use crate::flash_attention::host::{columns, transpose};
use crate::lanes::dot_by;
use crate::rows::{Sink, fill_two};
use crate::schedule::even_of;
use crate::simd::dispatch;

/// Queries of a block.
const QUERIES: usize = 64;

/// Items of a tile, at most: its scores and operands stay within the second-level cache.
const ITEMS: usize = 256;

/// Bytes of items in a tile, where that allows more than an eighth of [`ITEMS`].
const TILE_BYTES: usize = 256 << 10;

/// Tasks that keep any CPU busy.
const TASKS: usize = 64;

/// Items of a task, at least: a shorter one costs more to merge than to run.
const SPAN: usize = 16 * ITEMS;

/// q `[Q, D]`, x `[N, D]` -> the items `[Q, k]` and their scores `[Q, k]`.
pub fn knn<E: Element>(c: KnnConfig, q: &[E], x: &[E]) -> (Vec<u32>, Vec<E::Acc>) {
    if c.k == 0 {
        return (vec![], vec![]);
    }
    let blocks = even_of(c.queries, QUERIES);
    let per_block = TASKS.div_ceil(blocks.len().max(1)).min(c.items.div_ceil(SPAN)).max(1);
    let spans = even_of(c.items, c.items.div_ceil(per_block).next_multiple_of(ITEMS));
    let squared = c.metric == Metric::SquaredL2;
    // Width 0 has nothing to centre, and a NaN or an infinity would reach every distance.
    let mut finite = x.chunks_exact(c.width.max(1)).filter(|x| x.iter().all(|x| x.to_f64().is_finite()));
    let centre = if squared { finite.next() } else { None };
    let search = Search { c, q, x, centre, wanted: c.items.min(if squared { c.k + SPARE } else { c.k }) };
    let tasks: Vec<_> = blocks.iter().flat_map(|block| spans.iter().map(move |span| (block, span))).collect();
    let candidates: Vec<Vec<Candidates<E::Acc>>> = tasks
        .into_par_iter()
        .with_max_len(1)
        .map(|(block, span)| {
            dispatch(
                #[inline(always)]
                || search.candidates(block.clone(), span.clone()),
            )
        })
        .collect();
    let (ids, scores, _) = fill_two(
        &blocks,
        |q| q * c.k,
        |q| q * c.k,
        #[inline(always)]
        |block, ids: &mut Sink<u32>, scores: &mut Sink<E::Acc>| {
            let first = block.start / QUERIES * spans.len();
            let mut all = Vec::new();
            for (i, query) in block.enumerate() {
                all.clear();
                all.extend(candidates[first..first + spans.len()].iter().flat_map(|of| &of[i]));
                search.best(query, &mut all);
                ids.extend(c.k, |j| all[j].1);
                scores.extend(c.k, |j| if squared { E::Acc::ZERO - all[j].0 } else { all[j].0 });
            }
        },
    );
    (ids, scores)
}

/// Items with what the best has the most of, in no order.
type Candidates<A> = Vec<(A, u32)>;

struct Search<'a, E: Element> {
    c: KnnConfig,
    q: &'a [E],
    x: &'a [E],
    /// What is subtracted from queries and items before they are multiplied: distances do not change, and their rounding does not grow with
    /// the distance from 0.
    centre: Option<&'a [E]>,
    /// Candidates of each query.
    wanted: usize,
}

impl<E: Element> Search<'_, E> {
    /// Rows in the type of sums, less the centre.
    #[inline(always)]
    fn rows<'b>(&self, rows: &'b [E], scratch: &'b mut Vec<E::Acc>) -> &'b [E::Acc] {
        let Some(centre) = self.centre else { return widened(rows, scratch) };
        scratch.resize(rows.len(), E::Acc::ZERO);
        for (to, row) in scratch.chunks_exact_mut(centre.len()).zip(rows.chunks_exact(centre.len())) {
            for ((to, x), c) in to.iter_mut().zip(row).zip(centre) {
                *to = x.to_acc() - c.to_acc();
            }
        }
        scratch
    }

    /// The best of a span of items, for each query of a block.
    #[inline(always)]
    fn candidates(&self, block: Range<usize>, span: Range<usize>) -> Vec<Candidates<E::Acc>> {
        let (zero, width, n) = (E::Acc::ZERO, self.c.width, block.len());
        let columns = columns(n);
        let items = (TILE_BYTES / (width * size_of::<E::Acc>()).max(1)).clamp(ITEMS / 8, ITEMS);
        let (mut wide, mut queries) = (Vec::new(), vec![zero; columns * width]);
        let rows = self.rows(&self.q[block.start * width..block.end * width], &mut wide);
        transpose(rows, width, E::Acc::ONE, &mut queries, columns);
        let (mut scores, mut half) = (vec![zero; items * columns], vec![zero; items]);
        let mut kept = Kept::new(self.wanted, n, columns);
        for start in span.clone().step_by(items) {
            let end = span.end.min(start + items);
            let rows = self.rows(&self.x[start * width..end * width], &mut wide);
            if self.c.metric == Metric::SquaredL2 {
                for (half, row) in half.iter_mut().zip(rows.chunks_exact(width.max(1))) {
                    *half = E::Acc::from_f64(0.5) * dot_by(row, row, |a, b| a * b);
                }
            }
            let scores = &mut scores[..(end - start) * columns];
            product(scores, Matrix::new(rows, end - start, width), Matrix::new(&queries, width, columns), false);
            for ((row, &half), item) in scores.chunks_exact_mut(columns).zip(&half).zip(start as u32..) {
                kept.offer(row, half, item);
            }
        }
        kept.finish()
    }

    /// The best k of all candidates of a query, in order; distances are negated.
    #[inline(always)]
    fn best(&self, query: usize, all: &mut Candidates<E::Acc>) {
        let (width, zero) = (self.c.width, E::Acc::ZERO);
        if self.c.metric == Metric::SquaredL2 {
            // Fewer distances to sum.
            cut(all, self.wanted);
            let q = &self.q[query * width..(query + 1) * width];
            for (score, item) in all.iter_mut() {
                let x = &self.x[*item as usize * width..(*item as usize + 1) * width];
                *score = zero
                    - dot_by(q, x, |q: E, x: E| {
                        let difference = q.to_acc() - x.to_acc();
                        difference * difference
                    });
            }
        }
        cut(all, self.c.k);
        all.sort_unstable_by(|&a, &b| best_first(a, b));
    }
}

/// Leaves the best `n`.
fn cut<A: Acc>(candidates: &mut Candidates<A>, n: usize) {
    if n < candidates.len() {
        candidates.select_nth_unstable_by(n, |&a, &b| best_first(a, b));
        candidates.truncate(n);
    }
}

/// The candidates of a block of queries so far.
struct Kept<A> {
    wanted: usize,
    lists: Vec<Candidates<A>>,
    /// A score must be above this; NaN where anything is a candidate yet.
    worst: Vec<A>,
}

impl<A: Acc> Kept<A> {
    fn new(wanted: usize, queries: usize, columns: usize) -> Self {
        let nothing = A::from_f64(f64::NAN);
        let worst = (0..columns).map(|i| if i < queries { nothing } else { A::INFINITY }).collect();
        Self { wanted, lists: vec![Vec::new(); queries], worst }
    }

    /// The scores of one item, later than those before it, for all queries; they become less `half`.
    #[inline(always)]
    fn offer(&mut self, scores: &mut [A], half: A, item: u32) {
        let mut refused = true;
        for (s, &worst) in scores.iter_mut().zip(&self.worst) {
            *s = *s - half;
            refused &= *s <= worst;
        }
        if !refused {
            self.accept(scores, item);
        }
    }

    #[inline(never)]
    fn accept(&mut self, scores: &[A], item: u32) {
        let full = self.wanted.saturating_mul(2).max(self.wanted.saturating_add(16));
        for ((&score, worst), list) in scores.iter().zip(&mut self.worst).zip(&mut self.lists) {
            if score <= *worst {
                continue;
            }
            list.push((score, item));
            if list.len() >= full {
                list.select_nth_unstable_by(self.wanted - 1, |&a, &b| best_first(a, b));
                list.truncate(self.wanted);
                *worst = list[self.wanted - 1].0;
            }
        }
    }

    fn finish(mut self) -> Vec<Candidates<A>> {
        self.lists.iter_mut().for_each(|list| cut(list, self.wanted));
        self.lists
    }
}
