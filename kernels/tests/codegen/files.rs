//! The code in files, one of each kernel, with `sources.tsv` that lists them and `lacks.tsv`: the input of `cargo xtask codegen`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::catalogue::{self, Kernel};
use crate::limits::shared_bytes;
use crate::targets::Target;

/// Writes all to the folder that `HGQL_CODEGEN` names, else to one of cargo's.
pub(crate) fn write() {
    let folder = env::var_os("HGQL_CODEGEN").map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("codegen"), PathBuf::from);
    let mut sources = String::from("target\tfile\tfamily\tfunction\tdtype\tloaded_vector_bytes\tstored_vector_bytes\tshared_bytes\n");
    let mut lacks = String::from("target\twhat\twhy\n");
    for target in Target::ALL {
        let place = folder.join(target.name());
        let _ = fs::remove_dir_all(&place);
        fs::create_dir_all(&place).unwrap();
        let found = catalogue::of(target);
        for (i, kernel) in found.kernels.iter().enumerate() {
            let Kernel { dtype, family, function, code } = kernel;
            let file = format!("{family}__{function}_{dtype}_{i}.{}", target.extension());
            let words: Vec<u8> = code.words.iter().flat_map(|word| word.to_le_bytes()).collect();
            fs::write(place.join(&file), if words.is_empty() { code.text.as_bytes() } else { &words }).unwrap();
            let (loaded, stored) = if target.extension() == "cu" { vector_bytes(&code.text) } else { (0, 0) };
            let shared = shared_bytes(target, &code.text);
            writeln!(sources, "{}\t{file}\t{family}\t{function}\t{dtype}\t{loaded}\t{stored}\t{shared}", target.name()).unwrap();
        }
        for lack in &found.lacks {
            writeln!(lacks, "{}\t{}\t{}", target.name(), lack.what, lack.why).unwrap();
        }
    }
    fs::write(folder.join("sources.tsv"), sources).unwrap();
    fs::write(folder.join("lacks.tsv"), lacks).unwrap();
}

/// Bytes of the widest vectors among the arrays that a CUDA kernel reads and among those that it writes; 0 where all are of single elements.
fn vector_bytes(text: &str) -> (usize, usize) {
    let signature = text.split("__global__").nth(1).and_then(|t| t.split('{').next()).unwrap();
    let arrays: Vec<_> = signature.split([',', '(']).filter_map(|argument| argument.split_once('*')).map(|(ty, _)| ty.trim()).collect();
    let widest = |read: bool| {
        let of_kind = arrays.iter().filter(|ty| ty.starts_with("const ") == read);
        of_kind.filter_map(|ty| bytes_of(ty.trim_start_matches("const "))).max().unwrap_or(0)
    };
    (widest(true), widest(false))
}

/// The bytes of a vector such as `float_4`; `None` for other types.
fn bytes_of(ty: &str) -> Option<usize> {
    let (element, n) = ty.rsplit_once('_')?;
    let bytes = match element {
        "__half" | "__nv_bfloat16" => 2,
        "float" | "int32" | "uint32" | "__half2" | "__nv_bfloat162" => 4,
        "int64" | "uint64" => 8,
        "int8" | "uint8" => 1,
        _ => return None,
    };
    n.parse::<usize>().ok().map(|n| n * bytes)
}
