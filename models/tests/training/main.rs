//! Training on a stochastic block hypergraph: it learns, resumes bit for bit, does not depend on threads, and fails clearly.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

mod batches;
mod corrupt;
mod fail;
mod half;
mod learn;
mod predict;
mod resume;
mod threads;

use hypergraphql_framework::encodings::Encoding;
use hypergraphql_framework::generate::{StochasticBlock, stochastic_block};
use hypergraphql_framework::{Dataset, Split, splits};
use hypergraphql_models::checkpoint::{self, Checkpoint};
use hypergraphql_models::schedule::Schedule;
use hypergraphql_models::task::{NodeTask, SyntheticFeatures, TaskConfig};
use hypergraphql_models::train::{EpochRecord, TrainConfig, Trainer};
use hypergraphql_models::{LayerKind, NodeClassifierConfig, Norm};
use hypergraphql_ops::Cpu;

const CLASSES: usize = 3;

/// 211 nodes in 3 blocks, 307 hyperedges of 5 members mostly of one block, no features; every 11th node unlabelled.
fn dataset() -> Dataset {
    let sizes = StochasticBlock { nodes: 211, hyperedges: 307, size: 5, classes: CLASSES, homophily: 0.9 };
    let mut dataset = stochastic_block(&sizes, 5).unwrap();
    let labels = dataset.labels.as_mut().unwrap();
    labels.of.iter_mut().step_by(11).for_each(|l| *l = None);
    dataset
}

fn task(dataset: &Dataset) -> NodeTask<Cpu> {
    let synthetic = Some(SyntheticFeatures { width: 100, sigma: 0.3, seed: 9 });
    let config = TaskConfig { self_loops: true, synthetic, encoding: Encoding::None };
    NodeTask::new(dataset, &config.prepare(dataset).unwrap(), config, &Default::default()).unwrap()
}

fn split() -> Split {
    splits::random(211, [0.5, 0.25, 0.25], 3).unwrap()
}

fn network(layer: LayerKind) -> NodeClassifierConfig {
    let norm = if matches!(layer, LayerKind::Attention | LayerKind::StarE) { Norm::Layer } else { Norm::None };
    NodeClassifierConfig::new(layer, 100, CLASSES).with_hidden(20).with_heads(2).with_norm(norm)
}

/// Everything that a resumed training has to remember: schedule, warm-up, patience, clipping, decay, class weights, dropout.
fn config() -> TrainConfig {
    TrainConfig {
        seed: 7,
        epochs: 30,
        lr: 0.01,
        weight_decay: 1e-4,
        schedule: Schedule::Cosine,
        warmup: 3,
        patience: Some(20),
        clip: Some(0.5),
        class_weights: "balanced".parse().unwrap(),
        ..TrainConfig::default()
    }
}

fn run(trainer: &mut Trainer<'_, Cpu>, epochs: usize) -> Vec<EpochRecord> {
    let mut done = Vec::new();
    while done.len() < epochs && !trainer.is_finished() {
        done.push(trainer.epoch().unwrap());
    }
    done
}

fn saved(trainer: &Trainer<'_, Cpu>) -> Checkpoint {
    trainer.checkpoint(serde_json::Value::Null).unwrap()
}

fn stored(trainer: &Trainer<'_, Cpu>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    checkpoint::write(&folder.path().join("c"), saved(trainer)).unwrap();
    folder
}
