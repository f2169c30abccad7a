//! Characteristic sets against plain counts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hypergraphql_framework::store::{AtomSpace, CharacteristicSet, MOST_SETS, SetPredicate, StarAtom};
use oxrdf::{NamedNode, Quad};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::{iri, quad};

/// Of each set of predicates: its subjects, and its statements of each predicate.
fn counted(quads: &[Quad]) -> BTreeMap<BTreeSet<&NamedNode>, (u64, BTreeMap<&NamedNode, u64>)> {
    let mut of_subject: HashMap<String, BTreeMap<&NamedNode, u64>> = HashMap::new();
    for quad in quads.iter().collect::<std::collections::HashSet<_>>() {
        *of_subject.entry(quad.subject.to_string()).or_default().entry(&quad.predicate).or_default() += 1;
    }
    let mut sets: BTreeMap<BTreeSet<&NamedNode>, (u64, BTreeMap<&NamedNode, u64>)> = BTreeMap::new();
    for predicates in of_subject.into_values() {
        let (subjects, rows) = sets.entry(predicates.keys().copied().collect()).or_default();
        *subjects += 1;
        predicates.into_iter().for_each(|(predicate, count)| *rows.entry(predicate).or_default() += count);
    }
    sets
}

fn star(space: &AtomSpace, predicates: &[&NamedNode]) -> Option<f64> {
    let atom = |predicate: &&NamedNode| StarAtom { predicate: space.id(*predicate).unwrap_or(0), share: None };
    space.statistics().star(&predicates.iter().map(atom).collect::<Vec<_>>())
}

fn random(seed: u64, subjects: u32, predicates: u32) -> Vec<Quad> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut one = |below: u32| rng.random_range(0..below);
    let statement = |_| {
        let subject = one(subjects);
        // Subjects of a kind share predicates.
        let predicate = (subject % 3 * 2 + one(predicates)) % (predicates + 4);
        quad(&format!("s{subject}"), &format!("p{predicate}"), iri(&format!("o{}", one(7))))
    };
    (0..subjects * 4).map(statement).collect()
}

#[test]
fn sets_and_stars_are_those_of_a_plain_count() {
    for seed in 0..20 {
        let quads = random(seed, 60, 5);
        let space = AtomSpace::from_quads(quads.iter().cloned()).unwrap();
        let expected = counted(&quads);
        let sets = space.statistics().characteristic_sets().unwrap();
        assert_eq!((sets.sets().len(), sets.rest().subjects()), (expected.len(), 0));
        assert!(sets.sets().windows(2).all(|pair| pair[0].subjects() >= pair[1].subjects()));
        for set in sets.sets() {
            let name = |of: &SetPredicate| space.term(of.predicate).unwrap().to_string();
            let found: BTreeMap<String, u64> = set.predicates().iter().map(|of| (name(of), of.rows)).collect();
            let same = |(names, _): &(&BTreeSet<&NamedNode>, _)| names.iter().map(ToString::to_string).eq(found.keys().cloned());
            let (_, (subjects, rows)) = expected.iter().find(same).expect("a set that was counted");
            assert_eq!(set.subjects(), *subjects);
            assert_eq!(found, rows.iter().map(|(name, rows)| (name.to_string(), *rows)).collect());
        }
        let names: Vec<NamedNode> = (0..9).map(|i| iri(&format!("p{i}"))).collect();
        for picked in [vec![0], vec![0, 1], vec![2, 3, 4], vec![0, 8], vec![1, 2, 3, 5], vec![7, 8]] {
            let picked: Vec<&NamedNode> = picked.into_iter().map(|i| &names[i]).collect();
            let of_set = |(set, (subjects, rows)): (&BTreeSet<&NamedNode>, &(u64, BTreeMap<&NamedNode, u64>))| {
                let all = picked.iter().all(|name| set.contains(name));
                let each = |name: &&NamedNode| rows.get(name).map_or(0.0, |rows| *rows as f64 / *subjects as f64);
                if all { *subjects as f64 * picked.iter().map(each).product::<f64>() } else { 0.0 }
            };
            let expected: f64 = expected.iter().map(of_set).sum();
            let found = star(&space, &picked).unwrap();
            assert!((found - expected).abs() < 1e-9 * expected.max(1.0), "{picked:?}: {found} instead of {expected}");
        }
    }
}

#[test]
fn the_share_of_an_object_is_taken_once_per_subject() {
    let with = |i: u32| [quad(&format!("s{i}"), "type", iri("person")), quad(&format!("s{i}"), "age", iri("young"))];
    let space = AtomSpace::from_quads((0..10).flat_map(with).chain([quad("dog", "type", iri("dog"))])).unwrap();
    let id = |name: &str| space.id(&iri(name)).unwrap();
    let atoms = [StarAtom { predicate: id("type"), share: Some(0.25) }, StarAtom { predicate: id("age"), share: None }];
    assert_eq!(space.statistics().star(&atoms), Some(2.5));
    assert_eq!(space.statistics().star(&[StarAtom { predicate: id("age"), share: Some(4.0) }]), Some(10.0));
}

#[test]
fn rare_sets_are_counted_together() {
    // Each number below 2^13 - 1 is a subject with the predicates of its bits, and one set is frequent.
    let of = |i: u32| (0..13).filter(move |bit| i >> bit & 1 == 1).map(move |bit| quad(&format!("s{i}"), &format!("p{bit}"), iri("o")));
    let often = |i: u32| [quad(&format!("often{i}"), "p0", iri("o")), quad(&format!("often{i}"), "p1", iri("x"))];
    let space = AtomSpace::from_quads((1..1 << 13).flat_map(of).chain((0..100).flat_map(often))).unwrap();
    let sets = space.statistics().characteristic_sets().unwrap();
    assert_eq!(sets.sets().len(), MOST_SETS);
    assert_eq!(sets.sets()[0].subjects(), 101);
    let all = (1 << 13) - 1 + 100;
    assert_eq!(sets.sets().iter().map(CharacteristicSet::subjects).sum::<u64>() + sets.rest().subjects(), all);
    let names: Vec<NamedNode> = (0..13).map(|i| iri(&format!("p{i}"))).collect();
    // Half of all subjects that are not frequent have each predicate: independent of each other, as the rest is taken to be.
    let found = star(&space, &[&names[3], &names[4], &names[5]]).unwrap();
    assert!((900.0..1150.0).contains(&found), "{found}");
    assert!((2100.0..2250.0).contains(&star(&space, &[&names[0], &names[1]]).unwrap()));
}

#[test]
fn sets_are_saved_and_outlive_changes() {
    let quads = random(3, 50, 4);
    let space = AtomSpace::from_quads(quads.iter().cloned()).unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    space.save(folder.path().join("kb")).unwrap();
    let opened = AtomSpace::open(folder.path().join("kb")).unwrap();
    assert_eq!(opened.statistics(), space.statistics());
    opened.verify().unwrap();
    let (p, q) = (iri("p2"), iri("p3"));
    let before = star(&space, &[&p, &q]).unwrap();
    assert!(before > 1.0);
    let rows = space.statistics().predicate(space.id(&p).unwrap()).unwrap().rows;
    let added = |count: u64| (0..count).map(|i| quad("new", "p2", iri(&format!("new{i}")))).collect::<Vec<_>>();
    let changed = space.with_changes(&added(rows / 2), &[]).unwrap();
    let grown = (rows + rows / 2) as f64 / rows as f64;
    assert!((star(&changed, &[&p, &q]).unwrap() - before * grown).abs() < 1e-6);
    // The sets say nothing of a predicate that has become another one, or that they never saw.
    assert_eq!(star(&space.with_changes(&added(rows * 2), &[]).unwrap(), &[&p, &q]), None);
    let other = space.with_changes(&[quad("new", "unseen", iri("o"))], &[]).unwrap();
    assert_eq!(star(&other, &[&p, &iri("unseen")]), None);
    assert!(star(&other.compacted().unwrap(), &[&p, &iri("unseen")]).is_some());
}
