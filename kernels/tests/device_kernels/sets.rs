//! `relation_linear` and `set_attention`.

use hypergraphql_kernels::relation_linear::launch::{relation_linear, relation_linear_backward};
use hypergraphql_kernels::relation_linear::reference;
use hypergraphql_kernels::relation_linear::{DeviceRelations, Products, RelationRows, Wanted as LinearWanted};
use hypergraphql_kernels::set_attention::reference as sets;
use hypergraphql_kernels::set_attention::{SetAttentionConfig, Wanted, launch};

use super::*;

fn relation_linears<E: Element>(client: &Client) {
    for (name, relations, len, widths) in [
        ("mixed", 17, 301, &[(5, 9), (33, 70), (64, 64), (0, 3), (3, 0)][..]),
        ("sorted", 9, 130, &[(17, 130)]),
        ("hub", 5, 2611, &[(7, 12)]),
        ("one", 1, 37, &[(4, 4)]),
        ("none", 4, 0, &[(4, 5)]),
        ("nothing", 0, 0, &[(4, 5)]),
    ] {
        let mut random = Random(37);
        // One relation in three stays empty where there are many.
        let any = |random: &mut Random| random.below(relations.max(1)) / 3 * 3 % relations.max(1);
        let hub = |i: usize, random: &mut Random| if name == "hub" && !i.is_multiple_of(50) { 2 } else { any(random) };
        let mut ids: Vec<u32> = (0..len).map(|i| hub(i, &mut random) as u32).collect();
        if name == "sorted" {
            ids.sort_unstable();
        }
        let rows = RelationRows::new(&ids, relations).unwrap();
        let device = DeviceRelations::upload(client, &rows);
        for &(f, o) in widths {
            let what = |part: &str| format!("relation_linear {name} {f} -> {o}: {part}");
            let (x, xs) = up::<E>(client, &random.floats(len * f));
            let (w, ws) = up::<E>(client, &random.floats(relations * f * o));
            let (dy, dys) = up::<E>(client, &random.floats(len * o));
            let y = relation_linear(&device, &x, &w, f, o, Products::Simple).unwrap();
            let want = reference::relation_linear(&ids, &xs, &ws, f, o);
            let magnitudes = reference::relation_linear(&ids, &abs(&xs), &abs(&ws), f, o);
            PLAIN.check(&what("y"), E::DTYPE, &down(client, &y), &want, &magnitudes);
            let both = LinearWanted { x: true, weight: true };
            let (dx, dw) = relation_linear_backward(&device, &x, &w, f, o, &dy, both, Products::Simple).unwrap();
            let (want_x, want_w) = reference::relation_linear_backward(&ids, &xs, &ws, f, o, &dys);
            let (mx, mw) = reference::relation_linear_backward(&ids, &abs(&xs), &abs(&ws), f, o, &abs(&dys));
            let dw = down(client, &dw.unwrap());
            PLAIN.check(&what("dx"), E::DTYPE, &down(client, &dx.unwrap()), &want_x, &mx);
            PLAIN.check(&what("dW"), E::DTYPE, &dw, &want_w, &mw);
            let (none, alone) =
                relation_linear_backward(&device, &x, &w, f, o, &dy, LinearWanted { x: false, weight: true }, Products::Simple).unwrap();
            assert!(none.is_none());
            assert_eq!(down(client, &alone.unwrap()), dw, "{}", what("dW alone"));
        }
    }
}

#[test]
fn relation_linear_and_its_gradients_match_the_reference() {
    let Some(client) = client("relation_linear_and_its_gradients_match_the_reference") else { return };
    relation_linears::<f32>(&client);
    relation_linears::<half::f16>(&client);
}

/// By `Auto`, whatever that is here, as by the units themselves.
#[test]
fn relation_linear_finds_products_by_itself() {
    let Some(client) = client("relation_linear_finds_products_by_itself") else { return };
    let ids: Vec<u32> = (0..150).map(|i| i * 7 % 4).collect();
    let rows = RelationRows::new(&ids, 4).unwrap();
    let mut random = Random(41);
    let (x, xs) = up::<half::f16>(&client, &random.floats(150 * 40));
    let (w, ws) = up::<half::f16>(&client, &random.floats(4 * 40 * 24));
    let device = DeviceRelations::upload(&client, &rows);
    let y = relation_linear(&device, &x, &w, 40, 24, Products::Auto).unwrap();
    let want = reference::relation_linear(&ids, &xs, &ws, 40, 24);
    let magnitudes = reference::relation_linear(&ids, &abs(&xs), &abs(&ws), 40, 24);
    PLAIN.check("relation_linear by Auto", DType::F16, &down(&client, &y), &want, &magnitudes);
    match relation_linear(&device, &x, &w, 40, 24, Products::TensorCores) {
        Ok(y) => PLAIN.check("relation_linear by TensorCores", DType::F16, &down(&client, &y), &want, &magnitudes),
        Err(e) => assert!(e.to_string().contains("has no f16 tensor cores"), "{e}"),
    }
}

fn set_attentions<E: Element>(client: &Client, all_routes: bool, [seeds, heads, head_width]: [usize; 3]) {
    each_case(client, all_routes, |name, pair, device| {
        for direction in [Direction::ToCols, Direction::ToRows] {
            let c = SetAttentionConfig { direction, seeds, heads, head_width, scale: 2.0 / (head_width as f64).sqrt(), slope: 0.2 };
            let c = if head_width == 0 { SetAttentionConfig { scale: 1.0, ..c } } else { c };
            let mut random = Random(43);
            let (members, segments, width) = (pair.outputs(direction.reverse()), pair.outputs(direction), c.width());
            let (q, qs) = up::<E>(client, &random.floats(seeds * width));
            let (k, ks) = up::<E>(client, &random.floats(members * width));
            let (v, vs) = up::<E>(client, &random.floats(members * width));
            let (dout, ds) = up::<E>(client, &random.floats(segments * seeds * width));
            let what = |part: &str| format!("{name} set_attention {direction:?} {seeds} x {heads} x {head_width}: {part}");
            let (i, view) = (launch::Inputs { q: &q, k: &k, v: &v }, pair.view(direction));
            let saved = launch::set_attention(device, c, &i).unwrap();
            let want = sets::set_attention(c, &view, &qs, &ks, &vs);
            // Scores stay within ±8: exp may err by 3 + 2·8 units in the last place, and by their own rounding.
            let (exp, often) = (Bound { stages: 1.0, slack: 100.0 }, Bound { stages: 4.0, slack: 100.0 });
            let positive = sets::set_attention(c, &view, &qs, &ks, &abs(&vs));
            exp.check(&what("out"), E::DTYPE, &down(client, &saved.out), &want, &positive);
            let all = Wanted { q: true, k: true, v: true };
            let [dq, dk, dv] = launch::set_attention_backward(device, c, &i, &saved, &dout, all).unwrap().map(Option::unwrap);
            let (want_q, want_k, want_v) = sets::set_attention_backward(c, &view, &qs, &ks, &vs, &ds);
            let (mq, mk, mv) = bounds::of_set_attention(c, &view, &qs, &ks, &vs, &ds);
            let dv = down(client, &dv);
            often.check(&what("dQ"), E::DTYPE, &down(client, &dq), &want_q, &mq);
            often.check(&what("dK"), E::DTYPE, &down(client, &dk), &want_k, &mk);
            often.check(&what("dV"), E::DTYPE, &dv, &want_v, &mv);
            let [none, also_none, alone] =
                launch::set_attention_backward(device, c, &i, &saved, &dout, Wanted { q: false, k: false, v: true }).unwrap();
            assert!(none.is_none() && also_none.is_none());
            assert_eq!(down(client, &alone.unwrap()), dv, "{}", what("dV alone"));
        }
    });
}

#[test]
fn set_attention_and_its_gradients_match_the_reference() {
    let Some(client) = client("set_attention_and_its_gradients_match_the_reference") else { return };
    for sizes in [[1, 1, 1], [2, 2, 0], [1, 7, 4], [2, 2, 67]] {
        set_attentions::<f32>(&client, false, sizes);
    }
    set_attentions::<f32>(&client, true, [2, 3, 20]);
    set_attentions::<half::f16>(&client, true, [3, 2, 5]);
}
