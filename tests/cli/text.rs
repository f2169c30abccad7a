//! `hgql generate`, `hgql embed` and `hgql bench generate` on folders of random weights that the tests write.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use hypergraphql::prelude::{Cpu, CpuDevice};
use hypergraphql_models::text::{BpeOptions, Tokenizer};
use hypergraphql_models::transformer::LlamaConfig;
use safetensors::tensor::{Dtype, TensorView, serialize};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::{Run, command, hgql, lines, run};

const CORPUS: [&str; 4] = ["the cat sat on the mat", "a dog and a cat", "on and on they sat", "the dog ate the mat – ünïcode"];

/// Tokens of every model here.
const VOCABULARY: usize = 275;

fn tokenizer(folder: &Path) {
    let options = BpeOptions { vocabulary: VOCABULARY, ..BpeOptions::default() };
    Tokenizer::train(CORPUS.into_iter(), &options).unwrap().save(folder).unwrap();
}

/// A decoder with a context of 40 tokens in `llama`, and the folder around it.
fn llama() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = LlamaConfig { num_key_value_heads: 2, max_position_embeddings: 40, ..LlamaConfig::new(VOCABULARY, 24, 28, 2, 4) };
    config.init::<Cpu>(7, &CpuDevice::default()).unwrap().save(&config, &folder.path().join("llama")).unwrap();
    tokenizer(&folder.path().join("llama"));
    folder
}

/// An encoder of 11 places in `bert`, and the folder around it.
pub(crate) fn bert() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("bert");
    fs::create_dir(&at).unwrap();
    let (d, inner) = (15, 22);
    let mut shapes = vec![
        ("embeddings.word_embeddings.weight".to_owned(), vec![VOCABULARY, d]),
        ("embeddings.position_embeddings.weight".to_owned(), vec![11, d]),
        ("embeddings.token_type_embeddings.weight".to_owned(), vec![2, d]),
        ("embeddings.LayerNorm.weight".to_owned(), vec![d]),
        ("embeddings.LayerNorm.bias".to_owned(), vec![d]),
    ];
    for layer in ["encoder.layer.0", "encoder.layer.1"] {
        let square =
            ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"].map(|n| (n, vec![d, d]));
        let rest = [("intermediate.dense", vec![inner, d]), ("output.dense", vec![d, inner])];
        let norms = [("attention.output.LayerNorm", vec![d]), ("output.LayerNorm", vec![d])];
        for (name, shape) in square.into_iter().chain(rest).chain(norms) {
            shapes.push((format!("{layer}.{name}.bias"), vec![shape[0]]));
            shapes.push((format!("{layer}.{name}.weight"), shape));
        }
    }
    let bytes = |shape: &[usize], seed: usize| -> Vec<u8> {
        (0..shape.iter().product())
            .flat_map(|i: usize| (((i * 7919 + seed * 104_729) % 1009) as f32 / 1009.0 - 0.5).to_le_bytes())
            .collect()
    };
    let data: Vec<_> = shapes.iter().enumerate().map(|(seed, (name, shape))| (name, shape, bytes(shape, seed))).collect();
    let views = data.iter().map(|(name, shape, bytes)| (*name, TensorView::new(Dtype::F32, shape.to_vec(), bytes).unwrap()));
    fs::write(at.join("model.safetensors"), serialize(views, None).unwrap()).unwrap();
    let config = json!({
        "model_type": "bert", "hidden_act": "gelu", "vocab_size": VOCABULARY, "hidden_size": d, "intermediate_size": inner, "num_hidden_layers": 2,
        "num_attention_heads": 3, "max_position_embeddings": 11, "type_vocab_size": 2, "layer_norm_eps": 1e-5,
    });
    fs::write(at.join("config.json"), config.to_string()).unwrap();
    tokenizer(&at);
    folder
}

/// Runs in the folder.
fn within(folder: &TempDir, arguments: &[&str]) -> Run {
    run(command().current_dir(folder.path()).args(arguments))
}

fn generate(folder: &TempDir, arguments: &[&str]) -> Run {
    within(folder, &[&["generate", "--model", "llama"][..], arguments].concat())
}

pub(crate) fn embed(folder: &TempDir, arguments: &[&str]) -> Run {
    within(folder, &[&["embed", "--model", "bert"][..], arguments].concat())
}

fn answers(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter(|line| line["kind"] == "answer").collect()
}

#[test]
fn prompts_at_once_are_answered_as_one_by_one() {
    let folder = llama();
    let prompts = ["the cat", "a dog and a", "on"];
    let flags = ["--max-tokens", "9", "--json"];
    let all = lines(&generate(&folder, &[&prompts[..], &flags].concat()).ok());
    assert_eq!(all.len(), 3);
    for (number, prompt) in prompts.iter().enumerate() {
        let alone = lines(&generate(&folder, &[&[*prompt][..], &flags].concat()).ok());
        let keys = ["text", "tokens", "prompt_tokens", "finish"];
        assert!(keys.iter().all(|key| alone[0][*key] == all[number][*key]), "{} {}", alone[0], all[number]);
        assert_eq!((&all[number]["prompt"], &all[number]["finish"]), (&json!(number), &json!("max-tokens")));
        assert_eq!(all[number]["tokens"].as_array().unwrap().len(), 9);
        let plain = generate(&folder, &[prompt, "--max-tokens", "9"]).ok();
        assert_eq!(plain, format!("{}\n", all[number]["text"].as_str().unwrap()));
    }
    for precision in ["f64", "f16", "bf16"] {
        let other = lines(&generate(&folder, &[&["the cat", "--precision", precision][..], &flags].concat()).ok());
        assert_eq!(other[0]["prompt_tokens"], all[0]["prompt_tokens"]);
    }
}

#[test]
fn a_stream_is_the_answer_in_pieces() {
    let folder = llama();
    let whole = generate(&folder, &["the cat", "--max-tokens", "12"]).ok();
    assert_eq!(generate(&folder, &["the cat", "--max-tokens", "12", "--stream"]).ok(), whole);
    let found = lines(&generate(&folder, &["the cat", "on", "--max-tokens", "12", "--stream", "--json"]).ok());
    let whole = answers(&found);
    assert_eq!(whole.len(), 2);
    for (number, answer) in whole.iter().enumerate() {
        let pieces: Vec<&str> =
            found.iter().filter(|l| l["kind"] == "piece" && l["prompt"] == number).map(|l| l["text"].as_str().unwrap()).collect();
        assert!(!pieces.is_empty(), "{found:?}");
        assert_eq!(pieces.concat(), answer["text"].as_str().unwrap());
    }
    generate(&folder, &["a", "b", "--stream"]).fails(2, &["--stream prints one answer, 2 prompts are given", "--json"]);
}

#[test]
fn a_stop_string_ends_an_answer_and_the_context_does() {
    let folder = llama();
    let drawn = ["the cat", "--temperature", "5", "--seed", "1", "--max-tokens", "20"];
    let free = generate(&folder, &drawn).ok();
    let free = free.trim_end_matches('\n');
    let chars: Vec<char> = free.chars().filter(|c| *c != '\u{fffd}').collect();
    let stop = chars[chars.len() / 2].to_string();
    let stopped = lines(&generate(&folder, &[&drawn[..], &["--stop", "never there", "--stop", &stop, "--json"]].concat()).ok());
    assert_eq!((stopped[0]["text"].as_str().unwrap(), &stopped[0]["finish"]), (&free[..free.find(&stop).unwrap()], &json!("stopped")));
    let full = lines(&generate(&folder, &["the cat", "--json"]).ok());
    let made = full[0]["tokens"].as_array().unwrap().len() as u64;
    assert_eq!((&full[0]["finish"], made + full[0]["prompt_tokens"].as_u64().unwrap()), (&json!("context"), 40));
    let end = full[0]["tokens"][3].clone();
    fs::write(folder.path().join("llama/generation_config.json"), json!({"eos_token_id": end}).to_string()).unwrap();
    assert_eq!(lines(&generate(&folder, &["the cat", "--json"]).ok())[0]["finish"], "end-of-text");
}

#[test]
fn equal_seeds_give_equal_texts() {
    let folder = llama();
    let drawn = |seed: &str| {
        generate(
            &folder,
            &["the cat", "on", "--temperature", "2", "--top-k", "90", "--top-p", "0.95", "--max-tokens", "15", "--seed", seed],
        )
        .ok()
    };
    assert_eq!(drawn("3"), drawn("3"));
    assert_ne!(drawn("3"), drawn("4"));
    let penalised = generate(&folder, &["the cat", "--repetition-penalty", "1e9", "--max-tokens", "20", "--json"]).ok();
    let mut tokens: Vec<u64> = lines(&penalised)[0]["tokens"].as_array().unwrap().iter().map(|t| t.as_u64().unwrap()).collect();
    tokens.sort_unstable();
    assert!(tokens.windows(2).all(|pair| pair[0] != pair[1]), "{tokens:?}");
}

#[test]
fn prompts_and_options_that_do_not_fit_are_refused() {
    let folder = llama();
    let long = "the mat ".repeat(40);
    for (arguments, words) in [
        (&["a", ""][..], &["prompt 1 has 0 tokens", "expected some text to go on from"][..]),
        (&["a", &long], &["prompt 1 has", "less than 40, the context of the model; shorten the prompt"]),
        (&["a", "--max-tokens", "0"], &["max tokens is 0, expected at least 1"]),
        (&["a", "--temperature=-1"], &["temperature is -1"]),
        (&["a", "--top-p", "0"], &["top-p is 0"]),
        (&["a", "--precision", "f8"], &["f8", "f32, f16, bf16"]),
        (&[], &["PROMPT"]),
    ] {
        generate(&folder, arguments).fails(2, words);
    }
    within(&folder, &["generate", "--model", "nowhere", "a"]).fails(2, &["nowhere"]);
}

/// A folder that is damaged in some way, and what is said of it.
#[test]
fn damaged_folders_are_refused() {
    let whole = llama();
    let weights = fs::read(whole.path().join("llama/model.safetensors")).unwrap();
    let other = || {
        let config = LlamaConfig::new(200, 24, 28, 2, 4);
        let at = tempfile::tempdir().unwrap();
        config.init::<Cpu>(7, &CpuDevice::default()).unwrap().save(&config, &at.path().join("llama")).unwrap();
        tokenizer(&at.path().join("llama"));
        at
    };
    let damaged = |damage: &dyn Fn(&Path)| {
        let folder = llama();
        damage(&folder.path().join("llama"));
        folder
    };
    let mut huge = (1u64 << 60).to_le_bytes().to_vec();
    huge.extend_from_slice(&weights[8..]);
    let tensors = |at: &Path, change: &dyn Fn(&str, Vec<usize>) -> Option<Vec<usize>>| {
        let file = safetensors::SafeTensors::deserialize(&weights).unwrap();
        let kept = file.tensors().into_iter().filter_map(|(name, t)| {
            let shape = change(&name, t.shape().to_vec())?;
            let bytes = t.data()[..4 * shape.iter().product::<usize>()].to_vec();
            Some((name, shape, bytes))
        });
        let kept: Vec<_> = kept.collect();
        let views = kept.iter().map(|(name, shape, bytes)| (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
        fs::write(at.join("model.safetensors"), serialize(views, None).unwrap()).unwrap();
    };
    let file = |at: &Path, name: &str, bytes: &[u8]| fs::write(at.join(name), bytes).unwrap();
    for (folder, words) in [
        (damaged(&|at| fs::remove_file(at.join("tokenizer.json")).unwrap()), &["tokenizer.json", "write it there"][..]),
        (damaged(&|at| file(at, "tokenizer.json", b"{")), &["tokenizer.json", "expected a tokenizer.json"]),
        (other(), &["tokenizer.json", "vocabulary of 200, found one of 2", "from the same model"]),
        (damaged(&|at| fs::remove_file(at.join("model.safetensors")).unwrap()), &["model.safetensors"]),
        (
            damaged(&|at| file(at, "model.safetensors", &weights[..weights.len() - 3])),
            &["model.safetensors", "not a whole safetensors file"],
        ),
        (damaged(&|at| file(at, "model.safetensors", &huge)), &["model.safetensors", "not a whole safetensors file"]),
        (damaged(&|at| file(at, "model.safetensors", b"")), &["model.safetensors", "not a whole safetensors file"]),
        (
            damaged(&|at| tensors(at, &|name, shape| (name != "model.layers.1.mlp.up_proj.weight").then_some(shape))),
            &["no tensor model.layers.1.mlp.up_proj.weight", "[28, 24]"],
        ),
        (
            damaged(&|at| tensors(at, &|name, shape| Some(if name == "model.norm.weight" { vec![23] } else { shape }))),
            &["tensor model.norm.weight has shape [23], expected [24]"],
        ),
        (damaged(&|at| file(at, "config.json", br#"{"model_type": "gpt2"}"#)), &["config.json", "gpt2", "llama"]),
        (damaged(&|at| fs::remove_file(at.join("config.json")).unwrap()), &["config.json"]),
    ] {
        generate(&folder, &["a"]).fails(2, words);
    }
}

fn numbers(line: &str) -> Vec<f32> {
    line.split(' ').map(|x| x.parse().unwrap()).collect()
}

#[test]
fn texts_become_vectors_in_every_format() {
    let folder = bert();
    let texts = ["the cat", "a dog", "the mat sat"];
    let found = lines(&embed(&folder, &[&texts[..], &["--json"]].concat()).ok());
    let vector = |line: &Value| line["embedding"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect::<Vec<f32>>();
    let vectors: Vec<Vec<f32>> = found.iter().map(vector).collect();
    for ((line, vector), text) in found.iter().zip(&vectors).zip(texts) {
        assert_eq!((&line["kind"], &line["text"]), (&json!("embedding"), &json!(text)));
        assert!(vector.len() == 15 && (vector.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);
    }
    assert_ne!(vectors[0], vectors[1]);
    let near = |a: &[f32], b: &[f32]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
    fs::write(folder.path().join("texts.txt"), texts.join("\n") + "\n").unwrap();
    let plain: Vec<Vec<f32>> = embed(&folder, &["--input", "texts.txt"]).ok().lines().map(numbers).collect();
    assert!(plain.iter().zip(&vectors).all(|(a, b)| near(a, b)) && plain.len() == 3);

    let mut child = command();
    child.current_dir(folder.path()).args(["embed", "--model", "bert", "--input", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = child.spawn().unwrap();
    child.stdin.take().unwrap().write_all(texts.join("\r\n").as_bytes()).unwrap();
    let out = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    assert!(out.lines().map(numbers).zip(&vectors).all(|(a, b)| near(&a, b)) && out.lines().count() == 3);

    let written = lines(&embed(&folder, &["--input", "texts.txt", "--out", "v.safetensors", "--json"]).ok());
    assert_eq!(written, [json!({"kind": "written", "output": "v.safetensors", "rows": 3})]);
    let bytes = fs::read(folder.path().join("v.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let tensor = file.tensor("embeddings").unwrap();
    assert_eq!(tensor.shape(), [3, 15]);
    let all: Vec<f32> = tensor.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    assert!(near(&all, &vectors.concat()));

    assert_eq!(embed(&folder, &["--input", "texts.txt", "--out", "v.parquet"]).ok(), "3 rows in v.parquet\n");
    use arrow_array::cast::AsArray;
    let reader =
        parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(fs::File::open(folder.path().join("v.parquet")).unwrap(), 64);
    let batch = reader.unwrap().next().unwrap().unwrap();
    let column = |name| batch.column_by_name(name).unwrap();
    assert_eq!(column("text").as_string::<i32>().iter().flatten().collect::<Vec<_>>(), texts);
    let values = column("embedding").as_fixed_size_list().values().as_primitive::<arrow_array::types::Float32Type>().values().to_vec();
    assert!(near(&values, &vectors.concat()));
    for (precision, least) in [("f64", 0.999), ("bf16", 0.999), ("int8", 0.99)] {
        let other = embed(&folder, &["the cat", "--precision", precision]).ok();
        let cosine: f32 = numbers(other.trim_end()).iter().zip(&vectors[0]).map(|(a, b)| a * b).sum();
        assert!(cosine > least, "{precision}: {cosine}");
        let differs = !near(&numbers(other.trim_end()), &vectors[0]);
        assert!(differs || precision == "f64", "{precision} rounds");
    }
}

#[test]
fn texts_that_do_not_fit_are_refused() {
    let folder = bert();
    let long = "the mat ".repeat(20);
    fs::write(folder.path().join("holes.txt"), "a\n\nb\n").unwrap();
    fs::write(folder.path().join("empty.txt"), "").unwrap();
    fs::write(folder.path().join("latin.txt"), b"caf\xe9\n").unwrap();
    for (arguments, words) in [
        (&["a", &long][..], &["text 1 has", "at most 11, the places of the model; shorten or truncate the text"][..]),
        (&["a", ""], &["text 1 has 0 tokens"]),
        (&["--input", "nowhere.txt"], &["nowhere.txt", "cannot read"]),
        (&["--input", "holes.txt"], &["holes.txt:2: the line is empty", "delete the line"]),
        (&["--input", "empty.txt"], &["empty.txt: expected a text a line"]),
        (&["--input", "latin.txt"], &["latin.txt", "UTF-8"]),
        (&["a", "--out", "a.csv"], &["a.csv", ".parquet or .safetensors"]),
        (&["a", "--input", "holes.txt"], &["--input"]),
        (&["a", "--precision", "int4"], &["precision is int4, expected f32, f16, bf16, int8 or (CPU only) f64"]),
        (&[], &["TEXT"]),
    ] {
        embed(&folder, arguments).fails(2, words);
    }
    assert_eq!(embed(&folder, &["a", &long, "--truncate"]).ok().lines().count(), 2);
    embed(&folder, &["a", "--out", "no/such/place.parquet"]).fails(1, &["place.parquet"]);
    let decoder = llama();
    within(&decoder, &["embed", "--model", "llama", "a"]).fails(2, &["config.json", "llama", "bert"]);
    fs::remove_file(folder.path().join("bert/tokenizer.json")).unwrap();
    embed(&folder, &["a"]).fails(2, &["tokenizer.json", "write it there"]);
}

#[test]
fn decoding_is_checked_and_timed() {
    let found = lines(&hgql(["bench", "generate", "--preset", "tiny", "--batch", "1,3", "--reps", "2", "--json"]).ok());
    assert_eq!(found.iter().map(|line| line["batch"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 3]);
    for line in &found {
        let positive = ["prefill", "decode", "bytes_per_token", "gbps", "copy_gbps", "percent_of_copy"];
        assert!(positive.iter().all(|key| line[*key].as_f64().unwrap() > 0.0), "{line}");
        assert!(line["peer"].is_null() && line["kind"] == "generate" && line["model"] == "tiny");
    }
    // 2 blocks of 4·36² + 3·36·70 + 2·36, the last norm and the output layer; a row of the embedding; keys and values of 15 tokens.
    let bytes = 4 * (2 * (4 * 36 * 36 + 3 * 36 * 70 + 2 * 36) + 36 + 211 * 36 + 36 + 2 * 2 * 36 * 15);
    assert_eq!(found[0]["bytes_per_token"].as_f64().unwrap(), f64::from(bytes));
    let folder = tempfile::tempdir().unwrap();
    let half = within(&folder, &["bench", "generate", "--preset", "tiny", "--precision", "bf16", "--reps", "1", "--save", "tiny"]).ok();
    assert!(half.contains("decode tokens/s") && half.contains("% of copy") && !half.contains("peer"), "{half}");
    let again = within(&folder, &["bench", "generate", "--model", "tiny", "--prompt", "5", "--new", "3", "--reps", "1", "--json"]).ok();
    assert_eq!((&lines(&again)[0]["model"], &lines(&again)[0]["prompt"]), (&json!("tiny"), &json!(5)));
    hgql(["bench", "generate", "--preset", "tiny", "--peer", "python3"]).fails(2, &["--save DIR", "--model DIR"]);
    hgql(["bench", "generate", "--preset", "tiny", "--prompt", "2040", "--new", "9"]).fails(2, &["exceed the context of 2048"]);
    within(&folder, &["bench", "generate", "--model", "tiny", "--peer", "no-such-python", "--reps", "1"])
        .fails(2, &["no-such-python", "cannot start"]);
}
