//! Checks that run no test: format, lints, the other back ends, spelling, dependencies.

use std::process::Command;

use crate::steps::{Steps, cargo, run, succeeds, suite};
use crate::tests::target_folder;

/// rustfmt on every file.
pub(crate) fn format(steps: &mut Steps) {
    steps.step("format", |_| run(&mut cargo(&["fmt", "--all", "--check"])));
}

/// clippy on every target and rustdoc on the documentation. Warnings are denied by the Rust that the project names: later ones have lints
/// that its code, and what Burn's macros write into it, has not met.
pub(crate) fn lints(steps: &mut Steps) {
    let denied = match later_rust() {
        None => &["-D", "warnings"][..],
        Some(version) => {
            steps.skip("warnings as errors", &format!("this is Rust {version}, and the project is linted with {LINTED_WITH}"));
            &[]
        }
    };
    steps.step("clippy", |_| run(&mut suite(&["clippy"], &[&["--all-targets", "--"], denied].concat())));
    steps.step("rustdoc", |_| run(suite(&["doc"], &["--no-deps"]).env("RUSTDOCFLAGS", denied.join(" "))));
}

/// The `rust-version` of the workspace.
const LINTED_WITH: &str = env!("CARGO_PKG_RUST_VERSION");

/// The version of the running compiler, if it is later than that of the workspace.
fn later_rust() -> Option<String> {
    let output = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let version = text.split_whitespace().nth(1)?.to_owned();
    (major_minor(&version)? > major_minor(LINTED_WITH)?).then_some(version)
}

fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split(['.', '-']).map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(major_minor("1.100.0-nightly") > major_minor("1.95"));
        assert_eq!(major_minor("1.95.2"), Some((1, 95)));
        assert!(major_minor(LINTED_WITH).is_some());
        assert_eq!(major_minor("unknown"), None);
    }
}
