//! Runs the steps one after another and remembers what failed, what was skipped and how long each took.

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::totals::Totals;

/// The features that the suite is built with: one set, so that Burn is compiled once per profile.
pub(crate) const FEATURES: &str = "vulkan,fusion";

/// What has happened so far.
#[derive(Default)]
pub(crate) struct Steps {
    /// Tests, summed over the runners.
    pub(crate) totals: Totals,
    /// Whether a Vulkan driver is here, so that a device test that finds none fails.
    pub(crate) require_vulkan: bool,
    failed: Vec<String>,
    times: Vec<(String, Duration)>,
}

impl Steps {
    /// Runs `work`; an error is noted under `name`, and the other steps go on.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce(&mut Self) -> Result<(), String>) {
        println!("\n== {name}");
        let start = Instant::now();
        if let Err(why) = work(self) {
            println!("FAILED {name}: {why}");
            self.failed.push(format!("{name}: {why}"));
        }
        self.times.push((name.to_owned(), start.elapsed()));
    }

    /// Notes that something did not run.
    pub(crate) fn skip(&mut self, name: &str, why: &str) {
        self.totals.skips.push(format!("{name}: {why}"));
    }

    /// Prints the end: times, skips, failures and, on a line of its own, the totals.
    pub(crate) fn finish(self) -> ExitCode {
        println!("\n== Result");
        for (name, time) in &self.times {
            println!("{:7.1} s  {name}", time.as_secs_f64());
        }
        for skip in &self.totals.skips {
            println!("SKIPPED {skip}");
        }
        for failure in &self.failed {
            println!("FAILED {failure}");
        }
        println!("{}", self.totals);
        if self.failed.is_empty() && self.totals.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// `cargo` of the running toolchain.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// `cargo COMMAND --locked …` over the whole workspace with the features of the suite.
pub(crate) fn suite(command: &[&str], more: &[&str]) -> Command {
    let mut cargo = cargo(command);
    cargo.args(["--locked", "--workspace", "--features", FEATURES]).args(more);
    cargo
}

/// Runs a command on this terminal.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{} does not start: {error}", command.get_program().display()))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", command.get_program().display())) }
}

/// Whether a command runs and succeeds; prints nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
