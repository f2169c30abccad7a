//! `hgql verify kernels`.

use crate::program::{hgql, lines};

#[test]
fn one_op_is_verified_on_the_cpu_in_several_types() {
    let arguments = ["verify", "kernels", "--dtype", "f64,bf16", "--filter", "gather/"];
    let found = lines(&hgql(arguments.into_iter().chain(["--json"])).ok());
    let cases = found.iter().filter(|line| line["kind"] == "case").count();
    assert!(found.iter().all(|line| line["kind"] != "case" || (line["op"] == "gather" && line["passed"] == true)));
    let summaries: Vec<_> = found.iter().filter(|line| line["kind"] == "summary").collect();
    assert_eq!(summaries.iter().map(|line| line["dtype"].as_str().expect("a type")).collect::<Vec<_>>(), ["f64", "bf16"]);
    assert_eq!(summaries.iter().map(|line| line["passed"].as_u64().expect("a count")).sum::<u64>(), cases as u64);
    assert!(cases >= 4, "only {cases} cases ran");
    assert_eq!(found.last().expect("a line")["kind"], "summary");

    let table = hgql(arguments).ok();
    assert_eq!(table.lines().last(), Some(format!("{cases} passed, 0 failed, 0 skipped").as_str()));
}

#[test]
fn a_filter_that_matches_nothing_and_an_unknown_type_are_usage_errors() {
    let run = hgql(["verify", "kernels", "--filter", "no such op"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("no such op") && run.err.contains("hypergraph_attention"), "{}", run.err);
    hgql(["verify", "kernels", "--dtype", "f8"]).fails(2, &["f8", "f64, f32, f16 or bf16"]);
}
