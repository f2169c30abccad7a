//! `hgql embed`: embeddings of texts by an encoder.

use std::fmt::Write;
use std::path::PathBuf;

use hypergraphql_models::Precision;
use hypergraphql_models::text::{Overlong, TextEncoder};
use hypergraphql_ops::HyperBackend;
use serde::Serialize;

use super::backend::{DeviceArg, WithBackend, dispatch};
use super::error::CliError;
use super::{Global, output};

/// Embed texts.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Makes vectors of length 1 of texts by a BERT-family encoder in a Hugging Face folder (config.json, model.safetensors or its shards, \
                  tokenizer.json): the mean over the tokens. Texts of one meaning have a large inner product."
)]
#[command(after_help = "Examples:\n  \
                        hgql embed --model minilm/ 'a cat' 'a dog' --json\n  \
                        hgql embed --model minilm/ --file texts.txt --truncate > vectors.txt")]
pub(crate) struct EmbedArgs {
    /// Texts.
    #[arg(value_name = "TEXT", required_unless_present = "file", conflicts_with = "file")]
    texts: Vec<String>,
    /// File with a text a line; empty lines are left out.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Hugging Face folder of the encoder.
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    #[command(flatten)]
    device: DeviceArg,
    /// Type of parameters and products: f32, f16, bf16 or (CPU only) f64.
    #[arg(long, default_value_t, value_name = "TYPE")]
    precision: Precision,
    /// Drop the end of a text of more tokens than the encoder takes; it is an error otherwise.
    #[arg(long)]
    truncate: bool,
}

/// The embedding of a text.
#[derive(Serialize)]
struct Record<'a> {
    kind: &'static str,
    text: &'a str,
    embedding: &'a [f32],
}

struct Embedding<'a> {
    args: &'a EmbedArgs,
    texts: &'a [String],
}

impl WithBackend for Embedding<'_> {
    type Out = hypergraphql_models::Result<Vec<Vec<f32>>>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        let encoder = TextEncoder::<B>::from_folder(&self.args.model, self.args.precision, &device)?;
        encoder.embed(self.texts, if self.args.truncate { Overlong::Truncate } else { Overlong::Refuse })
    }
}

/// Reads, embeds and prints.
pub(crate) fn run(args: &EmbedArgs, global: &Global) -> Result<(), CliError> {
    let texts = match &args.file {
        None => args.texts.clone(),
        Some(path) => {
            let text =
                std::fs::read_to_string(path).map_err(|error| CliError::input(format!("{}: cannot read: {error}", path.display())))?;
            text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
        }
    };
    let embeddings = dispatch(args.device, Embedding { args, texts: &texts })??;
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
