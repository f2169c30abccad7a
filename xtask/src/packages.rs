//! What the suite needs of the machine: Mesa's Vulkan driver for the device tests, the Vulkan validation layer and spirv-val, rustfmt and
//! clippy. Installed where allowed, else named.

use std::env::split_paths;
use std::path::Path;
use std::process::Command;

use crate::steps::{Steps, cargo, run, succeeds};

const PACKAGES: [&str; 2] = ["libvulkan1", "mesa-vulkan-drivers"];

/// What is out of bounds is reported by a layer, and SPIR-V read by spirv-val; without one its test skips itself by name.
const VALIDATORS: [&str; 2] = ["spirv-tools", "vulkan-validationlayers"];

/// Set for the tests when a driver is here: then a device test that finds none fails instead of skipping.
pub(crate) const REQUIRE_VULKAN: &str = "HGQL_REQUIRE_VULKAN";

/// Sees that the Rust components and a Vulkan driver are there. Without a driver the device tests skip themselves by name.
pub(crate) fn install(steps: &mut Steps) {
    steps.step("rustfmt", |_| component("fmt", "rustfmt"));
    steps.step("clippy component", |_| component("clippy", "clippy"));
    if cfg!(target_os = "linux") {
        vulkan(steps);
        validators(steps);
    }
}

fn validators(steps: &mut Steps) {
    let layer = Path::new("/usr/share/vulkan/explicit_layer.d/VkLayer_khronos_validation.json");
    if layer.exists() && succeeds(Command::new("spirv-val").arg("--version")) {
        return;
    }
    if can_install() {
        steps.step("validators of Vulkan and SPIR-V", |_| apt_install(&VALIDATORS));
    }
}

fn can_install() -> bool {
    is_root() && succeeds(Command::new("apt-get").arg("--version"))
}

fn vulkan(steps: &mut Steps) {
    if !has_driver() && can_install() {
        steps.step("Vulkan driver", |_| apt_install(&PACKAGES));
    }
    if has_driver() {
        steps.require_vulkan = true;
    } else {
        steps.skip("device tests", &format!("no Vulkan driver; install one with: apt-get install {}", PACKAGES.join(" ")));
    }
}

fn apt_install(packages: &[&str]) -> Result<(), String> {
    run(Command::new("apt-get").args(["update", "-q"]))?;
    let arguments = ["install", "-q", "-y", "--no-install-recommends"];
    run(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(arguments).args(packages))
}

/// A loader, and a manifest that names a driver which is here, where Debian and most other systems keep them.
fn has_driver() -> bool {
    let loader = succeeds(Command::new("sh").args(["-c", "ldconfig -p | grep -q libvulkan.so.1"]))
        || ["/usr/lib/x86_64-linux-gnu/libvulkan.so.1", "/usr/lib/aarch64-linux-gnu/libvulkan.so.1"].iter().any(|p| Path::new(p).exists());
    let named =
        ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].iter().filter_map(std::env::var_os).flat_map(|v| split_paths(&v).collect::<Vec<_>>());
    let listed = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"].iter().filter_map(|folder| std::fs::read_dir(folder).ok());
    let manifests = named.chain(listed.flatten().flatten().map(|entry| entry.path()));
    loader && manifests.into_iter().any(|manifest| names_driver(&manifest))
}

/// Whether the library of a driver's manifest is here: a manifest can outlive its driver. A bare name is looked up by the loader.
fn names_driver(manifest: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(manifest) else { return false };
    let Some(library) = text.split("\"library_path\"").nth(1).and_then(|rest| rest.split('"').nth(1)) else { return false };
    let library = Path::new(library);
    if library.is_absolute() {
        return library.exists();
    }
    library.components().count() == 1 || manifest.parent().is_some_and(|folder| folder.join(library).exists())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Rust components come with most toolchains; a minimal one gets them from rustup.
fn component(subcommand: &str, name: &str) -> Result<(), String> {
    if succeeds(&mut cargo(&[subcommand, "--version"])) {
        return Ok(());
    }
    run(Command::new("rustup").args(["component", "add", name])).map_err(|why| format!("{name} is missing and cannot be added: {why}"))
}
