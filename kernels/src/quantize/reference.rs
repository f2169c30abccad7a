//! Plain loops over rows: the definition of the op.

use super::{LARGEST, SMALLEST};

/// x `[rows, F]` -> q `[rows, F]` and scale `[rows]`.
pub fn quantize(x: &[f64], rows: usize) -> (Vec<i8>, Vec<f64>) {
    let (mut q, mut scales) = (Vec::new(), Vec::new());
    let width = x.len() / rows.max(1);
    for r in 0..rows {
        let row: Vec<f64> = x[r * width..(r + 1) * width].iter().map(|&x| f64::from(x as f32)).collect();
        let largest = row.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        let scale = match largest {
            _ if row.iter().any(|x| !x.is_finite()) => f64::NAN,
            _ if largest < f64::from(SMALLEST) => 0.0,
            _ => largest / f64::from(LARGEST),
        };
        scales.push(scale);
        q.extend(row.iter().map(|x| if scale > 0.0 { (x / scale).round_ties_even() as i8 } else { 0 }));
    }
    (q, scales)
}

/// q `[rows, F]`, scale `[rows]` -> x' `[rows, F]`.
pub fn dequantize(q: &[i8], scales: &[f64]) -> Vec<f64> {
    let width = q.len() / scales.len().max(1);
    q.iter().enumerate().map(|(i, &q)| f64::from(q) * scales[i / width]).collect()
}
