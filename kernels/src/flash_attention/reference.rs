//! Plain loops in double precision: the definition of the op.

use super::FlashConfig;

/// Of one batch and head: first row of q, first row of k and v.
fn heads(c: FlashConfig) -> impl Iterator<Item = (usize, usize)> {
    (0..c.batch * c.heads).map(move |bh| {
        let (b, h) = (bh / c.heads, bh % c.heads);
        (bh * c.queries, (b * c.kv_heads + h / c.group()) * c.keys)
    })
}

fn row(x: &[f64], r: usize, width: usize) -> &[f64] {
    &x[r * width..(r + 1) * width]
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// p of query `i` over the keys that it sees.
fn coefficients(c: FlashConfig, q: &[f64], k: &[f64], first_key: usize, i: usize) -> Vec<f64> {
    let s: Vec<f64> = (0..c.visible(i)).map(|j| c.scale * dot(q, row(k, first_key + j, c.width))).collect();
    let m = s.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let e: Vec<f64> = s.iter().map(|s| (s - m).exp()).collect();
    let sum: f64 = e.iter().sum();
    e.iter().map(|e| e / sum).collect()
}

/// q `[B, H, Tq, D]`, k, v `[B, Hk, Tk, D]` -> o `[B, H, Tq, D]`.
pub fn flash_attention(c: FlashConfig, q: &[f64], k: &[f64], v: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; q.len()];
    for (first_query, first_key) in heads(c) {
        for i in 0..c.queries {
            let p = coefficients(c, row(q, first_query + i, c.width), k, first_key, i);
            for (j, p) in p.iter().enumerate() {
                for f in 0..c.width {
                    out[(first_query + i) * c.width + f] += p * v[(first_key + j) * c.width + f];
                }
            }
        }
    }
    out
}

/// dO `[B, H, Tq, D]` -> (dq, dk, dv).
pub fn flash_attention_backward(c: FlashConfig, q: &[f64], k: &[f64], v: &[f64], dout: &[f64]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (mut dq, mut dk, mut dv) = (vec![0.0; q.len()], vec![0.0; k.len()], vec![0.0; v.len()]);
    for (first_query, first_key) in heads(c) {
        for i in 0..c.queries {
            let at = (first_query + i) * c.width;
            let (qi, d) = (row(q, first_query + i, c.width), row(dout, first_query + i, c.width));
            let p = coefficients(c, qi, k, first_key, i);
            let dp: Vec<f64> = (0..p.len()).map(|j| dot(d, row(v, first_key + j, c.width))).collect();
            let mean = dot(&p, &dp);
            for (j, p) in p.iter().enumerate() {
                let (key, ds) = ((first_key + j) * c.width, c.scale * p * (dp[j] - mean));
                for f in 0..c.width {
                    dq[at + f] += ds * k[key + f];
                    dk[key + f] += ds * qi[f];
                    dv[key + f] += p * d[f];
                }
            }
        }
    }
    (dq, dk, dv)
}
