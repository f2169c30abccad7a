//! Trained networks for the learned operators of HyperQL: a checkpoint of links for `PREDICT` and `SIMILAR`, an encoder for texts.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::models::layers::Masks;
use crate::models::link::{Encoded, FILE, LinkCheckpoint, LinkPredictor, Query};
use crate::models::text::{Overlong, TextEncoder};
use crate::models::{ModelError, Precision};
use crate::ops::HyperBackend;
use crate::runtime::learned::{Embeddings, LinkModel, ModelFailure, Question, TextModel};

/// A network of `hgql train link-prediction`: embeddings are those of entities after its encoder, probabilities a softmax of the scores of its decoder.
///
/// ```no_run
/// use hypergraphql::learned::LinkScorer;
/// use hypergraphql::prelude::*;
/// use hypergraphql::runtime::engine::{Engine, QueryOptions};
/// use hypergraphql::runtime::learned::Learned;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let engine = Engine::open("kb.hgql".as_ref())?;
/// let links = LinkScorer::<Cpu>::open("links".as_ref(), CpuDevice::default(), "cpu")?;
/// let options = QueryOptions { learned: Learned::default().with_links(links), ..QueryOptions::default() };
/// let likely = engine.query("SELECT * { PREDICT { :Q95068 :P1411 ?x LIMIT 3 } AS ?p }", &options)?;
/// # Ok(())
/// # }
/// ```
pub struct LinkScorer<B: HyperBackend> {
    entities: Vec<String>,
    relations: Vec<String>,
    /// Of each relation, ascending.
    subjects: Vec<Vec<u32>>,
    device: String,
    network: Mutex<Network<B>>,
}

/// What is read of the checkpoint, and what is made of it when it is first asked.
struct Network<B: HyperBackend> {
    checkpoint: LinkCheckpoint,
    device: B::Device,
    ready: Option<(LinkPredictor<B>, Encoded<B>)>,
}

impl<B: HyperBackend> LinkScorer<B> {
    /// Reads the checkpoint in a folder; `name` is what profiles call the device. Its graph is encoded when a query first asks.
    ///
    /// # Errors
    /// A folder without a checkpoint, one that is damaged, or a precision that the device lacks.
    pub fn open(folder: &Path, device: B::Device, name: impl Into<String>) -> Result<Self, ModelError> {
        let mut checkpoint = LinkCheckpoint::read(&folder.join(FILE))?;
        checkpoint.config.train.precision.check::<B>(&device)?;
        let mut subjects = vec![vec![]; checkpoint.relations.len()];
        for link in &checkpoint.train {
            if let Some(of) = subjects.get_mut(link.relation as usize) {
                of.push(link.subject);
            }
        }
        for of in &mut subjects {
            of.sort_unstable();
            of.dedup();
        }
        // What only a training needs.
        (checkpoint.current, checkpoint.moments) = Default::default();
        let (entities, relations) = (std::mem::take(&mut checkpoint.entities), std::mem::take(&mut checkpoint.relations));
        let network = Mutex::new(Network { checkpoint, device, ready: None });
        Ok(Self { entities, relations, subjects, device: name.into(), network })
    }

    fn with<T>(&self, work: impl FnOnce(&LinkPredictor<B>, &Encoded<B>, Precision) -> Result<T, ModelError>) -> Result<T, ModelFailure> {
        let mut network = self.network.lock().unwrap_or_else(PoisonError::into_inner);
        let Network { checkpoint, device, ready } = &mut *network;
        let precision = checkpoint.config.train.precision;
        let (model, encoded) = match ready {
            Some(ready) => ready,
            None => {
                let model = checkpoint.predictor::<B>(device)?;
                let (entities, relations) = (self.entities.len(), self.relations.len());
                let statements = crate::models::link::statements::<B>(&checkpoint.train, entities, relations, device)?;
                let encoded = model.encode(&statements, precision, &Masks::none())?;
                ready.insert((model, encoded))
            }
        };
        Ok(work(model, encoded, precision)?)
    }
}

impl<B: HyperBackend> LinkModel for LinkScorer<B> {
    fn device(&self) -> &str {
        &self.device
    }

    fn entities(&self) -> &[String] {
        &self.entities
    }

    fn relations(&self) -> &[String] {
        &self.relations
    }

    fn subjects(&self, relation: u32) -> Vec<u32> {
        self.subjects.get(relation as usize).cloned().unwrap_or_default()
    }

    fn embeddings(&self) -> Result<Embeddings, ModelFailure> {
        self.with(|_, encoded, precision| {
            let [_, width] = encoded.entities.dims();
            Ok(Embeddings { width, values: precision.widen(encoded.entities.clone()).into_data().iter::<f32>().collect() })
        })
    }

    fn probabilities(&self, questions: &[Question<'_>]) -> Result<Vec<f32>, ModelFailure> {
        let inverse = self.relations.len() as u32;
        let queries: Vec<Query<'_>> = questions
            .iter()
            .map(|&Question { entity, relation, of_subject, qualifiers }| {
                let relation = relation + if of_subject { inverse } else { 0 };
                Query { entity, relation, qualifiers }
            })
            .collect();
        let mut scores: Vec<f32> = self.with(|model, encoded, precision| {
            Ok(model.scores(encoded, &queries, precision, &Masks::none())?.into_data().iter::<f32>().collect())
        })?;
        scores.chunks_exact_mut(self.entities.len().max(1)).for_each(softmax);
        Ok(scores)
    }
}

/// Scores as probabilities, with sums in f64.
fn softmax(scores: &mut [f32]) {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |score: f32| f64::from(score - highest).exp();
    let sum: f64 = scores.iter().map(|&score| weight(score)).sum();
    scores.iter_mut().for_each(|score| *score = (weight(*score) / sum) as f32);
}

/// An encoder of a Hugging Face folder; texts that are longer than it takes lose their end.
pub struct TextScorer<B: HyperBackend> {
    encoder: Mutex<TextEncoder<B>>,
    device: String,
}

impl<B: HyperBackend> TextScorer<B> {
    /// Reads a folder; `name` is what profiles call the device.
    ///
    /// # Errors
    /// As [`TextEncoder::from_folder`].
    pub fn open(folder: &Path, precision: Precision, device: &B::Device, name: impl Into<String>) -> Result<Self, ModelError> {
        Ok(Self { encoder: Mutex::new(TextEncoder::from_folder(folder, precision, device)?), device: name.into() })
    }
}

impl<B: HyperBackend> TextModel for TextScorer<B> {
    fn device(&self) -> &str {
        &self.device
    }

    fn embed(&self, texts: &[&str]) -> Result<Embeddings, ModelFailure> {
        let embeddings = self.encoder.lock().unwrap_or_else(PoisonError::into_inner).embed(texts, Overlong::Truncate)?;
        Ok(Embeddings { width: embeddings.first().map_or(0, Vec::len), values: embeddings.concat() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_add_up_to_one_whatever_the_scores() {
        for scores in [vec![0.5], vec![-1e30, 3.0, 3.0], vec![1e4, -1e4, 0.0, 9_999.0]] {
            let mut found = scores.clone();
            softmax(&mut found);
            let sum: f64 = found.iter().copied().map(f64::from).sum();
            assert!((sum - 1.0).abs() < 1e-6, "{scores:?}: {found:?}");
            assert!(found.iter().zip(&scores).all(|(p, s)| found.iter().zip(&scores).all(|(q, t)| s <= t || p >= q)));
        }
    }
}
