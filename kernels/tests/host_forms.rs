//! The host forms against the f64 references, in four storage types, on odd and unequal shapes.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails where it panics")]

use std::sync::Arc;

use half::{bf16, f16};
use hypergraphql_kernels::aggregate::{self, Fold, Reduce, Wanted as PassWanted, Weights};
use hypergraphql_kernels::dropout::{self, Mask};
use hypergraphql_kernels::edge_score::{self, Wanted as ScoreWanted};
use hypergraphql_kernels::element::widen;
use hypergraphql_kernels::flash_attention::{self as flash, FlashConfig};
use hypergraphql_kernels::hypergraph_attention::{self as attention, AttentionConfig};
use hypergraphql_kernels::hypergraph_conv::{self as conv, Scales, host::Wanted};
use hypergraphql_kernels::sparse_conv::bsr::{BlockSize, Bsr};
use hypergraphql_kernels::sparse_conv::host::Stored;
use hypergraphql_kernels::{
    CsrPair, Direction, Element, cross_entropy, gather, linear, rms_norm, rope, scatter_add, segment_softmax, sparse_conv, swap_axes,
    swiglu,
};

/// Multiples of 1/8 in [-2, 2): exact in every storage type, and ties are real ties.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn array<E: Element>(&mut self, n: usize) -> Vec<E> {
        (0..n).map(|_| E::from_f64((self.next() % 32) as f64 / 8.0 - 2.0)).collect()
    }

    fn scales(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| (self.next() % 7) as f64 / 8.0 + 0.125).collect()
    }
}

/// rows × cols with about `per_row` entries, some empty rows, and one hub row and one hub column when `hub` is not 0.
fn pattern(rows: usize, cols: usize, per_row: usize, hub: usize, values: bool) -> CsrPair {
    let mut r = Numbers((rows * 31 + cols) as u64);
    let mut ptr = vec![0u32];
    let mut col = vec![];
    for row in 0..rows {
        if row == rows / 2 && hub > 0 {
            col.extend((0..hub).map(|i| (i % cols) as u32));
        } else if row % 5 != 3 {
            let n = 1 + r.next() as usize % (2 * per_row);
            let mut own: Vec<u32> = (0..n).map(|_| (r.next() as usize % cols) as u32).collect();
            if hub > 0 {
                own.push(cols as u32 / 2);
            }
            own.sort_unstable();
            own.dedup();
            col.extend(own);
        }
        ptr.push(col.len() as u32);
    }
    let values = values.then(|| r.scales(col.len()));
    CsrPair::new(ptr, col, cols, values).unwrap()
}

fn patterns() -> Vec<CsrPair> {
    vec![
        pattern(37, 23, 4, 0, false),
        pattern(29, 41, 3, 0, true),
        pattern(1, 9, 4, 0, true),
        pattern(5203, 5101, 1, 5100, false),
        CsrPair::new(vec![0; 6], vec![], 3, None).unwrap(),
        CsrPair::new(vec![0], vec![], 7, None).unwrap(),
    ]
}

/// Each element within the rounding of a sum of `terms` whose size is the largest of the array, plus the storage's own rounding;
/// results that the storage type cannot hold are not compared.
fn close<E: Element>(what: &str, got: &[E], want: &[f64], terms: usize) {
    assert_eq!(got.len(), want.len(), "{what}");
    let acc = if size_of::<E>() == 8 { f64::EPSILON } else { f64::from(f32::EPSILON) };
    let size = want.iter().fold(1.0f64, |m, v| m.max(v.abs()));
    let tolerance = size * (acc * 4.0 * (terms as f64 + 4.0) + 6.0 * E::DTYPE.unit_roundoff());
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        let g = g.to_f64();
        if E::from_f64(*w).to_f64().is_infinite() {
            continue;
        }
        assert!((g - w).abs() <= tolerance, "{what} {}: element {i} is {g}, expected {w} within {tolerance:e}", E::DTYPE);
    }
}

macro_rules! in_every_type {
    ($name:ident) => {
        mod $name {
            use super::*;
            #[test]
            fn f64() {
                super::$name::<f64>();
            }
            #[test]
            fn f32() {
                super::$name::<f32>();
            }
            #[test]
            fn half() {
                super::$name::<f16>();
            }
            #[test]
            fn bfloat() {
                super::$name::<bf16>();
            }
        }
    };
}

#[path = "host_forms/discrete.rs"]
mod discrete;
// After the macro, which they use.
#[path = "host_forms/blocks.rs"]
mod blocks;
#[path = "host_forms/extrema.rs"]
mod extrema;
#[path = "host_forms/sequences.rs"]
mod sequences;
#[path = "host_forms/sets.rs"]
mod sets;

in_every_type!(aggregates);
fn aggregates<E: Element>() {
    let mut r = Numbers(3);
    for (p, pair) in patterns().iter().enumerate() {
        let widths: &[usize] = if pair.nnz() > 4000 { &[3, 33] } else { &[0, 1, 3, 7, 16, 33, 64, 100, 128, 130] };
        for &width in widths {
            for direction in [Direction::ToRows, Direction::ToCols] {
                let view = pair.view(direction);
                let x: Vec<E> = r.array(view.cols * width);
                let (w, bias): (Vec<E>, Vec<E>) = (r.array(pair.nnz()), r.array(width));
                let (t, s, c) = (r.scales(view.cols), r.scales(view.rows()), r.scales(view.rows()));
                let (wide_w, wide_b) = (widen(&w), widen(&bias));
                for reduce in [Reduce::Sum, Reduce::Mean, Reduce::Max, Reduce::Min] {
                    for kind in 0..4 {
                        let (fw, rw) = match kind {
                            0 => (Weights::Ones, Weights::Ones),
                            1 => (Weights::Values, Weights::Values),
                            _ => (Weights::Entries(&w[..]), Weights::Entries(&wide_w[..])),
                        };
                        let full = kind == 3 || kind == 1;
                        let (input_scale, output_scale) = (full.then_some(&t[..]), (kind == 3).then_some(&s[..]));
                        let c = (kind == 3).then_some(&c[..]);
                        let host_fold = Fold { input_scale, output_scale, bias: full.then_some((&bias[..], c)) };
                        let fold = Fold { input_scale, output_scale, bias: full.then_some((&wide_b[..], c)) };
                        let got = aggregate::host::aggregate(&view, reduce, &x, width, fw, host_fold);
                        let want = aggregate::reference::aggregate(&view, reduce, &widen(&x), width, rw, fold);
                        close(&format!("aggregate {p} {width} {direction:?} {reduce:?} {kind}"), &got, &want, 40);
                    }
                }
            }
        }
    }
}

in_every_type!(convolutions);
fn convolutions<E: Element>() {
    let mut r = Numbers(7);
    for (p, pair) in patterns().iter().enumerate() {
        let shapes: &[(usize, Option<usize>)] = if pair.nnz() > 4000 {
            &[(5, Some(3))]
        } else {
            &[(16, None), (33, Some(7)), (7, Some(130)), (64, Some(64)), (1, Some(1)), (0, Some(3)), (3, Some(0)), (300, Some(5))]
        };
        for &(f, o) in shapes {
            let out = o.unwrap_or(f);
            let (n, m) = (pair.rows(), pair.cols());
            let (x, theta, bias, dy): (Vec<E>, Vec<E>, Vec<E>, Vec<E>) = (r.array(n * f), r.array(f * out), r.array(out), r.array(n * out));
            let (s_in, s_mid, s_out, c) = (r.scales(n), r.scales(m), r.scales(n), r.scales(n));
            let (wx, wt, wb, wd) = (widen(&x), widen(&theta), widen(&bias), widen(&dy));
            for full in [false, true] {
                let scales = Scales { input: full.then_some(&s_in[..]), middle: Some(&s_mid[..]), output: full.then_some(&s_out[..]) };
                let c = full.then_some(&c[..]);
                let what = format!("hypergraph_conv {p} {f} {o:?} {full}");
                let got = conv::host::hypergraph_conv(pair, scales, &x, f, o.map(|o| (&theta[..], o)), Some((&bias, c)));
                let want = conv::reference::hypergraph_conv(pair, scales, &wx, f, o.map(|o| (&wt[..], o)), Some((&wb, c)));
                close(&what, &got, &want, 200);
                let (dx, dt, db) = conv::reference::hypergraph_conv_backward(pair, scales, &wx, f, o.map(|o| (&wt[..], o)), c, &wd);
                for (wx, wt, wb) in [(true, true, true), (true, false, false), (false, true, false), (false, false, true)] {
                    let wanted = Wanted { x: wx, theta: wt, bias: wb };
                    let g = conv::host::hypergraph_conv_backward(pair, scales, &x, f, o.map(|o| (&theta[..], o)), c, &dy, wanted);
                    assert_eq!((g.x.is_some(), g.theta.is_some(), g.bias.is_some()), (wx, wt && o.is_some(), wb));
                    g.x.iter().for_each(|g| close(&format!("{what} dX"), g, &dx, 200));
                    g.theta.iter().for_each(|g| close(&format!("{what} dTheta"), g, &dt, 400));
                    g.bias.iter().for_each(|g| close(&format!("{what} dbias"), g, &db, 400));
                }
            }
            let view = pair.view(Direction::ToCols);
            let y = sparse_conv::host::sparse_conv(Stored::Csr(pair), Direction::ToCols, &x, f, o.map(|o| (&theta[..], o)), Some(&bias));
            let want = sparse_conv::reference::sparse_conv(&view, &wx, f, o.map(|o| (&wt[..], o)), Some(&wb));
            close("sparse_conv", &y, &want, 200);
            let dy: Vec<E> = r.array(m * out);
            sparse_gradients(&transpose(pair), None, f, o, (&x, &theta, &dy));
        }
    }
}

/// A^T as a matrix of its own.
fn transpose(pair: &CsrPair) -> CsrPair {
    let t = pair.view(Direction::ToCols);
    CsrPair::new(t.ptr.to_vec(), t.col.to_vec(), t.cols, t.values.map(<[f64]>::to_vec)).unwrap()
}

/// dX = A^T dY Θ^T, dΘ = X^T A^T dY and dbias, each alone and all at once, of A by entries or in `blocks`.
fn sparse_gradients<E: Element>(pair: &CsrPair, blocks: Option<&Bsr>, f: usize, o: Option<usize>, (x, theta, dy): (&[E], &[E], &[E])) {
    let (out, rows, cols) = (o.unwrap_or(f), pair.rows(), pair.cols());
    let transposed =
        |m: &[f64], rows: usize, cols: usize| -> Vec<f64> { (0..rows * cols).map(|i| m[(i % rows) * cols + i / rows]).collect() };
    let g = sparse_conv::reference::sparse_conv(&pair.view(Direction::ToCols), &widen(dy), out, None, None);
    let dx = o.map_or_else(|| g.clone(), |o| conv::reference::matmul(&g, &transposed(&widen(theta), f, o), cols, o, f));
    let dt = conv::reference::matmul(&transposed(&widen(x), cols, f), &g, f, cols, out);
    let db: Vec<f64> = (0..out).map(|j| (0..rows).map(|r| dy[r * out + j].to_f64()).sum()).collect();
    let stored = blocks.map_or(Stored::Csr(pair), Stored::Bsr);
    for (wx, wt, wb) in [(true, true, true), (true, false, false), (false, true, false), (false, false, true)] {
        let wanted = Wanted { x: wx, theta: wt, bias: wb };
        let what = format!("sparse_conv {:?} {f} {o:?} {wanted:?}", blocks.map(Bsr::size));
        let g = sparse_conv::host::sparse_conv_backward(stored, x, f, o.map(|o| (theta, o)), dy, wanted);
        assert_eq!((g.x.is_some(), g.theta.is_some(), g.bias.is_some()), (wx, wt && o.is_some(), wb), "{what}");
        g.x.iter().for_each(|g| close(&format!("{what} dX"), g, &dx, 200));
        g.theta.iter().for_each(|g| close(&format!("{what} dTheta"), g, &dt, 400));
        g.bias.iter().for_each(|g| close(&format!("{what} dbias"), g, &db, 400));
    }
}

in_every_type!(attentions);
fn attentions<E: Element>() {
    let mut r = Numbers(11);
    for (p, pair) in patterns().iter().enumerate() {
        let shapes: &[(usize, usize)] = if pair.nnz() > 4000 { &[(2, 3)] } else { &[(1, 16), (3, 7), (4, 32), (2, 33)] };
        for &(heads, head_width) in shapes {
            for normalise in [Direction::ToCols, Direction::ToRows] {
                let config = AttentionConfig { heads, head_width, slope: 0.25, normalise };
                let (n, m, d) = (pair.rows(), pair.cols(), heads * head_width);
                let (x, a, b, dout): (Vec<E>, Vec<E>, Vec<E>, Vec<E>) =
                    (r.array(n * d), r.array(n * heads), r.array(m * heads), r.array(n * d));
                let (u, t) = (r.scales(n), r.scales(m));
                let (wx, wa, wb) = (widen(&x), widen(&a), widen(&b));
                let i = attention::host::Inputs { x: &x, a: &a, b: &b, row_scale: Some(&u), col_scale: Some(&t) };
                let wide = attention::reference::Inputs { x: &wx, a: &wa, b: &wb, row_scale: Some(&u), col_scale: Some(&t) };
                let what = format!("attention {p} {heads}x{head_width} {normalise:?}");
                let o = attention::host::hypergraph_attention(pair, config, i);
                close(&what, &o.out, &attention::reference::hypergraph_attention(pair, config, wide), 100);
                let saved = attention::host::Saved { out: &o.out, edge: &o.edge, normaliser: &o.normaliser };
                let (dx, da, db) = attention::host::hypergraph_attention_backward(pair, config, i, saved, &dout);
                let (wdx, wda, wdb) = attention::reference::hypergraph_attention_backward(pair, config, wide, &widen(&dout));
                close(&format!("{what} dx"), &dx, &wdx, 100);
                // The gradient of a score is a difference of large terms that were rounded to the storage type on the way.
                close(&format!("{what} da"), &da, &wda, 4000);
                close(&format!("{what} db"), &db, &wdb, 4000);
            }
        }
    }
}

in_every_type!(entry_ops);
fn entry_ops<E: Element>() {
    let mut r = Numbers(13);
    for pair in &patterns() {
        for heads in [1, 3, 4, 17] {
            let (a, b, s, d): (Vec<E>, Vec<E>, Vec<E>, Vec<E>) =
                (r.array(pair.rows() * heads), r.array(pair.cols() * heads), r.array(pair.nnz() * heads), r.array(pair.nnz() * heads));
            let rows = pair.view(Direction::ToRows);
            let (wa, wb, ws, wd) = (widen(&a), widen(&b), widen(&s), widen(&d));
            close(
                "edge_score",
                &edge_score::host::edge_score(pair, &a, &b, heads, 0.25),
                &edge_score::reference::edge_score(&rows, &wa, &wb, heads, 0.25),
                4,
            );
            let gradients = |a_, b_| edge_score::host::edge_score_backward(pair, &a, &b, heads, 0.25, &d, ScoreWanted { a: a_, b: b_ });
            let (da, db) = gradients(true, true);
            assert!(gradients(true, false) == (da.clone(), None) && gradients(false, true) == (None, db.clone()));
            let (da, db) = (da.unwrap(), db.unwrap());
            let (wda, wdb) = edge_score::reference::edge_score_backward(&rows, &wa, &wb, heads, 0.25, &wd);
            close("edge_score da", &da, &wda, 40);
            close("edge_score db", &db, &wdb, 40);
            for direction in [Direction::ToRows, Direction::ToCols] {
                let view = pair.view(direction);
                let p = segment_softmax::host::segment_softmax(&view, &s, heads);
                close("softmax", &p, &segment_softmax::reference::segment_softmax(&view, &ws, heads), 10);
                let ds = segment_softmax::host::segment_softmax_backward(&view, &p, &d, heads);
                close("softmax backward", &ds, &segment_softmax::reference::segment_softmax_backward(&view, &widen(&p), &wd, heads), 40);
            }
        }
    }
}

in_every_type!(row_ops);
fn row_ops<E: Element>() {
    let mut r = Numbers(17);
    for width in [0, 1, 3, 16, 33, 130] {
        let index: Vec<u32> = (0..1003).map(|_| (r.next() % 77) as u32).collect();
        let (x, y): (Vec<E>, Vec<E>) = (r.array(81 * width), r.array(1003 * width));
        assert_eq!(widen(&gather::host::gather(&index, &x, width)), gather::reference::gather(&index, &widen(&x), width));
        let pattern = gather::index_pattern(index.clone(), 81).unwrap();
        close(
            "scatter_add",
            &scatter_add::host::scatter_add(&pattern, &y, width),
            &scatter_add::reference::scatter_add(&index, 81, &widen(&y), width),
            20,
        );
    }
    for (rows, width) in [(1, 1), (37, 23), (5003, 7), (3, 517), (0, 5), (4, 0)] {
        let (x, w, dy): (Vec<E>, Vec<E>, Vec<E>) = (r.array(rows * width), r.array(width), r.array(rows * width));
        let (wide_x, wide_w, wide_dy) = (widen(&x), widen(&w), widen(&dy));
        close("rms_norm", &rms_norm::host::rms_norm(&x, &w, 1e-5), &rms_norm::reference::rms_norm(&wide_x, &wide_w, 1e-5), width);
        let (want_x, want_w) = rms_norm::reference::rms_norm_backward(&wide_x, &wide_w, 1e-5, &wide_dy);
        let both = rms_norm::Wanted { x: true, weight: true };
        let (dx, dw) = rms_norm::host::rms_norm_backward(&x, &w, 1e-5, &dy, both);
        close("rms_norm dx", dx.as_ref().unwrap(), &want_x, 4 * width);
        close("rms_norm dw", dw.as_ref().unwrap(), &want_w, 4 * rows.max(width));
        assert_eq!(rms_norm::host::rms_norm_backward(&x, &w, 1e-5, &dy, rms_norm::Wanted { x: true, weight: false }), (dx, None));
        assert_eq!(rms_norm::host::rms_norm_backward(&x, &w, 1e-5, &dy, rms_norm::Wanted { x: false, weight: true }), (None, dw));
    }
    for n in [0, 1, 17, 70_001] {
        let (a, b, dy): (Vec<E>, Vec<E>, Vec<E>) = (r.array(n), r.array(n), r.array(n));
        let (wide_a, wide_b, wide_dy) = (widen(&a), widen(&b), widen(&dy));
        close("swiglu", &swiglu::host::swiglu(&a, &b), &swiglu::reference::swiglu(&wide_a, &wide_b), 8);
        let (want_a, want_b) = swiglu::reference::swiglu_backward(&wide_a, &wide_b, &wide_dy);
        let (da, db) = swiglu::host::swiglu_backward(&a, &b, &dy, swiglu::Wanted { gate: true, up: true });
        close("swiglu da", da.as_ref().unwrap(), &want_a, 8);
        close("swiglu db", db.as_ref().unwrap(), &want_b, 8);
        assert_eq!(swiglu::host::swiglu_backward(&a, &b, &dy, swiglu::Wanted { gate: false, up: true }), (None, db));
    }
    let ends: Vec<f32> = [-1e4, -88.0, 0.0, 88.0, 1e4].into();
    assert_eq!(swiglu::host::swiglu(&ends, &[1.0; 5])[2..], [0.0, 88.0, 1e4]);
    assert!(swiglu::host::swiglu(&ends, &[1.0; 5])[..2].iter().all(|y| (-1e-30..=0.0).contains(y)));
    let x: Vec<E> = r.array(70_001);
    let mask = Mask::new(0.375, 5, 9).unwrap();
    let got = dropout::host::dropout(&x, mask);
    close("dropout", &got, &dropout::reference::dropout(&widen(&x), mask), 0);
    let zeros = got.iter().zip(&x).filter(|(g, x)| g.to_f64() == 0.0 && x.to_f64() != 0.0).count();
    assert!((24_000..27_000).contains(&zeros), "{zeros}");
}

#[test]
fn equal_logits_share_evenly_however_large_they_are() {
    for members in [2usize, 4096] {
        let pair = CsrPair::new((0..=members as u32).collect(), vec![0; members], 1, None).unwrap();
        let config = AttentionConfig { heads: 1, head_width: 1, slope: 0.2, normalise: Direction::ToCols };
        let (x, a, b) = (vec![1.0f32; members], vec![30_000.0; members], [30_000.0]);
        let i = attention::host::Inputs { x: &x, a: &a, b: &b, row_scale: None, col_scale: None };
        let o = attention::host::hypergraph_attention(&pair, config, i);
        let (all, share) = (o.edge[0], o.out[0] * members as f32);
        assert!((all - 1.0).abs() < 1e-6 && (share - 1.0).abs() < 1e-6, "{members} members sum to {all}, one has {share} of its share");
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let pair = pattern(5203, 3101, 12, 9000, true);
    let (n, m, heads, c) = (pair.rows(), pair.cols(), 3, 11);
    let (f, o) = (heads * c, 17);
    let real = |seed: u64, n: usize| -> Vec<f32> {
        let mut r = Numbers(seed);
        (0..n).map(|_| (r.next() as f32 / 1e9).sin()).collect()
    };
    let (x, theta, bias, dy, a, b) = (real(1, n * f), real(2, f * o), real(3, o), real(4, n * o), real(5, n * heads), real(6, m * heads));
    let mut r = Numbers(23);
    let (u, t) = (r.scales(n), r.scales(m));
    let all = || -> Vec<Vec<u32>> {
        let scales = Scales { input: Some(&u[..]), middle: Some(&t[..]), output: Some(&u[..]) };
        let theta = Some((&theta[..], o));
        let y = conv::host::hypergraph_conv(&pair, scales, &x, f, theta, Some((&bias, None)));
        let g = conv::host::hypergraph_conv_backward(&pair, scales, &x, f, theta, None, &dy, Wanted { x: true, theta: true, bias: true });
        let max =
            aggregate::host::aggregate(&pair.view(Direction::ToRows), Reduce::Max, &real(7, m * f), f, Weights::Values, Fold::default());
        let config = AttentionConfig { heads, head_width: c, slope: 0.2, normalise: Direction::ToRows };
        let i = attention::host::Inputs { x: &x, a: &a, b: &b, row_scale: Some(&u), col_scale: Some(&t) };
        let out = attention::host::hypergraph_attention(&pair, config, i);
        let saved = attention::host::Saved { out: &out.out, edge: &out.edge, normaliser: &out.normaliser };
        let (dx, da, db) = attention::host::hypergraph_attention_backward(&pair, config, i, saved, &x);
        let mut results = vec![y, g.x.unwrap(), g.theta.unwrap(), g.bias.unwrap(), max, out.out, out.edge, out.normaliser, dx, da, db];
        let z = pair.nnz();
        for direction in [Direction::ToRows, Direction::ToCols] {
            let (view, logits) = (pair.view(direction), real(8, z * heads));
            let p = segment_softmax::host::segment_softmax(&view, &logits, heads);
            results.push(segment_softmax::host::segment_softmax_backward(&view, &p, &real(9, z * heads), heads));
            results.push(p);
            let (ends, weights) = (real(10, view.cols * c), real(11, z));
            let (dx, dw) = aggregate::host::extremum_backward(
                &pair,
                direction,
                Reduce::Min,
                &ends,
                c,
                Weights::Entries(&weights),
                &real(12, view.rows() * c),
                PassWanted { x: true, weights: true },
            );
            results.extend([dx, dw].into_iter().flatten());
        }
        results.push(edge_score::host::edge_score(&pair, &a, &b, heads, 0.2));
        let (da, db) =
            edge_score::host::edge_score_backward(&pair, &a, &b, heads, 0.2, &real(13, z * heads), ScoreWanted { a: true, b: true });
        results.extend([da, db].into_iter().flatten());
        // A hub row of 40,000 and many short ones.
        let index = gather::index_pattern((0..50_000u32).map(|i| if i % 5 == 0 { i % 97 } else { 41 }).collect(), 97).unwrap();
        results.push(scatter_add::host::scatter_add(&index, &real(14, 50_000 * 5), 5));
        results.push(sparse_conv::host::sparse_conv(Stored::Csr(&pair), Direction::ToCols, &x, f, theta, None));
        let blocks = Bsr::new(Arc::new(transpose(&pair)), BlockSize::B32).unwrap();
        results.push(sparse_conv::host::sparse_conv(Stored::Bsr(&blocks), Direction::ToRows, &x, f, theta, None));
        for stored in [Stored::Csr(&pair), Stored::Bsr(&Bsr::new(Arc::new(pair.clone()), BlockSize::B16).unwrap())] {
            let wanted = Wanted { x: true, theta: true, bias: true };
            let g = sparse_conv::host::sparse_conv_backward(stored, &real(15, m * f), f, theta, &dy, wanted);
            results.extend([g.x, g.theta, g.bias].into_iter().flatten());
        }
        let c = FlashConfig { batch: 1, heads: 4, kv_heads: 2, queries: 700, keys: 1300, width: 16, causal: true, scale: 0.25 };
        let (q, k, v) = (real(16, c.query_rows() * 16), real(17, c.key_rows() * 16), real(18, c.key_rows() * 16));
        let (out, normaliser) = flash::host::flash_attention(c, &q, &k, &v);
        let saved = flash::host::Saved { q: &q, k: &k, v: &v, out: &out, normaliser: &normaliser };
        let wanted = flash::Wanted { q: true, k: true, v: true };
        results.extend(flash::host::flash_attention_backward(c, saved, &real(19, q.len()), wanted).into_iter().flatten());
        results.extend([out, normaliser]);
        results.push(linear::host::linear(&real(20, 3 * 301), &real(21, 1003 * 301), [3, 301, 1003]));
        results.into_iter().map(|v| v.into_iter().map(f32::to_bits).collect()).collect()
    };
    let on = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(all);
    let one = on(1);
    for threads in [2, 3, 7] {
        assert!(on(threads) == one, "{threads} threads");
    }
}
