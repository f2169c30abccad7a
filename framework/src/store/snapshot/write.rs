//! Writing a snapshot.

use std::io::{self, Write};

use rayon::prelude::*;

use super::{BLOCK, Directory};

/// A section to be written.
pub(in crate::store) struct Part<'a> {
    pub(in crate::store) name: String,
    pub(in crate::store) bytes: &'a [u8],
}

/// Writes sections with their header.
pub(in crate::store) fn write(numbering: u64, parts: &[Part<'_>], to: &mut dyn Write) -> io::Result<()> {
    let sections = parts.iter().map(|part| {
        let sums = part.bytes.par_chunks(BLOCK).map(crc32fast::hash).collect();
        (part.name.clone(), sums, part.bytes.len() as u64)
    });
    let directory = Directory::lay_out(numbering, sections.collect());
    let header = directory.encode();
    to.write_all(&header)?;
    let mut at = header.len() as u64;
    for (entry, part) in directory.entries.iter().zip(parts) {
        let gap = [0; 64];
        to.write_all(&gap[..(entry.range.start - at) as usize])?;
        to.write_all(part.bytes)?;
        at = entry.range.end;
    }
    Ok(())
}
