//! What the lists of the tests and of the compilers say together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use super::read;

/// Kernels that bound the speed of a network: no spill, and no load narrower than the vectors that the launcher chose.
const HOT: [&str; 13] = [
    "aggregate",
    "cross_entropy",
    "flash_attention",
    "gather",
    "hypergraph_attention",
    "hypergraph_conv",
    "relation_linear",
    "rms_norm",
    "rope",
    "scatter_add",
    "segment_softmax",
    "sparse_conv",
    "swiglu",
];

/// The targets, in the order of the columns.
const TARGETS: [&str; 6] = ["cuda_sm_80", "cuda_sm_90", "metal", "spirv", "wgsl", "wgsl_core"];

/// The widest access of one instruction, in bytes.
const WIDEST: usize = 16;

/// Bytes that ptxas may spill by choice, for one cube more on a multiprocessor.
const CHOSEN: usize = 64;

/// Columns of the short table, as `split` counts them.
const REGISTERS: [usize; 2] = [10, 11];

/// A line of `sources.tsv`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Source {
    target: String,
    file: String,
    family: String,
    function: String,
    dtype: String,
    /// Bytes of the widest vectors that it reads and that it may write; 0 for single elements.
    vectors: [usize; 2],
    /// Bytes of its shared memory.
    shared: usize,
}

/// A line of `cuda.tsv`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Compiled {
    registers: usize,
    stack: usize,
    /// Bytes stored and loaded.
    spills: [usize; 2],
    /// Bytes of them for want of registers; ptxas chose the others.
    forced: usize,
    /// Bytes of the widest load and store of global memory.
    accesses: [usize; 2],
}

/// All lines.
#[derive(Debug, Default)]
pub(super) struct Table {
    sources: Vec<Source>,
    /// By target and file.
    compiled: BTreeMap<(String, String), Compiled>,
    /// (target, what, why)
    lacks: Vec<[String; 3]>,
}

impl Table {
    /// Reads the three lists of a folder.
    pub(super) fn read(folder: &Path) -> Result<Self, String> {
        let mut table = Self::default();
        for [target, file, family, function, dtype, loads, stores, shared] in lines(folder, "sources.tsv")? {
            let (vectors, shared) = ([number(&loads)?, number(&stores)?], number(&shared)?);
            table.sources.push(Source { target, file, family, function, dtype, vectors, shared });
        }
        for [target, file, registers, stack, stored, loaded, forced, load, store] in lines(folder, "cuda.tsv")? {
            let (registers, stack, forced) = (number(&registers)?, number(&stack)?, number(&forced)?);
            let (spills, accesses) = ([number(&stored)?, number(&loaded)?], [number(&load)?, number(&store)?]);
            table.compiled.insert((target, file), Compiled { registers, stack, spills, forced, accesses });
        }
        table.lacks = lines(folder, "lacks.tsv")?;
        Ok(table)
    }

    fn compiled(&self, source: &Source) -> Option<&Compiled> {
        self.compiled.get(&(source.target.clone(), source.file.clone()))
    }

    /// `Ok` when every CUDA kernel was compiled and no hot one spills or leaves its vectors unused.
    pub(super) fn check(&self) -> Result<(), String> {
        let faults: Vec<_> = self.sources.iter().filter_map(|source| self.fault(source)).collect();
        if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
    }

    fn fault(&self, source: &Source) -> Option<String> {
        let Source { target, file, family, function, dtype, vectors, .. } = source;
        if !target.starts_with("cuda") {
            return None;
        }
        let name = format!("{family}::{function} {dtype} ({target}/{file})");
        let Some(compiled) = self.compiled(source) else { return Some(format!("{name} was not compiled")) };
        if !HOT.contains(&family.as_str()) {
            return None;
        }
        let [stored, loaded] = compiled.spills;
        if compiled.forced > 0 || stored.max(loaded) > CHOSEN {
            return Some(format!(
                "{name} spills: {stored} bytes stored, {loaded} loaded, {} of them for want of registers",
                compiled.forced
            ));
        }
        let (vector, load) = (vectors[0], compiled.accesses[0]);
        (load < vector.min(WIDEST)).then(|| format!("{name} has vectors of {vector} bytes and loads {load} at a time"))
    }

    /// Whether the page has this table; registers may differ, since ptxas sees the lines of a kernel in another order every time.
    pub(super) fn is(&self, page: &str) -> bool {
        let without_registers = |text: &str| -> Vec<String> {
            let fields = |line: &str| {
                line.split('|').enumerate().filter(|(i, _)| !REGISTERS.contains(i)).map(|(_, f)| f.trim()).collect::<Vec<_>>().join("|")
            };
            text.trim().lines().map(fields).collect()
        };
        without_registers(page) == without_registers(&self.short())
    }

    /// A line per family, for the page.
    pub(super) fn short(&self) -> String {
        let mut text = String::from(
            "| family | kernels | CUDA sm_80 | sm_90 | Metal | SPIR-V | WGSL | WebGPU | widest load | registers sm_80 | sm_90 | shared memory | spills |\n\
             |---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
        );
        let families: BTreeSet<_> = self.sources.iter().map(|s| s.family.as_str()).collect();
        for family in families {
            let of: Vec<_> = self.sources.iter().filter(|s| s.family == family).collect();
            let functions: BTreeSet<_> = of.iter().map(|s| s.function.as_str()).collect();
            let _ = write!(text, "| `{family}` | {} |", functions.len());
            for target in TARGETS {
                let _ = write!(text, " {} |", of.iter().filter(|s| s.target == target).count());
            }
            let compiled = |target: &str| of.iter().filter(|s| s.target == target).filter_map(|s| self.compiled(s)).collect::<Vec<_>>();
            let [a, b] = [compiled("cuda_sm_80"), compiled("cuda_sm_90")];
            // Registers are allocated eight at a time.
            let registers = |all: &[&Compiled]| all.iter().map(|c| c.registers.next_multiple_of(8)).max().unwrap_or(0);
            let widest = a.iter().chain(&b).map(|c| c.accesses[0]).max().unwrap_or(0);
            let shared = of.iter().map(|s| s.shared).max().unwrap_or(0);
            let forced: usize = a.iter().chain(&b).map(|c| c.forced).sum();
            let _ = writeln!(text, " {widest} | {} | {} | {shared} | {forced} |", registers(&a), registers(&b));
        }
        text.push_str("\n| target | lacks | because |\n|---|---|---|\n");
        for [target, what, why] in &self.lacks {
            let _ = writeln!(text, "| {target} | {what} | {why} |");
        }
        text
    }

    /// A line per code.
    pub(super) fn whole(&self) -> String {
        let mut text = String::from(
            "| target | kernel | type | file | vectors read, written (bytes) | shared memory | registers | stack | spill stores, loads, for want of registers | widest load, store |\n\
             |---|---|---|---|---|---|---|---|---|---|\n",
        );
        for source in &self.sources {
            let Source { target, file, family, function, dtype, vectors: [read, written], shared } = source;
            let _ = write!(text, "| {target} | `{family}::{function}` | {dtype} | {file} |");
            let _ = match self.compiled(source) {
                Some(Compiled { registers, stack, spills: [stored, loaded], forced, accesses: [load, store] }) => {
                    writeln!(
                        text,
                        " {read}, {written} | {shared} | {registers} | {stack} | {stored}, {loaded}, {forced} | {load}, {store} |"
                    )
                }
                None => writeln!(text, " | | | | | |"),
            };
        }
        text
    }
}

/// The fields of the lines of a list, without its head.
fn lines<const N: usize>(folder: &Path, name: &str) -> Result<Vec<[String; N]>, String> {
    let text = read(&folder.join(name))?;
    let fields = |line: &str| {
        let fields: Vec<_> = line.split('\t').map(str::to_owned).collect();
        fields.try_into().map_err(|_| format!("{name}: expected {N} fields in {line:?}"))
    };
    text.lines().skip(1).map(fields).collect()
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("expected a number, got {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(family: &str, compiled: Compiled) -> Table {
        let mut table = Table::default();
        let (target, file) = ("cuda_sm_80".to_owned(), "a.cu".to_owned());
        let source = Source {
            target: target.clone(),
            file: file.clone(),
            family: family.to_owned(),
            function: "f".to_owned(),
            dtype: "f32".to_owned(),
            vectors: [32, 8],
            shared: 96,
        };
        table.sources = vec![source.clone(), Source { target: "wgsl".to_owned(), ..source }];
        table.compiled.insert((target, file), compiled);
        table
    }

    fn fine() -> Compiled {
        Compiled { registers: 33, stack: 24, spills: [20, 16], forced: 0, accesses: [16, 4] }
    }

    #[test]
    fn hot_kernels_must_not_spill_nor_leave_vectors_unused() {
        assert_eq!(table("gather", fine()).check(), Ok(()));
        let forced = Compiled { forced: 4, ..fine() };
        let want = "gather::f f32 (cuda_sm_80/a.cu) spills: 20 bytes stored, 16 loaded, 4 of them for want of registers";
        assert_eq!(table("gather", forced.clone()).check(), Err(want.to_owned()));
        assert_eq!(table("sort", forced).check(), Ok(()));
        assert!(table("gather", Compiled { spills: [0, 68], ..fine() }).check().is_err());
        let narrow = table("gather", Compiled { accesses: [4, 16], ..fine() }).check().unwrap_err();
        assert!(narrow.ends_with("has vectors of 32 bytes and loads 4 at a time"), "{narrow}");
    }

    #[test]
    fn a_page_is_stale_but_for_registers() {
        let old = table("gather", fine()).short();
        assert!(table("gather", Compiled { registers: 9, ..fine() }).is(&old));
        assert!(!table("gather", Compiled { accesses: [8, 4], ..fine() }).is(&old));
    }

    #[test]
    fn what_was_not_compiled_is_a_fault() {
        let mut table = table("sort", fine());
        table.compiled.clear();
        assert!(table.check().unwrap_err().contains("was not compiled"));
    }

    #[test]
    fn the_short_table_has_a_line_per_family() {
        let text = table("gather", fine()).short();
        assert_eq!(text.lines().nth(2), Some("| `gather` | 1 | 1 | 0 | 0 | 0 | 1 | 0 | 16 | 40 | 0 | 96 | 0 |"));
    }
}
