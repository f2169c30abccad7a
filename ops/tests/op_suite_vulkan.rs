//! The op suite on Vulkan (lavapipe where there is no GPU), with and without Fusion.
#![cfg(all(feature = "vulkan", feature = "fusion"))]

use burn::tensor::Tensor;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl::prelude::Runtime;
use burn_fusion::Fusion;
use burn_wgpu::{WgpuDevice, WgpuRuntime};
use hypergraphql_kernels::device::panics;
use hypergraphql_ops::verify::{VerifyOptions, run};
use hypergraphql_ops::{DType, HyperBackend, Ids, Index, KernelError, OpError, Route, extend, gather};

type Plain = CubeBackend<WgpuRuntime, f32, i32, u32>;

/// Whether wgpu finds a Vulkan adapter; asking a device that is not there would panic. `cargo xtask test` sets HGQL_REQUIRE_VULKAN where it
/// saw a driver: there a test without a device is no skip.
fn adapter(test: &str) -> bool {
    let probe = || Tensor::<Plain, 1>::zeros([1], &WgpuDevice::default()).into_data();
    let found = std::panic::catch_unwind(probe).is_ok();
    if !found {
        assert!(std::env::var_os("HGQL_REQUIRE_VULKAN").is_none(), "{test}: a Vulkan driver is here, but wgpu finds no adapter");
        eprintln!("SKIPPED {test}: no Vulkan adapter; install mesa-vulkan-drivers");
    }
    found
}

fn suite<B: HyperBackend<Device = WgpuDevice>>(test: &str, dtype: DType) {
    if adapter(test) {
        cases::<B>(test, dtype, VerifyOptions { filter: std::env::var("HGQL_CASES").ok(), ..VerifyOptions::default() });
    }
}

/// The ops whose lanes combine, by one route; the others have one form only.
fn by_route(test: &str, dtype: DType, strategy: Route) {
    if adapter(test) {
        for op in ["edge_score/", "segment_softmax/", "entry_dot/", "hypergraph_attention/", "set_attention/", "Max/Entries", "Min/Entries"]
        {
            cases::<Plain>(test, dtype, VerifyOptions { filter: Some(op.to_owned()), strategy });
        }
    }
}

fn cases<B: HyperBackend<Device = WgpuDevice>>(test: &str, dtype: DType, options: VerifyOptions) {
    let (mut failures, mut last) = (Vec::new(), String::new());
    let summary = run::<B>(&WgpuDevice::default(), dtype, &options, &mut |case| {
        if last != case.op {
            last.clone_from(&case.op);
            eprintln!("{test}: {last}");
        }
        if !case.passed {
            failures.push(format!("{}/{}: {}", case.op, case.case, case.detail));
        }
    });
    eprintln!("{test}: {summary:?}");
    if let Some(note) = &summary.note {
        eprintln!("{test}: {note}");
    }
    assert_eq!(summary.failed, 0, "{test}: {} cases failed:\n{}", failures.len(), failures[..failures.len().min(40)].join("\n"));
    if let Some(reason) = &summary.reason {
        // Only a form that the device lacks may be left out, and the totals list it.
        assert!(reason.starts_with("scatter_add: ") && reason.contains("atomic"), "{test}: {} skipped: {reason}", summary.skipped);
        eprintln!("SKIPPED {test}, {} cases: {reason}", summary.skipped);
    }
    assert!(summary.passed > 0, "{test}: nothing ran");
}

#[test]
fn f32_without_fusion() {
    suite::<Plain>("f32_without_fusion", DType::F32);
}

#[test]
fn f32_with_fusion() {
    suite::<Fusion<Plain>>("f32_with_fusion", DType::F32);
}

#[test]
fn f16_without_fusion() {
    suite::<Plain>("f16_without_fusion", DType::F16);
}

#[test]
fn f16_with_fusion() {
    suite::<Fusion<Plain>>("f16_with_fusion", DType::F16);
}

#[test]
fn f32_by_planes() {
    by_route("f32_by_planes", DType::F32, Route::Plane);
}

#[test]
fn f16_by_planes() {
    by_route("f16_by_planes", DType::F16, Route::Plane);
}

#[test]
fn f32_in_shared_memory() {
    by_route("f32_in_shared_memory", DType::F32, Route::Shared);
}

#[test]
fn f64_is_skipped_with_a_reason() {
    if adapter("f64_is_skipped_with_a_reason") {
        let summary = run::<Plain>(&WgpuDevice::default(), DType::F64, &VerifyOptions::default(), &mut |_| ());
        assert!(summary.skipped > 0 && summary.reason.is_some_and(|r| r.contains("f64")));
    }
}

/// More than one allocation holds, by a float op and by a relational one; afterwards the device does what it did before.
fn too_large<B: HyperBackend<Device = WgpuDevice>>(limit: u64) {
    let (device, indices) = (WgpuDevice::default(), 1 << 20);
    let index = Index::<B>::new(&vec![0; indices], 1, &device).expect("it is small");
    let width = limit as usize / 4 / indices + 1;
    let refused = |error: OpError| match error {
        OpError::Kernel(KernelError::OutOfMemory { asked, limit: most, .. }) => {
            assert!(asked > limit && most == limit, "{asked} bytes, {most}");
        }
        other => panic!("{other}"),
    };
    refused(gather(Tensor::<B, 2>::ones([1, width], &device), &index).expect_err("it is more than the device holds"));
    let (low, high) = (Ids::<B>::new(vec![0], &device), Ids::<B>::new(vec![limit as u32 / 4 + 1], &device));
    if limit / 4 < u64::from(u32::MAX) {
        refused(extend(&low, &high).expect_err("it is more than the device holds"));
    }
    let y = gather(Tensor::<B, 2>::ones([1, 3], &device), &Index::new(&[0, 0], 1, &device).expect("it is small")).expect("it is small");
    assert_eq!(y.into_data().to_vec::<f32>().expect("it is small"), [1.0; 6]);
    assert_eq!(extend(&low, &Ids::new(vec![2], &device)).expect("it is small").1.read().expect("it is small"), [0, 1]);
    assert!(panics::take().is_empty(), "a device thread panicked");
}

#[test]
fn arrays_that_the_device_cannot_hold_are_errors() {
    if adapter("arrays_that_the_device_cannot_hold_are_errors") {
        panics::install();
        let limit = WgpuRuntime::client(&WgpuDevice::default()).properties().memory.max_page_size;
        too_large::<Plain>(limit);
        too_large::<Fusion<Plain>>(limit);
    }
}
