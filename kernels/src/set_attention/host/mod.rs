//! CPU form: the scores of every member first, then the normaliser of each segment, then passes whose coefficients are made from both row by
//! row. Members and segments are both rows of `Scores`: those of the one in the forward pass, of the other in the backward pass.

mod backward;
mod scores;

use std::ops::Range;

pub use backward::{Gradients, set_attention_backward};
use scores::{Scores, normalisers, scores};

use super::SetAttentionConfig;
use crate::csr::{CsrPair, View};
use crate::dense::pass;
use crate::element::{Acc, Element};
use crate::row_sum::RowSum;
use crate::rows::{Sink, fill};
use crate::schedule::by_entries;

/// Inputs of the op.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a, E> {
    /// `[S, Hd·C]`
    pub q: &'a [E],
    /// `[members, Hd·C]`
    pub k: &'a [E],
    /// `[members, Hd·C]`
    pub v: &'a [E],
}

/// What the backward pass reads of the forward pass.
#[derive(Debug, Clone, Copy)]
pub struct Saved<'a, E: Element> {
    /// O `[segments, S, Hd·C]`
    pub out: &'a [E],
    /// N `[segments, 2, S·Hd]`: the largest scores m, then 1 / Σ exp(s − m)
    pub normaliser: &'a [E::Acc],
}

/// O `[segments, S, Hd·C]` and N `[segments, 2, S·Hd]`.
pub fn set_attention<E: Element>(pair: &CsrPair, c: SetAttentionConfig, i: Inputs<E>) -> (Vec<E>, Vec<E::Acc>) {
    let view = pair.view(c.direction);
    if c.width() == 0 {
        return (vec![], vec![E::Acc::ZERO; view.rows() * 2 * c.parts()]);
    }
    let scores = scores(c, i.q, i.k);
    let normaliser = normalisers(&view, &scores, c.parts());
    let s = Scores { view, scores: &scores, normaliser: &normaliser, segments_are_rows: true, parts: c.parts() };
    (weighted(&s, c, i.v), normaliser)
}

/// O `[segments, S, Hd·C]`
fn weighted<E: Element>(s: &Scores<E::Acc>, c: SetAttentionConfig, v: &[E]) -> Vec<E> {
    let seeds: Vec<_> = (0..c.seeds).map(|seed| seed_sums(s, c, seed, v)).collect();
    match &seeds[..] {
        [only] => pass(s.view.ptr, only, c.width(), None),
        seeds => every_seed(&s.view, c, seeds),
    }
}

/// The pass of one seed.
fn seed_sums<'a, E: Element>(
    s: &'a Scores<'a, E::Acc>,
    c: SetAttentionConfig,
    seed: usize,
    v: &'a [E],
) -> RowSum<'a, E, impl Fn(Range<usize>, Range<usize>, &mut [E::Acc]) + Sync + 'a> {
    let parts = seed * c.heads..(seed + 1) * c.heads;
    let weigh = move |rows: Range<usize>, entries: Range<usize>, w: &mut [E::Acc]| s.coefficients(rows, entries, parts.clone(), w);
    RowSum::new(s.view, v, c.width(), c.heads, None, Some(weigh))
}

/// One block of segments after another, for all seeds while its rows of V are in the cache.
fn every_seed<E: Element, W: Fn(Range<usize>, Range<usize>, &mut [E::Acc]) + Sync>(
    view: &View,
    c: SetAttentionConfig,
    seeds: &[RowSum<E, W>],
) -> Vec<E> {
    let (width, Some(first)) = (c.width(), seeds.first()) else { return vec![] };
    let blocks = by_entries(view.ptr, c.seeds * first.entry_bytes(), c.seeds * width * size_of::<E>());
    fill(
        &blocks,
        |r| r * c.seeds * width,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            let step = first.step();
            let (mut sums, mut weights) = (vec![E::Acc::ZERO; c.seeds * step * width], Vec::new());
            for start in block.clone().step_by(step) {
                let rows = start..block.end.min(start + step);
                let n = rows.len() * width;
                for (s, seed) in seeds.iter().enumerate() {
                    seed.rows(rows.clone(), &mut sums[s * n..(s + 1) * n], &mut weights);
                }
                for r in 0..rows.len() {
                    for s in 0..c.seeds {
                        sink.round(&sums[s * n + r * width..s * n + (r + 1) * width]);
                    }
                }
            }
        },
    )
}
