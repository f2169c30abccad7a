//! How much memory a training will need, before anything is allocated, and how much there is.

use std::fs;
use std::path::Path;

use hypergraphql_framework::{Dataset, Features, Hypergraph, expand};

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
    /// Parameters, two moments and the best epoch's copy.
    pub parameters: u64,
    /// What a step needs besides: what the forward pass keeps for the backward pass, both passes and the loss, or the optimiser and
    /// the checkpoint, whichever is more.
    pub step: u64,
}

/// Packed panels of matrix products.
const PANELS: u64 = 5 << 20;

impl MemoryEstimate {
    /// Of training `network` on `trained_on` nodes of `dataset` (with its self-loops and features), beside the dataset itself.
    ///
    /// The counts of arrays are fitted to the peaks that `tests/memory.rs` measures.
    pub fn of(dataset: &Dataset, trained_on: usize, network: &NodeClassifierConfig, precision: Precision) -> Self {
        let h = &dataset.hypergraph;
        let [n, m, z] = [h.nodes(), h.hyperedges(), h.incidences()].map(|x| x as u64);
        let widths = widths(network);
        let normed = if network.norm == Norm::Layer { (network.hidden_layers() as u64).saturating_mul(network.hidden as u64) } else { 0 };
        let parameters = parameters(network, &widths).saturating_add(2 * normed);
        let half = matches!(precision, Precision::F16 | Precision::Bf16);
        let features = match &dataset.features {
            // Half precision: the features of the task, those of the training, and what a product widens again.
            Features::Dense(x) => x.len() as u64 * (4 + if half { 8 } else { 0 }),
            Features::Sparse(x) => x.nnz() as u64 * 16 + (n + x.cols() as u64) * 8,
            Features::None => 0,
        };
        // What input dropout left of them.
        let features = if network.input_dropout.is_some_and(|p| p > 0.0) { 2 * features } else { features };
        let size = Sizes::of(precision);
        let layers = match network.layer {
            LayerKind::Attention | LayerKind::Unigat => attention(n, m, &widths, size),
            LayerKind::Hgnn | LayerKind::HgnnPlus | LayerKind::Conv | LayerKind::Unigcn => {
                convolutions(n, m, &widths, size, &dataset.features)
            }
            LayerKind::Unigin | LayerKind::Unisage => {
                // The output layer keeps x Θ and, with ε, its multiple besides.
                let kept = if network.layer == LayerKind::Unigin { 2 } else { 1 };
                let besides = (kept * n * size.wide).saturating_mul(network.classes as u64);
                convolutions(n, m, &widths, size, &dataset.features).saturating_add(besides)
            }
            LayerKind::Unigcnii | LayerKind::AllDeepSets | LayerKind::AllSetTransformer | LayerKind::EdHnn => deep(n, m, z, network, size),
            LayerKind::GatV2 => pairs(n, pair_count(h), &widths, size),
            LayerKind::Relational => relational(n, m, z, network, &widths, size),
            LayerKind::StarE => statements(n, m, z, network, size),
        };
        // Centred, normalised and scaled rows.
        let norms = (3 * n * size.wide).saturating_mul(normed);
        // Log-probabilities of the training nodes, the weights of their classes and the product of both.
        let loss = (3 * size.wide * trained_on as u64).saturating_mul(network.classes as u64);
        let gradients = parameters.saturating_mul(4);
        let step = layers.saturating_add(norms).saturating_add(loss).saturating_add(gradients).max(parameters.saturating_mul(4 * 4));
        Self {
            parameter_count: usize::try_from(parameters).unwrap_or(usize::MAX),
            hypergraph: 24 * z + 24 * (n + m),
            features,
            parameters: parameters.saturating_mul(4 * 4),
            step: step.saturating_add(PANELS),
        }
    }

    /// All of it.
    pub fn total(&self) -> u64 {
        let Self { hypergraph, features, parameters, step, .. } = self;
        hypergraph.saturating_add(*features).saturating_add(*parameters).saturating_add(*step)
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

/// Bytes of a value.
#[derive(Clone, Copy)]
struct Sizes {
    /// In hidden layers.
    hidden: u64,
    /// In the output layer and in products, which widen half precision.
    wide: u64,
}

impl Sizes {
    fn of(precision: Precision) -> Self {
        match precision {
            Precision::F16 | Precision::Bf16 => Self { hidden: 2, wide: 4 },
            Precision::F32 => Self { hidden: 4, wide: 4 },
            Precision::F64 => Self { hidden: 8, wide: 8 },
        }
    }
}

/// A hidden layer keeps its output and what dropout left of it; the widest one also holds a gradient and the rows on the hyperedges, which
/// are as narrow as the cheaper side of Θ.
fn convolutions(n: u64, m: u64, widths: &[[u64; 2]], size: Sizes, features: &Features) -> u64 {
    let hidden = &widths[..widths.len() - 1];
    let kept = hidden.iter().enumerate().map(|(i, [_, outputs])| {
        // The output layer reads f32.
        let bytes = if i + 1 == hidden.len() { size.wide } else { size.hidden };
        (2 * n * bytes).saturating_mul(*outputs)
    });
    let passes = widths.iter().enumerate().map(|(i, [inputs, outputs])| {
        let sparse = i == 0 && matches!(features, Features::Sparse(_));
        let narrow = if sparse { *outputs } else { *inputs.min(outputs) };
        n.saturating_mul(*outputs).saturating_add(m.saturating_mul(narrow)).saturating_mul(size.wide)
    });
    kept.fold(0, u64::saturating_add).saturating_add(passes.max().unwrap_or(0))
}

/// Every layer keeps X Θ, its output and what dropout left of it, and the rows on the hyperedges; the widest one also holds the gradients of
/// nodes and hyperedges.
fn attention(n: u64, m: u64, widths: &[[u64; 2]], size: Sizes) -> u64 {
    let kept = widths.iter().enumerate().map(|(i, [_, outputs])| {
        let bytes = if i + 1 == widths.len() { size.wide } else { size.hidden };
        ((3 * n + m) * bytes).saturating_mul(*outputs)
    });
    let widest = widths.iter().map(|[_, outputs]| *outputs).max().unwrap_or(0);
    kept.fold(0, u64::saturating_add).saturating_add(((n + m) * size.wide).saturating_mul(widest))
}

/// Pairs of the clique expansion, both ways, and loops.
fn pair_count(h: &Hypergraph) -> u64 {
    (h.nodes() as u64).saturating_add(expand::clique_pairs(h).saturating_mul(2))
}

/// Every layer keeps rows of all pairs: the sum of both ends, what the leaky ReLU left of it and what the source sends; the widest one also holds gradients of
/// them. The pairs themselves are in both orders, as the hypergraph is.
fn pairs(n: u64, e: u64, widths: &[[u64; 2]], size: Sizes) -> u64 {
    let kept = widths.iter().enumerate().map(|(i, [_, outputs])| {
        let bytes = if i + 1 == widths.len() { size.wide } else { size.hidden };
        ((3 * e + 3 * n) * bytes).saturating_mul(*outputs)
    });
    let widest = widths.iter().map(|[_, outputs]| *outputs).max().unwrap_or(0);
    let held = ((3 * e + n) * size.wide).saturating_mul(widest);
    kept.fold(0, u64::saturating_add).saturating_add(held).saturating_add(200 * e)
}

/// With one kind a hidden layer keeps its output and what dropout left of it, as a convolution does, and the widest one also holds two rows of every node, its own
/// part and the sum, and those on the hyperedges. Of several kinds every layer keeps the means of the slots, of which there are at most as many as incidences,
/// and what they send and receive; and weights of all kinds where they are sums of bases.
fn relational(n: u64, m: u64, z: u64, network: &NodeClassifierConfig, widths: &[[u64; 2]], size: Sizes) -> u64 {
    let widest = |width: fn(&[u64; 2]) -> u64| widths.iter().map(width).max().unwrap_or(0);
    if network.kind_count() <= 1 {
        let hidden = &widths[..widths.len() - 1];
        let kept = hidden.iter().enumerate().map(|(i, [_, outputs])| {
            let bytes = if i + 1 == hidden.len() { size.wide } else { size.hidden };
            (2 * n * bytes).saturating_mul(*outputs)
        });
        let held = ((2 * n + m) * size.wide).saturating_mul(widest(|[_, outputs]| *outputs));
        return kept.fold(0, u64::saturating_add).saturating_add(held).saturating_add(60 * z);
    }
    let kept = widths.iter().map(|[inputs, outputs]| {
        let rows = (3 * n + z).saturating_mul(*outputs).saturating_add(z.saturating_mul(inputs.saturating_add(*outputs)));
        rows.saturating_add(weights_of_kinds(network, *inputs, *outputs)).saturating_mul(size.wide)
    });
    let held = ((n + m + z) * size.wide).saturating_mul(widest(|[inputs, outputs]| *inputs.max(outputs)));
    kept.fold(0, u64::saturating_add).saturating_add(held).saturating_add(120 * z)
}

/// Of the relational layer, where they are sums of bases.
fn weights_of_kinds(network: &NodeClassifierConfig, inputs: u64, outputs: u64) -> u64 {
    let kinds = network.kind_count();
    let summed = network.bases.is_some_and(|bases| bases < kinds);
    if summed { (kinds as u64).saturating_mul(inputs).saturating_mul(outputs) } else { 0 }
}

/// Every layer keeps what entities (nodes and hyperedges) and incidences send, both ways, and the composed rows.
fn statements(n: u64, m: u64, z: u64, network: &NodeClassifierConfig, size: Sizes) -> u64 {
    let (depth, head) = (network.layers as u64, network.head_layers as u64);
    let rows = (6 * depth + 3) * (n + m) + (2 + head) * n + (4 * depth + 2) * z;
    rows.saturating_mul(network.hidden as u64).saturating_mul(size.wide).saturating_add(300 * z)
}

/// Every application of a layer keeps rows of nodes and of hyperedges, some arrays for each linear map of its perceptrons. A perceptron of pairs keeps them for
/// every incidence. Counted as wide rows, which in half precision is more than there are.
fn deep(n: u64, m: u64, z: u64, network: &NodeClassifierConfig, size: Sizes) -> u64 {
    let [mlp, member, pair, head] = [network.mlp_layers, network.member_layers, network.pair_layers, network.head_layers].map(|x| x as u64);
    let depth = network.layers as u64;
    let (of_nodes, of_hyperedges, of_pairs) = match network.layer {
        LayerKind::Unigcnii => (2 * depth, 1, 0),
        LayerKind::AllDeepSets => (6 * mlp * depth, 6 * mlp * depth, 0),
        LayerKind::AllSetTransformer => ((7 + 3 * mlp) * depth, (7 + 3 * mlp) * depth, 0),
        _ => ((1 + 2 * (mlp + member + pair)) * depth, 2 + pair * depth, 4 * pair.saturating_sub(1) * depth),
    };
    let rows = (of_nodes + 2 + head).saturating_mul(n).saturating_add(of_hyperedges.saturating_mul(m));
    rows.saturating_add(of_pairs.saturating_mul(z)).saturating_mul(network.hidden as u64).saturating_mul(size.wide)
}

/// Parameters of all layers, normalisations between them left out.
fn parameters(network: &NodeClassifierConfig, widths: &[[u64; 2]]) -> u64 {
    let linear = |inputs: u64, outputs: u64| inputs.saturating_add(1).saturating_mul(outputs);
    let plain = |[inputs, outputs]: &[u64; 2]| inputs.saturating_mul(*outputs);
    let mlp = |inputs: u64, width: u64, outputs: u64, layers: usize, norm: bool| {
        let between = layers.saturating_sub(1) as u64;
        let first = if between == 0 { linear(inputs, outputs) } else { linear(inputs, width).saturating_add(linear(width, outputs)) };
        let inner = linear(width, width).saturating_mul(between.saturating_sub(1));
        first.saturating_add(inner).saturating_add(if norm { (2 * width).saturating_mul(between) } else { 0 })
    };
    let (features, hidden, classes) = (network.features as u64, network.hidden as u64, network.classes as u64);
    let depth = network.layers as u64;
    // What a deep network has before the first and after the last layer.
    let ends = || {
        let encoder = if network.has_encoder() { linear(features, hidden) } else { 0 };
        encoder.saturating_add(mlp(hidden, hidden, classes, network.head_layers, true))
    };
    // A first layer from the features, the others as wide as the network.
    let layers = |layer: &dyn Fn(u64) -> u64| layer(features).saturating_add(layer(hidden).saturating_mul(depth.saturating_sub(1)));
    match network.layer {
        LayerKind::Hgnn | LayerKind::HgnnPlus | LayerKind::Conv => widths.iter().map(|[i, o]| linear(*i, *o)).fold(0, u64::saturating_add),
        LayerKind::Attention => {
            // Θ, two rows of scores, and a bias that is as wide as what comes out.
            let all = widths.iter().map(|w| plain(w).saturating_add(w[1].saturating_mul(3))).fold(0, u64::saturating_add);
            all.saturating_sub(classes.saturating_mul(network.heads as u64 - 1))
        }
        LayerKind::Unigcn | LayerKind::Unisage => widths.iter().map(plain).fold(0, u64::saturating_add),
        LayerKind::Unigin => widths.iter().map(|w| plain(w).saturating_add(1)).fold(0, u64::saturating_add),
        LayerKind::Unigat => widths.iter().map(|w| plain(w).saturating_add(w[1])).fold(0, u64::saturating_add),
        LayerKind::Unigcnii => ends().saturating_add(hidden.saturating_mul(hidden).saturating_mul(depth)),
        LayerKind::AllDeepSets => {
            let perceptron = |inputs| mlp(inputs, hidden, hidden, network.mlp_layers, true);
            ends().saturating_add(layers(&|inputs| perceptron(inputs).saturating_add(perceptron(hidden).saturating_mul(3))))
        }
        LayerKind::AllSetTransformer => {
            let block = |inputs| {
                let keys = linear(inputs, hidden).saturating_mul(2);
                keys.saturating_add(mlp(hidden, hidden, hidden, network.mlp_layers, false)).saturating_add(hidden.saturating_mul(5))
            };
            ends().saturating_add(layers(&|inputs| block(inputs).saturating_add(block(hidden))))
        }
        LayerKind::EdHnn => {
            let normed = if network.mlp_input_norm == Some(true) { 2 * hidden } else { 0 };
            let some = |layers: usize| if layers == 0 { 0 } else { mlp(hidden, hidden, hidden, layers, true).saturating_add(normed) };
            let pairs = match network.pair_layers {
                0 => 0,
                layers => mlp(hidden.saturating_mul(2), hidden, hidden, layers, true),
            };
            ends().saturating_add(some(network.member_layers)).saturating_add(pairs).saturating_add(some(network.mlp_layers))
        }
        LayerKind::GatV2 => {
            // Two maps, one row of pairs, one of scores, and a bias that is as wide as what comes out.
            let all = widths.iter().map(|w| plain(w).saturating_mul(2).saturating_add(w[1].saturating_mul(3)));
            all.fold(0, u64::saturating_add).saturating_sub(classes.saturating_mul(network.heads as u64 - 1))
        }
        LayerKind::Relational => {
            let kinds = network.kind_count() as u64;
            let bases = network.bases.map(|bases| bases as u64).filter(|bases| *bases < kinds);
            let all = widths.iter().map(|w| {
                // Matrices of the kinds and the node's own, a gate for each kind, a bias, shares of the bases.
                let matrices = plain(w).saturating_mul(bases.unwrap_or(kinds).saturating_add(1));
                let gates = if kinds > 1 { kinds.saturating_mul(w[1]) } else { 0 };
                matrices.saturating_add(gates).saturating_add(w[1]).saturating_add(bases.map_or(0, |bases| bases.saturating_mul(kinds)))
            });
            all.fold(0, u64::saturating_add)
        }
        LayerKind::StarE => {
            // Three directions and qualifiers; relations with their inverses, the node's own one, a bias.
            let maps = if network.has_qualifiers() { 4u64 } else { 3 };
            let rows = (network.kind_count() as u64).saturating_mul(2).saturating_add(2);
            let layer = hidden.saturating_mul(hidden).saturating_mul(maps).saturating_add(hidden.saturating_mul(rows));
            ends().saturating_add(layer.saturating_mul(depth))
        }
    }
}

/// `[inputs, outputs]` of every layer.
fn widths(network: &NodeClassifierConfig) -> Vec<[u64; 2]> {
    let averaged = matches!(network.layer, LayerKind::Attention | LayerKind::GatV2);
    let last_width = if averaged { network.classes * network.heads } else { network.classes };
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
    use crate::typed::Kind;
    use hypergraphql_framework::Duplicates;

    /// With a subject and an object, so that there may be qualifiers.
    const ROLES: [&str; 5] = ["subject", "object", "at", "by", "with"];

    fn sample(nodes: usize) -> Dataset {
        let members: Vec<[u32; 3]> = (0..nodes as u32 - 2).map(|i| [i, i + 1, i + 2]).collect();
        Dataset::new("chain", Hypergraph::from_members(nodes, members, Duplicates::Error).unwrap())
    }

    #[test]
    fn grows_with_nodes_and_width_and_shrinks_in_half_precision() {
        let network = NodeClassifierConfig::new(LayerKind::Hgnn, 31, 5);
        let of = |nodes, network: &NodeClassifierConfig, p| MemoryEstimate::of(&sample(nodes), nodes / 2, network, p);
        let base = of(101, &network, Precision::F32);
        assert_eq!(base.parameters, 16 * (32 * 256 + 257 * 5));
        let large = |p| of(30_001, &network.clone().with_layers(4), p).step as f64;
        assert!(large(Precision::F32) > 2.0 * of(10_001, &network.clone().with_layers(4), Precision::F32).step as f64);
        assert!(large(Precision::F16) < 0.8 * large(Precision::F32));
        let wide = network.clone().with_hidden(1 << 40);
        assert!(of(101, &wide, Precision::F32).check(Some(1 << 40)).unwrap_err().to_string().contains("--force"));
        base.check(Some(base.total())).unwrap();
        base.check(None).unwrap();
        assert!(base.check(Some(base.total() - 1)).is_err());
    }

    #[test]
    fn parameters_are_counted_as_they_are_made() {
        use burn::module::Module;
        use hypergraphql_ops::{Cpu, CpuDevice};
        for layer in LayerKind::ALL {
            for (layers, deeper) in [(1, 1), (3, 2)] {
                for norm in [Norm::None, Norm::Layer] {
                    let network = NodeClassifierConfig::new(layer, 31, 5).with_hidden(24).with_layers(layers).with_norm(norm).with_heads(3);
                    let network =
                        network.with_pair_layers(deeper).with_member_layers(layers - 1).with_mlp_layers(deeper).with_head_layers(layers);
                    let mut network = network;
                    network.kinds =
                        (layers > 1).then(|| (0..5).map(|i| Kind { relation: None, role: Some(ROLES[i].to_owned()) }).collect());
                    network.bases = (deeper > 1).then_some(2);
                    network.mlp_input_norm = (deeper > 1).then_some(true);
                    let estimate = MemoryEstimate::of(&sample(101), 50, &network, Precision::F32);
                    let made = network.init::<Cpu>(&CpuDevice::default(), 0).unwrap();
                    assert_eq!(estimate.parameter_count, made.num_params(), "{layers} layers of {layer}, {norm}");
                }
            }
        }
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
