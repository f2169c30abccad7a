//! The CUDA C++ of every kernel, by every launcher, storage type and strategy, without a GPU: no literals that NVRTC does not know, and NVRTC
//! compiles it where `HGQL_NVRTC` names a Python with its wheels.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
#![cfg(feature = "cube")]

#[path = "cuda_text/launchers.rs"]
mod launchers;
#[path = "cuda_text/recorder.rs"]
mod recorder;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use cubecl::prelude::*;
use hypergraphql_kernels::aggregate::extremum::launch::extremum_backward;
use hypergraphql_kernels::aggregate::{Reduce, Weights};
use hypergraphql_kernels::device::{Buf, DevicePattern, panics};
use hypergraphql_kernels::{CsrPair, DType, Direction};
use recorder::{NoDevice, Recorder, launches};

/// Text -> name of its kernel; each text once.
fn texts() -> &'static BTreeMap<String, &'static str> {
    static TEXTS: OnceLock<BTreeMap<String, &'static str>> = OnceLock::new();
    TEXTS.get_or_init(|| {
        panics::install();
        let client = Recorder::client(&NoDevice);
        for dtype in [DType::F32, DType::F16, DType::BF16] {
            launchers::all(&client, dtype).unwrap();
        }
        client.flush().unwrap();
        let failed = panics::take();
        assert!(failed.is_empty(), "device threads panicked: {failed:?}");
        let compiled = |l: recorder::Launch| l.text.map(|t| (t.unwrap_or_else(|e| panic!("{}: {e}", l.name)), l.name));
        launches().into_iter().filter_map(compiled).collect()
    })
}

/// Functions marked `#[cube(launch_unchecked)]` in the sources.
fn kernels(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            kernels(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            for after in text.split("#[cube(launch").skip(1) {
                let name = after.split("fn ").nth(1).unwrap().split(['<', '(']).next().unwrap();
                found.insert(name.to_owned());
            }
        }
    }
}

#[test]
fn every_kernel_has_a_text() {
    let mut all = BTreeSet::new();
    kernels(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    assert!(all.len() > 10, "only {all:?}");
    let launched: BTreeSet<String> = texts().values().flat_map(|name| name.split("::").map(str::to_owned)).collect();
    let missing: Vec<_> = all.difference(&launched).collect();
    assert!(missing.is_empty(), "no launcher of this test reaches {missing:?}");
}

/// A Rust float prints as `inf` or `NaN`, which are no C++.
#[test]
fn no_text_has_literals_that_are_not_numbers() {
    for (text, name) in texts() {
        let bad = text.split(|c: char| !c.is_alphanumeric() && c != '_').find(|word| ["inf", "NaN", "nan"].contains(word));
        assert_eq!(bad, None, "{name}:\n{text}");
    }
}

#[test]
fn nvrtc_compiles_every_text() {
    let test = "nvrtc_compiles_every_text";
    let Some(python) = std::env::var_os("HGQL_NVRTC") else {
        eprintln!("SKIPPED {test}: set HGQL_NVRTC to a Python with the wheels nvidia-cuda-nvrtc and nvidia-cuda-runtime");
        return;
    };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cuda_text");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    for (i, (text, name)) in texts().iter().enumerate() {
        let kernel = name.split('<').next().unwrap().rsplit("::").next().unwrap();
        std::fs::write(folder.join(format!("{kernel}_{i}.cu")), text).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cuda_text/nvrtc.py");
    let output = Command::new(&python).arg(script).arg(&folder).args(["sm_80", "sm_90"]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(3) {
        eprintln!("SKIPPED {test}: {}", errors.trim());
        return;
    }
    eprintln!("{test}: {}", String::from_utf8_lossy(&output.stdout).trim());
    assert!(output.status.success(), "{errors}");
}

#[test]
fn short_rows_share_cubes_in_the_search_for_winners() {
    let rows = 3989;
    let pair = CsrPair::new((0..=rows as u32).collect(), (0..rows as u32).map(|r| r % 7).collect(), 7, None).unwrap();
    let client = Recorder::client(&NoDevice);
    let (x, dy) = (Buf::empty(&client, 7 * 4, DType::F32), Buf::empty(&client, rows * 4, DType::F32));
    let pattern = DevicePattern::upload(&client, &pair);
    extremum_backward(&pattern, Direction::ToRows, Reduce::Max, &x, 4, Weights::Ones, &dy).unwrap();
    client.flush().unwrap();
    // 256 units are 64 groups of 4 lanes.
    let most = launches().iter().filter(|l| l.name.contains("::winners")).map(|l| l.cubes).max();
    assert_eq!(most, Some(rows.div_ceil(64) as u64));
}
