//! A 64-bit digest that tells damaged files, other datasets and other splits; it is no protection against forgery.

use hypergraphql_framework::Split;

const PRIME: u64 = 0x0000_0100_0000_01b3;
/// Numbers that are turned into bytes at a time, so that a digest of large features needs no copy of them.
const CHUNK: usize = 1 << 16;

/// FNV-1a, eight bytes at a time, fed part by part.
#[derive(Debug)]
pub(super) struct Digest(u64);

impl Digest {
    pub(super) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Takes bytes in; where a part ends matters too.
    pub(super) fn part(&mut self, part: &[u8]) {
        let (words, rest) = part.as_chunks::<8>();
        for word in words {
            self.0 = (self.0 ^ u64::from_le_bytes(*word)).wrapping_mul(PRIME).rotate_left(29);
        }
        for byte in rest {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
        self.0 = (self.0 ^ part.len() as u64).wrapping_mul(PRIME).rotate_left(29);
    }

    /// Takes numbers in as their bytes.
    pub(super) fn numbers<const N: usize>(&mut self, numbers: impl IntoIterator<Item = [u8; N]>) {
        let mut bytes = Vec::with_capacity(CHUNK * N);
        for number in numbers {
            bytes.extend(number);
            if bytes.len() == CHUNK * N {
                self.part(&bytes);
                bytes.clear();
            }
        }
        self.part(&bytes);
    }

    /// In hexadecimal.
    pub(super) fn finish(self) -> String {
        format!("{:016x}", self.0)
    }
}

/// The digest of some parts.
pub fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut digest = Digest::new();
    parts.into_iter().for_each(|part| digest.part(part));
    digest.finish()
}

/// The digest of which nodes some splits train, validate and test on.
pub fn split_digest<'a>(splits: impl IntoIterator<Item = &'a Split>) -> String {
    let mut digest = Digest::new();
    for Split { train, valid, test } in splits {
        [train, valid, test].into_iter().for_each(|nodes| digest.numbers(nodes.iter().map(|n| n.to_le_bytes())));
    }
    digest.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_and_border_matters() {
        let base = digest([&b"0123456789abc"[..]]);
        assert_eq!(base, digest([&b"0123456789abc"[..]]));
        for i in 0..13 {
            let mut bytes = *b"0123456789abc";
            bytes[i] ^= 1;
            assert_ne!(base, digest([&bytes[..]]), "byte {i}");
        }
        assert_ne!(base, digest([&b"0123456789ab"[..], &b"c"[..]]));
        assert_ne!(base, digest([&b"0123456789abc\0"[..]]));
    }

    #[test]
    fn splits_of_equal_sizes_differ() {
        let split = |train: &[u32], valid: &[u32]| Split { train: train.into(), valid: valid.into(), test: vec![7] };
        let of = |splits: &[Split]| split_digest(splits);
        let base = of(&[split(&[0, 1], &[2, 3])]);
        assert_eq!(base, of(&[split(&[0, 1], &[2, 3])]));
        assert_ne!(base, of(&[split(&[0, 2], &[1, 3])]));
        assert_ne!(base, of(&[split(&[0, 1, 2], &[3])]));
        assert_ne!(base, of(&[split(&[0, 1], &[2, 3]), split(&[], &[])]));
    }
}
