//! The hypergraph memory: against plain loops in f64, gradients against central differences, and what closed gates, edits and batches change.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

mod gradients;
mod loops;
#[path = "../support/parameters.rs"]
mod parameters;
mod reading;
mod training;

use burn::tensor::Tensor;
use hypergraphql_models::graph_memory::{
    Asked, FactGraph, FactList, HypergraphTransformer, HypergraphTransformerConfig, Names, QuestionBatch,
};
use hypergraphql_models::transformer::LlamaConfig;
use hypergraphql_ops::{CpuDevice, HyperBackend};
use parameters::values;

/// Tokens of the vocabulary; the last one ends answers.
const VOCABULARY: usize = 23;
const END: u32 = 22;

fn base_config() -> LlamaConfig {
    LlamaConfig { num_key_value_heads: 1, max_position_embeddings: 32, ..LlamaConfig::new(VOCABULARY, 12, 10, 3, 2) }
}

fn config() -> HypergraphTransformerConfig {
    HypergraphTransformerConfig {
        width: 8,
        name_heads: 2,
        name_places: 2,
        heads: 2,
        head_width: 5,
        feed_forward: 7,
        query_gates: 3,
        missing_gates: 2,
        blocks: vec![0, 2],
        top_k: 4,
        message_passing: true,
    }
}

/// Facts of 1 to 4 members; entity 0 is a hub, entity 3 twice in one fact, entity 5 in none, names of 1 to 3 tokens.
fn facts() -> FactList {
    let entities = vec![vec![1], vec![2, 3], vec![2, 4, 5], vec![6, 1], vec![7], vec![8, 2]];
    let mut list = FactList::new(entities, vec![vec![9], vec![10, 11]], vec![vec![12], vec![13], vec![12, 14], vec![15]]).unwrap();
    list.push(0, &[(0, 0), (1, 1)]).unwrap();
    list.push(1, &[(2, 0), (0, 1), (3, 2), (4, 3)]).unwrap();
    list.push(0, &[(0, 0)]).unwrap();
    list.push(1, &[(3, 0), (0, 2), (3, 3)]).unwrap();
    list
}

fn names() -> Names {
    Names::new(facts().entities().to_vec(), END)
}

/// Two questions that facts answer, the second with two gold slots, and one that none answers.
fn questions() -> QuestionBatch {
    let asked =
        |prompt: &[u32], answer: &[u32], gold: &[u32]| Asked { prompt: prompt.to_vec(), answer: answer.to_vec(), gold: gold.to_vec() };
    let list = vec![asked(&[9, 12, 1, 13], &[2, 3], &[1]), asked(&[10, 11, 7], &[6, 1], &[4, 7]), asked(&[9, 8, 2], &[20], &[])];
    QuestionBatch::new(list, END).unwrap()
}

fn graph<B: HyperBackend>(list: &FactList) -> FactGraph<B> {
    FactGraph::new(list, VOCABULARY, config().name_places, &B::Device::default()).unwrap()
}

fn model<B: HyperBackend>(config: &HypergraphTransformerConfig) -> HypergraphTransformer<B> {
    let device = B::Device::default();
    config.init(base_config().init(3, &device).unwrap(), &base_config(), 4, &device).unwrap()
}

fn stirred<B: HyperBackend>(config: &HypergraphTransformerConfig) -> HypergraphTransformer<B> {
    parameters::stirred(model(config))
}

type Rows = Vec<Vec<f64>>;

fn to_rows<B: HyperBackend>(x: Tensor<B, 2>) -> Rows {
    let width = x.dims()[1];
    values(x).chunks(width).map(<[f64]>::to_vec).collect()
}

fn near(got: &[f64], expected: &[f64], what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (i, (g, e)) in got.iter().zip(expected).enumerate() {
        assert!((g - e).abs() <= 1e-10 * e.abs().max(1.0), "{what}: element {i} is {g}, expected {e}");
    }
}

fn device() -> CpuDevice {
    CpuDevice::default()
}
