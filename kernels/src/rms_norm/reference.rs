//! Plain loops in double precision: the definition of the op.

fn inverse_rms(x: &[f64], epsilon: f64) -> f64 {
    let mut squares = 0.0;
    for v in x {
        squares += v * v;
    }
    1.0 / (squares / x.len() as f64 + epsilon).sqrt()
}

/// x `[rows, F]`, w `[F]` -> y `[rows, F]`.
pub fn rms_norm(x: &[f64], w: &[f64], epsilon: f64) -> Vec<f64> {
    let mut y = Vec::with_capacity(x.len());
    for row in x.chunks(w.len().max(1)) {
        let s = inverse_rms(row, epsilon);
        for f in 0..w.len() {
            y.push(w[f] * row[f] * s);
        }
    }
    y
}

/// dy `[rows, F]` -> (dx `[rows, F]`, dw `[F]`).
pub fn rms_norm_backward(x: &[f64], w: &[f64], epsilon: f64, dy: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let width = w.len();
    let (mut dx, mut dw) = (Vec::with_capacity(x.len()), vec![0.0; width]);
    for (row, dy) in x.chunks(width.max(1)).zip(dy.chunks(width.max(1))) {
        let s = inverse_rms(row, epsilon);
        let mut dot = 0.0;
        for f in 0..width {
            dot += w[f] * dy[f] * row[f];
            dw[f] += dy[f] * row[f] * s;
        }
        for f in 0..width {
            dx.push(s * (w[f] * dy[f] - row[f] * s * s * dot / width as f64));
        }
    }
    (dx, dw)
}
