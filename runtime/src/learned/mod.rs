//! What trained models answer in queries: `SIMILAR` and `PREDICT`. The engine knows models by traits; `hypergraphql::learned` has those of checkpoints.
//!
//! A model names entities and relations as the files that it learned from ([`hypergraphql_framework::store::term_of_name`]); which ids of a snapshot these are is found once for
//! each snapshot. What one of both does not know is no candidate.

mod check;
mod items;
mod links;
mod texts;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use oxrdf::NamedNode;

pub(crate) use check::check;
pub(crate) use items::{Items, Near, unit};
pub(crate) use links::{Here, Links};
pub(crate) use texts::Texts;

/// Why a model gave no answer.
pub type ModelFailure = Box<dyn Error + Send + Sync>;

/// A model of statements with qualifiers, whose entities and relations have numbers from 0.
pub trait LinkModel: Send + Sync {
    /// Where it computes, as profiles have it.
    fn device(&self) -> &str;

    /// Names of its entities, N of them.
    fn entities(&self) -> &[String];

    /// Names of its relations.
    fn relations(&self) -> &[String];

    /// The entities that are subjects of a relation in what it learned from, ascending: where a query asks for subject and object, the subjects that are tried.
    fn subjects(&self, relation: u32) -> Vec<u32>;

    /// The embeddings of its entities `[N, width]`.
    ///
    /// # Errors
    /// Those of its device.
    fn embeddings(&self) -> Result<Embeddings, ModelFailure>;

    /// How probable each entity is as the answer to a question, `[Q, N]`; those of one question add up to 1.
    ///
    /// # Errors
    /// Those of its device.
    fn probabilities(&self, questions: &[Question<'_>]) -> Result<Vec<f32>, ModelFailure>;
}

/// A model that embeds texts.
pub trait TextModel: Send + Sync {
    /// Where it computes, as profiles have it.
    fn device(&self) -> &str;

    /// The embeddings of texts, none of which is empty, `[texts, width]`.
    ///
    /// # Errors
    /// A text that it cannot read, or those of its device.
    fn embed(&self, texts: &[&str]) -> Result<Embeddings, ModelFailure>;
}

/// Rows of numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embeddings {
    /// Numbers of a row.
    pub width: usize,
    /// Row after row.
    pub values: Vec<f32>,
}

/// Which entity completes a statement?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// The entity that is known.
    pub entity: u32,
    /// The relation.
    pub relation: u32,
    /// The entity is the object, and the subject is asked for.
    pub of_subject: bool,
    /// A relation and an entity each.
    pub qualifiers: &'a [(u32, u32)],
}

/// The models that queries may ask; none without being told. Clones share them, and what is known of the last snapshot.
#[derive(Clone, Default)]
pub struct Learned {
    links: Option<Arc<Links>>,
    texts: Option<Arc<Texts>>,
    namespace: Option<String>,
}

impl Learned {
    /// With names of entities and relations in this namespace; without, in that of the store.
    pub fn in_namespace(self, namespace: impl Into<String>) -> Self {
        Self { namespace: Some(namespace.into()), ..self }
    }

    /// With this model for `PREDICT` and for `SIMILAR` to a node.
    pub fn with_links(self, model: impl LinkModel + 'static) -> Self {
        Self { links: Some(Arc::new(Links::new(Box::new(model)))), ..self }
    }

    /// With this model for `SIMILAR` to a text, and to a node where there is no model of links. The texts of a node are the strings that a predicate gives it.
    pub fn with_texts(self, model: impl TextModel + 'static, label: NamedNode) -> Self {
        Self { texts: Some(Arc::new(Texts::new(Box::new(model), label))), ..self }
    }

    pub(crate) fn links(&self) -> Option<&Links> {
        self.links.as_deref()
    }

    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    pub(crate) fn texts(&self) -> Option<&Texts> {
        self.texts.as_deref()
    }
}

impl fmt::Debug for Learned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Learned(links: {}, texts: {})", self.links.is_some(), self.texts.is_some())
    }
}
