//! Device choice: names of devices, what is usable on this machine, why the rest is not, and work on the device that a name means.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test ends where something unexpected is found"))]

pub mod device;
pub mod devices;
pub mod dispatch;
pub mod engine;
pub mod error;
mod executor;
pub mod infer;
pub mod tuning;

pub use device::{DeviceKind, DeviceSpec};
pub use dispatch::{WithBackend, dispatch};
pub use error::{Result, RuntimeError};
