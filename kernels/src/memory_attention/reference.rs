//! Plain loops in double precision: the definition of the op.

use std::cmp::Ordering;

use super::MemoryConfig;

fn row(x: &[f64], r: usize, width: usize) -> &[f64] {
    &x[r * width..(r + 1) * width]
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Row of k and v of kept slot `j` of query row `r`.
fn slot_row(c: &MemoryConfig, t: &[u32], r: usize, j: usize) -> usize {
    c.slot_head(r) * c.slots + t[r * c.kept + j] as usize
}

/// Row of n of query row `r`.
fn null_row(c: &MemoryConfig, r: usize) -> usize {
    c.slot_head(r) % c.kv_heads
}

/// Larger numbers first, NaN after them.
fn falling(a: f64, b: f64) -> Ordering {
    a.is_nan().cmp(&b.is_nan()).then_with(|| b.partial_cmp(&a).unwrap_or(Ordering::Equal))
}

/// q `[B, H, T, D]`, k `[B, Hk, S, D]` -> t `[B, H, T, K]`.
pub fn select(c: &MemoryConfig, q: &[f64], k: &[f64]) -> Vec<u32> {
    let mut t = Vec::with_capacity(c.entries());
    for r in 0..c.query_rows() {
        let first = c.slot_head(r) * c.slots;
        let scores: Vec<f64> = (0..c.slots).map(|m| dot(row(q, r, c.width), row(k, first + m, c.width))).collect();
        let mut order: Vec<u32> = (0..c.slots as u32).collect();
        order.sort_by(|&a, &b| falling(scores[a as usize], scores[b as usize]));
        t.extend(&order[..c.kept]);
    }
    t
}

/// -> A `[B, H, T, K + 1]`.
pub fn weights(c: &MemoryConfig, q: &[f64], k: &[f64], null: &[f64], t: &[u32]) -> Vec<f64> {
    let mut a = Vec::with_capacity(c.query_rows() * (c.kept + 1));
    for r in 0..c.query_rows() {
        let query = row(q, r, c.width);
        let mut s = vec![c.scale * dot(query, row(null, null_row(c, r), c.width))];
        for j in 0..c.kept {
            s.push(c.scale * dot(query, row(k, slot_row(c, t, r, j), c.width)) + c.bias);
        }
        let m = s.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let e: Vec<f64> = s.iter().map(|s| (s - m).exp()).collect();
        let sum: f64 = e.iter().sum();
        a.extend(e.iter().map(|e| e / sum));
    }
    a
}

/// dA `[B, H, T, K + 1]` -> (dq, dk, dn).
pub fn weights_backward(c: &MemoryConfig, q: &[f64], k: &[f64], null: &[f64], t: &[u32], da: &[f64]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (mut dq, mut dk, mut dn) = (vec![0.0; q.len()], vec![0.0; k.len()], vec![0.0; null.len()]);
    let a = weights(c, q, k, null, t);
    for r in 0..c.query_rows() {
        let (p, d) = (row(&a, r, c.kept + 1), row(da, r, c.kept + 1));
        let mean = dot(p, d);
        for j in 0..=c.kept {
            let ds = c.scale * p[j] * (d[j] - mean);
            for f in 0..c.width {
                if j == 0 {
                    let at = null_row(c, r) * c.width + f;
                    dq[r * c.width + f] += ds * null[at];
                    dn[at] += ds * q[r * c.width + f];
                } else {
                    let at = slot_row(c, t, r, j - 1) * c.width + f;
                    dq[r * c.width + f] += ds * k[at];
                    dk[at] += ds * q[r * c.width + f];
                }
            }
        }
    }
    (dq, dk, dn)
}

/// A `[B, H, T, K + 1]`, v `[B, Hk, S, D]` -> o `[B, H, T, D]`.
pub fn read(c: &MemoryConfig, a: &[f64], v: &[f64], t: &[u32]) -> Vec<f64> {
    let mut out = vec![0.0; c.query_rows() * c.width];
    for r in 0..c.query_rows() {
        for j in 0..c.kept {
            for f in 0..c.width {
                out[r * c.width + f] += a[r * (c.kept + 1) + j + 1] * v[slot_row(c, t, r, j) * c.width + f];
            }
        }
    }
    out
}

/// dO `[B, H, T, D]` -> (dA, dv).
pub fn read_backward(c: &MemoryConfig, a: &[f64], v: &[f64], t: &[u32], dout: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut da, mut dv) = (vec![0.0; a.len()], vec![0.0; v.len()]);
    for r in 0..c.query_rows() {
        for j in 0..c.kept {
            let (entry, slot) = (r * (c.kept + 1) + j + 1, slot_row(c, t, r, j));
            da[entry] = dot(row(dout, r, c.width), row(v, slot, c.width));
            for f in 0..c.width {
                dv[slot * c.width + f] += a[entry] * dout[r * c.width + f];
            }
        }
    }
    (da, dv)
}
