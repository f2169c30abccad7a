//! No kernel reads or writes beyond its arrays: every launcher on a Vulkan device, with CubeCL's `check_mode = "validate"`.
//!
//! In that mode the kernels print every index that is out of bounds, through the debug printf of Vulkan's validation layer. Both are
//! set up before a process starts, so the test runs itself again, in a folder with the two settings files.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
#![cfg(feature = "vulkan")]

#[path = "codegen/launchers.rs"]
mod launchers;
#[path = "codegen/refusals.rs"]
mod refusals;

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use cubecl::prelude::*;
use cubecl::wgpu::{WgpuDevice, WgpuRuntime};
use hypergraphql_kernels::DType;
use hypergraphql_kernels::device::{Lanes, Strategy, panics};

const TEST: &str = "every_launcher_stays_within_its_arrays";

/// Rows by one group of lanes, and in segments by cubes. Not more: lavapipe's compiler takes seconds for each kernel with checks, and half a
/// minute for some.
const ROUTES: [(Strategy, Lanes); 2] = [(Strategy::Short, Lanes::Plane), (Strategy::Hub(2), Lanes::Shared)];

const VALUED: [bool; 1] = [true];

/// A width of several vectors.
const WIDTHS: [usize; 1] = [12];

/// A width of heads that no block divides.
const HEAD_WIDTHS: [usize; 1] = [6];

const THOROUGH: bool = false;

/// Set for the process that launches.
const CHILD: &str = "HGQL_VALIDATED";

/// Printed by that process when all was launched.
const LAUNCHED: &str = "all was launched";

const CHECK_MODE: &str = "[compilation]\ncheck_mode = \"validate\"\n";

/// Debug printf and nothing else: the checks of the API belong to wgpu.
const LAYER: &str = "khronos_validation.enables = VK_VALIDATION_FEATURE_ENABLE_DEBUG_PRINTF_EXT
khronos_validation.disables = VK_VALIDATION_FEATURE_DISABLE_CORE_CHECKS_EXT,VK_VALIDATION_FEATURE_DISABLE_OBJECT_LIFETIMES_EXT,\
VK_VALIDATION_FEATURE_DISABLE_THREAD_SAFETY_EXT,VK_VALIDATION_FEATURE_DISABLE_API_PARAMETERS_EXT,VK_VALIDATION_FEATURE_DISABLE_UNIQUE_HANDLES_EXT
khronos_validation.printf_to_stdout = true
khronos_validation.printf_buffer_size = 65536
khronos_validation.log_filename = stdout
khronos_validation.debug_action = VK_DBG_LAYER_ACTION_LOG_MSG
";

/// Reads out of bounds by intent: what is not reported of it would not be of another.
#[cube(launch_unchecked)]
fn past_the_end(x: &Array<f32>, y: &mut Array<f32>) {
    y[ABSOLUTE_POS] = x[ABSOLUTE_POS + 5];
}

fn launch_all() {
    let Ok(client) = std::panic::catch_unwind(|| WgpuRuntime::client(&WgpuDevice::DefaultDevice)) else { return };
    panics::install();
    let array = || client.create_from_slice(&[0; 32]);
    // SAFETY: not within bounds, on purpose: the kernel is compiled with checks, which skip what they report.
    unsafe {
        let (x, y) = (ArrayArg::from_raw_parts(array(), 8), ArrayArg::from_raw_parts(array(), 8));
        past_the_end::launch_unchecked::<WgpuRuntime>(&client, CubeCount::Static(1, 1, 1), CubeDim::new_1d(8), x, y);
    }
    launchers::all(&client, DType::F32).unwrap();
    cubecl::future::block_on(client.sync()).unwrap();
    assert!(panics::take().is_empty(), "a device thread panicked");
    for (what, why) in refusals::refused(WgpuRuntime::name(&client)) {
        println!("SKIPPED {what}: {why}");
    }
    println!("{LAUNCHED}");
}

#[test]
fn every_launcher_stays_within_its_arrays() {
    if env::var_os(CHILD).is_some() {
        return launch_all();
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("validated");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("cubecl.toml"), CHECK_MODE).unwrap();
    fs::write(folder.join("vk_layer_settings.txt"), LAYER).unwrap();
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", TEST, "--nocapture"]).current_dir(&folder).env(CHILD, "1");
    let output = command.env("VK_INSTANCE_LAYERS", "VK_LAYER_KHRONOS_validation").env("VK_LAYER_SETTINGS_PATH", &folder).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    if !text.contains(LAUNCHED) && output.status.success() {
        eprintln!("SKIPPED {TEST}: no Vulkan adapter (install mesa-vulkan-drivers for lavapipe)");
        return;
    }
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text.lines().filter(|line| line.starts_with("SKIPPED ")).for_each(|line| eprintln!("{line}"));
    let (control, reports): (Vec<_>, Vec<_>) =
        text.lines().filter(|l| l.contains("[VALIDATION ")).partition(|l| l.contains("past_the_end"));
    if control.is_empty() {
        eprintln!("SKIPPED {TEST}: nothing reports what is out of bounds (apt-get install vulkan-validationlayers)");
        return;
    }
    assert_eq!(control.len(), 5, "{control:?}");
    assert!(reports.is_empty(), "{} accesses out of bounds: {:#?}", reports.len(), &reports[..reports.len().min(20)]);
}
