//! Plain loops in double precision: the definition of the op.

use super::SetAttentionConfig;
use crate::csr::View;

/// scale · ⟨Q, K_v⟩ of seed s and head h.
fn product(c: SetAttentionConfig, q: &[f64], k: &[f64], (v, s, h): (usize, usize, usize)) -> f64 {
    let (a, b) = ((s * c.heads + h) * c.head_width, (v * c.heads + h) * c.head_width);
    c.scale * (0..c.head_width).map(|f| q[a + f] * k[b + f]).sum::<f64>()
}

/// p of the members of segment `e`, for seed s and head h; `view` has the segments as rows.
fn coefficients(c: SetAttentionConfig, view: &View, q: &[f64], k: &[f64], (e, s, h): (usize, usize, usize)) -> Vec<f64> {
    let leaky = |z: f64| if z > 0.0 { z } else { c.slope * z };
    let scores: Vec<f64> = view.range(e).map(|i| leaky(product(c, q, k, (view.col[i] as usize, s, h)))).collect();
    let m = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|s| (s - m).exp()).sum();
    scores.iter().map(|s| (s - m).exp() / sum).collect()
}

/// Q `[S, Hd·C]`, K, V `[members, Hd·C]` -> O `[segments, S, Hd·C]`; `view` has the segments as rows.
pub fn set_attention(c: SetAttentionConfig, view: &View, q: &[f64], k: &[f64], v: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; view.rows() * c.seeds * c.width()];
    for e in 0..view.rows() {
        for s in 0..c.seeds {
            for h in 0..c.heads {
                let p = coefficients(c, view, q, k, (e, s, h));
                for (i, p) in view.range(e).zip(p) {
                    for f in 0..c.head_width {
                        let value = v[(view.col[i] as usize * c.heads + h) * c.head_width + f];
                        out[((e * c.seeds + s) * c.heads + h) * c.head_width + f] += p * value;
                    }
                }
            }
        }
    }
    out
}

/// dO `[segments, S, Hd·C]` -> (dQ, dK, dV).
pub fn set_attention_backward(
    c: SetAttentionConfig,
    view: &View,
    q: &[f64],
    k: &[f64],
    v: &[f64],
    dout: &[f64],
) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (mut dq, mut dk, mut dv) = (vec![0.0; q.len()], vec![0.0; k.len()], vec![0.0; v.len()]);
    for e in 0..view.rows() {
        for s in 0..c.seeds {
            for h in 0..c.heads {
                let (p, d) = (coefficients(c, view, q, k, (e, s, h)), ((e * c.seeds + s) * c.heads + h) * c.head_width);
                let at = |i: usize| (view.col[i] as usize * c.heads + h) * c.head_width;
                let dp: Vec<f64> = view.range(e).map(|i| (0..c.head_width).map(|f| dout[d + f] * v[at(i) + f]).sum()).collect();
                let mean: f64 = p.iter().zip(&dp).map(|(p, dp)| p * dp).sum();
                for (n, i) in view.range(e).enumerate() {
                    let slope = if product(c, q, k, (view.col[i] as usize, s, h)) > 0.0 { 1.0 } else { c.slope };
                    let dz = c.scale * slope * p[n] * (dp[n] - mean);
                    for f in 0..c.head_width {
                        let seed = (s * c.heads + h) * c.head_width + f;
                        dq[seed] += dz * k[at(i) + f];
                        dk[at(i) + f] += dz * q[seed];
                        dv[at(i) + f] += p[n] * dout[d + f];
                    }
                }
            }
        }
    }
    (dq, dk, dv)
}
