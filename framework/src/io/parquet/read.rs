//! Reading incidences.

use std::path::Path;

use arrow_array::RecordBatch;

use super::{Cell, Kind, Table};
use crate::dataset::name;
use crate::io::numbering::{Numbering, ascending_from};
use crate::io::repeats::{Listed, settle};
use crate::io::{name_of, unless_ones};
use crate::{Dataset, Duplicates, Error, Hypergraph, Name, Place, Result};

#[derive(Default)]
struct Incidences {
    nodes: Numbering,
    declared: usize,
    edges: Numbering,
    pairs: Vec<(u32, u32)>,
    weights: Vec<f64>,
}

/// The places of the columns.
struct Layout {
    node: usize,
    edge: usize,
    weight: Option<usize>,
}

pub(in crate::io) fn read(path: &Path, dup: Duplicates) -> Result<Dataset> {
    let mut table = Table::open(path)?;
    let layout = Layout::of(&table)?;
    let mut incidences = Incidences::default();
    while let Some((before, batch)) = table.next()? {
        for row in 0..batch.num_rows() {
            incidences.row(&table, &layout, &batch, row, before + row as u64)?;
        }
    }
    incidences.finish(path, dup)
}

impl Layout {
    fn of(table: &Table) -> Result<Self> {
        let columns = table.columns();
        let find = |names: &[&str]| columns.iter().position(|column| names.contains(&column.name.trim().to_ascii_lowercase().as_str()));
        let layout = match (find(&["node"]), find(&["hyperedge", "edge"]), find(&["weight"])) {
            (Some(node), Some(edge), weight) if columns.len() == 2 + usize::from(weight.is_some()) => Self { node, edge, weight },
            _ => {
                let found = columns.iter().take(8).map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
                return Err(Error::parse(
                    Place::file(table.path()),
                    "the columns node, hyperedge and perhaps weight",
                    format!("{found:?}"),
                ));
            }
        };
        for column in [layout.node, layout.edge] {
            if columns[column].list || !matches!(columns[column].kind, Kind::Text | Kind::Integer) {
                return Err(table.wrong_type(column, "strings or integers"));
            }
        }
        match layout.weight {
            Some(weight) if columns[weight].list || !matches!(columns[weight].kind, Kind::Integer | Kind::Decimal(_) | Kind::Float) => {
                Err(table.wrong_type(weight, "numbers"))
            }
            _ => Ok(layout),
        }
    }
}

impl Incidences {
    fn row(&mut self, table: &Table, layout: &Layout, batch: &RecordBatch, row: usize, number: u64) -> Result<()> {
        let cell = |column: usize| Cell::of(batch.column(column), row);
        let (edge, weight) = (cell(layout.edge), layout.weight.map(|column| (column, cell(column))));
        let node = name_in(table, layout.node, number, "node", cell(layout.node))?;
        if edge.is_none() && weight.is_none_or(|(_, weight)| weight.is_none()) {
            self.nodes.id(node);
            if self.pairs.is_empty() {
                self.declared = self.nodes.len();
            }
            return Ok(());
        }
        let edge = name_in(table, layout.edge, number, "hyperedge", edge)?;
        self.pairs.push((self.nodes.id(node), self.edges.id(edge)));
        if let Some((column, weight)) = weight {
            let number_of = weight.and_then(Cell::number).filter(|weight| weight.is_finite());
            let found = || weight.map_or_else(|| "null".to_owned(), |weight| weight.to_string());
            self.weights.push(number_of.ok_or_else(|| table.error(column, number, "a finite weight", found()))?);
        }
        Ok(())
    }

    fn finish(self, path: &Path, dup: Duplicates) -> Result<Dataset> {
        let (mut pairs, edges, mut nodes) = (self.pairs, self.edges.into_names(), self.nodes.into_names());
        let new = ascending_from(self.declared, &mut nodes);
        pairs.iter_mut().for_each(|pair| pair.0 = new[pair.0 as usize]);
        let weights = unless_ones(self.weights);
        let built = match &weights {
            None => Hypergraph::from_pairs(nodes.len(), edges.len(), &pairs, dup),
            Some(weights) => Hypergraph::from_weighted_pairs(nodes.len(), edges.len(), &pairs, weights, dup),
        };
        let listed = Listed {
            pairs: pairs.iter().copied(),
            weights: weights.as_deref(),
            place: &|_| Place::file(path),
            name: &|(node, edge)| format!("{} in {}", nodes[node as usize], edges[edge as usize]),
        };
        let hypergraph = settle(path, built, listed, dup)?;
        let mut dataset = Dataset::new(name_of(path), hypergraph);
        dataset.node_names = name::unless_ids(nodes);
        dataset.hyperedge_names = name::unless_ids(edges);
        Ok(dataset)
    }
}

/// The name in a cell.
fn name_in(table: &Table, column: usize, row: u64, what: &str, cell: Option<Cell<'_>>) -> Result<Name> {
    let error = |found: String| table.error(column, row, format!("the name or id of a {what}"), found);
    match cell {
        None => Err(error("null".to_owned())),
        Some(Cell::Text("")) => Err(error("an empty string".to_owned())),
        Some(cell) => match Name::from_plain(&cell.to_string()) {
            Name::Number(number) if number < 0 => Err(error(format!("the negative id {number}"))),
            name => Ok(name),
        },
    }
}
