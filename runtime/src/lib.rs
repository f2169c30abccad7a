//! Device choice (names of devices, what is usable on this machine, why the rest is not, work on the device that a name means), and the engine that
//! answers queries.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test ends where something unexpected is found"))]

pub mod device;
pub mod devices;
pub mod dispatch;
pub mod engine;
pub mod error;
mod executor;
pub mod infer;
pub mod learned;
mod relations;
mod tensors;
pub mod tuning;

pub use device::{DeviceKind, DeviceSpec};
pub use dispatch::{WithBackend, dispatch};
pub use error::{Result, RuntimeError};
