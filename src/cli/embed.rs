//! `hgql embed`: embeddings of texts by an encoder.

mod table;

use std::fmt::Write;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use hypergraphql_models::Precision;
use hypergraphql_models::text::{Encoder, Overlong, TextEncoder};
use hypergraphql_ops::HyperBackend;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::backend::{DeviceArg, WithBackend, dispatch};
use super::error::CliError;
use super::{Global, logging, output};
use table::Format;

/// Embed texts.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Makes vectors of length 1 of texts by a BERT-family encoder in a Hugging Face folder (config.json, model.safetensors or its shards, \
                  tokenizer.json): the mean over the tokens. Texts of one meaning have a large inner product."
)]
#[command(after_help = "Examples:\n  \
                        hgql embed --model minilm/ 'a cat' 'a dog' --json\n  \
                        hgql embed --model minilm/ --input texts.txt --truncate --out vectors.parquet\n  \
                        sort -u names.txt | hgql embed --model minilm/ --input - > vectors.txt")]
pub(crate) struct EmbedArgs {
    /// Texts.
    #[arg(value_name = "TEXT", required_unless_present = "input", conflicts_with = "input")]
    texts: Vec<String>,
    /// File with a text a line; `-` is stdin.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Hugging Face folder of the encoder.
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    #[command(flatten)]
    device: DeviceArg,
    /// Type of parameters and products: f32, f16, bf16, int8 (a scale per row, in about a quarter of the memory) or (CPU only) f64.
    #[arg(long, default_value = "f32", value_name = "TYPE")]
    precision: Stored,
    /// Drop the end of a text of more tokens than the encoder takes; it is an error otherwise.
    #[arg(long)]
    truncate: bool,
    /// Write to a file instead: .parquet has columns `text` and `embedding`, .safetensors a tensor `embeddings` [texts, width].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// How parameters are stored.
#[derive(Debug, Clone, Copy)]
enum Stored {
    Float(Precision),
    Int8,
}

impl FromStr for Stored {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        match s {
            "int8" => Ok(Self::Int8),
            _ => s.parse().map(Self::Float).map_err(|_| format!("precision is {s}, expected f32, f16, bf16, int8 or (CPU only) f64")),
        }
    }
}

/// The embedding of a text.
#[derive(Serialize)]
struct Record<'a> {
    kind: &'static str,
    text: &'a str,
    embedding: &'a [f32],
}

/// The file that was written.
#[derive(Serialize)]
struct Written<'a> {
    kind: &'static str,
    output: &'a Path,
    rows: usize,
}

struct Embedding<'a> {
    args: &'a EmbedArgs,
    texts: &'a [String],
    bar: ProgressBar,
}

impl WithBackend for Embedding<'_> {
    type Out = hypergraphql_models::Result<Vec<Vec<f32>>>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        let load = |precision| TextEncoder::<B>::from_folder(&self.args.model, precision, &device);
        match self.args.precision {
            Stored::Float(precision) => self.embed(&load(precision)?),
            Stored::Int8 => self.embed(&load(Precision::F32)?.into_int8()?),
        }
    }
}

impl Embedding<'_> {
    fn embed<B: HyperBackend>(&self, encoder: &TextEncoder<B, impl Encoder<B>>) -> hypergraphql_models::Result<Vec<Vec<f32>>> {
        let mut embeddings = vec![Vec::new(); self.texts.len()];
        let overlong = if self.args.truncate { Overlong::Truncate } else { Overlong::Refuse };
        encoder.embed_each(self.texts, overlong, &mut |i, embedding| {
            embeddings[i] = embedding;
            self.bar.inc(1);
        })?;
        Ok(embeddings)
    }
}

/// Reads, embeds and prints or writes.
pub(crate) fn run(args: &EmbedArgs, global: &Global) -> Result<(), CliError> {
    // Known before the work is done.
    let to = args.out.as_deref().map(|path| Ok::<_, CliError>((path, Format::of(path)?))).transpose()?;
    let texts = args.input.as_deref().map_or_else(|| Ok(args.texts.clone()), read)?;
    let bar = bar(texts.len(), global);
    let embeddings = dispatch(args.device, Embedding { args, texts: &texts, bar: bar.clone() });
    logging::set_bar(None);
    bar.finish_and_clear();
    let embeddings = embeddings??;
    if let Some((path, format)) = to {
        format.write(path, &texts, &embeddings)?;
        if global.json {
            return output::json(&Written { kind: "written", output: path, rows: texts.len() });
        }
        return output::line(format!("{} rows in {}", texts.len(), path.display()));
    }
    for (text, embedding) in texts.iter().zip(&embeddings) {
        if global.json {
            output::json(&Record { kind: "embedding", text, embedding })?;
            continue;
        }
        let mut line = String::new();
        for (i, x) in embedding.iter().enumerate() {
            let space = if i == 0 { "" } else { " " };
            // Writing to a string cannot fail.
            let _ = write!(line, "{space}{x}");
        }
        output::line(line)?;
    }
    Ok(())
}

/// The lines of a file or of stdin.
fn read(path: &Path) -> Result<Vec<String>, CliError> {
    let mut text = String::new();
    let read = match path.as_os_str() == "-" {
        true => std::io::stdin().read_to_string(&mut text),
        false => std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text)),
    };
    let name = path.display();
    read.map_err(|error| CliError::input(format!("{name}: cannot read the texts: {error}")))?;
    let texts: Vec<String> = text.lines().map(str::to_owned).collect();
    if texts.is_empty() {
        return Err(CliError::input(format!("{name}: expected a text a line, found no line")));
    }
    if let Some(empty) = texts.iter().position(String::is_empty) {
        let help = "every line is a text and gets a vector; delete the line";
        return Err(CliError::input(format!("{name}:{}: the line is empty", empty + 1)).with_help(help));
    }
    Ok(texts)
}

/// A bar of many texts; it draws nothing without a terminal, with --json or with -q.
fn bar(texts: usize, global: &Global) -> ProgressBar {
    let hidden = global.json || global.quiet > 0 || !std::io::stderr().is_terminal();
    let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(10) };
    let bar = ProgressBar::with_draw_target(Some(texts as u64), target);
    if let Ok(style) = ProgressStyle::with_template("embedding {bar:24} {pos}/{len} texts, {per_sec}, {eta} left") {
        bar.set_style(style);
    }
    logging::set_bar(Some(bar.clone()));
    bar
}
