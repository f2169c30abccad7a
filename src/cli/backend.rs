//! `--device` and `--kernels`, as every command that computes has them, and the work behind them.

use std::path::Path;

use hypergraphql_ops::{ConfigError, HyperBackend, KernelConfig, Tuning};
pub(crate) use hypergraphql_runtime::WithBackend;
use hypergraphql_runtime::engine::{QueryDevice, QueryOptions};
use hypergraphql_runtime::{DeviceSpec, devices, tuning};

use super::error::CliError;

/// Where and how to compute.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct DeviceArg {
    /// Where to compute: cpu, vulkan, cuda or metal, the last three with an index where there are several (cuda:1); `hgql devices` lists them.
    #[arg(long, default_value = "cpu", value_name = "DEVICE", value_parser = parse)]
    pub(crate) device: DeviceSpec,
    /// Variants of kernels, as OP=VARIANT separated by commas, or a TOML file of such lines: attention = flash, reference; graph_conv =
    /// csr, bsr; hyperedge = two-pass, fused; relation = simple, tensor-core. What is not named is auto: as `hgql tune kernels` measured, else the first.
    #[arg(long, value_name = "CHOICES", value_parser = kernels)]
    pub(crate) kernels: Option<KernelConfig>,
}

/// Where a query runs.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct QueryDeviceArg {
    /// Where operators run that have a form for a device: cpu, vulkan, cuda or metal, the last three with an index where there are several; `hgql devices`
    /// lists them. What a device cannot do, or has too few rows for, runs on the cpu; --profile says which. Networks compute there, too.
    #[arg(long, default_value = "cpu", value_name = "DEVICE", value_parser = parse)]
    pub(crate) device: DeviceSpec,
    /// Rows from which on an operator runs on the device; 0: all that can.
    #[arg(long, value_name = "N")]
    device_rows: Option<usize>,
}

impl QueryDeviceArg {
    /// The options with the device.
    pub(crate) fn apply(self, options: QueryOptions) -> Result<QueryOptions, CliError> {
        let device_rows = self.device_rows.unwrap_or(options.device_rows);
        Ok(QueryOptions { device: QueryDevice::open(self.device)?, device_rows, ..options })
    }
}

fn parse(text: &str) -> Result<DeviceSpec, String> {
    text.parse().map_err(|error| format!("{error}; usable here: {}", devices::usable().join(", ")))
}

fn kernels(text: &str) -> Result<KernelConfig, String> {
    if Path::new(text).extension().is_none_or(|extension| extension != "toml") {
        return text.parse().map_err(|error: ConfigError| error.to_string());
    }
    let content = std::fs::read_to_string(text).map_err(|error| format!("{text}: {error}"))?;
    let legal = |error: toml::de::Error| format!("{text}: {}; legal are {}", error.to_string().trim_end(), KernelConfig::legal());
    toml::from_str(&content).map_err(legal)
}

/// Runs `work` on the back end of the device, with the kernels asked for and the measurements that there are.
pub(crate) fn dispatch<V: WithBackend>(on: DeviceArg, work: V) -> Result<V::Out, CliError> {
    // A device that cannot be used is the error of the dispatch below.
    let here = tuning::TunedFor::here(on.device).ok();
    let measured = here.and_then(|here| {
        tuning::load(&here).unwrap_or_else(|error| {
            tracing::warn!("{error}; {}", error.help().unwrap_or_default());
            None
        })
    });
    let prepared = Prepared { work, kernels: on.kernels.unwrap_or_default(), measured };
    hypergraphql_runtime::dispatch(on.device, prepared)?
}

/// Work that begins with what `auto` means on the device.
struct Prepared<V> {
    work: V,
    kernels: KernelConfig,
    measured: Option<Tuning>,
}

impl<V: WithBackend> WithBackend for Prepared<V> {
    type Out = Result<V::Out, CliError>;

    fn call<B: HyperBackend>(self, device: B::Device) -> Self::Out {
        self.measured.unwrap_or_default().install::<B>(&device);
        self.kernels.install::<B>(&device).map_err(|error| CliError::Device { message: error.to_string(), help: None })?;
        Ok(self.work.call::<B>(device))
    }
}
