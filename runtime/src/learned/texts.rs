//! A model of texts beside a snapshot: the labels of its nodes.

use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;
use hypergraphql_framework::store::{AtomSpace, Id, Order, Position};
use oxrdf::{NamedNode, Term};

use super::items::unit;
use super::{Embeddings, Items, TextModel};
use crate::engine::QueryError;
use crate::executor::Task;

/// Texts that are embedded between two looks at the limits.
const BATCH: usize = 64;

/// A model with the embeddings of all labels so far, and those of the last snapshot.
pub(crate) struct Texts {
    pub(crate) model: Box<dyn TextModel>,
    label: NamedNode,
    known: Mutex<Known>,
    last: Mutex<Option<(AtomSpace, Arc<Items>)>>,
}

/// Labels are embedded once, whatever becomes of the query that asked first, and however the store changes.
#[derive(Default)]
struct Known {
    rows: HashMap<String, u32>,
    embeddings: Embeddings,
}

impl Texts {
    pub(super) fn new(model: Box<dyn TextModel>, label: NamedNode) -> Self {
        Self { model, label, known: Mutex::default(), last: Mutex::default() }
    }

    /// The embedding of a text, of length 1.
    pub(crate) fn embed(&self, task: &Task<'_, '_>, text: &str) -> Result<Vec<f32>, QueryError> {
        let embeddings = self.embed_all(task, &[text])?;
        Ok(unit(&embeddings.values))
    }

    fn embed_all(&self, task: &Task<'_, '_>, texts: &[&str]) -> Result<Embeddings, QueryError> {
        let embeddings = self.model.embed(texts).map_err(|source| task.model(source))?;
        let (got, expected) = (embeddings.values.len(), texts.len() * embeddings.width);
        if got != expected {
            return Err(task.model(format!("the encoder has embeddings of {got} numbers, expected {expected}").into()));
        }
        Ok(embeddings)
    }

    /// The nodes of the snapshot that have a label, with the embeddings of their labels.
    pub(crate) fn items(&self, task: &Task<'_, '_>) -> Result<Arc<Items>, QueryError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, items)) = last.as_ref().filter(|(space, _)| space.is_same(task.space())) {
            return Ok(Arc::clone(items));
        }
        let labels = self.labels(task)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut new: Vec<&str> = labels.iter().map(|(_, text)| text.as_str()).filter(|text| !known.rows.contains_key(*text)).collect();
        new.sort_unstable();
        new.dedup();
        for texts in new.chunks(BATCH) {
            task.check()?;
            let embeddings = self.embed_all(task, texts)?;
            known.embeddings.width = embeddings.width;
            known.embeddings.values.extend(embeddings.values);
            for text in texts {
                let row = known.rows.len() as u32;
                known.rows.insert((*text).to_owned(), row);
            }
        }
        let rows = labels.iter().filter_map(|(id, text)| Some((*id, *known.rows.get(text)?))).collect();
        let items = Arc::new(Items::new(rows, &known.embeddings));
        *last = Some((task.space().clone(), Arc::clone(&items)));
        Ok(items)
    }

    /// Nodes with their labels, each pair once.
    fn labels(&self, task: &Task<'_, '_>) -> Result<Vec<(Id, String)>, QueryError> {
        let space = task.space();
        let mut pairs: Vec<(Id, Id)> = match space.id(&self.label) {
            Some(label) => {
                let rows = space.rows(Order::Pso, &[label]);
                let (nodes, texts) = (rows.column(Position::Subject), rows.column(Position::Object));
                nodes.iter().copied().zip(texts.iter().copied()).collect()
            }
            None => vec![],
        };
        pairs.sort_unstable();
        pairs.dedup();
        let text = |(node, text): (Id, Id)| match space.term(text) {
            Some(Term::Literal(literal)) if !literal.value().trim().is_empty() => Some((node, literal.value().to_owned())),
            _ => None,
        };
        let labels: Vec<(Id, String)> = pairs.into_iter().filter_map(text).collect();
        if labels.is_empty() {
            let what = format!("no node has a label {}, by which texts are compared: name its predicate by --label IRI", self.label);
            return Err(QueryError::Unknown { operator: task.operator.to_owned(), what });
        }
        Ok(labels)
    }
}
