//! Pairs: states, scores and losses against plain loops and central differences; what is learned, resumed and found; odd sizes and bad input.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

mod gradients;
mod loops;
mod odd;
#[path = "../support/parameters.rs"]
mod parameters;
mod training;

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Tensor, TensorData};
use hypergraphql_framework::Features;
use hypergraphql_framework::links::{Link, LinkDataset};
use hypergraphql_models::checkpoint::Path;
use hypergraphql_models::pairs::{Connection, PairConfig, PairData, PairOptions, PairTrainConfig};
use hypergraphql_models::schedule::Schedule;
use hypergraphql_models::train::TrainConfig;
use hypergraphql_ops::{CpuDevice, HyperBackend};
use parameters::{stirred, values};

type Rows = Vec<Vec<f64>>;

fn device() -> CpuDevice {
    CpuDevice::default()
}

/// Values in (−1, 1) that follow no pattern of rows or columns.
fn rows(count: usize, width: usize, seed: usize) -> Rows {
    (0..count).map(|i| (0..width).map(|j| ((i * width + j) as f64 * 1.7 + seed as f64 * 0.9 + 0.3).sin()).collect()).collect()
}

fn matrix<B: HyperBackend>(x: &Rows, width: usize) -> Tensor<B, 2> {
    let values: Vec<f64> = x.iter().flatten().copied().collect();
    Tensor::from_data(TensorData::new(values, [x.len(), width]), (&B::Device::default(), DType::F64))
}

/// All parameters by name, row after row.
#[derive(Default)]
struct Named {
    path: Path,
    all: BTreeMap<String, (Vec<usize>, Vec<f64>)>,
}

impl<B: HyperBackend> ModuleVisitor<B> for Named {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<B, D>>) {
        self.all.insert(self.path.name(), (param.val().dims().to_vec(), values(param.val())));
    }
}

impl Named {
    fn of<B: HyperBackend, M: Module<B>>(module: &M) -> Self {
        let mut named = Self::default();
        module.visit(&mut named);
        named
    }

    fn has(&self, name: &str) -> bool {
        self.all.contains_key(name)
    }

    fn matrix(&self, name: &str) -> Rows {
        let (shape, values) = &self.all[name];
        values.chunks(*shape.last().unwrap()).map(<[f64]>::to_vec).collect()
    }

    fn vector(&self, name: &str) -> Vec<f64> {
        self.all[name].1.clone()
    }

    /// x W + b
    fn linear(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let mut y = times(x, &self.matrix(&format!("{name}.weight")));
        y.iter_mut().zip(self.vector(&format!("{name}.bias"))).for_each(|(y, b)| *y += b);
        y
    }
}

fn times(x: &[f64], w: &Rows) -> Vec<f64> {
    (0..w[0].len()).map(|o| x.iter().zip(w).map(|(x, row)| x * row[o]).sum()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Seven nodes, of which the last is in no training connection; two connections of one pair, in both directions, of three relations.
const TRAIN: [(u32, u32, u32); 8] = [(3, 0, 1), (1, 1, 3), (0, 2, 5), (5, 0, 2), (2, 1, 4), (4, 0, 0), (1, 0, 5), (1, 2, 5)];
const NODES: usize = 7;

fn small(directed: bool) -> PairData {
    let link = |&(subject, relation, object): &(u32, u32, u32)| Link { subject, relation, object, qualifiers: vec![] };
    let names = |prefix: &str, count: usize| (0..count).map(|i| format!("{prefix}{i}")).collect();
    let data = LinkDataset {
        entities: names("e", NODES),
        relations: names("r", 3),
        train: TRAIN.iter().map(link).collect(),
        valid: vec![link(&(2, 0, 3)), link(&(2, 2, 3)), link(&(0, 1, 1))],
        test: vec![link(&(6, 1, 0))],
    };
    PairData::of_links(&data, &PairOptions { directed, ..PairOptions::default() }).unwrap()
}

/// Nodes in blocks, a type for every two blocks that have connections: of 3 · `size` nodes, block 0 with 0 (type 0) and with 1 (type 1), and block 2 with 2 (type 2).
fn blocks(size: u32, options: &PairOptions) -> PairData {
    let mut links = Vec::new();
    let mut join = |a: u32, b: u32, relation: u32| {
        for i in 0..size {
            for step in [1, 2, 4, 7] {
                links.push(Link { subject: a * size + i, relation, object: b * size + (i + step) % size, qualifiers: vec![] });
            }
        }
    };
    join(0, 0, 0);
    join(0, 1, 1);
    join(2, 2, 2);
    let names = |prefix: &str, count: u32| (0..count).map(|i| format!("{prefix}{i}")).collect();
    let data = LinkDataset { entities: names("e", 3 * size), relations: names("r", 3), train: links, valid: vec![], test: vec![] };
    // The folder has one part alone: a split is drawn.
    PairData::of_links(&data, &PairOptions { split: options.split.or(Some([0.8, 0.1, 0.1])), ..*options }).unwrap()
}

fn network(data: &PairData) -> PairConfig {
    PairConfig::of(data).with_width(16).with_heads(2).with_relation_width(5).with_dropout(0.0)
}

fn options(epochs: usize) -> PairTrainConfig {
    let train = TrainConfig { epochs, lr: 0.02, seed: 3, schedule: Schedule::Cosine, ..PairTrainConfig::default().train };
    PairTrainConfig { train, batch_size: 32, evaluate_every: 5, eval_negatives: 20, ..PairTrainConfig::default() }
}

fn with_features(mut data: PairData, x: &Rows) -> PairData {
    let width = x[0].len();
    let values: Vec<f32> = x.iter().flatten().map(|v| *v as f32).collect();
    data.features = Features::Dense(ndarray::Array2::from_shape_vec((x.len(), width), values).unwrap());
    data
}

fn connection(source: u32, target: u32, relation: u32) -> Connection {
    Connection { source, target, relation }
}
