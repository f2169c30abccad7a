//! Reading CSV and TSV.

use std::path::Path;

use super::fields::{Field, Rows};
use crate::dataset::name;
use crate::io::numbering::{Numbering, ascending_from};
use crate::io::repeats::{Listed, settle};
use crate::io::source::Source;
use crate::io::{name_of, unless_ones};
use crate::{Dataset, Duplicates, Error, Hypergraph, Name, Place, Result};

enum Layout {
    /// The columns of node, hyperedge and weight.
    Pairs { node: usize, edge: usize, weight: Option<usize>, width: usize },
    /// Hyperedge, then members.
    Members,
}

#[derive(Default)]
struct Table {
    nodes: Numbering,
    declared: usize,
    edges: Numbering,
    pairs: Vec<(u32, u32)>,
    /// Where the node of each pair stands in the file.
    offsets: Vec<usize>,
    weights: Option<Vec<f64>>,
}

pub(in crate::io) fn read(path: &Path, delimiter: u8, dup: Duplicates) -> Result<Dataset> {
    let source = Source::read(path)?;
    let mut rows = Rows::new(&source, delimiter)?;
    let mut fields = Vec::new();
    if !rows.next(&mut fields)? {
        return Err(Error::parse(Place::file(path), "a header", "an empty file"));
    }
    let layout = Layout::of(path, &fields)?;
    let mut table = Table::default();
    while rows.next(&mut fields)? {
        let row = Row { source: &source, fields: &fields };
        match &layout {
            Layout::Members => table.members(&row)?,
            Layout::Pairs { node, edge, weight, width } => table.pair(&row, [*node, *edge], *weight, *width)?,
        }
    }
    table.finish(&source, dup)
}

impl Layout {
    fn of(path: &Path, header: &[Field<'_>]) -> Result<Self> {
        let find = |names: &[&str]| header.iter().position(|h| names.contains(&h.text.trim().to_ascii_lowercase().as_str()));
        let (edge, node, weight) = (find(&["hyperedge", "edge"]), find(&["node"]), find(&["weight"]));
        let width = header.len();
        match (edge, node, find(&["members"])) {
            (Some(0), None, Some(1)) if width == 2 => Ok(Self::Members),
            (Some(edge), Some(node), None) if width == 2 + usize::from(weight.is_some()) => Ok(Self::Pairs { node, edge, weight, width }),
            _ => {
                let found = header.iter().take(8).map(|h| &*h.text).collect::<Vec<_>>().join(",");
                let expected = "a header node,hyperedge[,weight] or hyperedge,members";
                Err(Error::parse(Place::line(path, 1), expected, format!("{found:?}")))
            }
        }
    }
}

struct Row<'a> {
    source: &'a Source,
    fields: &'a [Field<'a>],
}

impl Row<'_> {
    fn error(&self, field: usize, expected: &str, found: impl Into<String>) -> Error {
        Error::parse(self.source.place(self.fields[field].offset), expected, found)
    }

    fn name(&self, field: usize, what: &str) -> Result<Name> {
        let text = &*self.fields[field].text;
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
    fn push(&mut self, row: &Row<'_>, field: usize, node: Name, edge: u32) {
        self.pairs.push((self.nodes.id(node), edge));
        self.offsets.push(row.fields[field].offset);
    }

    fn pair(&mut self, row: &Row<'_>, [node, edge]: [usize; 2], weight: Option<usize>, width: usize) -> Result<()> {
        let fields = row.fields.len();
        if fields != width {
            return Err(row.error(fields.min(width) - 1, &format!("{width} fields, as in the header"), format!("{fields} fields")));
        }
        let field = node;
        let node = row.name(node, "the name or id of a node")?;
        let is_empty = |field: usize| row.fields[field].text.is_empty();
        if is_empty(edge) && weight.is_none_or(is_empty) {
            self.nodes.id(node);
            if self.pairs.is_empty() {
                self.declared = self.nodes.len();
            }
            return Ok(());
        }
        let edge = row.name(edge, "the name or id of a hyperedge")?;
        let edge = self.edges.id(edge);
        self.push(row, field, node, edge);
        if let Some(field) = weight {
            let text = &row.fields[field].text;
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
            return Err(row.error(0, "a hyperedge that has no row yet", format!("{:?} again", row.fields[0].text)));
        }
        if row.fields.len() < 2 {
            return Err(row.error(0, "members after the hyperedge", "none"));
        }
        for field in 1..row.fields.len() {
            self.push(row, field, row.name(field, "the name or id of a node")?, edge);
        }
        Ok(())
    }

    fn finish(self, source: &Source, dup: Duplicates) -> Result<Dataset> {
        let (mut pairs, edges, mut nodes) = (self.pairs, self.edges.into_names(), self.nodes.into_names());
        let new = ascending_from(self.declared, &mut nodes);
        pairs.iter_mut().for_each(|p| p.0 = new[p.0 as usize]);
        let weights = self.weights.and_then(unless_ones);
        let built = match &weights {
            None => Hypergraph::from_pairs(nodes.len(), edges.len(), &pairs, dup),
            Some(w) => Hypergraph::from_weighted_pairs(nodes.len(), edges.len(), &pairs, w, dup),
        };
        let listed = Listed {
            pairs: pairs.iter().copied(),
            weights: weights.as_deref(),
            place: &|i| source.place(self.offsets[i]),
            name: &|(node, edge)| format!("{} in {}", nodes[node as usize], edges[edge as usize]),
        };
        let hypergraph = settle(source.path(), built, listed, dup)?;
        let mut dataset = Dataset::new(name_of(source.path()), hypergraph);
        dataset.node_names = name::unless_ids(nodes);
        dataset.hyperedge_names = name::unless_ids(edges);
        Ok(dataset)
    }
}
