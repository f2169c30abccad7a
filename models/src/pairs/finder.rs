//! Missing pairs: candidates by approximate search, in the order of their scores.

use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

use burn::tensor::{Tensor, TensorData};
use hypergraphql_ops::{HyperBackend, Metric, knn};
use serde::Serialize;

use super::data::Connection;
use super::inverted_lists::{IndexOptions, InvertedLists};
use super::known::Known;
use super::trained::{FoundPair, TrainedPairs};
use crate::error::{ModelError, Result};

/// Nodes whose candidates are searched and scored at a time.
const BLOCK: usize = 1024;

/// Which end of a pair a node is asked as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum End {
    /// Its targets are sought; where direction is of no account, all its partners.
    #[default]
    Source,
    /// Its sources are sought.
    Target,
}

/// How candidates are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CandidateOptions {
    /// Candidates of each node that are scored.
    pub per_node: usize,
    /// Lists that are read for each node, beside those that its known partners may fill.
    pub probes: usize,
    /// The lists.
    pub index: IndexOptions,
}

impl Default for CandidateOptions {
    fn default() -> Self {
        Self { per_node: 50, probes: 8, index: IndexOptions::default() }
    }
}

/// How good candidates are, measured on some nodes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Verification {
    /// Nodes that it was measured on.
    pub nodes: usize,
    /// Candidates of each.
    pub per_node: usize,
    /// Share of the candidates of an exact search that the approximate one finds.
    pub search_recall: Option<f64>,
    /// The best pairs of each node that are looked for below.
    pub top: usize,
    /// Share of the pairs that are the node's best when every pair with it is scored, and that are among the candidates.
    pub top_recall: Option<f64>,
    /// Products that the approximate search computed, per product of the exact one.
    pub compared: f64,
    /// Time of the approximate search.
    pub search_ms: f64,
    /// Time of the exact search.
    pub exact_ms: f64,
}

/// Searches for pairs that should be connected and are in no part of the data.
///
/// All pairs of N nodes are N²/2, so only candidates are scored: for each node those with the largest a(u, v), an inner product
/// ([`PairScorer`](super::PairScorer)), by [`InvertedLists`]; N·(candidates) scores in place of N²/2.
pub struct PairFinder<'a, B: HyperBackend> {
    trained: &'a TrainedPairs<'a, B>,
    end: End,
    options: CandidateOptions,
    known: Known,
    /// Rows of the nodes that are asked.
    queries: Vec<f32>,
    /// Rows of their partners.
    items: Vec<f32>,
    width: usize,
    index: InvertedLists<B>,
}

impl<'a, B: HyperBackend> PairFinder<'a, B> {
    /// Makes the lists.
    ///
    /// # Errors
    /// An option outside its domain, targets asked for where direction is of no account, or what the device cannot hold.
    pub fn new(trained: &'a TrainedPairs<'a, B>, end: End, options: CandidateOptions) -> Result<Self> {
        for (what, value) in [("candidates", options.per_node), ("probes", options.probes)] {
            if value == 0 {
                return Err(ModelError::option(what, 0, "at least 1"));
            }
        }
        let data = trained.data();
        if end == End::Target && !data.options.directed {
            return Err(ModelError::option("end of a pair", "target", "source, as the pairs have no direction"));
        }
        let ([sources, targets], width) = trained.tables();
        let (queries, items) = if end == End::Source { (sources, targets) } else { (targets, sources) };
        let turned = |c: &Connection| if end == End::Source { c.pair() } else { (c.target, c.source) };
        Ok(Self {
            known: Known::of(data.all().map(turned), data.nodes.len(), data.options.directed),
            index: InvertedLists::new(&items, width, options.index, &trained.device())?,
            trained,
            end,
            options,
            queries,
            items,
            width,
        })
    }

    /// The candidates of nodes: those with the largest a in the lists that are read, best first, without the node itself and without its known partners. And how
    /// many products it took.
    ///
    /// # Errors
    /// A node that there is not.
    pub fn candidates(&self, nodes: &[u32]) -> Result<(Vec<Vec<u32>>, u64)> {
        let lists = self.index.lists();
        self.searched(nodes, |queries, k| {
            let probes = self.options.probes.saturating_add((k * lists).div_ceil(self.index.items()));
            self.index.search(queries, k, probes)
        })
    }

    /// The same by an exact search.
    fn exact(&self, nodes: &[u32]) -> Result<(Vec<Vec<u32>>, u64)> {
        let (device, width) = (self.trained.device(), self.width);
        let rows = |values: &[f32]| Tensor::<B, 2>::from_data(TensorData::new(values.to_vec(), [values.len() / width, width]), &device);
        let items = rows(&self.items);
        self.searched(nodes, |queries, k| {
            let (ids, _) = knn(rows(queries), items.clone(), k, Metric::InnerProduct)?;
            let found = ids.read()?.chunks(k).map(|row| row.iter().map(|id| (*id, 0.0)).collect()).collect();
            Ok((found, (queries.len() / width * self.index.items()) as u64))
        })
    }

    /// Searches for as many as are left when a node and its known partners are taken out; nodes with about as many are searched together.
    fn searched(
        &self,
        nodes: &[u32],
        search: impl Fn(&[f32], usize) -> Result<(Vec<Vec<(u32, f32)>>, u64)>,
    ) -> Result<(Vec<Vec<u32>>, u64)> {
        let count = self.known.nodes();
        if let Some(node) = nodes.iter().find(|node| **node as usize >= count) {
            return Err(ModelError::option("node", node, format!("an id below {count}")));
        }
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, node) in nodes.iter().enumerate() {
            let wanted = self.options.per_node.saturating_add(self.known.row(*node).len() + 1).min(count);
            groups.entry(wanted.next_power_of_two().min(count)).or_default().push(place);
        }
        let (mut candidates, mut compared) = (vec![Vec::new(); nodes.len()], 0);
        for (k, places) in groups {
            let row = |place: &usize| &self.queries[nodes[*place] as usize * self.width..][..self.width];
            let queries: Vec<f32> = places.iter().flat_map(row).copied().collect();
            let (found, products) = search(&queries, k)?;
            compared += products;
            for (place, found) in places.into_iter().zip(found) {
                let node = nodes[place];
                let missing = found.into_iter().map(|pair| pair.0).filter(|other| *other != node && !self.known.contains(node, *other));
                candidates[place] = missing.take(self.options.per_node).collect();
            }
        }
        Ok((candidates, compared))
    }

    fn pair(&self, node: u32, other: u32) -> (u32, u32) {
        match self.end {
            End::Source if self.trained.data().options.directed => (node, other),
            End::Source => (node.min(other), node.max(other)),
            End::Target => (other, node),
        }
    }

    /// The `top` missing pairs of these nodes with the highest scores, best first, of equal ones the smaller nodes; each pair once. `report` hears how many nodes are
    /// done, and ends the search by `false`, which gives none.
    ///
    /// # Errors
    /// A node that there is not.
    pub fn best(&self, nodes: &[u32], top: usize, mut report: impl FnMut(usize) -> bool) -> Result<Option<Vec<FoundPair>>> {
        let mut best: Vec<FoundPair> = Vec::new();
        let mut done = 0;
        for block in nodes.chunks(BLOCK) {
            let (candidates, _) = self.candidates(block)?;
            let mut pairs: Vec<(u32, u32)> =
                block.iter().zip(&candidates).flat_map(|(node, found)| found.iter().map(|other| self.pair(*node, *other))).collect();
            pairs.sort_unstable();
            pairs.dedup();
            best.extend(self.trained.score(&pairs)?);
            best.sort_by(|a, b| b.logit.total_cmp(&a.logit).then((a.source, a.target).cmp(&(b.source, b.target))));
            // A pair may be found from both its ends.
            let mut seen = HashSet::new();
            best.retain(|pair| seen.len() < top && seen.insert((pair.source, pair.target)));
            done += block.len();
            if !report(done) {
                return Ok(None);
            }
        }
        Ok(Some(best))
    }

    /// How many of the best pairs of nodes the candidates have, against an exact search and against the scores of all pairs of these nodes. nodes · N scores.
    ///
    /// # Errors
    /// A node that there is not.
    pub fn verify(&self, nodes: &[u32], top: usize) -> Result<Verification> {
        let start = Instant::now();
        let (candidates, compared) = self.candidates(nodes)?;
        let search_ms = 1e3 * start.elapsed().as_secs_f64();
        let start = Instant::now();
        let (exact, products) = self.exact(nodes)?;
        let exact_ms = 1e3 * start.elapsed().as_secs_f64();
        let (mut search, mut scored) = (Share::default(), Share::default());
        for ((node, candidates), exact) in nodes.iter().zip(&candidates).zip(&exact) {
            let candidates: HashSet<u32> = candidates.iter().copied().collect();
            exact.iter().for_each(|other| search.count(candidates.contains(other)));
            let others: Vec<u32> =
                (0..self.known.nodes() as u32).filter(|other| other != node && !self.known.contains(*node, *other)).collect();
            let pairs: Vec<(u32, u32)> = others.iter().map(|other| self.pair(*node, *other)).collect();
            let mut all: Vec<(f32, u32)> = self.trained.score(&pairs)?.into_iter().map(|pair| pair.logit).zip(others).collect();
            all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            all.iter().take(top).for_each(|(_, other)| scored.count(candidates.contains(other)));
        }
        Ok(Verification {
            nodes: nodes.len(),
            per_node: self.options.per_node,
            search_recall: search.value(),
            top,
            top_recall: scored.value(),
            compared: compared as f64 / products.max(1) as f64,
            search_ms,
            exact_ms,
        })
    }
}

/// A share that is being counted.
#[derive(Default)]
struct Share {
    hits: u64,
    of: u64,
}

impl Share {
    fn count(&mut self, hit: bool) {
        self.hits += u64::from(hit);
        self.of += 1;
    }

    fn value(&self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }
}
