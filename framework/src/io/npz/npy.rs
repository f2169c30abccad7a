//! One array in numpy's format (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>).
//!
//! npyz and ndarray-npy multiply the shape unchecked or reserve what the header claims; here the header is read first, held
//! against what is known of the array and against the size of the archive's entry, and only then the elements are read.

use std::io::Read;

/// The longest header read; numpy's own limit is 10,000 characters.
const LONGEST_HEADER: usize = 10_000;

/// The largest element read, in bytes: only `format` has others than numbers, three characters.
const LARGEST_ITEM: usize = 1024;

/// An array of the archive: its little-endian elements in C order.
#[derive(Debug)]
pub(super) struct Array {
    kind: u8,
    item: usize,
    pub(super) shape: Vec<u64>,
    bytes: Vec<u8>,
}

/// What an array says of itself before its elements.
pub(super) struct Header {
    kind: u8,
    item: usize,
    /// Columns first; only where that makes a difference.
    fortran: bool,
    pub(super) shape: Vec<u64>,
    /// Bytes before the elements.
    length: u64,
}

impl Header {
    /// Reads up to the first element; the message says what is wrong.
    pub(super) fn read(mut from: impl Read) -> Result<Self, String> {
        let mut start = [0; 8];
        from.read_exact(&mut start).map_err(|_| "fewer than 8 bytes".to_owned())?;
        if &start[..6] != b"\x93NUMPY" {
            return Err("no numpy array (its first bytes are not \\x93NUMPY)".to_owned());
        }
        let width = if start[6] == 1 { 2 } else { 4 };
        let mut length = [0; 4];
        from.read_exact(&mut length[..width]).map_err(|_| "a cut header".to_owned())?;
        let length = u32::from_le_bytes(length) as usize;
        if length > LONGEST_HEADER {
            return Err(format!("a header of {length} bytes"));
        }
        let mut text = vec![0; length];
        from.read_exact(&mut text).map_err(|_| "a cut header".to_owned())?;
        let header = Self::parse(&text).ok_or_else(|| format!("the header {:?}", String::from_utf8_lossy(&text).trim()))?;
        Ok(Self { length: (8 + width + length) as u64, ..header })
    }

    /// The number of elements, if 64 bits can count them.
    pub(super) fn elements(&self) -> Option<u64> {
        self.shape.iter().try_fold(1, |elements: u64, axis| elements.checked_mul(*axis))
    }

    /// Reads the elements, after checking that the entry of `size` bytes holds exactly what the header claims.
    pub(super) fn body(self, from: impl Read, size: u64) -> Result<Array, String> {
        let there = size.saturating_sub(self.length);
        let claimed = self.elements().and_then(|e| e.checked_mul(self.item as u64));
        if claimed != Some(there) {
            let claimed = claimed.map_or("more than 2^64".to_owned(), |c| c.to_string());
            return Err(format!("shape {:?}, which is {claimed} bytes, but {there} bytes of elements", self.shape));
        }
        let mut bytes = Vec::new();
        // Growing with what arrives: the size in the archive's directory is a claim as well.
        from.take(there.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| format!("damaged bytes ({e})"))?;
        if bytes.len() as u64 != there {
            return Err(format!("{} of {there} bytes of elements", bytes.len()));
        }
        if self.fortran {
            bytes = by_row(&bytes, self.item, self.shape[0] as usize);
        }
        Ok(Array { kind: self.kind, item: self.item, shape: self.shape, bytes })
    }
}

impl Array {
    /// The bytes of an array of bytes or of text.
    pub(super) fn raw(&self) -> &[u8] {
        &self.bytes
    }

    /// Integers of any width, and bool.
    pub(super) fn integers(&self) -> Result<Vec<i64>, String> {
        let items = self.bytes.chunks_exact(self.item.max(1));
        match (self.kind, self.item) {
            (b'u' | b'b', 1) => Ok(self.bytes.iter().map(|b| i64::from(*b)).collect()),
            (b'i' | b'u', 1 | 2 | 4 | 8) => {
                let read = |item| widen(item, self.kind == b'i').ok_or_else(|| "an integer past 2^63".to_owned());
                items.map(read).collect()
            }
            _ => Err(format!("elements of type {}", self.kind())),
        }
    }

    /// Floating point of 16, 32 or 64 bits, integers and bool.
    pub(super) fn floats(&self) -> Result<Vec<f64>, String> {
        match (self.kind, self.item) {
            (b'f', 8) => Ok(self.items().map(f64::from_le_bytes).collect()),
            (b'f', 4) => Ok(self.items().map(|b| f64::from(f32::from_le_bytes(b))).collect()),
            (b'f', 2) => Ok(self.items().map(|b| f64::from(half(u16::from_le_bytes(b)))).collect()),
            (b'f', _) => Err(format!("elements of type {}", self.kind())),
            _ => Ok(self.integers()?.into_iter().map(|i| i as f64).collect()),
        }
    }

    /// As [`Array::floats`], in 32 bits.
    pub(super) fn floats32(&self) -> Result<Vec<f32>, String> {
        match (self.kind, self.item) {
            (b'f', 4) => Ok(self.items().map(f32::from_le_bytes).collect()),
            _ => Ok(self.floats()?.into_iter().map(|f| f as f32).collect()),
        }
    }

    fn items<const W: usize>(&self) -> impl Iterator<Item = [u8; W]> + '_ {
        self.bytes.as_chunks::<W>().0.iter().copied()
    }

    fn kind(&self) -> String {
        format!("{}{}", char::from(self.kind), self.item)
    }
}

/// The elements of a matrix of `rows` rows, stored column after column, row after row.
fn by_row(bytes: &[u8], item: usize, rows: usize) -> Vec<u8> {
    let columns = bytes.len() / item / rows;
    let starts = (0..rows).flat_map(|row| (0..columns).map(move |column| (column * rows + row) * item));
    starts.flat_map(|at| &bytes[at..at + item]).copied().collect()
}

/// A number of 16 bits: a sign, 5 bits of exponent, 10 of fraction.
fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (u32::from((bits >> 10) & 31), u32::from(bits & 1023));
    let magnitude = match exponent {
        // Below 2^-14 the fraction counts in steps of 2^-24.
        0 => fraction as f32 / 16_777_216.0,
        31 => f32::from_bits(0x7f80_0000 | (fraction << 13)),
        _ => f32::from_bits(((exponent + 112) << 23) | (fraction << 13)),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

/// A little-endian integer as i64.
fn widen(item: &[u8], signed: bool) -> Option<i64> {
    let negative = signed && item.last().is_some_and(|b| b & 0x80 != 0);
    let mut wide = [if negative { 0xff } else { 0 }; 8];
    wide[..item.len()].copy_from_slice(item);
    let value = i64::from_le_bytes(wide);
    (signed || value >= 0).then_some(value)
}

impl Header {
    /// `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 5), }`, keys in any order.
    fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?.trim();
        let mut rest = text.strip_prefix('{')?.strip_suffix('}')?.trim();
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        while !rest.is_empty() {
            let (key, after) = quoted(rest)?;
            rest = after.trim_start().strip_prefix(':')?.trim_start();
            match key {
                "descr" => {
                    let (value, after) = quoted(rest)?;
                    (descr, rest) = (Some(value), after);
                }
                "fortran_order" => {
                    let (value, after) = boolean(rest)?;
                    (fortran, rest) = (Some(value), after);
                }
                "shape" => {
                    let (value, after) = rest.strip_prefix('(')?.split_once(')')?;
                    let sizes = value.split(',').map(str::trim).filter(|s| !s.is_empty());
                    (shape, rest) = (Some(sizes.map(|s| s.parse().ok()).collect::<Option<Vec<u64>>>()?), after);
                }
                _ => return None,
            }
            rest = rest.trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        }
        let (shape, descr) = (shape?, descr?.as_bytes());
        // Column-major order differs from row-major only where two axes have more than one element.
        let flat = shape.iter().filter(|s| **s > 1).count() < 2;
        let fortran = fortran? && !flat;
        if fortran && shape.len() != 2 || !matches!(descr.first()?, b'<' | b'|') {
            return None;
        }
        let item: usize = std::str::from_utf8(descr.get(2..)?).ok()?.parse().ok()?;
        let item = if descr[1] == b'U' { item.checked_mul(4)? } else { item };
        (1..=LARGEST_ITEM).contains(&item).then_some(Self { kind: descr[1], item, fortran, shape, length: 0 })
    }
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let mark = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text[1..].split_once(mark)
}

fn boolean(text: &str) -> Option<(bool, &str)> {
    let is = |word, value| text.strip_prefix(word).map(|rest| (value, rest));
    is("True", true).or_else(|| is("False", false))
}

/// The header of an array in C order, padded so that the elements start at a multiple of 64 bytes.
pub(super) fn header(descr: &str, shape: &[usize]) -> Vec<u8> {
    let comma = if shape.len() == 1 { "," } else { "" };
    let sizes = shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    let mut dict = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}{comma}), }}");
    let unpadded = 10 + dict.len() + 1;
    dict.push_str(&" ".repeat(unpadded.next_multiple_of(64) - unpadded));
    dict.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((dict.len() as u16).to_le_bytes());
    bytes.extend(dict.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(descr: &str, shape: &[usize], body: &[u8]) -> Result<Array, String> {
        let bytes = [header(descr, shape).as_slice(), body].concat();
        read(&bytes)
    }

    fn read(mut bytes: &[u8]) -> Result<Array, String> {
        let size = bytes.len() as u64;
        Header::read(&mut bytes)?.body(bytes, size)
    }

    #[test]
    fn halves_are_read_exactly() {
        let bits: [u16; 8] = [0x3c00, 0xc000, 0x3555, 0x0001, 0x8000, 0x7bff, 0x0400, 0x7c00];
        let bytes: Vec<u8> = bits.iter().flat_map(|b| b.to_le_bytes()).collect();
        let expected = [1.0, -2.0, 0.333_251_95, 2f64.powi(-24), -0.0, 65504.0, 2f64.powi(-14), f64::INFINITY];
        for (found, expected) in array("<f2", &[8], &bytes).unwrap().floats().unwrap().iter().zip(expected) {
            assert!((found - expected).abs() < 1e-8 || *found == expected, "{found} {expected}");
        }
        assert!(half(0x7e00).is_nan());
    }

    #[test]
    fn columns_first_are_read_by_row() {
        let mut bytes = header("<i2", &[2, 3]);
        let at = bytes.windows(5).position(|w| w == b"False").unwrap();
        bytes[at..at + 5].copy_from_slice(b"True ");
        for value in [1i16, 4, 2, 5, 3, 6] {
            bytes.extend(value.to_le_bytes());
        }
        assert_eq!(read(&bytes).unwrap().integers().unwrap(), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn integers_of_every_width_are_read() {
        assert_eq!(array("|i1", &[3], &[1, 0xff, 3]).unwrap().integers().unwrap(), [1, -1, 3]);
        assert_eq!(array("<u2", &[1], &[0xff, 0xff]).unwrap().integers().unwrap(), [65535]);
        assert_eq!(array("<i8", &[1], &(-5i64).to_le_bytes()).unwrap().integers().unwrap(), [-5]);
        assert_eq!(array("|b1", &[2], &[0, 1]).unwrap().floats().unwrap(), [0.0, 1.0]);
        assert!(array("<u8", &[1], &[0xff; 8]).unwrap().integers().unwrap_err().contains("2^63"));
        assert!(array("<f4", &[1], &[0; 4]).unwrap().integers().unwrap_err().contains("f4"));
    }

    #[test]
    fn claims_beyond_the_bytes_are_refused() {
        for shape in [vec![1usize << 60], vec![1 << 60, 1 << 60], vec![3], vec![1]] {
            let error = array("<f8", &shape, &[0; 16]).unwrap_err();
            assert!(error.contains("16 bytes of elements"), "{error}");
        }
    }

    #[test]
    fn other_headers_are_refused() {
        for descr in [">f8", "|O", "<", "<f", "<fé", "|S0", "|S9999"] {
            assert!(array(descr, &[2], &[0; 16]).unwrap_err().contains("header"), "{descr}");
        }
        assert!(read(b"PK").unwrap_err().contains("fewer than 8"));
        assert!(read(b"\x93NUMPY\x02\x00\xff\xff\xff\xff").unwrap_err().contains("4294967295"));
        assert!(read(b"\x93NUMPX\x01\x00\x00\x00").unwrap_err().contains("no numpy array"));
    }
}
