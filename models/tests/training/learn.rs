//! Every layer learns the blocks far better than chance, with either optimiser.

use hypergraphql_models::LayerKind;
use hypergraphql_models::train::{OptimizerKind, TrainConfig, Trainer};

use super::{config, dataset, network, run, split, task};

#[test]
fn every_layer_learns_the_blocks() {
    let (task, split) = (task(&dataset()), split());
    for layer in [LayerKind::Hgnn, LayerKind::HgnnPlus, LayerKind::Conv, LayerKind::Attention] {
        // Attention averages twice over each hyperedge, so that its signal grows slowly.
        let (lr, epochs) = if layer == LayerKind::Attention { (0.05, 120) } else { (0.01, 30) };
        let config = TrainConfig { lr, epochs, patience: None, ..config() };
        let mut trainer = Trainer::new(&task, &split, &network(layer), &config).unwrap();
        let losses: Vec<f32> = run(&mut trainer, epochs).iter().map(|r| r.loss).collect();
        let outcome = trainer.outcome().unwrap();
        let accuracy = outcome.test.accuracy.unwrap();
        assert!(accuracy > 0.75, "{layer:?}: {accuracy} on test, losses {losses:?}");
        assert!(outcome.test.macro_f1.unwrap() > 0.7, "{layer:?}");
        assert!(losses.last() < losses.first());
    }
}

#[test]
fn adamw_learns_and_differs_from_adam() {
    let (task, split) = (task(&dataset()), split());
    let of = |optimizer| {
        let config = TrainConfig { optimizer, weight_decay: 0.1, ..config() };
        let mut trainer = Trainer::new(&task, &split, &network(LayerKind::Hgnn), &config).unwrap();
        (run(&mut trainer, 30), trainer.outcome().unwrap().test.accuracy.unwrap())
    };
    let (adam, adamw) = (of(OptimizerKind::Adam), of(OptimizerKind::AdamW));
    assert!(adamw.1 > 0.8, "{}", adamw.1);
    assert_ne!(adam.0, adamw.0);
}

#[test]
fn unlabelled_nodes_are_not_counted_and_the_best_epoch_is_tested() {
    let (task, split) = (task(&dataset()), split());
    let mut trainer = Trainer::new(&task, &split, &network(LayerKind::Conv), &config()).unwrap();
    run(&mut trainer, 30);
    let known = |nodes: &[u32]| nodes.iter().filter(|n| task.labels.of[**n as usize].is_some()).count() as u64;
    let totals = [known(&split.train), known(&split.valid), known(&split.test)];
    assert!(totals[0] < split.train.len() as u64);
    let (outcome, progress) = (trainer.outcome().unwrap(), trainer.progress());
    assert_eq!(progress.totals, totals);
    assert_eq!([outcome.train.nodes, outcome.valid.nodes, outcome.test.nodes], totals);
    // The device's counts of the best epoch are the host's scores of its model.
    let accuracy = outcome.best.right.accuracy(totals);
    assert_eq!(accuracy, [outcome.train.accuracy, outcome.valid.accuracy, outcome.test.accuracy]);
    let highest = progress.curve.iter().map(|r| r.right.0[1]).max().unwrap();
    assert_eq!(outcome.best.right.0[1], highest);
}

#[test]
fn class_weights_shift_the_loss() {
    let (task, split) = (task(&dataset()), split());
    let of = |weights: &str| {
        let config = TrainConfig { class_weights: weights.parse().unwrap(), ..config() };
        Trainer::new(&task, &split, &network(LayerKind::Hgnn), &config).map(|mut t| run(&mut t, 30).pop().unwrap())
    };
    assert_ne!(of("none").unwrap().loss, of("1,5,0").unwrap().loss);
    assert!(of("1,2").unwrap_err().to_string().contains("3 numbers"));
    assert!(of("0,0,0").unwrap_err().to_string().contains("a weight > 0"));
}
