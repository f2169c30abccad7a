//! What this machine can run on. Each kind has its own file, which looks for the driver before anything touches it.

mod cpu;
mod cuda;
mod metal;
mod utilisation;
#[cfg(feature = "vulkan")]
mod vulkan;

pub use utilisation::{Utilisation, utilisation};

use serde::Serialize;

use crate::{DeviceKind, DeviceSpec, Result, RuntimeError};

/// One device, or one kind of device that has none here.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceReport {
    /// What `--device` takes.
    pub device: DeviceSpec,
    /// Whether it can be used.
    pub usable: bool,
    /// Why it cannot be used, and what was looked for.
    pub why: Option<String>,
    /// What it is and what it can do, where it is usable.
    pub capabilities: Option<Capabilities>,
}

/// What a device can do; `None` where it cannot be asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Capabilities {
    /// The device's own name.
    pub name: String,
    /// Version of its driver, as the driver writes it; GPUs only.
    pub driver: Option<String>,
    /// What sort of device it is; GPUs only.
    pub form: Option<Form>,
    /// Types that the kernels can store on it.
    pub dtypes: Vec<&'static str>,
    /// Smallest and largest number of lanes that run in step.
    pub plane_size: Option<[u32; 2]>,
    /// Whether there are matrix units that the kernels can use.
    pub tensor_cores: Option<bool>,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
    /// Processor cores that this process may use.
    pub cores: Option<usize>,
    /// The widest vector instructions of the processor.
    pub simd: Option<&'static str>,
}

/// Sorts of GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A card of its own.
    Discrete,
    /// Part of the processor.
    Integrated,
    /// A share of a GPU in a virtual machine.
    Virtual,
    /// The processor acting as a GPU, as Mesa's lavapipe does.
    Software,
    /// Not said.
    Other,
}

/// What a probe finds: the devices of its kind in order, or why there are none.
type Probe = Result<Vec<Capabilities>, String>;

/// Every kind of device, usable ones first within a kind.
pub fn list() -> Vec<DeviceReport> {
    DeviceKind::ALL.into_iter().flat_map(of_kind).collect()
}

/// The devices that can be used, as `--device` takes them.
pub fn usable() -> Vec<String> {
    list().into_iter().filter(|report| report.usable).map(|report| report.device.to_string()).collect()
}

/// `Ok` when `device` can be used.
///
/// # Errors
/// Says what was looked for and which devices can be used.
pub fn check(device: DeviceSpec) -> Result<()> {
    let why = match probe(device.kind) {
        Err(why) => why,
        Ok(found) => match device.index {
            Some(index) if index >= found.len() => {
                format!("there {} here", if found.len() == 1 { "is 1".to_owned() } else { format!("are {}", found.len()) })
            }
            _ => return Ok(()),
        },
    };
    Err(RuntimeError::Unusable { device: device.to_string(), why, usable: usable() })
}

/// The devices of one kind, or why there are none.
pub fn of_kind(kind: DeviceKind) -> Vec<DeviceReport> {
    let report = |index, capabilities| DeviceReport { device: DeviceSpec { kind, index }, usable: true, why: None, capabilities };
    match probe(kind) {
        Err(why) => vec![DeviceReport { device: DeviceSpec::best(kind), usable: false, why: Some(why), capabilities: None }],
        Ok(found) if kind == DeviceKind::Cpu => found.into_iter().map(|c| report(None, Some(c))).collect(),
        Ok(found) => found.into_iter().enumerate().map(|(i, c)| report(Some(i), Some(c))).collect(),
    }
}

fn probe(kind: DeviceKind) -> Probe {
    match kind {
        DeviceKind::Cpu => cpu::probe(),
        #[cfg(feature = "vulkan")]
        DeviceKind::Vulkan => vulkan::probe(),
        #[cfg(not(feature = "vulkan"))]
        DeviceKind::Vulkan => Err(not_built(kind)),
        DeviceKind::Cuda => cuda::probe(),
        DeviceKind::Metal => metal::probe(),
    }
}

/// The sentence for a kind that this build does not contain.
fn not_built(kind: DeviceKind) -> String {
    let name = kind.name();
    format!("this build has no feature `{name}` (build with `--features {name}`)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_listed_and_says_why_it_is_not_usable() {
        let reports = list();
        for kind in DeviceKind::ALL {
            let of_kind: Vec<_> = reports.iter().filter(|r| r.device.kind == kind).collect();
            assert!(!of_kind.is_empty(), "{kind:?} is missing");
            for report in of_kind {
                assert_eq!(report.usable, report.why.is_none(), "{report:?}");
                assert_eq!(report.usable, report.capabilities.is_some(), "{report:?}");
                assert_eq!(report.usable, check(report.device).is_ok(), "{report:?}");
            }
        }
    }

    #[test]
    fn an_index_past_the_end_is_not_usable_and_the_usable_ones_are_named() {
        let device: DeviceSpec = "vulkan:4000".parse().unwrap();
        let Err(RuntimeError::Unusable { usable, .. }) = check(device) else { panic!("vulkan:4000 is usable") };
        assert_eq!(usable, super::usable());
    }
}
