//! Hyperedges that are none: what a model of hyperedges learns to tell from those that are.

use std::fmt;
use std::hash::BuildHasher;
use std::str::FromStr;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use rand::RngExt;
use rand::seq::{SliceRandom, index};
use rand_chacha::ChaCha8Rng;

use crate::rng::{Stream, of_batch};
use crate::{Error, Hypergraph, Result};

/// Sets that are drawn for one negative before it is given up.
const ATTEMPTS: usize = 1000;
/// Steps of growth for each member of a set.
const STEPS: usize = 64;

/// How members of a negative are drawn; the text forms are `uniform`, `size-matched`, `motif` and `clique`. The last three are SNS, MNS and CNS of Patil et al. 2020
/// (doi:10.1007/978-3-030-47436-2_46), of ascending difficulty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NegativeKind {
    /// As many nodes as the positive has, each set equally likely.
    Uniform,
    /// As many nodes as a hyperedge drawn at random has, each set equally likely.
    SizeMatched,
    /// As many nodes as the positive has, connected in the clique expansion: two members of a hyperedge, then one member after another of hyperedges of those that
    /// are there.
    Motif,
    /// The positive with one member replaced by a node that shares a hyperedge with each of the others; where no such set is new, another hyperedge, drawn at
    /// random, is changed so. Sparse hypergraphs may have few of these.
    Clique,
}

impl NegativeKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Uniform, Self::SizeMatched, Self::Motif, Self::Clique];

    /// The text form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::SizeMatched => "size-matched",
            Self::Motif => "motif",
            Self::Clique => "clique",
        }
    }
}

impl fmt::Display for NegativeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for NegativeKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|k| k.name() == text);
        known.ok_or_else(|| Error::invalid("kind of negatives", "uniform, size-matched, motif or clique", format!("{text:?}")))
    }
}

/// Draws sets of nodes that are no hyperedges. A clone shares the hypergraph and the index of its hyperedges.
#[derive(Debug, Clone)]
pub struct NegativeSampler {
    hypergraph: Hypergraph,
    kind: NegativeKind,
    seed: u64,
    hasher: DefaultHashBuilder,
    /// Hyperedges by their members.
    known: Arc<HashTable<u32>>,
}

impl NegativeSampler {
    /// Of a hypergraph; O(Z) once.
    pub fn new(hypergraph: Hypergraph, kind: NegativeKind, seed: u64) -> Self {
        let hasher = DefaultHashBuilder::default();
        let mut known = HashTable::with_capacity(hypergraph.hyperedges());
        for (e, members) in hypergraph.edge_major().iter_rows().enumerate() {
            let hash_of = |e: &u32| hasher.hash_one(hypergraph.edge_major().row(*e as usize));
            known.insert_unique(hasher.hash_one(members), e as u32, hash_of);
        }
        Self { hypergraph, kind, seed, hasher, known: Arc::new(known) }
    }

    /// Whether these members, ascending, are a hyperedge.
    pub fn is_hyperedge(&self, members: &[u32]) -> bool {
        let same = |e: &u32| self.hypergraph.edge_major().row(*e as usize) == members;
        self.known.find(self.hasher.hash_one(members), same).is_some()
    }

    /// For each of the hyperedges `positives` so many negatives, one after another: members ascending and distinct. The draw is that of this batch of this epoch.
    ///
    /// # Errors
    /// When a hyperedge is out of range, or a thousand draws in a row give nothing but hyperedges, or nothing at all.
    pub fn sample(&self, positives: &[u32], each: usize, epoch: u64, batch: u64) -> Result<Vec<Vec<u32>>> {
        let count = self.hypergraph.hyperedges();
        let mut rng = of_batch(self.seed, epoch, batch, Stream::Negatives);
        let mut negatives = Vec::with_capacity(positives.len() * each);
        for &positive in positives {
            if positive as usize >= count {
                return Err(Error::invalid("positive hyperedge", format!("an id below {count}"), positive.to_string()));
            }
            for _ in 0..each {
                negatives.push(self.negative(positive, &mut rng)?);
            }
        }
        Ok(negatives)
    }

    fn negative(&self, positive: u32, rng: &mut ChaCha8Rng) -> Result<Vec<u32>> {
        let any_hyperedge = |rng: &mut ChaCha8Rng| rng.random_range(0..self.hypergraph.hyperedges() as u32);
        for attempt in 0..ATTEMPTS {
            let drawn = match self.kind {
                NegativeKind::Uniform => self.any(self.size(positive), rng),
                NegativeKind::SizeMatched => self.any(self.size(any_hyperedge(rng)), rng),
                NegativeKind::Motif => self.connected(self.size(positive), rng),
                NegativeKind::Clique => self.replaced(if attempt == 0 { positive } else { any_hyperedge(rng) }, rng),
            };
            if let Some(mut members) = drawn {
                members.sort_unstable();
                if !self.is_hyperedge(&members) {
                    return Ok(members);
                }
            }
        }
        let what = format!("{} negative of hyperedge {positive}, which has {} members", self.kind, self.size(positive));
        let expected = format!("a set of nodes that is no hyperedge within {ATTEMPTS} draws");
        let found = "none; leave such hyperedges out, or draw negatives of another kind (size-matched)";
        Err(Error::invalid(what, expected, found))
    }

    fn size(&self, hyperedge: u32) -> usize {
        self.hypergraph.edge_major().degree(hyperedge as usize)
    }

    /// So many nodes.
    fn any(&self, size: usize, rng: &mut ChaCha8Rng) -> Option<Vec<u32>> {
        Some(index::sample(rng, self.hypergraph.nodes(), size).into_iter().map(|v| v as u32).collect())
    }

    /// So many nodes, connected; nothing where the growth gets stuck.
    fn connected(&self, size: usize, rng: &mut ChaCha8Rng) -> Option<Vec<u32>> {
        let (by_node, by_hyperedge) = (self.hypergraph.node_major(), self.hypergraph.edge_major());
        let first = by_hyperedge.row(rng.random_range(0..by_hyperedge.rows()));
        if first.is_empty() || first.len() < size.min(2) {
            return None;
        }
        let mut members: Vec<u32> = index::sample(rng, first.len(), size.min(2)).into_iter().map(|k| first[k]).collect();
        let mut found: hashbrown::HashSet<u32> = members.iter().copied().collect();
        for _ in 0..STEPS * size {
            if members.len() == size {
                return Some(members);
            }
            let from = by_node.row(members[rng.random_range(0..members.len())] as usize);
            let through = by_hyperedge.row(from[rng.random_range(0..from.len())] as usize);
            let next = through[rng.random_range(0..through.len())];
            if found.insert(next) {
                members.push(next);
            }
        }
        (members.len() == size).then_some(members)
    }

    /// The hyperedge with another member; nothing where no node shares hyperedges with all that stay, or only such as make another hyperedge.
    fn replaced(&self, hyperedge: u32, rng: &mut ChaCha8Rng) -> Option<Vec<u32>> {
        let members = self.hypergraph.edge_major().row(hyperedge as usize);
        let mut places: Vec<usize> = (0..members.len()).collect();
        places.shuffle(rng);
        places.into_iter().find_map(|place| {
            let kept: Vec<u32> = members.iter().enumerate().filter(|(i, _)| *i != place).map(|(_, v)| *v).collect();
            let mut candidates = self.neighbours_of_all(&kept);
            candidates.retain(|v| members.binary_search(v).is_err());
            candidates.shuffle(rng);
            let mut changed = candidates.into_iter().map(|chosen| {
                let mut members: Vec<u32> = kept.iter().copied().chain([chosen]).collect();
                members.sort_unstable();
                members
            });
            changed.find(|members| !self.is_hyperedge(members))
        })
    }

    /// The nodes that share a hyperedge with each of these, ascending.
    fn neighbours_of_all(&self, nodes: &[u32]) -> Vec<u32> {
        let (by_node, by_hyperedge) = (self.hypergraph.node_major(), self.hypergraph.edge_major());
        let reach = |v: &u32| by_node.row(*v as usize).iter().map(|e| by_hyperedge.degree(*e as usize)).sum::<usize>();
        let Some(&narrow) = nodes.iter().min_by_key(|v| reach(v)) else { return Vec::new() };
        let mut candidates: Vec<u32> = by_node.row(narrow as usize).iter().flat_map(|e| by_hyperedge.row(*e as usize)).copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        let share = |a: u32, b: u32| meet(by_node.row(a as usize), by_node.row(b as usize));
        candidates.retain(|c| nodes.iter().all(|v| share(*c, *v)));
        candidates
    }
}

/// Whether two ascending lists have an element in common.
fn meet(a: &[u32], b: &[u32]) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    short.iter().any(|x| long.binary_search(x).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Duplicates;
    use crate::expand::clique;
    use crate::generate::power_law;

    fn sampler(kind: NegativeKind) -> NegativeSampler {
        NegativeSampler::new(power_law(211, 157, 5, 3).unwrap(), kind, 11)
    }

    fn large(h: &Hypergraph) -> Vec<u32> {
        (0..h.hyperedges() as u32).filter(|e| h.edge_major().degree(*e as usize) > 2).collect()
    }

    #[test]
    fn negatives_are_sets_of_nodes_and_no_hyperedges() {
        for kind in NegativeKind::ALL {
            let sampler = sampler(kind);
            let positives = large(&sampler.hypergraph);
            let negatives = sampler.sample(&positives, 3, 1, 2).unwrap();
            assert_eq!(negatives.len(), 3 * positives.len());
            assert_eq!(negatives, sampler.sample(&positives, 3, 1, 2).unwrap());
            assert_ne!(negatives, sampler.sample(&positives, 3, 1, 3).unwrap());
            for (i, members) in negatives.iter().enumerate() {
                assert!(members.windows(2).all(|w| w[0] < w[1]) && members.iter().all(|v| *v < 211), "{kind}: {members:?}");
                assert!((0..157).all(|e| sampler.hypergraph.edge_major().row(e) != members), "{kind}: {members:?}");
                if matches!(kind, NegativeKind::Uniform | NegativeKind::Motif) {
                    assert_eq!(members.len(), sampler.size(positives[i / 3]), "{kind}");
                }
            }
            assert!((0..157).all(|e| sampler.is_hyperedge(sampler.hypergraph.edge_major().row(e))));
        }
    }

    #[test]
    fn motifs_are_connected_and_cliques_complete() {
        let motif = sampler(NegativeKind::Motif);
        let h = motif.hypergraph.clone();
        let adjacent: hashbrown::HashSet<(u32, u32)> = clique(&h).unwrap().edge_major().iter_rows().map(|e| (e[0], e[1])).collect();
        let joined = |a: u32, b: u32| adjacent.contains(&(a.min(b), a.max(b)));
        for members in motif.sample(&large(&h), 2, 0, 0).unwrap() {
            let mut reached = vec![members[0]];
            for i in 0..members.len() {
                let Some(&from) = reached.get(i) else { panic!("{members:?} is not connected") };
                let next: Vec<u32> = members.iter().copied().filter(|v| !reached.contains(v) && joined(from, *v)).collect();
                reached.extend(next);
            }
        }
        let cliques = sampler(NegativeKind::Clique);
        for members in cliques.sample(&large(&h), 1, 0, 0).unwrap() {
            let is_origin = |old: &[u32]| {
                let new: Vec<u32> = members.iter().copied().filter(|v| !old.contains(v)).collect();
                old.len() == members.len() && new.len() == 1 && members.iter().all(|v| *v == new[0] || joined(*v, new[0]))
            };
            assert!(h.edge_major().iter_rows().any(is_origin), "{members:?}");
        }
        // Every pair of the ring with a third node in between shares it: the positive itself is changed.
        let ring = Hypergraph::from_members(6, (0..6_u32).map(|i| [i, (i + 1) % 6, (i + 2) % 6]), Duplicates::Error).unwrap();
        for members in NegativeSampler::new(ring, NegativeKind::Clique, 1).sample(&[0], 20, 0, 0).unwrap() {
            assert_eq!(members.iter().filter(|v| **v < 3).count(), 2, "{members:?} has two members of the positive");
        }
    }

    #[test]
    fn sizes_follow_their_distribution() {
        let sampler = sampler(NegativeKind::SizeMatched);
        let mut drawn = [0_f64; 20];
        let mut given = vec![0_f64; 20];
        sampler.sample(&[0], 15_700, 0, 0).unwrap().iter().for_each(|m| drawn[m.len()] += 1.0);
        // Singletons that are all hyperedges are drawn again, and there are few.
        sampler.hypergraph.edge_major().iter_rows().for_each(|m| given[m.len()] += 100.0);
        for (size, (d, g)) in drawn.iter().zip(&given).enumerate() {
            assert!((d - g).abs() <= 6.0 * g.max(50.0).sqrt() + 0.05 * g, "size {size}: {d} drawn, {g} expected");
        }
    }

    #[test]
    fn what_cannot_be_drawn_is_an_error() {
        let singles = Hypergraph::from_members(3, [vec![0], vec![1], vec![2], vec![0, 1, 2]], Duplicates::Error).unwrap();
        for kind in NegativeKind::ALL {
            let sampler = NegativeSampler::new(singles.clone(), kind, 0);
            let error = sampler.sample(&[3], 1, 0, 0).map(|n| assert!(kind == NegativeKind::SizeMatched, "{n:?}"));
            if let Err(error) = error {
                let error = error.to_string();
                assert!(error.contains(kind.name()) && error.contains("hyperedge 3") && error.contains("1000"), "{error}");
            }
            assert!(sampler.sample(&[4], 1, 0, 0).unwrap_err().to_string().contains("below 4"));
        }
        assert_eq!("motif".parse::<NegativeKind>().unwrap(), NegativeKind::Motif);
        assert!("mns".parse::<NegativeKind>().unwrap_err().to_string().contains("size-matched"));
    }
}
