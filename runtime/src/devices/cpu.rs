//! The processor: cores, memory and vector instructions.

use super::{Capabilities, Probe, not_built};
use crate::DeviceKind;

/// This machine's processor.
pub(super) fn probe() -> Probe {
    if !DeviceKind::Cpu.built() {
        return Err(not_built(DeviceKind::Cpu));
    }
    Ok(vec![Capabilities {
        name: model_name().unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        dtypes: vec!["f64", "f32", "f16", "bf16"],
        cores: std::thread::available_parallelism().ok().map(std::num::NonZero::get),
        memory_bytes: memory_bytes(),
        simd: Some(simd()),
        ..Capabilities::default()
    }])
}

/// The value of the first line `key: value` of a file of /proc; `None` on other systems.
fn proc_value(file: &str, key: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn model_name() -> Option<String> {
    proc_value("/proc/cpuinfo", "model name")
}

fn memory_bytes() -> Option<u64> {
    let kib: u64 = proc_value("/proc/meminfo", "MemTotal")?.strip_suffix(" kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(target_arch = "x86_64")]
fn simd() -> &'static str {
    let avx512 = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") && is_x86_feature_detected!("avx512bw");
    if avx512 {
        "AVX-512"
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        "AVX2"
    } else if is_x86_feature_detected!("avx") {
        "AVX"
    } else {
        "SSE2"
    }
}

#[cfg(target_arch = "aarch64")]
fn simd() -> &'static str {
    "NEON"
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn simd() -> &'static str {
    "scalar"
}
