//! Trainings that cannot go on say why, and leave the last good checkpoint alone.

use hypergraphql_framework::Split;
use hypergraphql_models::checkpoint;
use hypergraphql_models::train::{TrainConfig, Trainer};
use hypergraphql_models::{LayerKind, ModelError, Precision};

use super::{config, dataset, network, split, stored, task};

#[test]
fn a_loss_that_is_no_number_names_the_epoch_and_is_not_saved() {
    let (task, split) = (task(&dataset()), split());
    let config = TrainConfig { lr: 1e38, warmup: 0, clip: None, ..config() };
    let mut trainer = Trainer::new(&task, &split, &network(LayerKind::Hgnn), &config).unwrap();
    let folder = stored(&trainer);
    let error = loop {
        match trainer.epoch() {
            Ok(record) => assert!(record.epoch < 5),
            Err(error) => break error,
        }
    };
    let ModelError::Loss { epoch, loss, .. } = error else { panic!("{error}") };
    assert!(epoch >= 2 && !loss.is_finite());
    assert!(error.to_string().contains(&format!("epoch {epoch}")), "{error}");
    assert!(trainer.checkpoint(serde_json::Value::Null).is_err() || trainer.outcome().is_ok());
    let kept = checkpoint::read(&folder.path().join("c")).unwrap();
    assert_eq!(kept.manifest.progress.epoch, 0);
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let (task, split) = (task(&dataset()), split());
    let refused = |split: &Split, config: TrainConfig| {
        Trainer::new(&task, split, &network(LayerKind::Hgnn), &config).err().unwrap().to_string()
    };
    let no_train = Split { train: vec![0, 11], ..split.clone() };
    assert!(refused(&Split { valid: vec![], test: vec![], ..no_train }, config()).contains("training nodes with a label"));
    assert!(refused(&Split { valid: vec![], ..split.clone() }, config()).contains("patience"));
    assert!(refused(&Split { test: vec![211], ..split.clone() }, config()).contains("below 211"));
    assert!(refused(&split, TrainConfig { precision: Precision::F64, ..config() }).contains("f16"));
    assert!(refused(&split, TrainConfig { epochs: 0, ..config() }).contains("epochs"));
}
