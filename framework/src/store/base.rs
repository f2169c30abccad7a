//! Terms and statements that are sorted, built in memory or mapped from a snapshot.

use std::path::Path;
use std::sync::Arc;

use bytemuck::cast_slice;
use rayon::prelude::*;

use super::block::Block;
use super::dictionary::Dictionary;
use super::sharded::Terms;
use super::snapshot::{self, Health, Opened, Part};
use super::statements::{Order, Permutation, Position, Statements};
use super::{Array, Id, MAX_TERMS, Statistics};
use crate::{Error, Result};

/// The sorted part of a space.
pub(super) struct Base {
    pub(super) dictionary: Dictionary,
    pub(super) statements: Statements,
    /// Named graphs with the number of their statements, ascending.
    pub(super) graphs: Vec<(Id, u64)>,
    pub(super) statistics: Statistics,
    /// Tells numberings of terms apart.
    pub(super) numbering: u64,
    /// Of the file, if there is one.
    pub(super) health: Option<Arc<Health>>,
}

const TERM_BYTES: &str = "terms.bytes";
const TERM_OFFSETS: &str = "terms.offsets";
const TERM_BLOCKS: &str = "terms.blocks";
const GRAPHS: &str = "graphs";
const STATISTICS: &str = "statistics";

impl Base {
    /// Sorts terms, and statements of their provisional ids.
    pub(super) fn build(terms: &Terms, mut quads: Vec<[Id; 4]>) -> Result<Self> {
        if terms.len() > u64::from(MAX_TERMS) {
            return Err(Error::invalid("terms of an AtomSpace", format!("at most {MAX_TERMS}"), terms.len().to_string()));
        }
        let (dictionary, ids) = Dictionary::build(terms);
        quads.par_iter_mut().for_each(|quad| *quad = quad.map(|id| ids[id as usize]));
        drop(ids);
        let named = quads.par_iter().any(|quad| quad[3] != 0);
        let statements = Statements::build(quads, dictionary.len(), named);
        let (graphs, statistics) = (named_graphs(&statements), Statistics::of(&statements));
        Ok(Self { dictionary, statements, graphs, statistics, numbering: fresh_number(), health: None })
    }

    /// Writes all sections.
    pub(super) fn write(&self, to: &mut dyn std::io::Write) -> std::io::Result<()> {
        let graphs: Vec<u64> = self.graphs.iter().flat_map(|(id, count)| [u64::from(*id), *count]).collect();
        let (graphs, statistics) = (little_endian(&graphs), little_endian(&self.statistics.encode()));
        let blocks = little_endian(&self.dictionary.starts().map(u64::from));
        let mut parts = vec![
            Part { name: TERM_BLOCKS.into(), bytes: &blocks },
            Part { name: TERM_OFFSETS.into(), bytes: cast_slice(self.dictionary.offsets().unverified()) },
            Part { name: TERM_BYTES.into(), bytes: self.dictionary.bytes().unverified() },
            Part { name: GRAPHS.into(), bytes: &graphs },
            Part { name: STATISTICS.into(), bytes: &statistics },
        ];
        for order in Order::ALL {
            let columns = self.statements.permutation(order).columns();
            parts.extend(
                columns
                    .iter()
                    .enumerate()
                    .map(|(at, column)| Part { name: column_name(order, at), bytes: cast_slice(column.unverified()) }),
            );
        }
        snapshot::write(self.numbering, &parts, to)
    }

    /// Maps a snapshot.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut file = snapshot::open(path)?;
        let blocks: Option<[Id; Block::COUNT + 1]> =
            file.numbers(TERM_BLOCKS)?.iter().map(|id| Id::try_from(*id).ok()).collect::<Option<Vec<_>>>().and_then(|b| b.try_into().ok());
        let (bytes, offsets) = (Array::Mapped(file.take(TERM_BYTES, 1)?), Array::Mapped(file.take(TERM_OFFSETS, 8)?));
        let dictionary = blocks.and_then(|blocks| Dictionary::of(bytes, offsets, blocks));
        let dictionary = dictionary.ok_or_else(|| file.wrong("blocks and offsets of the terms that fit together", "others"))?;
        let graphs: Vec<(Id, u64)> = file.numbers(GRAPHS)?.chunks_exact(2).map(|pair| (pair[0] as Id, pair[1])).collect();
        let statistics =
            Statistics::decode(&file.numbers(STATISTICS)?).ok_or_else(|| file.wrong("statistics of whole entries", "others"))?;
        let statements = open_statements(&mut file, !graphs.is_empty())?;
        file.finish()?;
        if statements.len() as u64 != statistics.rows() {
            return Err(file.wrong(format!("{} statements, as the statistics say", statistics.rows()), statements.len().to_string()));
        }
        Ok(Self { dictionary, statements, graphs, statistics, numbering: file.numbering, health: Some(file.health) })
    }

    /// Reads everything, and checks that terms are well-formed and sorted, and statements sorted and of terms that there are.
    pub(super) fn verify(&self) -> Result<()> {
        // What was built in memory is in order by construction.
        let Some(health) = &self.health else { return Ok(()) };
        let damaged = |what: String| {
            health.note(what);
            health.check()
        };
        if let Some(what) = self.dictionary.fault() {
            return damaged(what);
        }
        let expected = self.statements.len();
        for order in Order::ALL {
            let permutation = self.statements.permutation(order);
            let columns: Option<Vec<&[Id]>> = permutation.columns().iter().map(|column| column.slice(0..expected)).collect();
            let Some(columns) = columns else { return damaged(format!("a column of {order:?} cannot be read")) };
            let key = |row: usize| columns.iter().map(move |column| column[row]);
            if let Some(row) = (1..expected).into_par_iter().find_any(|row| key(row - 1).ge(key(*row))) {
                return damaged(format!("statement {row} of {order:?} is out of order"));
            }
            let max = self.dictionary.len();
            if columns[..3].iter().any(|column| column.par_iter().any(|id| *id == 0 || *id > max))
                || columns[3..].iter().any(|c| c.par_iter().any(|id| *id > max))
            {
                return damaged(format!("{order:?} names terms that there are not"));
            }
        }
        health.check()
    }
}

/// Columns of four orders; `named`: also those of the graphs.
fn open_statements(file: &mut Opened, named: bool) -> Result<Statements> {
    let width = 3 + usize::from(named);
    let mut orders = Vec::with_capacity(4);
    let mut length = None;
    for order in Order::ALL {
        let mut columns = Vec::with_capacity(width);
        for at in 0..width {
            let column = Array::Mapped(file.take(&column_name(order, at), 4)?);
            let expected = *length.get_or_insert(column.len());
            if column.len() != expected {
                return Err(file.wrong(format!("{expected} statements in {}", column_name(order, at)), column.len().to_string()));
            }
            columns.push(Arc::new(column));
        }
        orders.push(Permutation::of(columns));
    }
    let orders = orders.try_into().map_err(|_| file.wrong("four orders", "others"))?;
    Ok(Statements::of(orders))
}

/// `pso.subject`, `pso.graph`, …
fn column_name(order: Order, at: usize) -> String {
    let position = order.positions().get(at).copied().unwrap_or(Position::Graph);
    format!("{order:?}.{position:?}").to_ascii_lowercase()
}

fn little_endian(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// The distinct graphs that are not 0, with the number of their statements, ascending.
fn named_graphs(statements: &Statements) -> Vec<(Id, u64)> {
    let mut counts = hashbrown::HashMap::new();
    let rows = statements.rows(Order::Spo, &[]);
    for run in rows.column(Position::Graph).chunk_by(PartialEq::eq).filter(|run| run[0] != 0) {
        *counts.entry(run[0]).or_insert(0) += run.len() as u64;
    }
    let mut graphs: Vec<_> = counts.into_iter().collect();
    graphs.sort_unstable();
    graphs
}

/// A number that no other call gave, in no process.
pub(super) fn fresh_number() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::time::SystemTime::now())
}
