//! Sums over the lanes of a group: by one lane, in shared memory, or by plane operations.

use cubecl::features::Plane;
use cubecl::prelude::*;

/// How the lanes of a group combine what they hold. `Auto` picks by row length and device; the others are forced by tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lanes {
    /// The fastest that the device advertises.
    #[default]
    Auto,
    /// One lane does the whole work.
    Serial,
    /// A tree in shared memory.
    Shared,
    /// Plane operations over a full plane.
    Plane,
}

/// The size of a plane when it is fixed, else `None`.
pub fn plane_size<R: Runtime>(client: &ComputeClient<R>) -> Option<u32> {
    let hardware = &client.properties().hardware;
    let (least, most) = (hardware.plane_size_min, hardware.plane_size_max);
    (least == most && least.is_power_of_two() && least <= super::grid::units(client)).then_some(least)
}

/// Whether plane operations may be used on groups of one full plane.
pub fn has_planes<R: Runtime>(client: &ComputeClient<R>) -> bool {
    client.properties().features.plane.contains(Plane::Ops) && plane_size(client).is_some()
}

/// Lanes of a group and whether they combine by plane operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Group {
    /// Number of lanes, a power of two.
    pub lanes: u32,
    /// By plane operations; then `lanes` is the size of a plane.
    pub planes: bool,
}

impl Lanes {
    /// The group for segments of about `mean` items: one lane for very short ones, a plane or a shared-memory tree otherwise.
    pub fn group<R: Runtime>(self, client: &ComputeClient<R>, mean: usize) -> Group {
        let plane = plane_size(client);
        let serial = Group { lanes: 1, planes: false };
        let shared = Group { lanes: plane.unwrap_or(32).min(super::grid::units(client)), planes: false };
        match (self, plane) {
            (Self::Serial, _) => serial,
            (Self::Plane, Some(lanes)) => Group { lanes, planes: true },
            (Self::Shared | Self::Plane, _) => shared,
            (Self::Auto, _) if mean < shared.lanes as usize / 2 => serial,
            (Self::Auto, Some(lanes)) if has_planes(client) => Group { lanes, planes: true },
            (Self::Auto, _) => shared,
        }
    }
}

impl Lanes {
    /// The group for a dense row of `vectors` vectors: one lane where a cache line holds the row.
    pub fn group_over<R: Runtime>(self, client: &ComputeClient<R>, vectors: usize) -> Group {
        let cover = super::grid::lanes_by_groups(client, vectors).0;
        match (self, plane_size(client)) {
            (Self::Serial, _) => Group { lanes: 1, planes: false },
            (Self::Plane, Some(lanes)) => Group { lanes, planes: true },
            (Self::Auto, _) if cover <= 4 => Group { lanes: 1, planes: false },
            (Self::Auto, Some(lanes)) if has_planes(client) && cover >= lanes => Group { lanes, planes: true },
            _ => Group { lanes: cover, planes: false },
        }
    }
}

/// Sum over the lanes of a group (neighbours along X), the same in every lane; all units of the cube must call it.
#[cube]
pub(crate) fn lanes_sum(value: f32, shared: &mut SharedMemory<f32>, #[comptime] group: Group) -> f32 {
    let mut total = value;
    if comptime!(group.planes) {
        total = plane_sum(value);
    } else if comptime!(group.lanes > 1) {
        let unit = UNIT_POS as usize;
        shared[unit] = value;
        sync_cube();
        let mut stride = CUBE_DIM_X / 2;
        while stride > 0 {
            if UNIT_POS_X < stride {
                let other = shared[unit + stride as usize];
                shared[unit] += other;
            }
            sync_cube();
            stride /= 2;
        }
        total = shared[unit - UNIT_POS_X as usize];
        sync_cube();
    }
    total
}

/// Largest over the lanes of a group, the same in every lane; all units of the cube must call it.
#[cube]
pub(crate) fn lanes_max(value: f32, shared: &mut SharedMemory<f32>, #[comptime] group: Group) -> f32 {
    let mut total = value;
    if comptime!(group.planes) {
        total = plane_max(value);
    } else if comptime!(group.lanes > 1) {
        let unit = UNIT_POS as usize;
        shared[unit] = value;
        sync_cube();
        let mut stride = CUBE_DIM_X / 2;
        while stride > 0 {
            if UNIT_POS_X < stride {
                let other = shared[unit + stride as usize];
                shared[unit] = max(shared[unit], other);
            }
            sync_cube();
            stride /= 2;
        }
        total = shared[unit - UNIT_POS_X as usize];
        sync_cube();
    }
    total
}
