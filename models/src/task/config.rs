//! How a dataset is made ready: self-loops, and features where it has none.

use std::borrow::Cow;

use hypergraphql_framework::dataset::synthetic_features;
use hypergraphql_framework::encodings::Encoding;
use hypergraphql_framework::expand::{SelfLoops, self_loops};
use hypergraphql_framework::{Dataset, Features};
use serde::{Deserialize, Serialize};

use crate::{ModelError, Result};

/// The relation of the hyperedges that are added, where hyperedges have relations.
const SELF_LOOP: &str = "self-loop";

/// Features drawn for a dataset without any: the one-hot label padded to `width` columns plus N(0, sigma²).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyntheticFeatures {
    /// Columns.
    pub width: usize,
    /// Deviation of the noise.
    pub sigma: f32,
    /// Draws them.
    pub seed: u64,
}

impl SyntheticFeatures {
    /// The protocol of AllSet (Chien et al., 2022): 100 columns, deviation 1.
    pub fn with_seed(seed: u64) -> Self {
        Self { width: 100, sigma: 1.0, seed }
    }
}

/// How a dataset is made ready for a network; the same for training and prediction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskConfig {
    /// Whether every node that owns no singleton hyperedge gets one.
    pub self_loops: bool,
    /// What features to draw where there are none; `None` where the dataset has some.
    pub synthetic: Option<SyntheticFeatures>,
    /// Columns that say where a node is, appended to the features.
    #[serde(default)]
    pub encoding: Encoding,
}

impl TaskConfig {
    /// For `dataset`: synthetic features, drawn from the seed, only where it has none.
    pub fn for_dataset(dataset: &Dataset, self_loops: bool, seed: u64) -> Self {
        let none = matches!(dataset.features, Features::None);
        Self { self_loops, synthetic: none.then(|| SyntheticFeatures::with_seed(seed)), encoding: Encoding::None }
    }

    /// The same with a positional encoding, of the hypergraph without self-loops, after the features.
    #[must_use]
    pub fn with_encoding(self, encoding: Encoding) -> Self {
        Self { encoding, ..self }
    }

    /// The dataset with its self-loops, features and encoding.
    ///
    /// # Errors
    /// When features would have to be drawn and there are no labels to draw them from, ids then pass `u32::MAX`, or there are no features that an
    /// encoding could come after.
    pub fn prepare<'a>(&self, dataset: &'a Dataset) -> Result<Cow<'a, Dataset>> {
        let mut prepared = Cow::Borrowed(dataset);
        if self.self_loops {
            let looped = self_loops(&dataset.hypergraph, SelfLoops::SkipOwned)?;
            let owned = prepared.to_mut();
            let added = looped.hyperedges() - dataset.hypergraph.hyperedges();
            owned.relations = dataset.relations.as_ref().map(|relations| relations.with_singletons(added, SELF_LOOP));
            owned.hypergraph = looped;
            owned.hyperedge_names = None;
        }
        if let Some(draw) = self.synthetic
            && matches!(dataset.features, Features::None)
        {
            let labels = dataset.labels.as_ref();
            let labels = labels.ok_or_else(|| ModelError::option("features", "none", "features, or labels to draw features from"))?;
            prepared.to_mut().features = synthetic_features(labels, draw.width, draw.sigma, draw.seed)?;
        }
        if self.encoding != Encoding::None {
            let features = self.encoding.append(&prepared.features, &dataset.hypergraph)?;
            prepared.to_mut().features = features;
        }
        Ok(prepared)
    }
}
