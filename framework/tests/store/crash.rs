//! Stores whose files fail at every step.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use hypergraphql_framework::Result;
use hypergraphql_framework::store::{AtomSpace, Disk, Files, LogFile, Store};
use oxrdf::Quad;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

use crate::changes::random_quad;
use crate::{iri, quad};

/// What happens at the step that fails.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// The power goes: nothing works afterwards, and names that were not synchronised may be as before.
    Power,
    /// An error, as of a full disk; everything after it works.
    Error,
}

/// Files of which one step fails, half done.
#[derive(Clone)]
struct Faulty(Arc<Mutex<State>>);

struct State {
    fault: Fault,
    step: u64,
    fails_at: u64,
    failed: bool,
    rng: ChaCha8Rng,
    /// How to undo what was done to names since the folder was synchronised.
    names: Vec<Undo>,
}

enum Undo {
    Remove(PathBuf),
    /// Back to the first name; the second gets the bytes it had.
    Rename(PathBuf, PathBuf, Option<Vec<u8>>),
    Restore(PathBuf, Vec<u8>),
}

impl Faulty {
    fn new(fault: Fault, fails_at: u64, seed: u64) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(seed);
        Self(Arc::new(Mutex::new(State { fault, step: 0, fails_at, failed: false, rng, names: Vec::new() })))
    }

    fn steps(&self) -> u64 {
        self.0.lock().unwrap().step
    }

    fn failed(&self) -> bool {
        self.0.lock().unwrap().failed
    }

    /// Does a step, or half of it and fails.
    fn step<T>(&self, whole: impl FnOnce(&mut State) -> io::Result<T>, half: impl FnOnce(&mut State)) -> io::Result<T> {
        let mut state = self.0.lock().unwrap();
        if state.failed && state.fault == Fault::Power {
            return Err(io::Error::other("no power"));
        }
        state.step += 1;
        if state.step != state.fails_at {
            return whole(&mut state);
        }
        state.failed = true;
        half(&mut state);
        if state.fault == Fault::Power {
            state.lose_names();
        }
        Err(io::Error::other("a fault"))
    }
}

impl State {
    /// Some of the latest names are as before.
    fn lose_names(&mut self) {
        let kept = self.rng.random_range(0..=self.names.len());
        for undo in self.names.drain(kept..).rev() {
            match undo {
                Undo::Remove(path) => drop(fs::remove_file(path)),
                Undo::Restore(path, bytes) => fs::write(path, bytes).unwrap(),
                Undo::Rename(from, to, old) => {
                    fs::rename(&to, &from).unwrap();
                    old.iter().for_each(|bytes| fs::write(&to, bytes).unwrap());
                }
            }
        }
    }

    /// Some of the bytes, perhaps followed by NUL bytes where the disk had room but no data.
    fn torn(&mut self, bytes: &[u8]) -> Vec<u8> {
        let length = self.rng.random_range(0..=bytes.len());
        let zeros = if self.rng.random() { bytes.len() - length } else { 0 };
        [&bytes[..length], &vec![0; zeros][..]].concat()
    }
}

impl Files for Faulty {
    fn create(&self, path: &Path, fill: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut bytes = Vec::new();
        fill(&mut bytes)?;
        let whole = |state: &mut State| {
            state.names.push(Undo::Remove(path.to_path_buf()));
            fs::write(path, &bytes)
        };
        self.step(whole, |state| fs::write(path, state.torn(&bytes)).unwrap())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let whole = |state: &mut State| {
            state.names.push(Undo::Rename(from.to_path_buf(), to.to_path_buf(), fs::read(to).ok()));
            fs::rename(from, to)
        };
        self.step(whole, |state| {
            if state.rng.random() {
                fs::rename(from, to).unwrap();
            }
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let whole = |state: &mut State| {
            state.names.push(Undo::Restore(path.to_path_buf(), fs::read(path)?));
            fs::remove_file(path)
        };
        self.step(whole, |state| {
            if state.rng.random() {
                fs::remove_file(path).unwrap();
            }
        })
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        let whole = |state: &mut State| {
            state.names.clear();
            Ok(())
        };
        self.step(whole, |_| {})
    }

    fn append(&self, path: &Path, length: u64) -> io::Result<Box<dyn LogFile>> {
        let whole = |_: &mut State| Disk.append(path, length);
        let log = self.step(whole, |_| {})?;
        Ok(Box::new(FaultyLog { log, path: path.to_path_buf(), files: self.clone() }))
    }
}

struct FaultyLog {
    log: Box<dyn LogFile>,
    path: PathBuf,
    files: Faulty,
}

impl LogFile for FaultyLog {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Self { log, path, files } = self;
        let half = |state: &mut State| {
            let torn = state.torn(bytes);
            fs::OpenOptions::new().append(true).open(path).unwrap().write_all(&torn).unwrap();
        };
        files.step(|_| log.append(bytes), half)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        let Self { log, files, .. } = self;
        files.step(|_| log.cut(length), |_| {})
    }
}

/// Statements that must be there, and those that may be instead: of a commit whose end was not seen.
struct Expected {
    sure: HashSet<Quad>,
    perhaps: Option<HashSet<Quad>>,
}

impl Expected {
    fn check(&self, space: &AtomSpace, when: &str) {
        let found: HashSet<Quad> = space.quads().collect();
        assert!(found == self.sure || self.perhaps.as_ref() == Some(&found), "{when}");
        space.verify().unwrap();
    }
}

/// Commits and compactions; opens the store again where it refuses to go on. Returns what has to be there.
fn work(folder: &Path, files: &Faulty, seed: u64) -> Expected {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut quads = |count: u32| (0..count).map(|_| random_quad(&mut rng, 1)).collect::<Vec<_>>();
    let first = quads(20);
    let mut expected = Expected { sure: HashSet::new(), perhaps: Some(first.iter().cloned().collect()) };
    let open = |space: &[Quad]| -> Result<Store> {
        let files = Arc::new(files.clone());
        match Store::open_with(folder, files.clone()) {
            Err(_) => Store::create_with(folder, &AtomSpace::from_quads(space.iter().cloned()).unwrap(), files),
            open => open,
        }
    };
    let Ok(mut store) = open(&first).or_else(|_| open(&first)) else { return expected };
    expected = Expected { sure: first.iter().cloned().collect(), perhaps: None };
    for round in 0..9 {
        if round == 4 || round == 7 {
            // A failed compaction changes no statement.
            let _ = store.compact();
        }
        let (inserts, deletes) = (quads(6), quads(6));
        let mut after = expected.sure.clone();
        after.retain(|quad| !deletes.contains(quad));
        after.extend(inserts.iter().cloned());
        match store.commit(&inserts, &deletes) {
            Ok(space) => {
                expected = Expected { sure: after, perhaps: None };
                expected.check(&space, "after a commit");
            }
            // A store that goes on has nothing left of what failed.
            Err(_) if seed.is_multiple_of(2) && store.commit(&[quad("s", "retried", iri("o"))], &[]).is_ok() => {
                expected.sure.insert(quad("s", "retried", iri("o")));
                expected.check(store.space(), "after a commit that follows a failed one");
            }
            Err(_) => {
                expected.perhaps = Some(after);
                drop(store);
                let Ok(again) = Store::open_with(folder, Arc::new(files.clone())) else { return expected };
                store = again;
                expected.check(store.space(), "after a failed commit");
                expected = Expected { sure: store.space().quads().collect(), perhaps: None };
            }
        }
    }
    expected
}

/// Lets each step of the work fail in turn.
fn every_step(fault: Fault) {
    for seed in 0..4 {
        let clean = Faulty::new(fault, 0, seed);
        work(TempDir::new().unwrap().path(), &clean, seed);
        assert!(clean.steps() > 20);
        for fails_at in 1..=clean.steps() {
            let (folder, files) = (TempDir::new().unwrap(), Faulty::new(fault, fails_at, seed * 1000 + fails_at));
            let expected = work(folder.path(), &files, seed);
            assert!(files.failed());
            match Store::open(folder.path()) {
                Ok(store) => {
                    expected.check(store.space(), &format!("seed {seed}, step {fails_at}"));
                    expected.check(&AtomSpace::open(folder.path()).unwrap(), "read");
                }
                // Only the first save can leave no store, and then another works.
                Err(error) => {
                    assert!(expected.sure.is_empty(), "seed {seed}, step {fails_at}: {error}");
                    AtomSpace::from_quads([quad("s", "p", iri("o"))]).unwrap().save(folder.path()).unwrap();
                    assert_eq!(AtomSpace::open(folder.path()).unwrap().len(), 1);
                }
            }
        }
    }
}

#[test]
fn power_fails_at_every_step() {
    every_step(Fault::Power);
}

#[test]
fn the_disk_fails_at_every_step() {
    every_step(Fault::Error);
}
