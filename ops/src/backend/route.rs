//! `Route`: how the kernels of a pattern combine lanes, so that a test sees each way on one device.

use std::fmt;
use std::str::FromStr;

/// How the lanes of a group combine what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Route {
    /// As the device and the lengths of the rows suggest.
    #[default]
    Auto,
    /// By plane operations wherever a kernel has them.
    Plane,
    /// In shared memory.
    Shared,
}

impl Route {
    /// The name used on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Plane => "plane",
            Self::Shared => "shared",
        }
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Route {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        [Self::Auto, Self::Plane, Self::Shared]
            .into_iter()
            .find(|route| route.name() == s)
            .ok_or_else(|| format!("unknown strategy {s:?}, expected auto, plane or shared"))
    }
}
