//! Checkpoints of the command line: going on from them, and what they may not go on with.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use hypergraphql_framework::{Features, io};
use serde_json::Value;

use crate::program;
use crate::training::{Folder, TRAIN, dataset, names};

/// Curve and outcome of both runs of a report.
fn outcomes(at: &Folder, folder: &str) -> [(Value, Value); 2] {
    let report = at.json(&format!("{folder}/report.json"));
    [0, 1].map(|run| (report["runs"][run]["curve"].clone(), report["runs"][run]["outcome"].clone()))
}

#[test]
fn resumes_from_a_checkpoint_to_the_same_report() {
    let at = Folder::new(&dataset());
    let straight = at.lines(&format!("{TRAIN} --runs 2 --schedule cosine --clip 1 --out straight --json"));
    // The checkpoint of a finished run goes on with the next run.
    fs::rename(at.at("straight/run-0"), at.at("first")).unwrap();
    let resumed = at.lines("train node-classification --data data --resume first --out again --json");
    let accuracy = |lines: &[Value]| lines.last().unwrap()["test_accuracy"].clone();
    assert_eq!(accuracy(&straight), accuracy(&resumed));
    assert_eq!(outcomes(&at, "straight"), outcomes(&at, "again"));
    let (code, message) = at.refused("train node-classification --data data --resume first --hidden 17");
    assert!(code == 2 && message.contains("hidden is 16, not 17"), "{message}");
}

#[test]
fn a_resumed_run_goes_on_in_its_own_folder() {
    let at = Folder::new(&dataset());
    at.ok(&format!("{TRAIN} --runs 2 --out out"));
    let expected = outcomes(&at, "out");
    let first = at.json("out/run-0/manifest.json");
    fs::remove_dir_all(at.at("out/run-1")).unwrap();
    fs::remove_file(at.at("out/report.json")).unwrap();
    at.ok("train node-classification --data data --resume out/run-0");
    assert_eq!(names(&at.at("out")), ["curve.svg", "report.json", "run-0", "run-1", "splits.txt"]);
    assert_eq!(at.json("out/run-0/manifest.json")["notes"]["run"], first["notes"]["run"], "run 0 stays in its folder");
    assert_eq!(outcomes(&at, "out"), expected);
}

#[test]
fn the_current_folder_can_be_resumed() {
    let at = Folder::new(&dataset());
    at.ok(&format!("{TRAIN} --out out"));
    fs::rename(at.at("out/run-0"), at.at("alone")).unwrap();
    for (folder, data) in [("alone", "../data"), ("out", "../data")] {
        let mut command = at.command(&format!("train node-classification --data {data} --resume ."));
        if folder == "out" {
            at.ok(&format!("{TRAIN} --out out"));
            command = at.command(&format!("train node-classification --data ../{data} --resume ."));
            command.current_dir(at.at("out/run-0"));
        } else {
            command.current_dir(at.at("alone"));
        }
        program::run(&mut command).ok();
    }
    at.ok("predict --model alone --data data");
    at.ok("predict --model out/run-0 --data data");
}

#[test]
fn a_training_of_fewer_runs_removes_the_checkpoints_of_the_earlier_one() {
    let at = Folder::new(&dataset());
    at.ok(&format!("{TRAIN} --runs 2 --out out"));
    fs::create_dir_all(at.at("out/run-7")).unwrap();
    at.write("out/run-7/notes.txt", "mine");
    at.ok(&format!("{TRAIN} --runs 1 --out out"));
    assert_eq!(names(&at.at("out")), ["curve.svg", "report.json", "run-0", "run-7", "splits.txt"]);
    assert_eq!(at.text("out/run-7/notes.txt"), "mine");
}

#[test]
fn other_splits_features_and_weights_are_refused() {
    let mut data = dataset();
    data.features = Features::identity(data.hypergraph.nodes());
    let at = Folder::new(&data);
    io::write(&data, at.at("data.npz")).unwrap();
    at.ok(&format!("{} --runs 2 --out out", TRAIN.replace("--data data", "--data data.npz")));
    let resume = |data: &str| format!("train node-classification --data {data} --resume out/run-0");
    // The split of a later run counts too, and all sizes stay.
    let stored = at.text("out/splits.txt");
    let (first, second) = stored.trim_end().split_once('\n').unwrap();
    let reversed: String = second.chars().rev().collect();
    at.write("s.txt", &format!("{first}\n{reversed}\n"));
    let (code, message) = at.refused(&format!("{} --splits s.txt", resume("data.npz")));
    assert!(code == 2 && message.contains("--splits") && message.contains("digest"), "{message}");
    at.ok(&format!("{} --splits out/splits.txt", resume("data.npz")));

    let mut weighted = data.clone();
    weighted.hypergraph = data.hypergraph.clone().with_hyperedge_weights(vec![2.0; data.hypergraph.hyperedges()]).unwrap();
    let mut other = data.clone();
    if let Features::Sparse(x) = &mut other.features {
        x.data_mut()[5] = 0.5;
    }
    fs::create_dir(at.at("changed")).unwrap();
    for changed in [weighted, other] {
        io::write(&changed, at.at("changed/data.npz")).unwrap();
        let (code, message) = at.refused(&resume("changed/data.npz"));
        assert!(code == 2 && message.contains("dataset"), "{message}");
    }
    io::write(&data, at.at("changed/data.npz")).unwrap();
    at.ok(&resume("changed/data.npz"));
}

#[test]
fn foreign_files_are_not_replaced() {
    let at = Folder::new(&dataset());
    for place in ["out/run-1", "out/run-1.previous"] {
        fs::create_dir_all(at.at(place)).unwrap();
        at.write(&format!("{place}/thesis.txt"), "years of work");
        at.run(&format!("{TRAIN} --runs 2 --out out")).fails(2, &[place, "expected nothing, an empty folder or a checkpoint"]);
        assert_eq!(at.text(&format!("{place}/thesis.txt")), "years of work");
        assert!(!at.at("out/run-0").exists(), "refused before the first epoch");
        fs::remove_dir_all(at.at(place)).unwrap();
    }
    at.ok(&format!("{TRAIN} --runs 2 --out out"));
}

#[test]
fn an_output_that_cannot_be_written_is_a_failure_before_the_first_epoch() {
    let at = Folder::new(&dataset());
    at.write("file", "");
    at.run(&format!("{TRAIN} --out file/out")).fails(1, &["file/out", "cannot write"]);
    at.ok(&format!("{TRAIN} --epochs 1 --out out"));
    at.run("predict --model out/run-0 --data data --out file/p.csv").fails(1, &["file/p.csv", "cannot write"]);
}

#[cfg(unix)]
mod signals {
    use super::*;

    /// A training that never ends, once it has printed three epochs.
    struct Running {
        child: Child,
        out: BufReader<std::process::ChildStdout>,
        text: String,
    }

    const ENDLESS: &str = "train node-classification --data data --hidden 16 --epochs 100000 --log-every 1";

    impl Running {
        fn new(at: &Folder, line: &str) -> Self {
            let mut child = at.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let out = BufReader::new(child.stdout.take().unwrap());
            let mut running = Self { child, out, text: String::new() };
            running.wait_for("epoch    3");
            running
        }

        fn wait_for(&mut self, text: &str) {
            while !self.text.contains(text) {
                assert!(self.out.read_line(&mut self.text).unwrap() > 0, "{}", self.text);
            }
        }

        fn interrupt(&self) {
            let pid = self.child.id().to_string();
            // The shell's own `kill`: the program is in a package that a small system may lack.
            assert!(std::process::Command::new("sh").args(["-c", "kill -INT \"$0\"", &pid]).status().unwrap().success());
        }

        /// Exit code, stdout and stderr.
        fn end(mut self) -> (Option<i32>, String, String) {
            self.out.read_to_string(&mut self.text).unwrap();
            let output = self.child.wait_with_output().unwrap();
            (output.status.code(), self.text, String::from_utf8(output.stderr).unwrap())
        }
    }

    #[test]
    fn ctrl_c_saves_a_checkpoint_under_a_free_name_and_says_how_to_go_on() {
        let at = Folder::new(&dataset());
        for name in ["hgql-interrupted", "hgql-interrupted-2", "hgql-interrupted-3"] {
            let running = Running::new(&at, ENDLESS);
            running.interrupt();
            let (code, _, message) = running.end();
            assert_eq!(code, Some(130), "{message}");
            assert!(message.contains(&format!("--resume {name}\n")), "{message}");
            at.ok(&format!("predict --model {name} --data data"));
        }
    }

    #[test]
    fn a_training_resumed_after_ctrl_c_is_the_uninterrupted_one() {
        let at = Folder::new(&dataset());
        let line = format!("{TRAIN} --epochs 1500 --runs 2 --log-every 1");
        at.ok(&format!("{line} --out straight"));
        let running = Running::new(&at, &format!("{line} --out out"));
        running.interrupt();
        let (code, _, message) = running.end();
        assert_eq!(code, Some(130), "{message}");
        let command = message.lines().find(|l| l.contains("hgql train")).unwrap();
        at.ok(command.trim().strip_prefix("hgql ").unwrap());
        assert_eq!(outcomes(&at, "straight"), outcomes(&at, "out"));
    }

    #[test]
    fn a_save_that_fails_on_the_way_is_a_warning_and_a_failure_at_the_end() {
        let at = Folder::new(&dataset());
        let mut running = Running::new(&at, &format!("{TRAIN} --epochs 4000 --checkpoint-every 1000 --log-every 1 --out out"));
        fs::rename(at.at("out"), at.at("moved")).unwrap();
        at.write("out", "in the way");
        running.wait_for("epoch 4000");
        let (code, out, message) = running.end();
        assert_eq!(code, Some(1), "{message}");
        assert!(message.contains("the training goes on") && message.contains("cannot write"), "{message}");
        assert!(out.contains("run 0: test"), "the result is shown: {out}");
    }

    #[test]
    fn a_reader_that_goes_away_loses_no_training() {
        let at = Folder::new(&dataset());
        let line = format!("{TRAIN} --epochs 300 --log-every 1");
        let mut running = Running::new(&at, &format!("{line} --out out"));
        drop(std::mem::replace(&mut running.out, BufReader::new(closed())));
        let (code, _, message) = running.end();
        assert_eq!((code, message.as_str()), (Some(0), ""));
        assert_eq!(at.json("out/report.json")["runs"][0]["epochs"], 300);

        let mut running = Running::new(&at, ENDLESS);
        drop(std::mem::replace(&mut running.out, BufReader::new(closed())));
        let (code, _, message) = running.end();
        assert_eq!(code, Some(130), "{message}");
        assert!(message.contains("--resume hgql-interrupted"), "{message}");
        at.ok("predict --model hgql-interrupted --data data");
    }

    /// The output of a program that has none.
    fn closed() -> std::process::ChildStdout {
        let mut child = std::process::Command::new("true").stdout(Stdio::piped()).spawn().unwrap();
        let out = child.stdout.take().unwrap();
        child.wait().unwrap();
        out
    }

    #[test]
    fn lines_are_written_beside_the_progress_bar() {
        let at = Folder::new(&dataset());
        let line = format!("{} {TRAIN} --epochs 3000 --log-every 100 -v --checkpoint-every 100 --out out", env!("CARGO_BIN_EXE_hgql"));
        let mut script = std::process::Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).current_dir(at.at("")).stdin(Stdio::null());
        let Ok(output) = script.output() else {
            eprintln!("SKIPPED lines_are_written_beside_the_progress_bar: no program script (util-linux)");
            return;
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("3000 loss") || text.contains("/3000"), "no bar in {text:?}");
        for word in ["run 0  epoch", "saved a checkpoint"] {
            for (at, _) in text.match_indices(word) {
                let line = text[..at].rsplit(['\n', '\r']).next().unwrap();
                let shown = line.rsplit("\u{1b}[2K").next().unwrap();
                assert!(!shown.contains("/3000"), "{word:?} stands behind the bar: {line:?}");
            }
        }
    }
}
