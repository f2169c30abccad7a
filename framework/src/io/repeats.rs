//! What a reader does with a node twice in a hyperedge, and with two hyperedges of the same members.

use std::collections::HashMap;
use std::path::Path;

use super::at;
use crate::{Duplicates, Error, Hypergraph, Place, Result};

/// The incidences in the order of a file, repeats included, and how to speak of them.
pub(super) struct Listed<'a, P> {
    /// (node, hyperedge)
    pub(super) pairs: P,
    pub(super) weights: Option<&'a [f64]>,
    /// Where an incidence stands.
    pub(super) place: &'a dyn Fn(usize) -> Place,
    /// "node in hyperedge"
    pub(super) name: &'a dyn Fn((u32, u32)) -> String,
}

/// A pair that was met before.
struct Repeat {
    index: usize,
    pair: (u32, u32),
    /// The first weight and this one.
    weights: [f64; 2],
}

/// The hypergraph built of the incidences by the duplicates rule: a repeat that was refused gets its place, others are reported.
pub(super) fn settle<P>(path: &Path, built: Result<Hypergraph>, listed: Listed<'_, P>, dup: Duplicates) -> Result<Hypergraph>
where
    P: ExactSizeIterator<Item = (u32, u32)> + Clone,
{
    let total = listed.pairs.len();
    match built {
        Ok(h) => {
            if h.incidences() < total {
                listed.report(total - h.incidences(), dup);
            }
            Ok(h)
        }
        Err(error) => Err(listed.refused(dup).unwrap_or_else(|| at(path, error))),
    }
}

impl<P: ExactSizeIterator<Item = (u32, u32)> + Clone> Listed<'_, P> {
    /// The first repeat that `which` says yes to.
    fn first(&self, which: impl Fn(&Repeat) -> bool) -> Option<Repeat> {
        let mut seen = HashMap::new();
        self.pairs.clone().enumerate().find_map(|(index, pair)| {
            let weight = self.weights.map_or(1.0, |w| w[index]);
            let first = *seen.entry(pair).or_insert((index, weight));
            let repeat = Repeat { index, pair, weights: [first.1, weight] };
            (first.0 != index && which(&repeat)).then_some(repeat)
        })
    }

    fn report(&self, count: usize, dup: Duplicates) {
        let Some(first) = self.first(|_| true) else { return };
        let (place, name) = ((self.place)(first.index), (self.name)(first.pair));
        match dup {
            Duplicates::Sum => tracing::info!("{place}: repeated incidences added up: {count}, the first is {name}"),
            _ => tracing::warn!(
                "{place}: repeated incidences counted once: {count}, the first is {name}; the rule `sum` adds them up, `error` refuses them"
            ),
        }
    }

    /// The error about the repeat that the rule refuses, if there is one.
    fn refused(&self, dup: Duplicates) -> Option<Error> {
        let differ = |r: &Repeat| r.weights[0] != r.weights[1];
        let (repeat, expected) = match dup {
            Duplicates::Sum => return None,
            Duplicates::Error => (self.first(|_| true)?, "every node at most once in a hyperedge"),
            Duplicates::Merge => (self.first(differ)?, "the same weight wherever an incidence repeats (the rule `sum` adds them up)"),
        };
        let mut found = format!("{} again", (self.name)(repeat.pair));
        if dup == Duplicates::Merge {
            found.push_str(&format!(", with weight {} after {}", repeat.weights[1], repeat.weights[0]));
        }
        Some(Error::parse((self.place)(repeat.index), expected, found))
    }
}

/// Refuses two hyperedges of the same members.
pub(super) fn check_distinct(path: &Path, h: &Hypergraph) -> Result<()> {
    let mut seen = HashMap::new();
    for (e, members) in h.edge_major().iter_rows().enumerate() {
        if let Some(earlier) = seen.insert(members, e) {
            let found = format!("those of hyperedge {earlier} in hyperedge {e}");
            return Err(Error::parse(Place::file(path), "hyperedges with different members", found));
        }
    }
    Ok(())
}
