//! What the CubeCL form of every op shares: buffers, patterns on the device, launch sizes, capabilities, panics of device threads.

pub mod buffer;
pub mod capability;
pub mod grid;
pub mod info;
pub mod lanes;
pub mod panics;
pub mod pattern;
pub(crate) mod prefix;
pub(crate) mod tiles;
pub mod worklist;

pub use buffer::{Buf, Ids};
pub use info::DeviceInfo;
pub use lanes::Lanes;
pub use pattern::{DevicePattern, Side};
pub use worklist::Strategy;
