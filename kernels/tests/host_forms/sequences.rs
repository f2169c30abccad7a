//! Ops on sequences: `linear`, `rope`, `swap_axes`, `cross_entropy` and `flash_attention`.

use super::*;

in_every_type!(linear_of_any_size);
fn linear_of_any_size<E: Element>() {
    let mut r = Numbers(19);
    for [rows, inputs, outputs] in [
        [1, 1, 1],
        [1, 768, 37],
        [1, 9, 70_001],
        [2, 40, 5],
        [3, 31, 8],
        [4, 17, 3],
        [5, 64, 67],
        [8, 301, 130],
        [19, 7, 6],
        [0, 5, 3],
        [3, 0, 2],
        [3, 2, 0],
    ] {
        let (x, w): (Vec<E>, Vec<E>) = (r.array(rows * inputs), r.array(outputs * inputs));
        let y = linear::host::linear(&x, &w, [rows, inputs, outputs]);
        close("linear", &y, &linear::reference::linear(&widen(&x), &widen(&w), [rows, inputs, outputs]), inputs);
        // A row has the same bits whatever stands beside it.
        for n in 0..rows {
            let alone = linear::host::linear(&x[n * inputs..(n + 1) * inputs], &w, [1, inputs, outputs]);
            assert!(alone == y[n * outputs..(n + 1) * outputs], "row {n} of {rows}");
        }
    }
}

in_every_type!(swapped_axes);
fn swapped_axes<E: Element>() {
    let mut r = Numbers(21);
    for sizes in [[2, 3, 5, 7], [1, 2003, 3, 10], [700, 1, 2, 3], [1, 1, 1, 1], [0, 2, 3, 4], [2, 0, 3, 4], [2, 3, 0, 4], [2, 3, 4, 0]] {
        let x: Vec<E> = r.array(sizes.iter().product());
        let y = swap_axes::host::swap_axes(&x, sizes);
        assert_eq!(widen(&y), swap_axes::reference::swap_axes(&widen(&x), sizes), "{sizes:?}");
        let [s, a, b, d] = sizes;
        assert!(swap_axes::host::swap_axes(&y, [s, b, a, d]) == x, "{sizes:?} swapped back");
    }
}

in_every_type!(rope_and_cross_entropy);
fn rope_and_cross_entropy<E: Element>() {
    let mut r = Numbers(23);
    for (outer, places, width, start) in [(3, 7, 10, 2), (2, 2003, 6, 0), (1, 1, 2, 50_000), (0, 4, 6, 0), (2, 3, 0, 0)] {
        let x: Vec<E> = r.array(outer * places * width);
        let frequencies: Vec<f64> = (0..width / 2).map(|f| 0.9f64.powi(f as i32)).collect();
        let angles = rope::angles(&frequencies, start + places);
        let turn = rope::Turn { places, width, start, back: false };
        turn.check(x.len(), angles.len()).unwrap();
        let y = rope::host::rope(turn, &x, &angles);
        close("rope", &y, &rope::reference::rope(turn, &widen(&x), &angles), 2);
        let back = rope::Turn { back: true, ..turn };
        close("rope turned back", &rope::host::rope(back, &y, &angles), &widen(&x), 8);
    }
    for (rows, classes) in [(1, 1), (37, 23), (2003, 7), (3, 5017), (0, 5), (4, 0)] {
        let (x, dy): (Vec<E>, Vec<E>) = (r.array(rows * classes), r.array(rows));
        let target = |t: usize| if classes == 0 || t % 4 == 2 { cross_entropy::NO_TARGET } else { (t * 31 % classes) as u32 };
        let targets: Vec<u32> = (0..rows).map(target).collect();
        let (y, normaliser) = cross_entropy::host::cross_entropy(&x, &targets);
        close("cross_entropy", &y, &cross_entropy::reference::cross_entropy(&widen(&x), &targets), 32);
        let dx = cross_entropy::host::cross_entropy_backward(&x, &targets, &normaliser, &dy);
        close("cross_entropy dx", &dx, &cross_entropy::reference::cross_entropy_backward(&widen(&x), &targets, &widen(&dy)), 32);
        for (t, &target) in targets.iter().enumerate().filter(|t| *t.1 == cross_entropy::NO_TARGET) {
            assert_eq!(y[t].to_f64(), 0.0, "row {t} has {target}");
            assert!(dx[t * classes..(t + 1) * classes].iter().all(|d| d.to_f64() == 0.0));
        }
    }
}

in_every_type!(flash_attention_of_any_length);
fn flash_attention_of_any_length<E: Element>() {
    let mut r = Numbers(29);
    for [batch, heads, kv_heads, queries, keys, width] in [
        [1, 1, 1, 1, 1, 1],
        [2, 4, 2, 70, 70, 10],
        [1, 2, 1, 130, 700, 17],
        [1, 1, 1, 65, 9, 8],
        [3, 2, 2, 1, 300, 32],
        [1, 2, 1, 0, 5, 4],
        [1, 2, 1, 5, 0, 4],
        [1, 2, 1, 5, 5, 0],
        [0, 2, 1, 5, 5, 4],
    ] {
        for causal in [false, true] {
            let c = FlashConfig { batch, heads, kv_heads, queries, keys, width, causal, scale: 0.125 };
            let (q, dout): (Vec<E>, Vec<E>) = (r.array(c.query_rows() * width), r.array(c.query_rows() * width));
            let (k, v): (Vec<E>, Vec<E>) = (r.array(c.key_rows() * width), r.array(c.key_rows() * width));
            c.check(q.len(), k.len(), v.len()).unwrap();
            let what = |name: &str| format!("{name} of {c:?}");
            let (out, normaliser) = flash::host::flash_attention(c, &q, &k, &v);
            close(&what("out"), &out, &flash::reference::flash_attention(c, &widen(&q), &widen(&k), &widen(&v)), 100);
            let saved = flash::host::Saved { q: &q, k: &k, v: &v, out: &out, normaliser: &normaliser };
            let gradients = |wanted| flash::host::flash_attention_backward(c, saved, &dout, wanted);
            let all = gradients(flash::Wanted { q: true, k: true, v: true });
            let (dq, dk, dv) = flash::reference::flash_attention_backward(c, &widen(&q), &widen(&k), &widen(&v), &widen(&dout));
            for (name, got, want) in [("dq", &all[0], &dq), ("dk", &all[1], &dk), ("dv", &all[2], &dv)] {
                close(&what(name), got.as_ref().unwrap(), want, 400);
            }
            let [dq, dk, dv] = all;
            assert_eq!(gradients(flash::Wanted { q: true, k: false, v: false }), [dq, None, None]);
            assert_eq!(gradients(flash::Wanted { q: false, k: true, v: false }), [None, dk, None]);
            assert_eq!(gradients(flash::Wanted { q: false, k: false, v: true }), [None, None, dv]);
        }
    }
}

#[test]
fn flash_attention_passes_infinities_and_nan_on() {
    let c = FlashConfig { batch: 1, heads: 1, kv_heads: 1, queries: 3, keys: 3, width: 2, causal: true, scale: 1.0 };
    let (q, v) = ([1.0f32, 2.0, f32::NAN, 1.0, 3.0, 4.0], [1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let out = flash::host::flash_attention(c, &q, &[0.5f32, 0.25, -1.0, 2.0, 0.0, 1.0], &v).0;
    assert!(out[2..4].iter().all(|o| o.is_nan()), "{out:?}");
    assert!(out[..2].iter().chain(&out[4..]).all(|o| o.is_finite()), "{out:?}");
    // Scores far beyond what exp can hold, and apart by less than their size keeps of a logarithm.
    let out = flash::host::flash_attention(c, &[0.0f32, 0.0, 0.0, 0.0, 60_000.0, 0.0], &[1.0f32, 0.0, 1.0, 0.0, 1.0, 0.0], &v).0;
    assert!((out[4] - 3.0).abs() < 1e-5 && (out[5] - 4.0).abs() < 1e-5, "{out:?}");
}
