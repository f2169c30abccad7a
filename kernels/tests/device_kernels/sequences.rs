//! Ops on sequences: `rms_norm`, `cross_entropy`, `rope` and `flash_attention`.

use super::*;

fn norms<E: Element>(client: &Client, routes: &[Lanes]) {
    use hypergraphql_kernels::rms_norm;
    for (rows, width) in [(1, 1), (37, 23), (4100, 8), (3, 517), (65, 64), (0, 4), (5, 0)] {
        let mut random = Random(31);
        let (x, xs) = up::<E>(client, &random.floats(rows * width));
        let (w, ws) = up::<E>(client, &random.floats(width));
        let (dy, dys) = up::<E>(client, &random.floats(rows * width));
        let want = rms_norm::reference::rms_norm(&xs, &ws, 1e-5);
        let (want_x, want_w) = rms_norm::reference::rms_norm_backward(&xs, &ws, 1e-5, &dys);
        let (mx, mw) = bounds::of_rms_norm_gradients(&xs, &ws, 1e-5, &dys);
        for &lanes in routes {
            let what = |op: &str| format!("{op} {rows}x{width} {lanes:?}");
            let y = rms_norm::launch::rms_norm(client, &x, &w, 1e-5, lanes).unwrap();
            PLAIN.check(&what("rms_norm"), E::DTYPE, &down(client, &y), &want, &abs(&want));
            let both = rms_norm::Wanted { x: true, weight: true };
            let (dx, dw) = rms_norm::launch::rms_norm_backward(client, &x, &w, 1e-5, &dy, both, lanes).unwrap();
            PLAIN.check(&what("rms_norm dx"), E::DTYPE, &down(client, &dx.unwrap()), &want_x, &mx);
            let dw = down(client, &dw.unwrap());
            PLAIN.check(&what("rms_norm dw"), E::DTYPE, &dw, &want_w, &mw);
            let one = rms_norm::Wanted { x: false, weight: true };
            let (none, alone) = rms_norm::launch::rms_norm_backward(client, &x, &w, 1e-5, &dy, one, lanes).unwrap();
            assert!(none.is_none());
            assert_eq!(down(client, &alone.unwrap()), dw, "{}", what("dw alone"));
        }
    }
}

#[test]
fn rms_norm_matches_the_reference() {
    let Some(client) = client("rms_norm_matches_the_reference") else { return };
    norms::<f32>(&client, &[Lanes::Auto, Lanes::Serial, Lanes::Shared, Lanes::Plane]);
    norms::<half::f16>(&client, &[Lanes::Auto, Lanes::Plane]);
}

fn sequences<E: Element>(client: &Client, routes: &[Lanes]) {
    use hypergraphql_kernels::device::Ids;
    use hypergraphql_kernels::{cross_entropy, rope};
    let exp = Bound { stages: 1.0, slack: 120.0 };
    for (rows, classes) in [(1, 1), (37, 23), (4100, 8), (3, 517), (2, 9000), (0, 4), (5, 0)] {
        let mut random = Random(37);
        let (x, xs) = up::<E>(client, &random.floats(rows * classes).iter().map(|v| 8.0 * v).collect::<Vec<_>>());
        let (dy, dys) = up::<E>(client, &random.floats(rows));
        let target = |t: usize| if classes == 0 || t % 4 == 2 { cross_entropy::NO_TARGET } else { (t * 31 % classes) as u32 };
        let targets: Vec<u32> = (0..rows).map(target).collect();
        let ids = Ids::upload(client, &targets);
        let want = cross_entropy::reference::cross_entropy(&xs, &targets);
        let want_dx = cross_entropy::reference::cross_entropy_backward(&xs, &targets, &dys);
        let magnitudes: Vec<f64> = want.iter().map(|w| if *w == 0.0 { 0.0 } else { 16.0 + (classes as f64).ln() }).collect();
        let of_dx: Vec<f64> = (0..want_dx.len()).map(|i| dys[i / classes].abs() + want_dx[i].abs()).collect();
        for &lanes in routes {
            let what = |op: &str| format!("{op} {rows}x{classes} {lanes:?}");
            let (y, normaliser) = cross_entropy::launch::cross_entropy(client, &x, &ids, classes, lanes).unwrap();
            exp.check(&what("cross_entropy"), E::DTYPE, &down(client, &y), &want, &magnitudes);
            let dx = cross_entropy::launch::cross_entropy_backward(client, &x, &ids, classes, &normaliser, &dy).unwrap();
            exp.check(&what("cross_entropy dx"), E::DTYPE, &down(client, &dx), &want_dx, &of_dx);
        }
    }
    for (outer, places, width, start) in [(3, 7, 10, 2), (2, 203, 8, 0), (1, 1, 2, 5000), (0, 4, 6, 0), (2, 3, 0, 0)] {
        let (x, xs) = up::<E>(client, &Random(41).floats(outer * places * width));
        let frequencies: Vec<f64> = (0..width / 2).map(|f| 0.9f64.powi(f as i32)).collect();
        let table: Vec<f64> = rope::angles(&frequencies, start + places);
        let angles = Buf::from_f32(client, &table.iter().map(|&a| a as f32).collect::<Vec<_>>());
        for back in [false, true] {
            let turn = rope::Turn { places, width, start, back };
            let y = rope::launch::rope(client, turn, &x, &angles).unwrap();
            let want = rope::reference::rope(turn, &xs, &table);
            PLAIN.check("rope", E::DTYPE, &down(client, &y), &want, &vec![2.0; want.len()]);
        }
    }
}

#[test]
fn cross_entropy_and_rope_match_the_reference() {
    let Some(client) = client("cross_entropy_and_rope_match_the_reference") else { return };
    sequences::<f32>(&client, &[Lanes::Auto, Lanes::Serial, Lanes::Shared, Lanes::Plane]);
    sequences::<half::f16>(&client, &[Lanes::Auto, Lanes::Plane]);
}

/// The gradients are held against the reference by the op suite; here every size of tile.
#[test]
fn flash_attention_matches_the_reference() {
    use hypergraphql_kernels::flash_attention::{FlashConfig, launch, reference};
    let Some(client) = client("flash_attention_matches_the_reference") else { return };
    for (width, causal) in [(3, true), (16, false), (40, true), (64, true), (100, true), (128, false)] {
        let c = FlashConfig { batch: 1, heads: 2, kv_heads: 1, queries: 37, keys: 70, width, causal, scale: 0.5 };
        let mut random = Random(43);
        let (q, qs) = up::<f32>(&client, &random.floats(c.query_rows() * width));
        let (k, ks) = up::<f32>(&client, &random.floats(c.key_rows() * width));
        let (v, vs) = up::<f32>(&client, &random.floats(c.key_rows() * width));
        let got = launch::flash_attention(&client, c, &launch::Inputs { q: &q, k: &k, v: &v }).unwrap();
        let (want, magnitudes) = (reference::flash_attention(c, &qs, &ks, &vs), reference::flash_attention(c, &qs, &ks, &abs(&vs)));
        let exp = Bound { stages: 1.0, slack: 150.0 };
        exp.check(&format!("flash_attention {width}"), DType::F32, &down(&client, &got.out), &want, &magnitudes);
    }
    let error = launch::check_width::<R>(&client, 100_000).unwrap_err().to_string();
    assert!(error.contains("width is 100000 on") && error.contains("up to 128"), "{error}");
}
