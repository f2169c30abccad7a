//! Pairs on the command line: trained, resumed to the same report, found, on statements and on a knowledge base; and what is refused.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::fs;

use serde_json::Value;

use crate::training::{Folder, dataset};

const OPTIONS: &str = "--hidden 16 --heads 2 --relation-width 4 --batch-size 16 --eval-negatives 10 --evaluate-every 2 --lr 0.02";

/// Twenty cities in two countries; near ones of a country are joined by rail, others of it by air.
fn folder() -> Folder {
    let at = Folder::new(&dataset());
    let (mut links, mut triples) = (Vec::new(), String::new());
    for city in 0..20 {
        for step in [2, 4, 6] {
            let (by, other) = (if step == 2 { "rail" } else { "air" }, (city + step) % 20);
            links.push(format!("c{city},{by},c{other}\n"));
            triples.push_str(&format!("<http://ex.org/c{city}> <http://ex.org/{by}> <http://ex.org/c{other}> .\n"));
        }
    }
    fs::create_dir(at.at("links")).unwrap();
    let part = |from: usize, step: usize| links.iter().skip(from).step_by(step).cloned().collect::<String>();
    at.write("links/train.txt", &(part(0, 4) + &part(1, 4) + &part(2, 4)));
    at.write("links/valid.txt", &part(3, 8));
    at.write("links/test.txt", &part(7, 8));
    at.write("cities.nt", &triples);
    at
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap_or_else(|| panic!("{key} of {row}"))
}

#[test]
fn a_training_reports_resumes_and_finds_missing_pairs() {
    let at = folder();
    let train = format!("train pairs --data links {OPTIONS}");
    let lines = at.lines(&format!("{train} --epochs 6 --out straight --json"));
    assert_eq!(lines[0]["pairs"], serde_json::json!([45, 8, 7]));
    assert_eq!((lines[0]["nodes"].as_u64(), &lines[0]["types"]), (Some(20), &serde_json::json!(["air", "rail"])));
    let result = lines.last().unwrap();
    assert_eq!((result["test"]["pairs"].as_u64(), result["epochs"].as_u64()), (Some(7), Some(6)));
    let auc = result["test"]["auc"].as_f64().unwrap();
    assert!(auc > 0.0 && auc <= 1.0, "{auc}");
    let counted: u64 = result["test"]["confusion"]["cells"].as_array().unwrap().iter().map(|cell| cell[2].as_u64().unwrap()).sum();
    assert_eq!(counted, 7);

    at.ok(&format!("{train} --epochs 2 --patience 9 --out half"));
    at.ok("train pairs --data links --resume half --epochs 2");
    let short = at.json("half/report.json");
    assert_eq!(short["epochs"], 2);
    // The learning rates of a cosine depend on all epochs: constant ones can go on to more.
    at.ok(&format!("{train} --schedule constant --epochs 6 --out whole"));
    at.ok(&format!("{train} --schedule constant --epochs 2 --out part"));
    assert!(at.ok("train pairs --data links --resume part --epochs 6").contains("true \\ predicted"));
    let [whole, part] = ["whole", "part"].map(|folder| at.json(&format!("{folder}/report.json")));
    assert_eq!((&whole["curve"], &whole["test"], &whole["valid"]), (&part["curve"], &part["test"], &part["valid"]));

    let known: Vec<String> = ["train", "valid", "test"]
        .iter()
        .flat_map(|part| at.text(&format!("links/{part}.txt")).lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let is_known = |a: &str, b: &str| {
        known.iter().any(|line| {
            let ends: Vec<&str> = line.split(',').collect();
            [(ends[0], ends[2]), (ends[2], ends[0])].contains(&(a, b))
        })
    };
    let rows = at.lines("predict pairs --model straight --top 12 --json");
    assert_eq!(rows.iter().map(|row| row["rank"].as_u64().unwrap()).collect::<Vec<_>>(), (1..=12).collect::<Vec<_>>());
    assert!(rows.windows(2).all(|pair| pair[0]["score"].as_f64() >= pair[1]["score"].as_f64()));
    for row in &rows {
        assert!(!is_known(text(row, "source"), text(row, "target")) && row["known"] == false, "{row}");
        assert!(["rail", "air"].contains(&text(row, "type")));
    }
    let of = at.lines("predict pairs --model straight --of c3 --top 99 --lists 1 --verify-candidates --json");
    let (verification, of) = of.split_last().unwrap();
    assert_eq!((text(verification, "kind"), verification["top_recall"].as_f64()), ("verification", Some(1.0)));
    // Of 19 other cities six are joined with it.
    assert_eq!(of.len(), 13);
    assert!(of.iter().all(|row| text(row, "source") == "c3" || text(row, "target") == "c3"));
    let one = at.lines("predict pairs --model straight --of c3 --to c5 --json");
    assert_eq!((one.len(), &one[0]["known"]), (1, &Value::Bool(true)));
    assert!(at.ok("predict pairs --model straight --verify-candidates 5").contains("are among its candidates"));
}

#[test]
fn a_knowledge_base_has_directed_pairs_of_its_statements() {
    let at = folder();
    at.ok("load cities.nt -o cities.hgql");
    let lines = at.lines(&format!("train pairs --data cities.hgql --directed {OPTIONS} --epochs 2 --out model --json"));
    assert_eq!(lines[0]["pairs"], serde_json::json!([48, 6, 6]));
    assert_eq!(lines[0]["types"], serde_json::json!(["http://ex.org/air", "http://ex.org/rail"]));
    let rows = at.lines("predict pairs --model model --to http://ex.org/c4 --top 3 --json");
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| text(row, "target") == "http://ex.org/c4" && row["known"] == false));
    let known = at.lines("predict pairs --model model --of http://ex.org/c4 --to http://ex.org/c6 --json");
    let turned = at.lines("predict pairs --model model --of http://ex.org/c6 --to http://ex.org/c4 --json");
    assert_eq!((&known[0]["known"], &turned[0]["known"]), (&Value::Bool(true), &Value::Bool(false)));
    // Any data set: members of a hyperedge are joined, here by no named relation.
    let data = at.lines(&format!("train pairs --data data {OPTIONS} --epochs 1 --json"));
    assert_eq!((&data[0]["types"], &data.last().unwrap()["test"]["type_accuracy"]), (&serde_json::json!([]), &Value::Null));
}

#[test]
fn what_does_not_fit_is_refused() {
    let at = folder();
    at.ok(&format!("train pairs --data links {OPTIONS} --epochs 1 --out model"));
    fs::create_dir(at.at("broken")).unwrap();
    for part in ["train", "valid", "test"] {
        at.write(&format!("broken/{part}.txt"), "a,r,b\na,r\n");
    }
    for (command, words) in [
        ("train pairs --data nowhere", "nowhere"),
        ("train pairs --data broken", "train.txt:2|2 fields"),
        ("train pairs --data links --hyperedges triples", "links is no knowledge base"),
        ("train pairs --data data --directed", "hyperedge of directed pairs|--hyperedges triples"),
        ("train pairs --data links --resume model --lr 0.1", "--resume|--lr"),
        ("train pairs --data data --resume model", "expected the data it was trained on|20 nodes"),
        ("train pairs --data links --heads 3", "heads is 3|128"),
        ("train pairs --data links --types 1", "types is 1|at least 2"),
        ("train pairs --data links --split 0.5,0.2", "--split|0.8,0.1,0.1"),
        ("train pairs --data links --split 0.5,0.2,0.1", "split|add up to 1"),
        ("train pairs --data links --split 0,0.5,0.5", "pairs to learn from is none"),
        ("train pairs --data links --precision f16", "precision is f16|bf16"),
        ("predict pairs --model links", "pairs.safetensors|cannot read"),
        ("predict pairs --model model --of c33", "node \"c33\"|c3"),
        ("predict pairs --model model --to c3", "no direction|--of"),
        ("predict pairs --model model --of c3 --to c3", "expected two nodes"),
        ("predict pairs --model model --of c3 --to c4 --verify-candidates", "--verify-candidates|without a search"),
        ("predict pairs --model model --candidates 0", "candidates is 0"),
        ("predict pairs --model model --lists 99", "lists is 99|20"),
    ] {
        let (code, message) = at.refused(command);
        assert!(code == 2 && words.split('|').all(|word| message.contains(word)), "{command}: {code} {message}");
    }
}
