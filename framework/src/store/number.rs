//! Exact order of numeric values across decimal and binary types.

use std::cmp::Ordering;

use oxsdatatypes::{Decimal, Double, Float, Integer};

/// Digits of a decimal after the point.
const SCALE: u128 = 1_000_000_000_000_000_000;
/// Doubles from here on lie outside the range of decimals, which is i128 / 10^18 (about 1.7e20).
const DECIMAL_LIMIT: f64 = 170_141_183_460_469_231_731.0;

/// A numeric value, ordered by exact value whatever its datatype; not NaN.
#[derive(Clone, Copy, Debug)]
pub struct Number {
    /// -1, 1: a double below or above every decimal.
    range: i8,
    /// Floor of the value times 10^18; 0 out of the range of decimals.
    scaled: i128,
    /// Minus infinity where `scaled` is the whole value, else the value: it orders doubles of equal floor.
    rest: f64,
}

impl Number {
    /// The value of a double; none for NaN.
    pub fn from_f64(value: f64) -> Option<Self> {
        if value.is_nan() {
            return None;
        }
        if value.abs() >= DECIMAL_LIMIT {
            return Some(Self { range: if value > 0.0 { 1 } else { -1 }, scaled: 0, rest: value });
        }
        let (scaled, exact) = scaled_floor(value);
        Some(Self { range: 0, scaled, rest: if exact { f64::NEG_INFINITY } else { value } })
    }

    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        if self.rest != f64::NEG_INFINITY || self.range != 0 {
            return self.rest;
        }
        Double::from(Decimal::from_be_bytes(self.scaled.to_be_bytes())).into()
    }
}

impl From<Integer> for Number {
    fn from(value: Integer) -> Self {
        Decimal::from(value).into()
    }
}

impl From<Decimal> for Number {
    fn from(value: Decimal) -> Self {
        Self { range: 0, scaled: i128::from_be_bytes(value.to_be_bytes()), rest: f64::NEG_INFINITY }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.range.cmp(&other.range).then(self.scaled.cmp(&other.scaled)).then_with(|| self.rest.total_cmp(&other.rest))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

/// Floor of `value * 10^18` without rounding, and whether nothing was cut off.
fn scaled_floor(value: f64) -> (i128, bool) {
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    // value = mantissa * 2^shift
    let (mantissa, shift) = if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) };
    let product = u128::from(mantissa) * SCALE; // below 2^53 * 2^60
    let (magnitude, exact) = match shift {
        // |value| < 2^68 and a 53-bit mantissa: at most 15 places, but 10^18 takes 60 bits, so the integer part is scaled afterwards.
        0.. => (((u128::from(mantissa)) << shift) * SCALE, true),
        -127..0 => (product >> -shift, product & ((1 << -shift) - 1) == 0),
        _ => (0, product == 0),
    };
    let magnitude = magnitude as i128;
    match value.is_sign_negative() {
        false => (magnitude, exact),
        true if exact => (-magnitude, true),
        true => (-magnitude - 1, false),
    }
}

/// Reads a numeric of this datatype's code; none if it is ill-typed or out of range, `Some(Err)` for NaN.
pub(super) fn parse(code: u8, lexical: &str) -> Option<Result<Number, NotANumber>> {
    match code {
        0 | 4..=15 => {
            let value = integer(lexical)?;
            in_range(code, value).then(|| Ok(value.into()))
        }
        1 => Some(Ok(lexical.parse::<Decimal>().ok()?.into())),
        2 if is_xsd_double(lexical) => Some(from_double(f64::from(f32::from(lexical.parse::<Float>().ok()?)))),
        3 if is_xsd_double(lexical) => Some(from_double(lexical.parse::<Double>().ok()?.into())),
        _ => None,
    }
}

/// The value that has no place in the order of numbers.
pub(super) struct NotANumber;

fn from_double(value: f64) -> Result<Number, NotANumber> {
    Number::from_f64(value).ok_or(NotANumber)
}

/// Integers of up to 64 bits, or of the range of decimals.
fn integer(lexical: &str) -> Option<Decimal> {
    match lexical.parse::<Integer>() {
        Ok(value) => Some(value.into()),
        Err(_) if lexical.contains('.') => None,
        Err(_) => lexical.parse().ok(),
    }
}

/// Whether the derived integer type of this code has the value.
fn in_range(code: u8, value: Decimal) -> bool {
    let (low, high): (Option<i64>, Option<u64>) = match code {
        4 => (None, Some(0)),
        5 => return value < Decimal::from(0),
        6 => (Some(i64::MIN), Some(i64::MAX as u64)),
        7 => (Some(i64::from(i32::MIN)), Some(i32::MAX as u64)),
        8 => (Some(i64::from(i16::MIN)), Some(i16::MAX as u64)),
        9 => (Some(i64::from(i8::MIN)), Some(i8::MAX as u64)),
        10 => (Some(0), None),
        11 => (Some(0), Some(u64::MAX)),
        12 => (Some(0), Some(u64::from(u32::MAX))),
        13 => (Some(0), Some(u64::from(u16::MAX))),
        14 => (Some(0), Some(u64::from(u8::MAX))),
        15 => (Some(1), None),
        _ => (None, None),
    };
    low.is_none_or(|low| value >= Decimal::from(low)) && high.is_none_or(|high| value <= Decimal::from(high))
}

/// Rust reads `inf`, `infinity` and `nan` too, which XSD does not.
fn is_xsd_double(lexical: &str) -> bool {
    matches!(lexical, "INF" | "+INF" | "-INF" | "NaN")
        || lexical.bytes().all(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(value: f64) -> Number {
        Number::from_f64(value).unwrap()
    }

    fn decimal(value: &str) -> Number {
        value.parse::<Decimal>().unwrap().into()
    }

    #[test]
    fn exact_across_types() {
        // 0.1 as a double is 0.1000000000000000055511…
        assert!(double(0.1) > decimal("0.1"));
        assert!(double(0.1) < decimal("0.100000000000000006"));
        assert_eq!(double(0.5), decimal("0.5"));
        assert_eq!(double(-0.5), decimal("-0.5"));
        assert!(double(-0.1) < decimal("-0.1"));
        assert!(double(-0.1) > decimal("-0.100000000000000006"));
        assert_eq!(double(-0.0), decimal("0"));
        assert!(double(f64::MIN_POSITIVE) > decimal("0"));
        assert!(double(5e-324) > decimal("0") && double(5e-324) < double(1e-323));
        assert!(double(-5e-324) < decimal("0") && double(-5e-324) > decimal("-0.000000000000000001"));
        assert!(decimal("9007199254740993") > double(9_007_199_254_740_992.0));
        assert!(double(1e20) < double(1e21) && double(-1e21) < double(-1e20));
        assert_eq!(double(1e20), decimal("100000000000000000000"));
        assert!(double(f64::INFINITY) > double(f64::MAX) && double(f64::NEG_INFINITY) < double(f64::MIN));
        assert!(decimal("170141183460469231731.687303715884105727") < double(1.8e20));
        assert!(decimal("-170141183460469231731.687303715884105727") > double(-1.8e20));
        assert!(double(170_141_183_460_469_220_000.0) < decimal("170141183460469231731"));
    }

    #[test]
    fn order_of_doubles_is_kept() {
        let mut values =
            vec![0.0, 1e-300, 1e-19, 1.5e-18, 2.5e-18, 0.1, 0.3, 1.0 / 3.0, 1.0, 1e10, 123_456_789.123, 1e19, 1.6e20, 1.8e20, f64::MAX];
        values.extend(values.clone().iter().skip(1).map(|v| -v));
        values.sort_by(f64::total_cmp);
        assert!(values.windows(2).all(|pair| double(pair[0]) < double(pair[1])));
        assert!(values.iter().all(|v| double(*v).to_f64() == *v), "{values:?}");
    }

    #[test]
    fn ill_typed_is_no_number() {
        for (code, lexical) in
            [(0, "1.0"), (0, ""), (9, "300"), (5, "0"), (15, "0"), (3, "inf"), (3, "nan"), (2, "infinity"), (1, "1e0"), (16, "1")]
        {
            assert!(parse(code, lexical).is_none(), "{code} {lexical}");
        }
        assert!(matches!(parse(3, "NaN"), Some(Err(NotANumber))));
        assert!(matches!(parse(11, "18446744073709551615"), Some(Ok(_))));
        assert!(parse(0, "1000000000000000000000000000000").is_none());
    }
}
