//! Checks that run no test: format, lints, the other back ends, spelling, dependencies.

use std::process::Command;

use crate::steps::{Steps, cargo, run, succeeds, suite};
use crate::tests::target_folder;

/// rustfmt on every file.
pub(crate) fn format(steps: &mut Steps) {
    steps.step("format", |_| run(&mut cargo(&["fmt", "--all", "--check"])));
}

/// clippy on every target and rustdoc on the documentation, warnings denied.
pub(crate) fn lints(steps: &mut Steps) {
    steps.step("clippy", |_| run(&mut suite(&["clippy"], &["--all-targets", "--", "-D", "warnings"])));
    steps.step("rustdoc", |_| run(suite(&["doc"], &["--no-deps"]).env("RUSTDOCFLAGS", "-D warnings")));
}

/// The builds for other sets of features, each of which compiles Burn again: the library alone, CUDA and Metal. CUDA is also linked and
/// started: without a driver it must say so.
pub(crate) fn other_builds(steps: &mut Steps) {
    let check = |features: &[&'static str]| [&["check", "--locked", "-p", "hypergraphql"], features].concat();
    steps.step("check the library for the CPU alone", |_| run(&mut cargo(&check(&["--no-default-features", "--features", "cpu"]))));
    steps.step("check --features metal", |_| run(&mut cargo(&check(&["--features", "metal"]))));
    steps.step("build and start --features cuda,fusion", |_| {
        run(&mut cargo(&["build", "--locked", "-p", "hypergraphql", "--bin", "hgql", "--features", "cuda,fusion"]))?;
        run(Command::new(target_folder()?.join("debug/hgql")).args(["devices"]))
    });
}

/// typos, where it is installed.
pub(crate) fn spelling(steps: &mut Steps) {
    if !succeeds(Command::new("typos").arg("--version")) {
        return steps.skip("typos", "not installed (cargo install typos-cli)");
    }
    steps.step("typos", |_| run(&mut Command::new("typos")));
}

/// cargo-deny, where it is installed; without the advisories, which need the network.
pub(crate) fn dependencies(steps: &mut Steps) {
    if !succeeds(&mut cargo(&["deny", "--version"])) {
        return steps.skip("cargo-deny", "not installed (cargo install cargo-deny)");
    }
    steps.step("cargo-deny", |_| run(&mut cargo(&["deny", "--workspace", "check", "bans", "licenses", "sources"])));
}
