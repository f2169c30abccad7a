//! Writers that are killed while they load, commit and compact. `HGQL_KILLS` says how often (12).

use std::collections::HashSet;
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use hypergraphql_framework::store::{AtomSpace, LoadOptions, Store};
use oxrdf::Quad;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

use crate::{integer, iri, quad};

/// What the process that is killed does over and over.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Work {
    /// Loads a file and makes the folder a store of it.
    Load,
    /// Commits.
    Update,
    /// Commits, and compacts after each commit.
    Compact,
}

const WORKS: [Work; 3] = [Work::Load, Work::Update, Work::Compact];

impl Work {
    /// Statements of the store before the first step.
    fn first(self) -> Vec<Quad> {
        let base = if self == Self::Compact { 3000 } else { 0 };
        (0..base).map(|i| quad(&format!("base{i}"), "q", integer(i))).collect()
    }

    /// What the `n`th step inserts and deletes.
    fn step(self, n: usize) -> (Vec<Quad>, Vec<Quad>) {
        let statement = |n: usize| quad(&format!("s{n}"), "p", iri(&format!("o{}", n % 3)));
        (vec![statement(n)], n.checked_sub(5).map(statement).into_iter().collect())
    }

    /// The statements after the `n`th step.
    fn after(self, n: usize) -> HashSet<Quad> {
        match self {
            Self::Load => loaded(n).into_iter().collect(),
            _ => self.first().into_iter().chain((n.saturating_sub(4)..=n).flat_map(|n| self.step(n).0)).collect(),
        }
    }

    /// The last step that a store shows, if any.
    fn last(self, space: &AtomSpace) -> Option<usize> {
        let number = |quad: Quad| quad.subject.to_string().rsplit_once("/s")?.1.trim_end_matches('>').parse::<usize>().ok();
        space.quads().filter_map(number).max()
    }

    /// Longest time that the process is let go on after the last step that was waited for.
    fn patience(self) -> u64 {
        if self == Self::Update { 3000 } else { 40_000 }
    }
}

/// The statements of the `n`th file.
fn loaded(n: usize) -> Vec<Quad> {
    let statements = (0..500 + n as i64 % 7 * 300).map(|i| quad(&format!("s{n}"), "p", integer(i)));
    statements.collect()
}

fn load(folder: &Path, n: usize) {
    let file = folder.with_extension("nt");
    let text: String = loaded(n).iter().map(|quad| format!("{quad} .\n")).collect();
    fs::write(&file, text).unwrap();
    AtomSpace::load(&[file], &LoadOptions::default()).unwrap().save(folder).unwrap();
}

/// Not a test of its own: the process that [`killed_writers_lose_nothing`] kills.
#[test]
#[ignore = "run by killed_writers_lose_nothing, which kills it"]
fn writer() {
    let folder = PathBuf::from(std::env::var_os("HGQL_TEST_STORE").unwrap());
    let work = std::env::var("HGQL_TEST_WORK").unwrap();
    let work = WORKS.into_iter().find(|of| format!("{of:?}") == work).unwrap();
    let mut n = work.last(&AtomSpace::open(&folder).unwrap()).map_or(0, |n| n + 1);
    let say = |n: usize| {
        let mut out = io::stdout().lock();
        writeln!(out, "\ndone {n}").unwrap();
        out.flush().unwrap();
    };
    if work == Work::Load {
        loop {
            load(&folder, n);
            say(n);
            n += 1;
        }
    }
    let mut store = Store::open(&folder).unwrap();
    loop {
        let (inserts, deletes) = work.step(n);
        store.commit(&inserts, &deletes).unwrap();
        say(n);
        n += 1;
        if work == Work::Compact {
            store.compact().unwrap();
        }
    }
}

/// The stores that are worked on, and the last step that each showed.
struct Victim {
    work: Work,
    _parent: TempDir,
    folder: PathBuf,
    last: Option<usize>,
    /// Kills that left files of a step half done.
    torn: usize,
}

impl Victim {
    fn new(work: Work) -> Self {
        let parent = TempDir::new().unwrap();
        let folder = parent.path().join("store");
        AtomSpace::from_quads(work.first()).unwrap().save(&folder).unwrap();
        Self { work, _parent: parent, folder, last: None, torn: 0 }
    }

    fn kill(&mut self, rng: &mut ChaCha8Rng) {
        let Self { work, folder, .. } = self;
        let work = *work;
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "killed::writer", "--ignored", "--nocapture"]).env("HGQL_TEST_STORE", &*folder);
        let mut child = command.env("HGQL_TEST_WORK", format!("{work:?}")).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = io::BufReader::new(child.stdout.take().unwrap()).lines();
        let number = |line: String| line.strip_prefix("done ").map(|n| n.parse::<usize>().unwrap());
        let wanted = rng.random_range(0..6);
        let mut seen = lines.by_ref().filter_map(|line| number(line.unwrap()));
        let mut acknowledged = (0..wanted).filter_map(|_| seen.next()).last();
        std::thread::sleep(Duration::from_micros(rng.random_range(0..work.patience())));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = seen.last().or(acknowledged).or(self.last);
        assert!(wanted == 0 || acknowledged.is_some(), "the writer got nowhere");
        self.torn += usize::from(fs::read_dir(&self.folder).unwrap().count() > 4);
        self.check(acknowledged);
    }

    /// The store holds the statements after the last step that was acknowledged, or after the next.
    fn check(&mut self, acknowledged: Option<usize>) {
        let (work, space) = (self.work, AtomSpace::open(&self.folder).unwrap());
        space.verify().unwrap();
        let found: HashSet<Quad> = space.quads().collect();
        if acknowledged.is_none() && found == work.first().into_iter().collect() {
            return;
        }
        let next = acknowledged.map_or(0, |n| n + 1);
        let reached = acknowledged.into_iter().chain([next]).find(|n| work.after(*n) == found);
        assert!(
            reached.is_some(),
            "{work:?}: acknowledged {acknowledged:?}, found {} statements, the last of step {:?}",
            found.len(),
            work.last(&space)
        );
        self.last = reached;
        // A writer takes over, whatever was left, and tidies up.
        drop(Store::open(&self.folder).unwrap());
        assert_eq!(fs::read_dir(&self.folder).unwrap().count(), 4);
    }
}

#[test]
fn killed_writers_lose_nothing() {
    let kills = std::env::var("HGQL_KILLS").map_or(12, |kills| kills.parse().expect("HGQL_KILLS is a number"));
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut victims = WORKS.map(Victim::new);
    for kill in 0..kills {
        victims[kill % WORKS.len()].kill(&mut rng);
    }
    for Victim { work, last, torn, .. } in &victims {
        println!("{work:?}: reached step {last:?}, {torn} kills left files half done");
    }
    assert!(
        kills < 100 || victims.iter().filter(|victim| victim.work != Work::Update).all(|victim| victim.torn > 0),
        "no kill met a step half done"
    );
}
