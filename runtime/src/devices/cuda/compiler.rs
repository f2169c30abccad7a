//! What compiles kernels at run time: NVRTC and CUDA's headers. CubeCL panics when either is missing.

use std::path::{Path, PathBuf};

use libloading::Library;

/// The majors of CUDA that cudarc loads NVRTC of.
const MAJORS: [u32; 4] = [13, 12, 11, 10];
const HEADER: &str = "cuda_runtime.h";

/// `Ok` when kernels can be compiled here.
pub(super) fn probe() -> Result<(), String> {
    nvrtc()?;
    headers(toolkit(std::env::var_os("CUDA_PATH").map(PathBuf::from)).as_deref())
}

fn nvrtc() -> Result<(), String> {
    let names = if cfg!(target_os = "windows") {
        vec!["nvrtc.dll".to_owned(), "nvrtc64_130_0.dll".to_owned(), "nvrtc64_120_0.dll".to_owned()]
    } else {
        std::iter::once("libnvrtc.so".to_owned()).chain(MAJORS.map(|major| format!("libnvrtc.so.{major}"))).collect()
    };
    // SAFETY: loading NVRTC runs its initialisers only, which have no precondition.
    if names.iter().any(|name| unsafe { Library::new(name) }.is_ok()) {
        return Ok(());
    }
    let looked = names.join(", ");
    Err(format!(
        "the NVIDIA driver works but the run-time compiler is missing: looked for {looked} where the loader looks \
         (install the CUDA toolkit, or name the folder of the library in LD_LIBRARY_PATH)"
    ))
}

/// The folder that CubeCL takes the headers from, in its order.
fn toolkit(named: Option<PathBuf>) -> Option<PathBuf> {
    if named.is_some() {
        return named;
    }
    if cfg!(target_os = "windows") {
        return Some(PathBuf::from("C:/Program Files/NVIDIA GPU Computing Toolkit/CUDA/"));
    }
    let places = [("/usr/local/cuda", "/usr/local/cuda"), ("/opt/cuda", "/opt/cuda"), ("/usr/bin/nvcc", "/usr")];
    places.into_iter().find(|(sign, _)| Path::new(sign).exists()).map(|(_, folder)| PathBuf::from(folder))
}

fn headers(toolkit: Option<&Path>) -> Result<(), String> {
    let Some(folder) = toolkit else {
        return Err(format!(
            "CUDA's headers are missing: CUDA_PATH is not set, and there is no /usr/local/cuda, /opt/cuda or /usr/bin/nvcc \
             (install the CUDA toolkit, or set CUDA_PATH to the folder that holds include/{HEADER})"
        ));
    };
    let header = folder.join("include").join(HEADER);
    if header.is_file() {
        return Ok(());
    }
    Err(format!("CUDA's headers are missing: looked for {} (set CUDA_PATH to the folder that holds include/{HEADER})", header.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_looked_for_in_the_named_folder() {
        let folder = std::env::temp_dir().join(format!("hgql-cuda-{}", std::process::id()));
        let why = headers(toolkit(Some(folder.clone())).as_deref()).unwrap_err();
        assert!(why.contains("CUDA_PATH") && why.contains(&folder.join("include/cuda_runtime.h").display().to_string()), "{why}");
        std::fs::create_dir_all(folder.join("include")).unwrap();
        std::fs::write(folder.join("include/cuda_runtime.h"), "").unwrap();
        assert_eq!(headers(Some(&folder)), Ok(()));
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(headers(None).unwrap_err().contains("/usr/local/cuda"));
    }
}
