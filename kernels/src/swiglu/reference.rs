//! Plain loops in double precision: the definition of the op.

fn sigmoid(a: f64) -> f64 {
    1.0 / (1.0 + (-a).exp())
}

/// a, b `[n]` -> y `[n]`.
pub fn swiglu(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(&a, &b)| a * sigmoid(a) * b).collect()
}

/// dy `[n]` -> (da `[n]`, db `[n]`).
pub fn swiglu_backward(a: &[f64], b: &[f64], dy: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut da, mut db) = (Vec::with_capacity(a.len()), Vec::with_capacity(a.len()));
    for i in 0..a.len() {
        let s = sigmoid(a[i]);
        da.push(dy[i] * b[i] * s * (1.0 + a[i] * (1.0 - s)));
        db.push(dy[i] * a[i] * s);
    }
    (da, db)
}
