//! A link predictor and its training as one safetensors file, replaced as a whole.

use std::path::{Path, PathBuf};

use hypergraphql_framework::links::{Link, LinkDataset};
use hypergraphql_ops::HyperBackend;
use serde::{Deserialize, Serialize};

use super::predictor::{LinkConfig, LinkPredictor};
use super::train::{LinkProgress, LinkTrainConfig, statements};
use crate::checkpoint::{self, FileKind, NamedTensors};
use crate::statements::Statements;
use crate::{ModelError, Result};

/// The file of a checkpoint in its folder.
pub const FILE: &str = "link.safetensors";

/// The parameters of the best epoch, of the last epoch, and both moments of the optimiser.
const KIND: FileKind = FileKind {
    head: "hypergraphql.link-prediction",
    what: "a link predictor, as `hgql train link-prediction` writes it",
    version: 1,
    parts: &["best/", "current/", "moment_1/", "moment_2/"],
};

/// What is needed to predict and to go on training.
#[derive(Debug, Clone)]
pub struct LinkCheckpoint {
    /// Where it was read from; empty if it was not.
    pub path: PathBuf,
    /// Sizes and options of the network.
    pub network: LinkConfig,
    /// Options of the training.
    pub config: LinkTrainConfig,
    /// Where the training stands.
    pub progress: LinkProgress,
    /// Names of entities by number.
    pub entities: Vec<String>,
    /// Names of relations by number.
    pub relations: Vec<String>,
    /// What was learned from, which the encoder reads.
    pub train: Vec<Link>,
    /// Parameters of the best epoch.
    pub best: NamedTensors,
    /// Parameters of the last epoch.
    pub current: NamedTensors,
    /// Moments of the optimiser.
    pub moments: [NamedTensors; 2],
}

/// Everything but the tensors.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    version: u32,
    network: LinkConfig,
    config: LinkTrainConfig,
    progress: LinkProgress,
    entities: Vec<String>,
    relations: Vec<String>,
    /// Subject, relation, object, and relation and entity of each qualifier.
    train: Vec<Vec<u32>>,
}

impl LinkCheckpoint {
    /// Writes the file beside its place, synced, and renames it, so that an older one is there until the new one is whole.
    ///
    /// # Errors
    /// When the system refuses; what stood there stands there still.
    pub fn write(&self, path: &Path) -> Result<()> {
        let head = Head {
            version: KIND.version,
            network: self.network.clone(),
            config: self.config.clone(),
            progress: self.progress.clone(),
            entities: self.entities.clone(),
            relations: self.relations.clone(),
            train: self.train.iter().map(flat).collect(),
        };
        KIND.write(path, &head, &[&self.best, &self.current, &self.moments[0], &self.moments[1]])
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is cut, or is none of this version.
    pub fn read(path: &Path) -> Result<Self> {
        let (head, parts) = KIND.read::<Head>(path)?;
        let [best, current, first, second] = <[NamedTensors; 4]>::try_from(parts).unwrap_or_default();
        let Head { network, config, progress, entities, relations, train, .. } = head;
        network.check()?;
        if (network.entities, network.relations) != (entities.len(), relations.len()) {
            let found = format!("{} and {}", entities.len(), relations.len());
            let expected = format!("names of {} entities and {} relations", network.entities, network.relations);
            return Err(ModelError::checkpoint(path, expected, found));
        }
        let broken = || ModelError::checkpoint(path, "statements of 3 numbers and pairs of them", "another count");
        let train = train.iter().map(|flat| link(flat).ok_or_else(broken)).collect::<Result<_>>()?;
        let path = path.to_path_buf();
        Ok(Self { path, network, config, progress, entities, relations, train, best, current, moments: [first, second] })
    }

    /// The predictor of the best epoch.
    ///
    /// # Errors
    /// When the tensors are not those of the network.
    pub fn predictor<B: HyperBackend>(&self, device: &B::Device) -> Result<LinkPredictor<B>> {
        checkpoint::load(self.network.init::<B>(device, 0)?, self.best.clone(), &self.path)
    }

    /// The statements that its encoder reads.
    ///
    /// # Errors
    /// When they have entities or relations without names, or the device cannot hold them.
    pub fn statements<B: HyperBackend>(&self, device: &B::Device) -> Result<Statements<B>> {
        statements(&self.train, self.entities.len(), self.relations.len(), device)
    }

    /// Whether it was trained on this data.
    ///
    /// # Errors
    /// When it was not.
    pub fn check_data(&self, data: &LinkDataset) -> Result<()> {
        if (&self.entities, &self.relations, &self.train) == (&data.entities, &data.relations, &data.train) {
            return Ok(());
        }
        let sizes = |entities: &[String], relations: &[String], train: &[Link]| {
            format!("{} entities, {} relations, {} statements", entities.len(), relations.len(), train.len())
        };
        let expected = format!("the data it was trained on ({})", sizes(&self.entities, &self.relations, &self.train));
        let found = format!("other data ({})", sizes(&data.entities, &data.relations, &data.train));
        Err(ModelError::checkpoint(&self.path, expected, found))
    }
}

fn flat(link: &Link) -> Vec<u32> {
    let pairs = link.qualifiers.iter().flat_map(|&(relation, entity)| [relation, entity]);
    [link.subject, link.relation, link.object].into_iter().chain(pairs).collect()
}

fn link(flat: &[u32]) -> Option<Link> {
    let (&[subject, relation, object], rest) = flat.split_first_chunk()?;
    let (pairs, []) = rest.as_chunks::<2>() else { return None };
    Some(Link { subject, relation, object, qualifiers: pairs.iter().map(|&[relation, entity]| (relation, entity)).collect() })
}
