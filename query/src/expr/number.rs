//! Numbers: promotion, comparison by value and by exact value.

use std::cmp::Ordering;

use oxsdatatypes::{Decimal, Double, Float, Integer};

use super::value::Value;

/// Units of a decimal's last digit in one.
pub(super) const SCALE: i128 = 1_000_000_000_000_000_000;
/// Every decimal is below this and above its negative.
const DECIMAL_LIMIT: f64 = 170_141_183_460_469_231_731.0;

/// A number of one of the four types that arithmetic knows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Numeric {
    Integer(i64),
    Decimal(Decimal),
    Float(Float),
    Double(Double),
}

/// Two numbers of one type, the smallest that has both.
pub(super) enum Promoted {
    Integer(i64, i64),
    Decimal(Decimal, Decimal),
    Float(Float, Float),
    Double(Double, Double),
}

impl Value {
    /// Its number, if it is one.
    pub(super) fn numeric(&self) -> Option<Numeric> {
        match self.plain() {
            Self::Integer(value) => Some(Numeric::Integer(*value)),
            Self::Decimal(value) => Some(Numeric::Decimal(*value)),
            Self::Float(value) => Some(Numeric::Float(*value)),
            Self::Double(value) => Some(Numeric::Double(*value)),
            _ => None,
        }
    }
}

impl From<Numeric> for Value {
    fn from(value: Numeric) -> Self {
        match value {
            Numeric::Integer(value) => Self::Integer(value),
            Numeric::Decimal(value) => Self::Decimal(value),
            Numeric::Float(value) => Self::Float(value),
            Numeric::Double(value) => Self::Double(value),
        }
    }
}

impl Numeric {
    /// Numeric type promotion and subtype substitution of XPath.
    pub(super) fn promote(self, other: Self) -> Promoted {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Promoted::Integer(a, b),
            (Self::Double(a), b) => Promoted::Double(a, b.double()),
            (a, Self::Double(b)) => Promoted::Double(a.double(), b),
            (Self::Float(a), b) => Promoted::Float(a, b.float()),
            (a, Self::Float(b)) => Promoted::Float(a.float(), b),
            (Self::Decimal(a), Self::Decimal(b)) => Promoted::Decimal(a, b),
            (Self::Decimal(a), Self::Integer(b)) => Promoted::Decimal(a, b.into()),
            (Self::Integer(a), Self::Decimal(b)) => Promoted::Decimal(a.into(), b),
        }
    }

    /// By value after promotion, as the operators compare; none with NaN.
    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        match self.promote(other) {
            Promoted::Integer(a, b) => Some(a.cmp(&b)),
            Promoted::Decimal(a, b) => Some(a.cmp(&b)),
            Promoted::Float(a, b) => a.partial_cmp(&b),
            Promoted::Double(a, b) => a.partial_cmp(&b),
        }
    }

    /// By exact value, which orders all numbers that are not NaN, as promotion does not: of 2^53 and 2^53 + 1 both are equal to the double 2^53.
    pub(super) fn compare_exact(self, other: Self) -> Ordering {
        match (self.exact(), other.exact()) {
            (Exact::Decimal(a), Exact::Decimal(b)) => a.cmp(&b),
            (Exact::Binary(a), Exact::Binary(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            (Exact::Decimal(a), Exact::Binary(b)) => compare_decimal(a, b),
            (Exact::Binary(a), Exact::Decimal(b)) => compare_decimal(b, a).reverse(),
        }
    }

    pub(super) fn is_nan(self) -> bool {
        match self {
            Self::Float(value) => value.is_nan(),
            Self::Double(value) => value.is_nan(),
            Self::Integer(_) | Self::Decimal(_) => false,
        }
    }

    pub(super) fn double(self) -> Double {
        match self {
            Self::Integer(value) => Integer::from(value).into(),
            Self::Decimal(value) => value.into(),
            Self::Float(value) => value.into(),
            Self::Double(value) => value,
        }
    }

    pub(super) fn float(self) -> Float {
        match self {
            Self::Integer(value) => Integer::from(value).into(),
            Self::Decimal(value) => value.into(),
            Self::Float(value) => value,
            Self::Double(value) => value.into(),
        }
    }

    /// The decimal of the same value, cut to 18 digits; none if it is out of range. (That of `oxsdatatypes` rounds on the way.)
    pub(super) fn decimal(self) -> Option<Decimal> {
        match self.exact() {
            Exact::Decimal(value) => Some(Decimal::from_be_bytes(value.to_be_bytes())),
            Exact::Binary(value) if value.abs() < DECIMAL_LIMIT => {
                let (fraction, _) = scaled(value.fract().abs());
                let fraction = if value < 0.0 { -fraction } else { fraction };
                let value = (value.trunc() as i128).checked_mul(SCALE)?.checked_add(fraction)?;
                Some(Decimal::from_be_bytes(value.to_be_bytes()))
            }
            Exact::Binary(_) => None,
        }
    }

    fn exact(self) -> Exact {
        match self {
            Self::Integer(value) => Exact::Decimal(i128::from(value) * SCALE),
            Self::Decimal(value) => Exact::Decimal(i128::from_be_bytes(value.to_be_bytes())),
            Self::Float(value) => Exact::Binary(value.into()),
            Self::Double(value) => Exact::Binary(value.into()),
        }
    }
}

/// A number without rounding: a decimal in units of its last digit, or a double.
enum Exact {
    Decimal(i128),
    Binary(f64),
}

fn compare_decimal(decimal: i128, binary: f64) -> Ordering {
    if binary.abs() >= DECIMAL_LIMIT {
        return if binary > 0.0 { Ordering::Less } else { Ordering::Greater };
    }
    // Within the limit the whole part of a double is an i128.
    let whole = binary.trunc() as i128;
    (decimal / SCALE).cmp(&whole).then_with(|| {
        let (magnitude, rest) = scaled(binary.fract().abs());
        let (fraction, beyond) = if binary < 0.0 { (-magnitude, Ordering::Greater) } else { (magnitude, Ordering::Less) };
        (decimal % SCALE).cmp(&fraction).then(if rest { beyond } else { Ordering::Equal })
    })
}

/// Floor of a fraction below 1 in units of a decimal's last digit, and whether something is left.
fn scaled(fraction: f64) -> (i128, bool) {
    let bits = fraction.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as u32;
    let mantissa = bits & ((1 << 52) - 1);
    // fraction = mantissa / 2^shift, of which the shift is at least 53
    let (mantissa, shift) = if exponent == 0 { (mantissa, 1074) } else { (mantissa | 1 << 52, 1075 - exponent) };
    let product = u128::from(mantissa) * SCALE.unsigned_abs(); // below 2^53 * 2^60
    if shift >= 128 { (0, product != 0) } else { ((product >> shift) as i128, product & ((1 << shift) - 1) != 0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(value: f64) -> Numeric {
        Numeric::Double(value.into())
    }

    fn decimal(value: &str) -> Numeric {
        Numeric::Decimal(value.parse().unwrap())
    }

    #[test]
    fn exact_where_promotion_rounds() {
        assert_eq!(double(9_007_199_254_740_992.0).compare(Numeric::Integer(9_007_199_254_740_993)), Some(Ordering::Equal));
        let ascending = [
            double(f64::NEG_INFINITY),
            double(-1.8e20),
            decimal("-170141183460469231731.687303715884105727"),
            double(-0.1),
            decimal("-0.1"),
            double(-5e-324),
            decimal("0"),
            double(5e-324),
            decimal("0.1"),
            double(0.1),
            decimal("0.100000000000000006"),
            double(9_007_199_254_740_992.0),
            Numeric::Integer(9_007_199_254_740_993),
            Numeric::Integer(i64::MAX),
            double(9_223_372_036_854_775_808.0),
            double(f64::INFINITY),
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(a.compare_exact(*b), i.cmp(&j), "{a:?} {b:?}");
            }
        }
        assert_eq!(double(0.5).compare_exact(decimal("0.5")), Ordering::Equal);
        assert_eq!(double(-0.0).compare_exact(decimal("0")), Ordering::Equal);
    }
}
