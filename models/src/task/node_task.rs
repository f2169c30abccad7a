//! A dataset on a device, ready to be trained on.

use burn::backend::Autodiff;
use hypergraphql_framework::{Dataset, Hypergraph, Labels, Relations};
use hypergraphql_ops::{HyperBackend, Incidence};

use super::TaskConfig;
use crate::checkpoint::DatasetPrint;
use crate::input::{GraphInput, NodeFeatures};
use crate::{ModelError, Result};

/// The hypergraph, features and labels of node classification, uploaded once for all runs.
#[derive(Debug)]
pub struct NodeTask<B: HyperBackend> {
    /// The network's input.
    pub input: GraphInput<Autodiff<B>>,
    /// The hypergraph that was uploaded, which mini-batches are drawn from.
    pub hypergraph: Hypergraph,
    /// A class per labelled node.
    pub labels: Labels,
    /// What the dataset is, for checkpoints.
    pub print: DatasetPrint,
    /// The relations of the hyperedges, where there are such.
    pub relations: Option<Relations>,
    /// How it was made ready.
    pub config: TaskConfig,
    /// Where it lies.
    pub device: B::Device,
}

impl<B: HyperBackend> NodeTask<B> {
    /// Uploads `prepared`, which [`TaskConfig::prepare`] made of `dataset`.
    ///
    /// # Errors
    /// When there are no labels or no features, fewer than two classes, or the device refuses the hypergraph.
    pub fn new(dataset: &Dataset, prepared: &Dataset, config: TaskConfig, device: &B::Device) -> Result<Self> {
        let labels = dataset.labels.clone();
        let labels = labels.ok_or_else(|| ModelError::option("labels", "none", "a class for at least some nodes (labels.txt)"))?;
        if labels.classes < 2 {
            return Err(ModelError::option("classes", labels.classes, "at least 2"));
        }
        Ok(Self {
            input: upload(prepared, device)?,
            hypergraph: prepared.hypergraph.clone(),
            labels,
            relations: prepared.relations.clone(),
            print: DatasetPrint::of(dataset, prepared.features.width()),
            config,
            device: device.clone(),
        })
    }
}

/// The hypergraph and features of a prepared dataset on a device.
pub(super) fn upload<B: HyperBackend>(prepared: &Dataset, device: &B::Device) -> Result<GraphInput<B>> {
    let features = NodeFeatures::of(&prepared.features, device)?;
    let features = features.ok_or_else(|| ModelError::option("features", "none", "a row per node (features.txt)"))?;
    GraphInput::new(Incidence::new(&prepared.hypergraph, device)?, features)
}
