//! `hgql bench kernels` and `hgql bench compare`. Nothing here depends on how long a case took.

use std::fs;

use crate::data::write_small;
use crate::program::{hgql, lines};

/// Small sizes of every kind of case.
const SMALL: [&str; 9] = ["bench", "kernels", "--preset", "smoke", "--no-verify", "--tokens", "40", "--rows", "3000"];

#[test]
fn the_smoke_preset_times_every_case_and_writes_the_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("out");
    let out = dir.to_str().expect("UTF-8");
    let found = lines(&hgql(SMALL.into_iter().chain(["--json", "--out", out])).ok());
    let case = |name: &str| found.iter().find(|line| line["case"] == name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(found.len(), 40);
    for line in &found {
        let number = |key: &str| line[key].as_f64().unwrap_or_else(|| panic!("no {key} in {line}"));
        assert!(
            number("min") > 0.0 && number("min") <= number("q1") && number("q1") <= number("ms") && number("ms") <= number("q3"),
            "{line}"
        );
    }
    assert_eq!((&case("spmm")["n"], &case("spmm")["d"], &case("spmm")["dtype"]), (&2000.into(), &16.into(), &"f32".into()));
    assert!(case("spmm")["percent_of_copy"].is_number() && case("spmm")["percent_of_gather"].is_number());
    assert!(case("flash_fwd")["tokens"] == 40 && case("flash_fwd")["percent_of_matmul"].is_number());
    assert!(case("knn")["rows"] == 20 && case("int8_matmul")["percent_of_matmul"].is_number());
    assert!(case("sort")["rows"] == 3000 && case("sort")["million_rows_per_s"].is_number());

    let document: serde_json::Value = serde_json::from_slice(&fs::read(dir.join("bench.json")).expect("bench.json")).expect("JSON");
    assert_eq!(document["records"].as_array().map(Vec::len), Some(found.len()));
    assert_eq!(document["machine"][0]["device"], "cpu");
    let markdown = fs::read_to_string(dir.join("bench.md")).expect("bench.md");
    assert!(markdown.contains("| flash_fwd |") && markdown.contains("% of copy"), "{markdown}");
    let svg = fs::read_to_string(dir.join("roofline.svg")).expect("roofline.svg");
    assert!(svg.contains("operations per byte") && svg.contains("conv_fwd"));

    let same = dir.join("bench.json");
    let compared = hgql(["bench", "compare", same.to_str().expect("UTF-8"), same.to_str().expect("UTF-8"), "--json"]).ok();
    let compared = lines(&compared);
    assert_eq!(compared.len(), found.len());
    assert!(compared.iter().all(|line| line["verdict"] == "same" && line["ratio"] == 1.0));
}

#[test]
fn a_data_set_gives_the_hypergraph() {
    let folder = tempfile::tempdir().expect("a folder");
    write_small(folder.path());
    let data = folder.path().to_str().expect("UTF-8");
    let found = lines(&hgql(["bench", "kernels", "--no-verify", "--case", "spmm", "--reps", "1", "--json", "--data", data]).ok());
    assert_eq!((&found[0]["n"], &found[0]["m"], &found[0]["d"]), (&7.into(), &5.into(), &64.into()));
    assert!(found[0]["data"].is_string());
}

#[test]
fn slower_cases_fail_a_comparison() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, ms: f64| {
        let path = folder.path().join(name);
        let line = format!(
            "{{\"kind\":\"bench\",\"case\":\"scan\",\"rows\":5,\"dtype\":\"u32\",\"device\":\"cpu\",\"ms\":{ms},\"min\":{ms},\"q1\":{ms},\"q3\":{ms}}}\n"
        );
        fs::write(&path, line).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    };
    let (fast, slow) = (write("fast", 1.0), write("slow", 1.2));
    let run = hgql(["bench", "compare", &fast, &slow]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert!(run.out.contains("slower") && run.err.contains("1 of 1 cases are slower"), "{} {}", run.out, run.err);
    assert!(hgql(["bench", "compare", &slow, &fast]).ok().contains("faster"));
    assert!(hgql(["bench", "compare", &fast, &slow, "--threshold", "30"]).ok().contains("1 cases in both"));
}

#[test]
fn bad_input_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    };
    let compare = |a: &str, b: &str| hgql(["bench", "compare", a, b]);
    compare("/no/such", "/no/such").fails(2, &["/no/such"]);
    let (text, empty) = (write("text", "not JSON\n"), write("empty", ""));
    compare(&text, &text).fails(2, &["text:1", "--json"]);
    compare(&empty, &empty).fails(2, &["holds no measured case"]);
    let newer = write("newer", "{\"version\":9,\"program\":\"\",\"machine\":[],\"records\":[]}");
    compare(&newer, &newer).fails(2, &["format version 9, expected 1"]);
    let line = |case: &str, ms: &str| {
        format!("{{\"kind\":\"bench\",\"case\":\"{case}\",\"dtype\":\"u32\",\"device\":\"cpu\",\"ms\":{ms},\"min\":1,\"q1\":1,\"q3\":1}}")
    };
    compare(&write("a", &line("a", "1")), &write("b", &line("b", "1"))).fails(2, &["no case", "in common"]);
    compare(&write("zero", &line("a", "0")), &write("c", &line("a", "1"))).fails(2, &["a has no positive time"]);
    hgql(["bench", "kernels", "--d", "8"]).fails(2, &["--d needs --n or --data"]);
    hgql(["bench", "kernels", "--head-width", "7"]).fails(2, &["--head-width 7 is odd"]);
    hgql(["bench", "kernels", "--n", "10", "--d", "10", "--heads", "3"]).fails(2, &["--heads 3 does not divide the 10 features"]);
    hgql(["bench", "kernels", "--data", "/no/such"]).fails(2, &["/no/such"]);
}
