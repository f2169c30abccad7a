//! The measurements of `hgql tune kernels` on disk: one file per device, which holds for its driver and this version alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hypergraphql_ops::Tuning;
use serde::{Deserialize, Serialize};

use crate::{DeviceSpec, Result, RuntimeError, devices};

/// Where the files lie if not in the user's cache folder.
pub const FOLDER_VARIABLE: &str = "HGQL_CACHE";

/// What measurements hold for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TunedFor {
    /// The device's own name; for processors with what they run on: vector instructions and cores.
    pub device: String,
    /// Version of its driver.
    pub driver: String,
    /// Version of this program.
    pub version: String,
}

impl TunedFor {
    /// Of a device of this machine as it is now.
    ///
    /// # Errors
    /// A device that cannot be used here.
    pub fn here(device: DeviceSpec) -> Result<Self> {
        devices::check(device)?;
        let found = devices::of_kind(device.kind).into_iter().filter_map(|report| report.capabilities);
        let found = found.into_iter().nth(device.index.unwrap_or(0)).unwrap_or_default();
        let simd = found.simd.map(|simd| format!(", {simd}"));
        let cores = found.cores.map(|cores| format!(", {cores} cores"));
        Ok(Self {
            device: [Some(found.name), simd, cores].into_iter().flatten().collect(),
            driver: found.driver.unwrap_or_else(|| "none".to_owned()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    /// Its file: FOLDER/hypergraphql/tuning/DEVICE.toml, in `$HGQL_CACHE` or the user's cache folder.
    ///
    /// # Errors
    /// A user without a home.
    pub fn path(&self) -> Result<PathBuf> {
        let folder = std::env::var_os(FOLDER_VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from).or_else(dirs::cache_dir);
        let folder =
            folder.ok_or_else(|| RuntimeError::Tuning { path: "tuning".into(), why: format!("no cache folder: set {FOLDER_VARIABLE}") })?;
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let name: String = self.device.chars().map(plain).collect();
        Ok(folder.join("hypergraphql").join("tuning").join(format!("{name}.toml")))
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(rename = "for")]
    tuned_for: TunedFor,
    #[serde(flatten)]
    tuning: Tuning,
}

/// The measurements of a device, where there are some that still hold.
///
/// # Errors
/// A file that cannot be read; [`RuntimeError::Stale`] where it holds for another driver or version.
pub fn load(tuned_for: &TunedFor) -> Result<Option<Tuning>> {
    let path = tuned_for.path()?;
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&path, error)),
    };
    let stored: Stored = toml::from_str(&text).map_err(|error| failed(&path, error))?;
    if stored.tuned_for != *tuned_for {
        let show = |t: &TunedFor| format!("{}, driver {}, version {}", t.device, t.driver, t.version);
        return Err(RuntimeError::Stale { path, holds_for: show(&stored.tuned_for), here: show(tuned_for) });
    }
    Ok(Some(stored.tuning))
}

/// Replaces the measurements of a device, whole or not at all.
///
/// # Errors
/// A file that cannot be written.
pub fn save(tuned_for: &TunedFor, tuning: Tuning) -> Result<PathBuf> {
    let path = tuned_for.path()?;
    let text = toml::to_string(&Stored { tuned_for: tuned_for.clone(), tuning }).map_err(|error| failed(&path, error))?;
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let write = || {
        fs::create_dir_all(path.parent().unwrap_or(&path))?;
        fs::write(&fresh, text)?;
        fs::rename(&fresh, &path)
    };
    write().map_err(|error| failed(&path, error))?;
    Ok(path)
}

fn failed(path: &Path, why: impl std::fmt::Display) -> RuntimeError {
    RuntimeError::Tuning { path: path.to_owned(), why: why.to_string().trim_end().to_owned() }
}
