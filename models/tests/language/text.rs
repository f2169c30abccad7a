//! Folders with a tokenizer: prompts to answers, texts to embeddings.

use std::ops::ControlFlow;
use std::path::Path;

use hypergraphql_models::Precision;
use hypergraphql_models::text::{BertConfig, BpeOptions, LanguageModel, Overlong, TextEncoder, TextOptions, Tokenizer};
use hypergraphql_models::transformer::{Finish, GenerateOptions, LlamaConfig};
use hypergraphql_ops::{Cpu, CpuDevice};
use serde_json::json;

use super::folder;

const CORPUS: [&str; 4] = ["the cat sat on the mat", "a dog and a cat", "on and on they sat", "the dog ate the mat – ünïcode"];

fn tokenizer() -> Tokenizer {
    Tokenizer::train(CORPUS.into_iter(), &BpeOptions { vocabulary: 275, ..BpeOptions::default() }).unwrap()
}

fn llama(folder: &Path, vocabulary: usize) -> LlamaConfig {
    let config = LlamaConfig { vocab_size: vocabulary, ..folder::llama_config() };
    folder::write(folder, &config.to_json(), &folder::llama(&config));
    tokenizer().save(folder).unwrap();
    config
}

fn open(folder: &Path) -> Result<LanguageModel<Cpu>, String> {
    LanguageModel::from_folder(folder, Precision::F32, &CpuDevice::default()).map_err(|e| e.to_string())
}

fn options(max_tokens: usize) -> TextOptions {
    TextOptions { tokens: GenerateOptions { max_tokens, ..GenerateOptions::default() }, stop: Vec::new() }
}

#[test]
fn pieces_are_the_answer_and_a_stop_string_ends_it() {
    let dir = tempfile::tempdir().unwrap();
    llama(dir.path(), 275);
    let model = open(dir.path()).unwrap();
    let prompts = ["the cat", "a dog and", "on"];
    let mut pieces = vec![String::new(); 3];
    let answers = model
        .generate(&prompts, &options(15), &mut |prompt, text| {
            pieces[prompt].push_str(text);
            ControlFlow::Continue(())
        })
        .unwrap();
    for ((answer, piece), prompt) in answers.iter().zip(&pieces).zip(prompts) {
        assert_eq!(&answer.text, piece);
        assert_eq!((answer.finish, answer.tokens.len()), (Finish::MaxTokens, 15));
        assert_eq!(answer.prompt_tokens, model.tokenizer.encode(prompt, true).unwrap().tokens.len());
        assert_eq!(&model.generate(&[prompt], &options(15), &mut |_, _| ControlFlow::Continue(())).unwrap()[0], answer);
    }
    // The last two whole characters of an answer, where it has so many, end it.
    let text = &answers[0].text;
    let chars: Vec<char> = text.chars().filter(|c| *c != '\u{fffd}').collect();
    let stop: String = chars[chars.len() - 1..].iter().collect();
    let stopped = model
        .generate(&prompts[..1], &TextOptions { stop: vec![stop.clone()], ..options(15) }, &mut |_, _| ControlFlow::Continue(()))
        .unwrap();
    assert_eq!((stopped[0].text.as_str(), stopped[0].finish), (&text[..text.find(&stop).unwrap()], Finish::Stopped));
}

#[test]
fn the_folder_names_the_token_that_ends_a_text() {
    let dir = tempfile::tempdir().unwrap();
    llama(dir.path(), 275);
    let free = open(dir.path()).unwrap().generate(&["the cat"], &options(9), &mut |_, _| ControlFlow::Continue(())).unwrap();
    let end = free[0].tokens[4];
    let at = free[0].tokens.iter().position(|&t| t == end).unwrap();
    std::fs::write(dir.path().join("generation_config.json"), json!({"eos_token_id": [274, end]}).to_string()).unwrap();
    let model = open(dir.path()).unwrap();
    assert_eq!(model.end, [274, end]);
    let answer = model.generate(&["the cat"], &options(9), &mut |_, _| ControlFlow::Continue(())).unwrap();
    let wanted = free[0].tokens.iter().position(|t| [274, end].contains(t)).unwrap_or(at);
    assert_eq!((answer[0].tokens.as_slice(), answer[0].finish), (&free[0].tokens[..wanted], Finish::EndOfText));
}

#[test]
fn empty_prompts_and_other_tokenizers_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    llama(dir.path(), 275);
    let text = open(dir.path()).unwrap().generate(&["a", ""], &options(3), &mut |_, _| ControlFlow::Continue(())).unwrap_err().to_string();
    assert_eq!(text, "prompt 1 has 0 tokens, expected some text to go on from");
    llama(dir.path(), 200);
    let text = open(dir.path()).unwrap_err();
    assert!(text.contains("tokenizer.json: expected the tokenizer of a model with a vocabulary of 200, found one of"), "{text}");
    std::fs::remove_file(dir.path().join("tokenizer.json")).unwrap();
    assert!(open(dir.path()).unwrap_err().contains("tokenizer.json: expected the tokenizer of the model; write it there"));
}

#[test]
fn texts_become_embeddings() {
    let dir = tempfile::tempdir().unwrap();
    let config = BertConfig { vocab_size: 275, ..folder::bert_config() };
    folder::write(dir.path(), &folder::bert_json(&config), &folder::bert(&config));
    tokenizer().save(dir.path()).unwrap();
    let encoder = TextEncoder::<Cpu>::from_folder(dir.path(), Precision::F32, &CpuDevice::default()).unwrap();
    let texts = ["the cat", "a dog", "the mat"];
    let together = encoder.embed(&texts, Overlong::Refuse).unwrap();
    for (text, embedding) in texts.iter().zip(&together) {
        let alone = &encoder.embed(&[text], Overlong::Refuse).unwrap()[0];
        assert!(alone.iter().zip(embedding).all(|(a, b)| (a - b).abs() < 1e-6));
        assert!((embedding.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);
    }
    let long = "the mat ".repeat(20);
    let refused = |texts: &[&str]| encoder.embed(texts, Overlong::Refuse).unwrap_err().to_string();
    assert!(refused(&["a", &long]).starts_with("text 1 has "), "{}", refused(&["a", &long]));
    assert!(refused(&["a", &long]).ends_with("expected at most 11, the places of the model; shorten or truncate the text"));
    assert_eq!(refused(&[""]), "text 0 has 0 tokens, expected some text");
    let cut = &encoder.embed(&[&long], Overlong::Truncate).unwrap()[0];
    assert!(cut.iter().all(|x| x.is_finite()) && cut != &together[0]);
}
