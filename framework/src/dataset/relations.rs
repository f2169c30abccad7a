//! What kind of hyperedge each is, and as what its nodes take part in it.

use super::{distinct, length};
use crate::{Error, Result};

/// Names that things bear, none, one or several each: thing `i` bears `of[ptr[i]..ptr[i + 1]]`, ids of `names`, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags {
    /// The names, each once.
    pub names: Vec<String>,
    /// Where the ids of each thing begin; one more for the end.
    pub ptr: Vec<u32>,
    /// The ids of all things, one after the other.
    pub of: Vec<u32>,
}

/// The relations of hyperedges and the roles of nodes in them, as knowledge hypergraphs have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relations {
    /// Of each hyperedge, its relations: mostly one.
    pub relations: Tags,
    /// Of each incidence, in the order of [`crate::Hypergraph::edge_major`], the roles that the node plays: mostly one.
    pub roles: Tags,
}

impl Tags {
    /// From (thing, id of a name) pairs in any order; a repeated pair counts once.
    ///
    /// # Errors
    /// When a thing is not below `things`, an id has no name, or there are more than `u32::MAX` pairs.
    pub fn from_pairs(names: Vec<String>, things: usize, mut pairs: Vec<(u32, u32)>) -> Result<Self> {
        crate::hypergraph::build::check_size("names borne", pairs.len())?;
        pairs.sort_unstable();
        pairs.dedup();
        if let Some((thing, _)) = pairs.last().filter(|pair| pair.0 as usize >= things) {
            return Err(Error::invalid("a thing that bears a name", format!("an id below {things}"), thing.to_string()));
        }
        let mut ptr = vec![0; things + 1];
        pairs.iter().for_each(|(thing, _)| ptr[*thing as usize + 1] += 1);
        (0..things).for_each(|i| ptr[i + 1] += ptr[i]);
        let tags = Self { names, ptr, of: pairs.into_iter().map(|pair| pair.1).collect() };
        tags.check_ids("names borne")?;
        Ok(tags)
    }

    /// How many things there are.
    pub fn things(&self) -> usize {
        self.ptr.len().saturating_sub(1)
    }

    /// The ids of the names that a thing bears, ascending.
    ///
    /// # Panics
    /// When there is no such thing.
    pub fn row(&self, thing: usize) -> &[u32] {
        &self.of[self.ptr[thing] as usize..self.ptr[thing + 1] as usize]
    }

    /// The names that a thing bears.
    ///
    /// # Panics
    /// When there is no such thing.
    pub fn names_of(&self, thing: usize) -> impl Iterator<Item = &str> {
        self.row(thing).iter().map(|id| self.names[*id as usize].as_str())
    }

    fn check_ids(&self, what: &str) -> Result<()> {
        match self.of.iter().find(|id| **id as usize >= self.names.len()) {
            None => Ok(()),
            Some(id) => Err(Error::invalid(what, format!("ids of {} names", self.names.len()), id.to_string())),
        }
    }

    fn check(&self, what: &str, things: usize, each: &str) -> Result<()> {
        if self.things() != things {
            return Err(length(what, things, each, self.things()));
        }
        let rises = self.ptr.first() == Some(&0) && self.ptr.windows(2).all(|p| p[0] <= p[1]);
        if !rises || self.ptr.last().is_none_or(|end| *end as usize != self.of.len()) {
            return Err(Error::invalid(format!("starts of {what}"), format!("numbers that rise from 0 to {}", self.of.len()), "others"));
        }
        self.check_ids(what)?;
        if let Some(i) = (0..things).find(|i| self.row(*i).windows(2).any(|p| p[0] >= p[1])) {
            return Err(Error::invalid(format!("{what} of {each} {i}"), "ids that rise", "others"));
        }
        distinct(what, self.names.iter())
    }
}

impl Relations {
    /// The same with `added` hyperedges of one member each after the others, which have this relation and no roles.
    #[must_use]
    pub fn with_singletons(&self, added: usize, relation: &str) -> Self {
        let Self { mut relations, mut roles } = self.clone();
        if added == 0 {
            return Self { relations, roles };
        }
        let id = relations.names.iter().position(|name| name == relation).unwrap_or(relations.names.len()) as u32;
        if id as usize == relations.names.len() {
            relations.names.push(relation.to_owned());
        }
        let (first, end) = (relations.of.len() as u32, roles.of.len() as u32);
        relations.of.resize(relations.of.len() + added, id);
        relations.ptr.extend((1..=added as u32).map(|i| first + i));
        roles.ptr.resize(roles.ptr.len() + added, end);
        Self { relations, roles }
    }

    pub(super) fn check(&self, hyperedges: usize, incidences: usize) -> Result<()> {
        self.relations.check("relations", hyperedges, "hyperedge")?;
        self.roles.check("roles", incidences, "incidence")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_become_rows_and_faults_are_named() {
        let names = || ["a", "b", "c"].map(str::to_owned).into();
        let tags = Tags::from_pairs(names(), 4, vec![(3, 1), (0, 2), (0, 0), (3, 1)]).unwrap();
        assert_eq!((tags.ptr.as_slice(), tags.of.as_slice()), ([0, 2, 2, 2, 3].as_slice(), [0, 2, 1].as_slice()));
        assert_eq!(tags.names_of(0).collect::<Vec<_>>(), ["a", "c"]);
        tags.check("roles", 4, "incidence").unwrap();
        let text = |tags: Result<Tags>| tags.unwrap_err().to_string();
        assert!(text(Tags::from_pairs(names(), 2, vec![(2, 0)])).contains("an id below 2, found 2"));
        assert!(text(Tags::from_pairs(names(), 2, vec![(1, 3)])).contains("ids of 3 names, found 3"));
        let bad = |tags: Tags| tags.check("roles", 4, "incidence").unwrap_err().to_string();
        assert!(bad(Tags { ptr: vec![0, 3], ..tags.clone() }).contains("4, one per incidence, found 1"));
        assert!(bad(Tags { ptr: vec![0, 2, 1, 1, 3], ..tags.clone() }).contains("rise from 0 to 3"));
        assert!(bad(Tags { of: vec![2, 0, 1], ..tags.clone() }).contains("roles of incidence 0"));
        assert!(bad(Tags { of: vec![0, 2, 7], ..tags.clone() }).contains("found 7"));
        assert!(bad(Tags { names: ["a", "b", "a"].map(str::to_owned).into(), ..tags }).contains("distinct"));
    }
}
