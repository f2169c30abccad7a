//! Link prediction: scores against plain loops, what is learned from qualifiers, resuming, and bad input.
#![allow(clippy::unwrap_used, reason = "a test ends where something unexpected is found")]

use hypergraphql_framework::links::{Link, LinkDataset};
use hypergraphql_models::Precision;
use hypergraphql_models::checkpoint::{self, NamedTensors};
use hypergraphql_models::layers::Masks;
use hypergraphql_models::link::{Answers, LinkCheckpoint, LinkConfig, LinkTrainConfig, LinkTrainer, Query, evaluate, statements};
use hypergraphql_models::train::TrainConfig;
use hypergraphql_ops::{Cpu, CpuDevice};

/// (s, r, ?) has the answer s + k in a circle, where k is said by a qualifier alone.
fn circle(entities: u32, kinds: u32) -> LinkDataset {
    let name = |prefix: &str, count: u32| (0..count).map(|i| format!("{prefix}{i}")).collect::<Vec<_>>();
    let link = |subject, kind| Link {
        subject,
        relation: 0,
        object: (subject + kind + 1) % entities,
        qualifiers: if kind == 0 { vec![] } else { vec![(1, entities + kind)] },
    };
    let train: Vec<Link> = (0..entities).flat_map(|subject| (0..kinds).map(move |kind| link(subject, kind))).collect();
    let valid = train.iter().step_by(3).cloned().collect();
    LinkDataset { entities: name("e", entities + kinds), relations: name("r", 2), train, valid, test: vec![] }
}

fn network(data: &LinkDataset) -> LinkConfig {
    LinkConfig::new(data.entities.len(), data.relations.len()).with_width(16).with_heads(2).with_feed_forward(24).with_dropout(0.0)
}

fn options(epochs: usize) -> LinkTrainConfig {
    let train = TrainConfig { epochs, lr: 0.01, seed: 3, ..TrainConfig::default() };
    LinkTrainConfig { train, batch_size: 16, evaluate_every: epochs, ..LinkTrainConfig::default() }
}

type Matrix = Vec<Vec<f64>>;

struct Reference<'a>(&'a NamedTensors);

impl Reference<'_> {
    fn matrix(&self, name: &str) -> Matrix {
        let tensor = &self.0[name];
        let width = *tensor.shape.last().unwrap();
        tensor.values.chunks(width).map(|row| row.iter().map(|v| f64::from(*v)).collect()).collect()
    }

    fn linear(&self, name: &str, x: &Matrix) -> Matrix {
        let (w, b) = (self.matrix(&format!("{name}.weight")), self.matrix(&format!("{name}.bias")).remove(0));
        let row = |x: &Vec<f64>| (0..b.len()).map(|o| b[o] + x.iter().zip(&w).map(|(x, w)| x * w[o]).sum::<f64>()).collect();
        x.iter().map(row).collect()
    }

    fn norm(&self, name: &str, x: &Matrix) -> Matrix {
        let (gamma, beta) = (self.matrix(&format!("{name}.gamma")).remove(0), self.matrix(&format!("{name}.beta")).remove(0));
        let row = |x: &Vec<f64>| {
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64;
            (0..x.len()).map(|i| gamma[i] * (x[i] - mean) / (variance + 1e-5).sqrt() + beta[i]).collect()
        };
        x.iter().map(row).collect()
    }

    fn block(&self, name: &str, x: &Matrix, heads: usize) -> Matrix {
        let [q, k, v] = ["query", "key", "value"].map(|map| self.linear(&format!("{name}.{map}"), x));
        let (width, rows) = (x[0].len(), x.len());
        let d = width / heads;
        let mut attended = vec![vec![0.0; width]; rows];
        for head in 0..heads {
            let part = head * d..(head + 1) * d;
            for i in 0..rows {
                let scores: Vec<f64> =
                    (0..rows).map(|j| part.clone().map(|c| q[i][c] * k[j][c]).sum::<f64>() / (d as f64).sqrt()).collect();
                let total: f64 = scores.iter().map(|s| s.exp()).sum();
                for c in part.clone() {
                    attended[i][c] = (0..rows).map(|j| scores[j].exp() / total * v[j][c]).sum();
                }
            }
        }
        let add =
            |a: &Matrix, b: &Matrix| -> Matrix { a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect()).collect() };
        let x = self.norm(&format!("{name}.attended"), &add(x, &self.linear(&format!("{name}.out"), &attended)));
        let hidden: Matrix =
            self.linear(&format!("{name}.up"), &x).into_iter().map(|row| row.into_iter().map(|v| v.max(0.0)).collect()).collect();
        self.norm(&format!("{name}.mapped"), &add(&x, &self.linear(&format!("{name}.down"), &hidden)))
    }

    /// Without layers of StarE.
    fn scores(&self, query: &Query<'_>, config: &LinkConfig) -> Vec<f64> {
        let (x, z, places) = (self.matrix("entities"), self.matrix("relations"), self.matrix("decoder.places"));
        let mut tokens = vec![x[query.entity as usize].clone(), z[query.relation as usize].clone()];
        for &(relation, entity) in query.qualifiers.iter().take(config.max_qualifiers) {
            tokens.extend([z[relation as usize].clone(), x[entity as usize].clone()]);
        }
        let mut tokens: Matrix = tokens.iter().zip(&places).map(|(t, p)| t.iter().zip(p).map(|(t, p)| t + p).collect()).collect();
        for layer in 0..config.decoder_layers {
            tokens = self.block(&format!("decoder.blocks.{layer}"), &tokens, config.heads);
        }
        let mean = (0..config.width).map(|c| tokens.iter().map(|row| row[c]).sum::<f64>() / tokens.len() as f64).collect();
        let h = self.linear("decoder.out", &vec![mean]).remove(0);
        let bias = self.matrix("bias").remove(0);
        x.iter().zip(bias).map(|(x, b)| b + x.iter().zip(&h).map(|(x, h)| x * h).sum::<f64>()).collect()
    }
}

#[test]
fn scores_are_those_of_plain_loops_for_questions_of_any_length_in_one_batch() {
    let (data, device) = (circle(5, 3), CpuDevice::default());
    let config = network(&data).with_layers(0).with_max_qualifiers(2);
    let model = config.init::<Cpu>(&device, 11).unwrap();
    let parameters = checkpoint::save::<Cpu, _>(&model);
    let graph = statements::<Cpu>(&data.train, data.entities.len(), data.relations.len(), &device).unwrap();
    let none = Masks::none();
    let encoded = model.encode(&graph, Precision::F32, &none).unwrap();
    let questions: [Query<'_>; 5] = [
        Query { entity: 1, relation: 0, qualifiers: &[(1, 6), (1, 7), (0, 2)] },
        Query { entity: 0, relation: 2, qualifiers: &[] },
        Query { entity: 4, relation: 3, qualifiers: &[(1, 6)] },
        Query { entity: 2, relation: 1, qualifiers: &[] },
        Query { entity: 3, relation: 0, qualifiers: &[(1, 6), (1, 7)] },
    ];
    let scores: Vec<f32> = model.scores(&encoded, &questions, Precision::F32, &none).unwrap().into_data().iter::<f32>().collect();
    for (row, query) in scores.chunks(data.entities.len()).zip(&questions) {
        let expected = Reference(&parameters).scores(query, &config);
        for (got, expected) in row.iter().zip(&expected) {
            assert!((f64::from(*got) - expected).abs() < 1e-5, "{query:?}: {got} and {expected}");
        }
    }
    let nothing = model.scores(&encoded, &[], Precision::F32, &none).unwrap();
    assert_eq!(nothing.dims(), [0, data.entities.len()]);
    let unknown = Query { entity: 99, relation: 0, qualifiers: &[] };
    assert!(model.scores(&encoded, &[unknown], Precision::F32, &none).is_err());
}

#[test]
fn qualifiers_decide_answers() {
    let (data, device) = (circle(12, 3), CpuDevice::default());
    let known = Answers::of(data.all(), data.relations.len());
    let mrr = |config: LinkConfig, negatives: Option<usize>| {
        let options = LinkTrainConfig { negatives, ..options(60) };
        let mut trainer = LinkTrainer::<Cpu>::new(&data, &config, &options, &device).unwrap();
        while !trainer.is_finished() {
            trainer.epoch(|_, loss| loss.is_finite()).unwrap().unwrap();
        }
        let checkpoint = trainer.checkpoint().unwrap();
        let (model, graph) = (checkpoint.predictor::<Cpu>(&device).unwrap(), checkpoint.statements::<Cpu>(&device).unwrap());
        let found = evaluate(&model, &graph, &data.valid, &known, &options, |_| {}).unwrap();
        assert_eq!(Some(found), trainer.progress().best.unwrap().valid);
        assert_eq!(found.count, 2 * data.valid.len() as u64);
        found.mrr
    };
    for negatives in [None, Some(4)] {
        let with = mrr(network(&data), negatives);
        assert!(with > 0.95, "MRR {with} on what was learned, {negatives:?} drawn");
    }
    let without = mrr(network(&data).with_layers(0).with_max_qualifiers(0), None);
    assert!(without < 0.8, "MRR {without} of a network that reads no qualifiers");
}

#[test]
fn a_resumed_training_ends_as_one_that_ran_through() {
    let (data, device) = (circle(9, 2), CpuDevice::default());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("link.safetensors");
    let config = network(&data).with_dropout(0.3);
    let options = LinkTrainConfig { evaluate_every: 2, negatives: Some(3), ..options(6) };
    let mut through = LinkTrainer::<Cpu>::new(&data, &config, &options, &device).unwrap();
    while !through.is_finished() {
        through.epoch(|_, _| true).unwrap().unwrap();
    }
    let mut half = LinkTrainer::<Cpu>::new(&data, &config, &options, &device).unwrap();
    for _ in 0..3 {
        half.epoch(|_, _| true).unwrap().unwrap();
    }
    assert!(half.epoch(|step, _| step < 2).unwrap().is_none(), "stopped in its second step");
    half.checkpoint().unwrap().write(&file).unwrap();
    let mut resumed = LinkTrainer::<Cpu>::resume(&data, LinkCheckpoint::read(&file).unwrap(), &device).unwrap();
    while !resumed.is_finished() {
        resumed.epoch(|_, _| true).unwrap().unwrap();
    }
    assert_eq!(resumed.progress(), through.progress());
    let (a, b) = (resumed.checkpoint().unwrap(), through.checkpoint().unwrap());
    assert!(a.current == b.current && a.best == b.best && a.moments == b.moments);
    assert_eq!(a.train, data.train);
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let (data, device) = (circle(6, 2), CpuDevice::default());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("link.safetensors");
    let trainer = LinkTrainer::<Cpu>::new(&data, &network(&data), &options(1), &device).unwrap();
    trainer.checkpoint().unwrap().write(&file).unwrap();
    let other = circle(6, 3);
    let error = LinkTrainer::<Cpu>::resume(&other, LinkCheckpoint::read(&file).unwrap(), &device).err().unwrap().to_string();
    assert!(error.contains("expected the data it was trained on (8 entities, 2 relations, 12 statements)"), "{error}");
    let whole = std::fs::read(&file).unwrap();
    for cut in [0, 7, 100, whole.len() - 1] {
        std::fs::write(&file, &whole[..cut]).unwrap();
        let error = LinkCheckpoint::read(&file).unwrap_err().to_string();
        assert!(error.contains("link.safetensors: expected a whole safetensors file"), "{error}");
    }
    let mut claims = whole.clone();
    claims[..8].copy_from_slice(&(1u64 << 60).to_le_bytes());
    std::fs::write(&file, &claims).unwrap();
    assert!(LinkCheckpoint::read(&file).is_err());

    let refused = |network: LinkConfig, options: LinkTrainConfig| {
        LinkTrainer::<Cpu>::new(&data, &network, &options, &device).err().unwrap().to_string()
    };
    assert!(refused(network(&data).with_heads(3), options(1)).contains("heads is 3, expected a number that divides the hidden width 16"));
    assert!(refused(network(&data).with_dropout(1.0), options(1)).contains("dropout is 1"));
    assert!(refused(network(&data).with_width(0), options(1)).contains("hidden is 0"));
    assert!(refused(network(&other), options(1)).contains("entities is 9, expected 8"));
    assert!(refused(network(&data), LinkTrainConfig { batch_size: 0, ..options(1) }).contains("batch-size is 0"));
    assert!(refused(network(&data), LinkTrainConfig { label_smoothing: 1.0, ..options(1) }).contains("label-smoothing is 1"));
    assert!(refused(network(&data), LinkTrainConfig { negatives: Some(0), ..options(1) }).contains("negatives is 0"));
    let half = TrainConfig { precision: Precision::F16, ..options(1).train };
    assert!(refused(network(&data), LinkTrainConfig { train: half, ..options(1) }).contains("precision is f16"));
}
