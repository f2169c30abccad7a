//! Pairs of nodes that are connected, and how, in three parts.

use hypergraphql_framework::links::{Link, LinkDataset};
use hypergraphql_framework::{Features, splits};
use serde::{Deserialize, Serialize};

use super::known::Known;
use crate::error::{ModelError, Result};

/// The type of all connections that are of none of the most frequent types.
pub const OTHER: &str = "(other)";

/// Shares of training, validation and test where the data has no parts.
const SHARES: [f64; 3] = [0.8, 0.1, 0.1];

/// Two nodes that are connected, and by what relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Connection {
    /// A node; where direction is of no account, the smaller one.
    pub source: u32,
    /// Another node.
    pub target: u32,
    /// A relation; 0 where there are none.
    pub relation: u32,
}

impl Connection {
    /// The two nodes, the smaller one first. Parts never share them.
    pub fn ends(&self) -> (u32, u32) {
        (self.source.min(self.target), self.source.max(self.target))
    }

    /// The two nodes, in their order.
    pub fn pair(&self) -> (u32, u32) {
        (self.source, self.target)
    }
}

/// How data becomes pairs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairOptions {
    /// Whether (u, v) and (v, u) are two pairs.
    pub directed: bool,
    /// Most types of connections, [`OTHER`] among them; 0: none are told apart.
    pub types: usize,
    /// Shares of training, validation and test, drawn from the seed; none: the parts of the data, or 0.8, 0.1 and 0.1 where it has none.
    pub split: Option<[f64; 3]>,
    /// Draws the split.
    pub seed: u64,
    /// Larger hyperedges are left out, as they join n (n − 1) / 2 pairs each.
    pub max_members: usize,
}

impl Default for PairOptions {
    fn default() -> Self {
        Self { directed: false, types: 10, split: None, seed: 0, max_members: 32 }
    }
}

/// What of the data is in no pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LeftOut {
    /// Statements and hyperedges with one node alone.
    pub loops: usize,
    /// Hyperedges of too many members.
    pub large: usize,
    /// Connections of a validation or test part whose two nodes are connected in a part before it: they would be no news.
    pub repeated: usize,
    /// Nodes without any connection and without features.
    pub isolated: usize,
}

/// Connections of N nodes in three parts, each ascending by [`Connection::ends`].
#[derive(Debug, Clone, PartialEq)]
pub struct PairData {
    /// Names of the nodes.
    pub nodes: Vec<String>,
    /// Names of the relations; none where the data has none.
    pub relations: Vec<String>,
    /// Names of the types: relations, the most frequent in training first, then [`OTHER`] where there are more; none where there would be fewer than two.
    pub types: Vec<String>,
    /// The type of each relation.
    pub type_of: Vec<u32>,
    /// Features of the nodes.
    pub features: Features,
    /// How it became pairs.
    pub options: PairOptions,
    /// What is learned from.
    pub train: Vec<Connection>,
    /// What the best epoch is chosen by.
    pub valid: Vec<Connection>,
    /// What is reported.
    pub test: Vec<Connection>,
    /// What is in no part.
    pub left_out: LeftOut,
}

/// Data before it is cut.
pub(super) struct Raw {
    pub(super) nodes: Vec<String>,
    pub(super) relations: Vec<String>,
    pub(super) features: Features,
    pub(super) parts: Parts,
    pub(super) left_out: LeftOut,
}

/// Whether somebody else has cut it.
pub(super) enum Parts {
    Whole(Vec<Connection>),
    Given([Vec<Connection>; 3]),
}

impl PairData {
    /// Subjects and objects of statements, with their relations as types. Qualifiers are not read, and entities that are in qualifiers alone are no nodes.
    ///
    /// # Errors
    /// An option outside its domain, or nothing to learn from.
    pub fn of_links(data: &LinkDataset, options: &PairOptions) -> Result<Self> {
        let part = |links: &[Link]| {
            let one = |link: &Link| Connection { source: link.subject, target: link.object, relation: link.relation };
            links.iter().map(one).collect::<Vec<_>>()
        };
        Self::of_raw(
            Raw {
                nodes: data.entities.clone(),
                relations: data.relations.clone(),
                features: Features::None,
                parts: Parts::Given([part(&data.train), part(&data.valid), part(&data.test)]),
                left_out: LeftOut::default(),
            },
            options,
        )
    }

    pub(super) fn of_raw(raw: Raw, options: &PairOptions) -> Result<Self> {
        if options.types == 1 {
            return Err(ModelError::option("types", 1, "at least 2, or 0 for none"));
        }
        let Raw { mut nodes, mut relations, features, mut parts, mut left_out } = raw;
        for part in parts.all() {
            let before = part.len();
            part.retain(|c| c.source != c.target);
            left_out.loops += before - part.len();
            if !options.directed {
                part.iter_mut().for_each(|c| (c.source, c.target) = c.ends());
            }
        }
        if matches!(features, Features::None) {
            let before = nodes.len();
            nodes = keep_used(nodes, parts.all().iter_mut().flat_map(|part| part.iter_mut()).flat_map(|c| [&mut c.source, &mut c.target]));
            left_out.isolated += before - nodes.len();
        }
        if !relations.is_empty() {
            relations = keep_used(relations, parts.all().iter_mut().flat_map(|part| part.iter_mut()).map(|c| &mut c.relation));
        }
        let [train, valid, test] = parts.cut(options, &mut left_out)?;
        if train.is_empty() {
            let what = if valid.is_empty() && test.is_empty() { "none: nothing joins two nodes" } else { "none" };
            return Err(ModelError::option(
                "pairs to learn from",
                what,
                "at least one (--hyperedges, --max-members and --split choose them)",
            ));
        }
        let used = [&train, &valid, &test].into_iter().flatten().map(|c| c.relation);
        let (types, type_of) = types(&relations, &train, used, options.types);
        Ok(Self { nodes, relations, types, type_of, features, options: *options, train, valid, test, left_out })
    }

    /// The connections of all parts.
    pub fn all(&self) -> impl Iterator<Item = &Connection> + Clone {
        self.train.iter().chain(&self.valid).chain(&self.test)
    }

    /// Which nodes are connected, in any part.
    pub fn known(&self) -> Known {
        Known::of(self.all().map(Connection::pair), self.nodes.len(), self.options.directed)
    }

    /// The type of a connection.
    pub fn type_of(&self, connection: &Connection) -> u32 {
        self.type_of.get(connection.relation as usize).copied().unwrap_or_default()
    }
}

impl Parts {
    fn all(&mut self) -> &mut [Vec<Connection>] {
        match self {
            Self::Whole(all) => std::slice::from_mut(all),
            Self::Given(parts) => parts,
        }
    }

    fn cut(self, options: &PairOptions, left_out: &mut LeftOut) -> Result<[Vec<Connection>; 3]> {
        match (self, options.split) {
            (Self::Given(parts), None) => Ok(distinct_parts(parts, left_out)),
            (Self::Given(parts), Some(shares)) => drawn(parts.concat(), shares, options.seed),
            (Self::Whole(all), shares) => drawn(all, shares.unwrap_or(SHARES), options.seed),
        }
    }
}

/// The names that are named, with the numbers renumbered.
fn keep_used<'a>(names: Vec<String>, numbers: impl Iterator<Item = &'a mut u32>) -> Vec<String> {
    let mut new = vec![u32::MAX; names.len()];
    let mut kept = 0;
    // In the order of the first use; the names follow.
    let mut order = Vec::new();
    numbers.for_each(|number| {
        let at = &mut new[*number as usize];
        if *at == u32::MAX {
            *at = kept;
            kept += 1;
            order.push(*number);
        }
        *number = *at;
    });
    let mut names: Vec<Option<String>> = names.into_iter().map(Some).collect();
    order.into_iter().filter_map(|old| names[old as usize].take()).collect()
}

fn sort(connections: &mut Vec<Connection>) {
    connections.sort_unstable_by_key(|c| (c.ends(), *c));
    connections.dedup();
}

/// A validation or test pair is none that a part before it has.
fn distinct_parts(mut parts: [Vec<Connection>; 3], left_out: &mut LeftOut) -> [Vec<Connection>; 3] {
    let mut seen: Vec<(u32, u32)> = Vec::new();
    for part in &mut parts {
        sort(part);
        let before = part.len();
        part.retain(|c| seen.binary_search(&c.ends()).is_err());
        left_out.repeated += before - part.len();
        seen.extend(part.iter().map(Connection::ends));
        seen.sort_unstable();
        seen.dedup();
    }
    parts
}

/// Both directions and all types of a pair fall into one part.
fn drawn(mut all: Vec<Connection>, shares: [f64; 3], seed: u64) -> Result<[Vec<Connection>; 3]> {
    if (shares.iter().sum::<f64>() - 1.0).abs() > 1e-6 {
        return Err(ModelError::option("split", format!("{shares:?}"), "shares of train, valid and test that add up to 1"));
    }
    sort(&mut all);
    let groups: Vec<&[Connection]> = all.chunk_by(|a, b| a.ends() == b.ends()).collect();
    let split = splits::random(groups.len(), shares, seed)?;
    let part = |ids: &[u32]| ids.iter().flat_map(|id| groups[*id as usize]).copied().collect();
    Ok([part(&split.train), part(&split.valid), part(&split.test)])
}

/// Names of the types, and the type of each relation.
fn types(relations: &[String], train: &[Connection], used: impl Iterator<Item = u32>, limit: usize) -> (Vec<String>, Vec<u32>) {
    let none = (vec![], vec![0; relations.len()]);
    if relations.is_empty() || limit == 0 {
        return none;
    }
    let mut counts = vec![0usize; relations.len()];
    train.iter().for_each(|c| counts[c.relation as usize] += 1);
    let mut seen: Vec<usize> = (0..relations.len()).filter(|r| counts[*r] > 0).collect();
    seen.sort_by_key(|r| (std::cmp::Reverse(counts[*r]), *r));
    let mut all: Vec<u32> = used.collect();
    all.sort_unstable();
    all.dedup();
    // A relation that is in no training connection cannot be learned.
    let others = all.len() > limit || all.len() > seen.len();
    seen.truncate(if others { limit - 1 } else { limit });
    let mut names: Vec<String> = seen.iter().map(|r| relations[*r].clone()).collect();
    let mut type_of = vec![names.len() as u32; relations.len()];
    (0..).zip(&seen).for_each(|(class, r)| type_of[*r] = class);
    if others {
        names.push(OTHER.to_owned());
    }
    if names.len() < 2 { none } else { (names, type_of) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(train: &[(u32, u32, u32)], valid: &[(u32, u32, u32)], test: &[(u32, u32, u32)]) -> LinkDataset {
        let part = |all: &[(u32, u32, u32)]| {
            let link = |&(subject, relation, object): &(u32, u32, u32)| Link { subject, relation, object, qualifiers: vec![(6, 9)] };
            all.iter().map(link).collect::<Vec<_>>()
        };
        let names = |prefix: &str, count: usize| (0..count).map(|i| format!("{prefix}{i}")).collect();
        LinkDataset { entities: names("e", 10), relations: names("r", 7), train: part(train), valid: part(valid), test: part(test) }
    }

    #[test]
    fn parts_share_no_pair_and_nothing_else_is_lost() {
        let data =
            links(&[(3, 0, 1), (1, 0, 3), (1, 4, 2), (5, 0, 5), (3, 2, 1)], &[(1, 1, 3), (2, 0, 5), (5, 1, 2)], &[(5, 0, 2), (7, 0, 1)]);
        let pairs = PairData::of_links(&data, &PairOptions::default()).unwrap();
        // Nodes are numbered as they come; e0, e4, e6, e8 and e9 are in no pair.
        assert_eq!(pairs.nodes, ["e1", "e3", "e2", "e5", "e7"]);
        assert_eq!(pairs.relations, ["r0", "r4", "r2", "r1"]);
        let of = |part: &[Connection]| part.iter().map(|c| (c.source, c.target, c.relation)).collect::<Vec<_>>();
        assert_eq!(of(&pairs.train), [(0, 1, 0), (0, 1, 2), (0, 2, 1)]);
        assert_eq!(of(&pairs.valid), [(2, 3, 0), (2, 3, 3)]);
        assert_eq!(of(&pairs.test), [(0, 4, 0)]);
        assert_eq!(pairs.left_out, LeftOut { loops: 1, large: 0, repeated: 2, isolated: 5 });
        assert!(pairs.known().contains(1, 0) && pairs.known().contains(3, 2) && !pairs.known().contains(1, 2));

        let directed = PairData::of_links(&data, &PairOptions { directed: true, ..PairOptions::default() }).unwrap();
        assert_eq!(directed.train.len(), 4, "(e1, r0, e3) and (e3, r0, e1) are two");
        assert!(!directed.known().contains(1, 4) && directed.known().contains(4, 1));
        assert_eq!(directed.left_out.repeated, 2, "also against the direction");
    }

    #[test]
    fn a_drawn_split_keeps_pairs_together() {
        let all: Vec<(u32, u32, u32)> = (0..5).flat_map(|a| (a + 1..8).flat_map(move |b| [(a, 0, b), (b, 1, a)])).collect();
        let options = PairOptions { directed: true, split: Some([0.5, 0.25, 0.25]), seed: 3, ..PairOptions::default() };
        let data = PairData::of_links(&links(&all, &[], &[]), &options).unwrap();
        assert_eq!([data.train.len(), data.valid.len(), data.test.len()], [24, 12, 14]);
        let ends = |part: &[Connection]| part.iter().map(Connection::ends).collect::<std::collections::BTreeSet<_>>();
        let [train, valid, test] = [&data.train, &data.valid, &data.test].map(|part| ends(part));
        assert_eq!((train.len(), valid.len(), test.len()), (12, 6, 7));
        assert!(train.is_disjoint(&valid) && train.is_disjoint(&test) && valid.is_disjoint(&test));
        assert_eq!(data, PairData::of_links(&links(&all, &[], &[]), &options).unwrap());
        assert_ne!(data.test, PairData::of_links(&links(&all, &[], &[]), &PairOptions { seed: 4, ..options }).unwrap().test);
        for bad in [[0.5, 0.25, 0.2], [0.9, 0.2, -0.1]] {
            assert!(PairData::of_links(&links(&all, &[], &[]), &PairOptions { split: Some(bad), ..options }).is_err());
        }
    }

    #[test]
    fn the_most_frequent_types_have_names_and_the_rest_is_other() {
        let train: Vec<(u32, u32, u32)> = [4, 2, 2, 1, 4, 2, 0, 3].into_iter().zip(1..).map(|(r, object)| (0, r, object)).collect();
        let of = |types: usize, valid: &[(u32, u32, u32)]| {
            let data = PairData::of_links(&links(&train, valid, &[]), &PairOptions { types, ..PairOptions::default() }).unwrap();
            let named = data.relations.iter().map(String::as_str).zip(data.type_of.iter().copied()).collect::<Vec<_>>();
            (data.types.clone(), named.iter().map(|(name, class)| format!("{name}:{class}")).collect::<Vec<_>>().join(" "))
        };
        let (names, classes) = of(3, &[]);
        assert_eq!((names, classes.as_str()), (["r2", "r4", OTHER].map(str::to_owned).into(), "r4:1 r2:0 r1:2 r0:2 r3:2"));
        let (names, classes) = of(5, &[]);
        assert_eq!((names.len(), classes.as_str()), (5, "r4:1 r2:0 r1:2 r0:3 r3:4"));
        let (names, classes) = of(10, &[(1, 5, 2)]);
        assert_eq!((names.last().unwrap().as_str(), names.len(), classes.as_str()), (OTHER, 6, "r4:1 r2:0 r1:2 r0:3 r3:4 r5:5"));
        assert!(of(0, &[]).0.is_empty());
        let error = PairData::of_links(&links(&train, &[], &[]), &PairOptions { types: 1, ..PairOptions::default() }).unwrap_err();
        assert_eq!(error.to_string(), "types is 1, expected at least 2, or 0 for none");
        let error = PairData::of_links(&links(&[(2, 0, 2)], &[(1, 0, 2)], &[]), &PairOptions::default()).unwrap_err().to_string();
        assert!(error.starts_with("pairs to learn from is none"), "{error}");
    }
}
