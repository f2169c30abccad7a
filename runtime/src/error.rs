//! The one error of this crate.

use std::path::PathBuf;

/// Result of every fallible function of this crate.
pub type Result<T, E = RuntimeError> = std::result::Result<T, E>;

/// What can go wrong when a device is asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuntimeError {
    /// A name that is no device.
    #[error("unknown device {got:?}, expected {expected}")]
    UnknownDevice {
        /// The name given.
        got: String,
        /// The names that exist.
        expected: &'static str,
    },
    /// A device that cannot be used here.
    #[error("device {device} is not usable: {why}")]
    Unusable {
        /// The device asked for.
        device: String,
        /// What was looked for and what was found.
        why: String,
        /// Devices that can be used.
        usable: Vec<String>,
    },
    /// Measurements that cannot be read or written.
    #[error("{}: {why}", path.display())]
    Tuning {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Measurements of another driver or version.
    #[error("{} holds for {holds_for}, and this is {here}", path.display())]
    Stale {
        /// The file.
        path: PathBuf,
        /// What was measured.
        holds_for: String,
        /// What is here.
        here: String,
    },
}

impl RuntimeError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::UnknownDevice { .. } => Some("`hgql devices` lists what is usable here".to_owned()),
            Self::Unusable { usable, .. } => Some(format!("usable here: {}", usable.join(", "))),
            Self::Tuning { .. } => {
                Some("`hgql tune kernels` writes the file anew; without it the first variant of each op runs".to_owned())
            }
            Self::Stale { .. } => Some("`hgql tune kernels` measures again".to_owned()),
        }
    }
}
