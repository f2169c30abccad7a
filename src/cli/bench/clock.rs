//! Medians of repeated runs; on devices many launches per sample, with one wait at the end of each sample.

use std::time::Instant;

use hypergraphql_ops::HyperBackend;
use hypergraphql_runtime::DeviceKind;

use crate::cli::error::CliError;

/// Length of a sample on a device, in milliseconds: long against the cost of waiting for it.
const DEVICE_SAMPLE: f64 = 20.0;

/// Milliseconds of one run.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Times {
    pub(in crate::cli) median: f64,
    pub(super) min: f64,
    /// A quarter of the samples is shorter, and a quarter longer.
    pub(super) q1: f64,
    pub(super) q3: f64,
}

/// How often to run, and where.
pub(in crate::cli) struct Clock<'a, B: HyperBackend> {
    reps: usize,
    launches_per_sample: bool,
    device: &'a B::Device,
}

impl<'a, B: HyperBackend> Clock<'a, B> {
    pub(in crate::cli) fn new(reps: usize, kind: DeviceKind, device: &'a B::Device) -> Self {
        Self { reps, launches_per_sample: kind != DeviceKind::Cpu, device }
    }

    /// Three runs to warm up, then the samples.
    pub(in crate::cli) fn time(&self, work: &dyn Fn() -> Result<(), CliError>) -> Result<Times, CliError> {
        for _ in 0..3 {
            work()?;
        }
        self.wait()?;
        let once = self.sample(work, 1)?;
        let launches = if self.launches_per_sample { (DEVICE_SAMPLE / once.max(1e-3)).ceil().clamp(1.0, 1000.0) as usize } else { 1 };
        let mut samples = (0..self.reps).map(|_| self.sample(work, launches)).collect::<Result<Vec<_>, _>>()?;
        samples.sort_by(f64::total_cmp);
        let at = |quarters: usize| samples[(samples.len() - 1) * quarters / 4];
        Ok(Times { median: samples[samples.len() / 2], min: samples[0], q1: at(1), q3: at(3) })
    }

    fn sample(&self, work: &dyn Fn() -> Result<(), CliError>, launches: usize) -> Result<f64, CliError> {
        let start = Instant::now();
        for _ in 0..launches {
            work()?;
        }
        self.wait()?;
        Ok(start.elapsed().as_secs_f64() * 1e3 / launches as f64)
    }

    fn wait(&self) -> Result<(), CliError> {
        B::sync(self.device).map_err(|e| CliError::failed(format!("the device failed: {e}")))
    }
}
