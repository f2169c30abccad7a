//! Generation: the same tokens alone and in a batch, with and without a cache; ends and limits.

use std::ops::ControlFlow;

use hypergraphql_models::Precision;
use hypergraphql_models::transformer::{Emitted, Finish, GenerateOptions, Generated, LlamaDecoder, SamplingOptions, TokenBatch, generate};

use super::folder;
use super::llama::{load, numbers};

const TOKENS: usize = 12;

/// 32 prompts of 1 to 9 tokens.
fn prompts() -> Vec<Vec<u32>> {
    (0..32u32).map(|i| (0..1 + (i * 5) % 9).map(|j| (i * 7 + j * j * 3 + 1) % 35).collect()).collect()
}

fn run(prompts: &[Vec<u32>], options: &GenerateOptions) -> Vec<Generated> {
    let (model, context) = load(&folder::llama_config(), Precision::F32);
    generate(&mut LlamaDecoder::new(&model, &context), prompts, options, &mut |_| ControlFlow::Continue(())).unwrap()
}

fn greedy() -> GenerateOptions {
    GenerateOptions { max_tokens: TOKENS, ..GenerateOptions::default() }
}

#[test]
fn a_batch_gives_the_tokens_of_each_prompt_alone() {
    let together = run(&prompts(), &greedy());
    assert_eq!(together.len(), 32);
    for (prompt, answer) in prompts().into_iter().zip(&together) {
        assert_eq!(&run(&[prompt], &greedy())[0], answer);
        assert_eq!((answer.tokens.len(), answer.finish), (TOKENS, Finish::MaxTokens));
    }
    let distinct: std::collections::BTreeSet<_> = together.iter().map(|answer| &answer.tokens).collect();
    assert!(distinct.len() > 16, "the answers differ: {}", distinct.len());
}

#[test]
fn a_cache_gives_the_tokens_of_reading_all_again() {
    let (model, context) = load(&folder::llama_config(), Precision::F32);
    for (prompt, answer) in prompts().into_iter().zip(run(&prompts(), &greedy())) {
        let mut ids = prompt.clone();
        for _ in 0..TOKENS {
            let logits = numbers(model.forward(&TokenBatch::new(&[ids.as_slice()]).unwrap(), &context).unwrap());
            let last = &logits[logits.len() - 35..];
            let best = (0..35).max_by(|&a, &b| last[a].total_cmp(&last[b]).then(b.cmp(&a))).unwrap();
            ids.push(best as u32);
        }
        assert_eq!(ids[prompt.len()..], answer.tokens);
    }
}

#[test]
fn sequences_end_by_themselves_while_others_go_on() {
    let free = run(&prompts(), &greedy());
    // The most frequent third token ends the answers that reach it.
    let thirds: Vec<u32> = free.iter().map(|answer| answer.tokens[2]).collect();
    let end = *thirds.iter().max_by_key(|t| thirds.iter().filter(|u| u == t).count()).unwrap();
    let ended = run(&prompts(), &GenerateOptions { end: vec![end], ..greedy() });
    assert!(ended.iter().any(|answer| answer.finish == Finish::EndOfText) && ended.iter().any(|answer| answer.finish == Finish::MaxTokens));
    for (free, ended) in free.iter().zip(&ended) {
        let cut = free.tokens.iter().position(|&t| t == end);
        assert_eq!(ended.tokens, free.tokens[..cut.unwrap_or(TOKENS)]);
        assert_eq!(ended.finish, if cut.is_some() { Finish::EndOfText } else { Finish::MaxTokens });
    }
}

#[test]
fn tokens_stream_and_the_caller_may_stop() {
    let (model, context) = load(&folder::llama_config(), Precision::F32);
    let prompts = &prompts()[..3];
    let mut streamed = vec![Vec::new(); 3];
    let mut on_token = |Emitted { sequence, token }: Emitted| {
        streamed[sequence].push(token);
        if sequence == 1 && streamed[1].len() == 4 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let answers = generate(&mut LlamaDecoder::new(&model, &context), prompts, &greedy(), &mut on_token).unwrap();
    assert_eq!(answers.iter().map(|answer| answer.tokens.clone()).collect::<Vec<_>>(), streamed);
    assert_eq!(answers.iter().map(|answer| answer.finish).collect::<Vec<_>>(), [Finish::MaxTokens, Finish::Stopped, Finish::MaxTokens]);
    assert_eq!(streamed[1].len(), 4);
}

#[test]
fn samples_are_repeatable_and_independent_of_the_batch() {
    let sampling = SamplingOptions { temperature: 0.8, top_k: 20, top_p: 0.95, repetition_penalty: 1.2, seed: 5 };
    let options = GenerateOptions { sampling, ..greedy() };
    let prompts = &prompts()[..7];
    let answers = run(prompts, &options);
    assert_eq!(run(prompts, &options), answers);
    assert_eq!(run(&prompts[..1], &options)[0], answers[0]);
    assert_ne!(run(prompts, &GenerateOptions { sampling: SamplingOptions { seed: 6, ..sampling }, ..greedy() }), answers);
    assert_ne!(run(prompts, &greedy()), answers);
}

#[test]
fn the_context_ends_an_answer_and_prompts_must_fit() {
    let (model, context) = load(&folder::llama_config(), Precision::F32);
    let try_it = |prompts: &[Vec<u32>], options: &GenerateOptions| {
        generate(&mut LlamaDecoder::new(&model, &context), prompts, options, &mut |_| ControlFlow::Continue(()))
    };
    let answers = try_it(&[vec![1; 36], vec![2; 3]], &greedy()).unwrap();
    assert_eq!((answers[0].tokens.len(), answers[0].finish), (4, Finish::Context));
    assert_eq!((answers[1].tokens.len(), answers[1].finish), (TOKENS, Finish::MaxTokens));
    let refused = |prompts: &[Vec<u32>], options: &GenerateOptions| try_it(prompts, options).unwrap_err().to_string();
    assert!(
        refused(&[vec![1], vec![1; 40]], &greedy()).starts_with("prompt 1 has 40 tokens, expected less than 40, the context of the model")
    );
    assert!(refused(&[vec![]], &greedy()).starts_with("prompt 0 has 0 tokens, expected at least 1; an empty prompt"));
    assert!(refused(&[], &greedy()).starts_with("number of prompts is 0"));
    assert!(refused(&[vec![1]], &GenerateOptions { max_tokens: 0, ..greedy() }).starts_with("max tokens is 0"));
    let sampling = SamplingOptions { top_p: 2.0, ..SamplingOptions::default() };
    assert!(refused(&[vec![1]], &GenerateOptions { sampling, ..greedy() }).starts_with("top-p is 2"));
}
