//! The test runners: cargo-nextest where it is installed, else `cargo test`; doc tests always by `cargo test`.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::packages::REQUIRE_VULKAN;
use crate::steps::{Steps, cargo, succeeds, suite};
use crate::totals::Totals;

/// Unit and integration tests of the workspace.
pub(crate) fn unit_and_integration(steps: &mut Steps) {
    if succeeds(&mut cargo(&["nextest", "--version"])) {
        steps.step("tests (cargo nextest)", nextest);
    } else {
        steps.step("tests (cargo test)", |steps| libtest(steps, &["--no-fail-fast", "--lib", "--bins", "--tests"]));
    }
}

/// Doc tests of the workspace.
pub(crate) fn documentation(steps: &mut Steps) {
    steps.step("doc tests", |steps| libtest(steps, &["--no-fail-fast", "--doc"]));
}

fn nextest(steps: &mut Steps) -> Result<(), String> {
    let store = target_folder()?.join("nextest");
    let report = store.join("ci/junit.xml");
    // A report of an earlier run must not be read as one of this run; it need not exist.
    let _ = std::fs::remove_file(&report);
    let place = store_config(&store)?;
    let mut totals = Totals::default();
    let mut command = suite(&["nextest", "run", "--profile", "ci", "--tool-config-file", &place], &[]);
    let ended = watch(require_vulkan(&mut command, steps), |line| totals.nextest_line(line));
    let text = std::fs::read_to_string(&report);
    text.iter().flat_map(|text| text.lines()).for_each(|line| totals.skip_line(line));
    totals.settle();
    steps.totals.add(totals);
    let read = text.map_err(|error| format!("no report of the tests in {}, so nothing tells what they skipped: {error}", report.display()));
    ended.and(read.map(drop))
}

/// nextest keeps its report in `target` of the checkout whatever CARGO_TARGET_DIR says, unless a configuration names the place.
fn store_config(store: &Path) -> Result<String, String> {
    let file = store.join("store.toml");
    let text = format!("[store]\ndir = '{}'\n", store.display());
    let written = std::fs::create_dir_all(store).and_then(|()| std::fs::write(&file, text));
    written.map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    Ok(format!("xtask:{}", file.display()))
}

fn libtest(steps: &mut Steps, arguments: &[&str]) -> Result<(), String> {
    let mut totals = Totals::default();
    let mut command = suite(&["test"], arguments);
    command.args(["--", "--show-output"]);
    let ended = watch(require_vulkan(&mut command, steps), |line| {
        totals.libtest_line(line);
        totals.skip_line(line);
    });
    totals.settle();
    steps.totals.add(totals);
    ended
}

fn require_vulkan<'a>(command: &'a mut Command, steps: &Steps) -> &'a mut Command {
    if steps.require_vulkan {
        command.env(REQUIRE_VULKAN, "1");
    }
    command
}

/// Runs a command, prints what it prints and shows every line to `see`.
fn watch(command: &mut Command, mut see: impl FnMut(&str)) -> Result<(), String> {
    let (reader, writer) = std::io::pipe().map_err(|error| format!("no pipe: {error}"))?;
    let second = writer.try_clone().map_err(|error| format!("no pipe: {error}"))?;
    command.stdin(Stdio::null()).stdout(writer).stderr(second);
    let mut child = command.spawn().map_err(|error| format!("{} does not start: {error}", command.get_program().display()))?;
    // The command keeps its own ends of the pipe; ours must close for the reader to see the end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    print_lines(reader, &mut see)?;
    let status = child.wait().map_err(|error| format!("lost the test runner: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the test runner ended with {status}")) }
}

fn print_lines(reader: impl Read, see: &mut impl FnMut(&str)) -> Result<(), String> {
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line).map_err(|error| format!("lost the output of the tests: {error}"))?;
        if read == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&line);
        print!("{text}");
        see(text.trim_end());
    }
}

/// The target folder: this program runs as `<target>/debug/xtask`.
pub(crate) fn target_folder() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| format!("cannot tell where xtask runs from: {error}"))?;
    let folder = program.parent().and_then(|profile| profile.parent());
    folder.map(PathBuf::from).ok_or_else(|| format!("{} lies in no target folder", program.display()))
}
