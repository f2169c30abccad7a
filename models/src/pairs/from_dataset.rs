//! From the hyperedges of a data set to pairs of their members.

use hypergraphql_framework::{Dataset, Name};

use super::data::{Connection, LeftOut, PairData, PairOptions, Parts, Raw};
use crate::error::{ModelError, Result};

/// The roles of the ends of a statement in a data set that a store gives.
const ENDS: [&str; 2] = ["https://hypergraphql.org/ns#subject", "https://hypergraphql.org/ns#object"];

/// The relation of hyperedges that have none, where others have some.
const UNTYPED: &str = "(none)";

impl PairData {
    /// Every two members of a hyperedge, with the relations of the hyperedge as types. Where the data set has features, nodes without connections stay.
    ///
    /// # Errors
    /// An option outside its domain, nothing to learn from, or, in directed data, a hyperedge of several nodes that is no statement with subject and object.
    pub fn of_dataset(dataset: &Dataset, options: &PairOptions) -> Result<Self> {
        let hyperedges = dataset.hypergraph.edge_major();
        let mut names = dataset.relations.as_ref().map_or_else(Vec::new, |r| r.relations.names.clone());
        let untyped = [names.len() as u32];
        let (mut left_out, mut connections, mut has_untyped) = (LeftOut::default(), Vec::new(), false);
        for (e, members) in hyperedges.iter_rows().enumerate() {
            let relations = dataset.relations.as_ref().map_or(&[][..], |r| r.relations.row(e));
            let relations = if relations.is_empty() { &untyped[..] } else { relations };
            match members {
                [] => {}
                [_] => left_out.loops += 1,
                _ if members.len() > options.max_members => left_out.large += 1,
                _ => {
                    has_untyped |= relations == untyped;
                    let mut add =
                        |source, target| connections.extend(relations.iter().map(|&relation| Connection { source, target, relation }));
                    if options.directed {
                        let (source, target) = ends(dataset, e)?;
                        add(source, target);
                    } else {
                        members.iter().enumerate().for_each(|(i, &u)| members[i + 1..].iter().for_each(|&v| add(u, v)));
                    }
                }
            }
        }
        if has_untyped && !names.is_empty() {
            names.push(UNTYPED.to_owned());
        }
        let count = dataset.hypergraph.nodes();
        let nodes = match &dataset.node_names {
            Some(names) => names.iter().map(Name::to_plain).collect(),
            None => (0..count).map(|v| v.to_string()).collect(),
        };
        Self::of_raw(
            Raw { nodes, relations: names, features: dataset.features.clone(), parts: Parts::Whole(connections), left_out },
            options,
        )
    }
}

/// Subject and object of a statement.
fn ends(dataset: &Dataset, hyperedge: usize) -> Result<(u32, u32)> {
    let hyperedges = dataset.hypergraph.edge_major();
    let (first, members) = (hyperedges.ptr()[hyperedge] as usize, hyperedges.row(hyperedge));
    let player = |role: &str| {
        let roles = dataset.relations.as_ref().map(|r| &r.roles)?;
        (0..members.len()).find(|i| roles.names_of(first + i).any(|name| name == role)).map(|i| members[i])
    };
    match (members.len(), player(ENDS[0]), player(ENDS[1])) {
        (2, Some(source), Some(target)) if source != target => Ok((source, target)),
        _ => {
            let name = dataset.hyperedge_names.as_ref().map_or_else(|| hyperedge.to_string(), |names| names[hyperedge].to_plain());
            let expected =
                "statements with a subject and an object (--hyperedges triples takes those of a knowledge base); others have no direction";
            Err(ModelError::option("hyperedge of directed pairs", name, expected))
        }
    }
}

#[cfg(test)]
mod tests {
    use hypergraphql_framework::{Duplicates, Hypergraph, Relations, Tags};

    use super::*;

    fn dataset() -> Dataset {
        let members = [vec![0, 2], vec![1, 2, 4], vec![3], vec![0, 4], vec![0, 1, 2, 3, 4]];
        let mut dataset = Dataset::new("small", Hypergraph::from_members(6, members, Duplicates::Error).unwrap());
        dataset.node_names = Some(["a", "b", "c", "d", "e", "f"].map(|name| Name::Text(name.to_owned())).into());
        let tags = |names: &[&str], things, pairs: &[(u32, u32)]| {
            Tags::from_pairs(names.iter().map(|name| (*name).to_owned()).collect(), things, pairs.to_vec()).unwrap()
        };
        dataset.relations = Some(Relations {
            relations: tags(&["knows", "met"], 5, &[(0, 1), (1, 0), (1, 1), (3, 1)]),
            // Subject of hyperedge 0 is c, of hyperedge 3 a.
            roles: tags(&ENDS, 13, &[(0, 1), (1, 0), (6, 0), (7, 1)]),
        });
        dataset
    }

    #[test]
    fn members_are_joined_by_the_relations_of_their_hyperedges() {
        let options = PairOptions { max_members: 4, split: Some([1.0, 0.0, 0.0]), ..PairOptions::default() };
        let data = PairData::of_dataset(&dataset(), &options).unwrap();
        let named = |c: &Connection| {
            let [u, v] = [c.source, c.target].map(|v| data.nodes[v as usize].as_str());
            format!("{u}{v} {}", data.relations[c.relation as usize])
        };
        let mut all: Vec<String> = data.train.iter().map(named).collect();
        all.sort();
        assert_eq!(all, ["ac met", "ae met", "bc knows", "bc met", "be knows", "be met", "ce knows", "ce met"]);
        assert_eq!(data.left_out, LeftOut { loops: 1, large: 1, repeated: 0, isolated: 2 });
        assert_eq!((data.valid.len(), data.test.len()), (0, 0));

        let large = PairData::of_dataset(&dataset(), &PairOptions { max_members: 5, ..options }).unwrap();
        assert_eq!(large.relations.last().map(String::as_str), Some(UNTYPED));
        assert_eq!(large.left_out, LeftOut { loops: 1, large: 0, repeated: 0, isolated: 1 });

        let mut featured = dataset();
        featured.features = hypergraphql_framework::Features::identity(6);
        let data = PairData::of_dataset(&featured, &options).unwrap();
        assert_eq!((data.nodes.len(), data.left_out.isolated), (6, 0));
        featured.relations = None;
        let data = PairData::of_dataset(&featured, &options).unwrap();
        assert_eq!((data.relations.len(), data.types.len(), data.train.len()), (0, 0, 5));
    }

    #[test]
    fn only_statements_have_a_direction() {
        let options = PairOptions { directed: true, max_members: 2, split: Some([1.0, 0.0, 0.0]), ..PairOptions::default() };
        let data = PairData::of_dataset(&dataset(), &options).unwrap();
        let ends = |c: &Connection| [c.source, c.target].map(|v| data.nodes[v as usize].clone()).concat();
        let mut all: Vec<String> = data.train.iter().map(ends).collect();
        all.sort();
        assert_eq!(all, ["ae", "ca"]);
        let error = PairData::of_dataset(&dataset(), &PairOptions { max_members: 3, ..options }).unwrap_err().to_string();
        assert!(error.starts_with("hyperedge of directed pairs is 1") && error.contains("--hyperedges triples"), "{error}");
    }
}
