//! The layers of ARCHITECTURE.md, asserted: which crate may use which, and that every source folder says what it is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Crates of the workspace, and the ones that each may use.
const EDGES: [(&str, &[&str]); 8] = [
    ("hypergraphql-framework", &[]),
    ("hypergraphql-kernels", &[]),
    ("hypergraphql-ops", &["hypergraphql-framework", "hypergraphql-kernels"]),
    ("hypergraphql-models", &["hypergraphql-framework", "hypergraphql-ops"]),
    ("hypergraphql-query", &["hypergraphql-framework"]),
    (
        "hypergraphql-runtime",
        &["hypergraphql-framework", "hypergraphql-kernels", "hypergraphql-ops", "hypergraphql-models", "hypergraphql-query"],
    ),
    (
        "hypergraphql",
        &[
            "hypergraphql-framework",
            "hypergraphql-kernels",
            "hypergraphql-ops",
            "hypergraphql-models",
            "hypergraphql-query",
            "hypergraphql-runtime",
        ],
    ),
    ("xtask", &[]),
];

/// Third-party crates that only some of ours may use; a name that ends in `-` stands for all names that begin so.
const CONFINED: [(&str, &[&str]); 6] = [
    ("cubecl", &["hypergraphql-kernels", "xtask"]),
    ("cubecl-", &["hypergraphql-kernels", "xtask"]),
    ("burn-", &["hypergraphql-ops"]),
    ("burn", &["hypergraphql-ops", "hypergraphql-models", "hypergraphql"]),
    ("tokio", &["hypergraphql-runtime"]),
    ("axum", &["hypergraphql-runtime"]),
];

fn metadata() -> Metadata {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).no_deps().other_options(["--offline".to_owned()]).exec().expect("cargo metadata")
}

/// Names of the dependencies that ship; dev-dependencies only test.
fn dependencies(package: &Package) -> BTreeSet<&str> {
    package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development).map(|d| d.name.as_str()).collect()
}

#[test]
fn crates_use_only_the_crates_below_them() {
    let metadata = metadata();
    let packages = metadata.workspace_packages();
    let ours: BTreeSet<&str> = packages.iter().map(|p| p.name.as_str()).collect();
    assert!(ours.len() >= 7, "the workspace has only {ours:?}");
    for package in &packages {
        let rule = EDGES.iter().find(|(name, _)| *name == package.name.as_str());
        let Some((_, allowed)) = rule else { panic!("{} has no line in EDGES: give it one, and one in ARCHITECTURE.md", package.name) };
        for used in dependencies(package).intersection(&ours) {
            assert!(allowed.contains(used), "{} uses {used}, allowed are {allowed:?}", package.name);
        }
    }
}

#[test]
fn heavy_dependencies_stay_where_they_belong() {
    let metadata = metadata();
    let mut seen = 0;
    for package in metadata.workspace_packages() {
        for used in dependencies(package) {
            for (name, allowed) in CONFINED {
                let matches = used == name || (name.ends_with('-') && used.starts_with(name));
                seen += usize::from(matches);
                assert!(!matches || allowed.contains(&package.name.as_str()), "{} uses {used}, which only {allowed:?} may", package.name);
            }
        }
    }
    assert!(seen > 0, "no crate uses burn or cubecl: the test looks at the wrong names");
}

#[test]
fn versions_stand_in_the_root_manifest_only() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let text = std::fs::read_to_string(&package.manifest_path).expect("a manifest");
        // The root manifest is the place where they stand.
        let text =
            if package.name.as_str() == "hypergraphql" { text.split("\n[package]").nth(1).expect("a package").to_owned() } else { text };
        let sections: Vec<&str> = text.split("\n[").collect();
        let named = |section: &str| section.split(']').next().unwrap_or_default().to_owned();
        let table = sections.iter().map(|section| named(section)).find(|name| name.contains("dependencies."));
        assert_eq!(table, None, "{}: write it as a line `name = {{ workspace = true, … }}`", package.manifest_path);
        for section in sections.iter().filter(|section| named(section).ends_with("dependencies")) {
            for line in section.lines().skip(1).filter(|line| line.contains('=') && !line.starts_with('#')) {
                assert!(line.contains("workspace = true"), "{}: `{line}` must take its version from the workspace", package.manifest_path);
            }
        }
    }
}

#[test]
fn every_source_folder_says_what_it_is() {
    let metadata = metadata();
    let mut seen = 0;
    for package in metadata.workspace_packages() {
        let root = PathBuf::from(package.manifest_path.parent().expect("a folder").as_str());
        seen += check_folder(&root.join("src"));
    }
    assert!(seen > 10, "only {seen} source folders were found");
}

/// Checks a folder and those in it; returns how many there were.
fn check_folder(folder: &Path) -> usize {
    let files: Vec<PathBuf> = std::fs::read_dir(folder).expect("a source folder").map(|entry| entry.expect("an entry").path()).collect();
    let named = ["lib.rs", "mod.rs", "main.rs"].map(|name| folder.join(name));
    // `name/` beside `name.rs` is described there.
    let heads: Vec<PathBuf> = named.into_iter().chain([folder.with_extension("rs")]).filter(|path| path.is_file()).collect();
    assert!(!heads.is_empty(), "{} has none of lib.rs, main.rs, mod.rs", folder.display());
    for head in heads {
        let text = std::fs::read_to_string(&head).expect("a source file");
        let first = text.lines().next().unwrap_or_default();
        assert!(first.strip_prefix("//! ").is_some_and(|says| says.len() > 15), "{} must begin with `//!` and what it is", head.display());
    }
    1 + files.iter().filter(|path| path.is_dir()).map(|path| check_folder(path)).sum::<usize>()
}
