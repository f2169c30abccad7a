//! The file of a space: a header, a directory of sections, their checksums, the sections.
//!
//! All numbers are little-endian. The header is `HGQLATOM`, the version (u32), the number of sections (u32), the length of the file (u64), the number that
//! tells numberings apart (u64). The directory has, for each section, its name (24 bytes, padded with NUL), its offset and its length in bytes (u64 each). A
//! CRC-32 of every block of 1 MiB of every section follows (u32 each), then one of everything before it (u32). Sections begin at multiples of 64
//! bytes. A file is written once, beside its place, and never changed.

#[cfg(not(all(target_endian = "little", target_pointer_width = "64")))]
compile_error!("snapshots are mapped as they lie in the file: little-endian, with offsets of 64 bits");

mod header;
mod read;
mod section;
mod write;

pub(super) use header::{BLOCK, Directory, Entry};
pub(super) use read::{Opened, open};
pub(super) use section::{Health, Section};
pub(super) use write::{Part, write};
