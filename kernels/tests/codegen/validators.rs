//! Readers of WGSL and SPIR-V that need no device.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use hypergraphql_kernels::DType;
use naga::front::wgsl;
use naga::valid::{Capabilities, ValidationFlags, Validator};

use crate::catalogue::{self, Kernel};
use crate::targets::Target;

/// Shows every kernel to `check`, by as many threads as there are processors; the first ten complaints.
fn complaints(kernels: &[&Kernel], check: impl Fn(&Kernel) -> Option<String> + Sync) -> Vec<String> {
    let (next, check) = (AtomicUsize::new(0), &check);
    let work = || {
        let claimed = std::iter::from_fn(|| kernels.get(next.fetch_add(1, Ordering::Relaxed)));
        claimed.filter_map(|k| check(k).map(|why| format!("{}::{} {}: {why}", k.family, k.function, k.dtype))).collect::<Vec<_>>()
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut all = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect::<Vec<_>>()
    });
    all.truncate(10);
    all
}

#[test]
fn naga_accepts_every_wgsl_text() {
    let extensions = Capabilities::SHADER_FLOAT16 | Capabilities::SUBGROUP | Capabilities::SHADER_FLOAT32_ATOMIC;
    for (target, capabilities) in [(Target::Wgsl, extensions), (Target::WgslCore, Capabilities::empty())] {
        let kernels: Vec<_> = catalogue::of(target).kernels.iter().collect();
        let refused = complaints(&kernels, |kernel| {
            let text = &kernel.code.text;
            let module = match wgsl::parse_str(text) {
                Ok(module) => module,
                Err(error) => return Some(error.emit_to_string(text)),
            };
            let mut validator = Validator::new(ValidationFlags::all(), capabilities);
            validator.subgroup_stages(naga::valid::ShaderStages::COMPUTE).subgroup_operations(naga::valid::SubgroupOperationSet::all());
            validator.validate(&module).err().map(|error| error.emit_to_string(text))
        });
        assert!(refused.is_empty(), "{}: {}", target.name(), refused.join("\n"));
    }
}

/// SPIRV-Tools that know `SPV_KHR_bfloat16`, which Debian 12's of 2023 do not.
fn knows_bfloat16() -> bool {
    let help = Command::new("spirv-val").arg("--version").output().unwrap();
    let text = String::from_utf8_lossy(&help.stdout);
    let year = text.split(" v").nth(1).and_then(|v| v.split('.').next()).and_then(|year| year.parse::<u32>().ok());
    year.is_some_and(|year| year > 2025)
}

#[test]
fn spirv_val_accepts_every_module() {
    let test = "spirv_val_accepts_every_module";
    if Command::new("spirv-val").arg("--version").output().is_err() {
        eprintln!("SKIPPED {test}: no spirv-val (apt-get install spirv-tools)");
        return;
    }
    let bfloat16 = knows_bfloat16();
    if !bfloat16 {
        eprintln!("SKIPPED modules of bf16: this spirv-val is older than SPV_KHR_bfloat16");
    }
    let kernels: Vec<_> = catalogue::of(Target::Spirv).kernels.iter().filter(|k| bfloat16 || !uses_bfloat16(k)).collect();
    assert!(kernels.len() > 100, "only {} modules", kernels.len());
    let refused = complaints(&kernels, |kernel| {
        // The layout that the device must have for CubeCL to put the sizes in a uniform buffer.
        let mut command = Command::new("spirv-val");
        command.args(["--target-env", "vulkan1.3", "--uniform-buffer-standard-layout", "-"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let words: Vec<u8> = kernel.code.words.iter().flat_map(|word| word.to_le_bytes()).collect();
        child.stdin.take().unwrap().write_all(&words).unwrap();
        let output = child.wait_with_output().unwrap();
        (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
    });
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

fn uses_bfloat16(kernel: &Kernel) -> bool {
    kernel.dtype == DType::BF16 && kernel.code.text.contains("BFloat16TypeKHR")
}
