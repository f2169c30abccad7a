//! `cargo xtask codegen`: the code of every kernel for every target, what NVIDIA's compilers make of the CUDA C++, and the table of the docs.

mod table;
mod wheels;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use crate::steps::{Steps, run, suite};
use crate::tests::target_folder;
use table::Table;

/// The page with the table, and the lines around it.
const PAGE: &str = "docs/kernels.md";
const BEGIN: &str = "<!-- begin: written by `cargo xtask codegen` -->\n";
const END: &str = "<!-- end: written by `cargo xtask codegen` -->";

/// Writes the sources and the whole table to `out`, and the short one into the page; with `check`, says instead whether the page is stale.
pub(crate) fn codegen(out: Option<PathBuf>, check: bool) -> ExitCode {
    let mut steps = Steps::default();
    let folder = out
        .map_or_else(|| target_folder().map(|target| target.join("codegen")), |out| Ok(env::current_dir().unwrap_or_default().join(out)));
    let folder = match folder {
        Ok(folder) => folder,
        Err(why) => {
            println!("FAILED {why}");
            return ExitCode::FAILURE;
        }
    };
    steps.step("code of every kernel for every target", |_| sources(&folder));
    match wheels::python() {
        Ok(python) => {
            steps.step("NVRTC and ptxas for sm_80 and sm_90", |_| compile(&python, &folder));
            steps.step("table", |_| write_table(&folder, check));
        }
        Err(why) => steps.skip("NVRTC, ptxas and the table", &why),
    }
    println!("\nsources and tables: {}", folder.display());
    steps.finish()
}

/// The tests of the code write it, and hold WGSL, SPIR-V and MSL against what can read them. That of the page is left out: the page is what
/// comes of this.
fn sources(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    run(suite(&["test"], &["--test", "codegen", "--", "--skip", "the_page_names"]).env("HGQL_CODEGEN", folder))
}

fn compile(python: &Path, folder: &Path) -> Result<(), String> {
    let script = root().join("kernels/tests/codegen/nvrtc.py");
    run(Command::new(python).arg(script).arg(folder))
}

fn write_table(folder: &Path, check: bool) -> Result<(), String> {
    let table = Table::read(folder)?;
    write(&folder.join("codegen.md"), &table.whole())?;
    let page = root().join(PAGE);
    let text = read(&page)?;
    let (before, rest) = text.split_once(BEGIN).ok_or_else(|| format!("{PAGE} has no line {BEGIN}"))?;
    let (old, after) = rest.split_once(END).ok_or_else(|| format!("{PAGE} has no line {END}"))?;
    let new = table.short();
    println!("{new}");
    if !check {
        write(&page, &format!("{before}{BEGIN}{new}{END}{after}"))?;
    } else if !table.is(old) {
        return Err(format!("the table in {PAGE} is stale; `cargo xtask codegen` writes it"));
    }
    table.check()
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(PathBuf::from).unwrap_or_default()
}
