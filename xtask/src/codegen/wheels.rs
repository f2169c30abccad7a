//! NVIDIA's compilers from PyPI, which need no GPU and no CUDA.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::steps::{run, succeeds};
use crate::tests::target_folder;

/// Names a Python that has the wheels; else one is made.
const PYTHON: &str = "HGQL_NVRTC";

/// Pinned, so that the table is the same everywhere. `crt` are headers that the runtime's include.
const WHEELS: [&str; 4] =
    ["nvidia-cuda-nvrtc==13.2.86", "nvidia-cuda-nvcc==13.2.86", "nvidia-cuda-crt==13.2.86", "nvidia-cuda-runtime==13.2.86"];

/// A Python with the wheels, in an environment of its own beside the build; an error says why there is none.
pub(super) fn python() -> Result<PathBuf, String> {
    if let Some(python) = env::var_os(PYTHON) {
        return Ok(python.into());
    }
    let folder = target_folder()?.join("nvidia-13.2.86");
    let python = folder.join("bin/python");
    if succeeds(Command::new(&python).args(["-c", "import nvidia"])) {
        return Ok(python);
    }
    let hint = format!("set {PYTHON} to a Python with {}", WHEELS.join(" "));
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder)).map_err(|why| format!("no Python environment ({why}); {hint}"))?;
    let install = ["-m", "pip", "install", "--quiet", "--no-deps"];
    run(Command::new(&python).args(install).args(WHEELS)).map_err(|why| format!("no wheels ({why}); {hint}"))?;
    Ok(python)
}
