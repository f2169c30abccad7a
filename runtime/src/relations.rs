//! Devices for queries: from the name that `--device` takes to the relational ops there.

use hypergraphql_kernels::relations::Relations;
use hypergraphql_ops::HyperBackend;

use crate::dispatch::{WithBackend, dispatch};
use crate::engine::QueryDevice;
use crate::{DeviceKind, DeviceSpec, Result, RuntimeError, devices};

struct Open;

impl WithBackend for Open {
    type Out = Option<Box<dyn Relations>>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        B::relational_ops(&device)
    }
}

impl QueryDevice {
    /// The device that a name means; `cpu` is the host.
    ///
    /// ```
    /// use hypergraphql_runtime::engine::QueryDevice;
    ///
    /// # fn main() -> hypergraphql_runtime::Result<()> {
    /// assert_eq!(QueryDevice::open("cpu".parse()?)?.name(), "cpu");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`RuntimeError::Unusable`] says what was looked for and which devices can be used.
    pub fn open(device: DeviceSpec) -> Result<Self> {
        if device.kind == DeviceKind::Cpu {
            return Ok(Self::host());
        }
        let relations = dispatch(device, Open)?.ok_or_else(|| RuntimeError::Unusable {
            device: device.to_string(),
            why: "its back end has no relational ops; this is a bug".to_owned(),
            usable: devices::usable(),
        })?;
        Ok(Self::new(device.to_string(), relations))
    }
}
