//! `cargo xtask conformance`: the W3C tests, which are an example of the runtime crate, with the features of the default build.

use std::process::ExitCode;

use crate::steps::cargo;

/// Builds the program and runs it with these arguments; its exit code is ours.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let mut command = cargo(&["run", "--quiet", "--locked", "-p", "hypergraphql-runtime", "--example", "conformance", "--"]);
    match command.args(arguments).status() {
        Ok(status) => ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)),
        Err(error) => {
            eprintln!("error: cargo does not start: {error}");
            ExitCode::FAILURE
        }
    }
}
