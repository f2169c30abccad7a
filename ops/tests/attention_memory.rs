//! Peak live bytes of both attentions forward and backward, inputs included, by a counting allocator: one `[Z, d]` buffer of hypergraph_attention
//! (4·Z·d bytes, more than all that is allowed at 10 incidences a node) or one matrix of scores of flash_attention would fail it.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
#![cfg(feature = "cpu")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::backend::Autodiff;
use burn::tensor::{DType, Tensor, TensorData};
use hypergraphql_framework::{Duplicates, Hypergraph};
use hypergraphql_ops::{AttentionConfig, Cpu, CpuDevice, Direction, FlashOptions, Incidence, flash_attention, hypergraph_attention};

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
/// Held by the test that counts.
static ALONE: Mutex<()> = Mutex::new(());

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

/// `HGQL_FULL=1` runs the sizes of the requirements; otherwise smaller ones.
fn full() -> bool {
    std::env::var("HGQL_FULL").is_ok_and(|v| v == "1")
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
    let _alone = ALONE.lock();
    let n = if full() { 200_000 } else { 20_000 };
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

#[test]
fn flash_attention_grows_with_the_tokens_and_not_with_their_square() {
    let _alone = ALONE.lock();
    let (heads, tokens, width) = if full() { (8, 32_768, 64) } else { (2, 4096, 32) };
    let before = LIVE.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let leaf = || tensor(heads * tokens, width).inner().reshape([1, heads, tokens, width]);
    let [q, k, v] = [(); 3].map(|()| Tensor::<B, 4>::from_inner(leaf()).require_grad());
    let start = std::time::Instant::now();
    let gradients =
        flash_attention(q.clone(), k.clone(), v.clone(), FlashOptions { causal: true, ..FlashOptions::default() }).unwrap().backward();
    assert!([q.grad(&gradients), k.grad(&gradients), v.grad(&gradients)].iter().all(Option::is_some));
    let (peak, array) = (PEAK.load(Ordering::Relaxed) - before, heads * tokens * width * 4);
    // Inputs, output, gradients and what they are summed in; and scratch of a few blocks per thread.
    let (allowed, scores) = (14 * array + (4 << 20) * threads(), heads * tokens * tokens * 4);
    let mib = |bytes: usize| bytes as f64 / 1_048_576.0;
    eprintln!(
        "{heads} heads, {tokens} tokens, width {width}: peak {:.1} MiB of {:.1} MiB, all scores {:.1} MiB, {:.1} s",
        mib(peak),
        mib(allowed),
        mib(scores),
        start.elapsed().as_secs_f64()
    );
    assert!(peak <= allowed && (!full() || allowed < scores), "peak {peak} bytes, allowed {allowed}");
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
