//! `--device`, as every command that computes has it, and the work behind it.

pub(crate) use hypergraphql_runtime::WithBackend;
use hypergraphql_runtime::{DeviceSpec, devices};

use super::error::CliError;

/// `--device` as every command that computes has it.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct DeviceArg {
    /// Where to compute: cpu, vulkan, cuda or metal, the last three with an index where there are several (cuda:1); `hgql devices` lists them.
    #[arg(long, default_value = "cpu", value_name = "DEVICE", value_parser = parse)]
    pub(crate) device: DeviceSpec,
}

fn parse(text: &str) -> Result<DeviceSpec, String> {
    text.parse().map_err(|error| format!("{error}; usable here: {}", devices::usable().join(", ")))
}

/// Runs `work` on the back end of `device`.
pub(crate) fn dispatch<V: WithBackend>(device: DeviceSpec, work: V) -> Result<V::Out, CliError> {
    Ok(hypergraphql_runtime::dispatch(device, work)?)
}
