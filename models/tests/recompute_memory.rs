//! Recomputed activations need less memory: bytes that are live at the peak of a training, by a counting allocator.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use hypergraphql_framework::dataset::synthetic_features;
use hypergraphql_framework::generate::power_law;
use hypergraphql_framework::{Dataset, Labels, splits};
use hypergraphql_models::task::{NodeTask, TaskConfig};
use hypergraphql_models::train::{TrainConfig, Trainer};
use hypergraphql_models::{LayerKind, NodeClassifierConfig};
use hypergraphql_ops::Cpu;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(live, Ordering::Relaxed);
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const NODES: usize = 4001;

fn dataset() -> Dataset {
    let mut dataset = Dataset::new("drawn", power_law(NODES, 3001, 7, 3).unwrap());
    let labels = Labels { classes: 5, of: (0..NODES).map(|i| Some((i % 5) as u32)).collect() };
    dataset.features = synthetic_features(&labels, 31, 1.0, 5).unwrap();
    dataset.labels = Some(labels);
    dataset
}

/// Bytes at the peak of two epochs, without the data.
fn peak(layer: LayerKind, recompute: bool) -> usize {
    let dataset = dataset();
    let task_config = TaskConfig::for_dataset(&dataset, true, 0);
    let prepared = task_config.prepare(&dataset).unwrap();
    let network = NodeClassifierConfig::new(layer, 31, 5).with_hidden(96).with_layers(6);
    let split = splits::random(NODES, [0.5, 0.25, 0.25], 1).unwrap();
    let config = TrainConfig { epochs: 2, recompute, ..TrainConfig::default() };
    let task = NodeTask::<Cpu>::new(&dataset, &prepared, task_config, &Default::default()).unwrap();
    let mut trainer = Trainer::new(&task, &split, &network, &config).unwrap();
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    while !trainer.is_finished() {
        trainer.epoch().unwrap();
    }
    PEAK.load(Ordering::Relaxed) - before
}

// The counts are of the whole process, so this is the only test of its file.
#[test]
fn recomputing_needs_less_memory() {
    for (layer, most) in
        [(LayerKind::Hgnn, 0.75), (LayerKind::AllDeepSets, 0.4), (LayerKind::AllSetTransformer, 0.4), (LayerKind::EdHnn, 0.75)]
    {
        let [kept, again] = [false, true].map(|recompute| peak(layer, recompute));
        eprintln!("{layer}, 6 layers: {:.1} MiB kept, {:.1} MiB recomputed", kept as f64 / 1_048_576.0, again as f64 / 1_048_576.0);
        assert!((again as f64) < most * kept as f64, "{layer}: {again} of {kept} bytes");
    }
}
