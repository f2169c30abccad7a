//! Plain loops in double precision: the definition of the op.

/// x `[rows, I]`, W `[R, I, O]`, one id per row -> y `[rows, O]`.
pub fn relation_linear(ids: &[u32], x: &[f64], w: &[f64], inputs: usize, outputs: usize) -> Vec<f64> {
    let mut y = vec![0.0; ids.len() * outputs];
    for (row, &id) in ids.iter().enumerate() {
        for i in 0..inputs {
            for o in 0..outputs {
                y[row * outputs + o] += x[row * inputs + i] * w[(id as usize * inputs + i) * outputs + o];
            }
        }
    }
    y
}

/// dy `[rows, O]` -> (dx, dW).
pub fn relation_linear_backward(ids: &[u32], x: &[f64], w: &[f64], inputs: usize, outputs: usize, dy: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut dx, mut dw) = (vec![0.0; x.len()], vec![0.0; w.len()]);
    for (row, &id) in ids.iter().enumerate() {
        for i in 0..inputs {
            for o in 0..outputs {
                let (at, weight) = (row * inputs + i, (id as usize * inputs + i) * outputs + o);
                dx[at] += dy[row * outputs + o] * w[weight];
                dw[weight] += x[at] * dy[row * outputs + o];
            }
        }
    }
    (dx, dw)
}
