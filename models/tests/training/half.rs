//! f16: steps with an infinite gradient are skipped and the scale is halved.

use hypergraphql_framework::Features;
use hypergraphql_models::task::{NodeTask, TaskConfig};
use hypergraphql_models::train::{TrainConfig, Trainer};
use hypergraphql_models::{LayerKind, Precision};
use hypergraphql_ops::Cpu;

use super::{CLASSES, config, dataset, network, run, saved, split};

#[test]
fn a_skipped_step_changes_nothing_but_the_scale() {
    let mut dataset = dataset();
    let drawn = TaskConfig::for_dataset(&dataset, true, 9).prepare(&dataset).unwrap().features.to_dense().unwrap();
    // Features this large push the first weight's gradient past 65504 at the scale that training starts with.
    dataset.features = Features::Dense(drawn * 40.0);
    let task_config = TaskConfig::for_dataset(&dataset, true, 9);
    let task = NodeTask::<Cpu>::new(&dataset, &task_config.prepare(&dataset).unwrap(), task_config, &Default::default()).unwrap();
    let (split, network) = (split(), network(LayerKind::Hgnn));
    let config = TrainConfig { precision: Precision::F16, patience: None, lr: 1e-3, ..config() };
    let mut trainer = Trainer::new(&task, &split, &network, &config).unwrap();

    let before = saved(&trainer);
    let record = trainer.epoch().unwrap();
    assert!(record.skipped && record.loss.is_finite());
    let after = saved(&trainer);
    assert!(before.training == after.training, "no parameter moved");
    let scale = after.manifest.progress.loss_scale.unwrap();
    assert_eq!((scale.scale, scale.good_steps), (32_768.0, 0));
    assert_eq!(after.manifest.progress.optimizer_steps, 0);

    let records = run(&mut trainer, 29);
    let progress = trainer.progress();
    assert!(!records.last().unwrap().skipped, "the scale became small enough");
    assert_eq!(progress.optimizer_steps + progress.curve.iter().filter(|r| r.skipped).count(), 30);
    assert!(saved(&trainer).training != after.training);
    assert!(trainer.outcome().unwrap().train.accuracy.unwrap() > 1.5 / CLASSES as f64);
}

#[test]
fn f32_and_bf16_have_no_scale() {
    let dataset = dataset();
    let (task, split) = (super::task(&dataset), split());
    for precision in [Precision::F32, Precision::Bf16] {
        let config = TrainConfig { precision, ..config() };
        let trainer = Trainer::new(&task, &split, &network(LayerKind::Conv), &config).unwrap();
        assert_eq!(trainer.progress().loss_scale, None);
    }
}

#[test]
fn half_precision_learns_as_f32_does() {
    let (task, split) = (super::task(&dataset()), split());
    for layer in LayerKind::ALL {
        let accuracy = |precision| {
            let (lr, epochs) = if layer == LayerKind::Attention { (0.05, 120) } else { (0.01, 30) };
            let config = TrainConfig { precision, lr, epochs, patience: None, ..config() };
            let mut trainer = Trainer::new(&task, &split, &network(layer), &config).unwrap();
            run(&mut trainer, epochs);
            trainer.outcome().unwrap().test.accuracy.unwrap()
        };
        let full = accuracy(Precision::F32);
        for precision in [Precision::F16, Precision::Bf16] {
            let found = accuracy(precision);
            assert!(found > full - 0.1, "{layer} in {precision}: {found}, in f32 {full}");
        }
    }
}
