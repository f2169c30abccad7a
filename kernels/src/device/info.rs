//! What a device is and can do, for `hgql devices`.

use cubecl::prelude::*;

use super::{capability, lanes};
use crate::element::DType;

/// Capabilities of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Name given by the caller (adapter, or index).
    pub name: String,
    /// CubeCL's runtime and compiler.
    pub runtime: &'static str,
    /// Types that buffers can hold.
    pub storage: Vec<DType>,
    /// Types that the device also computes in.
    pub arithmetic: Vec<DType>,
    /// Whether it adds f32 atomically.
    pub atomic_add_f32: bool,
    /// Least and largest number of lanes of a plane.
    pub plane_size: (u32, u32),
    /// Whether plane operations are used.
    pub plane_ops: bool,
    /// Shapes of tensor-core products, as "m x n x k a*b->c".
    pub tensor_cores: Vec<String>,
    /// Largest allocation, in bytes.
    pub max_page_bytes: u64,
    /// Shared memory of a cube, in bytes.
    pub max_shared_bytes: usize,
    /// Units of a cube.
    pub max_units_per_cube: u32,
}

impl DeviceInfo {
    /// Asks a client for its device's capabilities.
    pub fn of<R: Runtime>(client: &ComputeClient<R>, name: String) -> Self {
        let properties = client.properties();
        let hardware = &properties.hardware;
        let floats = [DType::F32, DType::F16, DType::BF16];
        let combos = properties.features.matmul.cmma.iter();
        Self {
            name,
            runtime: R::name(client),
            storage: floats.into_iter().filter(|&d| capability::can_store(client, d)).collect(),
            arithmetic: floats.into_iter().filter(|&d| capability::can_compute(client, d)).collect(),
            atomic_add_f32: capability::can_add_atomically(client),
            plane_size: (hardware.plane_size_min, hardware.plane_size_max),
            plane_ops: lanes::has_planes(client),
            tensor_cores: combos.map(|c| format!("{}x{}x{} {}*{}->{}", c.m, c.n, c.k, c.a_type, c.b_type, c.cd_type)).collect(),
            max_page_bytes: properties.memory.max_page_size,
            max_shared_bytes: hardware.max_shared_memory_size,
            max_units_per_cube: hardware.max_units_per_cube,
        }
    }
}
