//! The log of changes since a snapshot.
//!
//! The file begins with `HGQLLOG1` and the number of the snapshot's numbering. A commit is its length (u32), the CRC-32 of these four bytes, the
//! CRC-32 of what follows, and that many bytes: the length of the deleted statements' N-Quads (u32), these, and the inserted statements' N-Quads.
//! Numbers are little-endian.
//!
//! A crash leaves the beginning of the last commit, perhaps followed by NUL bytes; this is cut off. Anything else that is not as it was written
//! is damage.

use std::collections::HashMap;
use std::path::Path;

use oxrdf::Quad;
use oxttl::NQuadsParser;

use crate::{Error, Place, Result};

const MAGIC: &[u8; 8] = b"HGQLLOG1";
const HEADER: usize = 16;
/// Bytes before a commit's own.
const HEAD: usize = 12;

/// Statements deleted, then statements inserted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Commit {
    pub(super) deletes: Vec<Quad>,
    pub(super) inserts: Vec<Quad>,
}

/// What a log holds.
pub(super) struct Log {
    pub(super) commits: Vec<Commit>,
    /// Bytes of whole commits; what follows was cut off by a crash.
    pub(super) length: u64,
}

/// The beginning of a log.
pub(super) fn header(numbering: u64) -> Vec<u8> {
    [&MAGIC[..], &numbering.to_le_bytes()].concat()
}

impl Commit {
    /// The bytes of a commit in the log.
    ///
    /// # Errors
    /// When it takes 4 GiB.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let text = |quads: &[Quad]| quads.iter().map(|quad| format!("{quad} .\n")).collect::<String>();
        let (deletes, inserts) = (text(&self.deletes), text(&self.inserts));
        let length = u32::try_from(4 + deletes.len() + inserts.len());
        let length =
            length.map_err(|_| Error::invalid("a commit", "less than 4 GiB of statements; load larger ones from a file", "more"))?;
        let mut bytes = Vec::with_capacity(length as usize + HEAD);
        bytes.extend(length.to_le_bytes());
        bytes.extend(crc32fast::hash(&length.to_le_bytes()).to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend((deletes.len() as u32).to_le_bytes());
        bytes.extend(deletes.as_bytes());
        bytes.extend(inserts.as_bytes());
        let sum = crc32fast::hash(&bytes[HEAD..]);
        bytes[8..HEAD].copy_from_slice(&sum.to_le_bytes());
        Ok(bytes)
    }

    /// What several commits do together; none if there are none.
    pub(super) fn together(commits: Vec<Self>) -> Option<Self> {
        // Of what is said of a statement, the last counts.
        let mut last: HashMap<Quad, bool> = HashMap::new();
        let any = !commits.is_empty();
        for Self { deletes, inserts } in commits {
            last.extend(deletes.into_iter().map(|quad| (quad, false)));
            last.extend(inserts.into_iter().map(|quad| (quad, true)));
        }
        let (inserts, deletes): (Vec<_>, Vec<_>) = last.into_iter().partition(|(_, inserted)| *inserted);
        let quads = |list: Vec<(Quad, bool)>| list.into_iter().map(|(quad, _)| quad).collect();
        any.then(|| Self { deletes: quads(deletes), inserts: quads(inserts) })
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (length, text) = bytes.split_first_chunk::<4>()?;
        let (deletes, inserts) = text.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let quads = |text: &[u8]| NQuadsParser::new().for_slice(text).collect::<Result<Vec<_>, _>>().ok();
        Some(Self { deletes: quads(deletes)?, inserts: quads(inserts)? })
    }
}

impl Log {
    /// Reads a log up to where a crash cut it off.
    ///
    /// # Errors
    /// When it is of another snapshot, or a commit that others follow is damaged.
    pub(super) fn read(path: &Path, numbering: u64) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io(path, "read"))?;
        let wrong = |expected: &str, found: String| Error::parse(Place::file(path), expected, found);
        if bytes.get(..HEADER) != Some(&header(numbering)) {
            return Err(wrong("the log of the snapshot beside it", "something else".into()));
        }
        let (mut commits, mut at) = (Vec::new(), HEADER);
        let damaged =
            |at: usize| Error::Damaged { path: path.to_path_buf(), what: format!("the commit at byte {at} is not as it was written") };
        // After the beginning of the last commit there may be NUL bytes, which statements do not hold.
        let torn = |from: usize| bytes.get(from..).unwrap_or_default().iter().all(|byte| *byte == 0);
        while let Some(head) = bytes.get(at..at + HEAD) {
            if crc32fast::hash(&head[..4]) != u32_of(&head[4..8]) {
                if torn(at + HEAD) {
                    break;
                }
                return Err(damaged(at));
            }
            let end = at + HEAD + u32_of(&head[..4]) as usize;
            let Some(body) = bytes.get(at + HEAD..end) else { break };
            match (crc32fast::hash(body) == u32_of(&head[8..])).then(|| Commit::decode(body)).flatten() {
                Some(commit) => commits.push(commit),
                None if torn(end - 1) => break,
                None => return Err(damaged(at)),
            }
            at = end;
        }
        Ok(Self { commits, length: at as u64 })
    }
}

fn u32_of(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte))
}
