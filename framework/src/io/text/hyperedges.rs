//! `hyperedges.txt`.

use std::collections::HashMap;
use std::path::Path;

use super::{NodeCount, write_lines};
use crate::hypergraph::build::{check_size, from_groups, plausible_count};
use crate::io::number::id;
use crate::io::repeats::{Listed, settle};
use crate::io::source::{Line, Source};
use crate::{Duplicates, Error, Hypergraph, Place, Result};

pub(super) fn read(path: &Path, count: &NodeCount, dup: Duplicates) -> Result<Hypergraph> {
    let source = Source::read(path)?;
    let known = count.known.as_ref().map(|k| k.0);
    let (mut ptr, mut member, mut lines) = (vec![0u32], Vec::new(), HashMap::new());
    for line in source.lines() {
        let start = member.len();
        read_members(&line, count, &mut member)?;
        if dup == Duplicates::Error {
            refuse_repeats(&line, &member[start..], &mut lines)?;
        }
        check_size("incidences", member.len()).map_err(|e| crate::io::at(path, e))?;
        ptr.push(member.len() as u32);
    }
    if member.is_empty() {
        return Err(Error::parse(Place::file(path), "a line per hyperedge", "an empty file"));
    }
    let nodes = match known {
        Some(nodes) => nodes,
        None => implied_count(path, &member)?,
    };
    let built = from_groups(nodes, &ptr, &member, None, dup);
    let edge_of = |i: usize| ptr.partition_point(|p| *p as usize <= i) - 1;
    let listed = Listed {
        pairs: (0..member.len()).map(|i| (member[i], edge_of(i) as u32)),
        weights: None,
        place: &|i| place(&source, edge_of(i), i - ptr[edge_of(i)] as usize),
        name: &|(node, edge)| format!("node {node} in hyperedge {edge}"),
    };
    settle(path, built, listed, dup)
}

/// The place of a member of a hyperedge.
fn place(source: &Source, edge: usize, index: usize) -> Place {
    let column = source.lines().nth(edge).and_then(|line| line.fields(b',').nth(index)).map_or(0, |field| field.0);
    Place::column(source.path(), edge as u64 + 1, column as u64 + 1)
}

fn read_members(line: &Line<'_>, count: &NodeCount, member: &mut Vec<u32>) -> Result<()> {
    for (at, field) in line.fields(b',') {
        let node = id(line, at, field, "a node id")?;
        if let Some((nodes, by)) = count.known.as_ref().filter(|(n, _)| node as usize >= *n) {
            let by = by.file_name().unwrap_or_default().to_string_lossy();
            return Err(line.error(at, format!("a node id below {nodes} ({by})"), node.to_string()));
        }
        member.push(node);
    }
    Ok(())
}

/// Refuses a node twice in the line, and a line with the members of an earlier one.
fn refuse_repeats(line: &Line<'_>, members: &[u32], lines: &mut HashMap<Vec<u32>, u64>) -> Result<()> {
    let mut sorted = members.to_vec();
    sorted.sort_unstable();
    if let Some(twice) = sorted.windows(2).find(|w| w[0] == w[1]).map(|w| w[0]) {
        let again = members.iter().rposition(|m| *m == twice).unwrap_or(0);
        let at = line.fields(b',').nth(again).map_or(0, |f| f.0);
        return Err(line.error(at, "every node at most once", format!("node {twice} again")));
    }
    match lines.insert(sorted, line.number) {
        None => Ok(()),
        Some(earlier) => Err(line.error(0, "hyperedges with different members", format!("those of line {earlier}"))),
    }
}

/// One more than the largest id, unless that is out of all proportion.
fn implied_count(path: &Path, member: &[u32]) -> Result<usize> {
    let nodes = member.iter().max().map_or(0, |m| *m as usize + 1);
    let most = plausible_count(member.len());
    if nodes > most {
        let expected = format!("node ids below {most} for {} incidences without labels.txt", member.len());
        return Err(Error::parse(Place::file(path), expected, (nodes - 1).to_string()));
    }
    Ok(nodes)
}

pub(super) fn write(h: &Hypergraph, path: &Path) -> Result<()> {
    let line = |members: &[u32]| members.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    write_lines(path, h.edge_major().iter_rows().map(line))
}
