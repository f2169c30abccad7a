//! What the launchers give on each target: the code of every kernel, and what the target lacks with the reason.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use cubecl::prelude::*;
use hypergraphql_kernels::DType;
use hypergraphql_kernels::device::{capability, panics};

use crate::recorder::{DTYPES, Place, Recorder, launches};
use crate::refusals::refused;
use crate::targets::{Code, Target};
use crate::{launchers, limits};

/// One code of one kernel.
#[derive(Debug)]
pub(crate) struct Kernel {
    /// Storage type it was first launched with.
    pub(crate) dtype: DType,
    /// Folder of the crate that it is in.
    pub(crate) family: &'static str,
    /// Its function.
    pub(crate) function: &'static str,
    pub(crate) code: Code,
}

/// Something that a target has not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lack {
    /// The storage type, kernel or use.
    pub(crate) what: String,
    pub(crate) why: String,
}

/// All that is launched on one target.
#[derive(Debug)]
pub(crate) struct Catalogue {
    /// In order of family, function, type and launch.
    pub(crate) kernels: Vec<Kernel>,
    pub(crate) lacks: Vec<Lack>,
}

/// Done once per process.
pub(crate) fn of(target: Target) -> &'static Catalogue {
    static DONE: [OnceLock<Catalogue>; Target::ALL.len()] = [const { OnceLock::new() }; Target::ALL.len()];
    DONE[target.index()].get_or_init(|| emit(target))
}

fn emit(target: Target) -> Catalogue {
    panics::install();
    let (mut kernels, mut lacks, mut seen) = (vec![], vec![], BTreeSet::new());
    for dtype in DTYPES {
        let place = Place { target, dtype };
        let client = Recorder::client(&place);
        if let Err(error) = capability::check_storage(&client, dtype) {
            lacks.push(Lack { what: format!("storage of {dtype}"), why: error.to_string() });
            continue;
        }
        launchers::all(&client, dtype).unwrap_or_else(|error| panic!("{dtype}: {error} (let `supported` note what a target lacks)"));
        client.flush().unwrap();
        for launch in launches(place) {
            let Some(code) = launch.code else { continue };
            let (family, function) = path(launch.name);
            match code {
                Ok(code) => {
                    let excess = limits::excess(target, &code.text);
                    lacks.extend(excess.map(|why| Lack { what: format!("room for {family}::{function}"), why }));
                    if seen.insert(canonical(&code.text)) {
                        kernels.push(Kernel { dtype, family, function, code });
                    }
                }
                Err(why) => lacks.push(Lack { what: format!("{family}::{function} of {dtype}"), why }),
            }
        }
    }
    let failed = panics::take();
    assert!(failed.is_empty(), "device threads panicked: {failed:?}");
    lacks.extend(refused(target.name()).into_iter().map(|(what, why)| Lack { what, why }));
    lacks.sort();
    lacks.dedup();
    kernels.sort_by_key(|k| (k.family, k.function));
    Catalogue { kernels, lacks }
}

/// (folder, function) of the path of a kernel's type, such as `hypergraphql_kernels::aggregate::cube::short_rows::ShortRows<…>`.
fn path(name: &'static str) -> (&'static str, &'static str) {
    let segments: Vec<_> = name.split('<').next().unwrap_or(name).split("::").collect();
    assert!(segments.len() > 3, "{name} is no path of a kernel");
    (segments[1], segments[segments.len() - 2])
}

/// The lines of a text in alphabetical order with the numbers of its locals masked: CubeCL's optimiser walks hash maps with random
/// seeds, so that the same kernel has its declarations and the names of its locals in another order in every process.
pub(crate) fn canonical(text: &str) -> String {
    const NUMBERED: [&str; 5] = ["l_mut_", "l_", "shared_memory_", "dynamic_shared_mem[", "%"];
    let mask = |line: &str| {
        let mut masked = String::with_capacity(line.len());
        for word in line.trim().split_inclusive(|c: char| !c.is_alphanumeric() && c != '_' && c != '[' && c != '%') {
            let at = word.find('%').unwrap_or(0);
            let (before, name) = word.split_at(at);
            masked.push_str(before);
            match NUMBERED.iter().find(|prefix| name.starts_with(**prefix)) {
                Some(prefix) => {
                    masked.push_str(prefix);
                    masked.push_str(name[prefix.len()..].trim_start_matches(|c: char| c.is_ascii_digit()));
                }
                None => masked.push_str(name),
            }
        }
        masked
    };
    let mut lines: Vec<_> = text.lines().map(mask).collect();
    lines.sort_unstable();
    lines.join("\n")
}
