//! Random-weight folders of `transformers`, written by `make.py`: the same numbers here, within 1e-4 in f32.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use burn::tensor::DType;
use hypergraphql_models::Precision;
use hypergraphql_models::text::{Bert, EmbedOptions, Encoded, embed_all};
use hypergraphql_models::transformer::{GenerateOptions, Llama, LlamaContext, LlamaDecoder, TokenBatch, generate};
use hypergraphql_ops::{Cpu, CpuDevice};
use serde::Deserialize;

use super::llama::numbers;
use super::reference::{Rows, difference};

const BOUND: f64 = 1e-4;

#[derive(Deserialize)]
struct Expected {
    kind: String,
    sequences: Vec<Vec<u32>>,
    #[serde(default)]
    logits: Vec<Rows>,
    #[serde(default)]
    greedy: Vec<Vec<u32>>,
    #[serde(default)]
    types: Vec<Vec<u32>>,
    #[serde(default)]
    hidden: Vec<Rows>,
    #[serde(default)]
    embeddings: Rows,
}

fn flat(rows: &[Rows]) -> Vec<f64> {
    rows.iter().flatten().flatten().copied().collect()
}

/// The folders of one kind, or why there are none.
fn folders(test: &str, kind: &str) -> Vec<(PathBuf, Expected)> {
    let Some(root) = std::env::var_os("HGQL_PARITY").map(PathBuf::from) else {
        eprintln!("SKIPPED {test}: HGQL_PARITY names no folder; models/tests/language/parity/make.py writes one");
        return Vec::new();
    };
    let read = |folder: PathBuf| {
        let text = std::fs::read(folder.join("parity.json")).ok()?;
        Some((folder, serde_json::from_slice::<Expected>(&text).unwrap()))
    };
    let mut all: Vec<_> = std::fs::read_dir(&root).unwrap().flatten().filter_map(|entry| read(entry.path())).collect();
    all.retain(|(_, expected)| expected.kind == kind);
    all.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(all.len() >= 3, "three folders of {kind} in {}", root.display());
    all
}

fn report(folder: &Path, what: &str, difference: f64) {
    eprintln!("{}: largest difference of {what} {difference:.2e}", folder.file_name().unwrap().display());
    assert!(difference <= BOUND, "{}: {what} differ by {difference}", folder.display());
}

#[test]
fn parity_of_the_decoder() {
    for (folder, expected) in folders("parity_of_the_decoder", "llama") {
        let device = CpuDevice::default();
        let (model, config) = Llama::<Cpu>::from_folder(&folder, Precision::F32, &device).unwrap();
        let context = LlamaContext::new(&config, Precision::F32, &device).unwrap();
        let logits = model.forward(&TokenBatch::new(&expected.sequences).unwrap(), &context).unwrap();
        assert_eq!(logits.dtype(), DType::F32);
        report(&folder, "logits", difference(&flat(&expected.logits), numbers(logits)));
        let options = GenerateOptions { max_tokens: expected.greedy[0].len(), ..GenerateOptions::default() };
        let mut decoder = LlamaDecoder::new(&model, &context);
        let answers = generate(&mut decoder, &expected.sequences, &options, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(answers.into_iter().map(|answer| answer.tokens).collect::<Vec<_>>(), expected.greedy, "{}", folder.display());
    }
}

#[test]
fn parity_of_the_encoder() {
    for (folder, expected) in folders("parity_of_the_encoder", "bert") {
        let (model, _) = Bert::<Cpu>::from_folder(&folder, Precision::F32, &CpuDevice::default()).unwrap();
        let batch = TokenBatch::new(&expected.sequences).unwrap();
        let hidden = model.forward(&batch, Some(&expected.types.concat()), Precision::F32).unwrap();
        report(&folder, "hidden states", difference(&flat(&expected.hidden), numbers(hidden)));
        let texts = expected.sequences.iter().zip(&expected.types);
        let texts: Vec<Encoded> = texts.map(|(t, s)| Encoded { tokens: t.clone(), segments: s.clone() }).collect();
        let embeddings = embed_all(&model, &texts, EmbedOptions::default()).unwrap();
        let expected: Vec<f64> = expected.embeddings.concat();
        report(&folder, "embeddings", difference(&expected, embeddings.into_iter().flatten().map(f64::from)));
    }
}
