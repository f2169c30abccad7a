//! `relation_linear` and `set_attention`.

use hypergraphql_kernels::relation_linear::{self as relation, RelationRows};
use hypergraphql_kernels::set_attention::{self, SetAttentionConfig, host::Inputs, host::Saved};

use super::*;

/// Relations of rows: mixed with gaps, sorted, one hub, one relation, none.
fn relations() -> Vec<(&'static str, usize, Vec<u32>)> {
    let mixed: Vec<u32> = (0..301u32).map(|i| i * i * 7 % 13 + i % 2).collect();
    let mut sorted = mixed.clone();
    sorted.sort_unstable();
    vec![
        ("mixed", 17, mixed),
        ("sorted", 15, sorted),
        ("hub", 9, (0..4999u32).map(|i| if i % 500 == 3 { i / 500 % 9 } else { 4 }).collect()),
        ("one", 1, vec![0; 37]),
        ("single", 3, vec![1]),
        ("none", 4, vec![]),
        ("nothing", 0, vec![]),
    ]
}

in_every_type!(relation_linears);
fn relation_linears<E: Element>() {
    let mut r = Numbers(41);
    for (name, n, ids) in relations() {
        let rows = RelationRows::new(&ids, n).unwrap();
        assert_eq!(rows.order().is_none(), ids.is_sorted(), "{name}");
        for (f, o) in [(5, 9), (33, 8), (1, 1), (0, 3), (3, 0), (130, 71)] {
            if name == "hub" && f > 100 {
                continue;
            }
            let what = format!("relation_linear {name} {f} -> {o}");
            let (x, w, dy): (Vec<E>, Vec<E>, Vec<E>) = (r.array(ids.len() * f), r.array(n * f * o), r.array(ids.len() * o));
            let y = relation::host::relation_linear(&rows, &x, &w, f, o);
            let (wx, ww, wdy) = (widen(&x), widen(&w), widen(&dy));
            close(&what, &y, &relation::reference::relation_linear(&ids, &wx, &ww, f, o), f);
            let (want_x, want_w) = relation::reference::relation_linear_backward(&ids, &wx, &ww, f, o, &wdy);
            for (x_, w_) in [(true, true), (true, false), (false, true)] {
                let wanted = relation::Wanted { x: x_, weight: w_ };
                let (dx, dw) = relation::host::relation_linear_backward(&rows, &x, &w, f, o, &dy, wanted);
                assert_eq!((dx.is_some(), dw.is_some()), (x_, w_));
                dx.iter().for_each(|d| close(&format!("{what} dx"), d, &want_x, o));
                dw.iter().for_each(|d| close(&format!("{what} dW"), d, &want_w, ids.len()));
            }
        }
    }
}

in_every_type!(set_attentions);
fn set_attentions<E: Element>() {
    let mut r = Numbers(43);
    for (p, pair) in patterns().iter().enumerate() {
        let shapes: &[(usize, usize, usize)] =
            if pair.nnz() > 4000 { &[(2, 2, 3)] } else { &[(1, 1, 16), (3, 2, 7), (1, 4, 32), (2, 1, 33), (2, 3, 0)] };
        for &(seeds, heads, head_width) in shapes {
            for direction in [Direction::ToCols, Direction::ToRows] {
                for (scale, slope) in [(0.25, 0.2), (-0.125, 1.0), (0.25, 0.0)] {
                    let c = SetAttentionConfig { direction, seeds, heads, head_width, scale, slope };
                    set_attention_case::<E>(&mut r, &format!("set_attention {p} {c:?}"), pair, c);
                }
            }
        }
    }
}

fn set_attention_case<E: Element>(r: &mut Numbers, what: &str, pair: &CsrPair, c: SetAttentionConfig) {
    let (members, segments, width) = (pair.outputs(c.direction.reverse()), pair.outputs(c.direction), c.width());
    let view = pair.view(c.direction);
    let (q, k, v, dout): (Vec<E>, Vec<E>, Vec<E>, Vec<E>) =
        (r.array(c.seeds * width), r.array(members * width), r.array(members * width), r.array(segments * c.seeds * width));
    let (wq, wk, wv) = (widen(&q), widen(&k), widen(&v));
    let i = Inputs { q: &q, k: &k, v: &v };
    let (out, normaliser) = set_attention::host::set_attention(pair, c, i);
    close(what, &out, &set_attention::reference::set_attention(c, &view, &wq, &wk, &wv), 100);
    let want = set_attention::reference::set_attention_backward(c, &view, &wq, &wk, &wv, &widen(&dout));
    for (q_, k_, v_) in [(true, true, true), (true, false, false), (false, true, false), (false, false, true)] {
        let wanted = set_attention::Wanted { q: q_, k: k_, v: v_ };
        let saved = Saved { out: &out, normaliser: &normaliser };
        let [dq, dk, dv] = set_attention::host::set_attention_backward(pair, c, i, saved, &dout, wanted);
        assert_eq!((dq.is_some(), dk.is_some(), dv.is_some()), (q_, k_, v_), "{what}");
        // The gradient of a score is a difference of large terms, one of them made of the stored output.
        dq.iter().for_each(|d| close(&format!("{what} dQ"), d, &want.0, 4000));
        dk.iter().for_each(|d| close(&format!("{what} dK"), d, &want.1, 4000));
        dv.iter().for_each(|d| close(&format!("{what} dV"), d, &want.2, 100));
    }
}

/// Scores around 60,000, of which f32 keeps 0.004: the softmax must not be made of their size.
#[test]
fn large_scores_are_normalised_by_their_differences() {
    let pair = CsrPair::new(vec![0, 1, 2, 3], vec![0, 0, 0], 1, None).unwrap();
    let c = SetAttentionConfig { direction: Direction::ToCols, seeds: 1, heads: 1, head_width: 1, scale: 1.0, slope: 1.0 };
    let (k, v) = ([60_000f32, 60_001.0, 59_000.0], [1f32, 2.0, 4.0]);
    for sign in [1f32, -1.0] {
        let (out, _) = set_attention::host::set_attention(&pair, c, Inputs { q: &[sign], k: &k, v: &v });
        let want = if sign > 0.0 { (1.0 + 2.0 * std::f32::consts::E) / (1.0 + std::f32::consts::E) } else { 4.0 };
        assert!((out[0] - want).abs() < 1e-6, "{out:?} {want}");
    }
}

#[test]
fn the_number_of_threads_changes_no_bit_of_relations_and_sets() {
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let mut r = Numbers(47);
    let ids: Vec<u32> = (0..9001u32).map(|i| if i % 3 == 0 { i * 7 % 11 } else { 5 }).collect();
    let rows = RelationRows::new(&ids, 11).unwrap();
    let (x, w, dy): (Vec<f32>, Vec<f32>, Vec<f32>) = (r.array(ids.len() * 12), r.array(11 * 12 * 20), r.array(ids.len() * 20));
    let linear = || {
        let both = relation::Wanted { x: true, weight: true };
        let gradients = relation::host::relation_linear_backward(&rows, &x, &w, 12, 20, &dy, both);
        (relation::host::relation_linear(&rows, &x, &w, 12, 20), gradients)
    };
    assert!(pool(1).install(linear) == pool(5).install(linear));
    let pair = pattern(5203, 5101, 1, 5100, false);
    let c = SetAttentionConfig { direction: Direction::ToCols, seeds: 2, heads: 2, head_width: 5, scale: 0.5, slope: 0.2 };
    let (q, k, v): (Vec<f32>, Vec<f32>, Vec<f32>) = (r.array(20), r.array(pair.rows() * 10), r.array(pair.rows() * 10));
    let dout: Vec<f32> = r.array(pair.cols() * 20);
    let attention = || {
        let i = Inputs { q: &q, k: &k, v: &v };
        let (out, normaliser) = set_attention::host::set_attention(&pair, c, i);
        let wanted = set_attention::Wanted { q: true, k: true, v: true };
        let saved = Saved { out: &out, normaliser: &normaliser };
        let gradients = set_attention::host::set_attention_backward(&pair, c, i, saved, &dout, wanted);
        (out, gradients)
    };
    assert!(pool(1).install(attention) == pool(5).install(attention));
}
