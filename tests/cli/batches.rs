//! Mini-batches on the command line: they train, report what they are, resume, and refuse options that do not go together.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::fs;

use crate::training::{Folder, TRAIN, dataset};

const NEIGHBOURS: &str = "--batch-size 16 --fanout 4x3,allx2 --accumulate 2";

#[test]
fn neighbours_and_clusters_train_and_are_recorded() {
    let at = Folder::new(&dataset());
    for (flags, option) in [(NEIGHBOURS, "batch-size"), ("--clusters 9 --clusters-per-batch 3", "clusters")] {
        let lines = at.lines(&format!("{TRAIN} {flags} --checkpoint-activations --out out --json"));
        let accuracy = lines.last().unwrap()["test_accuracy"]["mean"].as_f64().unwrap();
        assert!(accuracy > 0.55, "{flags}: {accuracy}, chance is 1/3");
        assert!(lines[0]["options"][option].as_u64().unwrap() > 0);
        let manifest = at.json("out/run-0/manifest.json");
        assert_eq!(manifest["train"]["recompute"], true);
        assert!(manifest["train"]["batches"]["kind"].is_string(), "{manifest}");
    }
    let text = at.ok(&format!("{TRAIN} {NEIGHBOURS} --epochs 1"));
    assert!(text.contains("batches of 16 training nodes with fan-out 4x3,allx2, 2 for a step"), "{text}");
}

#[test]
fn a_sampled_training_resumes_to_the_same_report() {
    let at = Folder::new(&dataset());
    at.ok(&format!("{TRAIN} {NEIGHBOURS} --runs 2 --out straight"));
    fs::rename(at.at("straight/run-0"), at.at("first")).unwrap();
    at.ok("train node-classification --data data --resume first --out again");
    let runs = |folder: &str| {
        let report = at.json(&format!("{folder}/report.json"));
        [0, 1].map(|run| (report["runs"][run]["curve"].clone(), report["runs"][run]["outcome"].clone()))
    };
    assert_eq!(runs("straight"), runs("again"));
    let (code, message) = at.refused("train node-classification --data data --resume first --fanout 4x3");
    assert!(code == 2 && message.contains("fanout is"), "{message}");
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    let at = Folder::new(&dataset());
    for (flags, words) in [
        ("--fanout 4x3", ["fanout", "batch-size"]),
        ("--batch-size 8 --fanout 4", ["HYPEREDGESxMEMBERS", "10x8"]),
        ("--batch-size 8 --clusters 4", ["--batch-size", "--clusters"]),
        ("--clusters 4 --clusters-per-batch 5", ["clusters-per-batch", "1 to 4"]),
        ("--clusters 128", ["clusters", "127"]),
        ("--accumulate 3", ["accumulate", "mini-batches"]),
    ] {
        let (code, message) = at.refused(&format!("{TRAIN} {flags}"));
        assert!(code == 2 && words.iter().all(|w| message.contains(w)), "{flags}: {message}");
    }
}
