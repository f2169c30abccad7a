//! Mini-batches: they see what a full batch sees, add up to it, resume bit for bit and learn as well.

use std::ops::ControlFlow;

use hypergraphql_framework::Features;
use hypergraphql_framework::sample::NeighbourSampler;
use hypergraphql_models::input::GraphInput;
use hypergraphql_models::layers::Combine;
use hypergraphql_models::task::{NodeTask, TaskConfig};
use hypergraphql_models::train::{Batches, TrainConfig, Trainer};
use hypergraphql_models::{LayerKind, NodeClassifierConfig, Precision};
use hypergraphql_ops::{Cpu, CpuDevice};

use super::resume::resumes_bit_for_bit;
use super::{config, dataset, network, run, saved, split, task};

fn neighbours(size: usize, fanout: &str) -> Batches {
    Batches::Neighbours { size, fanout: fanout.parse().unwrap() }
}

/// The largest difference of two lists over the largest value; less than a millionth is none.
fn distance(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let largest = b.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
    a.iter().zip(b).fold(0.0, |m: f32, (x, y)| m.max((x - y).abs())) / largest.max(1e-6)
}

/// Tensors of a checkpoint that differ by more than `most`.
fn differing(a: &Trainer<'_, Cpu>, b: &Trainer<'_, Cpu>, prefix: &str, most: f32) -> Vec<(String, f32)> {
    let (a, b) = (saved(a).training, saved(b).training);
    assert!(a.keys().eq(b.keys()) && a.keys().any(|name| name.starts_with(prefix)));
    let distances =
        a.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(name, t)| (name.clone(), distance(&t.values, &b[name].values)));
    distances.filter(|(_, d)| *d > most).collect()
}

#[test]
fn with_whole_hops_the_seeds_have_the_logits_of_the_full_batch() {
    let mut data = dataset();
    let weights = (0..data.hypergraph.hyperedges()).map(|e| 0.5 + (e % 5) as f64).collect();
    data.hypergraph = data.hypergraph.clone().with_hyperedge_weights(weights).unwrap();
    let dense = task(&data);
    data.features = Features::identity(211);
    let sparse_config = TaskConfig::for_dataset(&data, true, 0);
    let sparse = NodeTask::<Cpu>::new(&data, &sparse_config.prepare(&data).unwrap(), sparse_config, &CpuDevice::default()).unwrap();
    let seeds = [203, 5, 17, 110];
    for (task, width) in [(&dense, 100), (&sparse, 211)] {
        let sampler = NeighbourSampler::new(task.hypergraph.clone(), "all,all".parse().unwrap(), 1);
        let batch = sampler.sample(&seeds, 0, 0).unwrap();
        let [full, part] = [task.input.inner(), GraphInput::of_batch(&batch, &task.input.features, &task.device).unwrap().inner()];
        for layer in LayerKind::ALL {
            let config = NodeClassifierConfig::new(layer, width, 3).with_hidden(20).with_heads(2).with_pair_layers(2);
            let model = config.init::<Cpu>(&task.device, 3).unwrap();
            let logits = |input| model.forward(input, Precision::F32, None).unwrap();
            let rows: Vec<f32> = logits(&part).narrow(0, 0, 4).into_data().iter().collect();
            let all: Vec<f32> = logits(&full).into_data().iter().collect();
            let expected: Vec<f32> = seeds.iter().flat_map(|v| all[*v as usize * 3..][..3].to_vec()).collect();
            assert!(distance(&rows, &expected) < 1e-5, "{layer}, {width} features: {rows:?} against {expected:?}");
        }
        assert!(batch.nodes.len() < 211, "the batch is a part");
    }
    assert_eq!(NodeClassifierConfig::new(LayerKind::EdHnn, 1, 2).combine, Combine::Mean);
}

#[test]
fn accumulated_batches_are_the_large_one() {
    let (task, split) = (task(&dataset()), split());
    for layer in [LayerKind::Hgnn, LayerKind::AllDeepSets] {
        let of = |batches, accumulate| {
            let config = TrainConfig { batches, accumulate, clip: None, weight_decay: 0.0, ..config() };
            let network = network(layer).with_dropout(0.0);
            let mut trainer = Trainer::new(&task, &split, &network, &config).unwrap();
            let loss = trainer.epoch().unwrap().loss;
            (trainer, loss)
        };
        let full = of(Batches::Full, 1);
        let large = of(neighbours(1000, "all,all"), 1);
        // 96 training nodes or so: the last batch is a smaller one.
        let small = of(neighbours(17, "all,all"), 100);
        let clusters = of(Batches::Clusters { parts: 1, per_batch: 1 }, 1);
        for (other, what) in [(&large, "one batch"), (&small, "small batches"), (&clusters, "one cluster")] {
            // After the first step the first moment is a tenth of the gradient.
            assert_eq!(differing(&other.0, &full.0, "moment_1/", 1e-4), [], "{layer}, {what}");
            assert!((other.1 - full.1).abs() < 1e-5, "{layer}, {what}: loss {} against {}", other.1, full.1);
            assert_eq!(other.0.progress().optimizer_steps, 1);
        }
        let steps = of(neighbours(17, "all,all"), 2).0.progress().optimizer_steps;
        let trained = task.labels.labelled().iter().filter(|v| split.train.contains(v)).count();
        assert_eq!(steps, trained.div_ceil(17).div_ceil(2));
    }
}

#[test]
fn recomputed_gradients_are_the_kept_ones() {
    let (task, split) = (task(&dataset()), split());
    for layer in LayerKind::ALL {
        for layers in [1, 3] {
            let of = |recompute| {
                let config = TrainConfig { recompute, ..config() };
                let network = network(layer).with_layers(layers).with_pair_layers(1).with_input_dropout(Some(0.3));
                let mut trainer = Trainer::new(&task, &split, &network, &config).unwrap();
                let loss = trainer.epoch().unwrap().loss;
                (trainer, loss)
            };
            let (kept, again) = (of(false), of(true));
            // Attention without a graph sums in another order.
            assert!((kept.1 - again.1).abs() < 1e-6 * kept.1, "{layer}, {layers} layers: loss {} and {}", kept.1, again.1);
            assert_eq!(differing(&again.0, &kept.0, "moment_1/", 1e-4), [], "{layer}, {layers} layers");
        }
    }
}

#[test]
fn sampled_trainings_resume_bit_for_bit() {
    let of = |batches, accumulate| TrainConfig { batches, accumulate, epochs: 12, ..config() };
    resumes_bit_for_bit(LayerKind::Hgnn, &of(neighbours(20, "3x4,2x3"), 2));
    resumes_bit_for_bit(LayerKind::Conv, &of(Batches::Clusters { parts: 7, per_batch: 2 }, 1));
    resumes_bit_for_bit(
        LayerKind::HgnnPlus,
        &TrainConfig { precision: Precision::F16, recompute: true, ..of(neighbours(33, "5x5,5x5"), 1) },
    );
}

#[test]
fn an_epoch_that_is_stopped_leaves_no_trace() {
    let (task, split) = (task(&dataset()), split());
    let config = TrainConfig { batches: neighbours(20, "3x4,2x3"), precision: Precision::F16, ..config() };
    let mut trainer = Trainer::new(&task, &split, &network(LayerKind::Hgnn), &config).unwrap();
    run(&mut trainer, 2);
    let before = saved(&trainer);
    let mut watch = |done: usize, _: usize| if done == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    assert_eq!(trainer.epoch_watched(&mut watch).unwrap(), None);
    let after = saved(&trainer);
    assert!(before.training == after.training && before.manifest.progress == after.manifest.progress);
}

#[test]
fn threads_change_nothing() {
    let of = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (task, split) = (task(&dataset()), split());
            let config = TrainConfig { batches: neighbours(20, "3x4,2x3"), ..config() };
            let mut trainer = Trainer::new(&task, &split, &network(LayerKind::Hgnn), &config).unwrap();
            (run(&mut trainer, 4), saved(&trainer).training)
        })
    };
    let one = of(1);
    assert!(of(3) == one && of(2) == one);
}

#[test]
fn batches_learn_as_well_as_the_whole() {
    let (task, split) = (task(&dataset()), split());
    let accuracy = |batches, precision, layer| {
        let config = TrainConfig { batches, precision, epochs: 40, patience: None, ..config() };
        let mut trainer = Trainer::new(&task, &split, &network(layer), &config).unwrap();
        let mut told = Vec::new();
        while !trainer.is_finished() {
            told.clear();
            let mut watch = |done: usize, of: usize| {
                told.push((done, of));
                ControlFlow::Continue(())
            };
            trainer.epoch_watched(&mut watch).unwrap().unwrap();
        }
        (trainer.outcome().unwrap().test.accuracy.unwrap(), told)
    };
    for layer in [LayerKind::Hgnn, LayerKind::Unigin, LayerKind::EdHnn] {
        let (full, told) = accuracy(Batches::Full, Precision::F32, layer);
        assert!(told.is_empty());
        let (sampled, told) = accuracy(neighbours(20, "5x4,5x4"), Precision::F32, layer);
        assert_eq!((told.first(), told.last()), (Some(&(1, told.len())), Some(&(told.len(), told.len()))));
        // More clusters than training nodes in some of them.
        let (clusters, _) = accuracy(Batches::Clusters { parts: 60, per_batch: 12 }, Precision::F32, layer);
        assert!(sampled > full - 0.1 && clusters > full - 0.1, "{layer}: {full} in full, {sampled} sampled, {clusters} by clusters");
    }
    let (half, _) = accuracy(neighbours(20, "5x4,5x4"), Precision::F16, LayerKind::Hgnn);
    assert!(half > 0.7, "{half} in f16");
}

#[test]
fn clusters_without_training_nodes_are_passed_over() {
    let (task, split) = (task(&dataset()), split());
    let config = TrainConfig { batches: Batches::Clusters { parts: 211, per_batch: 1 }, ..config() };
    let mut trainer = Trainer::new(&task, &split, &network(LayerKind::Hgnn), &config).unwrap();
    assert!(trainer.epoch().unwrap().loss.is_finite());
    let trained = task.labels.labelled().iter().filter(|v| split.train.contains(v)).count();
    assert_eq!(trainer.progress().optimizer_steps, trained, "a step for each batch with a training node");
    let many = TrainConfig { batches: Batches::Clusters { parts: 212, per_batch: 1 }, ..config };
    assert!(Trainer::new(&task, &split, &network(LayerKind::Hgnn), &many).err().unwrap().to_string().contains("1 to 211"));
}
