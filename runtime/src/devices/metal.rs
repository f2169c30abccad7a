//! Apple GPUs.

use super::{Probe, not_built};
use crate::DeviceKind;

/// Metal exists on macOS only, where the operating system brings it.
pub(super) fn probe() -> Probe {
    if cfg!(not(target_os = "macos")) {
        return Err(format!("Metal needs macOS, this is {}", std::env::consts::OS));
    }
    if !DeviceKind::Metal.built() {
        return Err(not_built(DeviceKind::Metal));
    }
    // Every Mac that runs a supported macOS has exactly one Metal device of its own; the system gives it without a driver to look for.
    Ok(vec![super::Capabilities { name: "Metal".to_owned(), dtypes: vec!["f32", "f16"], ..super::Capabilities::default() }])
}
