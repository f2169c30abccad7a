//! `hgql devices` and `--device`.

use crate::program::{command, hgql, lines, run};

#[test]
fn every_kind_is_listed_with_capabilities_or_a_reason() {
    let found = lines(&hgql(["devices", "--json"]).ok());
    for kind in ["cpu", "vulkan", "cuda", "metal"] {
        let of_kind: Vec<_> =
            found.iter().filter(|line| line["device"].as_str().is_some_and(|d| d.split(':').next() == Some(kind))).collect();
        assert!(!of_kind.is_empty(), "{kind}: {found:?}");
        for line in of_kind {
            assert_eq!(line["kind"], "device");
            let usable = line["usable"].as_bool().expect("usable");
            assert_eq!(line["why"].is_null(), usable, "{line}");
            assert_eq!(line["capabilities"]["name"].as_str().is_some_and(|name| !name.is_empty()), usable, "{line}");
        }
    }
    let cpu = found.iter().find(|line| line["device"] == "cpu").expect("a processor");
    assert_eq!(cpu["usable"], true);
    assert!(cpu["capabilities"]["cores"].as_u64() >= Some(1), "{cpu}");
}

#[test]
fn the_table_shows_the_same_devices() {
    let table = hgql(["devices"]).ok();
    for line in lines(&hgql(["devices", "--json"]).ok()) {
        let device = line["device"].as_str().expect("a name");
        assert!(table.contains(device), "{device} is not in:\n{table}");
    }
}

#[test]
#[cfg(all(target_os = "linux", feature = "vulkan"))]
fn a_vulkan_loader_without_driver_is_a_reason_and_not_a_panic() {
    let out =
        run(command().args(["devices", "--json"]).env("VK_DRIVER_FILES", "/nowhere.json").env("VK_ICD_FILENAMES", "/nowhere.json")).ok();
    let vulkan = lines(&out).into_iter().find(|line| line["device"] == "vulkan").expect("vulkan");
    assert_eq!(vulkan["usable"], false);
    let why = vulkan["why"].as_str().expect("a reason");
    assert!(why.contains("mesa-vulkan-drivers") && (why.contains("icd.d") || why.contains("libvulkan.so.1")), "{why}");
}

#[test]
fn an_unknown_device_lists_the_known_and_the_usable_ones() {
    for name in ["gpu", "cuda:x", "cpu:1"] {
        hgql(["verify", "kernels", "--device", name]).fails(2, &[name, "cuda[:INDEX]", "usable here: cpu"]);
    }
}

#[test]
fn a_device_past_the_end_is_not_usable() {
    let run = hgql(["verify", "kernels", "--device", "vulkan:4000"]);
    run.fails(3, &["vulkan:4000 is not usable", "help: usable here: cpu"]);
}

#[test]
fn cuda_without_a_driver_says_what_was_looked_for() {
    let found = lines(&hgql(["devices", "--json"]).ok());
    if found.iter().any(|line| line["device"] == "cuda:0" && line["usable"] == true) {
        eprintln!("SKIPPED cuda_without_a_driver_says_what_was_looked_for: this machine has a CUDA device");
        return;
    }
    hgql(["verify", "kernels", "--device", "cuda"]).fails(3, &["device cuda is not usable", "libcuda.so.1", "help: usable here: cpu"]);
}
