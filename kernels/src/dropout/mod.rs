//! `dropout`: zeroes elements with probability p, by a hash of (seed, step, element).
//!
//! ```text
//! y_i = x_i / (1 − p)  if hash(seed, step, i) >= p·2^32,  else 0
//! ```
//!
//! Counter-based, so that a resumed run draws the same masks, and the gradient is the op itself on dy with the same seed and step.
//! i is the row-major flat index. Moves 2 elements per element. Deterministic, the same on every device.
//! The hash is two rounds of MurmurHash3's 32-bit finaliser (public domain, A. Appleby) keyed by (seed, step).

#[cfg(feature = "cube")]
pub(crate) mod cube;
pub mod host;
#[cfg(feature = "cube")]
pub mod launch;
pub mod reference;

use crate::error::KernelError;

/// A dropout mask, ready for the kernels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mask {
    /// First key.
    pub k0: u32,
    /// Second key.
    pub k1: u32,
    /// An element is dropped when its hash is below this.
    pub threshold: u32,
    /// 1 / (1 − p)
    pub scale: f64,
}

impl Mask {
    /// The mask of `step` in a run with `seed`.
    ///
    /// # Errors
    /// `p` outside 0 <= p < 1.
    pub fn new(p: f64, seed: u64, step: u64) -> Result<Self, KernelError> {
        if !(0.0..1.0).contains(&p) {
            return Err(KernelError::Option { op: "dropout", argument: "p", got: p.to_string(), expected: "0 <= p < 1" });
        }
        let k0 = mix(seed as u32 ^ mix(step as u32 ^ 0x9e37_79b9));
        let k1 = mix((seed >> 32) as u32 ^ mix((step >> 32) as u32 ^ k0));
        Ok(Self { k0, k1, threshold: (p * 4_294_967_296.0) as u32, scale: 1.0 / (1.0 - p) })
    }

    /// Whether element `i` is kept.
    #[inline(always)]
    pub fn keeps(self, i: u64) -> bool {
        let high = ((i >> 32) as u32).wrapping_mul(0x9e37_79b9);
        mix(mix(i as u32 ^ self.k0).wrapping_add(self.k1).wrapping_add(high)) >= self.threshold
    }
}

/// MurmurHash3's 32-bit finaliser: every input bit changes about half of the output bits.
#[inline(always)]
pub fn mix(mut h: u32) -> u32 {
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h = h.wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}
