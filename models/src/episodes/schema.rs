//! Relations with their roles, and the types of entities that fill these.

use serde::{Deserialize, Serialize};

use super::QuestionKind;
use crate::error::{ModelError, Result};

/// Most roles of a relation.
pub const MAX_ROLES: usize = 8;

/// What facts are drawn from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Label of each type of entities, for reports.
    pub types: Vec<String>,
    /// Label of each role; relations share roles.
    pub roles: Vec<String>,
    /// The relations.
    pub relations: Vec<Relation>,
}

/// A relation and the roles of its facts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    /// Its label, no other's.
    pub label: String,
    /// Its roles, 2 to [`MAX_ROLES`], each once.
    pub roles: Vec<RelationRole>,
}

/// A role of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelationRole {
    /// Number of the role.
    pub role: u32,
    /// Number of the type of the entities that fill it.
    pub entity_type: u32,
}

/// A relation, then `role type` for each of its roles.
const SYNTHETIC: [(&str, &str); 12] = [
    ("birth", "child person, birthplace city"),
    ("citizenship", "citizen person, homeland nation"),
    ("capital", "seat city, country nation"),
    ("ownership", "owner person, vessel ship"),
    ("mooring", "craft ship, harbour city"),
    ("invention", "inventor person, device machine"),
    ("treaty", "mediator person, signatory nation, venue city"),
    ("voyage", "captain person, vessel ship, port city"),
    ("patent", "holder person, device machine, registry nation"),
    ("prize", "laureate person, patron nation, ceremony festival"),
    ("expedition", "leader person, flagship ship, sponsor nation, base city"),
    ("exhibition", "curator person, exhibit machine, host city, occasion festival"),
];

impl Schema {
    /// A schema for tests and short runs: 6 relations of two roles, 4 of three and 2 of four over 6 types.
    pub fn synthetic() -> Self {
        let mut schema = Self { types: vec![], roles: vec![], relations: vec![] };
        for (label, roles) in SYNTHETIC {
            let role = |(role, entity_type): (&str, &str)| RelationRole {
                role: number(&mut schema.roles, role),
                entity_type: number(&mut schema.types, entity_type),
            };
            let roles = roles.split(", ").filter_map(|pair| pair.split_once(' ')).map(role).collect();
            schema.relations.push(Relation { label: label.to_owned(), roles });
        }
        schema
    }

    /// Checks labels, numbers and the number of roles.
    ///
    /// # Errors
    /// Names the relation at fault, or says that there is none.
    pub fn check(&self) -> Result<()> {
        if self.relations.is_empty() {
            return Err(ModelError::option("number of relations of a schema", 0, "at least 1"));
        }
        let mut labels: Vec<&str> = self.relations.iter().map(|relation| relation.label.as_str()).collect();
        labels.sort_unstable();
        if let Some(pair) = labels.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(ModelError::option("label of a relation", format!("{:?}, twice", pair[0]), "one of its own"));
        }
        if labels[0].trim().is_empty() || self.roles.iter().any(|role| role.trim().is_empty()) {
            return Err(ModelError::option("label of a relation or role", "empty", "some text"));
        }
        for Relation { label, roles } in &self.relations {
            if !(2..=MAX_ROLES).contains(&roles.len()) {
                let expected = format!("2 to {MAX_ROLES}");
                return Err(ModelError::option("number of roles of a relation", format!("{} ({label})", roles.len()), expected));
            }
            let (all, types) = (self.roles.len(), self.types.len());
            if roles.iter().any(|role| role.role as usize >= all || role.entity_type as usize >= types) {
                let expected = format!("numbers of {all} roles and {types} types");
                return Err(ModelError::option("role of a relation", format!("outside ({label})"), expected));
            }
            if (1..roles.len()).any(|at| roles[..at].iter().any(|other| other.role == roles[at].role)) {
                return Err(ModelError::option("role of a relation", format!("there twice ({label})"), "each role once"));
            }
        }
        Ok(())
    }

    /// Whether questions of a kind can be asked of its facts: two-key questions take a relation of three roles, two-hop questions two roles of one type.
    pub fn allows(&self, kind: QuestionKind) -> bool {
        let mut places: Vec<u32> = self.relations.iter().flat_map(|relation| &relation.roles).map(|role| role.entity_type).collect();
        places.sort_unstable();
        match kind {
            QuestionKind::OneHop | QuestionKind::Unanswerable => !places.is_empty(),
            QuestionKind::TwoKey => self.relations.iter().any(|relation| relation.roles.len() >= 3),
            QuestionKind::TwoHop => places.windows(2).any(|pair| pair[0] == pair[1]),
        }
    }

    /// Label of each relation.
    pub fn relation_labels(&self) -> Vec<String> {
        self.relations.iter().map(|relation| relation.label.clone()).collect()
    }
}

/// The number of a word, which is added if it is new.
fn number(words: &mut Vec<String>, word: &str) -> u32 {
    let at = words.iter().position(|known| known == word);
    at.unwrap_or_else(|| {
        words.push(word.to_owned());
        words.len() - 1
    }) as u32
}
