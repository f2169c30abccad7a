//! `hgql`, the command line of HypergraphQL: parses, sets up logging, runs one subcommand and turns its error into an exit code.

mod cli;

use std::process::ExitCode;

// Fresh large tensors cost page faults with the system allocator; mimalloc keeps the pages.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
