//! The subcommands of `hgql`, one file each, and what they share: device dispatch, errors with exit codes, output, logging.

mod answer;
mod backend;
mod backup;
mod bench;
mod chat;
mod check;
mod columnar;
mod completions;
mod convert;
mod devices;
mod embed;
mod error;
mod eval;
mod export;
mod generate;
mod import;
mod infer;
mod info;
mod kb;
mod load;
mod logging;
mod models;
mod output;
mod predict;
mod profile;
mod query;
mod shell;
mod stats;
mod term;
mod train;
mod tune;
mod update;
mod verify;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use profile::ProfileFormat;

/// A compute framework for knowledge hypergraphs.
#[derive(Debug, Parser)]
#[command(name = "hgql", version, propagate_version = true, arg_required_else_help = true, max_term_width = 110)]
#[command(
    long_about = "HypergraphQL answers queries over knowledge hypergraphs and trains neural networks on them, on a CPU or on a GPU, from files \
                  on disk.\n\n\
                  A knowledge base is a folder that `hgql load` makes of RDF or of hyperedges; ask it with `hgql query`.\n\n\
                  A data set is a folder, a HIF JSON file, a hyperedge list (CSV or TSV) or an npz file. Look at one with `hgql info`, \
                  bring it into another format with `hgql convert`, train on it with `hgql train` and `hgql predict`, and see where it can \
                  run with `hgql devices`."
)]
#[command(after_help = "Examples:\n  \
                        hgql devices                           what this machine can run on\n  \
                        hgql load people.ttl -o kb.hgql        a knowledge base from RDF\n  \
                        hgql query kb.hgql 'SELECT ?s { ?s a :Person }'\n  \
                        hgql info data/                        what a data set holds\n  \
                        hgql convert data/ data.hif.json       the same data set in another format\n  \
                        hgql train node-classification --data data/ --layer hgnn --out trained\n  \
                        hgql predict --model trained/run-0 --data data/ --top 3\n  \
                        hgql verify kernels --device vulkan    check the kernels of a device\n\n\
                        Exit codes: 0 done, 1 failed, 2 bad usage or bad input, 3 device not usable, 130 interrupted.\n\
                        Every command that prints results takes --json and then prints JSON lines (docs/cli.md).")]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Flags that every subcommand takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Global {
    /// Say more on stderr: -v progress, -vv details, -vvv everything.
    #[arg(short, long, action = clap::ArgAction::Count, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: u8,
    /// Say less on stderr: -q no warnings and no progress bar, -qq no log at all. The error that ends a command is always printed.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) quiet: u8,
    /// Print results as JSON lines on stdout instead of tables.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Load(load::LoadArgs),
    Query(Box<query::QueryArgs>),
    Update(Box<update::UpdateArgs>),
    Infer(infer::InferArgs),
    Shell(Box<shell::ShellArgs>),
    Export(export::ExportArgs),
    Stats(stats::StatsArgs),
    Check(check::CheckArgs),
    Backup(backup::BackupArgs),
    Restore(backup::RestoreArgs),
    Info(info::InfoArgs),
    Convert(convert::ConvertArgs),
    Verify(verify::VerifyArgs),
    Train(train::TrainArgs),
    Predict(predict::PredictArgs),
    Eval(eval::EvalArgs),
    Import(import::ImportArgs),
    Generate(generate::GenerateArgs),
    Chat(chat::ChatArgs),
    Embed(embed::EmbedArgs),
    Bench(bench::BenchArgs),
    Tune(tune::TuneArgs),
    Devices(devices::DevicesArgs),
    Completions(completions::CompletionsArgs),
}

/// The arguments with `--profile FORMAT` written `--profile=FORMAT`: the word after a flag that may stand alone is else taken for a query.
fn arguments(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut all: Vec<OsString> = vec![];
    for argument in given {
        let is_format = argument.to_str().is_some_and(|word| ProfileFormat::from_str(word, false).is_ok());
        match all.last_mut() {
            Some(flag) if is_format && flag == "--profile" => {
                flag.push("=");
                flag.push(argument);
            }
            _ => all.push(argument),
        }
    }
    all
}

/// Parses the command line, runs it and reports.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse_from(arguments(std::env::args_os()));
    logging::init(&cli.global);
    let global = &cli.global;
    let result = match cli.command {
        Command::Load(args) => load::run(args, global),
        Command::Query(args) => query::run(&args, global),
        Command::Update(args) => update::run(&args, global),
        Command::Infer(args) => infer::run(&args, global),
        Command::Shell(args) => shell::run(&args, global),
        Command::Export(args) => export::run(&args, global),
        Command::Stats(args) => stats::run(args, global),
        Command::Check(args) => check::run(&args, global),
        Command::Backup(args) => backup::backup(&args, global),
        Command::Restore(args) => backup::restore(&args, global),
        Command::Info(args) => info::run(args, global),
        Command::Convert(args) => convert::run(args, global),
        Command::Verify(args) => verify::run(args, global),
        Command::Train(args) => train::run(args, global),
        Command::Predict(args) => predict::run(args, global),
        Command::Eval(args) => eval::run(args, global),
        Command::Import(args) => import::run(args, global),
        Command::Generate(args) => generate::run(&args, global),
        Command::Chat(args) => chat::run(&args, global),
        Command::Embed(args) => embed::run(&args, global),
        Command::Bench(args) => bench::run(args, global),
        Command::Tune(args) => tune::run(args, global),
        Command::Devices(args) => devices::run(args, global),
        Command::Completions(args) => completions::run(args, global),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_of_a_profile_may_stand_apart() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert_eq!(arguments(words("hgql query kb --profile svg q").into_iter()), words("hgql query kb --profile=svg q"));
        assert_eq!(arguments(words("hgql query kb --profile q svg").into_iter()), words("hgql query kb --profile q svg"));
    }
}
