//! `hgql eval`: what a trained network can do, with proof.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use hypergraphql_models::episodes::QuestionKind;
use hypergraphql_models::graph_memory::protocol::{Arm, Protocol, ProtocolOptions, Retrained, protocol};
use hypergraphql_models::graph_memory::train::MemoryCheckpoint;
use hypergraphql_models::graph_memory::{HypergraphTransformer, MemoryContext, Scores};
use hypergraphql_ops::HyperBackend;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::backend::{DeviceArg, WithBackend, dispatch};
use super::error::CliError;
use super::train::transformer::FILE;
use super::{Global, logging, output};

/// Points above chance that an arm without the facts may have.
const CHANCE: f64 = 0.02;

/// Evaluate a trained network.
#[derive(Debug, clap::Args)]
pub(crate) struct EvalArgs {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Transformer(TransformerArgs),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProtocolArg {
    /// Whether answers are read from the graph.
    GraphUse,
}

/// Evaluate a language model that reads facts.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Proves whether the answers of a model are read from the graph. All entities and facts are drawn for the evaluation and were in no training. The same \
                  questions are asked under arms: without the memory, with the true one, with members permuted within their roles, with single facts \
                  edited, and with facts as text before the question. Networks that were trained with other tellings of the same facts (`hgql train transformer \
                  --told clique`, `--told star`, `--no-message-passing`) are compared where their folders are given.\n\n\
                  Chance is the best constant answer of each kind of question."
)]
#[command(after_help = "Examples:\n  \
                        hgql eval transformer --model reader\n  \
                        hgql eval transformer --model reader --clique reader-clique --no-message-passing reader-alone\n  \
                        hgql eval transformer --model reader --questions 200 --seeds 1 --large-slots 0 --json")]
pub(crate) struct TransformerArgs {
    /// Folder that `hgql train transformer --out` wrote.
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    #[command(flatten)]
    device: DeviceArg,
    /// What is asked.
    #[arg(long, value_enum, default_value = "graph-use")]
    protocol: ProtocolArg,
    /// Folder of a network trained with --told clique.
    #[arg(long, value_name = "DIR")]
    clique: Option<PathBuf>,
    /// Folder of a network trained with --told star.
    #[arg(long, value_name = "DIR")]
    star: Option<PathBuf>,
    /// Folder of a network trained with --no-message-passing.
    #[arg(long, value_name = "DIR")]
    no_message_passing: Option<PathBuf>,
    /// Bases, drawn from seeds 1, 2, ….
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// Questions of each base.
    #[arg(long, value_name = "N", default_value_t = ProtocolOptions::default().questions)]
    questions: usize,
    /// Slots of each base; a slot is a member of a fact.
    #[arg(long, value_name = "N", default_value_t = ProtocolOptions::default().slots)]
    slots: usize,
    /// Slots of the larger bases; 0 leaves them out.
    #[arg(long, value_name = "N", default_value_t = ProtocolOptions::default().large_slots)]
    large_slots: usize,
    /// Edits of each base, one at a time.
    #[arg(long, value_name = "N", default_value_t = ProtocolOptions::default().edits)]
    edits: usize,
    /// CPU threads [default: one per core].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// A bar of the protocol.
#[derive(Debug, Clone, Serialize)]
struct Bar {
    what: &'static str,
    /// At least, or at most.
    bar: String,
    found: f64,
    met: bool,
}

/// The result; a JSON line.
#[derive(Serialize)]
struct Record<'a> {
    kind: &'static str,
    options: &'a ProtocolOptions,
    bars: &'a [Bar],
    #[serde(flatten)]
    protocol: &'a Protocol,
}

/// Reads, asks and prints.
pub(crate) fn run(args: EvalArgs, global: &Global) -> Result<(), CliError> {
    let Task::Transformer(args) = args.task;
    let ProtocolArg::GraphUse = args.protocol;
    super::train::start_threads(args.threads)?;
    let read = |folder: &Path| MemoryCheckpoint::read(&folder.join(FILE)).map_err(CliError::from);
    let main = read(&args.model)?;
    let mut others = Vec::new();
    for (arm, folder) in [(Arm::Clique, &args.clique), (Arm::Star, &args.star), (Arm::NoMessagePassing, &args.no_message_passing)] {
        if let Some(folder) = folder {
            let checkpoint = read(folder)?;
            check_arm(arm, &checkpoint, &main)?;
            others.push((arm, checkpoint));
        }
    }
    let options = ProtocolOptions {
        seeds: (1..=args.seeds).collect(),
        questions: args.questions,
        slots: args.slots,
        large_slots: args.large_slots,
        edits: args.edits,
        names: main.config.names.clone(),
    };
    let found = dispatch(args.device, Evaluation { main: &main, others: &others, options: &options, global })??;
    let bars = bars(&found);
    if global.json {
        return output::json(&Record { kind: "graph-use", options: &options, bars: &bars, protocol: &found });
    }
    print(&found, &bars)
}

/// That a network is the arm that it is given for.
fn check_arm(arm: Arm, checkpoint: &MemoryCheckpoint, main: &MemoryCheckpoint) -> Result<(), CliError> {
    let (told, passing) = (checkpoint.config.told.to_string(), checkpoint.setup.memory.message_passing);
    let is_arm = match arm {
        Arm::Clique => told == "clique" && passing,
        Arm::Star => told == "star" && passing,
        _ => told == "hyperedges" && !passing,
    };
    let path = checkpoint.path.display();
    if !is_arm {
        let message = format!("{path}: expected a network of the arm `{}`, found one told {told}, message passing {passing}", arm.name());
        return Err(CliError::input(message).with_help("train it with --told clique, --told star or --no-message-passing"));
    }
    if checkpoint.setup.schema != main.setup.schema {
        let message = format!("{path}: it was trained on another schema than {}", main.path.display());
        return Err(CliError::input(message).with_help("train both with the same --kb"));
    }
    Ok(())
}

struct Evaluation<'a> {
    main: &'a MemoryCheckpoint,
    others: &'a [(Arm, MemoryCheckpoint)],
    options: &'a ProtocolOptions,
    global: &'a Global,
}

impl WithBackend for Evaluation<'_> {
    type Out = Result<Protocol, CliError>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        type Loaded<B> = (HypergraphTransformer<B>, MemoryContext<B>);
        let load = |checkpoint: &MemoryCheckpoint| -> Result<Loaded<B>, CliError> {
            let (setup, precision) = (&checkpoint.setup, checkpoint.config.precision);
            let context = MemoryContext::new(&setup.memory, &setup.base, precision, &device)?;
            Ok((checkpoint.model(&device)?, context))
        };
        let main = load(self.main)?;
        let others = self.others.iter().map(|(_, checkpoint)| load(checkpoint)).collect::<Result<Vec<_>, _>>()?;
        fn network<'a, B: HyperBackend>(arm: Arm, checkpoint: &'a MemoryCheckpoint, (model, context): &'a Loaded<B>) -> Retrained<'a, B> {
            Retrained { arm, model, context, words: &checkpoint.setup.words, told: checkpoint.config.told }
        }
        let retrained: Vec<_> =
            self.others.iter().zip(&others).map(|((arm, checkpoint), loaded)| network(*arm, checkpoint, loaded)).collect();
        let hidden = self.global.json || self.global.quiet > 0 || !std::io::stderr().is_terminal();
        let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(10) };
        let bar = ProgressBar::with_draw_target(Some(self.options.questions as u64), target);
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:24} {pos}/{len}") {
            bar.set_style(style);
        }
        logging::set_bar(Some(bar.clone()));
        let found =
            protocol(&network(Arm::True, self.main, &main), &retrained, &self.main.setup.schema, self.options, &mut |arm, seed, done| {
                bar.set_message(format!("seed {seed}, {}", arm.name()));
                bar.set_position(done as u64);
            });
        logging::set_bar(None);
        bar.finish_and_clear();
        Ok(found?)
    }
}

/// Exact answers to the questions that a fact answers.
fn answerable(scores: &Scores) -> f64 {
    let kinds = scores.0.iter().filter(|(kind, _)| **kind != QuestionKind::Unanswerable);
    let (exact, asked) = kinds.fold((0, 0), |(exact, asked), (_, score)| (exact + score.exact, asked + score.asked));
    exact as f64 / asked.max(1) as f64
}

/// The bars of model.md that were tried.
fn bars(found: &Protocol) -> Vec<Bar> {
    let of = |arm: Arm| found.arms.iter().find(|scores| scores.arm == arm).map(hypergraphql_models::graph_memory::protocol::ArmScores::all);
    let exact = |scores: &Scores, kind| scores.exact(kind).unwrap_or(0.0);
    let chances: Vec<f64> = found.chance.iter().filter(|(kind, _)| **kind != QuestionKind::Unanswerable).map(|(_, share)| *share).collect();
    let chance = chances.iter().copied().fold(0.0, f64::max) + CHANCE;
    let mut bars = Vec::new();
    let mut least = |what, bar: f64, found: f64| bars.push(Bar { what, bar: format!("at least {bar:.3}"), found, met: found >= bar });
    if let Some(all) = of(Arm::True) {
        least("one-hop, true memory", 0.9, exact(&all, QuestionKind::OneHop));
        least("gold slot in the first 10", 0.98, all.recall());
        least("refusal F1", 0.9, all.refusal_f1());
        for (arm, what) in [(Arm::Clique, "two-key: true memory less clique edges"), (Arm::Star, "two-key: true memory less star edges")] {
            if let Some(other) = of(arm) {
                least(what, 0.2, exact(&all, QuestionKind::TwoKey) - exact(&other, QuestionKind::TwoKey));
            }
        }
        if let Some(other) = of(Arm::NoMessagePassing) {
            least(
                "two-hop: true memory less no message passing",
                0.0,
                exact(&all, QuestionKind::TwoHop) - exact(&other, QuestionKind::TwoHop),
            );
        }
    }
    if let Some(all) = of(Arm::TrueLarge) {
        least("one-hop, true memory, large", 0.8, exact(&all, QuestionKind::OneHop));
    }
    let edits = found.edits;
    if edits.edits > 0 {
        least("edited facts followed", 0.9, edits.followed as f64 / edits.changed.max(1) as f64);
        least("other answers unchanged", 0.98, edits.unchanged as f64 / edits.others.max(1) as f64);
    }
    let mut most =
        |what, found: f64| bars.push(Bar { what, bar: format!("at most {chance:.3}, chance and 2 points"), found, met: found <= chance });
    for (arm, what) in [(Arm::GateOff, "answerable, gate off"), (Arm::Permuted, "answerable, members permuted")] {
        if let Some(all) = of(arm) {
            most(what, answerable(&all));
        }
    }
    bars.push(Bar {
        what: "logits without the memory",
        bar: "those of the decoder, bit by bit".to_owned(),
        found: f64::from(u8::from(found.bit_equal)),
        met: found.bit_equal,
    });
    bars
}

fn print(found: &Protocol, bars: &[Bar]) -> Result<(), CliError> {
    let percent = |share: f64| format!("{:.1}", 100.0 * share);
    let heads = ["arm", "slots", "one-hop", "two-key", "two-hop", "unanswerable", "recall@10", "refusal F1"];
    let mut table = output::table(heads, &[1, 2, 3, 4, 5, 6, 7]);
    for scores in &found.arms {
        let all = scores.all();
        let kinds = QuestionKind::ALL.map(|kind| {
            let of = |scores: &Scores| scores.exact(kind);
            let seeds: Vec<f64> = scores.seeds.iter().filter_map(of).collect();
            let Some(mean) = of(&all) else { return "-".to_owned() };
            let spread = seeds.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / (seeds.len().max(2) - 1) as f64;
            format!("{} ± {}", percent(mean), percent(spread.sqrt()))
        });
        let row = [scores.arm.name().to_owned(), scores.slots.to_string()].into_iter().chain(kinds);
        table.add_row(row.chain([percent(all.recall()), format!("{:.2}", all.refusal_f1())]));
    }
    let chance = QuestionKind::ALL.map(|kind| found.chance.get(&kind).map_or_else(|| "-".to_owned(), |share| percent(*share)));
    let row = ["chance".to_owned(), String::new()].into_iter().chain(chance).chain([String::new(), String::new()]);
    table.add_row(row);
    output::line("exact answers in per cent, mean and deviation over seeds")?;
    output::line(table.to_string())?;
    let edits = found.edits;
    output::line(format!(
        "{} single edits: {} of {} answers followed, {} of {} others unchanged; BM25 has a gold fact in its first 10 for {} %",
        edits.edits,
        edits.followed,
        edits.changed,
        edits.unchanged,
        edits.others,
        percent(found.text_recall)
    ))?;
    let mut table = output::table(["bar", "expected", "found", "met"], &[2]);
    for Bar { what, bar, found, met } in bars {
        table.add_row([(*what).to_owned(), bar.clone(), format!("{found:.3}"), if *met { "yes" } else { "NO" }.to_owned()]);
    }
    output::line(table.to_string())
}
