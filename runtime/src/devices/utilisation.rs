//! How busy a device is, where its driver tells.

use hypergraphql_ops::HyperBackend;
use serde::Serialize;

/// What the driver tells of a device: all that runs on it, not of this process alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Utilisation {
    /// The share of the driver's last sampling period (a sixth of a second to a second) in which a kernel ran, 0 to 1.
    pub busy: f64,
    /// Bytes of its memory that are taken.
    pub memory_used_bytes: u64,
    /// Bytes of its memory.
    pub memory_bytes: u64,
}

/// How busy a device is. NVIDIA's driver tells, through its management library (NVML); `None` for other devices, in a build without `cuda`, and where
/// the library is missing or refuses.
pub fn utilisation<B: HyperBackend>(device: &B::Device) -> Option<Utilisation> {
    #[cfg(feature = "cuda")]
    if let Some(gpu) = (device as &dyn std::any::Any).downcast_ref::<hypergraphql_ops::CudaDevice>() {
        return super::cuda::utilisation(gpu.index);
    }
    #[cfg(not(feature = "cuda"))]
    let _ = device;
    None
}

#[cfg(all(test, feature = "cpu"))]
mod tests {
    use hypergraphql_ops::{Cpu, CpuDevice};

    #[test]
    fn no_driver_tells_of_the_cpu() {
        assert_eq!(super::utilisation::<Cpu>(&CpuDevice::default()), None);
    }
}
