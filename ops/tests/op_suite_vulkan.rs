//! The op suite on Vulkan (lavapipe where there is no GPU), with and without Fusion.
#![cfg(all(feature = "vulkan", feature = "fusion"))]

use burn::tensor::Tensor;
use burn_cubecl::CubeBackend;
use burn_fusion::Fusion;
use burn_wgpu::{WgpuDevice, WgpuRuntime};
use hypergraphql_ops::verify::{VerifyOptions, run};
use hypergraphql_ops::{DType, HyperBackend};

type Plain = CubeBackend<WgpuRuntime, f32, i32, u32>;

/// Whether wgpu finds a Vulkan adapter; asking a device that is not there would panic.
fn adapter(test: &str) -> bool {
    let probe = || Tensor::<Plain, 1>::zeros([1], &WgpuDevice::default()).into_data();
    let found = std::panic::catch_unwind(probe).is_ok();
    if !found {
        eprintln!("SKIPPED {test}: no Vulkan adapter; install mesa-vulkan-drivers");
    }
    found
}

fn suite<B: HyperBackend<Device = WgpuDevice>>(test: &str, dtype: DType) {
    if !adapter(test) {
        return;
    }
    let (mut failures, mut last) = (Vec::new(), String::new());
    let options = VerifyOptions { filter: std::env::var("HGQL_CASES").ok() };
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
    assert_eq!(summary.failed, 0, "{test}: {} cases failed:\n{}", failures.len(), failures[..failures.len().min(40)].join("\n"));
    assert_eq!(summary.skipped, 0, "{test}: {:?}", summary.reason);
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
fn f64_is_skipped_with_a_reason() {
    if adapter("f64_is_skipped_with_a_reason") {
        let summary = run::<Plain>(&WgpuDevice::default(), DType::F64, &VerifyOptions::default(), &mut |_| ());
        assert!(summary.skipped > 0 && summary.reason.is_some_and(|r| r.contains("f64")));
    }
}
