//! `hgql completions`: completion scripts for shells.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use super::error::CliError;
use super::{Cli, Global};

/// Print a completion script for a shell.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Prints a script that teaches your shell to complete the commands and flags of hgql. Put it where the shell looks for such \
                  scripts, or source it."
)]
#[command(after_help = "Examples:\n  \
                        hgql completions bash > ~/.local/share/bash-completion/completions/hgql\n  \
                        hgql completions zsh > ~/.zfunc/_hgql\n  \
                        hgql completions fish > ~/.config/fish/completions/hgql.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell to write for.
    shell: Shell,
}

/// Writes the script to stdout.
pub(crate) fn run(args: CompletionsArgs, _global: &Global) -> Result<(), CliError> {
    // clap_complete panics when its writer fails, so it writes into memory.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "hgql", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(())
}
