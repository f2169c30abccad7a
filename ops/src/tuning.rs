//! What `auto` means on a device: the variants that were asked for there, else those that were measured to be the fastest.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use hypergraphql_kernels::DType;
use hypergraphql_kernels::relation_linear::Products;
use serde::{Deserialize, Serialize};

use crate::backend::HyperBackend;
use crate::kernel_config::{AttentionKernel, ConfigError, GraphConvKernel, HyperedgeKernel, KernelConfig, RelationKernel};

/// One measurement: the sizes that it stands for, and the milliseconds of each variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Storage type.
    pub dtype: String,
    /// Sizes, in the order of the op's class; see [`Tuning`].
    pub sizes: Vec<usize>,
    /// The fastest variant.
    pub fastest: String,
    /// Milliseconds by variant.
    pub milliseconds: BTreeMap<String, f64>,
}

/// The measurements of one device.
///
/// | op | sizes of a class |
/// |---|---|
/// | attention | queries, keys, features of a head, batches times heads |
/// | graph_conv | rows, entries, numbers in blocks, features |
/// | hyperedge | nodes, hyperedges, incidences, features |
/// | relation | rows, relations, input features, output features |
///
/// `auto` takes the variant of the nearest class: the same type, and the least sum of squared ratios (as logarithms) of the sizes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tuning {
    /// Of `flash_attention`.
    pub attention: Vec<Measured>,
    /// Of `sparse_conv`.
    pub graph_conv: Vec<Measured>,
    /// Of `hypergraph_conv`.
    pub hyperedge: Vec<Measured>,
    /// Of `relation_linear`.
    pub relation: Vec<Measured>,
}

/// What is asked for and what was measured on one device.
#[derive(Debug, Clone, Default)]
struct Choices {
    config: KernelConfig,
    tuning: Arc<Tuning>,
}

static INSTALLED: RwLock<BTreeMap<String, Choices>> = RwLock::new(BTreeMap::new());

/// The same for a back end with and without autodiff and Fusion.
fn key<B: HyperBackend>(device: &B::Device) -> String {
    format!("{} {device:?}", std::any::type_name::<B::Device>())
}

fn change<B: HyperBackend>(device: &B::Device, change: impl FnOnce(&mut Choices)) {
    let mut installed = INSTALLED.write().unwrap_or_else(PoisonError::into_inner);
    change(installed.entry(key::<B>(device)).or_default());
}

fn choices<B: HyperBackend>(device: &B::Device) -> Option<Choices> {
    let installed = INSTALLED.read().unwrap_or_else(PoisonError::into_inner);
    if installed.is_empty() { None } else { installed.get(&key::<B>(device)).cloned() }
}

impl Tuning {
    /// Makes `auto` choose by these measurements on `device`, in the whole process.
    pub fn install<B: HyperBackend>(self, device: &B::Device) {
        change::<B>(device, |choices| choices.tuning = Arc::new(self));
    }
}

impl KernelConfig {
    /// Makes these variants what `auto` means on `device`, in the whole process; what is `auto` here too is chosen as [`Tuning`] says.
    ///
    /// # Errors
    /// A variant that the device cannot run, with those that it can.
    pub fn install<B: HyperBackend>(self, device: &B::Device) -> Result<(), ConfigError> {
        if self.relation == RelationKernel::TensorCore {
            let has = |dtype| B::supports_products(Products::TensorCores, dtype, device);
            has(DType::F16).or_else(|_| has(DType::BF16)).map_err(|error| ConfigError::Device {
                op: RelationKernel::OP,
                got: self.relation.to_string(),
                device: format!("{device:?}"),
                why: error.to_string(),
                expected: [RelationKernel::Simple, RelationKernel::Auto].map(RelationKernel::name).join(", "),
            })?;
        }
        change::<B>(device, |choices| choices.config = self);
        Ok(())
    }

    /// The variant of `attention` for `sizes` on the device, where `asked` is asked for.
    pub(crate) fn attention<B: HyperBackend>(
        asked: AttentionKernel,
        device: &B::Device,
        dtype: &str,
        sizes: [usize; 4],
    ) -> AttentionKernel {
        let of_device = |c: &Choices| (c.config.attention, nearest(&c.tuning.attention, dtype, &sizes));
        pick::<B, _>(asked, AttentionKernel::Flash, device, of_device)
    }

    /// That of `graph_conv`; `first` where nothing is asked for and nothing was measured.
    pub(crate) fn graph_conv<B: HyperBackend>(
        asked: GraphConvKernel,
        first: GraphConvKernel,
        device: &B::Device,
        dtype: &str,
        sizes: [usize; 4],
    ) -> GraphConvKernel {
        let of_device = |c: &Choices| (c.config.graph_conv, nearest(&c.tuning.graph_conv, dtype, &sizes));
        pick::<B, _>(asked, first, device, of_device)
    }

    /// That of `hyperedge`.
    pub(crate) fn hyperedge<B: HyperBackend>(
        asked: HyperedgeKernel,
        device: &B::Device,
        dtype: &str,
        sizes: [usize; 4],
    ) -> HyperedgeKernel {
        let of_device = |c: &Choices| (c.config.hyperedge, nearest(&c.tuning.hyperedge, dtype, &sizes));
        pick::<B, _>(asked, HyperedgeKernel::TwoPass, device, of_device)
    }

    /// That of `relation`: `Auto` where nothing is asked for and nothing was measured, which is what the device has for the type.
    pub(crate) fn relation<B: HyperBackend>(asked: RelationKernel, device: &B::Device, dtype: &str, sizes: [usize; 4]) -> RelationKernel {
        let of_device = |c: &Choices| (c.config.relation, nearest(&c.tuning.relation, dtype, &sizes));
        pick::<B, _>(asked, RelationKernel::Auto, device, of_device)
    }
}

/// What is asked for, else what is asked for on the device, else what was measured there, else `first`.
fn pick<B: HyperBackend, K: Copy + PartialEq + Default + FromStr>(
    asked: K,
    first: K,
    device: &B::Device,
    of_device: impl FnOnce(&Choices) -> (K, Option<String>),
) -> K {
    let named = |k: &K| *k != K::default();
    Some(asked).filter(named).unwrap_or_else(|| {
        let (asked, measured) = choices::<B>(device).map_or((K::default(), None), |c| of_device(&c));
        // A file of another version may name a variant that is not known here.
        Some(asked).filter(named).or_else(|| measured?.parse().ok().filter(named)).unwrap_or(first)
    })
}

/// The fastest variant of the class nearest to `sizes`.
fn nearest(classes: &[Measured], dtype: &str, sizes: &[usize]) -> Option<String> {
    let far = |m: &Measured| -> f64 {
        let ratio = |(&a, &b): (&usize, &usize)| (a.max(1) as f64 / b.max(1) as f64).ln().powi(2);
        m.sizes.iter().zip(sizes).map(ratio).sum()
    };
    let same = classes.iter().filter(|m| m.dtype == dtype && m.sizes.len() == sizes.len());
    same.min_by(|a, b| far(a).total_cmp(&far(b))).map(|m| m.fastest.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(dtype: &str, sizes: [usize; 4], fastest: &str) -> Measured {
        Measured { dtype: dtype.to_owned(), sizes: sizes.to_vec(), fastest: fastest.to_owned(), milliseconds: BTreeMap::new() }
    }

    #[test]
    fn the_nearest_class_of_the_same_type_decides() {
        let classes = [
            measured("f32", [128, 128, 64, 8], "reference"),
            measured("f32", [4096, 4096, 64, 8], "flash"),
            measured("f16", [128, 128, 64, 8], "flash"),
        ];
        assert_eq!(nearest(&classes, "f32", &[100, 100, 64, 8]).as_deref(), Some("reference"));
        assert_eq!(nearest(&classes, "f32", &[2000, 2000, 64, 8]).as_deref(), Some("flash"));
        assert_eq!(nearest(&classes, "f16", &[100, 100, 64, 8]).as_deref(), Some("flash"));
        assert_eq!(nearest(&classes, "bf16", &[100, 100, 64, 8]), None);
        assert_eq!(nearest(&classes, "f32", &[0, 0, 64, 8]).as_deref(), Some("reference"));
    }
}

#[cfg(all(test, feature = "cpu"))]
mod installed {
    use super::*;
    use crate::{Cpu, CpuDevice};

    #[test]
    fn auto_follows_what_is_installed_and_a_named_variant_does_not() {
        let (device, sizes) = (CpuDevice::default(), [10, 10, 10, 10]);
        let chosen = |asked| KernelConfig::hyperedge::<Cpu>(asked, &device, "f64", sizes);
        assert_eq!(chosen(HyperedgeKernel::Auto), HyperedgeKernel::TwoPass);
        let class = |fastest: &str| {
            let sizes = sizes.to_vec();
            Measured { dtype: "f64".to_owned(), sizes, fastest: fastest.to_owned(), milliseconds: BTreeMap::new() }
        };
        Tuning { hyperedge: vec![class("fused")], ..Tuning::default() }.install::<Cpu>(&device);
        assert_eq!(chosen(HyperedgeKernel::Auto), HyperedgeKernel::Fused);
        assert_eq!(chosen(HyperedgeKernel::TwoPass), HyperedgeKernel::TwoPass);
        let config = KernelConfig { hyperedge: HyperedgeKernel::TwoPass, ..KernelConfig::default() };
        config.install::<Cpu>(&device).unwrap();
        assert_eq!(chosen(HyperedgeKernel::Auto), HyperedgeKernel::TwoPass);
        assert_eq!(chosen(HyperedgeKernel::Fused), HyperedgeKernel::Fused);
        KernelConfig::default().install::<Cpu>(&device).unwrap();
        Tuning { hyperedge: vec![class("better")], ..Tuning::default() }.install::<Cpu>(&device);
        assert_eq!(chosen(HyperedgeKernel::Auto), HyperedgeKernel::TwoPass);
        Tuning::default().install::<Cpu>(&device);
    }
}
