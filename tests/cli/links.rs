//! Link prediction on the command line: it trains, resumes to the same report, answers, and refuses what does not fit.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::fs;

use crate::training::{Folder, dataset};

pub(crate) const TRAIN: &str =
    "train link-prediction --data links --hidden 16 --heads 2 --feed-forward 24 --batch-size 16 --evaluate-every 2 --lr 0.01";

/// City i is north of city i + 1, and in the year 0 or 1 also of city i + 2.
pub(crate) fn folder() -> Folder {
    let at = Folder::new(&dataset());
    let mut train = String::new();
    for city in 0..10 {
        let [near, far] = [(city + 1) % 10, (city + 2) % 10];
        train.push_str(&format!("c{city},north,c{near}\nc{city},north,c{far},year,y{}\n", city % 2));
    }
    fs::create_dir(at.at("links")).unwrap();
    fs::write(at.at("links/train.txt"), &train).unwrap();
    fs::write(at.at("links/valid.txt"), train.lines().take(4).map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    fs::write(at.at("links/test.txt"), "c0,north,c1\n\"c3\",north,c5,year,y1\n").unwrap();
    at
}

#[test]
fn a_training_reports_resumes_and_answers() {
    let at = folder();
    let lines = at.lines(&format!("{TRAIN} --epochs 6 --out straight --json"));
    assert_eq!(lines[0]["statements"], serde_json::json!([20, 4, 2]));
    assert_eq!((lines[0]["entities"].as_u64(), lines[0]["relations"].as_u64()), (Some(12), Some(2)));
    let result = lines.last().unwrap();
    assert_eq!((result["test"]["count"].as_u64(), result["epochs"].as_u64()), (Some(4), Some(6)));
    let mrr = result["test"]["mrr"].as_f64().unwrap();
    assert!(mrr > 0.0 && mrr <= 1.0, "{mrr}");

    at.ok(&format!("{TRAIN} --epochs 2 --out half"));
    at.ok("train link-prediction --data links --resume half --epochs 6");
    let [straight, half] = ["straight", "half"].map(|folder| at.json(&format!("{folder}/report.json")));
    assert_eq!((&straight["curve"], &straight["test"]), (&half["curve"], &half["test"]));

    let rows = at.lines("predict link --model half --subject c3 --relation north --qualifier year=y1 --top 3 --json");
    assert_eq!(rows.iter().map(|row| row["rank"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    let probability = |row: &serde_json::Value| row["probability"].as_f64().unwrap();
    assert!(rows.windows(2).all(|pair| probability(&pair[0]) >= probability(&pair[1])));
    let all = at.lines("predict link --model half --object c5 --relation north --qualifier year=y1 --top 99 --json");
    assert!((all.iter().map(probability).sum::<f64>() - 1.0).abs() < 1e-6);
    let known: Vec<&str> = all.iter().filter(|row| row["known"] == true).map(|row| row["entity"].as_str().unwrap()).collect();
    assert_eq!(known, ["c3"]);
    let new = at.lines("predict link --model half --object c5 --relation north --qualifier year=y1 --top 99 --new --json");
    assert_eq!(new.len(), all.len() - 1);
    assert!(at.ok("predict link --model half --subject c3 --relation north").contains("probability"));
}

#[test]
fn what_does_not_fit_is_refused() {
    let at = folder();
    at.ok(&format!("{TRAIN} --epochs 1 --out model"));
    fs::create_dir(at.at("broken")).unwrap();
    for part in ["train", "valid", "test"] {
        fs::write(at.at(&format!("broken/{part}.txt")), "a,r,b\na,r\n").unwrap();
    }
    for (command, words) in [
        ("train link-prediction --data nowhere", ["nowhere/train.txt", "cannot read"]),
        ("train link-prediction --data broken", ["train.txt:2", "2 fields"]),
        ("train link-prediction --data links --resume model --lr 0.1", ["--resume", "--lr"]),
        ("train link-prediction --data links --heads 3", ["heads is 3", "200"]),
        ("train link-prediction --data links --precision f16", ["precision is f16", "bf16"]),
        ("predict link --model model --subject c3 --relation south", ["relation \"south\"", "north"]),
        ("predict link --model model --subject c33 --relation north", ["entity \"c33\"", "c3"]),
        ("predict link --model model --subject c3 --object c4 --relation north", ["--subject", "--object"]),
        ("predict link --model model --relation north", ["--subject", "required"]),
        ("predict link --model model --subject c3 --relation north --qualifier year", ["--qualifier", "RELATION=ENTITY"]),
        ("predict link --model data --subject c3 --relation north", ["link.safetensors", "cannot read"]),
        ("predict", ["--model", "--data"]),
    ] {
        let (code, message) = at.refused(command);
        assert!(code == 2 && words.iter().all(|word| message.contains(word)), "{command}: {code} {message}");
    }
}
