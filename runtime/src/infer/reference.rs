//! The definition of a closure: sets of triples, and rules as patterns that are matched by plain loops until nothing is new.

use std::collections::{BTreeMap, BTreeSet};

use hypergraphql_framework::store::Id;
use hypergraphql_query::algebra::Regime;

use super::InferError;
use super::regimes::{owl2rl, rdfs};
use super::rule::{Place, Rule};
use super::terms::ClosureTerms;

pub(super) type Triple = [Id; 3];

/// All that holds, literals as subjects included; or the name of a rule that finds an inconsistency.
pub(super) fn closure(asserted: &BTreeSet<Triple>, regime: Regime, base: &str, terms: &ClosureTerms) -> Result<BTreeSet<Triple>, String> {
    let names = Names { terms, base };
    let rules = rules(regime, terms).unwrap();
    let generalized = regime == Regime::Owl2Rl;
    let step = |all: &BTreeSet<Triple>, inherited: &BTreeSet<Triple>| {
        let mut new = inherited.clone();
        rules.iter().for_each(|rule| new.extend(apply(rule, all)));
        new.extend(transitive(all, &names, regime));
        if regime == Regime::Owl2Rl {
            new.extend(lists(all, &names));
        }
        new.retain(|triple| generalized || names.allows(triple));
        new
    };
    let without = fixpoint(asserted.clone(), |all| step(all, &BTreeSet::new()));
    let closed = fixpoint(without.clone(), |all| step(all, &inherited(all, &without, &names)));
    match rules.iter().find(|rule| rule.is_inconsistency() && !matches(rule, &closed).is_empty()) {
        Some(rule) => Err(rule.name.clone()),
        None if generalized => forbidden(&closed, &names).map_or(Ok(closed), Err),
        None => Ok(closed),
    }
}

struct Names<'a> {
    terms: &'a ClosureTerms,
    base: &'a str,
}

impl Names<'_> {
    fn id(&self, name: &str) -> Id {
        self.terms.name(&name.strip_prefix("own:").map_or_else(|| name.to_owned(), |own| format!("{}{own}", self.base))).unwrap()
    }

    fn allows(&self, triple: &Triple) -> bool {
        triple[1] == self.id("own:inheritedFrom") || self.terms.is_subject(triple[0])
    }
}

fn fixpoint(mut all: BTreeSet<Triple>, step: impl Fn(&BTreeSet<Triple>) -> BTreeSet<Triple>) -> BTreeSet<Triple> {
    loop {
        let before = all.len();
        all.extend(step(&all));
        if all.len() == before {
            return all;
        }
    }
}

/// The tables, without what only saves work: no pair of equals is left out, `eq-ref` is a rule as others are.
fn rules(regime: Regime, terms: &ClosureTerms) -> Result<Vec<Rule>, InferError> {
    let lines: Vec<&str> = match regime {
        Regime::RhoDf => rdfs::RHO_DF.to_vec(),
        Regime::Rdfs => [rdfs::RHO_DF, rdfs::RDFS].concat(),
        Regime::Owl2Rl => [owl2rl::RULES, &[owl2rl::REFLEXIVE]].concat(),
        Regime::Rules => vec![],
    };
    let axioms = match regime {
        Regime::Rdfs => rdfs::AXIOMS,
        Regime::Owl2Rl => owl2rl::AXIOMS,
        Regime::RhoDf | Regime::Rules => &[],
    };
    let axioms = axioms.iter().map(|line| format!("axiom:  => {line}"));
    let plain = |line: String| Rule::parse(&line, terms).map(|rule| Rule { different: vec![], closed: None, ..rule });
    let mut rules = lines.into_iter().map(str::to_owned).chain(axioms).map(plain).collect::<Result<Vec<_>, _>>()?;
    let is_known = |place: Place| matches!(place, Place::Term(id) if id <= terms.space().terms());
    rules.retain(|rule| rule.name != "axiom" || is_known(rule.head[0][0]));
    Ok(rules)
}

fn matches(rule: &Rule, all: &BTreeSet<Triple>) -> Vec<Vec<Option<Id>>> {
    let mut by_predicate: BTreeMap<Id, Vec<Triple>> = BTreeMap::new();
    all.iter().for_each(|triple| by_predicate.entry(triple[1]).or_default().push(*triple));
    let everything: Vec<Triple> = all.iter().copied().collect();
    let mut rows = vec![vec![None; rule.variables.into()]];
    for atom in &rule.body {
        let mut next = vec![];
        for row in &rows {
            let predicate = value(atom[1], row);
            let candidates = predicate.map_or(&everything[..], |p| by_predicate.get(&p).map_or(&[][..], |triples| triples));
            for triple in candidates {
                let mut row = row.clone();
                let fits = atom.iter().zip(triple).all(|(place, id)| match *place {
                    Place::Term(term) => term == *id,
                    Place::Variable(variable) => *row[variable as usize].get_or_insert(*id) == *id,
                });
                if fits {
                    next.push(row);
                }
            }
        }
        rows = next;
    }
    rows
}

fn value(place: Place, row: &[Option<Id>]) -> Option<Id> {
    match place {
        Place::Term(id) => Some(id),
        Place::Variable(variable) => row[variable as usize],
    }
}

fn apply(rule: &Rule, all: &BTreeSet<Triple>) -> Vec<Triple> {
    let of = |row: Vec<Option<Id>>| rule.head.iter().map(move |head| head.map(|place| value(place, &row).unwrap())).collect::<Vec<_>>();
    matches(rule, all).into_iter().flat_map(of).collect()
}

fn with<'a>(all: &'a BTreeSet<Triple>, predicate: Id) -> impl Iterator<Item = (Id, Id)> + 'a {
    all.iter().filter(move |triple| triple[1] == predicate).map(|triple| (triple[0], triple[2]))
}

/// `x p y . y p z => x p z` for each transitive predicate.
fn transitive(all: &BTreeSet<Triple>, names: &Names<'_>, regime: Regime) -> Vec<Triple> {
    let mut predicates = hierarchies(all, names);
    if regime != Regime::Rules {
        predicates.extend(["rdfs:subClassOf", "rdfs:subPropertyOf"].map(|name| names.id(name)));
    }
    if regime == Regime::Owl2Rl {
        predicates.push(names.id("owl:sameAs"));
        predicates
            .extend(with(all, names.id("rdf:type")).filter(|(_, class)| *class == names.id("owl:TransitiveProperty")).map(|(p, _)| p));
    }
    let mut new = vec![];
    for p in predicates {
        for (x, y) in with(all, p) {
            new.extend(with(all, p).filter(|(other, _)| *other == y).map(|(_, z)| [x, p, z]));
        }
    }
    new
}

fn hierarchies(all: &BTreeSet<Triple>, names: &Names<'_>) -> Vec<Id> {
    let yes = names.terms.intern(&oxrdf::Literal::from(true).into()).unwrap();
    with(all, names.id("hq:hierarchy")).filter(|(_, value)| *value == yes).map(|(p, _)| p).chain([names.id("own:isA")]).collect()
}

/// m P v and v :inheritedFrom c for each m below c, where c P v holds without inheritance.
fn inherited(all: &BTreeSet<Triple>, without: &BTreeSet<Triple>, names: &Names<'_>) -> BTreeSet<Triple> {
    let yes = names.terms.intern(&oxrdf::Literal::from(true).into()).unwrap();
    let declared = with(without, names.id("hq:inheritable")).filter(|(_, value)| *value == yes).map(|(p, _)| p);
    let mut new = BTreeSet::new();
    for p in declared.chain([names.id("own:hasProperty")]) {
        for (c, v) in with(without, p) {
            for hierarchy in hierarchies(without, names) {
                for (m, _) in with(all, hierarchy).filter(|(_, class)| *class == c) {
                    new.extend([[m, p, v], [v, names.id("own:inheritedFrom"), c]]);
                }
            }
        }
    }
    new
}

/// Subjects of a predicate and the members of their lists.
fn members(all: &BTreeSet<Triple>, predicate: Id, names: &Names<'_>) -> Vec<(Id, Vec<Id>)> {
    let [first, rest, nil] = ["rdf:first", "rdf:rest", "rdf:nil"].map(|name| names.id(name));
    let list = |(subject, mut node)| {
        let mut members = vec![];
        while node != nil {
            members.push(with(all, first).find(|(list, _)| *list == node)?.1);
            node = with(all, rest).find(|(list, _)| *list == node)?.1;
            if members.len() > all.len() {
                return None;
            }
        }
        (!members.is_empty()).then_some((subject, members))
    };
    with(all, predicate).filter_map(list).collect()
}

fn lists(all: &BTreeSet<Triple>, names: &Names<'_>) -> Vec<Triple> {
    let of = |name: &str| members(all, names.id(name), names);
    let [type_of, below, same] = ["rdf:type", "rdfs:subClassOf", "owl:sameAs"].map(|name| names.id(name));
    let has = |s: Id, p: Id, o: Id| all.contains(&[s, p, o]);
    let mut new = vec![];
    for (class, members) in of("owl:intersectionOf") {
        new.extend(members.iter().map(|member| [class, below, *member]));
        for (x, of) in with(all, type_of) {
            if of == class {
                new.extend(members.iter().map(|member| [x, type_of, *member]));
            }
            if members.iter().all(|member| has(x, type_of, *member)) {
                new.push([x, type_of, class]);
            }
        }
    }
    for (class, members) in of("owl:unionOf") {
        new.extend(members.iter().map(|member| [*member, below, class]));
        new.extend(with(all, type_of).filter(|(_, of)| members.contains(of)).map(|(x, _)| [x, type_of, class]));
    }
    for (class, members) in of("owl:oneOf") {
        new.extend(members.iter().map(|member| [*member, type_of, class]));
    }
    for (property, members) in of("owl:propertyChainAxiom") {
        let mut ends: Vec<(Id, Id)> = with(all, members[0]).collect();
        for member in &members[1..] {
            ends = ends.iter().flat_map(|&(x, y)| with(all, *member).filter(move |(z, _)| y == *z).map(move |(_, z)| (x, z))).collect();
        }
        new.extend(ends.into_iter().map(|(x, y)| [x, property, y]));
    }
    for (class, members) in of("owl:hasKey") {
        let instances: Vec<Id> = with(all, type_of).filter(|(_, of)| *of == class).map(|(x, _)| x).collect();
        for x in &instances {
            for y in &instances {
                let common = |p: &Id| with(all, *p).any(|(s, z)| s == *x && has(*y, *p, z));
                if members.iter().all(common) {
                    new.push([*x, same, *y]);
                }
            }
        }
    }
    new
}

fn forbidden(all: &BTreeSet<Triple>, names: &Names<'_>) -> Option<String> {
    let [type_of, same] = ["rdf:type", "owl:sameAs"].map(|name| names.id(name));
    let has = |s: Id, p: Id, o: Id| all.contains(&[s, p, o]);
    let lists = [
        ("owl:members", "owl:AllDifferent", "eq-diff2"),
        ("owl:distinctMembers", "owl:AllDifferent", "eq-diff3"),
        ("owl:members", "owl:AllDisjointClasses", "cax-adc"),
        ("owl:members", "owl:AllDisjointProperties", "prp-adp"),
    ];
    for (list, class, rule) in lists {
        for (subject, members) in members(all, names.id(list), names) {
            if !has(subject, type_of, names.id(class)) {
                continue;
            }
            for (i, a) in members.iter().enumerate() {
                for b in &members[i + 1..] {
                    let together = match rule {
                        "cax-adc" => with(all, type_of).any(|(x, of)| of == *a && has(x, type_of, *b)),
                        "prp-adp" => with(all, *a).any(|(x, y)| has(x, *b, y)),
                        _ => has(*a, same, *b),
                    };
                    if together {
                        return Some(rule.to_owned());
                    }
                }
            }
        }
    }
    None
}
