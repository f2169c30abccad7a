//! A link predictor and its training as one safetensors file, replaced as a whole.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use hypergraphql_framework::io;
use hypergraphql_framework::links::{Link, LinkDataset};
use hypergraphql_ops::HyperBackend;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde::{Deserialize, Serialize};

use super::predictor::{LinkConfig, LinkPredictor};
use super::train::{LinkProgress, LinkTrainConfig, statements};
use crate::checkpoint::{self, NamedTensors, StoredTensor};
use crate::statements::Statements;
use crate::{ModelError, Result};

/// What the metadata of the file is named.
const HEAD: &str = "hypergraphql.link-prediction";
/// Of the format of this file.
const VERSION: u32 = 1;
/// Begins the names of the best epoch's parameters, of the last epoch's, and of both moments of the optimiser.
const PARTS: [&str; 4] = ["best/", "current/", "moment_1/", "moment_2/"];

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
            version: VERSION,
            network: self.network.clone(),
            config: self.config.clone(),
            progress: self.progress.clone(),
            entities: self.entities.clone(),
            relations: self.relations.clone(),
            train: self.train.iter().map(flat).collect(),
        };
        let failed = |error: &dyn std::fmt::Display| ModelError::checkpoint(path, "what safetensors can hold", error.to_string());
        let head = serde_json::to_string(&head).map_err(|error| failed(&error))?;
        let parts = [&self.best, &self.current, &self.moments[0], &self.moments[1]];
        let named =
            PARTS.into_iter().zip(parts).flat_map(|(part, tensors)| tensors.iter().map(move |(name, t)| (format!("{part}{name}"), t)));
        let bytes: Vec<(String, &StoredTensor, Vec<u8>)> =
            named.map(|(name, t)| (name, t, t.values.iter().flat_map(|value| value.to_le_bytes()).collect())).collect();
        let views = bytes.iter().map(|(name, t, bytes)| Ok((name, TensorView::new(Dtype::F32, t.shape.clone(), bytes)?)));
        let views: Vec<_> = views.collect::<Result<_, safetensors::SafeTensorError>>().map_err(|error| failed(&error))?;
        let file = serialize(views, Some(HashMap::from([(HEAD.to_owned(), head)]))).map_err(|error| failed(&error))?;
        Ok(io::write_file(path, &file)?)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is cut, or is none of this version.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(ModelError::read(path))?;
        let broken = |error: safetensors::SafeTensorError| ModelError::checkpoint(path, "a whole safetensors file", error.to_string());
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(broken)?;
        let expected = "a link predictor, as `hgql train link-prediction` writes it";
        let head = metadata.metadata().as_ref().and_then(|all| all.get(HEAD));
        let head = head.ok_or_else(|| ModelError::checkpoint(path, expected, "tensors of something else"))?;
        let head: Head = serde_json::from_str(head).map_err(|error| {
            ModelError::checkpoint(path, format!("the description of a link predictor of version {VERSION}"), error.to_string())
        })?;
        if head.version != VERSION {
            return Err(ModelError::checkpoint(path, format!("version {VERSION}"), head.version.to_string()));
        }
        let Head { network, config, progress, entities, relations, train, .. } = head;
        network.check()?;
        if (network.entities, network.relations) != (entities.len(), relations.len()) {
            let found = format!("{} and {}", entities.len(), relations.len());
            let expected = format!("names of {} entities and {} relations", network.entities, network.relations);
            return Err(ModelError::checkpoint(path, expected, found));
        }
        let broken = || ModelError::checkpoint(path, "statements of 3 numbers and pairs of them", "another count");
        let train = train.iter().map(|flat| link(flat).ok_or_else(broken)).collect::<Result<_>>()?;
        let [best, current, first, second] = tensors(&bytes, path)?;
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

fn tensors(bytes: &[u8], path: &Path) -> Result<[NamedTensors; 4]> {
    let broken = |error: safetensors::SafeTensorError| ModelError::checkpoint(path, "a whole safetensors file", error.to_string());
    let mut parts: [NamedTensors; 4] = Default::default();
    for (name, view) in SafeTensors::deserialize(bytes).map_err(broken)?.tensors() {
        let part = PARTS.iter().position(|part| name.starts_with(part)).filter(|_| view.dtype() == Dtype::F32);
        let expected = || format!("tensors of type F32 whose names begin with {}", PARTS.join(", "));
        let part = part.ok_or_else(|| ModelError::checkpoint(path, expected(), format!("{name} of type {:?}", view.dtype())))?;
        let values = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        parts[part].insert(name[PARTS[part].len()..].to_owned(), StoredTensor { shape: view.shape().to_vec(), values });
    }
    Ok(parts)
}
