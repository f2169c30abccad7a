//! `hgql chat`: one question after another to a model that reads facts.

use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;

use hypergraphql_models::Precision;
use hypergraphql_models::episodes::StoreFacts;
use hypergraphql_models::graph_memory::train::MemoryCheckpoint;
use hypergraphql_models::graph_memory::{EncodedBase, HypergraphTransformer, MemoryContext, Reader};
use hypergraphql_models::text::TextOptions;
use hypergraphql_models::transformer::GenerateOptions;
use hypergraphql_ops::HyperBackend;
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;

use super::backend::{DeviceArg, WithBackend, dispatch};
use super::error::CliError;
use super::generate::facts::{self, Source};
use super::train::transformer::FILE;
use super::{Global, output};

/// Ask a model about a knowledge base, one question after another.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Reads questions, a line each, and answers them from the facts of a knowledge base. `.reload` reads the knowledge base again, after an edit by `hgql update` say: \
                  the next answer follows. Every question stands for itself. Ctrl-D ends; `.help` lists the commands."
)]
#[command(after_help = "Examples:\n  \
                        hgql chat --model reader --kb kb.hgql\n  \
                        hgql chat --model reader --kb kb.hgql --evidence < questions.txt")]
pub(crate) struct ChatArgs {
    /// Folder that `hgql train transformer --out` wrote.
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// Knowledge base, or file of RDF or hyperedges, to read.
    #[arg(long, value_name = "KB")]
    kb: PathBuf,
    #[command(flatten)]
    device: DeviceArg,
    /// Type of activations: f32, f16, bf16 or (CPU only) f64.
    #[arg(long, default_value_t, value_name = "TYPE")]
    precision: Precision,
    /// Print the facts that each answer was read from.
    #[arg(long)]
    evidence: bool,
    /// Most tokens of an answer.
    #[arg(long, default_value_t = 64, value_name = "N")]
    max_tokens: usize,
    /// Most slots of the knowledge base that are read, the first ones; a slot is a member of a fact.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    max_slots: usize,
}

const COMMANDS: &str = ".help              this list
.evidence on|off   print the facts that answers are read from
.reload            read the knowledge base again
.quit              end (as Ctrl-D does)";

/// Reads until the end of the input.
pub(crate) fn run(args: &ChatArgs, global: &Global) -> Result<(), CliError> {
    let checkpoint = MemoryCheckpoint::read(&args.model.join(FILE))?;
    let source = Source::read(&args.kb, args.max_slots, global)?;
    dispatch(args.device, Talk { args, global, checkpoint: &checkpoint, source })?
}

struct Talk<'a> {
    args: &'a ChatArgs,
    global: &'a Global,
    checkpoint: &'a MemoryCheckpoint,
    source: Source,
}

impl WithBackend for Talk<'_> {
    type Out = Result<(), CliError>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        let Self { args, global, checkpoint, source } = self;
        let setup = &checkpoint.setup;
        let context = MemoryContext::<B>::new(&setup.memory, &setup.base, args.precision, &device)?;
        let model = checkpoint.model(&device)?;
        let encoded = EncodedBase::new(&model, &context, &setup.words, &source.facts.base)?;
        let mut chat =
            Chat { args, global, checkpoint, model: &model, context: &context, source, encoded, evidence: args.evidence, failed: 0 };
        if io::stdin().is_terminal() { interactive(&mut chat) } else { script(&mut chat) }
    }
}

fn interactive<B: HyperBackend>(chat: &mut Chat<'_, B>) -> Result<(), CliError> {
    let terminal = |error: ReadlineError| CliError::failed(format!("cannot read from the terminal: {error}"));
    let mut editor = DefaultEditor::new().map_err(terminal)?;
    loop {
        match editor.readline("question> ") {
            Ok(text) => {
                // A history that is full keeps the older lines.
                let _ = editor.add_history_entry(&text);
                if !chat.line(&text)? {
                    return Ok(());
                }
            }
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(terminal(error)),
        }
    }
}

/// Without a terminal: it must not end well with questions that were not answered.
fn script<B: HyperBackend>(chat: &mut Chat<'_, B>) -> Result<(), CliError> {
    for line in io::stdin().lines() {
        let line = line.map_err(|error| CliError::input(format!("cannot read stdin: {error}")))?;
        if !chat.line(&line)? {
            break;
        }
    }
    match chat.failed {
        0 => Ok(()),
        failed => Err(CliError::failed(format!("{failed} lines were refused"))),
    }
}

struct Chat<'a, B: HyperBackend> {
    args: &'a ChatArgs,
    global: &'a Global,
    checkpoint: &'a MemoryCheckpoint,
    model: &'a HypergraphTransformer<B>,
    context: &'a MemoryContext<B>,
    source: Source,
    encoded: EncodedBase<B>,
    evidence: bool,
    failed: usize,
}

impl<B: HyperBackend> Chat<'_, B> {
    /// Does what a line says; false: end. What is wrong with a question is printed.
    fn line(&mut self, text: &str) -> Result<bool, CliError> {
        match text.trim() {
            "" => {}
            ".quit" | ".exit" => return Ok(false),
            ".help" => output::line(COMMANDS)?,
            ".evidence on" => self.evidence = true,
            ".evidence off" => self.evidence = false,
            ".reload" => {
                let read = self.reload();
                self.refused(read);
            }
            command if command.starts_with('.') => {
                let unknown = Err(CliError::input(format!("{command} is no command; .help lists them")));
                self.refused(unknown);
            }
            question => {
                let answered = self.answer(question);
                self.refused(answered);
            }
        }
        Ok(true)
    }

    fn refused(&mut self, done: Result<(), CliError>) {
        if let Err(error) = done {
            self.failed += 1;
            // The code is that of the whole session.
            let _ = error.report();
        }
    }

    fn reload(&mut self) -> Result<(), CliError> {
        let source = Source::read(&self.args.kb, self.args.max_slots, self.global)?;
        self.encoded = EncodedBase::new(self.model, self.context, &self.checkpoint.setup.words, &source.facts.base)?;
        self.source = source;
        let StoreFacts { base, .. } = &self.source.facts;
        eprintln!("{} facts of {} entities", base.facts.len(), base.entities.len());
        Ok(())
    }

    fn answer(&self, question: &str) -> Result<(), CliError> {
        let reader = Reader::new(self.model, self.context, &self.checkpoint.setup.words, &self.encoded);
        let options =
            TextOptions { tokens: GenerateOptions { max_tokens: self.args.max_tokens, ..GenerateOptions::default() }, stop: vec![] };
        let stream = !self.global.json;
        let answers = reader.answer(&[question], &options, &mut |_, piece| {
            // A terminal that is gone shows in the line below.
            let _ = stream.then(|| write!(io::stdout(), "{piece}").and_then(|()| io::stdout().flush()));
            ControlFlow::Continue(())
        })?;
        let Some(answer) = answers.first() else { return Ok(()) };
        let lines = self.source.lines(answer, self.encoded.facts());
        if self.global.json {
            return output::json(&facts::Answered { kind: "answer", question, text: answer.text.trim(), evidence: &lines });
        }
        output::line("")?;
        if self.evidence { facts::print(&lines) } else { Ok(()) }
    }
}
