//! The host form of `memory_attention` against its reference, in four storage types.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test fails where it panics")]

use half::{bf16, f16};
use hypergraphql_kernels::Element;
use hypergraphql_kernels::element::widen;
use hypergraphql_kernels::memory_attention::{MemoryConfig, host, reference};

/// Multiples of 1/8 in [-2, 2): exact in every storage type, and ties are real ties.
struct Numbers(u64);

impl Numbers {
    fn array<E: Element>(&mut self, n: usize) -> Vec<E> {
        let mut next = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % 32
        };
        (0..n).map(|_| E::from_f64(next() as f64 / 8.0 - 2.0)).collect()
    }
}

fn config(sizes: [usize; 7]) -> MemoryConfig {
    let [batch, heads, kv_heads, queries, slots, kept, width] = sizes;
    MemoryConfig { batch, heads, kv_heads, queries, slots, kept, width, scale: 0.125, bias: 0.5 }
}

fn close<E: Element>(what: &str, got: &[E], want: &[f64]) {
    assert_eq!(got.len(), want.len(), "{what}");
    let size = want.iter().fold(1.0f64, |m, v| m.max(v.abs()));
    let unit = if size_of::<E>() == 8 { f64::EPSILON } else { f64::from(f32::EPSILON) };
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        let error = (g.to_f64() - w).abs();
        assert!(error <= size * (400.0 * unit + 8.0 * E::DTYPE.unit_roundoff()), "{what}[{i}]: {g:?}, expected {w}");
    }
}

fn all_steps<E: Element>() {
    let mut r = Numbers(7);
    for sizes in [
        [2, 4, 2, 7, 23, 5, 10],
        [1, 2, 1, 1100, 301, 33, 17],
        [1, 1, 1, 3, 9, 9, 64],
        [1, 2, 1, 600, 2, 1, 8],
        [1, 2, 1, 4, 0, 0, 8],
        [1, 2, 1, 0, 6, 3, 8],
        [2, 2, 2, 3, 3, 2, 0],
        [0, 2, 1, 3, 3, 2, 4],
    ] {
        let c = config(sizes);
        let (q, dout): (Vec<E>, Vec<E>) = (r.array(c.query_rows() * c.width), r.array(c.query_rows() * c.width));
        let (k, v): (Vec<E>, Vec<E>) = (r.array(c.slot_rows() * c.width), r.array(c.slot_rows() * c.width));
        let null: Vec<E> = r.array(c.kv_heads * c.width);
        c.check(q.len(), k.len(), v.len(), null.len()).unwrap();
        let what = |name: &str| format!("{name} of {c:?}");
        let (wq, wk, wv, wn) = (widen(&q), widen(&k), widen(&v), widen(&null));
        let t = host::select(&c, &q, &k);
        assert_eq!(t, reference::select(&c, &wq, &wk), "{c:?}");
        let a = host::weights(&c, &q, &k, &null, &t);
        close(&what("A"), &a, &reference::weights(&c, &wq, &wk, &wn, &t));
        let wide_a = widen(&a);
        close(&what("o"), &host::read(&c, &a, &v, &t), &reference::read(&c, &wide_a, &wv, &t));

        let lists = host::slot_lists(&c, &t);
        let lists = Some(lists.as_slices());
        let [da, dv] = host::read_backward(&c, [&a, &v], &t, &dout, lists, true);
        let want = reference::read_backward(&c, &wide_a, &wv, &t, &widen(&dout));
        close(&what("dA"), &da.unwrap(), &want.0);
        close(&what("dv"), &dv.unwrap(), &want.1);
        let da: Vec<E> = r.array(a.len());
        let gradients = |lists, wanted| host::weights_backward(&c, [&q, &k, &null], &t, [&a, &da], lists, wanted);
        let [dq, dk, dn] = gradients(lists, (true, true));
        let want = reference::weights_backward(&c, &wq, &wk, &wn, &t, &widen(&da));
        close(&what("dq"), dq.as_ref().unwrap(), &want.0);
        close(&what("dk"), dk.as_ref().unwrap(), &want.1);
        close(&what("dn"), dn.as_ref().unwrap(), &want.2);
        assert_eq!(gradients(None, (true, false)), [dq, None, None]);
        assert_eq!(gradients(lists, (false, false)), [None, dk, None]);
        assert_eq!(gradients(None, (false, true)), [None, None, dn]);
    }
}

#[test]
fn all_steps_in_every_type() {
    all_steps::<f64>();
    all_steps::<f32>();
    all_steps::<f16>();
    all_steps::<bf16>();
}

#[test]
fn slots_list_their_entries_in_order() {
    let c = config([2, 2, 1, 2, 3, 2, 1]);
    let t = [0, 2, 2, 0, 1, 0, 2, 1, /* second batch */ 1, 0, 1, 0, 1, 0, 1, 2];
    let lists = host::slot_lists(&c, &t);
    assert_eq!(lists.ptr, [0, 3, 5, 8, 11, 15, 16]);
    assert_eq!(lists.entries, [0, 3, 5, 4, 7, 1, 2, 6, 9, 11, 13, 8, 10, 12, 14, 15]);
}

#[test]
fn scores_that_are_no_numbers_come_last_and_spoil_only_who_keeps_them() {
    let c = config([1, 1, 1, 2, 3, 2, 1]);
    let (q, k) = ([1.0f32, -1.0], [1.0, f32::NAN, 2.0]);
    let t = host::select(&c, &q, &k);
    assert_eq!(t, [2, 0, 0, 2]);
    let all = MemoryConfig { kept: 3, ..c };
    let t = host::select(&all, &q, &k);
    assert_eq!(t, [2, 0, 1, 0, 2, 1]);
    assert!(host::weights(&all, &q, &k, &[0.0], &t).iter().all(|a| a.is_nan()));
}

#[test]
fn equal_bits_at_any_number_of_threads() {
    let c = config([1, 4, 2, 700, 1300, 48, 24]);
    let all = || {
        let mut r = Numbers(11);
        let (q, k): (Vec<f32>, Vec<f32>) = (r.array(c.query_rows() * c.width), r.array(c.slot_rows() * c.width));
        let (v, null): (Vec<f32>, Vec<f32>) = (r.array(k.len()), r.array(c.kv_heads * c.width));
        let t = host::select(&c, &q, &k);
        let lists = host::slot_lists(&c, &t);
        let lists = Some(lists.as_slices());
        let a = host::weights(&c, &q, &k, &null, &t);
        let dout = host::read(&c, &a, &v, &t);
        let [da, dv] = host::read_backward(&c, [&a, &v], &t, &dout, lists, true);
        let [dq, dk, dn] = host::weights_backward(&c, [&q, &k, &null], &t, [&a, &da.unwrap()], lists, (true, true));
        let floats = [Some(a), Some(dout), dv, dq, dk, dn].into_iter().flatten().flatten().map(f32::to_bits);
        t.into_iter().chain(floats).collect::<Vec<u32>>()
    };
    let on = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(all);
    let one = on(1);
    for threads in [2, 3, 7] {
        assert!(on(threads) == one, "{threads} threads");
    }
}
