//! MSL, which nothing here compiles, against texts that were read.
//!
//! `msl/*.metal` are six kernels in full, one of each thing that differs between languages: vectors, f16, plane operations, shared memory
//! with barriers, atomics, and exponentials with a running maximum. `msl/digests.txt` holds a digest of all texts of every function, so that no
//! change of CubeCL's goes unseen: read the new text (`cargo xtask codegen` writes all) before `HGQL_BLESS=1` accepts it. Both are compared
//! by `canonical`, without the order of lines and the numbers of locals, which differ from run to run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use hypergraphql_kernels::DType::{self, F16, F32};

use crate::catalogue::{self, canonical};
use crate::targets::Target;

/// (family, function, storage type, what the first such text must contain)
const REVIEWED: [(&str, &str, DType, &str); 6] = [
    ("swiglu", "swiglu", F32, "float_4 *"),
    ("gather", "gather", F16, "half_4 *"),
    ("rms_norm", "rms_norm", F16, "simd_sum"),
    ("segment_softmax", "statistics", F32, "threadgroup_barrier"),
    ("scatter_add", "add", F32, "atomic_fetch_add"),
    ("cross_entropy", "cross_entropy", F16, "half_4 *"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/codegen/msl")
}

fn bless() -> bool {
    env::var_os("HGQL_BLESS").is_some_and(|value| value == "1")
}

#[test]
fn msl_is_as_reviewed() {
    let kernels = &catalogue::of(Target::Metal).kernels;
    for (family, function, dtype, part) in REVIEWED {
        let of_kind = |k: &&catalogue::Kernel| (k.family, k.function, k.dtype) == (family, function, dtype) && k.code.text.contains(part);
        let found = kernels.iter().find(of_kind).unwrap_or_else(|| panic!("no {family}::{function} {dtype} with {part}"));
        let file = folder().join(format!("{function}_{dtype}.metal"));
        let text = format!("{}\n", found.code.text.trim());
        let reviewed = fs::read_to_string(&file).unwrap_or_default();
        if canonical(&text) == canonical(&reviewed) {
            continue;
        }
        assert!(bless(), "{} differs; HGQL_BLESS=1 accepts, once it is read:\n{text}", file.display());
        fs::write(&file, text).unwrap();
    }
}

#[test]
fn msl_has_the_digests_that_were_accepted() {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for kernel in &catalogue::of(Target::Metal).kernels {
        texts.entry(format!("{}::{}", kernel.family, kernel.function)).or_default().push(canonical(&kernel.code.text));
    }
    let line = |(name, mut texts): (String, Vec<String>)| {
        texts.sort_unstable();
        format!("{name} {} {:016x}", texts.len(), digest(&texts.join("\n")))
    };
    let now: Vec<_> = texts.into_iter().map(line).collect();
    let file = folder().join("digests.txt");
    let accepted = fs::read_to_string(&file).unwrap_or_default();
    let changed: Vec<_> = now.iter().filter(|line| !accepted.lines().any(|old| old == **line)).collect();
    if bless() {
        fs::write(&file, now.join("\n") + "\n").unwrap();
        return;
    }
    assert!(changed.is_empty(), "the MSL of these changed (function, texts, digest); HGQL_BLESS=1 accepts, once it is read: {changed:#?}");
    assert_eq!(now.len(), accepted.lines().count(), "{} names functions that are gone; HGQL_BLESS=1 removes them", file.display());
}

/// FNV-1a.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
