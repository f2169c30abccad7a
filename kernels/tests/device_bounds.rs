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

/// Says to the process that launches what to launch.
const CHILD: &str = "HGQL_VALIDATED";

/// The kernel that reads out of bounds by intent.
const CONTROL: &str = "control";

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

/// Reads five elements out of bounds: where that is not reported, nothing would be.
#[cube(launch_unchecked)]
fn past_the_end(x: &Array<f32>, y: &mut Array<f32>) {
    y[ABSOLUTE_POS] = x[ABSOLUTE_POS + 5];
}

/// In the process with the settings: the control, or every launcher.
fn launch(what: &str) {
    let Ok(client) = std::panic::catch_unwind(|| WgpuRuntime::client(&WgpuDevice::DefaultDevice)) else { return };
    panics::install();
    if what == CONTROL {
        let array = || client.create_from_slice(&[0; 32]);
        // SAFETY: not within bounds, on purpose: the kernel is compiled with checks, which skip what they report.
        unsafe {
            let (x, y) = (ArrayArg::from_raw_parts(array(), 8), ArrayArg::from_raw_parts(array(), 8));
            past_the_end::launch_unchecked::<WgpuRuntime>(&client, CubeCount::Static(1, 1, 1), CubeDim::new_1d(8), x, y);
        }
    } else {
        launchers::all(&client, DType::F32).unwrap();
    }
    cubecl::future::block_on(client.sync()).unwrap();
    assert!(panics::take().is_empty(), "a device thread panicked");
    for (what, why) in refusals::refused(WgpuRuntime::name(&client)) {
        println!("SKIPPED {what}: {why}");
    }
    println!("{LAUNCHED}");
}

/// What that process prints; `None` where it has no adapter.
fn printed(what: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("validated");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("cubecl.toml"), CHECK_MODE).unwrap();
    fs::write(folder.join("vk_layer_settings.txt"), LAYER).unwrap();
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", TEST, "--nocapture"]).current_dir(&folder).env(CHILD, what);
    command.env_remove("VK_LOADER_LAYERS_DISABLE");
    let output = command.env("VK_INSTANCE_LAYERS", "VK_LAYER_KHRONOS_validation").env("VK_LAYER_SETTINGS_PATH", &folder).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text.contains(LAUNCHED).then_some(text)
}

#[test]
fn every_launcher_stays_within_its_arrays() {
    if let Ok(what) = env::var(CHILD) {
        return launch(&what);
    }
    let Some(control) = printed(CONTROL) else {
        assert!(env::var_os("HGQL_REQUIRE_VULKAN").is_none(), "{TEST}: a Vulkan driver is here, but wgpu finds no adapter");
        eprintln!("SKIPPED {TEST}: no Vulkan adapter (install mesa-vulkan-drivers for lavapipe)");
        return;
    };
    if reports(&control).is_empty() {
        eprintln!("SKIPPED {TEST}: nothing reports what is out of bounds (apt-get install vulkan-validationlayers)");
        return;
    }
    assert_eq!(reports(&control).len(), 5, "{control}");
    let text = printed("all").expect("the device of the control is still there");
    text.lines().filter(|line| line.starts_with("SKIPPED ")).for_each(|line| eprintln!("{line}"));
    let reports = reports(&text);
    assert!(reports.is_empty(), "{} accesses out of bounds: {:#?}", reports.len(), &reports[..reports.len().min(20)]);
}

/// The accesses out of bounds that were printed.
fn reports(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.contains("[VALIDATION ")).collect()
}
