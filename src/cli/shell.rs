//! `hgql shell`: one question after another.

mod editing;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Instant;

use hypergraphql_runtime::engine::{Engine, QueryError, QueryOptions};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};

use super::answer::{self, AnswerFormat};
use super::backend::QueryDeviceArg;
use super::error::CliError;
use super::models::ModelArgs;
use super::query::{self, Limits, Reading};
use super::{Global, kb, output, profile};
use editing::Editing;

/// Ask one question after another.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Reads queries and prints their answers. A query ends with `;` or an empty line; Tab completes keywords, prefixes and the predicates of \
                  the knowledge base; a PREFIX by itself holds for all later queries. Ctrl-C ends a running query, Ctrl-D the shell. History is kept \
                  between sessions. `.help` lists the commands."
)]
#[command(after_help = "Examples:\n  \
                        hgql shell kb.hgql\n  \
                        hgql shell people.ttl --infer rdfs\n  \
                        hgql shell kb.hgql < questions.rq")]
pub(crate) struct ShellArgs {
    /// Folder of `hgql load`, or a file that it reads.
    kb: PathBuf,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    models: ModelArgs,
    #[command(flatten)]
    device: QueryDeviceArg,
}

const COMMANDS: &str = ".help              this list
.format FORMAT     table, json, csv, tsv, xml, ntriples or turtle
.explain QUERY     print the plan of a query, and run nothing
.profile on|off    print what each operator did, after each answer
.strict on|off     read SPARQL to the letter
.prefixes          what was declared here
.quit              end (as Ctrl-D does)";

/// Reads until the end of the input.
pub(crate) fn run(args: &ShellArgs, global: &Global) -> Result<(), CliError> {
    let device = args.models.apply(args.device.device, args.device.apply(QueryOptions::default())?)?;
    let engine = kb::engine(&args.kb, global)?;
    let format = if global.json { AnswerFormat::Json } else { AnswerFormat::Table };
    let mut shell = Shell {
        engine,
        reading: args.reading.clone(),
        limits: args.limits.clone(),
        device,
        format,
        profile: false,
        prefixes: Vec::new(),
        failed: 0,
    };
    if std::io::stdin().is_terminal() { interactive(&mut shell) } else { script(&mut shell) }
}

fn interactive(shell: &mut Shell) -> Result<(), CliError> {
    let mut editor: Editor<Editing, FileHistory> =
        Editor::with_config(Config::builder().auto_add_history(true).build()).map_err(terminal)?;
    editor.set_helper(Some(Editing::new(&shell.engine.space())));
    let history = history();
    // No history yet is no error.
    let _ = history.as_deref().map(|path| editor.load_history(path));
    loop {
        match editor.readline("hyperql> ") {
            Ok(text) if !shell.line(&text)? => break,
            Ok(_) | Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(terminal(error)),
        }
    }
    history.as_deref().map_or(Ok(()), |path| save(&mut editor, path))
}

/// Without a terminal: lines of stdin, the last query of which may lack its end. It must not end well with questions that were not answered.
fn script(shell: &mut Shell) -> Result<(), CliError> {
    let mut text = String::new();
    for line in std::io::stdin().lines() {
        let line = line.map_err(|error| CliError::input(format!("cannot read stdin: {error}")))?;
        text = if text.is_empty() { line } else { format!("{text}\n{line}") };
        if editing::is_complete(&text) && !shell.line(&std::mem::take(&mut text))? {
            break;
        }
    }
    shell.line(&text)?;
    match shell.failed {
        0 => Ok(()),
        failed => Err(CliError::failed(format!("{failed} lines were refused"))),
    }
}

fn terminal(error: ReadlineError) -> CliError {
    CliError::failed(format!("cannot read from the terminal: {error}"))
}

/// Where the history of earlier sessions is, if the user has a folder for such things.
fn history() -> Option<PathBuf> {
    let folder = std::env::var_os("HGQL_CACHE").map(PathBuf::from).or_else(dirs::cache_dir)?;
    Some(folder.join("hypergraphql/history"))
}

fn save(editor: &mut Editor<Editing, FileHistory>, path: &Path) -> Result<(), CliError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    editor.save_history(path).map_err(terminal)
}

struct Shell {
    engine: Engine,
    reading: Reading,
    limits: Limits,
    /// Options that say where operators run, and which networks they ask.
    device: QueryOptions,
    format: AnswerFormat,
    profile: bool,
    /// Declarations that hold for all queries.
    prefixes: Vec<String>,
    failed: usize,
}

impl Shell {
    /// Does what a line says; false: end. An error of a query is printed, one of the output ends the shell.
    fn line(&mut self, text: &str) -> Result<bool, CliError> {
        let text = text.trim().trim_end_matches(';').trim_end();
        match text.strip_prefix('.').filter(|_| !text.contains('{') || text.starts_with(".explain")) {
            Some(command) => self.command(command),
            None if text.is_empty() => Ok(true),
            None if is_declaration(text) => {
                self.prefixes.push(text.to_owned());
                Ok(true)
            }
            None => self.query(text).map(|()| true),
        }
    }

    fn command(&mut self, text: &str) -> Result<bool, CliError> {
        let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        match (name, rest.trim()) {
            ("quit" | "exit", "") => return Ok(false),
            ("help", "") => output::line(COMMANDS)?,
            ("prefixes", "") => self.prefixes.iter().try_for_each(output::line)?,
            ("profile", "on" | "off") => self.profile = rest.trim() == "on",
            ("strict", "on" | "off") => self.reading.strict = rest.trim() == "on",
            ("format", format) => match <AnswerFormat as clap::ValueEnum>::from_str(format, true) {
                Ok(format) => self.format = format,
                Err(_) => self.complain("expected table, json, csv, tsv, xml, ntriples, turtle, arrow or parquet"),
            },
            ("explain", text) => {
                let plan = self.engine.explain(&self.declared(text), &self.options());
                match plan {
                    Ok(plan) => output::line(plan.trim_end())?,
                    Err(error) => self.refused(error),
                }
            }
            _ => self.complain(&format!(".{text} is no command; .help lists them")),
        }
        Ok(true)
    }

    fn query(&mut self, text: &str) -> Result<(), CliError> {
        let options = self.options();
        let start = Instant::now();
        let (answer, profile) = match self.engine.profile(&self.declared(text), &options) {
            Ok(done) => done,
            Err(error) => {
                self.refused(error);
                return Ok(());
            }
        };
        let time = start.elapsed();
        match answer::print(&answer, self.format) {
            Ok(rows) => eprintln!("{rows} rows in {:.1} ms", time.as_secs_f64() * 1e3),
            Err(CliError::Input { message, .. }) => self.complain(&message),
            Err(error) => return Err(error),
        }
        if self.profile {
            eprintln!("{}", profile::text(&profile));
        }
        Ok(())
    }

    fn options(&self) -> QueryOptions {
        let QueryOptions { device, device_rows, learned, .. } = self.device.clone();
        QueryOptions { device, device_rows, learned, ..query::options(&self.reading, &self.limits) }
    }

    /// The text after the declarations of the session, each on a line of its own.
    fn declared(&self, text: &str) -> String {
        self.prefixes.iter().map(|prefix| format!("{prefix}\n")).chain([text.to_owned()]).collect()
    }

    /// Lines of an error are those that were typed.
    fn refused(&mut self, error: QueryError) {
        match error {
            QueryError::Syntax(mut error) => {
                let before: usize = self.prefixes.iter().map(|prefix| prefix.lines().count()).sum();
                error.line = error.line.saturating_sub(u32::try_from(before).unwrap_or(u32::MAX)).max(1);
                self.complain(&query::syntax(&error));
            }
            error => self.complain(&error.to_string()),
        }
    }

    fn complain(&mut self, why: &str) {
        self.failed += 1;
        eprintln!("error: {why}");
    }
}

/// `PREFIX` and `BASE` with nothing to ask.
fn is_declaration(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    (first.eq_ignore_ascii_case("prefix") || first.eq_ignore_ascii_case("base")) && !text.contains('{')
}
