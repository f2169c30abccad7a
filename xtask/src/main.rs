//! The project's own commands. `cargo xtask test` checks everything; `.ci/run` calls it.

mod checks;
mod codegen;
mod conformance;
mod examples;
mod packages;
mod steps;
mod tests;
mod totals;

use std::path::PathBuf;
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
    /// Write the code of every kernel for every target, compile the CUDA C++ for sm_80 and sm_90, and renew the table of docs/kernels.md;
    /// a hot kernel that spills or leaves its vectors unused fails. Needs no device; NVIDIA's compilers come from PyPI.
    Codegen {
        /// Where the sources and the whole table go [default: codegen in the target folder].
        #[arg(long)]
        out: Option<PathBuf>,
        /// Leave the page as it is, and fail when its table is stale.
        #[arg(long)]
        check: bool,
    },
    /// Run the W3C tests of SPARQL and RDF under a folder: PATH [--strict] [--filter TEXT] [--json] …; `-- --help` says all.
    Conformance {
        /// What the program of the tests is given.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Test { full } => test(full),
        Command::Codegen { out, check } => codegen::codegen(out, check),
        Command::Conformance { arguments } => conformance::run(&arguments),
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
