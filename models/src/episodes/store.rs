//! The facts of a store as a knowledge base, with the atoms that they are.

use std::collections::{HashMap, HashSet};

use hypergraphql_framework::store::{AtomSpace, Id, Order, Position};
use oxrdf::vocab::{rdf, rdfs};
use oxrdf::{NamedNodeRef, Term};

use super::{Fact, KnowledgeBase, Member};
use crate::error::{ModelError, Result};
use crate::node_statements::local_name;

const HQ: &str = "https://hypergraphql.org/ns#";
/// Statements with predicates of these say how data is described, not what is the case.
const VOCABULARIES: [&str; 4] =
    ["http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://www.w3.org/2000/01/rdf-schema#", "http://www.w3.org/2002/07/owl#", HQ];

/// What a fact is in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactAtom {
    /// A node of type `hq:Hyperedge`.
    Hyperedge(Id),
    /// A statement: subject, predicate and object.
    Statement([Id; 3]),
}

/// The atoms of a base, in its order; [`AtomSpace::term`] gives their terms, by which HyperQL finds them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreAtoms {
    /// Of the entities.
    pub entities: Vec<Id>,
    /// Of the relations; none of hyperedges without one.
    pub relations: Vec<Option<Id>>,
    /// Of the roles; none of `hq:subject` and `hq:object` in a store that does not name them.
    pub roles: Vec<Option<Id>>,
    /// Of the facts.
    pub facts: Vec<FactAtom>,
}

/// The facts of a store.
///
/// | store | base |
/// |---|---|
/// | a node of type `hq:Hyperedge` with players | a fact; its relation is `hq:relation`, else another type of the node, else `fact` |
/// | a statement of it that is no annotation (valid time, truth value, weight, type, label) | a member; the predicate is the role |
/// | a statement `s p o` about no hyperedge and no reifier, and not of the vocabularies rdf, rdfs, owl and hq | a fact of p with the roles `hq:subject` and `hq:object`, unless a hyperedge says the same |
/// | `rdfs:label` (without a language, else in English, else the first), else the local name, percent-decoded; the text of a literal | the word for an atom |
///
/// Hyperedges come first, ascending by id, then statements. Statements of all graphs count, once each. Two relations or two roles of one label are told apart by
/// a number; entities may have the same name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreFacts {
    /// The facts.
    pub base: KnowledgeBase,
    /// What they are in the store.
    pub atoms: StoreAtoms,
    /// Facts that the limit left out.
    pub left_out: usize,
}

impl StoreFacts {
    /// Reads a store, facts of at most so many slots together: the first that fit.
    ///
    /// # Errors
    /// When there are no hyperedges with players, no fact fits the limit, or the store's file is damaged.
    pub fn read(space: &AtomSpace, most_slots: usize) -> Result<Self> {
        let mut reader = Reader::new(space, most_slots);
        let hyperedges = reader.subjects(&[reader.terms.of_type, reader.terms.hyperedge]);
        let mut sorted: Vec<Id> = hyperedges.iter().copied().collect();
        sorted.sort_unstable();
        sorted.iter().for_each(|node| reader.hyperedge(*node));
        // What is damaged reads as nothing.
        space.health()?;
        if reader.facts.base.facts.is_empty() && reader.facts.left_out == 0 {
            let got = if sorted.is_empty() { "none" } else { "without players" };
            return Err(ModelError::option(
                "hyperedges of the store",
                got,
                "nodes of type hq:Hyperedge with players; hgql load makes them of tables",
            ));
        }
        reader.statements(&hyperedges);
        space.health()?;
        if reader.facts.base.facts.is_empty() {
            return Err(ModelError::option("limit of slots", most_slots, "at least the members of one fact of the store"));
        }
        let mut facts = reader.facts;
        tell_apart(&mut facts.base.relations);
        tell_apart(&mut facts.base.roles);
        Ok(facts)
    }
}

/// Ids of the terms that mean something here; 0, which no term has, where the store lacks one.
struct Terms {
    of_type: Id,
    hyperedge: Id,
    relation: Id,
    label: Id,
    reifies: Id,
    subject: Id,
    object: Id,
    annotations: [Id; 5],
}

/// Who a word stands for: an atom, or what has none.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Atom {
    Is(Id),
    Subject,
    Object,
    NoRelation,
}

struct Reader<'a> {
    space: &'a AtomSpace,
    terms: Terms,
    left: usize,
    entities: HashMap<Id, u32>,
    relations: HashMap<Atom, u32>,
    roles: HashMap<Atom, u32>,
    /// Subject, relation and object of the hyperedges.
    said: HashSet<[Id; 3]>,
    facts: StoreFacts,
}

impl<'a> Reader<'a> {
    fn new(space: &'a AtomSpace, left: usize) -> Self {
        let id = |iri: &str| space.id(NamedNodeRef::new_unchecked(iri)).unwrap_or(0);
        let hq = |local: &str| id(&format!("{HQ}{local}"));
        let terms = Terms {
            of_type: id(rdf::TYPE.as_str()),
            hyperedge: hq("Hyperedge"),
            relation: hq("relation"),
            label: id(rdfs::LABEL.as_str()),
            reifies: id("http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies"),
            subject: hq("subject"),
            object: hq("object"),
            annotations: ["validFrom", "validTo", "strength", "confidence", "weight"].map(hq),
        };
        let (entities, relations, roles, said) = (HashMap::new(), HashMap::new(), HashMap::new(), HashSet::new());
        Self { space, terms, left, entities, relations, roles, said, facts: StoreFacts::default() }
    }

    /// Subjects of the statements that begin with these ids in [`Order::Pos`], none of them 0.
    fn subjects(&self, prefix: &[Id]) -> HashSet<Id> {
        if prefix.contains(&0) {
            return HashSet::new();
        }
        self.space.rows(Order::Pos, prefix).column(Position::Subject).iter().copied().collect()
    }

    fn hyperedge(&mut self, node: Id) {
        let rows = self.space.rows(Order::Spo, &[node]);
        let mut statements: Vec<[Id; 2]> = (0..rows.len()).map(|at| rows.row(at)).map(|row| [row[1], row[2]]).collect();
        // The same in several graphs.
        statements.dedup();
        let (mut relation, mut class, mut players) = (None, None, Vec::new());
        for [predicate, object] in statements {
            let terms = &self.terms;
            if predicate == terms.relation {
                relation = relation.or(Some(object));
            } else if predicate == terms.of_type {
                class = class.or(Some(object).filter(|object| *object != terms.hyperedge));
            } else if predicate != terms.label && predicate != terms.reifies && !terms.annotations.contains(&predicate) {
                players.push((self.role_atom(predicate), object));
            }
        }
        let relation = relation.or(class).map_or(Atom::NoRelation, Atom::Is);
        let player = |role| players.iter().find(|(other, _)| *other == role).map(|(_, entity)| *entity);
        if let (Atom::Is(relation), Some(subject), Some(object)) = (relation, player(Atom::Subject), player(Atom::Object)) {
            self.said.insert([subject, relation, object]);
        }
        self.fact(FactAtom::Hyperedge(node), relation, &players);
    }

    /// The subject and the object of hyperedges are those of statements.
    fn role_atom(&self, predicate: Id) -> Atom {
        match predicate {
            id if id == self.terms.subject => Atom::Subject,
            id if id == self.terms.object => Atom::Object,
            id => Atom::Is(id),
        }
    }

    fn statements(&mut self, hyperedges: &HashSet<Id>) {
        let reifiers = self.subjects(&[self.terms.reifies]);
        let rows = self.space.rows(Order::Spo, &[]);
        let mut described: HashMap<Id, bool> = HashMap::new();
        let mut before = [0; 3];
        for [subject, predicate, object, _] in (0..rows.len()).map(|at| rows.row(at)) {
            let statement = [subject, predicate, object];
            let again = std::mem::replace(&mut before, statement) == statement;
            let of_vocabulary = *described.entry(predicate).or_insert_with(|| match self.space.term(predicate) {
                Some(Term::NamedNode(node)) => VOCABULARIES.iter().any(|prefix| node.as_str().starts_with(prefix)),
                _ => true,
            });
            if again || of_vocabulary || hyperedges.contains(&subject) || reifiers.contains(&subject) || self.said.contains(&statement) {
                continue;
            }
            self.fact(FactAtom::Statement(statement), Atom::Is(predicate), &[(Atom::Subject, subject), (Atom::Object, object)]);
        }
    }

    fn fact(&mut self, atom: FactAtom, relation: Atom, players: &[(Atom, Id)]) {
        if players.is_empty() {
            return;
        }
        let Some(left) = self.left.checked_sub(players.len()) else {
            self.facts.left_out += 1;
            return;
        };
        self.left = left;
        let (space, terms) = (self.space, &self.terms);
        let StoreFacts { base, atoms, .. } = &mut self.facts;
        let word = |atom| word(space, terms.label, atom);
        let id = |atom| match atom {
            Atom::Is(id) => Some(id),
            Atom::Subject => Some(terms.subject).filter(|id| *id != 0),
            Atom::Object => Some(terms.object).filter(|id| *id != 0),
            Atom::NoRelation => None,
        };
        let number = |known: &mut HashMap<Atom, u32>, atom, words: &mut Vec<String>, atoms: &mut Vec<Option<Id>>| {
            *known.entry(atom).or_insert_with(|| {
                words.push(word(atom));
                atoms.push(id(atom));
                words.len() as u32 - 1
            })
        };
        let relation = number(&mut self.relations, relation, &mut base.relations, &mut atoms.relations);
        let members = players.iter().map(|(role, entity)| {
            let role = number(&mut self.roles, *role, &mut base.roles, &mut atoms.roles);
            let entity = *self.entities.entry(*entity).or_insert_with(|| {
                base.entities.push(word(Atom::Is(*entity)));
                atoms.entities.push(*entity);
                base.entities.len() as u32 - 1
            });
            Member { entity, role }
        });
        let members = members.collect();
        base.facts.push(Fact { relation, members });
        atoms.facts.push(atom);
    }
}

/// The word for an atom, on one line and never empty.
fn word(space: &AtomSpace, label: Id, atom: Atom) -> String {
    let id = match atom {
        Atom::Is(id) => id,
        Atom::Subject => return "subject".to_owned(),
        Atom::Object => return "object".to_owned(),
        Atom::NoRelation => return "fact".to_owned(),
    };
    let Some(term) = space.term(id) else { return format!("#{id}") };
    let text = labelled(space, label, id).unwrap_or_else(|| match &term {
        Term::NamedNode(node) => decoded(local_name(node.as_str())).replace('_', " "),
        Term::Literal(literal) => literal.value().to_owned(),
        other => other.to_string(),
    });
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() { term.to_string() } else { text }
}

/// The best label of an atom: without a language, then English, then the first.
fn labelled(space: &AtomSpace, label: Id, id: Id) -> Option<String> {
    if label == 0 {
        return None;
    }
    let rows = space.rows(Order::Spo, &[id, label]);
    let literals = rows.column(Position::Object).iter().filter_map(|object| match space.term(*object) {
        Some(Term::Literal(literal)) => Some(literal),
        _ => None,
    });
    let rank = |language: Option<&str>| match language {
        None => 0,
        Some(language) if language == "en" || language.starts_with("en-") => 1,
        Some(_) => 2,
    };
    literals.min_by_key(|literal| rank(literal.language())).map(|literal| literal.value().to_owned()).filter(|text| !text.trim().is_empty())
}

/// With `%41` as `A`; as it stands where that gives no UTF-8.
fn decoded(name: &str) -> String {
    let (bytes, mut out, mut at) = (name.as_bytes(), Vec::with_capacity(name.len()), 0);
    while at < bytes.len() {
        let hex = name.get(at + 1..at + 3).filter(|_| bytes[at] == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(hex.unwrap_or(bytes[at]));
        at += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8(out).unwrap_or_else(|_| name.to_owned())
}

/// Numbers words that stand there before.
fn tell_apart(words: &mut [String]) {
    let mut seen: HashSet<String> = HashSet::new();
    for word in words {
        let (plain, mut nth) = (word.clone(), 2);
        while !seen.insert(word.clone()) {
            *word = format!("{plain} {nth}");
            nth += 1;
        }
    }
}
