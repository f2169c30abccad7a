//! The estimate of memory against the bytes that are live at the peak of a training, by a counting allocator.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use hypergraphql_framework::dataset::synthetic_features;
use hypergraphql_framework::generate::power_law;
use hypergraphql_framework::{Dataset, Features, Labels, splits};
use hypergraphql_models::memory::MemoryEstimate;
use hypergraphql_models::task::{NodeTask, TaskConfig};
use hypergraphql_models::train::{TrainConfig, Trainer};
use hypergraphql_models::{LayerKind, NodeClassifierConfig, Norm, Precision};
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

#[derive(Debug, Clone, Copy)]
struct Case {
    layer: LayerKind,
    precision: Precision,
    /// Nodes, hyperedges, mean members.
    graph: [usize; 3],
    features: usize,
    /// The identity, so that there are as many features as nodes.
    sparse: bool,
    hidden: usize,
    layers: usize,
    classes: usize,
}

fn dataset(case: Case) -> Dataset {
    let [nodes, hyperedges, mean_size] = case.graph;
    let mut dataset = Dataset::new("drawn", power_law(nodes, hyperedges, mean_size, 3).unwrap());
    dataset.labels = Some(Labels { classes: case.classes, of: (0..nodes).map(|i| Some((i % case.classes) as u32)).collect() });
    dataset.features = if case.sparse {
        Features::identity(nodes)
    } else {
        let labels = Labels { classes: case.features, of: (0..nodes).map(|i| Some((i % case.features) as u32)).collect() };
        synthetic_features(&labels, case.features, 1.0, 5).unwrap()
    };
    dataset
}

/// Bytes of the estimate and at the peak of two epochs, the outcome and a checkpoint.
fn measure(case: Case) -> (u64, u64) {
    let dataset = dataset(case);
    let task_config = TaskConfig::for_dataset(&dataset, true, 0);
    let prepared = task_config.prepare(&dataset).unwrap();
    let norm = if case.layer == LayerKind::Attention { Norm::Layer } else { Norm::None };
    let network = NodeClassifierConfig::new(case.layer, case.features, case.classes).with_hidden(case.hidden).with_layers(case.layers);
    let network = network.with_norm(norm);
    let split = splits::random(case.graph[0], [0.5, 0.25, 0.25], 1).unwrap();
    let estimate = MemoryEstimate::of(&prepared, split.train.len(), &network, case.precision);
    let config = TrainConfig { epochs: 2, precision: case.precision, ..TrainConfig::default() };

    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let task = NodeTask::<Cpu>::new(&dataset, &prepared, task_config, &Default::default()).unwrap();
    let mut trainer = Trainer::new(&task, &split, &network, &config).unwrap();
    while !trainer.is_finished() {
        trainer.epoch().unwrap();
    }
    trainer.outcome().unwrap();
    drop(trainer.checkpoint(serde_json::Value::Null).unwrap());
    (estimate.total(), (PEAK.load(Ordering::Relaxed) - before) as u64)
}

// The counts are of the whole process, so this is the only test of its file.
#[test]
fn the_estimate_is_near_the_peak() {
    let base = Case {
        layer: LayerKind::Hgnn,
        precision: Precision::F32,
        graph: [6011, 4003, 7],
        features: 101,
        sparse: false,
        hidden: 192,
        layers: 2,
        classes: 13,
    };
    let mut wrong = Vec::new();
    // The convolutions differ in their scales only, bf16 is as large as f16, and of deep networks wide rows are counted.
    for layer in LayerKind::ALL {
        let convolves_alike = matches!(layer, LayerKind::HgnnPlus | LayerKind::Conv);
        let precisions: &[Precision] =
            if convolves_alike || layer.is_deep() { &[Precision::F32] } else { &[Precision::F32, Precision::F16] };
        for &precision in precisions {
            let case = Case { layer, precision, ..base };
            let wide = Case { features: 3001, sparse: true, graph: [3001, 2003, 7], ..case };
            let deep = Case { layers: 4, graph: [5003, 9001, 4], ..case };
            let narrow = Case { hidden: 16, features: 1409, graph: [3001, 701, 3], ..case };
            let classes = Case { classes: 467, hidden: 64, graph: [3001, 2003, 7], ..case };
            // Sums over hubs, one after the other, leave the range of f16.
            let overflows = precision == Precision::F16 && matches!(layer, LayerKind::Unigin | LayerKind::Unisage);
            // Pairs of members and statements are many: small hypergraphs say as much.
            let expands = matches!(layer, LayerKind::GatV2 | LayerKind::StarE);
            let small = Case { hidden: 64, graph: [1501, 1003, 4], ..case };
            let cases = match layer.is_deep() {
                _ if expands => vec![small],
                true => vec![case, deep],
                false if overflows => vec![case, wide, narrow, classes],
                false => vec![case, wide, deep, narrow, classes],
            };
            for case in cases {
                let (estimate, peak) = measure(case);
                let ratio = estimate as f64 / peak as f64;
                if !(0.95..1.5).contains(&ratio) {
                    wrong.push((case, ratio));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
