//! What is generated with a memory.

use std::ops::ControlFlow;

use burn::module::Module;
use hypergraphql_models::Precision;
use hypergraphql_models::graph_memory::{Asking, FactGraph, FactList, LossWeights, MemoryContext, MemoryDecoder, Reading};
use hypergraphql_models::transformer::{Decoder, GenerateOptions, LlamaDecoder, TokenBatch, generate};
use hypergraphql_ops::Cpu;

use super::{VOCABULARY, base_config, config, device, facts, graph, model, names, questions, stirred, values};

fn context(precision: Precision) -> MemoryContext<Cpu> {
    MemoryContext::new(&config(), &base_config(), precision, &device()).unwrap()
}

/// Step by step the decoder gives the probabilities whose mean logarithm is the loss.
#[test]
fn decoding_agrees_with_the_loss() {
    let (list, names, context) = (facts(), names(), context(Precision::F64));
    let model = stirred::<Cpu>(&config());
    let graph = graph(&list);
    let loss = model.losses(&questions(), &Asking { graph: &graph, names: &names }, &context, LossWeights::default()).unwrap();
    let memory = model.encode(&graph, Precision::F64).unwrap();
    let (mut sum, mut rows) = (0.0, 0.0);
    for (prompt, answer) in [(vec![9, 12, 1, 13], vec![2, 3]), (vec![10, 11, 7], vec![6, 1]), (vec![9, 8, 2], vec![20])] {
        let mut decoder = MemoryDecoder::new(&model, &context, Some(&memory), &names);
        let mut logits = decoder.prefill(&TokenBatch::new(&[prompt]).unwrap()).unwrap();
        for token in answer.into_iter().chain([super::END]) {
            let total: f64 = logits.iter().map(|l| f64::from(*l).exp()).sum();
            assert!((total - 1.0).abs() < 1e-5, "probabilities sum to {total}");
            sum -= f64::from(logits[token as usize]);
            rows += 1.0;
            logits = decoder.step(vec![token]).unwrap();
        }
        let evidence = decoder.evidence(0);
        assert!(evidence.is_sorted_by(|a, b| a.weight >= b.weight) && !evidence.is_empty());
        assert!(evidence.iter().map(|e| e.weight).sum::<f64>() <= 1.0 + 1e-6);
        assert!(evidence.iter().all(|e| (e.slot as usize) < list.slots() && e.weight >= 0.0));
    }
    let expected = values(loss.answer)[0];
    assert!((sum / rows - expected).abs() < 1e-5 * expected, "{} {expected}", sum / rows);
}

/// With closed gates the memory changes no bit of the logits, and without a memory the decoder is the plain one.
#[test]
fn closed_gates_leave_the_decoder_as_it_is() {
    let (list, names, context) = (facts(), names(), context(Precision::F32));
    let model = model::<Cpu>(&config());
    let memory = model.encode(&graph(&list), Precision::F32).unwrap();
    let batch = TokenBatch::new(&[vec![1, 2, 3], vec![4, 5]]).unwrap();
    let plain = model.base.forward(&batch, &context.decoder).unwrap();
    let mut reads = 0;
    let reading = Reading::new(&memory, &batch, &[0, 2, 4], &device()).unwrap();
    let h = model.hidden(&batch, &context, None, Some(&reading), &mut |_| reads += 1).unwrap();
    assert_eq!((values(model.base.logits(h, Precision::F32)), reads), (values(plain), 2));
    let mut with = MemoryDecoder::new(&model, &context, None, &names);
    let mut plain = LlamaDecoder::new(&model.base, &context.decoder);
    assert_eq!(with.prefill(&batch).unwrap(), plain.prefill(&batch).unwrap());
    // One of two answers has ended.
    with.keep(&[false, true]).unwrap();
    plain.keep(&[false, true]).unwrap();
    assert_eq!(with.step(vec![6]).unwrap(), plain.step(vec![6]).unwrap());
}

/// A batch of prompts gives the tokens and the evidence of each prompt alone.
#[test]
fn batches_change_no_answer() {
    let (list, names, context) = (facts(), names(), context(Precision::F32));
    let model = stirred::<Cpu>(&config()).map(&mut ToF32);
    let memory = model.encode(&graph(&list), Precision::F32).unwrap();
    let prompts: Vec<Vec<u32>> =
        (0..32u32).map(|i| (0..1 + i * 5 % 7).map(|j| (i * 3 + j * j + 1) % VOCABULARY as u32).collect()).collect();
    let options = GenerateOptions { max_tokens: 6, end: vec![super::END], ..GenerateOptions::default() };
    let run = |prompts: &[Vec<u32>]| {
        let mut decoder = MemoryDecoder::new(&model, &context, Some(&memory), &names);
        generate(&mut decoder, prompts, &options, &mut |_| ControlFlow::Continue(())).unwrap()
    };
    let together = run(&prompts);
    for (prompt, answer) in prompts.into_iter().zip(&together) {
        let alone = &run(&[prompt])[0];
        assert_eq!((&alone.tokens, alone.finish), (&answer.tokens, answer.finish));
        assert_eq!(alone.evidence.len(), answer.evidence.len());
        for (a, b) in alone.evidence.iter().zip(&answer.evidence) {
            assert!(a.slot == b.slot && (a.weight - b.weight).abs() < 1e-4, "{a:?} {b:?}");
        }
    }
    assert!(together.iter().any(|answer| answer.tokens.len() < 6) || together.iter().any(|answer| answer.tokens.len() > 1));
}

/// Parameters in f32 again.
struct ToF32;

impl burn::module::ModuleMapper<Cpu> for ToF32 {
    fn map_float<const D: usize>(
        &mut self,
        param: burn::module::Param<burn::tensor::Tensor<Cpu, D>>,
    ) -> burn::module::Param<burn::tensor::Tensor<Cpu, D>> {
        let (id, tensor, mapper) = param.consume();
        burn::module::Param::from_mapped_value(id, tensor.cast(burn::tensor::DType::F32), mapper)
    }
}

#[test]
fn bad_facts_are_refused() {
    let refused = |list: &FactList, vocabulary| FactGraph::<Cpu>::new(list, vocabulary, 2, &device()).unwrap_err().to_string();
    let none = FactList::new(vec![vec![1]], vec![], vec![]).unwrap();
    assert!(refused(&none, 23).starts_with("facts of a memory is 0, expected at least 1; a store without hyperedges"));
    assert!(refused(&facts(), 15).contains("token 15 is outside the vocabulary of 15 tokens"));
}
