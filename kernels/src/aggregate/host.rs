//! CPU form: rows in parallel blocks, the rows that later entries name prefetched.

use std::ops::Range;

use super::{Fold, Reduce, Wanted, Weights};
use crate::csr::{CsrPair, Direction, View};
use crate::dense::{Bias, add_bias, pass, widened};
use crate::element::{Acc, Element};
use crate::lanes::{dot, scale, zip};
use crate::row_sum::{RowSum, fetch};
use crate::rows::{Sink, fill, scatter};
use crate::schedule::{Hubs, by_entries};
use crate::simd::dispatch;

/// The pass; x `[cols, F]` -> y `[rows, F]`.
pub fn aggregate<E: Element>(
    view: &View,
    reduce: Reduce,
    x: &[E],
    width: usize,
    weights: Weights<&[E]>,
    fold: Fold<&[f64], &[E]>,
) -> Vec<E> {
    let input = fold.input_scale.map(scales::<E>);
    let output = fold.output_scale.map(scales::<E>);
    let mut wide = Vec::new();
    let bias = fold.bias.map(|(b, c)| (widened(b, &mut wide), c.map(scales::<E>)));
    let (output, bias) = (output.as_deref(), bias.as_ref().map(|(b, c)| (*b, c.as_deref())));
    match reduce {
        Reduce::Sum | Reduce::Mean => {
            let weigh = weigher(*view, weights, input.as_deref());
            let sums = RowSum::new(*view, x, width, 1, output, weigh);
            pass(view.ptr, &if reduce == Reduce::Mean { sums.mean() } else { sums }, width, bias)
        }
        Reduce::Max => extremum(view, x, width, weights, input.as_deref(), output, bias, E::Acc::NEG_INFINITY, |a, b| a >= b),
        Reduce::Min => extremum(view, x, width, weights, input.as_deref(), output, bias, E::Acc::INFINITY, |a, b| a <= b),
    }
}

/// Scales in the type of sums.
pub(crate) fn scales<E: Element>(s: &[f64]) -> Vec<E::Acc> {
    s.iter().map(|&v| E::Acc::from_f64(v)).collect()
}

/// Writes w_k·t_col(k) for some entries; `None` where all of them are 1.
pub(crate) fn weigher<'a, E: Element>(
    view: View<'a>,
    weights: Weights<&'a [E]>,
    input: Option<&'a [E::Acc]>,
) -> Option<impl Fn(Range<usize>, Range<usize>, &mut [E::Acc]) + Sync + 'a> {
    let plain = match weights {
        Weights::Ones => true,
        Weights::Values => view.values.is_none(),
        Weights::Entries(_) => false,
    };
    (!plain || input.is_some()).then_some(move |_: Range<usize>, entries: Range<usize>, out: &mut [E::Acc]| {
        dispatch(
            #[inline(always)]
            || entry_weights(&view, weights, input, entries, out),
        );
    })
}

#[inline(always)]
fn entry_weights<E: Element>(view: &View, weights: Weights<&[E]>, input: Option<&[E::Acc]>, entries: Range<usize>, out: &mut [E::Acc]) {
    match (weights, view.values, view.canonical) {
        (Weights::Entries(w), _, None) => fill_with(out, &w[entries.clone()], E::to_acc),
        (Weights::Entries(w), _, Some(place)) => fill_with(out, &place[entries.clone()], |p| w[p as usize].to_acc()),
        (Weights::Values, Some(v), _) => fill_with(out, &v[entries.clone()], E::Acc::from_f64),
        _ => out.fill(E::Acc::ONE),
    }
    if let Some(t) = input {
        for (o, &c) in out.iter_mut().zip(&view.col[entries]) {
            *o = *o * t[c as usize];
        }
    }
}

#[inline(always)]
fn fill_with<A, T: Copy>(out: &mut [A], from: &[T], f: impl Fn(T) -> A) {
    for (o, &v) in out.iter_mut().zip(from) {
        *o = f(v);
    }
}

/// The better of two by `wins(a, b)`; NaN wins over all, the first one of equals.
#[inline(always)]
fn better<A: Acc>(a: A, b: A, wins: &impl Fn(A, A) -> bool) -> A {
    let nan = a.partial_cmp(&a).is_none();
    if wins(a, b) | nan { a } else { b }
}

/// y_f = the best of y_f and of w_k·x_(col(k),f)
#[inline(always)]
fn best_of<E: Element>(
    view: &View,
    x: &[E],
    entries: Range<usize>,
    w: &[E::Acc],
    y: &mut [E::Acc],
    wins: &impl Fn(E::Acc, E::Acc) -> bool,
) {
    let width = y.len();
    for (k, &w) in entries.zip(w) {
        fetch(view, x, width, k);
        let start = view.col[k] as usize * width;
        zip(y, &x[start..start + width], |a, b| better(a, w * b, wins));
    }
}

fn extremum<E: Element>(
    view: &View,
    x: &[E],
    width: usize,
    weights: Weights<&[E]>,
    input: Option<&[E::Acc]>,
    output: Option<&[E::Acc]>,
    bias: Bias<E::Acc>,
    worst: E::Acc,
    wins: impl Fn(E::Acc, E::Acc) -> bool + Sync,
) -> Vec<E> {
    let hubs = Hubs::new(
        view,
        #[inline(always)]
        |_, entries| {
            let (mut y, mut w) = (vec![worst; width], vec![E::Acc::ONE; entries.len()]);
            entry_weights(view, weights, input, entries.clone(), &mut w);
            best_of(view, x, entries, &w, &mut y, &wins);
            y
        },
    );
    let blocks = by_entries(view.ptr, width * size_of::<E>() + 4, width * size_of::<E>());
    fill(
        &blocks,
        |r| r * width,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            let (mut y, mut w) = (vec![worst; width], Vec::new());
            for r in block {
                let entries = view.range(r);
                if entries.is_empty() {
                    y.fill(E::Acc::ZERO);
                } else if let Some(parts) = hubs.of(r) {
                    y.fill(worst);
                    for part in parts {
                        for (a, &b) in y.iter_mut().zip(part) {
                            *a = better(*a, b, &wins);
                        }
                    }
                } else {
                    w.resize(entries.len(), E::Acc::ONE);
                    entry_weights(view, weights, input, entries.clone(), &mut w);
                    y.fill(worst);
                    best_of(view, x, entries, &w, &mut y, &wins);
                }
                if let Some(s) = output {
                    scale(&mut y, s[r]);
                }
                add_bias(bias, r..r + 1, &mut y);
                sink.round(&y);
            }
        },
    )
}

/// Gradients of a max or min pass in `direction`, as far as they are wanted: dy `[outputs, F]` -> dx `[inputs, F]`, and dw `[nnz]` (row-major)
/// when the weights are entries.
///
/// The entry that attains each extremum is found once, `[outputs, F]` positions; then every input row sums what its entries attained.
pub fn extremum_backward<E: Element>(
    pair: &CsrPair,
    direction: Direction,
    reduce: Reduce,
    x: &[E],
    width: usize,
    weights: Weights<&[E]>,
    dy: &[E],
    wanted: Wanted,
) -> (Option<Vec<E>>, Option<Vec<E>>) {
    let view = pair.view(direction);
    let chosen = match reduce {
        Reduce::Max => attained(&view, x, width, weights, |new, old| new > old),
        Reduce::Min => attained(&view, x, width, weights, |new, old| new < old),
        Reduce::Sum | Reduce::Mean => return linear_backward(pair, direction, reduce, x, width, weights, dy, wanted),
    };
    let dx = wanted.x.then(|| attained_gradients(&pair.view(direction.reverse()), &chosen, width, weights, dy));
    let dw = (wanted.weights && matches!(weights, Weights::Entries(_))).then(|| {
        entry_values(
            &view,
            width * 2 * size_of::<E>(),
            #[inline(always)]
            |r, k| {
                let (at, from, place) = (r * width, view.col[k] as usize * width, view.position(k) as u32);
                let mut sum = E::Acc::ZERO;
                for f in 0..width {
                    sum += if chosen[at + f] == place { x[from + f].to_acc() * dy[at + f].to_acc() } else { E::Acc::ZERO };
                }
                E::from_acc(sum)
            },
        )
    });
    (dx, dw)
}

/// dx of an extremum, [inputs, F]: every row of `back` sums what its entries attained.
fn attained_gradients<E: Element>(back: &View, chosen: &[u32], width: usize, weights: Weights<&[E]>, dy: &[E]) -> Vec<E> {
    let blocks = by_entries(back.ptr, width * (size_of::<E>() + 4), width * size_of::<E>());
    fill(
        &blocks,
        |r| r * width,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            let (mut acc, mut w) = (vec![E::Acc::ZERO; width], Vec::new());
            for c in block {
                let entries = back.range(c);
                w.resize(entries.len(), E::Acc::ONE);
                entry_weights(back, weights, None, entries.clone(), &mut w);
                acc.fill(E::Acc::ZERO);
                for (k, &w) in entries.zip(&w) {
                    fetch(back, chosen, width, k);
                    fetch(back, dy, width, k);
                    let (start, place) = (back.col[k] as usize * width, back.position(k) as u32);
                    let (chosen, dy) = (&chosen[start..start + width], &dy[start..start + width]);
                    for ((a, &p), &d) in acc.iter_mut().zip(chosen).zip(dy) {
                        *a += if p == place { w * d.to_acc() } else { E::Acc::ZERO };
                    }
                }
                sink.round(&acc);
            }
        },
    )
}

/// Row-major position of the first entry that attains each extremum, `[rows, F]`; unused in empty rows.
fn attained<E: Element>(
    view: &View,
    x: &[E],
    width: usize,
    weights: Weights<&[E]>,
    beats: impl Fn(E::Acc, E::Acc) -> bool + Sync,
) -> Vec<u32> {
    let hubs = Hubs::new(
        view,
        #[inline(always)]
        |_, entries| {
            let (mut best, mut place, mut w) = (vec![E::Acc::ZERO; width], vec![0u32; width], vec![E::Acc::ONE; entries.len()]);
            entry_weights(view, weights, None, entries.clone(), &mut w);
            attain(view, x, entries, &w, &mut best, &mut place, &beats);
            (best, place)
        },
    );
    let blocks = by_entries(view.ptr, width * size_of::<E>() + 4, width * 4);
    fill(
        &blocks,
        |r| r * width,
        #[inline(always)]
        |block, sink: &mut Sink<u32>| {
            let (mut best, mut place, mut w) = (vec![E::Acc::ZERO; width], vec![0u32; width], Vec::new());
            for r in block {
                let entries = view.range(r);
                if let Some(pieces) = hubs.of(r) {
                    for (i, (terms, at)) in pieces.iter().enumerate() {
                        challenge(&mut best, &mut place, terms.iter().copied().zip(at.iter().copied()), i == 0, &beats);
                    }
                } else {
                    w.resize(entries.len(), E::Acc::ONE);
                    entry_weights(view, weights, None, entries.clone(), &mut w);
                    attain(view, x, entries, &w, &mut best, &mut place, &beats);
                }
                sink.copy(&place);
            }
        },
    )
}

/// best and place: the extremum over `entries` per feature, and where it is.
#[inline(always)]
fn attain<E: Element>(
    view: &View,
    x: &[E],
    entries: Range<usize>,
    w: &[E::Acc],
    best: &mut [E::Acc],
    place: &mut [u32],
    beats: &impl Fn(E::Acc, E::Acc) -> bool,
) {
    let width = best.len();
    for (i, (k, &w)) in entries.zip(w).enumerate() {
        fetch(view, x, width, k);
        let (start, at) = (view.col[k] as usize * width, view.position(k) as u32);
        let terms = x[start..start + width].iter().map(|v| (w * v.to_acc(), at));
        challenge(best, place, terms, i == 0, beats);
    }
}

/// Later terms take the places of those that they beat; NaN beats all but NaN.
#[inline(always)]
fn challenge<A: Acc>(best: &mut [A], place: &mut [u32], later: impl Iterator<Item = (A, u32)>, first: bool, beats: &impl Fn(A, A) -> bool) {
    let nan = |v: A| v.partial_cmp(&v).is_none();
    for ((b, p), (term, at)) in best.iter_mut().zip(place).zip(later) {
        let take = first | beats(term, *b) | (nan(term) & !nan(*b));
        *b = if take { term } else { *b };
        *p = if take { at } else { *p };
    }
}

/// Gradients of a sum or mean, for callers that treat all reductions alike.
fn linear_backward<E: Element>(
    pair: &CsrPair,
    direction: Direction,
    reduce: Reduce,
    x: &[E],
    width: usize,
    weights: Weights<&[E]>,
    dy: &[E],
    wanted: Wanted,
) -> (Option<Vec<E>>, Option<Vec<E>>) {
    let view = pair.view(direction);
    let share = |r: usize| if reduce == Reduce::Mean { 1.0 / view.range(r).len().max(1) as f64 } else { 1.0 };
    let shares: Vec<f64> = (0..view.rows()).map(share).collect();
    let fold = Fold { input_scale: Some(&shares[..]), ..Fold::default() };
    let dx = wanted.x.then(|| aggregate(&pair.view(direction.reverse()), Reduce::Sum, dy, width, weights, fold));
    let dw = (wanted.weights && matches!(weights, Weights::Entries(_))).then(|| {
        entry_values(
            &view,
            width * 2 * size_of::<E>(),
            #[inline(always)]
            |r, k| {
                let (at, from) = (r * width, view.col[k] as usize * width);
                E::from_acc(dot(&dy[at..at + width], &x[from..from + width]) * E::Acc::from_f64(shares[r]))
            },
        )
    });
    (dx, dw)
}

/// Inner products per entry, `[nnz]` in row-major order of the matrix; a `[rows, F]`, b `[cols, F]`.
pub fn entry_dot<E: Element>(view: &View, a: &[E], b: &[E], width: usize) -> Vec<E> {
    entry_values(
        view,
        width * size_of::<E>(),
        #[inline(always)]
        |r, k| {
            fetch(view, b, width, k);
            let start = view.col[k] as usize * width;
            E::from_acc(dot(&a[r * width..(r + 1) * width], &b[start..start + width]))
        },
    )
}

/// f(row, k) for every entry, `[nnz]` in row-major order.
fn entry_values<E: Element>(view: &View, entry_bytes: usize, f: impl Fn(usize, usize) -> E + Sync) -> Vec<E> {
    let blocks = by_entries(view.ptr, entry_bytes + 4, 4);
    if view.canonical.is_some() {
        return scatter(
            view.nnz(),
            &blocks,
            #[inline(always)]
            |block, out| {
                for r in block {
                    for k in view.range(r) {
                        out.set(view.position(k), f(r, k));
                    }
                }
            },
        );
    }
    fill(
        &blocks,
        |r| view.ptr[r] as usize,
        #[inline(always)]
        |block, sink: &mut Sink<E>| {
            for r in block {
                let start = view.ptr[r] as usize;
                sink.extend(view.range(r).len(), |i| f(r, start + i));
            }
        },
    )
}
