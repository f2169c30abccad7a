//! Checks that run no test: format, lints, the other back ends, spelling, dependencies.

use std::process::Command;

use crate::steps::{FEATURES, Steps, cargo, run, succeeds};

/// rustfmt on every file.
pub(crate) fn format(steps: &mut Steps) {
    steps.step("format", |_| run(&mut cargo(&["fmt", "--all", "--check"])));
}

/// clippy on every target, warnings denied; rustdoc's lints on the documentation.
pub(crate) fn lints(steps: &mut Steps) {
    let clippy = ["clippy", "--workspace", "--all-targets", "--features", FEATURES, "--", "-D", "warnings"];
    steps.step("clippy", |_| run(&mut cargo(&clippy)));
}

/// The builds for devices that this machine need not have: no driver is needed to build them.
pub(crate) fn other_backends(steps: &mut Steps) {
    for features in ["cuda,fusion", "metal"] {
        steps.step(&format!("check --features {features}"), |_| run(&mut cargo(&["check", "--workspace", "--features", features])));
    }
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
