//! Stores on disk: snapshots, logs, damage, locks.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use hypergraphql_framework::Error;
use hypergraphql_framework::store::{AtomSpace, Order, Position, Store};
use oxrdf::Quad;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

use crate::changes::{check, random_quad};
use crate::{every_kind, integer, iri, quad};

fn set(quads: &[Quad]) -> HashSet<Quad> {
    quads.iter().cloned().collect()
}

/// The file of a store whose name begins so.
fn file(folder: &Path, begin: &str) -> PathBuf {
    let mut names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    names.find(|path| path.file_name().unwrap().to_string_lossy().starts_with(begin)).unwrap()
}

#[test]
fn what_is_saved_is_opened() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("KB");
    for quads in [vec![], vec![quad("s", "p", iri("o"))], every_kind()] {
        let space = AtomSpace::from_quads(quads.clone()).unwrap();
        space.save(&path).unwrap();
        let opened = AtomSpace::open(&path).unwrap();
        opened.verify().unwrap();
        check(&opened, &set(&quads));
        assert_eq!((opened.statistics(), opened.graphs(), opened.numbering()), (space.statistics(), space.graphs(), space.numbering()));
        assert_eq!(
            (1..=space.terms()).map(|id| opened.term(id)).collect::<Vec<_>>(),
            (1..=space.terms()).map(|id| space.term(id)).collect::<Vec<_>>()
        );
        opened.health().unwrap();
    }
    assert_eq!(fs::read_dir(&path).unwrap().count(), 4, "CURRENT, LOCK, a snapshot and a log");
}

#[test]
fn commits_are_there_after_opening_again() {
    for seed in 0..6 {
        let (folder, mut rng) = (TempDir::new().unwrap(), ChaCha8Rng::seed_from_u64(seed));
        let mut quads = |count: u32| (0..count).map(|_| random_quad(&mut rng, 2)).collect::<Vec<_>>();
        let first = quads(30);
        let mut expected = set(&first);
        let mut store = Store::create(folder.path(), &AtomSpace::from_quads(first).unwrap()).unwrap();
        for round in 0..12 {
            let (inserts, deletes) = (quads(round), quads(round));
            expected.retain(|quad| !deletes.contains(quad));
            expected.extend(inserts.iter().cloned());
            let space = store.commit(&inserts, &deletes).unwrap();
            check(&space, &expected);
            check(&AtomSpace::open(folder.path()).unwrap(), &expected);
            if round % 5 == 3 {
                let before = store.space().clone();
                let compacted = store.compact().unwrap();
                check(&compacted, &expected);
                check(&before, &expected);
            }
            if round % 3 == 0 {
                drop(store);
                store = Store::open(folder.path()).unwrap();
            }
        }
        check(store.space(), &expected);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
    }
}

#[test]
fn a_second_writer_is_told_who_writes() {
    let folder = TempDir::new().unwrap();
    let store = Store::create(folder.path(), &AtomSpace::from_quads([]).unwrap()).unwrap();
    let Err(error) = Store::open(folder.path()) else { panic!("two writers") };
    assert!(matches!(error, Error::Locked { .. }) && error.to_string().contains(&format!("process {} on ", std::process::id())), "{error}");
    if let Ok(host) = fs::read_to_string("/proc/sys/kernel/hostname") {
        assert!(error.to_string().contains(&format!(" on {};", host.trim())), "{error}");
    }
    assert!(AtomSpace::from_quads([]).unwrap().save(folder.path()).is_err());
    AtomSpace::open(folder.path()).unwrap();
    drop(store);
    Store::open(folder.path()).unwrap();
}

#[test]
fn folders_of_others_are_left_alone() {
    let folder = TempDir::new().unwrap();
    let Err(error) = Store::open(folder.path()) else { panic!("a store out of nothing") };
    assert!(error.to_string().contains("expected a store"), "{error}");
    assert!(AtomSpace::open(folder.path().join("absent")).is_err());
    fs::write(folder.path().join("thesis.tex"), "years of work").unwrap();
    let error = AtomSpace::from_quads([]).unwrap().save(folder.path()).unwrap_err().to_string();
    assert!(error.contains("expected an empty folder or a store, found the file thesis.tex"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// A store whose columns have several blocks of 1 MiB.
fn large(folder: &Path) -> PathBuf {
    let quads = (0..300_000).map(|i| quad(&format!("s{i}"), ["p", "q", "r"][i % 3], integer(i as i64 % 1000)));
    AtomSpace::from_quads(quads).unwrap().save(folder).unwrap();
    file(folder, "snapshot")
}

#[test]
fn a_flipped_bit_names_the_section() {
    let folder = TempDir::new().unwrap();
    let path = large(folder.path());
    let whole = fs::read(&path).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut sections = HashSet::new();
    for _ in 0..60 {
        let bit = rng.random_range(0..whole.len() * 8);
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        // The file is replaced, as nothing writes into a snapshot.
        fs::remove_file(&path).unwrap();
        fs::write(&path, &bytes).unwrap();
        let Ok(space) = AtomSpace::open(folder.path()) else { continue };
        match space.verify() {
            Err(error) => {
                let message = error.to_string();
                let section =
                    message.split("section ").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or_else(|| panic!("{message}"));
                sections.insert(section.to_owned());
                assert_eq!(space.health().unwrap_err().to_string(), message);
            }
            // The gaps between sections hold nothing.
            Ok(()) => assert!(whole[bit / 8] == 0),
        }
    }
    assert!(sections.len() > 8, "{sections:?}");
}

#[test]
fn damage_is_met_when_it_is_used() {
    let folder = TempDir::new().unwrap();
    let path = large(folder.path());
    let mut bytes = fs::read(&path).unwrap();
    // The last section is the object's order of predicates; its last block holds the largest objects.
    let last = bytes.len() - 1;
    bytes[last] ^= 0x80;
    fs::remove_file(&path).unwrap();
    fs::write(&path, &bytes).unwrap();
    let space = AtomSpace::open(folder.path()).unwrap();
    assert_eq!(space.rows(Order::Spo, &[]).len(), 300_000);
    let object = |value| space.id(&integer(value)).unwrap();
    assert_eq!(space.rows(Order::Osp, &[object(0)]).len(), 300);
    space.health().unwrap();
    let rows = space.rows(Order::Osp, &[object(999)]);
    assert!(rows.is_empty() && rows.column(Position::Subject).is_empty());
    assert!(space.health().unwrap_err().to_string().contains("section osp.predicate"));
    // Nothing is made of a damaged file.
    assert!(space.with_changes(&[quad("s", "p", iri("o"))], &[]).unwrap().compacted().is_err() && space.compacted().is_err());
}

#[test]
fn lengths_beyond_the_file_are_refused() {
    let folder = TempDir::new().unwrap();
    AtomSpace::from_quads(every_kind()).unwrap().save(folder.path()).unwrap();
    let path = file(folder.path(), "snapshot");
    let whole = fs::read(&path).unwrap();
    for length in (0..2000).chain((2000..whole.len()).step_by(100_003)) {
        fs::remove_file(&path).unwrap();
        fs::write(&path, &whole[..length]).unwrap();
        let error = AtomSpace::open(folder.path()).unwrap_err();
        assert!(matches!(error, Error::Parse { .. } | Error::Io { .. }), "{error}");
    }
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for _ in 0..300 {
        // Garbage under a right checksum: a file of another program, or of somebody who means harm.
        let mut bytes = whole.clone();
        let end = 32 + 21 * 40 + 25 * 4;
        let at = rng.random_range(8..end);
        bytes[at] = rng.random();
        for sum in (8..end + 200).step_by(4) {
            if crc32fast::hash(&whole[..sum]).to_le_bytes() == whole[sum..sum + 4] {
                let fresh = crc32fast::hash(&bytes[..sum]).to_le_bytes();
                bytes[sum..sum + 4].copy_from_slice(&fresh);
            }
        }
        fs::remove_file(&path).unwrap();
        fs::write(&path, &bytes).unwrap();
        if let Ok(space) = AtomSpace::open(folder.path()) {
            // No panic, and damage is told.
            let quads: HashSet<Quad> = space.quads().collect();
            assert!(space.verify().is_err() || quads == set(&every_kind()));
        }
    }
}

#[test]
fn a_damaged_log_is_told_from_a_torn_one() {
    let folder = TempDir::new().unwrap();
    let mut store = Store::create(folder.path(), &AtomSpace::from_quads([]).unwrap()).unwrap();
    let quads: Vec<Quad> = (0..5).map(|i| quad(&format!("s{i}"), "p", iri("o"))).collect();
    let mut ends = vec![store.log_length() as usize];
    for quad in &quads {
        store.commit(std::slice::from_ref(quad), &[]).unwrap();
        ends.push(store.log_length() as usize);
    }
    drop(store);
    let path = file(folder.path(), "log-");
    let whole = fs::read(&path).unwrap();
    assert_eq!(ends.last(), Some(&whole.len()));
    for length in ends[0]..=whole.len() {
        for zeros in [0, 7] {
            fs::write(&path, [&whole[..length], &vec![0; zeros][..]].concat()).unwrap();
            let commits = ends.iter().filter(|end| **end <= length).count() - 1;
            check(&AtomSpace::open(folder.path()).unwrap(), &set(&quads[..commits]));
        }
    }
    for bit in ends[0] * 8..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, bytes).unwrap();
        let error = AtomSpace::open(folder.path()).unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "bit {bit}: {error}");
    }
}

#[test]
fn readers_open_whole_commits_while_a_writer_works() {
    let folder = TempDir::new().unwrap();
    // Every commit replaces ten statements by ten others.
    let round = |n: usize| (0..10).map(|i| quad(&format!("s{n}"), "p", integer(i))).collect::<Vec<_>>();
    let mut store = Store::create(folder.path(), &AtomSpace::from_quads(round(0)).unwrap()).unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = || {
            let (mut opened, mut subjects) = (0, HashSet::new());
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let space = AtomSpace::open(folder.path()).unwrap();
                assert_eq!(space.len(), 10);
                let rows = space.rows(Order::Spo, &[]);
                assert_eq!(rows.column(Position::Subject).iter().collect::<HashSet<_>>().len(), 1);
                subjects.insert(space.term(rows.row(0)[0]).unwrap());
                space.health().unwrap();
                opened += 1;
            }
            (opened, subjects.len())
        };
        let readers = [scope.spawn(reader), scope.spawn(reader)];
        for n in 1..60 {
            store.commit(&round(n), &round(n - 1)).unwrap();
            if n % 4 == 0 {
                store.compact().unwrap();
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        for (opened, seen) in readers.map(|reader| reader.join().unwrap()) {
            assert!(opened > 0 && seen > 0);
        }
    });
}
