//! A 64-bit digest that tells damaged files and other datasets; it is no protection against forgery.

/// FNV-1a of the bytes, eight at a time, in hexadecimal.
pub fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        let (words, rest) = part.as_chunks::<8>();
        for word in words {
            hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(PRIME).rotate_left(29);
        }
        for byte in rest {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
        // Where a part ends matters too.
        hash = (hash ^ part.len() as u64).wrapping_mul(PRIME).rotate_left(29);
    }
    format!("{hash:016x}")
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
}
