//! From the name of a device to a back end: the only place that knows which back ends a build contains.

use hypergraphql_ops::HyperBackend;

use crate::{DeviceKind, DeviceSpec, Result, RuntimeError, devices};

/// A piece of work that runs on any back end.
///
/// A trait and not a closure, because a closure cannot be generic over the back end.
pub trait WithBackend {
    /// What it gives back.
    type Out;
    /// Does the work on `device`.
    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out;
}

/// Runs `work` on the back end of `device`, after looking whether the device can be used.
///
/// ```
/// use hypergraphql_ops::HyperBackend;
/// use hypergraphql_runtime::{WithBackend, dispatch};
///
/// struct Name;
/// impl WithBackend for Name {
///     type Out = String;
///     fn call<B: HyperBackend>(self, device: B::Device) -> String {
///         B::name(&device)
///     }
/// }
///
/// # fn main() -> hypergraphql_runtime::Result<()> {
/// # #[cfg(feature = "cpu")]
/// assert!(dispatch("cpu".parse()?, Name)?.contains("flex"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`RuntimeError::Unusable`] says what was looked for and which devices can be used.
pub fn dispatch<V: WithBackend>(device: DeviceSpec, work: V) -> Result<V::Out> {
    devices::check(device)?;
    match device.kind {
        #[cfg(feature = "cpu")]
        DeviceKind::Cpu => Ok(work.call::<hypergraphql_ops::Cpu>(hypergraphql_ops::CpuDevice::default())),
        #[cfg(feature = "vulkan")]
        DeviceKind::Vulkan => Ok(work.call::<hypergraphql_ops::Vulkan>(vulkan_device(device.index))),
        #[cfg(feature = "cuda")]
        DeviceKind::Cuda => Ok(work.call::<hypergraphql_ops::Cuda>(hypergraphql_ops::CudaDevice::new(device.index.unwrap_or(0)))),
        #[cfg(all(feature = "metal", target_os = "macos"))]
        DeviceKind::Metal => Ok(work.call::<hypergraphql_ops::Metal>(hypergraphql_ops::WgpuDevice::DefaultDevice)),
        #[allow(unreachable_patterns, reason = "a build with every back end has no kind left")]
        _ => {
            let why = "its check passed though this build lacks its back end; this is a bug".to_owned();
            Err(RuntimeError::Unusable { device: device.to_string(), why, usable: devices::usable() })
        }
    }
}

/// The device at `index` in the list of [`devices::list`]; wgpu counts each sort of GPU on its own.
#[cfg(feature = "vulkan")]
fn vulkan_device(index: Option<usize>) -> hypergraphql_ops::WgpuDevice {
    use devices::Form;
    use hypergraphql_ops::WgpuDevice;

    let Some(index) = index else { return WgpuDevice::DefaultDevice };
    let vulkan = devices::list().into_iter().filter(|report| report.device.kind == DeviceKind::Vulkan);
    let forms: Vec<Form> = vulkan.filter_map(|report| report.capabilities?.form).collect();
    let form = forms.get(index).copied().unwrap_or(Form::Other);
    let place = forms.iter().take(index).filter(|&&earlier| earlier == form).count();
    match form {
        Form::Discrete => WgpuDevice::DiscreteGpu(place),
        Form::Integrated => WgpuDevice::IntegratedGpu(place),
        Form::Virtual => WgpuDevice::VirtualGpu(place),
        Form::Software => WgpuDevice::Cpu,
        Form::Other => WgpuDevice::DefaultDevice,
    }
}
