//! What goes wrong outside: files that break late, disks that are full. What was there before stays as it was.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use hypergraphql_framework::Error;
use hypergraphql_framework::store::{AtomSpace, Disk, Files, LoadOptions, LogFile, Store};
use oxrdf::Quad;
use tempfile::TempDir;

use crate::{integer, iri, quad};

fn some() -> Vec<Quad> {
    (0..10).map(|i| quad("s", "p", integer(i))).collect()
}

/// The names and bytes of a folder's files.
fn bytes(folder: &Path) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut files: Vec<_> = entries.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect();
    files.sort();
    files
}

#[test]
fn a_file_that_breaks_late_names_its_line_and_harms_no_store() {
    const BREAKS: usize = 900_000;
    let folder = TempDir::new().unwrap();
    let store = folder.path().join("store");
    AtomSpace::from_quads(some()).unwrap().save(&store).unwrap();
    let before = bytes(&store);
    let mut text = String::from("@prefix : <http://x/> .\n");
    for line in 2..BREAKS + 10 {
        // Strings that hold brackets, quotes and an end of statement, as a splitter would meet them.
        match line {
            BREAKS => text.push_str(":s :p \"open .\n"),
            _ if line % 1000 == 0 => text.push_str(":s :p \"a ] . \\\" <b\" .\n"),
            _ => text.push_str(&format!(":s{} :p :o{} .\n", line % 977, line % 31)),
        }
    }
    for (name, message) in [("late.ttl", format!(":{BREAKS}:7: expected turtle")), ("late.trig", format!(":{BREAKS}:7: expected trig"))] {
        let path = folder.path().join(name);
        fs::write(&path, &text).unwrap();
        for onto in [None, Some(AtomSpace::open(&store).unwrap())] {
            let error = AtomSpace::load(&[&path], &LoadOptions { onto, ..LoadOptions::default() }).unwrap_err().to_string();
            assert!(error.contains(&message), "{error}");
        }
    }
    assert_eq!(bytes(&store), before);
}

/// A disk with so much room left.
struct Small(u64);

impl Files for Small {
    fn create(&self, path: &Path, fill: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        struct Room<'a>(u64, &'a mut dyn Write);
        impl Write for Room<'_> {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let length = bytes.len().min(self.0 as usize);
                if length == 0 && !bytes.is_empty() {
                    return Err(io::ErrorKind::StorageFull.into());
                }
                self.0 -= length as u64;
                self.1.write(&bytes[..length])
            }
            fn flush(&mut self) -> io::Result<()> {
                self.1.flush()
            }
        }
        let Self(room) = self;
        Disk.create(path, &mut |to| fill(&mut Room(*room, to)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        Disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        Disk.remove(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        Disk.sync_folder(path)
    }

    fn append(&self, path: &Path, length: u64) -> io::Result<Box<dyn LogFile>> {
        Disk.append(path, length)
    }
}

fn is_full(error: &Error) -> bool {
    matches!(error, Error::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull)
}

fn many() -> AtomSpace {
    AtomSpace::from_quads((0..100_000).map(|i| quad(&format!("s{i}"), "p", iri(&format!("o{}", i % 977))))).unwrap()
}

#[test]
fn a_full_disk_leaves_the_old_store() {
    let (folder, large) = (TempDir::new().unwrap(), many());
    AtomSpace::from_quads(some()).unwrap().save(folder.path()).unwrap();
    for room in [0, 10, 1 << 12, 1 << 20] {
        let Err(error) = Store::create_with(folder.path(), &large, Arc::new(Small(room))) else { panic!("no room for {room} bytes") };
        assert!(is_full(&error), "{error}");
        let kept: HashSet<Quad> = AtomSpace::open(folder.path()).unwrap().quads().collect();
        assert_eq!(kept, some().into_iter().collect());
    }
    // When there is room again, the halves are gone.
    large.save(folder.path()).unwrap();
    assert_eq!(AtomSpace::open(folder.path()).unwrap().len(), large.len());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}

/// With `HGQL_SMALL_DISK`, an empty file system of some megabytes: `mount -t tmpfs -o size=2m none DIR`.
#[test]
fn a_file_system_that_is_full_leaves_the_old_store() {
    let Some(disk) = std::env::var_os("HGQL_SMALL_DISK") else { return };
    let folder = Path::new(&disk).join("store");
    let mut store = Store::create(&folder, &AtomSpace::from_quads(some()).unwrap()).unwrap();
    let before: HashSet<Quad> = store.space().quads().collect();
    let check = || {
        let space = AtomSpace::open(&folder).unwrap();
        space.verify().unwrap();
        space.quads().collect::<HashSet<Quad>>()
    };
    drop(store);
    let error = many().save(&folder).unwrap_err();
    assert!(is_full(&error), "{error}");
    assert_eq!(check(), before);
    // Commits until the log does not fit: all that were acknowledged are there, and no other.
    store = Store::open(&folder).unwrap();
    let (mut commits, mut sure) = (0, before);
    let error = loop {
        let quads: Vec<Quad> = (0..500).map(|i| quad(&format!("s{commits}"), "q", integer(i))).collect();
        match store.commit(&quads, &[]) {
            Ok(_) => sure.extend(quads),
            Err(error) => break error,
        }
        commits += 1;
    };
    assert!(is_full(&error) && commits > 3, "{error} after {commits} commits");
    assert_eq!(check(), sure);
    assert!(is_full(&store.compact().unwrap_err()));
    assert_eq!(check(), sure);
    drop(store);
    drop(Store::open(&folder).unwrap());
    assert_eq!(check(), sure);
    println!("a full disk: {commits} commits kept");
}
