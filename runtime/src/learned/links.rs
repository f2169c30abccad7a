//! A model of links beside a snapshot: which of its entities are which nodes.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hashbrown::HashMap;
use hypergraphql_framework::store::{AtomSpace, Id, term_of_name};
use oxrdf::Term;

use super::{Embeddings, Items, LinkModel};
use crate::engine::QueryError;
use crate::executor::Task;

/// Names that errors show.
const SHOWN: usize = 5;

/// A model with what is known of the last snapshot.
pub(crate) struct Links {
    pub(crate) model: Box<dyn LinkModel>,
    embeddings: Mutex<Option<Arc<Embeddings>>>,
    here: Mutex<Option<Arc<Here>>>,
}

/// The entities of a model as nodes of a snapshot.
pub(crate) struct Here {
    space: AtomSpace,
    namespace: String,
    /// Of each entity; 0: the snapshot lacks it.
    pub(crate) ids: Vec<Id>,
    pub(crate) entities: HashMap<Id, u32>,
    items: OnceLock<Items>,
}

impl Links {
    pub(super) fn new(model: Box<dyn LinkModel>) -> Self {
        Self { model, embeddings: Mutex::default(), here: Mutex::default() }
    }

    /// The model beside the snapshot of a query.
    pub(crate) fn here(&self, task: &Task<'_, '_>) -> Result<Arc<Here>, QueryError> {
        let (space, namespace) = (task.space(), task.session.namespace.as_str());
        let mut last = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(here) = last.as_ref().filter(|here| here.space.is_same(space) && here.namespace == namespace) {
            return Ok(Arc::clone(here));
        }
        let names = self.model.entities();
        let (mut ids, mut entities) = (Vec::with_capacity(names.len()), HashMap::with_capacity(names.len()));
        for (entity, name) in (0u32..).zip(names) {
            if entity % 4096 == 0 {
                task.check()?;
            }
            let id = term_of_name(name, Some(namespace)).ok().and_then(|term| space.id(&term)).unwrap_or(0);
            // Two names of one term: the first is it.
            let known = id != 0 && entities.try_insert(id, entity).is_ok();
            ids.push(if known { id } else { 0 });
        }
        let here = Arc::new(Here { space: space.clone(), namespace: namespace.to_owned(), ids, entities, items: OnceLock::new() });
        *last = Some(Arc::clone(&here));
        Ok(here)
    }

    /// The nodes of the snapshot that the model has embeddings of.
    pub(crate) fn items<'h>(&self, task: &Task<'_, '_>, here: &'h Here) -> Result<&'h Items, QueryError> {
        if let Some(items) = here.items.get() {
            return Ok(items);
        }
        let embeddings = self.embeddings(task)?;
        let rows = here.entities.iter().map(|(&id, &entity)| (id, entity)).collect();
        Ok(here.items.get_or_init(|| Items::new(rows, &embeddings)))
    }

    /// The embeddings of all entities.
    pub(crate) fn embeddings(&self, task: &Task<'_, '_>) -> Result<Arc<Embeddings>, QueryError> {
        let mut known = self.embeddings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(embeddings) = known.as_ref() {
            return Ok(Arc::clone(embeddings));
        }
        let embeddings = self.model.embeddings().map_err(|source| task.model(source))?;
        let (got, expected) = (embeddings.values.len(), self.model.entities().len() * embeddings.width);
        if got != expected {
            return Err(task.model(format!("the model has embeddings of {got} numbers, expected {expected}").into()));
        }
        let embeddings = Arc::new(embeddings);
        *known = Some(Arc::clone(&embeddings));
        Ok(embeddings)
    }

    /// The number of an entity.
    ///
    /// # Errors
    /// [`QueryError::Unknown`], with some that the model knows.
    pub(crate) fn entity(&self, task: &Task<'_, '_>, here: &Here, term: &Term) -> Result<u32, QueryError> {
        let known = here.space.id(term).and_then(|id| here.entities.get(&id).copied());
        known
            .or_else(|| number(self.model.entities(), &here.namespace, term))
            .ok_or_else(|| unknown(task, "entity", self.model.entities(), term))
    }

    /// The number of a relation.
    ///
    /// # Errors
    /// [`QueryError::Unknown`], with some that the model knows.
    pub(crate) fn relation(&self, task: &Task<'_, '_>, here: &Here, term: &Term) -> Result<u32, QueryError> {
        number(self.model.relations(), &here.namespace, term).ok_or_else(|| unknown(task, "relation", self.model.relations(), term))
    }
}

fn number(names: &[String], namespace: &str, term: &Term) -> Option<u32> {
    let place = names.iter().position(|name| term_of_name(name, Some(namespace)).as_ref() == Ok(term))?;
    u32::try_from(place).ok()
}

/// Names that end as the term does come first.
fn unknown(task: &Task<'_, '_>, kind: &str, names: &[String], term: &Term) -> QueryError {
    let text = match term {
        Term::NamedNode(node) => node.as_str(),
        Term::Literal(literal) => literal.value(),
        _ => "",
    };
    let local = text.rsplit(['/', '#', ':']).next().unwrap_or_default();
    let mut like: Vec<&String> = names.iter().filter(|name| !local.is_empty() && name.contains(local)).take(SHOWN).collect();
    if like.is_empty() {
        like = names.iter().take(SHOWN).collect();
    }
    let like = like.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let namespace = &task.session.namespace;
    let what = format!(
        "the model knows no {kind} {term}: it was trained on {} others, such as {like}, whose names are read in the namespace <{namespace}>",
        names.len()
    );
    QueryError::Unknown { operator: task.operator.to_owned(), what }
}
