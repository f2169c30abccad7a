//! `hgql train node-classification` and `hgql predict`, run as a user runs them on a small data set.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use hypergraphql_framework::generate::{StochasticBlock, stochastic_block};
use hypergraphql_framework::{Dataset, Split, SplitSet, io, splits};
use serde_json::Value;
use tempfile::TempDir;

const NODES: usize = 127;

fn dataset() -> Dataset {
    let sizes = StochasticBlock { nodes: NODES, hyperedges: 211, size: 5, classes: 3, homophily: 0.9 };
    let mut dataset = stochastic_block(&sizes, 5).unwrap();
    dataset.label_names = ["red", "green", "blue"].map(str::to_owned).into();
    dataset.splits = (0..2).map(|i| splits::random(NODES, [0.5, 0.25, 0.25], 40 + i).unwrap()).collect();
    dataset.split_sets = vec![SplitSet { name: "50_25_25".into(), count: 2 }];
    dataset
}

fn folder(dataset: &Dataset) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    io::write(dataset, folder.path().join("data")).unwrap();
    folder
}

fn hgql(folder: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hgql")).current_dir(folder).args(line.split_whitespace()).output().unwrap()
}

/// The JSON lines of a command that must succeed.
fn lines(folder: &Path, line: &str) -> Vec<Value> {
    let output = hgql(folder, line);
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

/// Exit code and message of a command that must fail without a panic.
fn refused(folder: &Path, line: &str) -> (i32, String) {
    let output = hgql(folder, line);
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && !message.contains("panicked"), "{line}: {message}");
    (output.status.code().unwrap(), message)
}

const TRAIN: &str = "train node-classification --data data --hidden 16 --epochs 20 --lr 0.02";

#[test]
fn trains_reports_and_predicts() {
    let folder = folder(&dataset());
    let at = folder.path();
    let lines_of_training = lines(at, &format!("{TRAIN} --layer hgnn --runs 2 --out out --log-every 10 --json"));
    let kinds: Vec<&str> = lines_of_training.iter().map(|l| l["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["setup", "epoch", "epoch", "run", "epoch", "epoch", "run", "summary"]);
    let setup = &lines_of_training[0];
    assert_eq!((&setup["synthetic_features"]["width"], &setup["options"]["hidden"]), (&100.into(), &16.into()));
    assert!(setup["splits"].as_str().unwrap().contains("50_25_25"));
    let summary = lines_of_training.last().unwrap();
    let mean = summary["test_accuracy"]["mean"].as_f64().unwrap();
    assert!(mean > 0.5 && mean <= 1.0, "{mean}");
    assert!(summary["ms_per_epoch"].as_f64().unwrap() > 0.0);

    let report: Value = serde_json::from_str(&fs::read_to_string(at.join("out/report.json")).unwrap()).unwrap();
    assert_eq!(report["runs"][1]["curve"].as_array().unwrap().len(), 20);
    assert_eq!(report["runs"][0]["outcome"]["test"]["confusion"]["counts"].as_array().unwrap().len(), 3);
    assert_eq!(report["setup"]["options"]["lr"], 0.02);
    assert!(fs::read_to_string(at.join("out/curve.svg")).unwrap().contains("hgnn on data"));

    let predictions = lines(at, "predict --model out/run-1 --data data --nodes 3,126 --top 2 --json");
    assert_eq!(predictions.len(), 4);
    assert_eq!((&predictions[2]["node"], &predictions[2]["rank"]), (&126.into(), &1.into()));
    assert!(["red", "green", "blue"].contains(&predictions[0]["label"].as_str().unwrap()));
    let table = hgql(at, "predict --model out/run-0 --data data");
    let text = String::from_utf8(table.stdout).unwrap();
    assert!(text.contains("probability") && text.contains("107 more nodes"), "{text}");
    assert!(hgql(at, "predict --model out/run-0 --data data --out p.csv").status.success());
    assert_eq!(fs::read_to_string(at.join("p.csv")).unwrap().lines().count(), NODES + 1);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let folder = folder(&dataset());
    let of = |threads| {
        let command = format!("{TRAIN} --layer attention --heads 2 --epochs 5 --log-every 1 --json --threads {threads}");
        lines(folder.path(), &command).into_iter().filter(|l| l["kind"] == "epoch").collect::<Vec<_>>()
    };
    let one = of(1);
    assert_eq!(one.len(), 5);
    assert_eq!(one, of(3));
}

#[test]
fn resumes_from_a_checkpoint_to_the_same_report() {
    let folder = folder(&dataset());
    let at = folder.path();
    let straight = lines(at, &format!("{TRAIN} --runs 2 --schedule cosine --clip 1 --out straight --json"));
    // The checkpoint of a finished run goes on with the next run.
    fs::rename(at.join("straight/run-0"), at.join("first")).unwrap();
    let resumed = lines(at, "train node-classification --data data --resume first --out again --json");
    let accuracy = |lines: &[Value]| lines.last().unwrap()["test_accuracy"].clone();
    assert_eq!(accuracy(&straight), accuracy(&resumed));
    let outcome = |name: &str| {
        let report: Value = serde_json::from_str(&fs::read_to_string(at.join(name).join("report.json")).unwrap()).unwrap();
        [0, 1].map(|run| (report["runs"][run]["curve"].clone(), report["runs"][run]["outcome"].clone()))
    };
    assert_eq!(outcome("straight"), outcome("again"));
    let (code, message) = refused(at, "train node-classification --data data --resume first --hidden 17");
    assert!(code == 2 && message.contains("hidden is 16, not 17"), "{message}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_a_checkpoint_and_says_how_to_go_on() {
    let folder = folder(&dataset());
    let at = folder.path();
    let line = "train node-classification --data data --hidden 16 --epochs 100000 --log-every 1";
    let mut child = Command::new(env!("CARGO_BIN_EXE_hgql"));
    child.current_dir(at).args(line.split_whitespace()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = child.spawn().unwrap();
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains("epoch    3") {
        assert!(std::io::BufRead::read_line(&mut out, &mut text).unwrap() > 0, "{text}");
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    std::io::Read::read_to_string(&mut out, &mut text).unwrap();
    let output = child.wait_with_output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{message}");
    assert!(message.contains("--resume hgql-interrupted"), "{message}");
    assert!(at.join("hgql-interrupted/manifest.json").exists());
    assert!(hgql(at, "predict --model hgql-interrupted --data data").status.success());
}

#[test]
fn a_file_of_options_and_flags_are_echoed() {
    let folder = folder(&dataset());
    let at = folder.path();
    fs::write(at.join("o.toml"), "layer = \"conv\"\nhidden = 9\nepochs = 2\nself-loops = \"off\"\n").unwrap();
    let setup = lines(at, "train node-classification --data data --config o.toml --hidden 11 --json").remove(0);
    let options = &setup["options"];
    assert_eq!((&options["layer"], &options["hidden"], &options["epochs"]), (&"conv".into(), &11.into(), &2.into()));
    assert_eq!(setup["hyperedges_with_self_loops"], setup["dataset"]["hyperedges"]);
    fs::write(at.join("o.toml"), "lr = 0.1\nlearning_rate = 1\n").unwrap();
    let (code, message) = refused(at, "train node-classification --data data --config o.toml");
    assert!(code == 2 && message.contains("learning_rate") && message.contains("o.toml"), "{message}");
}

#[test]
fn splits_come_from_a_file_or_the_seed() {
    let mut dataset = dataset();
    dataset.splits.clear();
    dataset.split_sets.clear();
    let folder = folder(&dataset);
    let at = folder.path();
    let setup = lines(at, &format!("{TRAIN} --epochs 1 --seed 4 --runs 2 --json")).remove(0);
    assert!(setup["splits"].as_str().unwrap().contains("seeds 4 to 5"), "{setup}");
    fs::write(at.join("s.txt"), format!("{}\n", "0121".repeat(40).split_at(NODES).0)).unwrap();
    let run = lines(at, &format!("{TRAIN} --epochs 1 --splits s.txt --json")).remove(1);
    assert_eq!(run["outcome"]["train"]["nodes"], 32);
    let (_, message) = refused(at, &format!("{TRAIN} --splits s.txt --runs 2"));
    assert!(message.contains("1 splits"), "{message}");
    fs::write(at.join("s.txt"), "0120").unwrap();
    let (code, message) = refused(at, &format!("{TRAIN} --splits s.txt"));
    assert!(code == 2 && message.contains("s.txt") && message.contains("127"), "{message}");
}

#[test]
fn bad_input_is_named() {
    let mut dataset = dataset();
    let folder = folder(&dataset);
    let at = folder.path();
    assert!(refused(at, &format!("{TRAIN} --hidden 4000000000")).1.contains("--force"));
    assert!(refused(at, &format!("{TRAIN} --layers 4000000000")).1.contains("layers"));
    assert!(refused(at, &format!("{TRAIN} --dropout 1")).1.contains("dropout"));
    assert!(refused(at, &format!("{TRAIN} --lr 0")).1.contains("lr"));
    assert!(refused(at, &format!("{TRAIN} --precision f64")).1.contains("f16"));
    assert!(refused(at, &format!("{TRAIN} --device tpu")).1.contains("tpu"));
    let (code, message) = refused(at, &format!("{TRAIN} --lr 1e38"));
    assert!(code == 1 && message.contains("epoch"), "{message}");
    assert!(refused(at, "predict --model data --data data").1.contains("manifest.json"));
    assert!(hgql(at, &format!("{TRAIN} --out out --epochs 1")).status.success());
    assert!(refused(at, "predict --model out/run-0 --data data --nodes 127").1.contains("below 127"));
    let bytes = fs::read(at.join("out/run-0/model.safetensors")).unwrap();
    fs::write(at.join("out/run-0/model.safetensors"), &bytes[..100]).unwrap();
    let (code, message) = refused(at, "predict --model out/run-0 --data data");
    assert!(code == 2 && message.contains("model.safetensors"), "{message}");

    dataset.labels = None;
    dataset.label_names.clear();
    io::write(&dataset, at.join("unlabelled")).unwrap();
    assert!(refused(at, "train node-classification --data unlabelled").1.contains("labels"));
    let mut lone = self::dataset();
    lone.splits = vec![Split { train: vec![], valid: vec![1], test: vec![2] }];
    lone.split_sets.clear();
    io::write(&lone, at.join("lone")).unwrap();
    assert!(refused(at, "train node-classification --data lone").1.contains("training nodes"));
}
