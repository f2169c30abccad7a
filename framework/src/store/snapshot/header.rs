//! Header and directory.

use std::ops::Range;

/// Bytes under one checksum.
pub(in crate::store) const BLOCK: usize = 1 << 20;
/// Sections begin at multiples of this.
const ALIGNMENT: u64 = 64;
const MAGIC: &[u8; 8] = b"HGQLATOM";
/// Raised with every change of the format. Version 2 has sections that files of version 1 lack, which are read, too.
const VERSION: u32 = 2;
const OLDEST: u32 = 1;
/// Bytes of the header.
const HEADER: usize = 32;
const NAME: usize = 24;
/// Bytes of a directory entry.
const ENTRY: usize = NAME + 16;
/// More sections than any version writes.
const MAX_SECTIONS: usize = 256;

/// A section: its name, and where it lies in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Entry {
    pub(in crate::store) name: String,
    pub(in crate::store) range: Range<u64>,
    /// A checksum for each block.
    pub(in crate::store) sums: Vec<u32>,
}

/// What a file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) struct Directory {
    pub(in crate::store) numbering: u64,
    pub(in crate::store) length: u64,
    pub(in crate::store) entries: Vec<Entry>,
}

/// What is wrong with a header: what was expected, what was found.
pub(in crate::store) type Wrong = (String, String);

impl Directory {
    /// Lays sections out after the header.
    pub(in crate::store) fn lay_out(numbering: u64, sections: Vec<(String, Vec<u32>, u64)>) -> Self {
        let blocks: usize = sections.iter().map(|(_, sums, _)| sums.len()).sum();
        let mut at = (HEADER + sections.len() * ENTRY + blocks * 4 + 4) as u64;
        let entries = sections.into_iter().map(|(name, sums, length)| {
            let start = at.next_multiple_of(ALIGNMENT);
            at = start + length;
            Entry { name, range: start..at, sums }
        });
        let entries = entries.collect();
        Self { numbering, length: at, entries }
    }

    /// The bytes at the beginning of the file.
    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((self.entries.len() as u32).to_le_bytes());
        bytes.extend(self.length.to_le_bytes());
        bytes.extend(self.numbering.to_le_bytes());
        for entry in &self.entries {
            let mut name = [0; NAME];
            name[..entry.name.len()].copy_from_slice(entry.name.as_bytes());
            bytes.extend(name);
            bytes.extend(entry.range.start.to_le_bytes());
            bytes.extend((entry.range.end - entry.range.start).to_le_bytes());
        }
        self.entries.iter().flat_map(|entry| &entry.sums).for_each(|sum| bytes.extend(sum.to_le_bytes()));
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// Reads the beginning of a file; nothing that it claims lies outside of the file.
    pub(in crate::store) fn decode(file: &[u8]) -> Result<Self, Wrong> {
        let found = |found: String| move |expected: &str| (expected.to_owned(), found);
        let header = file.get(..HEADER).ok_or_else(|| found(format!("{} bytes", file.len()))("a header of 32 bytes"))?;
        if &header[..8] != MAGIC {
            return Err(found("something else".to_owned())("a file that begins with HGQLATOM"));
        }
        let (version, count) = (u32_at(header, 8), u32_at(header, 12) as usize);
        if !(OLDEST..=VERSION).contains(&version) {
            return Err(found(format!("version {version}"))("version 1 or 2, which this program reads (it writes 2)"));
        }
        let (length, numbering) = (u64_at(header, 16), u64_at(header, 24));
        if length != file.len() as u64 {
            return Err(found(format!("{} bytes", file.len()))(&format!("a file of {length} bytes, as its header says")));
        }
        if count > MAX_SECTIONS {
            return Err(found(count.to_string())("at most 256 sections"));
        }
        let mut at = HEADER + count * ENTRY;
        let directory = file.get(HEADER..at).ok_or_else(|| found("the end of the file".to_owned())("the directory of sections"))?;
        let mut entries = Vec::with_capacity(count);
        for entry in directory.chunks_exact(ENTRY) {
            let name: Vec<u8> = entry[..NAME].iter().copied().take_while(|b| *b != 0).collect();
            let name = String::from_utf8_lossy(&name).into_owned();
            let (start, size) = (u64_at(entry, NAME), u64_at(entry, NAME + 8));
            let end = start.checked_add(size).filter(|end| *end <= length);
            let end = end.ok_or_else(|| {
                found(format!("{size} bytes at {start}"))(&format!("the section {name} within the file of {length} bytes"))
            })?;
            let blocks = (size as usize).div_ceil(BLOCK);
            let sums = file
                .get(at..at + blocks * 4)
                .ok_or_else(|| found("the end of the file".to_owned())(&format!("the checksums of {name}")))?;
            at += blocks * 4;
            entries.push(Entry { name, range: start..end, sums: sums.chunks_exact(4).map(|sum| u32_at(sum, 0)).collect() });
        }
        let sum = file.get(at..at + 4).ok_or_else(|| found("the end of the file".to_owned())("the checksum of the header"))?;
        if crc32fast::hash(&file[..at]) != u32_at(sum, 0) {
            return Err(found("other bytes".to_owned())("a header of the checksum that follows it"));
        }
        if let Some(entry) = entries.iter().find(|entry| entry.range.start < at as u64 + 4 || entry.range.start % ALIGNMENT != 0) {
            return Err(found(format!("{} at {}", entry.name, entry.range.start))("sections after the header, at multiples of 64 bytes"));
        }
        Ok(Self { numbering, length, entries })
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_and_every_cut_is_refused() {
        let directory = Directory::lay_out(7, vec![("a".into(), vec![1], 5), ("b".into(), vec![2, 3], BLOCK as u64 + 1)]);
        let mut file = directory.encode();
        let header = file.len();
        file.resize(directory.length as usize, 0);
        assert_eq!(Directory::decode(&file), Ok(directory));
        for bit in 0..header * 8 {
            file[bit / 8] ^= 1 << (bit % 8);
            assert!(Directory::decode(&file).is_err(), "bit {bit}");
            file[bit / 8] ^= 1 << (bit % 8);
        }
        for length in 0..header {
            assert!(Directory::decode(&file[..length]).is_err());
        }
    }
}
