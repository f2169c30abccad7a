//! From the name of a device to a back end: the only place of the command line that knows which back ends this build contains.

use hypergraphql_ops::HyperBackend;
use hypergraphql_runtime::{DeviceKind, DeviceSpec, devices};

use super::error::CliError;

/// A piece of work that runs on any back end.
pub(crate) trait WithBackend {
    /// What it gives back.
    type Out;
    /// Does the work on `device`.
    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out;
}

/// `--device` as every command that computes has it.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct DeviceArg {
    /// Where to compute: cpu, vulkan[:INDEX], cuda[:INDEX] or metal[:INDEX]; `hgql devices` lists them.
    #[arg(long, default_value = "cpu", value_name = "DEVICE", value_parser = parse)]
    pub(crate) device: DeviceSpec,
}

fn parse(text: &str) -> Result<DeviceSpec, String> {
    text.parse().map_err(|error| format!("{error}; usable here: {}", devices::usable().join(", ")))
}

/// Runs `work` on the back end of `device`, after looking whether the device can be used.
pub(crate) fn dispatch<V: WithBackend>(device: DeviceSpec, work: V) -> Result<V::Out, CliError> {
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
        _ => Err(CliError::failed(format!("device {device} passed the check of usable devices; this is a bug"))),
    }
}

/// The device at `index` in the list of `hgql devices`; wgpu counts each sort of GPU on its own.
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
