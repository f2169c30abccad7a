//! `splits_P.txt`, a file per protocol P, and `splits.txt` for splits of none.

use std::fs;
use std::path::{Path, PathBuf};

use super::{NodeCount, unsupported, write_lines};
use crate::dataset::split::by_set;
use crate::io::source::{Line, Source, show};
use crate::{Dataset, Error, Place, Result, Split};

/// The split files of a folder and their protocols, in order of their names.
pub(super) fn files(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io(folder, "read"))? {
        let path = entry.map_err(Error::io(folder, "read"))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(set) = set_of(&name) {
            found.push((set.to_owned(), path.clone()));
        }
    }
    found.sort();
    Ok(found)
}

/// The protocol of a file of splits.
pub(super) fn set_of(file: &str) -> Option<&str> {
    let stem = file.strip_prefix("splits")?.strip_suffix(".txt")?;
    stem.strip_prefix('_').or_else(|| stem.is_empty().then_some(""))
}

pub(super) fn read(folder: &Path, count: &mut NodeCount) -> Result<Vec<(String, Vec<Split>)>> {
    let mut sets = Vec::new();
    for (set, path) in files(folder)? {
        sets.push((set, read_file(&path, count)?));
    }
    Ok(sets)
}

pub(super) fn read_file(path: &Path, count: &mut NodeCount) -> Result<Vec<Split>> {
    let source = Source::read(path)?;
    let splits = source.lines().map(|line| read_line(&line, count)).collect::<Result<Vec<_>>>()?;
    if splits.is_empty() {
        return Err(Error::parse(Place::file(path), "a line per split", "an empty file"));
    }
    Ok(splits)
}

fn read_line(line: &Line<'_>, count: &mut NodeCount) -> Result<Split> {
    let split =
        Split::from_text(line.bytes).map_err(|at| line.error(at, "0 (train), 1 (valid), 2 (test) or - (none)", show(&line.bytes[at..])))?;
    let length = line.bytes.len();
    count.agree(length, line.path, Place::column(line.path, line.number, length as u64 + 1))?;
    if length == 0 {
        return Err(line.error(0, "a character per node", "an empty line"));
    }
    Ok(split)
}

pub(super) fn check_writable(dataset: &Dataset, folder: &Path) -> Result<()> {
    let safe = |name: &str| name.chars().all(|c| c.is_alphanumeric() || "-_.+".contains(c));
    if let Some(s) = dataset.split_sets.iter().find(|s| !safe(&s.name)) {
        return Err(unsupported(folder, &format!("the split set name {:?}, for it names a file", s.name)));
    }
    match dataset.split_sets.windows(2).find(|s| s[0].name > s[1].name) {
        None => Ok(()),
        Some(s) => Err(unsupported(folder, &format!("the order of the split sets {:?} and {:?}, which it sorts", s[0].name, s[1].name))),
    }
}

pub(super) fn write(dataset: &Dataset, folder: &Path) -> Result<()> {
    let nodes = dataset.hypergraph.nodes();
    for (set, splits) in by_set(&dataset.splits, &dataset.split_sets) {
        let name = if set.is_empty() { "splits.txt".to_owned() } else { format!("splits_{set}.txt") };
        write_lines(&folder.join(&name), splits.iter().map(|s| s.to_text(nodes)))?;
    }
    Ok(())
}
