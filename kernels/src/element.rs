//! The storage types of a kernel and the type it sums in.

use half::{bf16, f16};

use crate::half_bits;

/// A floating-point storage type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DType {
    /// IEEE double; host only.
    F64,
    /// IEEE single.
    F32,
    /// IEEE half.
    F16,
    /// bfloat16.
    BF16,
}

impl DType {
    /// Bytes of one element.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
        }
    }

    /// The name used on the command line and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F64 => "f64",
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::BF16 => "bf16",
        }
    }

    /// Unit round-off: half the distance from 1 to the next number.
    pub const fn unit_roundoff(self) -> f64 {
        match self {
            Self::F64 => 1.110_223_024_625_156_5e-16,
            Self::F32 => 5.960_464_477_539_063e-8,
            Self::F16 => 4.882_812_5e-4,
            Self::BF16 => 3.906_25e-3,
        }
    }
}

impl std::fmt::Display for DType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for DType {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "f64" => Ok(Self::F64),
            "f32" => Ok(Self::F32),
            "f16" => Ok(Self::F16),
            "bf16" => Ok(Self::BF16),
            _ => Err(format!("unknown type {s:?}, expected f64, f32, f16 or bf16")),
        }
    }
}

/// The arithmetic that host kernels need of the type they sum in.
pub trait Acc:
    Copy
    + Send
    + Sync
    + PartialOrd
    + std::fmt::Debug
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
    + std::ops::AddAssign
    + bytemuck::Pod
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// −∞.
    const NEG_INFINITY: Self;
    /// +∞.
    const INFINITY: Self;
    /// Rounds from double.
    fn from_f64(x: f64) -> Self;
    /// Widens to double.
    fn to_f64(self) -> f64;
    /// e^self, within 2 units in the last place.
    fn exp(self) -> Self;
    /// e^self for self <= 0, likewise; 0 where the result would be no normal number.
    fn exp_below(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
}

macro_rules! acc {
    ($t:ty, $exp:path, $exp_below:path) => {
        impl Acc for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NEG_INFINITY: Self = <$t>::NEG_INFINITY;
            const INFINITY: Self = <$t>::INFINITY;
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn exp(self) -> Self {
                $exp(self)
            }
            #[inline(always)]
            fn exp_below(self) -> Self {
                $exp_below(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                <$t>::ln(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                <$t>::sqrt(self)
            }
        }
    };
}
acc!(f32, crate::exp::exp, crate::exp::exp_below);
acc!(f64, f64::exp, f64::exp);

/// A storage type of host kernels: f64 sums in f64, the others in f32.
pub trait Element: bytemuck::Pod + Send + Sync + PartialOrd + std::fmt::Debug + 'static {
    /// The type of sums.
    type Acc: Acc;
    /// The run-time name of this type.
    const DTYPE: DType;
    /// Widens to the type of sums.
    fn to_acc(self) -> Self::Acc;
    /// Rounds to nearest, ties to even.
    fn from_acc(x: Self::Acc) -> Self;
    /// Widens to double.
    fn to_f64(self) -> f64;
    /// Rounds from double.
    fn from_f64(x: f64) -> Self;
}

macro_rules! element {
    ($t:ty, $acc:ty, $dtype:ident, |$x:ident| $to:expr, |$a:ident| $from:expr) => {
        impl Element for $t {
            type Acc = $acc;
            const DTYPE: DType = DType::$dtype;
            #[inline(always)]
            fn to_acc(self) -> $acc {
                let $x = self;
                $to
            }
            #[inline(always)]
            fn from_acc($a: $acc) -> Self {
                $from
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self.to_acc())
            }
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                Self::from_acc(x as $acc)
            }
        }
    };
}
element!(f64, f64, F64, |x| x, |a| a);
element!(f32, f32, F32, |x| x, |a| a);
element!(f16, f32, F16, |x| half_bits::f16_to_f32(x.to_bits()), |a| f16::from_bits(half_bits::f32_to_f16(a)));
element!(bf16, f32, BF16, |x| half_bits::bf16_to_f32(x.to_bits()), |a| bf16::from_bits(half_bits::f32_to_bf16(a)));

/// To double.
pub fn widen<E: Element>(x: &[E]) -> Vec<f64> {
    x.iter().map(|v| v.to_f64()).collect()
}

/// From double, rounded.
pub fn narrow<E: Element>(x: &[f64]) -> Vec<E> {
    x.iter().map(|&v| E::from_f64(v)).collect()
}
