//! The code of every kernel for every target, by every launcher, storage type and strategy, without a device: CUDA C++, MSL, SPIR-V and
//! WGSL. naga reads the WGSL and spirv-val the SPIR-V; MSL is held against texts that were read. `cargo xtask codegen` compiles the CUDA C++.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]
#![cfg(feature = "vulkan")]

#[path = "codegen/catalogue.rs"]
mod catalogue;
#[path = "codegen/files.rs"]
mod files;
#[path = "codegen/launchers.rs"]
mod launchers;
#[path = "codegen/limits.rs"]
mod limits;
#[path = "codegen/msl.rs"]
mod msl;
#[path = "codegen/recorder.rs"]
mod recorder;
#[path = "codegen/refusals.rs"]
mod refusals;
#[path = "codegen/targets.rs"]
mod targets;
#[path = "codegen/validators.rs"]
mod validators;

use std::collections::BTreeSet;
use std::path::Path;

use cubecl::prelude::*;
use hypergraphql_kernels::aggregate::extremum::launch::extremum_backward;
use hypergraphql_kernels::aggregate::{Reduce, Weights};
use hypergraphql_kernels::device::{Buf, DevicePattern, Lanes, Strategy};
use hypergraphql_kernels::{CsrPair, DType, Direction};
use recorder::{Place, Recorder, launches};
use targets::Target;

/// Every strategy, and every way of combining lanes.
const ROUTES: [(Strategy, Lanes); 5] = [
    (Strategy::Short, Lanes::Serial),
    (Strategy::Short, Lanes::Shared),
    (Strategy::Short, Lanes::Plane),
    (Strategy::Long, Lanes::Shared),
    (Strategy::Hub(2), Lanes::Plane),
];

/// Without and with values of the pattern.
const VALUED: [bool; 2] = [false, true];

/// Widths that are read one element, four and eight at a time.
const WIDTHS: [usize; 3] = [5, 12, 40];

/// Widths of heads, from one block of shared memory to the widest that every device with 32 KiB takes.
const HEAD_WIDTHS: [usize; 4] = [6, 12, 64, 128];

/// Whether every combination of options is launched.
const THOROUGH: bool = true;

/// All that the targets lack; what is not here, they have. `cargo xtask codegen` prints it with the reasons.
const LACKS: [(Target, &[&str]); 6] = [
    (Target::CudaSm80, &[]),
    (Target::CudaSm90, &[]),
    (Target::Metal, &["storage of bf16", "tensor cores of f16"]),
    (Target::Spirv, &["tensor cores of bf16", "tensor cores of f16"]),
    (Target::Wgsl, &["storage of bf16", "tensor cores of f16"]),
    (
        Target::WgslCore,
        &[
            "a width of flash_attention",
            "atomic addition of f32",
            "room for aggregate::pass_combine",
            "room for aggregate::pass_long",
            "room for aggregate::pass_short",
            "room for aggregate::winners_long",
            "room for aggregate::winners_short",
            "room for flash_attention::key_gradients",
            "room for hypergraph_attention::logit_gradient",
            "room for hypergraph_attention::logit_products",
            "room for hypergraph_conv::fused",
            "room for segment_softmax::statistics",
            "room for sort::count",
            "room for sort::scatter",
            "storage of bf16",
            "storage of f16",
        ],
    ),
];

/// Functions marked `#[cube(launch_unchecked)]` in the sources.
fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            for after in text.split("#[cube(launch").skip(1) {
                let name = after.split("fn ").nth(1).unwrap().split(['<', '(']).next().unwrap();
                found.insert(name.to_owned());
            }
        }
    }
}

/// Also writes the code for `cargo xtask codegen`, which compiles it and makes the table.
#[test]
fn every_kernel_has_code_on_every_target() {
    let mut all = BTreeSet::new();
    functions(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    assert!(all.len() > 10, "only {all:?}");
    for (target, expected) in LACKS {
        let found = catalogue::of(target);
        let lacks: BTreeSet<_> = found.lacks.iter().map(|l| l.what.as_str()).collect();
        assert_eq!(lacks, expected.iter().copied().collect(), "{}: {:?}", target.name(), found.lacks);
        let launched: BTreeSet<_> = found.kernels.iter().map(|k| k.function.to_owned()).collect();
        // Atomic addition is all of a kernel, and of the two that begin and end it; tensor cores are all of those that end in their name.
        let without = |name: &&String| match name.as_str() {
            "add" | "round" | "zero" => lacks.contains("atomic addition of f32"),
            name => name.ends_with("_cmma") && ["tensor cores of f16", "storage of f16"].iter().any(|lack| lacks.contains(lack)),
        };
        let missing: Vec<_> = all.difference(&launched).filter(|name| !without(name)).collect();
        assert!(missing.is_empty(), "{}: no launcher of this test reaches {missing:?}", target.name());
    }
    files::write();
}

/// What of the page's table needs no compiler: its families and what the targets lack.
#[test]
fn the_page_names_every_family_and_lack() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/kernels.md")).unwrap();
    let table = page.split("by `cargo xtask codegen` -->").nth(1).expect("docs/kernels.md has the table between its two marks");
    let mut wanted: BTreeSet<_> = catalogue::of(Target::CudaSm80).kernels.iter().map(|k| format!("| `{}` |", k.family)).collect();
    wanted.extend(LACKS.iter().flat_map(|(target, lacks)| lacks.iter().map(|what| format!("| {} | {what} |", target.name()))));
    let rows = table.lines().filter(|line| line.starts_with("| ") && !["| family", "| target"].iter().any(|head| line.starts_with(head)));
    let rows: Vec<_> = rows.collect();
    let missing: Vec<_> = wanted.iter().filter(|w| !rows.iter().any(|row| row.starts_with(w.as_str()))).collect();
    assert!(missing.is_empty(), "docs/kernels.md lacks {missing:?}; `cargo xtask codegen` writes it");
    let stale: Vec<_> = rows.iter().filter(|row| !wanted.iter().any(|w| row.starts_with(w.as_str()))).collect();
    assert!(stale.is_empty(), "docs/kernels.md has rows of what is gone: {stale:?}; `cargo xtask codegen` writes it");
}

/// A Rust float prints as `inf` or `NaN`, which are neither C++ nor MSL.
#[test]
fn no_text_has_literals_that_are_not_numbers() {
    for target in [Target::CudaSm80, Target::CudaSm90, Target::Metal] {
        for kernel in &catalogue::of(target).kernels {
            let text = &kernel.code.text;
            let bad = text.split(|c: char| !c.is_alphanumeric() && c != '_').find(|word| ["inf", "NaN", "nan"].contains(word));
            assert_eq!(bad, None, "{} {}:\n{text}", target.name(), kernel.function);
        }
    }
}

#[test]
fn short_rows_share_cubes_in_the_search_for_winners() {
    let rows = 3989;
    let pair = CsrPair::new((0..=rows as u32).collect(), (0..rows as u32).map(|r| r % 7).collect(), 7, None).unwrap();
    let place = Place::default();
    let client = Recorder::client(&place);
    let (x, dy) = (Buf::empty(&client, 7 * 4, DType::F32), Buf::empty(&client, rows * 4, DType::F32));
    let pattern = DevicePattern::upload(&client, &pair);
    extremum_backward(&pattern, Direction::ToRows, Reduce::Max, &x, 4, Weights::Ones, &dy).unwrap();
    client.flush().unwrap();
    // 256 units are 64 groups of 4 lanes.
    let most = launches(place).iter().filter(|l| l.name.contains("::winners")).map(|l| l.cubes).max();
    assert_eq!(most, Some(rows.div_ceil(64) as u64));
}
