//! A resumed training is the uninterrupted one, bit for bit.

use hypergraphql_models::checkpoint;
use hypergraphql_models::train::{OptimizerKind, TrainConfig, Trainer};
use hypergraphql_models::{LayerKind, Precision};

use super::{config, dataset, network, run, saved, split, stored, task};

pub(super) fn resumes_bit_for_bit(layer: LayerKind, config: &TrainConfig) {
    let (task, split) = (task(&dataset()), split());
    let mut straight = Trainer::new(&task, &split, &network(layer), config).unwrap();
    let expected = run(&mut straight, 100);

    let mut first = Trainer::new(&task, &split, &network(layer), config).unwrap();
    let mut found = run(&mut first, 8);
    let folder = stored(&first);
    drop(first);
    let path = folder.path().join("c");
    let mut second = Trainer::resume(&task, &split, checkpoint::read(&path).unwrap(), &path).unwrap();
    assert_eq!(second.progress().epoch, 8);
    found.extend(run(&mut second, 100));

    assert_eq!(found, expected);
    assert_eq!(second.outcome().unwrap(), straight.outcome().unwrap());
    let (a, b) = (saved(&second), saved(&straight));
    assert_eq!(a.manifest.progress, b.manifest.progress);
    assert!(a.training == b.training && a.model == b.model, "parameters and moments are equal");
}

#[test]
fn with_adam_schedule_clipping_and_early_stopping() {
    resumes_bit_for_bit(LayerKind::Hgnn, &config());
    resumes_bit_for_bit(LayerKind::Attention, &TrainConfig { patience: Some(4), ..config() });
}

#[test]
fn with_adamw_in_f16_and_bf16() {
    resumes_bit_for_bit(LayerKind::Conv, &TrainConfig { optimizer: OptimizerKind::AdamW, precision: Precision::F16, ..config() });
    resumes_bit_for_bit(LayerKind::HgnnPlus, &TrainConfig { precision: Precision::Bf16, ..config() });
}

#[test]
fn early_stopping_stops() {
    let (task, split) = (task(&dataset()), split());
    let config = TrainConfig { patience: Some(2), epochs: 200, ..config() };
    let mut trainer = Trainer::new(&task, &split, &network(LayerKind::Hgnn), &config).unwrap();
    let done = run(&mut trainer, 200).len();
    assert!(done < 200);
    assert_eq!(done, trainer.progress().best.unwrap().epoch + 2);
}
