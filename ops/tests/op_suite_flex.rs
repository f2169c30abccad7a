//! The op suite on the host kernels, in every type.
#![cfg(feature = "cpu")]

use hypergraphql_ops::verify::{VerifyOptions, run};
use hypergraphql_ops::{Cpu, CpuDevice, DType, Route};

fn suite(dtype: DType) {
    let mut failures = Vec::new();
    let mut worst = (0.0, String::new());
    let summary = run::<Cpu>(&CpuDevice::default(), dtype, &VerifyOptions::default(), &mut |case| {
        if !case.passed {
            failures.push(format!("{}/{}: {}", case.op, case.case, case.detail));
        } else if case.max_error > worst.0 * case.bound {
            worst = (case.max_error / case.bound, format!("{}/{}", case.op, case.case));
        }
    });
    eprintln!("{dtype}: {summary:?}, nearest to its bound: {} at {:.2} of it", worst.1, worst.0);
    assert_eq!(summary.failed, 0, "{dtype}: {} cases failed:\n{}", failures.len(), failures[..failures.len().min(20)].join("\n"));
    assert_eq!(summary.skipped, 0);
    assert!(summary.passed > 500, "{dtype}: only {} cases ran", summary.passed);
}

#[test]
fn f64_is_within_its_bounds() {
    suite(DType::F64);
}

#[test]
fn f32_is_within_its_bounds() {
    suite(DType::F32);
}

#[test]
fn f16_is_within_its_bounds() {
    suite(DType::F16);
}

#[test]
fn bf16_is_within_its_bounds() {
    suite(DType::BF16);
}

#[test]
fn the_cpu_has_no_lanes_to_combine() {
    let options = VerifyOptions { strategy: Route::Plane, ..VerifyOptions::default() };
    let summary = run::<Cpu>(&CpuDevice::default(), DType::F32, &options, &mut |_| ());
    assert!(summary.passed == 0 && summary.skipped > 0 && summary.reason.is_some_and(|r| r.contains("plane")));
}
