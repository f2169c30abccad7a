//! Nodes with vectors, and those nearest to others.

use std::cmp::Ordering;
use std::ops::Range;

use hypergraphql_framework::store::Id;
use hypergraphql_kernels::knn::{KnnConfig, Metric, host};

use super::Embeddings;
use crate::engine::QueryError;
use crate::executor::Task;

/// Queries of one search, between two looks at the limits.
const QUERIES: usize = 64;

/// Candidates that are kept beyond those wanted: the search sums in another order than the scores do.
const SPARE: usize = 16;

/// A node that was found, with its cosine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Near {
    pub(crate) id: Id,
    pub(crate) score: f32,
}

/// Vectors of length 1 (or 0) of nodes.
#[derive(Debug, Default)]
pub(crate) struct Items {
    /// Ascending; a node may have several vectors.
    ids: Vec<Id>,
    width: usize,
    values: Vec<f32>,
    /// Vectors of one node, at most.
    repeated: usize,
}

impl Items {
    /// Those of pairs of an id and the row of its vector, which is normalised.
    pub(crate) fn new(mut rows: Vec<(Id, u32)>, embeddings: &Embeddings) -> Self {
        rows.sort_unstable();
        let mut values = Vec::with_capacity(rows.len() * embeddings.width);
        for &(_, row) in &rows {
            let at = row as usize * embeddings.width;
            values.extend(normalised(&embeddings.values[at..at + embeddings.width]));
        }
        Self::of(rows.into_iter().map(|(id, _)| id).collect(), embeddings.width, values)
    }

    fn of(ids: Vec<Id>, width: usize, values: Vec<f32>) -> Self {
        let repeated = ids.chunk_by(PartialEq::eq).map(<[Id]>::len).max().unwrap_or(1);
        Self { ids, width, values, repeated }
    }

    /// The vectors of some nodes.
    pub(crate) fn only(&self, task: &Task<'_, '_>, keep: impl Fn(Id) -> bool) -> Result<Self, QueryError> {
        let places: Vec<usize> = (0..self.ids.len()).filter(|&place| keep(self.ids[place])).collect();
        task.room(places.len() as u64, 4 * (self.width as u64 + 1))?;
        let values = places.iter().flat_map(|&place| self.vector(place)).copied().collect();
        Ok(Self::of(places.into_iter().map(|place| self.ids[place]).collect(), self.width, values))
    }

    fn vector(&self, place: usize) -> &[f32] {
        &self.values[place * self.width..(place + 1) * self.width]
    }

    /// The first vector of a node.
    pub(crate) fn of_node(&self, id: Id) -> Option<&[f32]> {
        let place = self.ids.partition_point(|other| *other < id);
        (self.ids.get(place) == Some(&id)).then(|| self.vector(place))
    }

    /// The k nodes nearest to each query, best first, of equal ones the lower id; not the node that the query itself has (0: none). Cosines are sums in f64 that depend on
    /// nothing but the two vectors.
    ///
    /// # Errors
    /// When limits are passed.
    pub(crate) fn nearest(&self, task: &Task<'_, '_>, queries: &[(Id, &[f32])], k: usize) -> Result<Vec<Vec<Near>>, QueryError> {
        let mut found = Vec::with_capacity(queries.len());
        let wanted = (k.saturating_add(1).saturating_mul(self.repeated)).saturating_add(SPARE).min(self.ids.len());
        for queries in queries.chunks(QUERIES) {
            task.check()?;
            task.room((queries.len() * wanted) as u64, 32)?;
            let flat: Vec<f32> = queries.iter().flat_map(|(_, vector)| *vector).copied().collect();
            let config =
                KnnConfig { queries: queries.len(), items: self.ids.len(), width: self.width, k: wanted, metric: Metric::InnerProduct };
            let (places, _) = host::knn(config, &flat, &self.values);
            for (at, (id, vector)) in queries.iter().enumerate() {
                let places = &places[range(at, wanted)];
                let candidates =
                    places.iter().map(|&place| Near { id: self.ids[place as usize], score: dot(vector, self.vector(place as usize)) });
                found.push(best(candidates.filter(|near| near.id != *id).collect(), k));
            }
        }
        Ok(found)
    }
}

fn range(at: usize, length: usize) -> Range<usize> {
    at * length..(at + 1) * length
}

/// The best k, each node once.
fn best(mut candidates: Vec<Near>, k: usize) -> Vec<Near> {
    candidates.retain(|near| !near.score.is_nan());
    candidates.sort_unstable_by(|a, b| a.id.cmp(&b.id).then_with(|| descending(a, b)));
    candidates.dedup_by_key(|near| near.id);
    candidates.sort_unstable_by(|a, b| descending(a, b).then(a.id.cmp(&b.id)));
    candidates.truncate(k);
    candidates
}

fn descending(a: &Near, b: &Near) -> Ordering {
    b.score.total_cmp(&a.score)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() as f32
}

/// A vector divided by its length.
pub(crate) fn unit(vector: &[f32]) -> Vec<f32> {
    normalised(vector).collect()
}

/// A vector divided by its length; one that has none, or is no number, is 0.
fn normalised(vector: &[f32]) -> impl Iterator<Item = f32> + '_ {
    let length = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
    let scale = if length.is_finite() && length > 0.0 { length.recip() } else { 0.0 };
    vector.iter().map(move |x| if scale == 0.0 { 0.0 } else { (f64::from(*x) * scale) as f32 })
}
