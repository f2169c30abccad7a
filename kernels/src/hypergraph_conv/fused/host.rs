//! CPU form: tiles of columns in parallel, each over all hyperedges in order.

use rayon::prelude::*;

use crate::aggregate::host::scales;
use crate::csr::{CsrPair, Direction};
use crate::element::{Acc, Element};
use crate::hypergraph_conv::Scales;
use crate::lanes::scale;
use crate::rows::{Sink, fill};
use crate::schedule::even;
use crate::simd::dispatch;

/// Columns of a tile: two of the widest registers.
const TILE: usize = 32;

type Tile<A> = [A; TILE];

/// x `[rows, width]` -> y `[rows, width]`.
pub fn fused<E: Element>(pair: &CsrPair, s: Scales<&[f64]>, x: &[E], width: usize) -> Vec<E> {
    let [input, middle, output] = [s.input, s.middle, s.output].map(|s| s.map(scales::<E>));
    let values = pair.view(Direction::ToCols).values.map(scales::<E>);
    let job = Job { pair, input: input.as_deref(), middle: middle.as_deref(), values: values.as_deref(), x, width };
    let tile = |start: usize| {
        dispatch(
            #[inline(always)]
            || job.tile(start),
        )
    };
    let starts: Vec<usize> = (0..width).step_by(TILE).collect();
    let tiles: Vec<Vec<Tile<E::Acc>>> = starts.into_par_iter().with_max_len(1).map(tile).collect();
    fill(
        &even(pair.rows(), 2 * width * size_of::<E>()),
        |r| r * width,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            let mut y = vec![E::Acc::ZERO; width];
            for r in block {
                for (y, tile) in y.chunks_mut(TILE).zip(&tiles) {
                    y.copy_from_slice(&tile[r][..y.len()]);
                }
                if let Some(output) = &output {
                    scale(&mut y, output[r]);
                }
                sink.round(&y);
            }
        },
    )
}

struct Job<'a, E: Element> {
    pair: &'a CsrPair,
    input: Option<&'a [E::Acc]>,
    middle: Option<&'a [E::Acc]>,
    /// Values of H by hyperedge.
    values: Option<&'a [E::Acc]>,
    x: &'a [E],
    width: usize,
}

impl<E: Element> Job<'_, E> {
    /// y without S_out for the columns from `start` on.
    #[inline(always)]
    fn tile(&self, start: usize) -> Vec<Tile<E::Acc>> {
        let (rows, n) = (self.pair.rows(), TILE.min(self.width - start));
        let up = self.pair.view(Direction::ToCols);
        let mut x = vec![[E::Acc::ZERO; TILE]; rows];
        for (r, tile) in x.iter_mut().enumerate() {
            let row = &self.x[r * self.width + start..r * self.width + start + n];
            let t = self.input.map_or(E::Acc::ONE, |t| t[r]);
            for (y, x) in tile.iter_mut().zip(row) {
                *y = t * x.to_acc();
            }
        }
        let mut y = vec![[E::Acc::ZERO; TILE]; rows];
        for e in 0..up.rows() {
            let entries = up.range(e);
            let value = |k: usize| self.values.map_or(E::Acc::ONE, |v| v[k]);
            let mut sum = [E::Acc::ZERO; TILE];
            for k in entries.clone() {
                let (row, h) = (&x[up.col[k] as usize], value(k));
                for l in 0..TILE {
                    sum[l] += h * row[l];
                }
            }
            let s = self.middle.map_or(E::Acc::ONE, |s| s[e]);
            for l in 0..TILE {
                sum[l] = s * sum[l];
            }
            for k in entries {
                let (row, h) = (&mut y[up.col[k] as usize], value(k));
                for l in 0..TILE {
                    row[l] += h * sum[l];
                }
            }
        }
        y
    }
}
