//! A pair predictor and its training as one safetensors file, replaced as a whole.

use std::path::{Path, PathBuf};

use hypergraphql_framework::Features;
use hypergraphql_ops::HyperBackend;
use serde::{Deserialize, Serialize};

use super::data::{Connection, LeftOut, PairData, PairOptions};
use super::network::{PairConfig, PairPredictor};
use super::train::{PairProgress, PairTrainConfig};
use crate::checkpoint::{self, FileKind, NamedTensors, StoredTensor};
use crate::{ModelError, Result};

/// The parameters of the best epoch, of the last epoch, both moments of the optimiser, and the states of nodes by the best epoch.
const KIND: FileKind = FileKind {
    head: "hypergraphql.pairs",
    what: "a pair predictor, as `hgql train pairs` writes it",
    version: 1,
    parts: &["best/", "current/", "moment_1/", "moment_2/", "states/"],
};

/// The name of the one tensor of the last part.
const STATES: &str = "nodes";

/// What is needed to predict and to go on training.
#[derive(Debug, Clone)]
pub struct PairCheckpoint {
    /// Where it was read from; empty if it was not.
    pub path: PathBuf,
    /// Sizes and options of the network.
    pub network: PairConfig,
    /// Options of the training.
    pub config: PairTrainConfig,
    /// Where the training stands.
    pub progress: PairProgress,
    /// Names and connections, without features.
    pub data: PairData,
    /// Parameters of the best epoch.
    pub best: NamedTensors,
    /// Parameters of the last epoch.
    pub current: NamedTensors,
    /// Moments of the optimiser.
    pub moments: [NamedTensors; 2],
    /// States of the nodes by the best epoch `[N, F]`: predictions need neither messages nor features.
    pub states: StoredTensor,
}

/// Everything but the tensors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    version: u32,
    network: PairConfig,
    config: PairTrainConfig,
    progress: PairProgress,
    nodes: Vec<String>,
    relations: Vec<String>,
    types: Vec<String>,
    type_of: Vec<u32>,
    options: PairOptions,
    left_out: LeftOut,
    /// Source, target and relation of each connection.
    train: Vec<[u32; 3]>,
    valid: Vec<[u32; 3]>,
    test: Vec<[u32; 3]>,
}

impl PairCheckpoint {
    /// Writes the file beside its place, synced, and renames it, so that an older one is there until the new one is whole.
    ///
    /// # Errors
    /// When the system refuses, what stood there stands there still; or when names and connections exceed what safetensors hold.
    pub fn write(&self, path: &Path) -> Result<()> {
        let flat = |part: &[Connection]| part.iter().map(|c| [c.source, c.target, c.relation]).collect();
        let head = Head {
            version: KIND.version,
            network: self.network.clone(),
            config: self.config.clone(),
            progress: self.progress.clone(),
            nodes: self.data.nodes.clone(),
            relations: self.data.relations.clone(),
            types: self.data.types.clone(),
            type_of: self.data.type_of.clone(),
            options: self.data.options,
            left_out: self.data.left_out,
            train: flat(&self.data.train),
            valid: flat(&self.data.valid),
            test: flat(&self.data.test),
        };
        let states = NamedTensors::from([(STATES.to_owned(), self.states.clone())]);
        KIND.write(path, &head, &[&self.best, &self.current, &self.moments[0], &self.moments[1], &states])
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is cut, or is none of this version, or its parts do not fit each other.
    pub fn read(path: &Path) -> Result<Self> {
        let (head, parts) = KIND.read::<Head>(path)?;
        let [best, current, first, second, mut states] = <[NamedTensors; 5]>::try_from(parts).unwrap_or_default();
        let Head { network, config, progress, nodes, relations, types, type_of, options, left_out, train, valid, test, .. } = head;
        network.check()?;
        let found = [nodes.len(), relations.len(), types.len(), type_of.len()];
        let expected = [network.nodes, network.relations, network.types, network.relations];
        if found != expected {
            let what = |n: [usize; 4]| format!("{} nodes, {} relations, {} types and {} types of relations", n[0], n[1], n[2], n[3]);
            return Err(ModelError::checkpoint(path, what(expected), what(found)));
        }
        let part = |flat: Vec<[u32; 3]>| -> Result<Vec<Connection>> {
            let connections: Vec<_> = flat.into_iter().map(|[source, target, relation]| Connection { source, target, relation }).collect();
            let misfits = |c: &&Connection| c.ends().1 as usize >= nodes.len() || c.relation as usize >= relations.len().max(1);
            match connections.iter().find(misfits) {
                None => Ok(connections),
                Some(c) => Err(ModelError::checkpoint(path, "connections of its nodes and relations", format!("{c:?}"))),
            }
        };
        if let Some(class) = type_of.iter().find(|class| **class as usize >= types.len().max(1)) {
            return Err(ModelError::checkpoint(path, format!("types below {}", types.len()), class.to_string()));
        }
        let (train, valid, test) = (part(train)?, part(valid)?, part(test)?);
        let shape = vec![network.nodes, network.width];
        let states = states.remove(STATES).filter(|states| states.shape == shape);
        let states = states.ok_or_else(|| ModelError::checkpoint(path, format!("states/{STATES} of shape {shape:?}"), "none"))?;
        let data = PairData { nodes, relations, types, type_of, features: Features::None, options, train, valid, test, left_out };
        let path = path.to_path_buf();
        Ok(Self { path, network, config, progress, data, best, current, moments: [first, second], states })
    }

    /// The network of the best epoch.
    ///
    /// # Errors
    /// When the tensors are not those of the network.
    pub fn predictor<B: HyperBackend>(&self, device: &B::Device) -> Result<PairPredictor<B>> {
        checkpoint::load(self.network.init::<B>(device, 0)?, self.best.clone(), &self.path)
    }

    /// Whether it was trained on this data.
    ///
    /// # Errors
    /// When it was not.
    pub fn check_data(&self, data: &PairData) -> Result<()> {
        let own = &self.data;
        let same = (&own.nodes, &own.relations, &own.types, own.options.directed)
            == (&data.nodes, &data.relations, &data.types, data.options.directed)
            && (&own.train, &own.valid, &own.test) == (&data.train, &data.valid, &data.test)
            && self.network.features == data.features.width();
        if same {
            return Ok(());
        }
        let sizes = |data: &PairData, features: usize| {
            let connections = [&data.train, &data.valid, &data.test].map(Vec::len);
            let way = if data.options.directed { "directed" } else { "without direction" };
            format!("{} nodes of {features} features, {connections:?} connections {way}, {} types", data.nodes.len(), data.types.len())
        };
        let expected = format!("the data it was trained on ({})", sizes(own, self.network.features));
        let found = format!("other data ({})", sizes(data, data.features.width()));
        Err(ModelError::checkpoint(&self.path, expected, found))
    }
}
