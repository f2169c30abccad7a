//! `hgql train node-classification`: what it prints and writes, its options and its splits.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::fs;

use hypergraphql_framework::{Split, io};

use crate::training::{Folder, NODES, TRAIN, dataset, names};

#[test]
fn trains_reports_and_predicts() {
    let at = Folder::new(&dataset());
    let lines = at.lines(&format!("{TRAIN} --layer hgnn --runs 2 --out out --log-every 10 --json"));
    let kinds: Vec<&str> = lines.iter().map(|l| l["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["setup", "epoch", "epoch", "run", "epoch", "epoch", "run", "summary"]);
    let setup = &lines[0];
    assert_eq!((&setup["synthetic_features"]["width"], &setup["options"]["hidden"]), (&100.into(), &16.into()));
    assert!(setup["splits"].as_str().unwrap().contains("50_25_25"));
    let summary = lines.last().unwrap();
    let mean = summary["test_accuracy"]["mean"].as_f64().unwrap();
    assert!(mean > 0.5 && mean <= 1.0, "{mean}");
    assert!(summary["ms_per_epoch"].as_f64().unwrap() > 0.0);

    assert_eq!(names(&at.at("out")), ["curve.svg", "report.json", "run-0", "run-1", "splits.txt"]);
    let report = at.json("out/report.json");
    assert_eq!(report["runs"][1]["curve"].as_array().unwrap().len(), 20);
    let test = &report["runs"][0]["outcome"]["test"];
    assert_eq!(test["confusion"]["classes"], 3);
    let counted = test["confusion"]["cells"].as_array().unwrap().iter().map(|cell| cell[2].as_u64().unwrap()).sum::<u64>();
    assert_eq!(test["nodes"], counted);
    assert_eq!(report["setup"]["options"]["lr"], 0.02);
    assert!(at.text("out/curve.svg").contains("hgnn on data"));

    let predictions = at.lines("predict --model out/run-1 --data data --nodes 3,126 --top 2 --json");
    assert_eq!(predictions.len(), 4);
    assert_eq!((&predictions[2]["node"], &predictions[2]["rank"]), (&126.into(), &1.into()));
    assert!(["red", "green", "blue"].contains(&predictions[0]["label"].as_str().unwrap()));
    let table = at.ok("predict --model out/run-0 --data data");
    assert!(table.contains("probability") && table.contains("107 more nodes"), "{table}");
    assert!(at.ok("predict --model out/run-0 --data data --out p.csv").contains("127 rows in p.csv"));
    assert_eq!(at.text("p.csv").lines().count(), NODES + 1);
    let written = at.lines("predict --model out/run-0 --data data --out p.csv --top 2 --json");
    assert_eq!((written.len(), &written[0]["kind"], &written[0]["rows"]), (1, &"written".into(), &254.into()));
}

#[test]
fn every_layer_trains_better_than_chance() {
    let at = Folder::new(&dataset());
    for layer in ["hgnn", "hgnn-plus", "conv", "attention"] {
        // Attention averages twice over each hyperedge, so that its signal grows slowly.
        let longer = if layer == "attention" { "--lr 0.05 --epochs 150" } else { "" };
        let lines = at.lines(&format!("{TRAIN} --layer {layer} {longer} --json"));
        let accuracy = lines.last().unwrap()["test_accuracy"]["mean"].as_f64().unwrap();
        assert!(accuracy > 0.55, "{layer}: {accuracy}, chance is 1/3");
    }
}

#[test]
fn the_confusion_matrix_of_the_last_run_is_a_table() {
    let at = Folder::new(&dataset());
    let text = at.ok(&format!("{TRAIN} --out out"));
    let row = text.lines().find(|l| l.contains("green") && l.contains('%')).unwrap_or_else(|| panic!("no row of green in\n{text}"));
    let cells: Vec<&str> = row.split_whitespace().filter(|c| c.chars().all(|c| c.is_ascii_digit() || c == '.')).collect();
    let test = &at.json("out/report.json")["runs"][0]["outcome"]["test"];
    let count = |p: u64| {
        let cell = test["confusion"]["cells"].as_array().unwrap().iter().find(|c| c[0] == 1 && c[1] == p);
        cell.map_or(0, |c| c[2].as_u64().unwrap()).to_string()
    };
    let f1 = format!("{:.1}", 100.0 * test["classes"][1]["f1"].as_f64().unwrap());
    assert_eq!(cells, [count(0), count(1), count(2), f1], "{text}");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let at = Folder::new(&dataset());
    let of = |layer: &str, threads| {
        let command = format!("{TRAIN} --layer {layer} --heads 2 --epochs 5 --log-every 1 --json --threads {threads}");
        at.lines(&command).into_iter().filter(|l| l["kind"] == "epoch").collect::<Vec<_>>()
    };
    for layer in ["hgnn", "attention"] {
        let one = of(layer, 1);
        assert_eq!(one.len(), 5);
        assert_eq!(one, of(layer, 2));
        assert_eq!(one, of(layer, 3));
    }
}

#[test]
fn a_file_of_options_and_flags_are_echoed() {
    let at = Folder::new(&dataset());
    at.write("o.toml", "layer = \"conv\"\nhidden = 9\nepochs = 2\nself-loops = \"off\"\n");
    let setup = at.lines("train node-classification --data data --config o.toml --hidden 11 --json").remove(0);
    let options = &setup["options"];
    assert_eq!((&options["layer"], &options["hidden"], &options["epochs"]), (&"conv".into(), &11.into(), &2.into()));
    assert_eq!(setup["hyperedges_with_self_loops"], setup["dataset"]["hyperedges"]);
    at.write("o.toml", "lr = 0.1\nlearning_rate = 1\n");
    let (code, message) = at.refused("train node-classification --data data --config o.toml");
    assert!(code == 2 && message.contains("learning_rate") && message.contains("o.toml"), "{message}");
}

#[test]
fn splits_come_from_a_file_or_the_seed() {
    let mut dataset = dataset();
    dataset.splits.clear();
    dataset.split_sets.clear();
    let at = Folder::new(&dataset);
    let setup = at.lines(&format!("{TRAIN} --epochs 1 --seed 4 --runs 2 --json")).remove(0);
    assert!(setup["splits"].as_str().unwrap().contains("seeds 4 to 5"), "{setup}");
    at.write("s.txt", &format!("{}\n", "0121".repeat(40).split_at(NODES).0));
    let run = at.lines(&format!("{TRAIN} --epochs 1 --splits s.txt --json")).remove(1);
    assert_eq!(run["outcome"]["train"]["nodes"], 32);
    let (_, message) = at.refused(&format!("{TRAIN} --splits s.txt --runs 2"));
    assert!(message.contains("1 splits"), "{message}");
    at.write("s.txt", "0120");
    let (code, message) = at.refused(&format!("{TRAIN} --splits s.txt"));
    assert!(code == 2 && message.contains("s.txt") && message.contains("127"), "{message}");
}

#[test]
fn drawn_splits_are_recorded_and_unnamed_ones_have_no_name() {
    let mut dataset = dataset();
    dataset.split_sets.clear();
    let at = Folder::new(&dataset);
    let setup = at.lines(&format!("{TRAIN} --epochs 1 --json")).remove(0);
    let source = setup["splits"].as_str().unwrap();
    assert!(source.contains("no name") && !source.contains("50_25_25"), "{source}");

    dataset.splits.clear();
    let at = Folder::new(&dataset);
    let epochs = |line: &str| at.lines(line).into_iter().filter(|l| l["kind"] == "epoch").collect::<Vec<_>>();
    let drawn = epochs(&format!("{TRAIN} --runs 2 --seed 9 --log-every 5 --out out --json"));
    let read = epochs(&format!("{TRAIN} --runs 2 --seed 9 --log-every 5 --splits out/splits.txt --out read --json"));
    assert_eq!((drawn.len(), at.text("out/splits.txt").lines().count()), (8, 2));
    assert_eq!(drawn, read);
    let digest = |path: &str| at.json(path)["setup"]["splits_digest"].as_str().unwrap().to_owned();
    assert_eq!(digest("out/report.json"), digest("read/report.json"));
    assert_ne!(epochs(&format!("{TRAIN} --runs 2 --seed 8 --log-every 5 --out other --json")), drawn);
    assert_ne!(digest("out/report.json"), digest("other/report.json"));
}

#[test]
fn an_empty_part_has_no_accuracy_and_the_last_epoch_is_tested() {
    let at = Folder::new(&dataset());
    at.write("s.txt", &format!("{}\n", "0-02".repeat(40).split_at(NODES).0));
    let lines = at.lines(&format!("{TRAIN} --splits s.txt --log-every 20 --out out --json"));
    let [epoch, run, summary] = [1, 2, 3].map(|i| &lines[i]);
    assert!(epoch["valid_accuracy"].is_null() && run["valid_accuracy"].is_null() && summary["valid_accuracy"].is_null(), "{lines:?}");
    assert!(run["outcome"]["valid"]["accuracy"].is_null() && run["outcome"]["valid"]["macro_f1"].is_null());
    assert!(summary["test_accuracy"]["mean"].as_f64().unwrap() > 0.0);
    assert_eq!((&run["best_epoch"], &run["epochs"]), (&20.into(), &20.into()));
    let text = at.ok(&format!("{TRAIN} --splits s.txt --log-every 20"));
    assert!(text.contains("valid –") || text.contains("valid        –"), "{text}");
    assert!(text.contains("the last epoch, 20 of 20"), "{text}");
}

#[test]
fn bad_input_is_named() {
    let mut dataset = dataset();
    let at = Folder::new(&dataset);
    assert!(at.refused(&format!("{TRAIN} --hidden 4000000000")).1.contains("--force"));
    assert!(at.refused(&format!("{TRAIN} --layers 4000000000")).1.contains("layers"));
    assert!(at.refused(&format!("{TRAIN} --dropout 1")).1.contains("dropout"));
    assert!(at.refused(&format!("{TRAIN} --lr 0")).1.contains("lr"));
    for precision in ["f64", "f8"] {
        let (code, message) = at.refused(&format!("{TRAIN} --precision {precision}"));
        assert!(code == 2 && message.contains("[possible values: f32, bf16, f16]"), "{message}");
    }
    assert!(at.refused(&format!("{TRAIN} --device tpu")).1.contains("tpu"));
    let (code, message) = at.refused(&format!("{TRAIN} --lr 1e38"));
    assert!(code == 1 && message.contains("epoch"), "{message}");
    assert!(at.refused("predict --model data --data data").1.contains("manifest.json"));
    at.ok(&format!("{TRAIN} --out out --epochs 1"));
    assert!(at.refused("predict --model out/run-0 --data data --nodes 127").1.contains("below 127"));
    let bytes = fs::read(at.at("out/run-0/model.safetensors")).unwrap();
    fs::write(at.at("out/run-0/model.safetensors"), &bytes[..100]).unwrap();
    let (code, message) = at.refused("predict --model out/run-0 --data data");
    assert!(code == 2 && message.contains("model.safetensors"), "{message}");

    dataset.labels = None;
    dataset.label_names.clear();
    io::write(&dataset, at.at("unlabelled")).unwrap();
    assert!(at.refused("train node-classification --data unlabelled").1.contains("labels"));
    let mut lone = self::dataset();
    lone.splits = vec![Split { train: vec![], valid: vec![1], test: vec![2] }];
    lone.split_sets.clear();
    io::write(&lone, at.at("lone")).unwrap();
    assert!(at.refused("train node-classification --data lone").1.contains("training nodes"));
}

#[test]
#[cfg(feature = "vulkan")]
fn a_precision_that_the_device_lacks_names_another() {
    let at = Folder::new(&dataset());
    let devices = at.lines("devices --json");
    let Some(vulkan) = devices.iter().find(|d| d["usable"] == true && d["device"].as_str().is_some_and(|d| d.starts_with("vulkan"))) else {
        eprintln!("SKIPPED a_precision_that_the_device_lacks_names_another: no Vulkan device");
        return;
    };
    if vulkan["capabilities"]["dtypes"].as_array().unwrap().iter().any(|t| t == "bf16") {
        eprintln!("SKIPPED a_precision_that_the_device_lacks_names_another: the Vulkan device has bf16");
        return;
    }
    at.run(&format!("{TRAIN} --precision bf16 --device vulkan")).fails(3, &["bf16", "f16", "help: "]);
    at.ok(&format!("{TRAIN} --precision bf16 --epochs 1 --out out"));
    at.run("predict --model out/run-0 --data data --device vulkan").fails(3, &["bf16", "f16"]);
}

#[test]
fn logs_say_what_the_training_does() {
    let at = Folder::new(&dataset());
    let err = |line: String| at.run(&line).err;
    let short = format!("{TRAIN} --epochs 2 --out out");
    assert_eq!(err(short.clone()), "");
    let info = err(format!("{short} -v"));
    assert!(info.contains("saved a checkpoint") && !info.contains("loss="), "{info}");
    let debug = err(format!("{short} -vv"));
    assert!(debug.contains("hypergraphql_models") && debug.contains("loss="), "{debug}");
    let filtered = crate::program::run(at.command(&short).env("HGQL_LOG", "hypergraphql_models=debug")).err;
    assert!(filtered.contains("loss="), "{filtered}");
    let quiet = at.run(&format!("{TRAIN} --lr 0 -qq"));
    assert!(quiet.code == Some(2) && quiet.err.contains("lr"), "an error is printed even with -qq: {}", quiet.err);
}
