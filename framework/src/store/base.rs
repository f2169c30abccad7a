//! Terms and statements that are sorted, built in memory or mapped from a snapshot.

use std::hash::BuildHasher;
use std::path::Path;
use std::sync::Arc;

use bytemuck::cast_slice;
use rayon::prelude::*;

use super::block::Block;
use super::characteristic::CharacteristicSets;
use super::dictionary::Dictionary;
use super::sharded::Terms;
use super::snapshot::{self, Health, Opened, Part};
use super::statements::{Order, Permutation, Position, Statements};
use super::text::TextIndex;
use super::{Array, Id, MAX_TERMS, Statistics};
use crate::{Error, Result};

/// The sorted part of a space.
pub(super) struct Base {
    pub(super) dictionary: Dictionary,
    pub(super) statements: Statements,
    /// Named graphs with the number of their statements, ascending.
    pub(super) graphs: Vec<(Id, u64)>,
    pub(super) statistics: Statistics,
    /// Of the texts of strings, if it is wanted.
    pub(super) text: Option<TextIndex>,
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
const TEXT_KEYS: &str = "text.keys";
const TEXT_COUNTS: &str = "text.counts";
const TEXT_ENDS: &str = "text.ends";
const TEXT_POSTINGS: &str = "text.postings";
const SETS: &str = "statistics.sets";

impl Base {
    /// Sorts terms, and statements of their provisional ids; `text`: with an index of texts.
    pub(super) fn build(terms: &Terms, mut quads: Vec<[Id; 4]>, text: bool) -> Result<Self> {
        if terms.len() > u64::from(MAX_TERMS) {
            return Err(Error::invalid("terms of an AtomSpace", format!("at most {MAX_TERMS}"), terms.len().to_string()));
        }
        let (dictionary, ids) = Dictionary::build(terms);
        quads.par_iter_mut().for_each(|quad| *quad = quad.map(|id| ids[id as usize]));
        drop(ids);
        let named = quads.par_iter().any(|quad| quad[3] != 0);
        let statements = Statements::build(quads, dictionary.len(), named);
        let (graphs, statistics) = (named_graphs(&statements), Statistics::of(&statements));
        let text = text.then(|| TextIndex::new(&dictionary));
        Ok(Self { dictionary, statements, graphs, statistics, text, numbering: fresh_number(), health: None })
    }

    /// Writes all sections.
    pub(super) fn write(&self, to: &mut dyn std::io::Write) -> std::io::Result<()> {
        let graphs: Vec<u64> = self.graphs.iter().flat_map(|(id, count)| [u64::from(*id), *count]).collect();
        let (graphs, statistics) = (little_endian(&graphs), little_endian(&self.statistics.encode()));
        let sets = self.statistics.characteristic_sets().map(|sets| little_endian(&sets.encode()));
        let blocks = little_endian(&self.dictionary.starts().map(u64::from));
        let mut parts = vec![
            Part { name: TERM_BLOCKS.into(), bytes: &blocks },
            Part { name: TERM_OFFSETS.into(), bytes: cast_slice(self.dictionary.offsets().unverified()) },
            Part { name: TERM_BYTES.into(), bytes: self.dictionary.bytes().unverified() },
            Part { name: GRAPHS.into(), bytes: &graphs },
            Part { name: STATISTICS.into(), bytes: &statistics },
        ];
        parts.extend(sets.iter().map(|sets| Part { name: SETS.into(), bytes: sets }));
        if let Some(index) = &self.text {
            parts.extend([
                Part { name: TEXT_KEYS.into(), bytes: cast_slice(index.keys.unverified()) },
                Part { name: TEXT_COUNTS.into(), bytes: cast_slice(index.counts.unverified()) },
                Part { name: TEXT_ENDS.into(), bytes: cast_slice(index.ends.unverified()) },
                Part { name: TEXT_POSTINGS.into(), bytes: index.postings.unverified() },
            ]);
        }
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
        // Files of version 1 have none.
        let sets = if file.has(SETS) { Some(file.numbers(SETS)?) } else { None };
        let sets =
            sets.map(|sets| CharacteristicSets::decode(&sets).ok_or_else(|| file.wrong("characteristic sets of whole entries", "others")));
        let statistics = statistics.with_sets(sets.transpose()?);
        let text = open_text(&mut file)?;
        let statements = open_statements(&mut file, !graphs.is_empty())?;
        file.finish()?;
        if statements.len() as u64 != statistics.rows() {
            return Err(file.wrong(format!("{} statements, as the statistics say", statistics.rows()), statements.len().to_string()));
        }
        Ok(Self { dictionary, statements, graphs, statistics, text, numbering: file.numbering, health: Some(file.health) })
    }

    /// Reads everything, and checks that terms are well-formed and sorted, that the four orders are sorted and hold the same RDF statements, and that
    /// the counts are theirs.
    pub(super) fn verify(&self) -> Result<()> {
        // What was built in memory is in order by construction.
        let Some(health) = &self.health else { return Ok(()) };
        let state = hashbrown::DefaultHashBuilder::default();
        let sums = || Order::ALL.into_iter().map(|order| self.verify_order(order, &state)).collect::<Result<Vec<u64>, String>>();
        let fault = self.dictionary.fault().or_else(|| match sums() {
            Err(fault) => Some(fault),
            Ok(sums) if sums.iter().any(|sum| *sum != sums[0]) => Some("the orders hold different statements".to_owned()),
            Ok(_) if !self.statistics.are_those_of(&self.statements) => Some("the counts are not those of the statements".to_owned()),
            Ok(_) if self.text.as_ref().is_some_and(|index| !index.is_same(&TextIndex::new(&self.dictionary))) => {
                Some("the index of texts is not that of the terms".to_owned())
            }
            Ok(_) if self.graphs != named_graphs(&self.statements) => Some("the graphs are not those of the statements".to_owned()),
            Ok(_) => None,
        });
        fault.into_iter().for_each(|fault| health.note(fault));
        health.check()
    }

    /// Checks the statements of one order; gives a number that depends on the statements, not on their order.
    fn verify_order(&self, order: Order, state: &hashbrown::DefaultHashBuilder) -> Result<u64, String> {
        let rows = self.statements.rows(order, &[]);
        if rows.len() != self.statements.len() {
            return Err(format!("a column of {order:?} cannot be read"));
        }
        let positions = order.positions();
        let key = |row: [Id; 4]| [row[positions[0] as usize], row[positions[1] as usize], row[positions[2] as usize], row[3]];
        let (nodes, iris) = (1..self.dictionary.block_ids(Block::Iri).end, self.dictionary.block_ids(Block::Iri));
        let objects = 1..self.dictionary.len() + 1;
        (0..rows.len())
            .into_par_iter()
            .map(|at| {
                let row @ [s, p, o, g] = rows.row(at);
                if at > 0 && key(rows.row(at - 1)) >= key(row) {
                    return Err(format!("statement {at} of {order:?} is out of order"));
                }
                if !nodes.contains(&s) || !iris.contains(&p) || !objects.contains(&o) || g != 0 && !nodes.contains(&g) {
                    return Err(format!("statement {at} of {order:?} is no RDF"));
                }
                Ok(state.hash_one(row))
            })
            .try_reduce(|| 0, |a, b| Ok(a.wrapping_add(b)))
    }
}

/// The index of texts, if the file has one.
fn open_text(file: &mut Opened) -> Result<Option<TextIndex>> {
    if !file.has(TEXT_KEYS) {
        return Ok(None);
    }
    let (keys, counts) = (Array::Mapped(file.take(TEXT_KEYS, 4)?), Array::Mapped(file.take(TEXT_COUNTS, 4)?));
    let (ends, postings) = (Array::Mapped(file.take(TEXT_ENDS, 8)?), Array::Mapped(file.take(TEXT_POSTINGS, 1)?));
    let index = TextIndex::of(keys, counts, ends, postings);
    index.map(Some).ok_or_else(|| file.wrong("as many lists in the index of texts as it has keys", "others"))
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
    use std::hash::RandomState;
    RandomState::new().hash_one(std::time::SystemTime::now())
}

#[cfg(test)]
mod tests {
    use std::ops::Bound;

    use oxrdf::vocab::xsd;
    use oxrdf::{GraphName, Literal, NamedNode, Quad, Term, Triple};
    use proptest::prelude::*;

    use super::super::snapshot::{BLOCK, Directory};
    use super::*;
    use crate::store::AtomSpace;

    fn quads() -> Vec<Quad> {
        let node = |name: &str| NamedNode::new_unchecked(format!("http://x/{name}"));
        let triple = |object: Term| Term::Triple(Box::new(Triple::new(node("s"), node("p"), object)));
        let objects: [Term; 8] = [
            node("o").into(),
            Literal::from(7).into(),
            Literal::from(0.5).into(),
            Literal::new_simple_literal("é").into(),
            Literal::new_language_tagged_literal_unchecked("chat", "fr").into(),
            Literal::new_typed_literal("2020-01-01", xsd::DATE).into(),
            triple(node("o").into()),
            triple(triple(Literal::from(true).into())),
        ];
        let graph = |i: usize| if i.is_multiple_of(3) { node("g").into() } else { GraphName::DefaultGraph };
        objects
            .into_iter()
            .enumerate()
            .map(|(i, object)| Quad::new(node(&format!("s{}", i % 3)), node(&format!("p{}", i % 2)), object, graph(i)))
            .collect()
    }

    /// Everything that reads.
    fn read(space: &AtomSpace) -> usize {
        let mut found = space.quads().count() + space.graphs().len() + space.texts("c", &["hat".to_owned()]).len();
        found += space.texts("", &["chat".to_owned()]).into_iter().filter_map(|id| space.term(id)).count();
        for id in (0..=space.terms().min(1000)).chain([Id::MAX]) {
            found += space.term(id).and_then(|term| space.id(&term)).map_or(0, |id| id as usize) + usize::from(space.block(id).is_some());
            for order in Order::ALL {
                found += space.rows(order, &[id]).len() + space.adjacency(order, id).map_or(0, |adjacency| adjacency.range(id).len());
            }
        }
        let blocks = Block::ALL.iter().filter_map(|block| space.interval(*block, Bound::Unbounded, Bound::Unbounded));
        found + blocks.map(|ids| ids.len()).sum::<usize>()
    }

    #[test]
    fn a_file_of_version_1_is_read() {
        let space = AtomSpace::from_quads(quads()).unwrap();
        let mut file = Vec::new();
        space.base().write(&mut file).unwrap();
        let mut directory = Directory::decode(&file).unwrap();
        directory.entries.retain(|entry| entry.name != SETS);
        let mut header = directory.encode();
        header[8..12].copy_from_slice(&1_u32.to_le_bytes());
        let length = header.len() - 4;
        let sum = crc32fast::hash(&header[..length]);
        header[length..].copy_from_slice(&sum.to_le_bytes());
        file[..header.len()].copy_from_slice(&header);
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, &file).unwrap();
        let old = AtomSpace::of(Base::open(&path).unwrap());
        old.verify().unwrap();
        assert_eq!(old.quads().collect::<Vec<_>>(), space.quads().collect::<Vec<_>>());
        assert!(old.statistics().characteristic_sets().is_none() && space.statistics().characteristic_sets().is_some());
    }

    proptest! {
        /// A file of somebody who means harm: any bytes in any section, under right checksums.
        #[test]
        fn no_section_makes_a_reader_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
            let mut file = Vec::new();
            AtomSpace::from_quads(quads()).unwrap().with_text_index().unwrap().base().write(&mut file).unwrap();
            let mut directory = Directory::decode(&file).unwrap();
            let header = directory.encode().len();
            for (at, byte) in changes {
                let at = header + at.index(file.len() - header);
                file[at] = byte;
            }
            for entry in &mut directory.entries {
                entry.sums = file[entry.range.start as usize..entry.range.end as usize].chunks(BLOCK).map(crc32fast::hash).collect();
            }
            file[..header].copy_from_slice(&directory.encode());
            let folder = tempfile::TempDir::new().unwrap();
            let path = folder.path().join("a");
            std::fs::write(&path, &file).unwrap();
            if let Ok(base) = Base::open(&path) {
                let space = AtomSpace::of(base);
                read(&space);
                if space.verify().is_ok() {
                    prop_assert_eq!(space.quads().count(), quads().len());
                }
                if let Ok(changed) = space.with_changes(&quads(), &quads()[..3]) {
                    read(&changed);
                }
            }
        }
    }
}
