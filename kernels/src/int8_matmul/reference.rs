//! Plain loops over the integers: the definition of the op.

use crate::quantize::reference::quantize;

/// x `[T, K]`, w `[O, K]`, scale `[O]` -> y `[T, O]`.
pub fn int8_matmul(x: &[f64], rows: usize, w: &[i8], scales: &[f64]) -> Vec<f64> {
    let (q, of_x) = quantize(x, rows);
    product(&q, &of_x, w, scales)
}

/// q `[T, K]` with its scales `[T]`, w `[O, K]` with its scales `[O]` -> y `[T, O]`.
pub fn product(q: &[i8], of_q: &[f64], w: &[i8], of_w: &[f64]) -> Vec<f64> {
    let width = q.len() / of_q.len().max(1);
    let mut y = Vec::new();
    for (t, of_q) in of_q.iter().enumerate() {
        for (o, of_w) in of_w.iter().enumerate() {
            let sum: i64 = (0..width).map(|k| i64::from(q[t * width + k]) * i64::from(w[o * width + k])).sum();
            y.push(of_q * of_w * sum as f64);
        }
    }
    y
}
