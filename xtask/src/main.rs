//! The project's own commands. `cargo xtask test` checks everything; `.ci/run` calls it.

mod checks;
mod examples;
mod packages;
mod steps;
mod tests;
mod totals;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check format, lints, tests, doc tests and examples; installs the Debian packages it needs when run as root.
    Test {
        /// Also check the builds for CUDA, for Metal and of the library alone, each of which compiles Burn again (minutes).
        #[arg(long)]
        full: bool,
    },
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Test { full } => test(full),
    }
}

/// Every step runs, also after one failed: one run shows all there is to repair.
fn test(full: bool) -> ExitCode {
    let mut steps = steps::Steps::default();
    packages::install(&mut steps);
    checks::format(&mut steps);
    checks::lints(&mut steps);
    tests::unit_and_integration(&mut steps);
    tests::documentation(&mut steps);
    examples::run_all(&mut steps);
    if full {
        checks::other_builds(&mut steps);
    } else {
        steps.skip("builds for CUDA, for Metal and of the library alone", "run `cargo xtask test --full`");
    }
    checks::spelling(&mut steps);
    checks::dependencies(&mut steps);
    steps.finish()
}
