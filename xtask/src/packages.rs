//! What the suite needs of the machine: Mesa's Vulkan driver for the device tests, rustfmt and clippy. Installed where allowed, else named.

use std::path::Path;
use std::process::Command;

use crate::steps::{Steps, cargo, run, succeeds};

const PACKAGES: [&str; 2] = ["libvulkan1", "mesa-vulkan-drivers"];

/// Sees that a Vulkan driver and the Rust components are there.
pub(crate) fn install(steps: &mut Steps) {
    steps.step("packages", |_| vulkan().and_then(|()| component("fmt", "rustfmt")).and_then(|()| component("clippy", "clippy")));
}

fn vulkan() -> Result<(), String> {
    if cfg!(not(target_os = "linux")) || has_driver() {
        return Ok(());
    }
    let by_hand = format!("no Vulkan driver; install one with: apt-get install {}", PACKAGES.join(" "));
    if !is_root() || !succeeds(Command::new("apt-get").arg("--version")) {
        return Err(by_hand);
    }
    run(Command::new("apt-get").args(["update", "-q"]))?;
    let arguments = ["install", "-q", "-y", "--no-install-recommends"];
    run(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(arguments).args(PACKAGES))?;
    if has_driver() { Ok(()) } else { Err(by_hand) }
}

/// A loader and the manifest of a driver, where Debian and most other systems keep them.
fn has_driver() -> bool {
    let loader = succeeds(Command::new("sh").args(["-c", "ldconfig -p | grep -q libvulkan.so.1"]))
        || ["/usr/lib/x86_64-linux-gnu/libvulkan.so.1", "/usr/lib/aarch64-linux-gnu/libvulkan.so.1"].iter().any(|p| Path::new(p).exists());
    let named = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].iter().any(|name| std::env::var_os(name).is_some());
    let manifest = |folder: &&str| std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    loader && (named || ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"].iter().any(manifest))
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
