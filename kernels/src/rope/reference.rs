//! Plain loops in double precision: the definition of the op.

use super::Turn;

/// x `[O, T, D]`, angles `[P, D]` -> y `[O, T, D]`.
pub fn rope(turn: Turn, x: &[f64], angles: &[f64]) -> Vec<f64> {
    let (width, half) = (turn.width, turn.width / 2);
    let mut y = vec![0.0; x.len()];
    for (r, (x, y)) in x.chunks(width.max(1)).zip(y.chunks_mut(width.max(1))).enumerate() {
        let place = turn.start + r % turn.places;
        for f in 0..half {
            let (cos, sin) = (angles[place * width + f], angles[place * width + half + f]);
            let sin = if turn.back { -sin } else { sin };
            y[f] = x[f] * cos - x[half + f] * sin;
            y[half + f] = x[half + f] * cos + x[f] * sin;
        }
    }
    y
}
