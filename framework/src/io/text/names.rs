//! `label_names.txt`, `node_names.txt` and `hyperedge_names.txt`.

use std::collections::HashMap;
use std::path::Path;

use super::{unsupported, write_lines};
use crate::io::source::Source;
use crate::{Dataset, Name, Result};

/// Names of nodes or hyperedges in their plain form.
pub(super) fn read(path: &Path) -> Result<Option<Vec<Name>>> {
    let lines = read_distinct(path)?;
    Ok(lines.map(|lines| lines.iter().map(|l| Name::from_plain(l)).collect()))
}

/// Class names; numbers from 1 in front of all of them are not part of the names.
pub(super) fn read_classes(path: &Path) -> Result<Vec<String>> {
    let lines = read_distinct(path)?.unwrap_or_default();
    Ok(without_numbers(&lines).unwrap_or(lines))
}

fn read_distinct(path: &Path) -> Result<Option<Vec<String>>> {
    let Some(source) = Source::read_if_there(path)? else { return Ok(None) };
    let (mut names, mut seen) = (Vec::new(), HashMap::new());
    for line in source.lines() {
        let text = line.text()?;
        if text.is_empty() {
            return Err(line.error(0, "a name", "an empty line"));
        }
        if let Some(earlier) = seen.insert(text, line.number) {
            return Err(line.error(0, "distinct names", format!("the name of line {earlier}")));
        }
        names.push(text.to_owned());
    }
    Ok(Some(names))
}

fn without_numbers(lines: &[String]) -> Option<Vec<String>> {
    let strip = |(i, line): (usize, &String)| line.strip_prefix(&format!("{} ", i + 1)).map(str::to_owned);
    lines.iter().enumerate().map(strip).collect()
}

pub(super) fn check_writable(dataset: &Dataset, folder: &Path) -> Result<()> {
    let bad = |n: &&String| n.is_empty() || n.contains(['\n', '\r', '\0']);
    match dataset.label_names.iter().find(bad) {
        None => Ok(()),
        Some(n) => Err(unsupported(folder, &format!("the label name {n:?}"))),
    }
}

pub(super) fn write(dataset: &Dataset, folder: &Path) -> Result<()> {
    let put = |name: &str, lines: Vec<String>| write_lines(&folder.join(name), lines);
    if !dataset.label_names.is_empty() {
        put("label_names.txt", classes(&dataset.label_names))?;
    }
    if let Some(names) = node_names(dataset) {
        put("node_names.txt", names.iter().map(Name::to_plain).collect())?;
    }
    if let Some(names) = &dataset.hyperedge_names {
        put("hyperedge_names.txt", names.iter().map(Name::to_plain).collect())?;
    }
    Ok(())
}

/// Names that begin with their numbers get another number, which reading takes off again.
fn classes(names: &[String]) -> Vec<String> {
    match without_numbers(names) {
        None => names.to_vec(),
        Some(_) => names.iter().enumerate().map(|(i, n)| format!("{} {n}", i + 1)).collect(),
    }
}

/// Where nothing else tells how many nodes there are, isolated last nodes would be lost: the ids are written as names.
fn node_names(dataset: &Dataset) -> Option<Vec<Name>> {
    let h = &dataset.hypergraph;
    let told = dataset.labels.is_some() || dataset.features.rows() > 0 || !dataset.splits.is_empty();
    let lost = !told && h.node_major().degree(h.nodes() - 1) == 0;
    let ids = || (0..h.nodes() as i64).map(Name::Number).collect();
    dataset.node_names.clone().or_else(|| lost.then(ids))
}
