//! CSV and TSV, with a header that tells the layout.
//!
//! `node,hyperedge[,weight]`, columns in any order, holds an incidence a row; this one is written. An empty hyperedge
//! declares the node: declared nodes come first, in their order. The others are numbered ascending when they are all
//! integers, else as they appear; hyperedges are numbered as they appear.
//!
//! `hyperedge,members` holds a hyperedge a row: its name, then its members, as many as it has.

use std::path::Path;

use csv::{ReaderBuilder, StringRecord, WriterBuilder};

use super::numbering::{Numbering, ascending_from};
use super::repeats::Repeats;
use super::source::Source;
use super::{at, atomic, name_of, unless_ones};
use crate::dataset::name;
use crate::{Dataset, Duplicates, Error, Features, Hypergraph, Name, Place, Result};

enum Layout {
    /// The columns of node, hyperedge and weight.
    Pairs { node: usize, edge: usize, weight: Option<usize>, width: usize },
    /// Hyperedge, then members.
    Members,
}

struct Table {
    nodes: Numbering,
    declared: usize,
    edges: Numbering,
    pairs: Vec<(u32, u32)>,
    weights: Option<Vec<f64>>,
    repeats: Repeats,
}

pub(super) fn read(path: &Path, delimiter: u8, dup: Duplicates) -> Result<Dataset> {
    let source = Source::read(path)?;
    refuse_gaps(&source)?;
    let text = source.text()?;
    let mut reader = ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    let mut next =
        |record: &mut StringRecord| reader.read_record(record).map_err(|e| Error::parse(Place::file(path), "CSV", e.to_string()));
    if !next(&mut record)? {
        return Err(Error::parse(Place::file(path), "a header", "an empty file"));
    }
    let layout = Layout::of(path, &record)?;
    let mut table = Table::new(dup);
    while next(&mut record)? {
        let row = Row { path, record: &record };
        match &layout {
            Layout::Members => table.members(&row)?,
            Layout::Pairs { node, edge, weight, width } => table.pair(&row, [*node, *edge], *weight, *width)?,
        }
    }
    table.finish(path, dup)
}

/// The csv crate skips empty lines and keeps NULs; both are mistakes here.
fn refuse_gaps(source: &Source) -> Result<()> {
    let mut quoted = false;
    for line in source.lines() {
        if line.bytes.is_empty() && !quoted {
            return Err(line.error(0, "a row", "an empty line"));
        }
        line.text()?;
        quoted ^= line.bytes.iter().filter(|b| **b == b'"').count() % 2 == 1;
    }
    Ok(())
}

impl Layout {
    fn of(path: &Path, header: &StringRecord) -> Result<Self> {
        let find = |names: &[&str]| header.iter().position(|h| names.contains(&h.trim().to_ascii_lowercase().as_str()));
        let (edge, node, weight) = (find(&["hyperedge", "edge"]), find(&["node"]), find(&["weight"]));
        let width = header.len();
        match (edge, node, find(&["members"])) {
            (Some(0), None, Some(1)) if width == 2 => Ok(Self::Members),
            (Some(edge), Some(node), None) if width == 2 + usize::from(weight.is_some()) => Ok(Self::Pairs { node, edge, weight, width }),
            _ => {
                let found = header.iter().take(8).collect::<Vec<_>>().join(",");
                let expected = "a header node,hyperedge[,weight] or hyperedge,members";
                Err(Error::parse(Place::line(path, 1), expected, format!("{found:?}")))
            }
        }
    }
}

struct Row<'a> {
    path: &'a Path,
    record: &'a StringRecord,
}

impl Row<'_> {
    fn error(&self, field: usize, expected: &str, found: impl Into<String>) -> Error {
        Error::parse(self.place(field), expected, found)
    }

    fn place(&self, field: usize) -> Place {
        let line = self.record.position().map_or(0, csv::Position::line);
        // Exact while no field before is quoted.
        let column = self.record.range(field).map_or(0, |r| r.start + field);
        Place::column(self.path, line, column as u64 + 1)
    }

    fn name(&self, field: usize, what: &str) -> Result<Name> {
        let text = &self.record[field];
        if text.is_empty() {
            return Err(self.error(field, what, "an empty field"));
        }
        match Name::from_plain(text) {
            Name::Number(n) if n < 0 => Err(self.error(field, what, format!("the negative id {n}"))),
            name => Ok(name),
        }
    }
}

impl Table {
    fn new(dup: Duplicates) -> Self {
        let (nodes, edges) = (Numbering::default(), Numbering::default());
        Self { nodes, declared: 0, edges, pairs: Vec::new(), weights: None, repeats: Repeats::new(dup) }
    }

    fn push(&mut self, row: &Row<'_>, field: usize, node: Name, edge: u32) -> Result<()> {
        let pair = (self.nodes.id(node), edge);
        self.repeats.check(pair, &self.nodes, &self.edges, || row.place(field))?;
        self.pairs.push(pair);
        Ok(())
    }

    fn pair(&mut self, row: &Row<'_>, [node, edge]: [usize; 2], weight: Option<usize>, width: usize) -> Result<()> {
        if row.record.len() != width {
            let found = format!("{} fields", row.record.len());
            return Err(row.error(row.record.len().min(width) - 1, &format!("{width} fields, as in the header"), found));
        }
        let field = node;
        let node = row.name(node, "the name or id of a node")?;
        if row.record[edge].is_empty() && weight.is_none_or(|w| row.record[w].is_empty()) {
            self.nodes.id(node);
            if self.pairs.is_empty() {
                self.declared = self.nodes.len();
            }
            return Ok(());
        }
        let edge = row.name(edge, "the name or id of a hyperedge")?;
        let edge = self.edges.id(edge);
        self.push(row, field, node, edge)?;
        if let Some(field) = weight {
            let text = &row.record[field];
            let value: Option<f64> = text.parse().ok().filter(|w: &f64| w.is_finite());
            let value = value.ok_or_else(|| row.error(field, "a finite weight", format!("{text:?}")))?;
            self.weights.get_or_insert_default().push(value);
        }
        Ok(())
    }

    fn members(&mut self, row: &Row<'_>) -> Result<()> {
        let known = self.edges.len();
        let edge = self.edges.id(row.name(0, "the name or id of a hyperedge")?);
        if self.edges.len() == known {
            return Err(row.error(0, "a hyperedge that has no row yet", format!("{:?} again", &row.record[0])));
        }
        if row.record.len() < 2 {
            return Err(row.error(0, "members after the hyperedge", "none"));
        }
        for field in 1..row.record.len() {
            self.push(row, field, row.name(field, "the name or id of a node")?, edge)?;
        }
        Ok(())
    }

    fn finish(self, path: &Path, dup: Duplicates) -> Result<Dataset> {
        let (mut pairs, edges, mut nodes) = (self.pairs, self.edges.into_names(), self.nodes.into_names());
        let new = ascending_from(self.declared, &mut nodes);
        pairs.iter_mut().for_each(|p| p.0 = new[p.0 as usize]);
        let hypergraph = match &self.weights.and_then(unless_ones) {
            None => Hypergraph::from_pairs(nodes.len(), edges.len(), &pairs, dup),
            Some(w) => Hypergraph::from_weighted_pairs(nodes.len(), edges.len(), &pairs, w, dup),
        };
        let mut dataset = Dataset::new(name_of(path), hypergraph.map_err(|e| at(path, e))?);
        dataset.node_names = name::unless_ids(nodes);
        dataset.hyperedge_names = name::unless_ids(edges);
        Ok(dataset)
    }
}

pub(super) fn write(dataset: &Dataset, path: &Path, delimiter: u8) -> Result<()> {
    check_writable(dataset, path)?;
    atomic::write(path, |to| {
        let mut rows = WriterBuilder::new().delimiter(delimiter).from_writer(to);
        let mut put = |row: &[&str]| rows.write_record(row).map_err(|e| Error::io(path, "write")(e.into()));
        let weights = dataset.hypergraph.incidence_weights_edge_major();
        let blank: &[&str] = if weights.is_some() { &["", ""] } else { &[""] };
        put(if weights.is_some() { &["node", "hyperedge", "weight"] } else { &["node", "hyperedge"] })?;
        let node_name = |n| name::of(dataset.node_names.as_deref(), n).to_plain();
        if must_declare(dataset) {
            for n in 0..dataset.hypergraph.nodes() as u32 {
                put(&[&[node_name(n).as_str()], blank].concat())?;
            }
        }
        for (i, (e, n)) in dataset.hypergraph.edge_major().entries().enumerate() {
            let (node, edge) = (node_name(n), name::of(dataset.hyperedge_names.as_deref(), e).to_plain());
            match &weights {
                None => put(&[&node, &edge])?,
                Some(w) => put(&[&node, &edge, &w[i].to_string()])?,
            }
        }
        rows.flush().map_err(Error::io(path, "write"))
    })
}

/// Nodes are declared first where reading would not find or order them by itself.
fn must_declare(dataset: &Dataset) -> bool {
    dataset.node_names.is_some() || dataset.hypergraph.node_major().iter_rows().any(<[u32]>::is_empty)
}

fn check_writable(dataset: &Dataset, path: &Path) -> Result<()> {
    let negative = |names: &Option<Vec<Name>>| names.iter().flatten().any(|n| matches!(n, Name::Number(..0)));
    let what = [
        (dataset.labels.is_some(), "labels"),
        (dataset.features != Features::None, "features"),
        (!dataset.splits.is_empty(), "splits"),
        (dataset.node_weights.is_some(), "node weights"),
        (dataset.hypergraph.hyperedge_weights().is_some(), "hyperedge weights"),
        (negative(&dataset.node_names) || negative(&dataset.hyperedge_names), "negative ids as names"),
    ];
    match what.iter().find(|w| w.0) {
        None => Ok(()),
        Some((_, what)) => Err(Error::Unsupported {
            path: path.to_path_buf(),
            format: "CSV",
            what: (*what).to_owned(),
            instead: "write .npz or .hif.json, or the hypergraph alone (Dataset::new)",
        }),
    }
}
