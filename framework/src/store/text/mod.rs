//! Search in the texts of strings: an index of their trigrams, and the order of the dictionary for how they begin.
//!
//! The index covers strings with a language and without, those that SPARQL's functions on strings take. A text is folded ([`fold()`]), then each three
//! bytes that follow each other are a key; for every key there is the ascending list of the ids whose text has it. A part that a text has to contain is folded,
//! too: whatever contains it is in the lists of all of its keys. What the lists agree on may still lack the part: who searches tests it.

mod build;
mod fold;
mod index;
mod search;

pub(super) use index::TextIndex;

use build::build;
use fold::fold;

/// Three bytes of a folded text.
type Key = u32;

/// Bytes of a key.
const WIDTH: usize = 3;

/// The keys of a folded text, in the order in which they stand there.
fn keys(folded: &str) -> impl Iterator<Item = Key> + '_ {
    folded.as_bytes().windows(WIDTH).map(|bytes| u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]))
}

/// Adds a number of any size, seven bits a byte, the lowest first; all bytes but the last have the highest bit set.
fn put(mut number: u32, to: &mut Vec<u8>) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

/// The numbers that [`put`] wrote; other bytes give other numbers.
fn numbers(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (mut number, mut shift) = (0_u32, 0);
        loop {
            let byte = *bytes.get(at)?;
            at += 1;
            number |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            shift += 7;
            if byte < 0x80 {
                return Some(number);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_and_any_bytes_are_read() {
        let all = [0, 1, 127, 128, 16_383, 16_384, 1 << 28, u32::MAX];
        let mut bytes = Vec::new();
        all.iter().for_each(|number| put(*number, &mut bytes));
        assert_eq!(numbers(&bytes).collect::<Vec<_>>(), all);
        assert_eq!(numbers(&[0xff; 40]).count(), 0);
        assert_eq!(numbers(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 3]).last(), Some(3));
        assert_eq!(keys("abcd").collect::<Vec<_>>(), [0x0061_6263, 0x0062_6364]);
        assert_eq!(keys("é").count(), 0);
    }
}
