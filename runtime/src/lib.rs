//! Device choice: names of devices, what is usable on this machine, and why the rest is not.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod device;
pub mod devices;
pub mod error;

pub use device::{DeviceKind, DeviceSpec};
pub use error::{Result, RuntimeError};
