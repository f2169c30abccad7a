//! f16 and bf16 to and from f32 by integer arithmetic without branches, so that loops over them vectorise on any instruction set
//! (the `half` crate asks for the CPU's features at every element). After F. Giesen, "float->half variants", public domain.

/// Bits of 2^-14, the smallest normal f16.
const SMALLEST_NORMAL: u32 = 113 << 23;

/// IEEE half to single; exact.
#[inline(always)]
pub(crate) fn f16_to_f32(h: u16) -> f32 {
    let magnitude = u32::from(h & 0x7fff) << 13;
    let exponent = magnitude & (0x7c00 << 13);
    let normal = magnitude + ((127 - 15) << 23);
    let special = normal + ((128 - 16) << 23);
    let subnormal = (f32::from_bits(normal + (1 << 23)) - f32::from_bits(SMALLEST_NORMAL)).to_bits();
    let bits = if exponent == 0x7c00 << 13 { special } else { normal };
    let bits = if exponent == 0 { subnormal } else { bits };
    f32::from_bits(bits | (u32::from(h & 0x8000) << 16))
}

/// Single to IEEE half, to nearest, ties to even; every NaN becomes the quiet one of its sign.
#[inline(always)]
pub(crate) fn f32_to_f16(x: f32) -> u16 {
    let sign = x.to_bits() & 0x8000_0000;
    let bits = x.to_bits() ^ sign;
    let odd = (bits >> 13) & 1;
    let normal = bits.wrapping_sub((127 - 15) << 23).wrapping_add(0xfff + odd) >> 13;
    // Adding 0.5 moves the kept bits of a subnormal to the end of the mantissa, rounded by the adder.
    let subnormal = (f32::from_bits(bits) + 0.5).to_bits().wrapping_sub(0.5f32.to_bits());
    let special = if bits > 0x7f80_0000 { 0x7e00 } else { 0x7c00 };
    let small = if bits < SMALLEST_NORMAL { subnormal } else { normal };
    let half = if bits >= (127 + 16) << 23 { special } else { small };
    (half | (sign >> 16)) as u16
}

/// bfloat16 to single; exact.
#[inline(always)]
pub(crate) fn bf16_to_f32(h: u16) -> f32 {
    f32::from_bits(u32::from(h) << 16)
}

/// Single to bfloat16, to nearest, ties to even; NaN stays NaN.
#[inline(always)]
pub(crate) fn f32_to_bf16(x: f32) -> u16 {
    let bits = x.to_bits();
    let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16;
    let nan = (bits >> 16) | 0x40;
    (if bits & 0x7fff_ffff > 0x7f80_0000 { nan } else { rounded }) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::{bf16, f16};

    #[test]
    fn every_half_widens_as_the_half_crate_does() {
        for h in 0..=u16::MAX {
            let (a, b) = (f16_to_f32(h), f16::from_bits(h).to_f32());
            assert!(a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()), "f16 {h:#06x}: {a} {b}");
            let (a, b) = (bf16_to_f32(h), bf16::from_bits(h).to_f32());
            assert!(a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()), "bf16 {h:#06x}: {a} {b}");
        }
    }

    #[test]
    fn singles_round_as_the_half_crate_does() {
        for bits in
            (0..u32::MAX).step_by(9973).chain(0x3300_0000..0x3300_0100).chain(0x477f_ef00..0x477f_f100).chain([0x7f80_0000, 0xff80_0000])
        {
            let x = f32::from_bits(bits);
            let (a, b) = (f16::from_bits(f32_to_f16(x)), f16::from_f32(x));
            assert!(a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()), "f16 of {bits:#010x}: {a} {b}");
            let (a, b) = (bf16::from_bits(f32_to_bf16(x)), bf16::from_f32(x));
            assert!(a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()), "bf16 of {bits:#010x}: {a} {b}");
        }
    }
}
