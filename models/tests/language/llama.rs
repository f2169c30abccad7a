//! The decoder against plain loops, in every precision of the CPU.

use burn::tensor::Tensor;
use hypergraphql_models::Precision;
use hypergraphql_models::transformer::{KvCache, Llama, LlamaConfig, LlamaContext, TokenBatch};
use hypergraphql_ops::{Cpu, CpuDevice};

use super::folder;
use super::reference::{self, difference};

pub(crate) fn load(config: &LlamaConfig, precision: Precision) -> (Llama<Cpu>, LlamaContext<Cpu>) {
    let dir = tempfile::tempdir().unwrap();
    folder::write(dir.path(), &config.to_json(), &folder::llama(config));
    let device = CpuDevice::default();
    let (model, read) = Llama::from_folder(dir.path(), precision, &device).unwrap();
    assert_eq!(&read, config);
    (model, LlamaContext::new(config, precision, &device).unwrap())
}

pub(crate) fn numbers<const D: usize>(x: Tensor<Cpu, D>) -> Vec<f64> {
    x.into_data().iter::<f64>().collect()
}

fn sequences() -> Vec<Vec<u32>> {
    vec![vec![3, 1, 4, 1, 5, 9, 2], vec![6], vec![34, 0, 33, 7, 7, 8, 2], vec![1, 2, 3]]
}

fn expected(config: &LlamaConfig, sequences: &[Vec<u32>]) -> Vec<f64> {
    let arrays = folder::llama(config);
    sequences.iter().flat_map(|ids| reference::llama(config, &arrays, ids)).flatten().collect()
}

#[test]
fn logits_are_those_of_plain_loops() {
    let untied = folder::llama_config();
    let tied = LlamaConfig { tie_word_embeddings: true, attention_bias: false, mlp_bias: false, rope_theta: 300.0, ..untied.clone() };
    for config in [untied, tied] {
        // A bound of the logits' error relative to their size, by the bits of the type.
        for (precision, bound) in [(Precision::F64, 1e-12), (Precision::F32, 2e-5), (Precision::F16, 2e-2), (Precision::Bf16, 2e-1)] {
            let (model, context) = load(&config, precision);
            let expected = expected(&config, &sequences());
            let got = numbers(model.forward(&TokenBatch::new(&sequences()).unwrap(), &context).unwrap());
            let size = expected.iter().map(|x| x.abs()).fold(0.0, f64::max);
            let d = difference(&expected, got) / size;
            assert!(d < bound, "{precision}: {d}");
        }
    }
}

#[test]
fn parameters_in_f32_serve_half_precision_too() {
    let config = folder::llama_config();
    let (model, _) = load(&config, Precision::F32);
    let context = LlamaContext::new(&config, Precision::Bf16, &CpuDevice::default()).unwrap();
    let expected = expected(&config, &sequences());
    let logits = model.forward(&TokenBatch::new(&sequences()).unwrap(), &context).unwrap();
    assert_eq!(logits.dtype(), burn::tensor::DType::F32);
    let size = expected.iter().map(|x| x.abs()).fold(0.0, f64::max);
    assert!(difference(&expected, numbers(logits)) / size < 2e-1);
}

#[test]
fn a_cache_gives_the_logits_of_the_whole() {
    let config = folder::llama_config();
    let (model, context) = load(&config, Precision::F64);
    let whole = [vec![3u32, 1, 4, 1, 5, 9], vec![2, 6, 5, 3, 5, 8], vec![9, 7, 9, 3]];
    let last = |cut: usize| -> Vec<f64> {
        let arrays = folder::llama(&config);
        whole.iter().flat_map(|ids| reference::llama(&config, &arrays, &ids[..ids.len() - cut]).pop().unwrap()).collect()
    };
    let mut cache = context.cache();
    // Without the last two tokens, then one by one.
    let start = TokenBatch::new(&whole.iter().map(|ids| &ids[..ids.len() - 2]).collect::<Vec<_>>()).unwrap();
    let logits = numbers(model.next_logits(&start, &context, &mut cache).unwrap());
    assert!(difference(&last(2), logits) < 1e-11);
    for cut in [1, 0] {
        let next: Vec<u32> = whole.iter().map(|ids| ids[ids.len() - cut - 1]).collect();
        let batch = TokenBatch::step(next, &cache.sequences()).unwrap();
        let logits = numbers(model.next_logits(&batch, &context, &mut cache).unwrap());
        assert!(difference(&last(cut), logits) < 1e-11, "{cut}");
    }
    assert_eq!(cache.bytes(), 2 * 2 * (6 + 6 + 4) * 2 * 6 * 8, "blocks, keys and values, tokens, heads, features, bytes");
}

#[test]
fn several_tokens_may_follow_a_cache_and_sequences_leave_it() {
    let config = folder::llama_config();
    let (model, context) = load(&config, Precision::F64);
    let whole = [vec![3u32, 1, 4, 1, 5, 9], vec![2, 6, 5, 3, 5, 8], vec![9, 7, 9, 3]];
    let mut cache = context.cache();
    let start: Vec<&[u32]> = whole.iter().map(|ids| &ids[..2]).collect();
    model.next_logits(&TokenBatch::new(&start[..2]).unwrap(), &context, &mut cache).unwrap();
    // The first goes; the second reads the rest at once.
    cache.keep(&[false, true]).unwrap();
    let logits = numbers(model.next_logits(&TokenBatch::new(&[&whole[1][2..]]).unwrap(), &context, &mut cache).unwrap());
    let expected = reference::llama(&config, &folder::llama(&config), &whole[1]).pop().unwrap();
    assert!(difference(&expected, logits) < 1e-11);
    // A batch that does not go on from it.
    let text = model.next_logits(&TokenBatch::new(&start).unwrap(), &context, &mut cache).unwrap_err().to_string();
    assert!(text.starts_with("the groups of a batch that goes on from a cache"), "{text}");
    assert!(cache.keep(&[true, true]).is_err());
    assert!(KvCache::<Cpu>::new(2).groups().is_empty());
}

#[test]
fn the_function_before_blocks_sees_and_changes_rows() {
    let config = folder::llama_config();
    let (model, context) = load(&config, Precision::F64);
    let batch = TokenBatch::new(&sequences()).unwrap();
    let plain = numbers(model.forward(&batch, &context).unwrap());
    let mut seen = Vec::new();
    let same = model.hidden(&batch, &context, None, &mut |i, x| {
        seen.push((i, x.dims()));
        Ok(x)
    });
    assert_eq!(numbers(model.logits(same.unwrap(), Precision::F64)), plain);
    assert_eq!(seen, [(0, [18, 20]), (1, [18, 20])]);
    let changed = model.hidden(&batch, &context, None, &mut |i, x| Ok(if i == 1 { x * 2.0 } else { x })).unwrap();
    assert!(difference(&plain, numbers(model.logits(changed, Precision::F64))) > 1e-3);
}

#[test]
fn what_the_network_cannot_read_is_refused() {
    let config = folder::llama_config();
    let (model, context) = load(&config, Precision::F32);
    let forward = |ids: Vec<u32>| model.forward(&TokenBatch::new(&[ids]).unwrap(), &context).unwrap_err().to_string();
    assert!(forward(vec![1; 41]).starts_with("a sequence has 41 tokens, expected at most 40, the context of the model"));
    assert!(forward(vec![1, 35]).starts_with("the input: token 35 is outside the vocabulary of 35 tokens"));
    assert_eq!(
        config.init::<Cpu>(1, &CpuDevice::default()).map(|m| burn::module::Module::<Cpu>::num_params(&m)).unwrap() as u64,
        config.parameters()
    );
}
