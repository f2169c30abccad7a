//! `hgql tune kernels` and what `--kernels` takes.

use std::fs;
use std::path::Path;

use crate::program::{Run, command, hgql, lines, run};

fn tune(cache: &Path, flags: &[&str]) -> Run {
    run(command().env("HGQL_CACHE", cache).args(["tune", "kernels", "--quick", "--reps", "1"]).args(flags))
}

#[test]
fn measurements_are_kept_and_those_of_another_version_are_not_used() {
    let cache = tempfile::tempdir().unwrap();
    let measured = lines(&tune(cache.path(), &["--json", "--dry-run"]).ok());
    for op in ["attention", "graph_conv", "hyperedge"] {
        assert!(measured.iter().any(|l| l["op"] == op), "{op}: {measured:?}");
    }
    for line in &measured {
        let times = line["milliseconds"].as_object().unwrap();
        let fastest = times.iter().min_by(|a, b| a.1.as_f64().unwrap().total_cmp(&b.1.as_f64().unwrap())).unwrap();
        assert_eq!(line["fastest"], **fastest.0, "{line}");
    }
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0, "a dry run wrote something");

    assert!(tune(cache.path(), &[]).ok().contains("written to"));
    let folder = cache.path().join("hypergraphql").join("tuning");
    let file = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("[[attention]]") && text.contains("[for]"), "{text}");

    let verify = || run(command().env("HGQL_CACHE", cache.path()).args(["verify", "kernels", "--filter", "swiglu/"]));
    verify().ok();
    fs::write(&file, text.replace("version = \"", "version = \"0.0.0-")).unwrap();
    let stale = verify();
    assert_eq!(stale.code, Some(0));
    assert!(stale.err.contains("holds for") && stale.err.contains("hgql tune kernels"), "{}", stale.err);
    fs::write(&file, "attention = 3").unwrap();
    assert!(verify().err.contains("writes the file anew"));
}

#[test]
fn choices_of_kernels_that_are_not_legal_list_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kernels.toml");
    let verify = |choice: &str| hgql(["verify", "kernels", "--filter", "swiglu/", "--kernels", choice]);
    verify("attention=fast").fails(2, &["expected flash, reference, auto"]);
    verify("graph_conv=coo").fails(2, &["expected csr, bsr, auto"]);
    verify("conv=fused").fails(2, &["hyperedge = two-pass, fused, auto"]);
    verify("relation=tensor-core").fails(3, &["relation = tensor-core is not possible", "there it is simple, auto"]);
    verify("/nowhere/kernels.toml").fails(2, &["/nowhere/kernels.toml"]);
    fs::write(&file, "hyperedge = \"both\"").unwrap();
    verify(file.to_str().unwrap()).fails(2, &["expected two-pass, fused, auto"]);
    fs::write(&file, "hyperedge = \"fused\"").unwrap();
    for choice in ["attention=reference,graph_conv=bsr,hyperedge=two-pass", file.to_str().unwrap()] {
        verify(choice).ok();
    }
}
