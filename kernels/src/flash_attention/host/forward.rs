//! The forward pass: one block of queries after another, with the softmax made as the keys come by.

use super::{KEYS, QUERIES, columns, mask, transpose};
use crate::dense::{Matrix, product, widened};
use crate::element::{Acc, Element};
use crate::flash_attention::FlashConfig;
use crate::lanes::scale;
use crate::rows::{Sink, fill_two};
use crate::schedule::even_of;

/// Operations of a task, at least: a shorter one costs more to hand out than to run.
const TASK: usize = 1 << 20;

/// q `[B, H, Tq, D]`, k, v `[B, Hk, Tk, D]` -> o `[B, H, Tq, D]` and N `[B, H, Tq, 2]`.
pub fn flash_attention<E: Element>(c: FlashConfig, q: &[E], k: &[E], v: &[E]) -> (Vec<E>, Vec<E::Acc>) {
    let blocks = c.queries.div_ceil(QUERIES);
    let row = |task: usize| match blocks {
        0 => 0,
        _ => task / blocks * c.queries + (task % blocks * QUERIES).min(c.queries),
    };
    let work = 4 * QUERIES * c.keys * c.width;
    let tasks = even_of(c.batch * c.heads * blocks, (TASK / work.max(1)).max(1));
    let (out, normaliser, _) = fill_two(
        &tasks,
        |t| row(t) * c.width,
        |t| row(t) * 2,
        #[inline(always)]
        |tasks, out: &mut Sink<E>, normaliser: &mut Sink<E::Acc>| {
            let mut work = Work::new(c);
            for task in tasks {
                let head = task / blocks;
                let key_head = head / c.heads * c.kv_heads + head % c.heads / c.group();
                let keys = key_head * c.keys * c.width..(key_head + 1) * c.keys * c.width;
                let (start, end) = (row(task), row(task + 1));
                work.block(&q[start * c.width..end * c.width], &k[keys.clone()], &v[keys], start - head * c.queries);
                work.write(end - start, out, normaliser);
            }
        },
    );
    (out, normaliser)
}

/// The scratch of a thread.
struct Work<E: Element> {
    config: FlashConfig,
    /// Scaled queries `[D, columns]`
    queries: Vec<E::Acc>,
    /// `[keys, columns]`
    scores: Vec<E::Acc>,
    /// Σ exp(s − m) v `[queries, D]`
    sums: Vec<E::Acc>,
    largest: [E::Acc; QUERIES],
    /// exp(m before − m now)
    fade: [E::Acc; QUERIES],
    total: [E::Acc; QUERIES],
    wide: Vec<E::Acc>,
}

impl<E: Element> Work<E> {
    #[inline(always)]
    fn new(config: FlashConfig) -> Self {
        let zero = E::Acc::ZERO;
        Self {
            config,
            queries: vec![zero; QUERIES * config.width],
            scores: vec![zero; QUERIES * KEYS],
            sums: vec![zero; QUERIES * config.width],
            largest: [zero; QUERIES],
            fade: [zero; QUERIES],
            total: [zero; QUERIES],
            wide: Vec::new(),
        }
    }

    /// The sums of a block of queries that starts with query `first` of its head.
    #[inline(always)]
    fn block(&mut self, q: &[E], k: &[E], v: &[E], first: usize) {
        let (c, width) = (self.config, self.config.width);
        let n = (c.queries - first).min(QUERIES);
        let columns = columns(n);
        transpose(widened(q, &mut self.wide), width, E::Acc::from_f64(c.scale), &mut self.queries[..columns * width], columns);
        self.sums[..columns * width].fill(E::Acc::ZERO);
        self.total.fill(E::Acc::ZERO);
        // Not −∞, whose difference with the score of a hidden key is no number.
        self.largest.fill(E::Acc::from_f64(-1e38));
        let (seen_by_all, seen) = (c.visible(first), c.visible(first + n - 1));
        for start in (0..seen).step_by(KEYS) {
            let end = seen.min(start + KEYS);
            let rows = end - start;
            let scores = &mut self.scores[..rows * columns];
            let keys = widened(&k[start * width..end * width], &mut self.wide);
            product(scores, Matrix::new(keys, rows, width), Matrix::new(&self.queries[..columns * width], width, columns), false);
            if end > seen_by_all {
                mask(c, scores, start, first, columns);
            }
            self.exponentials(rows, columns);
            for (sum, &fade) in self.sums.chunks_exact_mut(width.max(1)).zip(&self.fade).take(n) {
                if fade != E::Acc::ONE {
                    scale(sum, fade);
                }
            }
            let values = widened(&v[start * width..end * width], &mut self.wide);
            let weights = Matrix::new(&self.scores[..rows * columns], rows, columns).t();
            product(&mut self.sums[..columns * width], weights, Matrix::new(values, rows, width), true);
        }
    }

    /// Scores become exp(s − m) for the new m.
    #[inline(always)]
    fn exponentials(&mut self, keys: usize, columns: usize) {
        let scores = &mut self.scores[..keys * columns];
        let (largest, total, fade) = (&mut self.largest[..columns], &mut self.total[..columns], &mut self.fade[..columns]);
        fade.copy_from_slice(largest);
        for row in scores.chunks_exact(columns) {
            for (m, &s) in largest.iter_mut().zip(row) {
                *m = if s > *m { s } else { *m };
            }
        }
        for ((l, fade), &m) in total.iter_mut().zip(fade).zip(&*largest) {
            *fade = (*fade - m).exp_below();
            *l = *l * *fade;
        }
        for row in scores.chunks_exact_mut(columns) {
            for ((s, l), &m) in row.iter_mut().zip(total.iter_mut()).zip(&*largest) {
                *s = (*s - m).exp_below();
                *l += *s;
            }
        }
    }

    #[inline(always)]
    fn write(&mut self, n: usize, out: &mut Sink<E>, normaliser: &mut Sink<E::Acc>) {
        let width = self.config.width;
        for i in 0..n {
            // A query that sees no key.
            let none = self.total[i] == E::Acc::ZERO;
            let inverse = if none { E::Acc::ZERO } else { E::Acc::ONE / self.total[i] };
            normaliser.copy(&[if none { E::Acc::ZERO } else { self.largest[i] }, inverse]);
            let sum = &mut self.sums[i * width..(i + 1) * width];
            scale(sum, inverse);
            out.round(sum);
        }
    }
}
