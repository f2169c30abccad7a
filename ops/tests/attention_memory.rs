//! Peak live bytes of attention forward and backward, inputs included, by a counting allocator: one `[Z, d]` buffer (4·Z·d bytes, more than all
//! that is allowed at 10 incidences a node) would fail it.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
#![cfg(feature = "cpu")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::backend::Autodiff;
use burn::tensor::{DType, Tensor, TensorData};
use hypergraphql_framework::{Duplicates, Hypergraph};
use hypergraphql_ops::{AttentionConfig, Cpu, CpuDevice, Direction, Incidence, hypergraph_attention};

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn grow(bytes: usize) {
    let live = LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes;
    PEAK.fetch_max(live, Ordering::Relaxed);
}

// SAFETY: every call goes to the system allocator unchanged; only sizes are counted.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's layout, as it came.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's layout, as it came.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's pointer and layout, as they came.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        grow(size);
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's pointer, layout and size, as they came.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type B = Autodiff<Cpu>;

/// `HGQL_FULL=1` runs the size of the requirement, n = 200,000; otherwise a tenth of it.
fn nodes() -> usize {
    if std::env::var("HGQL_FULL").is_ok_and(|v| v == "1") { 200_000 } else { 20_000 }
}

/// n nodes, n/2 hyperedges, 10 incidences a node.
fn hypergraph(n: usize) -> Hypergraph {
    let mut state = 1u64;
    let pairs: Vec<(u32, u32)> = (0..10 * n)
        .map(|i| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((i / 10) as u32, ((state >> 33) % (n as u64 / 2)) as u32)
        })
        .collect();
    Hypergraph::from_pairs(n, n / 2, &pairs, Duplicates::Merge).unwrap()
}

fn tensor(rows: usize, width: usize) -> Tensor<B, 2> {
    let values: Vec<f32> = (0..rows * width).map(|i| (i.wrapping_mul(2_654_435_761) >> 8 & 0xffff) as f32 / 65536.0 - 0.5).collect();
    Tensor::from_data(TensorData::new(values, [rows, width]), (&CpuDevice::default(), DType::F32)).require_grad()
}

#[test]
fn attention_stays_within_its_memory() {
    let n = nodes();
    let (d, heads) = (128, 4);
    for normalise in [Direction::ToCols, Direction::ToRows] {
        let h = hypergraph(n);
        let (m, z) = (h.hyperedges(), h.incidences());
        let before = LIVE.load(Ordering::Relaxed);
        PEAK.store(before, Ordering::Relaxed);
        let incidence: Incidence<B> = Incidence::new(&h, &CpuDevice::default()).unwrap();
        let (x, a, b) = (tensor(n, d), tensor(n, heads), tensor(m, heads));
        let config = AttentionConfig { heads, head_width: d / heads, slope: 0.2, normalise };
        let y = hypergraph_attention(x.clone(), a.clone(), b.clone(), &incidence, config).unwrap();
        let gradients = y.backward();
        assert!([x.grad(&gradients), a.grad(&gradients), b.grad(&gradients)].iter().all(Option::is_some));
        let peak = PEAK.load(Ordering::Relaxed) - before;
        let allowed = 6 * (n + m) * d * 4 + 16 * z;
        eprintln!("{normalise:?}: n {n}, m {m}, Z {z}: peak {:.1} MiB of {:.1} MiB", peak as f64 / 1048576.0, allowed as f64 / 1048576.0);
        assert!(peak <= allowed, "{normalise:?}: peak {peak} bytes, allowed {allowed}");
    }
}
