//! Backups while queries and updates go on.

use std::sync::atomic::{AtomicBool, Ordering};

use hypergraphql_framework::store::AtomSpace;
use hypergraphql_runtime::engine::{Answer, Engine, QueryError, QueryOptions};
use tempfile::TempDir;

use crate::{bag, text};

/// Statements that every update leaves in the same number: one is replaced.
fn count(engine: &Engine) -> usize {
    let Answer::Solutions(found) = engine.query(&text("SELECT ?s { ?s x:is ?o }"), &QueryOptions::default()).unwrap() else {
        unreachable!()
    };
    found.len()
}

fn replace(engine: &Engine, from: usize, to: usize) {
    let update = format!("DELETE DATA {{ x:s{from} x:is x:here }} ; INSERT DATA {{ x:s{to} x:is x:here }}");
    engine.update(&text(&update), &QueryOptions::default()).unwrap();
}

#[test]
fn a_backup_holds_one_update_or_the_next_and_a_restore_is_one_update() {
    let folder = TempDir::new().unwrap();
    let (kb, copy) = (folder.path().join("kb"), folder.path().join("copy"));
    AtomSpace::from_quads([]).unwrap().save(&kb).unwrap();
    let engine = Engine::open(&kb).unwrap();
    engine.update(&text("INSERT DATA { x:s0 x:is x:here . x:a x:is x:there }"), &QueryOptions::default()).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut asked = 0;
            while !done.load(Ordering::Relaxed) {
                assert_eq!(count(&engine), 2);
                asked += 1;
            }
            asked
        });
        let writing = scope.spawn(|| (0..60).for_each(|n| replace(&engine, n, n + 1)));
        for _ in 0..8 {
            assert_eq!(engine.backup(&copy).unwrap(), 2);
            assert_eq!(count(&Engine::open(&copy).unwrap()), 2);
        }
        writing.join().unwrap();
        done.store(true, Ordering::Relaxed);
        assert!(asking.join().unwrap() > 0);
    });
    engine.backup(&copy).unwrap();
    let before = bag(&engine, "SELECT * { ?s ?p ?o }");
    engine.update(&text("DELETE WHERE { ?s ?p ?o }"), &QueryOptions::default()).unwrap();
    assert_eq!(count(&engine), 0);
    assert_eq!(engine.restore(&copy).unwrap(), 2);
    assert_eq!(bag(&engine, "SELECT * { ?s ?p ?o }"), before);
    // It is on the disk, and updates go on from it.
    replace(&engine, 60, 61);
    drop(engine);
    assert_eq!(count(&Engine::open(&kb).unwrap()), 2);
}

#[test]
fn an_engine_in_memory_is_restored_too_and_a_failure_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let engine = crate::people();
    let before = bag(&engine, "SELECT * { ?s ?p ?o }");
    engine.backup(folder.path()).unwrap();
    engine.update(&text("DELETE WHERE { ?s ?p ?o }"), &QueryOptions::default()).unwrap();
    assert!(matches!(engine.restore(&folder.path().join("absent")), Err(QueryError::Store(_))));
    assert!(bag(&engine, "SELECT * { ?s ?p ?o }").is_empty());
    engine.restore(folder.path()).unwrap();
    assert_eq!(bag(&engine, "SELECT * { ?s ?p ?o }"), before);
}
