//! Help, version and completions.

use std::io::Read;
use std::process::Stdio;

use crate::program::{command, hgql};

/// Names of the subcommands, from the help itself, so that a new one is covered.
fn subcommands() -> Vec<String> {
    let help = hgql(["--help"]).ok();
    let listed = help.split("Commands:\n").nth(1).expect("a list of commands").split("\n\n").next().expect("its end").to_owned();
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_teaches() {
    let names = subcommands();
    for name in ["info", "convert", "verify", "devices", "completions"] {
        assert!(names.iter().any(|n| n == name), "{name} is not in {names:?}");
    }
    for name in &names {
        let help = hgql([name, "--help"]).ok();
        assert!(help.contains("Examples:\n"), "{name} --help has no examples:\n{help}");
        assert!(help.contains(&format!("hgql {name}")), "the examples of {name} do not show it:\n{help}");
        assert!(help.contains("--json"), "{help}");
    }
}

#[test]
fn top_help_names_the_exit_codes() {
    let help = hgql(["--help"]).ok();
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
