//! Names of devices: `cpu`, `vulkan`, `vulkan:1`, `cuda:0`, `metal`.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::RuntimeError;

/// What [`DeviceSpec`] is written as.
pub const EXPECTED: &str = "cpu, vulkan[:INDEX], cuda[:INDEX] or metal[:INDEX]";

/// A kind of device; each is one back end of `ops`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceKind {
    /// This machine's processor, by the host kernels.
    Cpu,
    /// A GPU, or Mesa's lavapipe, through Vulkan.
    Vulkan,
    /// An NVIDIA GPU.
    Cuda,
    /// An Apple GPU.
    Metal,
}

impl DeviceKind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Self; 4] = [Self::Cpu, Self::Vulkan, Self::Cuda, Self::Metal];

    /// The name on the command line; also the name of the cargo feature.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Vulkan => "vulkan",
            Self::Cuda => "cuda",
            Self::Metal => "metal",
        }
    }

    /// Whether this build contains the back end.
    pub const fn built(self) -> bool {
        match self {
            Self::Cpu => cfg!(feature = "cpu"),
            Self::Vulkan => cfg!(feature = "vulkan"),
            Self::Cuda => cfg!(feature = "cuda"),
            Self::Metal => cfg!(all(feature = "metal", target_os = "macos")),
        }
    }
}

/// One device: a kind, and which of its devices when there are several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceSpec {
    /// The back end.
    pub kind: DeviceKind,
    /// Position in the list of `hgql devices`; `None` is the best one.
    pub index: Option<usize>,
}

impl DeviceSpec {
    /// The best device of a kind.
    pub const fn best(kind: DeviceKind) -> Self {
        Self { kind, index: None }
    }
}

impl Default for DeviceSpec {
    fn default() -> Self {
        Self::best(DeviceKind::Cpu)
    }
}

impl FromStr for DeviceSpec {
    type Err = RuntimeError;

    fn from_str(text: &str) -> Result<Self, RuntimeError> {
        let unknown = || RuntimeError::UnknownDevice { got: text.to_owned(), expected: EXPECTED };
        let (name, index) = match text.split_once(':') {
            None => (text, None),
            Some((name, index)) => (name, Some(parse_index(index).ok_or_else(unknown)?)),
        };
        let kind = DeviceKind::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(unknown)?;
        if kind == DeviceKind::Cpu && index.is_some() {
            return Err(unknown());
        }
        Ok(Self { kind, index })
    }
}

/// Digits only: `usize::from_str` would also take `+1`.
fn parse_index(text: &str) -> Option<usize> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

impl fmt::Display for DeviceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            None => f.write_str(self.kind.name()),
            Some(index) => write!(f, "{}:{index}", self.kind.name()),
        }
    }
}

impl Serialize for DeviceSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for text in ["cpu", "vulkan", "vulkan:0", "vulkan:3", "cuda", "cuda:12", "metal", "metal:1"] {
            assert_eq!(text.parse::<DeviceSpec>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_names_are_refused_and_the_known_ones_listed() {
        for text in ["", "gpu", "cpu:0", "cuda:", "cuda:-1", "cuda:+1", "cuda:x", "CUDA", "cuda:99999999999999999999", "vulkan:1:2"] {
            let error = text.parse::<DeviceSpec>().unwrap_err();
            assert_eq!(error, RuntimeError::UnknownDevice { got: text.to_owned(), expected: EXPECTED });
            assert!(error.to_string().contains("cuda[:INDEX]"), "{error}");
        }
    }
}
