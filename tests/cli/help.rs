//! Help, version and completions.

use std::io::Read;
use std::process::Stdio;

use crate::program::{command, hgql};

/// Names of the subcommands in a help text, so that a new one is covered.
fn subcommands(help: &str) -> Vec<String> {
    let listed = help.split("Commands:\n").nth(1).unwrap_or_default().split("\n\n").next().unwrap_or_default();
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

/// Checks the help of the command at `path` and of the commands below it.
fn teaches(path: &[String]) {
    let shown = format!("hgql {}", path.join(" "));
    let help = hgql(path.iter().cloned().chain(["--help".to_owned()])).ok();
    assert!(help.contains("--json"), "{help}");
    let below = subcommands(&help);
    for name in &below {
        teaches(&[path, std::slice::from_ref(name)].concat());
    }
    if below.is_empty() {
        let examples = help.split("Examples:\n").nth(1).unwrap_or_else(|| panic!("{shown} --help has no examples:\n{help}"));
        assert!(examples.contains(&shown), "the examples of {shown} do not show it:\n{help}");
    }
}

#[test]
fn every_command_teaches() {
    let names = subcommands(&hgql(["--help"]).ok());
    for name in [
        "load",
        "query",
        "update",
        "infer",
        "shell",
        "export",
        "stats",
        "check",
        "backup",
        "restore",
        "info",
        "convert",
        "verify",
        "train",
        "predict",
        "import",
        "devices",
        "completions",
    ] {
        assert!(names.iter().any(|n| n == name), "{name} is not in {names:?}");
    }
    teaches(&[]);
}

#[test]
fn top_help_names_the_exit_codes_and_shows_the_main_job() {
    let help = hgql(["--help"]).ok();
    for text in ["hgql train node-classification --data", "hgql predict --model"] {
        assert!(help.contains(text), "{text:?} is not in:\n{help}");
    }
    for text in ["Exit codes: 0 done, 1 failed, 2 bad usage", "3 device not usable", "130 interrupted"] {
        assert!(help.contains(text), "{text:?} is not in:\n{help}");
    }
}

#[test]
fn version_is_that_of_the_package() {
    assert_eq!(hgql(["--version"]).ok(), format!("hgql {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn nothing_and_nonsense_are_usage_errors() {
    assert_eq!(hgql::<&str>([]).code, Some(2));
    hgql(["frobnicate"]).fails(2, &["frobnicate"]);
    hgql(["info"]).fails(2, &["<DATA>"]);
    hgql(["-v", "-q", "devices"]).fails(2, &["--verbose", "--quiet"]);
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = hgql(["completions", shell]).ok();
        for word in ["convert", "devices", "json"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        // The other shells' scripts offer no values of flags.
        for word in ["hgnn-plus", "bf16", "cosine"] {
            assert!(script.contains(word) || ["elvish", "powershell"].contains(&shell), "{shell}: {word}");
        }
    }
    hgql(["completions", "tcsh"]).fails(2, &["bash", "zsh", "fish"]);
}

#[test]
#[cfg(unix)]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = command().args(["completions", "zsh"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("hgql starts");
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().expect("stderr").read_to_string(&mut err).expect("UTF-8");
    assert_eq!((child.wait().expect("an end").code(), err.as_str()), (Some(0), ""));
}
