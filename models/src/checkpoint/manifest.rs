//! The manifest: format version, options, what the dataset was, and where the training stands.

use std::collections::BTreeMap;

use hypergraphql_framework::{Dataset, Features};
use hypergraphql_ops::HyperBackend;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use crate::classifier::NodeClassifierConfig;
use crate::task::{NodeTask, TaskConfig};
use crate::train::{Progress, TrainConfig};

/// What `format` says in every manifest.
pub const FORMAT: &str = "hypergraphql-checkpoint";
/// The version that is written, and the only one that is read.
pub const VERSION: u32 = 1;

/// Everything of a checkpoint but its tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// The network.
    pub model: NodeClassifierConfig,
    /// The training.
    pub train: TrainConfig,
    /// How the dataset was prepared.
    pub task: TaskConfig,
    /// What the dataset was.
    pub dataset: DatasetPrint,
    /// Digest of the split; see [`split_digest`](super::split_digest).
    pub split: String,
    /// Where the training stands.
    pub progress: Progress,
    /// What the caller wants to find again, e.g. the runs done before this one.
    pub notes: serde_json::Value,
    /// The digest of every other file.
    pub files: BTreeMap<String, String>,
}

/// What is needed to tell whether a dataset is the one that was trained on, and to name its classes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetPrint {
    /// Its name.
    pub name: String,
    /// N
    pub nodes: usize,
    /// M, as read: without self-loops.
    pub hyperedges: usize,
    /// Z, as read.
    pub incidences: usize,
    /// Width of the features the network takes.
    pub features: usize,
    /// C
    pub classes: usize,
    /// A name per class, or none.
    pub label_names: Vec<String>,
    /// Digest of the members of all hyperedges, the labels, the features, the weights of incidences and hyperedges, and the relations and roles, as read.
    pub digest: String,
}

impl DatasetPrint {
    /// Of a dataset whose features are `features` wide once prepared.
    pub fn of(dataset: &Dataset, features: usize) -> Self {
        let (h, labels) = (&dataset.hypergraph, dataset.labels.as_ref());
        Self {
            name: dataset.name.clone(),
            nodes: h.nodes(),
            hyperedges: h.hyperedges(),
            incidences: h.incidences(),
            features,
            classes: labels.map_or(0, |l| l.classes),
            label_names: dataset.label_names.clone(),
            digest: digest_of(dataset),
        }
    }
}

fn digest_of(dataset: &Dataset) -> String {
    let mut digest = Digest::new();
    let edges = dataset.hypergraph.edge_major();
    digest.numbers(edges.ptr().iter().map(|x| x.to_le_bytes()));
    digest.numbers(edges.col().iter().map(|x| x.to_le_bytes()));
    let labels = dataset.labels.iter().flat_map(|l| &l.of);
    digest.numbers(labels.map(|class| class.unwrap_or(u32::MAX).to_le_bytes()));
    for weights in [dataset.hypergraph.incidence_weights(), dataset.hypergraph.hyperedge_weights()] {
        digest.numbers(weights.into_iter().flatten().map(|w| w.to_le_bytes()));
    }
    if let Some(relations) = &dataset.relations {
        for tags in [&relations.relations, &relations.roles] {
            tags.names.iter().for_each(|name| digest.part(name.as_bytes()));
            digest.numbers(tags.ptr.iter().chain(&tags.of).map(|x| x.to_le_bytes()));
        }
    }
    match &dataset.features {
        Features::None => digest.part(b"none"),
        Features::Dense(x) => digest.numbers(x.iter().map(|v| v.to_le_bytes())),
        Features::Sparse(x) => {
            digest.numbers(x.iter().map(|(value, _)| value.to_le_bytes()));
            digest.numbers(x.iter().map(|(_, (row, _))| (row as u64).to_le_bytes()));
            digest.numbers(x.iter().map(|(_, (_, column))| (column as u64).to_le_bytes()));
        }
    }
    digest.finish()
}

impl Manifest {
    /// Of a training that stands at `progress`; the digests are filled in on writing.
    pub(crate) fn new<B: HyperBackend>(
        model: &NodeClassifierConfig,
        train: &TrainConfig,
        task: &NodeTask<B>,
        split: String,
        progress: Progress,
        notes: serde_json::Value,
    ) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            model: model.clone(),
            train: train.clone(),
            task: task.config,
            dataset: task.print.clone(),
            split,
            progress,
            notes,
            files: BTreeMap::new(),
        }
    }
}
