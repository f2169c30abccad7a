//! `hgql backup` and `hgql restore`.

use std::fs;

use crate::program::lines;
use crate::query::World;

#[test]
fn a_backup_brings_back_what_was_there() {
    let world = World::new();
    world.run(&["update", "world.hgql", "INSERT DATA { :alan :age 41 }"]).ok();
    let said = world.run(&["backup", "world.hgql", "-o", "copy.hgql", "--json"]).ok();
    // Terms that an update brought have numbers, and so a place, of their own until the next compaction.
    let statements = |kb: &str| {
        let mut lines: Vec<String> = world.run(&["export", kb]).ok().lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let before = statements("world.hgql");
    assert_eq!(lines(&said)[0]["statements"], before.len());
    world.run(&["update", "world.hgql", "DELETE WHERE { :ada ?p ?o }"]).ok();
    assert_ne!(statements("world.hgql"), before);
    assert_eq!(statements("copy.hgql"), before, "a backup is a knowledge base");
    world.run(&["restore", "copy.hgql", "-o", "world.hgql"]).fails(2, &["exists already", "--force"]);
    world.run(&["restore", "copy.hgql", "-o", "world.hgql", "--force"]).ok();
    assert_eq!(statements("world.hgql"), before);
    world.run(&["update", "world.hgql", "INSERT DATA { :x :y :z }"]).ok();
}

#[test]
fn what_is_damaged_or_no_knowledge_base_is_not_copied() {
    let world = World::new();
    world.run(&["backup", "world.ttl", "-o", "copy.hgql"]).fails(2, &["no knowledge base"]);
    world.run(&["backup", "absent.hgql", "-o", "copy.hgql"]).fails(2, &["no knowledge base"]);
    world.run(&["backup", "world.hgql", "-o", "world.hgql", "--force"]).fails(2, &["itself"]);
    let files = fs::read_dir(world.path("world.hgql")).expect("a folder").map(|entry| entry.expect("an entry").path());
    let snapshot = files.into_iter().find(|path| path.extension().is_some_and(|e| e == "atoms")).expect("a snapshot");
    let mut bytes = fs::read(&snapshot).expect("a snapshot");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&snapshot, bytes).expect("a snapshot");
    // Without the log, which says it first.
    world.run(&["backup", "world.hgql", "-o", "copy.hgql", "-qq"]).fails(2, &["section"]);
    assert!(!world.path("copy.hgql").exists(), "nothing is left of a backup that failed");
}
