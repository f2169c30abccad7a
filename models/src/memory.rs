//! How much memory a training will need, before anything is allocated, and how much there is.

use std::fs;
use std::path::Path;

use hypergraphql_framework::{Dataset, Features};

use crate::classifier::{NodeClassifierConfig, Norm};
use crate::layers::LayerKind;
use crate::precision::Precision;
use crate::{ModelError, Result};

/// Bytes of a training, by what they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct MemoryEstimate {
    /// Parameters, by number.
    pub parameter_count: usize,
    /// The hypergraph in both orders, with schedules.
    pub hypergraph: u64,
    /// The features.
    pub features: u64,
    /// Parameters, gradients, two moments and the best epoch's copy.
    pub parameters: u64,
    /// What the forward pass keeps for the backward pass, and that pass itself.
    pub activations: u64,
}

impl MemoryEstimate {
    /// Of training `network` on `trained_on` nodes of `dataset` (with its self-loops and features).
    pub fn of(dataset: &Dataset, trained_on: usize, network: &NodeClassifierConfig, precision: Precision) -> Self {
        let h = &dataset.hypergraph;
        let [n, m, z] = [h.nodes(), h.hyperedges(), h.incidences()].map(|x| x as u64);
        let size = match precision {
            Precision::F16 | Precision::Bf16 => 2,
            Precision::F32 => 4,
            Precision::F64 => 8,
        };
        let widths = widths(network);
        let norms = if network.norm == Norm::Layer { widths.len() as u64 - 1 } else { 0 };
        let normed = norms.saturating_mul(network.hidden as u64);
        let parameters = widths.iter().map(|[inputs, outputs]| (inputs + 1).saturating_mul(*outputs)).sum::<u64>() + 2 * normed;
        // Per layer: its product with the weights, its output, ReLU and dropout on the nodes, the messages on the hyperedges (two
        // with attention), and the gradients of the widest of them while the backward pass runs.
        let edge_rows = if network.layer == LayerKind::Attention { 2 * m } else { m };
        let rows = 4 * n + edge_rows;
        let kept: u64 = widths.iter().map(|[_, outputs]| rows.saturating_mul(*outputs)).sum();
        // In f32: the centred rows, their squares, the normalised and the scaled rows.
        let normalised = (4 * n * size.max(4)).saturating_mul(normed);
        let widest = widths.iter().map(|[_, outputs]| *outputs).max().unwrap_or(0);
        let features = match &dataset.features {
            Features::Dense(x) => x.len() as u64 * (4 + if size == 4 { 0 } else { size }),
            Features::Sparse(x) => x.nnz() as u64 * 16,
            Features::None => 0,
        };
        Self {
            parameter_count: usize::try_from(parameters).unwrap_or(usize::MAX),
            hypergraph: 24 * z + 24 * (n + m),
            features,
            parameters: parameters.saturating_mul(4 * 6),
            activations: kept.saturating_add(rows.saturating_mul(widest)).saturating_mul(size).saturating_add(normalised),
        }
    }

    /// All of it.
    pub fn total(&self) -> u64 {
        let Self { hypergraph, features, parameters, activations, .. } = self;
        hypergraph.saturating_add(*features).saturating_add(*parameters).saturating_add(*activations)
    }

    /// Refuses what is larger than the memory at hand, where that is known.
    ///
    /// # Errors
    /// When the estimate is above `available`.
    pub fn check(&self, available: Option<u64>) -> Result<()> {
        match available.filter(|a| self.total() > *a) {
            None => Ok(()),
            Some(available) => Err(ModelError::Memory { needed_mib: self.total() >> 20, available_mib: available >> 20 }),
        }
    }
}

/// \[inputs, outputs\] of every layer.
fn widths(network: &NodeClassifierConfig) -> Vec<[u64; 2]> {
    let last_width = if network.layer == LayerKind::Attention { network.classes * network.heads } else { network.classes };
    let mut inputs = network.features as u64;
    let mut widths = Vec::new();
    for _ in 1..network.layers {
        widths.push([inputs, network.hidden as u64]);
        inputs = network.hidden as u64;
    }
    widths.push([inputs, last_width as u64]);
    widths
}

/// Bytes that this process can still allocate on the host: what the system calls available, or less where a control group says so.
///
/// `None` where the system does not tell (other systems than Linux).
pub fn available() -> Option<u64> {
    let meminfo = fs::read_to_string("/proc/meminfo").ok()?;
    let system = of_meminfo(&meminfo)?;
    Some(of_control_group(Path::new("/sys/fs/cgroup")).map_or(system, |group| group.min(system)))
}

fn of_meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn of_control_group(folder: &Path) -> Option<u64> {
    let number = |name: &str| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
    Some(number("memory.max")?.saturating_sub(number("memory.current")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hypergraphql_framework::{Duplicates, Hypergraph};

    fn sample(nodes: usize) -> Dataset {
        let members: Vec<[u32; 3]> = (0..nodes as u32 - 2).map(|i| [i, i + 1, i + 2]).collect();
        Dataset::new("chain", Hypergraph::from_members(nodes, members, Duplicates::Error).unwrap())
    }

    #[test]
    fn grows_with_nodes_and_width_and_shrinks_in_half_precision() {
        let network = NodeClassifierConfig::new(LayerKind::Hgnn, 31, 5);
        let of = |nodes, network: &NodeClassifierConfig, p| MemoryEstimate::of(&sample(nodes), nodes / 2, network, p);
        let base = of(101, &network, Precision::F32);
        assert_eq!(base.parameters, 24 * (32 * 256 + 257 * 5));
        assert!(of(301, &network, Precision::F32).activations > 2 * base.activations);
        assert_eq!(of(101, &network, Precision::F16).activations * 2, base.activations);
        let wide = network.clone().with_hidden(1 << 40);
        assert!(of(101, &wide, Precision::F32).check(Some(1 << 40)).unwrap_err().to_string().contains("--force"));
        base.check(Some(base.total())).unwrap();
        base.check(None).unwrap();
        assert!(base.check(Some(base.total() - 1)).is_err());
    }

    #[test]
    fn reads_the_systems_figures() {
        assert_eq!(of_meminfo("MemTotal: 9 kB\nMemAvailable:    1234 kB\n"), Some(1234 * 1024));
        assert_eq!(of_meminfo("MemTotal: 9 kB\n"), None);
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(of_control_group(folder.path()), None);
        fs::write(folder.path().join("memory.current"), "100\n").unwrap();
        fs::write(folder.path().join("memory.max"), "max\n").unwrap();
        assert_eq!(of_control_group(folder.path()), None);
        fs::write(folder.path().join("memory.max"), "1100\n").unwrap();
        assert_eq!(of_control_group(folder.path()), Some(1000));
    }
}
