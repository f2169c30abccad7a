//! Ids in text.

use super::source::{Line, show};
use crate::Result;

/// Reads a non-negative integer that fills the field.
pub(super) fn id(line: &Line<'_>, at: usize, field: &[u8], what: &str) -> Result<u32> {
    let expected = || format!("{what}, an integer from 0 to {}", u32::MAX - 1);
    let mut value = 0u64;
    for (i, byte) in field.iter().enumerate() {
        if !byte.is_ascii_digit() {
            let found = match (i, byte) {
                (0, b'-') => "a negative number".to_owned(),
                _ => show(&field[i..]),
            };
            return Err(line.error(at + i, expected(), found));
        }
        value = value * 10 + u64::from(byte - b'0');
        if value >= u64::from(u32::MAX) {
            return Err(line.error(at, expected(), String::from_utf8_lossy(&field[..field.len().min(24)])));
        }
    }
    if field.is_empty() {
        let found = if line.bytes.is_empty() { "an empty line".to_owned() } else { show(&line.bytes[at..]) };
        return Err(line.error(at, expected(), found));
    }
    Ok(value as u32)
}
