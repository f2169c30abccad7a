//! e^x in single precision without branches or tables, so that loops over it vectorise.

/// e^x within 2 ulp; NaN stays NaN, overflow gives +∞, underflow passes through the subnormals to 0.
///
/// x = n·ln 2 + r with |r| <= ln 2 / 2, e^r by the polynomial of Cephes' `expf` (S. Moshier), then two exact scalings by powers of 2.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    let x = if x < -104.0 { -104.0 } else { x };
    let x = if x > 89.0 { 89.0 } else { x };
    let (y, n) = parts(x);
    let half = n >> 1;
    y * power_of_two(half) * power_of_two(n.wrapping_sub(half))
}

/// e^x within 2 ulp for x <= 0, as softmax needs it; 0 where the result would be no normal number.
#[inline(always)]
pub(crate) fn exp_below(x: f32) -> f32 {
    // n is −127 there, whose power of two is written as 0.
    let x = if x < -88.0 { -88.0 } else { x };
    let (y, n) = parts(x);
    y * power_of_two(n)
}

/// e^r and n.
#[inline(always)]
fn parts(x: f32) -> (f32, i32) {
    const SHIFT: f32 = 12_582_912.0; // 1.5 · 2^23: adding it rounds to an integer held in the low bits
    let shifted = x * std::f32::consts::LOG2_E + SHIFT;
    let n = shifted - SHIFT;
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    (p * r * r + r + 1.0, (shifted.to_bits() as i32).wrapping_sub(SHIFT.to_bits() as i32))
}

#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::{exp, exp_below};

    #[test]
    fn within_two_ulp_of_the_double_result() {
        for i in -103_000..=88_700 {
            let x = i as f32 * 1e-3;
            let want = f64::from(x).exp();
            let ulp = f64::from((want as f32).max(f32::MIN_POSITIVE)) * f64::from(f32::EPSILON);
            let got = f64::from(exp(x));
            assert!((got - want).abs() <= 2.0 * ulp, "exp({x}) = {got}, expected {want}");
        }
    }

    #[test]
    fn below_0_the_short_form_gives_the_same_bits_down_to_the_normal_numbers() {
        for i in 0..=87_000 {
            let x = i as f32 * -1e-3;
            assert_eq!(exp_below(x).to_bits(), exp(x).to_bits(), "{x}");
        }
        for x in [-88.0, -1e9, f32::NEG_INFINITY] {
            assert_eq!(exp_below(x), 0.0);
        }
        assert!(exp_below(f32::NAN).is_nan());
    }

    #[test]
    fn the_ends_of_the_range() {
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(f32::NAN).is_nan());
    }
}
